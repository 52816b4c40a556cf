// Linux arch/arm64: kernel/process.c (__show_regs), kernel/traps.c (dump_kernel_instr, die), mm/fault.c (mem_abort_decode, die_kernel_fault).
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { hexadecimalValue, namedValues, symbolPlace } from "./words.ts";

const NAME = "linux-arm64";
const ADDRESS = /Unable to handle kernel .{0,80}?\bat virtual address (?:0x)?([0-9a-f]{8,16})\b/i;
const OLD_FAULT = /Unhandled fault: .{0,80}?\((0x[0-9a-f]{8,16})\) at (0x[0-9a-f]{1,16})\b/i;
const SYNDROME = /\bESR = (0x[0-9a-f]{8,16})\b|Internal error: .{0,80}?: (?:0x)?([0-9a-f]{8,16}) \[#/i;
/** 32-bit Arm says "ARM" or "THUMB2" where arm64 says nothing, and has four digits or fewer. */
const OTHER_ERROR = /Internal error: (?!.{0,80}: (?:0x)?[0-9a-f]{8,16} \[#)/i;
const REGISTERS = /\b(x(?:[12]?\d|30)|sp|pc|lr)\s*:\s*(?:\[<)?([0-9a-f]{16})\b/gi;
const PSTATE = /\bpstate:? ?:?\s*([0-9a-f]{8})\b/i;

export const linuxArm64: Importer = {
  name: NAME,
  title: "Linux kernel oops, arm64",
  architectures: ["aarch64"],
  expects: "Internal error: … 96000210 [#1], pc : …, x1 : …, Code: 35ffff83 … (b9400021)",
  marks: /Unable to handle kernel|Unhandled fault:|Internal error:|ESR = |WnR = |pstate ?:|\b(?:pc|lr|sp)\s*:|\bx\d+\s*:|PC is at|Code:|end trace/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  /** The draft has something that no other architecture prints. */
  #certain = false;
  /** Registers were seen. */
  #dumped = false;
  #titleNeeded = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    const address = ADDRESS.exec(text);
    if (address !== null) {
      this.#begin(number).gva = hexadecimalValue(address[1]);
      return false;
    }
    const old = OLD_FAULT.exec(text);
    if (old !== null) {
      const draft = this.#begin(number);
      draft.gva = hexadecimalValue(old[2]);
      return this.#syndrome(draft, hexadecimalValue(old[1])!);
    }
    const syndrome = SYNDROME.exec(text);
    if (syndrome !== null) return this.#syndrome(this.#begin(number), hexadecimalValue(syndrome[1] ?? syndrome[2])!);
    if (OTHER_ERROR.test(text)) {
      this.#draft = undefined;
      this.#titleNeeded = true;
      return false;
    }
    return this.#dump(number, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined || !this.#certain) return;
    const exceptionClass = draft.syndrome === undefined ? undefined : (draft.syndrome >> 26n) & 0x3fn;
    // Data aborts, of the same level or from a lower one; in instruction aborts and other exceptions no instruction reached its data.
    if (exceptionClass === undefined || exceptionClass === 0x24n || exceptionClass === 0x25n) this.#sink.fault(draft);
    else this.#sink.passOver(draft.line, `exception class 0x${exceptionClass.toString(16)} is no data abort`);
  }

  #begin(line: number): Finding {
    if (this.#draft !== undefined && !this.#dumped) return this.#draft;
    this.end();
    this.#certain = false;
    this.#dumped = false;
    this.#titleNeeded = true;
    return (this.#draft = new Finding(NAME, "aarch64", line));
  }

  #syndrome(draft: Finding, value: bigint): boolean {
    this.#certain = true;
    draft.syndrome = value;
    // ESR_ELx.WnR, DDI 0487 D24.2.40. An external abort of an access that KVM could not emulate has it too.
    draft.write = ((value >> 6n) & 1n) === 1n;
    return true;
  }

  #dump(line: number, text: string): boolean {
    const pstate = PSTATE.exec(text);
    const values = [...namedValues(text, REGISTERS)];
    const symbol = symbolPlace(/\bpc : (\S+)/.exec(text)?.[1] ?? /\bPC is at (\S+)/.exec(text)?.[1]);
    const registers = pstate !== null || values.length > 0 || symbol !== undefined;
    if (this.#draft === undefined && registers && !this.#titleNeeded) this.#begin(line);
    const draft = this.#draft;
    if (draft === undefined) return false;
    if (registers) {
      this.#dumped = true;
      for (const [name, value] of values) this.#register(draft, name.toLowerCase(), value);
      if (symbol !== undefined) draft.symbol ??= symbol;
      const status = hexadecimalValue(pstate?.[1]);
      if (status !== undefined) {
        this.#certain = true;
        draft.registers.set("pstate", status);
        draft.mode = (status & 0xfn) === 0n ? "user" : "kernel";
      }
      return true;
    }
    const code = /\bCode: (?:[0-9a-f]{8} )*\(([0-9a-f]{8})\)/i.exec(text);
    if (code !== null) {
      this.#certain = true;
      this.#dumped = true;
      // Words are printed as numbers; in memory the low byte comes first.
      draft.bytes = Uint8Array.from(Buffer.from(code[1]!, "hex")).toReversed();
      return true;
    }
    if (!/---\[ end trace/.test(text)) return false;
    this.end();
    return true;
  }

  #register(draft: Finding, name: string, value: bigint): void {
    if (name === "pc") draft.pc = value;
    else if (name === "lr") draft.registers.set("x30", value);
    else draft.registers.set(name, value);
    if (name.startsWith("x")) this.#certain = true;
  }
}
