import { hexadecimal } from "../model/bits.ts";
import type { Window } from "../model/fault.ts";
import type { Stub } from "./stub.ts";

const PAGE_SIZE = 4096n;

/** Holds the windows against the guest's page tables, where the stub has QEMU's monitor: `gva2gpa` translates without an access. */
export class MappingCheck {
  readonly #stub: Stub;
  readonly #windows: readonly Window[];
  readonly #checked = new Set<bigint>();
  #monitor = true;

  constructor(stub: Stub, windows: readonly Window[]) {
    this.#stub = stub;
    this.#windows = windows;
  }

  /** Throws a CaptureError where the guest maps the page of a window's address elsewhere than the window says. Each page is asked for once. */
  async check(thread: string | undefined, gva: bigint): Promise<void> {
    const page = gva - (gva % PAGE_SIZE);
    const window = this.#windows.find((each) => gva >= each.gva && gva < each.gva + each.size);
    if (window === undefined || this.#checked.has(page)) return;
    this.#checked.add(page);
    const told = await this.#translate(thread, gva);
    const expected = window.gpa + (gva - window.gva);
    if (typeof told !== "bigint" || told === expected) return;
    throw this.#stub.error(
      `the guest maps ${hexadecimal(gva)} to ${hexadecimal(told)}, and --window says ${hexadecimal(expected)}; give ${hexadecimal(window.gva)}:${hexadecimal(told - (gva - window.gva))}:…`,
    );
  }

  /** Windows whose first page the guest maps to nothing now. */
  async unmapped(): Promise<Window[]> {
    const found: Window[] = [];
    for (const window of this.#windows) if ((await this.#translate(undefined, window.gva)) === "unmapped") found.push(window);
    return found;
  }

  /** Undefined: nobody can tell. */
  async #translate(thread: string | undefined, gva: bigint): Promise<bigint | "unmapped" | undefined> {
    // QEMU numbers its threads from 1, and its processors from 0.
    const processor = thread !== undefined && /^[0-9a-f]+$/i.test(thread) ? Number.parseInt(thread, 16) - 1 : 0;
    if (this.#monitor && processor > 0) await this.#stub.monitor(`cpu ${processor}`);
    const text = this.#monitor ? await this.#stub.monitor(`gva2gpa ${hexadecimal(gva)}`) : undefined;
    const [, digits] = /gpa: (0x[0-9a-f]+)/i.exec(text ?? "") ?? [];
    if (digits !== undefined) return BigInt(digits);
    if (/Unmapped/.test(text ?? "")) return "unmapped";
    this.#monitor = false;
    return undefined;
  }
}
