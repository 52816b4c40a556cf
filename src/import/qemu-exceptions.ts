// QEMU target/arm/helper.c (arm_log_exception, arm_cpu_do_interrupt_aarch64), target/i386/tcg/seg_helper.c (do_interrupt_all),
// target/riscv/cpu_helper.c (riscv_cpu_do_interrupt): what -d int writes.
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { LOAD_CAUSES, STORE_CAUSES } from "./linux-riscv.ts";
import { hexadecimalValue, namedValues, x86Register } from "./words.ts";

const NAME = "qemu-exceptions";
const ARM_TITLE = /\bTaking exception (\d+) \[([^\]]*)\]/;
const ARM_SYNDROME = /\.\.\.with ESR (?:0x)?[0-9a-f]{1,2}\/(?:0x)?([0-9a-f]{1,16})\b/i;
const RISCV = /\briscv_cpu_do_interrupt: hart:\d+, async:([01]), cause:([0-9a-f]{1,16}), epc:(?:0x)?([0-9a-f]{1,16}), tval:(?:0x)?([0-9a-f]{1,16})/i;
const X86 = /^\s*\d+: v=([0-9a-f]{2}) e=([0-9a-f]{4}) i=([01]) cpl=([0-3]) IP=[0-9a-f]{4}:([0-9a-f]{16}) pc=[0-9a-f]{16} SP=[0-9a-f]{4}:([0-9a-f]{16})(?: CR2=([0-9a-f]{16}))?/i;
const X86_REGISTERS = /\b(R[A-D]X|R[SD]I|R[SB]P|R[89] |R1[0-5]|RFL)=([0-9a-f]{16}|[0-9a-f]{8})\b/g;
const PAGE_FAULT = "0e";

export const qemuExceptions: Importer = {
  name: NAME,
  title: "QEMU exception log (-d int)",
  architectures: ["x86-64", "aarch64", "riscv64"],
  expects: "Taking exception 4 [Data Abort], ...with ESR 0x25/0x96000004, ...with FAR 0x…, ...with ELR 0x…; v=0e e=0002 … IP=… CR2=…; riscv_cpu_do_interrupt: …",
  marks: /Taking exception|\.\.\.(?:with|from)|v=[0-9a-f]{2} e=|riscv_cpu_do_interrupt|\b(?:R[A-D]X|R[SB]P|R[SD]I|R8 |R1\d|RIP|RFL)=/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    return this.#arm(number, text) || this.#riscv(number, text) || this.#x86(number, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft !== undefined) this.#sink.fault(draft);
  }

  #arm(line: number, text: string): boolean {
    const title = ARM_TITLE.exec(text);
    if (title !== null) {
      if (this.#draft?.architecture === "aarch64" && this.#draft.mode === undefined && title[2] === "Data Abort") return true;
      this.end();
      if (title[2] === "Data Abort") this.#draft = new Finding(NAME, "aarch64", line);
      return true;
    }
    // The title may have been cut off: 0x24 and 0x25 are data aborts.
    if (this.#draft === undefined && /\.\.\.with ESR (?:0x)?2[45]\//i.test(text)) this.#draft = new Finding(NAME, "aarch64", line);
    const draft = this.#draft;
    if (draft?.architecture !== "aarch64" || !/\.\.\./.test(text)) return false;
    const level = /\.\.\.from EL(\d)/.exec(text)?.[1];
    if (level !== undefined) draft.mode = level === "0" ? "user" : "kernel";
    const syndrome = hexadecimalValue(ARM_SYNDROME.exec(text)?.[1]);
    if (syndrome !== undefined) {
      draft.syndrome = syndrome;
      draft.write = ((syndrome >> 6n) & 1n) === 1n;
    }
    const address = hexadecimalValue(/\.\.\.with FAR (?:0x)?([0-9a-f]{1,16})\b/i.exec(text)?.[1]);
    if (address !== undefined) draft.gva = address;
    const pc = hexadecimalValue(/\.\.\.with ELR (?:0x)?([0-9a-f]{1,16})\b/i.exec(text)?.[1]);
    if (pc !== undefined) draft.pc = pc;
    return true;
  }

  #riscv(line: number, text: string): boolean {
    const found = RISCV.exec(text);
    if (found === null) return false;
    this.end();
    const [asynchronous, cause, pc, address] = found.slice(1).map((digits) => hexadecimalValue(digits)!);
    const write = STORE_CAUSES.has(cause!) ? true : LOAD_CAUSES.has(cause!) ? false : undefined;
    if (asynchronous === 1n || write === undefined) return true;
    const finding = new Finding(NAME, "riscv64", line);
    finding.pc = pc;
    finding.gva = address;
    finding.write = write;
    finding.facts["cause"] = `0x${cause!.toString(16)}`;
    this.#sink.fault(finding);
    return true;
  }

  #x86(line: number, text: string): boolean {
    const found = X86.exec(text);
    if (found !== null) {
      this.end();
      const [, vector, error, software, level, pc, stack, address] = found;
      if (vector!.toLowerCase() !== PAGE_FAULT || software === "1") return true;
      const draft = (this.#draft = new Finding(NAME, "x86-64", line));
      const code = Number.parseInt(error!, 16);
      // Bit 4: an instruction fetch, which reads no data.
      if ((code & 16) === 0) draft.write = (code & 2) !== 0;
      else draft.facts["access"] = "instruction fetch";
      draft.mode = level === "3" ? "user" : "kernel";
      draft.pc = hexadecimalValue(pc);
      draft.gva = hexadecimalValue(address);
      draft.registers.set("rsp", hexadecimalValue(stack)!);
      return true;
    }
    const draft = this.#draft;
    if (draft?.architecture !== "x86-64") return false;
    let values = 0;
    for (const [name, value] of namedValues(text, X86_REGISTERS)) {
      draft.registers.set(name === "RFL" ? "rflags" : x86Register(name.trim())!, value);
      values++;
    }
    return values > 0;
  }
}
