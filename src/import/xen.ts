// Xen xen/arch/x86/x86_64/traps.c (_show_registers), xen/arch/x86/traps.c (show_code, fatal_trap), xen/arch/arm/traps.c
// (do_trap_stage2_abort_guest).
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { byteList, hexadecimalValue, isUserSelector, keyValue, markedBytes, namedValues, x86Register } from "./words.ts";

const NAME = "xen";
const ARM = /\bHSR=(?:0x)?[0-9a-f]{1,16}\b.{0,40}?\bpc=(?:0x)?[0-9a-f]/i;
const X86_TITLE = /----\[ Xen-\S+\s+x86_64\b/;
const RIP = /\bRIP:\s+([0-9a-f]{4}):\[<([0-9a-f]{16})>\]/i;
const REGISTERS = /\b(r[a-d]x|r[sd]i|r[sb]p|r[89]|r1[0-5]):\s+([0-9a-f]{16})\b/g;

export const xen: Importer = {
  name: NAME,
  title: "Xen register dump and Arm abort message",
  architectures: ["x86-64", "aarch64"],
  expects: "RIP:    e008:[<…>], rax: …, Xen code around <…>; or HSR=0x… pc=0x… gva=0x… gpa=0x…",
  marks: /Xen-\S+\s+x86_64|RIP:|RFLAGS:|\b(?:r[a-d]x|r[sb]p|r\d+):|\bcr2:|fsb:|code around|Faulting linear address|error_code=|HSR=/i,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  /** The dump has a register in Xen's own spelling: Linux on Xen prints its own. */
  #certain = false;
  #codeFollows = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    if (ARM.test(text)) return this.#arm(number, text);
    if (X86_TITLE.test(text)) {
      this.end();
      return true;
    }
    return this.#x86(number, text);
  }

  end(): void {
    const draft = this.#draft;
    const certain = this.#certain;
    this.#draft = undefined;
    this.#certain = this.#codeFollows = false;
    if (draft !== undefined && certain) this.#sink.fault(draft);
  }

  #arm(line: number, text: string): boolean {
    const syndrome = keyValue(text, "HSR");
    const pc = keyValue(text, "pc");
    if (syndrome === undefined || pc === undefined) return false;
    const exceptionClass = (syndrome >> 26n) & 0x3fn;
    if (exceptionClass !== 0x24n && exceptionClass !== 0x25n) {
      this.#sink.passOver(line, `exception class 0x${exceptionClass.toString(16)} is no data abort`);
      return true;
    }
    const finding = new Finding(NAME, "aarch64", line);
    finding.syndrome = syndrome;
    finding.pc = pc;
    finding.gva = keyValue(text, "gva");
    finding.gpa = keyValue(text, "gpa");
    finding.write = ((syndrome >> 6n) & 1n) === 1n;
    this.#sink.fault(finding);
    return true;
  }

  #x86(line: number, text: string): boolean {
    const rip = RIP.exec(text);
    if (rip !== null) {
      const pc = hexadecimalValue(rip[2]);
      if (this.#draft?.pc !== pc) {
        this.end();
        this.#draft = new Finding(NAME, "x86-64", line);
      }
      this.#draft!.pc = pc;
      this.#draft!.mode = isUserSelector(rip[1]!) ? "user" : "kernel";
      return true;
    }
    const around = /\bXen code around <([0-9a-f]{16})>/.exec(text);
    if (this.#draft === undefined && around !== null) {
      this.#draft = new Finding(NAME, "x86-64", line);
      this.#draft.pc = hexadecimalValue(around[1]);
    }
    const draft = this.#draft;
    if (draft === undefined) return false;
    if (this.#codeFollows) {
      const bytes = markedBytes(text) ?? (/^\s*<?[0-9a-f]{2}>?(?: [0-9a-f]{2})*$/i.test(text) ? byteList(text) : undefined);
      this.#codeFollows = false;
      if (bytes !== undefined) {
        draft.bytes = bytes;
        return true;
      }
    }
    if (/\b(?:Xen|Guest) code around </.test(text)) {
      this.#certain = this.#codeFollows = true;
      return true;
    }
    return this.#registers(draft, text);
  }

  #registers(draft: Finding, text: string): boolean {
    let found = false;
    const take = (name: string, digits: string | undefined): void => {
      const value = hexadecimalValue(digits);
      if (value === undefined) return;
      draft.registers.set(name, value);
      this.#certain = found = true;
    };
    for (const [name, value] of namedValues(text, REGISTERS)) take(x86Register(name)!, value.toString(16));
    take("rflags", /\bRFLAGS:\s+([0-9a-f]{16})\b/.exec(text)?.[1]);
    take("fs_base", /\bfsb:\s+([0-9a-f]{16})\b/.exec(text)?.[1]);
    take("gs_base", /\bgsb:\s+([0-9a-f]{16})\b/.exec(text)?.[1]);
    const address = hexadecimalValue(/\bFaulting linear address:\s+([0-9a-f]{16})\b/.exec(text)?.[1]);
    if (address !== undefined) draft.gva = address;
    const code = hexadecimalValue(/\[error_code=([0-9a-f]{4})\]/.exec(text)?.[1]);
    if (code !== undefined) draft.write = (code & 2n) !== 0n;
    return found || address !== undefined || code !== undefined;
  }
}
