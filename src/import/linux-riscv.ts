// Linux arch/riscv: kernel/process.c (__show_regs), kernel/traps.c (die, dump_instr), mm/fault.c (die_kernel_fault).
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { hexadecimalValue, namedValues, symbolPlace } from "./words.ts";

const NAME = "linux-riscv";
const ADDRESS = /Unable to handle kernel .{0,80}?\bat virtual address (?:0x)?([0-9a-f]{8,16})\b/i;
/** Of the kernel, and of a program that a signal ends. */
const TITLE = /\bOops(?: - [^[]{0,80})? \[#\d+\]|\bunhandled signal \d+ code 0x/;
const REGISTERS = /(?:^|\s)(s?epc|ra|sp|gp|tp|t[0-6]|s1[01]|s\d|a[0-7])\s*:\s*([0-9a-f]{16})\b/g;
const STATUS = /\bs?status:\s*([0-9a-f]{16})\s+s?(?:badaddr|tval):\s*([0-9a-f]{16})\s+s?cause:\s*([0-9a-f]{16})\b/;

/** The numbers of the integer registers by their ABI names, RISC-V ABIs specification, section 1. */
const NUMBERS: Readonly<Record<string, number>> = {
  ra: 1,
  sp: 2,
  gp: 3,
  tp: 4,
  ...Object.fromEntries([5, 6, 7, 28, 29, 30, 31].map((number, index) => [`t${index}`, number])),
  ...Object.fromEntries([8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27].map((number, index) => [`s${index}`, number])),
  ...Object.fromEntries([10, 11, 12, 13, 14, 15, 16, 17].map((number, index) => [`a${index}`, number])),
};

/** scause of loads and of stores and AMOs, RISC-V privileged specification, "scause": misaligned, access fault, page fault, guest-page fault. */
export const LOAD_CAUSES: ReadonlySet<bigint> = new Set([4n, 5n, 13n, 21n]);
export const STORE_CAUSES: ReadonlySet<bigint> = new Set([6n, 7n, 15n, 23n]);

export const linuxRiscv: Importer = {
  name: NAME,
  title: "Linux kernel oops, riscv64",
  architectures: ["riscv64"],
  expects: "epc : …, status: … badaddr: … cause: …, Code: … 0293 0000 (8053) f002",
  marks: /Unable to handle kernel|Oops|unhandled signal|\bs?epc ?:|\b(?:ra|gp|tp|t\d|s\d+|a\d) ?:|badaddr:|cause:|Code:|end trace/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  /** The draft has something that no other architecture prints. */
  #certain = false;
  #titleNeeded = false;
  #cause: bigint | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    const address = ADDRESS.exec(text);
    if (address !== null) {
      this.#begin(number).gva = hexadecimalValue(address[1]);
      return false;
    }
    if (TITLE.test(text)) {
      this.#begin(number);
      return false;
    }
    return this.#dump(number, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined || !this.#certain) return;
    const cause = this.#cause;
    if (cause === undefined || LOAD_CAUSES.has(cause) || STORE_CAUSES.has(cause)) this.#sink.fault(draft);
    else this.#sink.passOver(draft.line, `cause ${cause} is no load, store or AMO`);
  }

  #begin(line: number): Finding {
    if (this.#draft !== undefined && !this.#certain) return this.#draft;
    this.end();
    this.#certain = false;
    this.#titleNeeded = true;
    this.#cause = undefined;
    return (this.#draft = new Finding(NAME, "riscv64", line));
  }

  #dump(line: number, text: string): boolean {
    const symbolic = symbolPlace(/(?:^|\s)s?epc : (\S+)/.exec(text)?.[1]);
    const values = [...namedValues(text, REGISTERS)];
    const programCounter = values.some(([name]) => name.endsWith("epc"));
    const status = STATUS.exec(text);
    if (this.#draft === undefined && (programCounter || symbolic !== undefined || status !== null) && !this.#titleNeeded) this.#begin(line);
    const draft = this.#draft;
    if (draft === undefined) return false;
    if (symbolic !== undefined) {
      this.#certain = true;
      draft.symbol ??= symbolic;
      return true;
    }
    if (programCounter || (this.#certain && values.length > 0)) {
      this.#certain = true;
      for (const [name, value] of values) {
        if (name.endsWith("epc")) draft.pc = value;
        else draft.registers.set(`x${NUMBERS[name]}`, value);
      }
      return true;
    }
    if (status !== null) return this.#status(draft, hexadecimalValue(status[1])!, hexadecimalValue(status[2])!, hexadecimalValue(status[3])!);
    const code = this.#certain ? /\bCode: (?:[0-9a-f]{4} )*\(([0-9a-f]{4})\)((?: [0-9a-f]{4})*)/i.exec(text) : null;
    if (code !== null) {
      // Halfwords are printed as numbers; in memory the low byte comes first.
      draft.bytes = Uint8Array.from(`${code[1]}${code[2]}`.split(" ").flatMap((half) => [Number.parseInt(half.slice(2), 16), Number.parseInt(half.slice(0, 2), 16)]));
      return true;
    }
    if (!this.#certain || !/---\[ end trace/.test(text)) return false;
    this.end();
    return true;
  }

  #status(draft: Finding, status: bigint, address: bigint, cause: bigint): boolean {
    this.#certain = true;
    this.#cause = cause;
    draft.gva = address;
    draft.facts["cause"] = `0x${cause.toString(16)}`;
    if (LOAD_CAUSES.has(cause)) draft.write = false;
    else if (STORE_CAUSES.has(cause)) draft.write = true;
    // sstatus.SPP.
    draft.mode = ((status >> 8n) & 1n) === 1n ? "kernel" : "user";
    return true;
  }
}
