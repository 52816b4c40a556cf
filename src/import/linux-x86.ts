// Linux arch/x86: kernel/dumpstack.c (show_ip, show_opcodes), kernel/process_64.c (__show_regs), mm/fault.c (show_fault_oops),
// coco/tdx/tdx.c (virt_exception_kernel), coco/sev/vc-handle.c.
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { hexadecimalValue, isUserSelector, markedBytes, namedValues, symbolPlace, x86Register } from "./words.ts";

const NAME = "linux-x86";

/** Titles of a fault, with the address where they tell it. */
const FAULT_TITLE =
  /BUG: unable to handle .{0,80}?(?:\bat\b|address:?)\s*(?:0x)?([0-9a-f]{8,16})\b|BUG: kernel NULL pointer dereference, address: ([0-9a-f]{8,16})\b|general protection fault(?:, (?:probably|maybe) for (?:non-canonical )?address 0x([0-9a-f]{1,16}))?|\bVE fault\b/i;
const VIRTUALIZATION_EXCEPTION = /Unexpected #VE: (\d{1,10})\b/;
const UNHANDLED_OPCODE = /Wrong\/unhandled opcode bytes: 0x([0-9a-f]{1,16}),? exit_code: 0x([0-9a-f]{1,16}),? rIP: 0x([0-9a-f]{1,16})\b/i;
const UNSUPPORTED_EXIT = /Unsupported exit-code 0x([0-9a-f]{1,16}) in #VC exception \(IP: 0x([0-9a-f]{1,16})\)/i;
/** Titles of dumps that have the same registers and are no memory access that failed. */
const OTHER_TITLE =
  /WARNING: (?:CPU|possible)|kernel BUG at|soft lockup|hard LOCKUP|invalid opcode: [0-9a-f]{4} \[#|divide error: [0-9a-f]{4} \[#|int3: [0-9a-f]{4} \[#|\brcu.{0,80}?(?:stall|self-detected)|NMI backtrace|sysrq: /i;
/** Linux's selectors are small: Xen's dumps, which look alike, have e008. */
const RIP = /\bRIP:\s+(00[0-9a-f]{2}):(?:\[<([0-9a-f]{8,16})>\]|0x([0-9a-f]{1,16})\b|(\S+))/i;
const REGISTERS = /\b(R[A-D]X|R[SD]I|RBP|R(?:0?[89]|1[0-5])):\s*([0-9a-f]{16})\b/gi;
const END = /---\[ end trace/;

/** Error code of a page fault, SDM volume 3, section 4.7. */
const PAGE_FAULT = { write: 2n, user: 4n, fetch: 16n } as const;

export const linuxX86: Importer = {
  name: NAME,
  title: "Linux kernel oops and confidential-guest messages, x86-64",
  architectures: ["x86-64"],
  expects: "BUG: unable to handle page fault …, RIP: …, Code: … <f3> …; Wrong/unhandled opcode bytes: …; tdx: Unexpected #VE: …",
  marks:
    /BUG:|general protection|VE fault|Unexpected #VE|unhandled opcode|Unsupported exit-code|#PF:|Oops|RIP:|Code:|RSP:|R[A-D]X:|R[SB]P:|R\d\d:|CR2:|FS:|end trace|Call Trace|WARNING:|lockup|LOCKUP|invalid opcode|divide error|int3:|stall|self-detected|backtrace|sysrq/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  /** Where the dump stands: before its registers, in them, in the call trace (which may hold other registers). */
  #part: "title" | "registers" | "trace" = "title";
  #codeSeen = false;
  /** A dump without a title is taken only at the start of a log: later ones repeat, or are of something else. */
  #titleNeeded = false;
  #lastCommunication = "";

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    return this.#message(number, text) || this.#title(number, text) || this.#dump(number, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft !== undefined) this.#sink.fault(draft);
  }

  #begin(line: number): Finding {
    if (this.#draft !== undefined && this.#part === "title") return this.#draft;
    this.end();
    this.#part = "title";
    this.#codeSeen = false;
    this.#titleNeeded = true;
    return (this.#draft = new Finding(NAME, "x86-64", line));
  }

  /** Messages of a handler in a confidential guest: the first stands alone, the second comes before an oops. */
  #message(line: number, text: string): boolean {
    const exception = VIRTUALIZATION_EXCEPTION.exec(text);
    if (exception !== null) {
      this.#begin(line).exitReason = BigInt(exception[1]!);
      return true;
    }
    const opcode = UNHANDLED_OPCODE.exec(text);
    const [exit, pc] = opcode === null ? (UNSUPPORTED_EXIT.exec(text)?.slice(1) ?? []) : [opcode[2], opcode[3]];
    if (exit === undefined || pc === undefined) return false;
    // Both messages tell of one exception.
    if (this.#lastCommunication === `${exit} ${pc}`) return true;
    this.#lastCommunication = `${exit} ${pc}`;
    const finding = new Finding(NAME, "x86-64", line);
    finding.exitReason = hexadecimalValue(exit);
    finding.pc = hexadecimalValue(pc);
    // Linux has user space in the lower half of the address space (Documentation/arch/x86/x86_64/mm.rst).
    finding.mode = finding.pc! >> 63n === 0n ? "user" : "kernel";
    // The opcode without its prefixes: not the bytes at the program counter.
    if (opcode !== null) finding.facts["opcode"] = `0x${opcode[1]}`;
    this.#sink.fault(finding);
    return true;
  }

  #title(line: number, text: string): boolean {
    const fault = FAULT_TITLE.exec(text);
    if (fault !== null) {
      const draft = this.#begin(line);
      const address = hexadecimalValue(fault[1] ?? fault[2] ?? fault[3]);
      if (address !== undefined) draft.gva = address;
      return true;
    }
    const other = OTHER_TITLE.exec(text);
    if (other === null) return false;
    this.end();
    this.#titleNeeded = true;
    this.#sink.passOver(line, `"${other[0]}" is no failed memory access`);
    return true;
  }

  #dump(line: number, text: string): boolean {
    const rip = RIP.exec(text);
    if (rip !== null && this.#draft === undefined && !this.#titleNeeded) this.#begin(line);
    const draft = this.#draft;
    if (draft === undefined) return false;
    if (END.test(text)) {
      this.end();
      return true;
    }
    if (/Call Trace:/.test(text)) {
      this.#part = "trace";
      return true;
    }
    if (rip !== null) return this.#programCounter(draft, rip);
    const code = /\bCode: (.*)/.exec(text);
    if (code !== null) {
      if (!this.#codeSeen) draft.bytes = markedBytes(code[1]!);
      this.#codeSeen = true;
      return true;
    }
    return this.#part !== "trace" && this.#registers(draft, text);
  }

  #programCounter(draft: Finding, [, selector, bracketed, plain, symbolic]: RegExpExecArray): boolean {
    const user = isUserSelector(selector!);
    if (this.#part === "trace") {
      // The registers of the system call that led here: what follows is user mode's.
      if (user) this.#codeSeen = true;
      return true;
    }
    this.#part = "registers";
    draft.mode = user ? "user" : "kernel";
    draft.pc = hexadecimalValue(bracketed ?? plain);
    draft.symbol = symbolPlace(symbolic);
    return true;
  }

  #registers(draft: Finding, text: string): boolean {
    let found = false;
    const take = (name: string, digits: string | undefined): void => {
      const value = hexadecimalValue(digits);
      if (value === undefined) return;
      draft.registers.set(name, value);
      found = true;
    };
    for (const [name, value] of namedValues(text, REGISTERS)) take(x86Register(name)!, value.toString(16));
    take("rsp", /\bRSP:\s+(?:[0-9a-f]{4}:)?([0-9a-f]{16})\b/i.exec(text)?.[1]);
    take("rflags", /\bEFLAGS:\s+([0-9a-f]{8,16})\b/i.exec(text)?.[1]);
    take("fs_base", /\bFS:\s+([0-9a-f]{16})\(/i.exec(text)?.[1]);
    take("gs_base", /(?<!knl)\bGS:\s*([0-9a-f]{16})\(/i.exec(text)?.[1]);
    if (found) this.#part = "registers";
    const code = hexadecimalValue(/#PF: error_code\((0x[0-9a-f]+)\)|\bOops: ([0-9a-f]{4}) \[#/i.exec(text)?.slice(1).find((digits) => digits !== undefined));
    if (code !== undefined) {
      if ((code & PAGE_FAULT.fetch) === 0n) draft.write = (code & PAGE_FAULT.write) !== 0n;
      else draft.facts["access"] = "instruction fetch";
    }
    const address = hexadecimalValue(/\bCR2:\s+([0-9a-f]{16})\b/i.exec(text)?.[1]);
    if (address !== undefined && draft.gva === undefined && draft.write !== undefined) draft.gva = address;
    return found || code !== undefined || address !== undefined;
  }
}
