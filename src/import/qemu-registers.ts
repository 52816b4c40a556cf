// QEMU target/i386/cpu-dump.c (x86_cpu_dump_state), target/arm/cpu.c (aarch64_cpu_dump_state), target/riscv/cpu.c (riscv_cpu_dump_state),
// accel/kvm/kvm-all.c (kvm_cpu_exec), target/i386/kvm/kvm.c (kvm_handle_internal_error).
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { byteList, markedBytes, namedValues, x86Register } from "./words.ts";

const NAME = "qemu-registers";
const X86 = /\b(R[A-D]X|R[SD]I|R[SB]P|R[89] |R1[0-5]|RIP|RFL)=([0-9a-f]{16}|[0-9a-f]{8})\b/g;
const SEGMENT = /\b([FG]S) =[0-9a-f]{4} ([0-9a-f]{16})\b/g;
const ARM64 = /\b(PC|X\d{2}|SP|PSTATE)=([0-9a-f]{8,16})\b/g;
const ARM64_VECTOR = /\bQ(\d{2})=([0-9a-f]{16}):([0-9a-f]{16})\b/g;
const RISCV = /(?:^|\s)(pc|x\d{1,2}\/\w{1,4})\s+([0-9a-f]{16})\b/g;
const TITLE = /error: kvm run failed (.*)|KVM internal error\. Suberror: (\d+)|KVM: entry failed, hardware error (\S+)/;
/** What another importer reads, with registers behind it. */
const EXCEPTION = /\bv=[0-9a-f]{2} e=[0-9a-f]{4}\b|Taking exception|riscv_cpu_do_interrupt/;
/** x86_cpu_dump_state starts this far before the instruction. */
const CODE_BEFORE = 20;
const CODE_LENGTH = 50;

export const qemuRegisters: Importer = {
  name: NAME,
  title: "QEMU register dump",
  architectures: ["x86-64", "aarch64", "riscv64"],
  expects: "error: kvm run failed … or KVM internal error. Suberror: 1, then RAX=… RIP=… Code=…, or PC=… X00=… PSTATE=…",
  marks: /v=[0-9a-f]{2} e=|Taking exception|riscv_cpu_do_interrupt|error: kvm run failed|KVM internal error|KVM: entry failed|emulation failure|\b(?:R[A-D]X|R[SB]P|R[SD]I|R8 |R1\d|RIP|EAX|EIP|[FG]S |CR2|EFER|PC|X\d\d|PSTATE|Q\d\d)=|\bCode=|^\W*(?:pc|x\d{1,2}\/\w+)\s+[0-9a-f]{16}/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  /** A dump without a message is taken only as the first thing of a text: a log of -d cpu has one for every block of code. */
  #titleNeeded = false;
  #message: { readonly line: number; readonly text: string } | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    const title = TITLE.exec(text);
    if (title !== null) {
      this.end();
      this.#message = { line: number, text: title[0].trim() };
      return true;
    }
    if (EXCEPTION.test(text)) this.#titleNeeded = true;
    if (this.#message === undefined && this.#draft === undefined && this.#titleNeeded) return false;
    if (/\bE(?:AX|IP)=[0-9a-f]{8}\b/.test(text)) {
      if (this.#message !== undefined) this.#sink.leaveOut(this.#message.line, "the guest was not in 64-bit mode (EAX, EIP): only 64-bit mode is decoded");
      this.#message = undefined;
      return true;
    }
    if (this.#isNextDump(text)) {
      this.end();
      this.#sink.passOver(number, "a dump that no message of a failure stands before");
      return true;
    }
    return this.#x86(number, text) || this.#arm64(number, text) || this.#riscv(number, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    this.#message = undefined;
    // Segments or vectors without a program counter are the rest of a dump whose start is not there.
    if (draft?.pc !== undefined || draft?.facts["message"] !== undefined) this.#sink.fault(draft);
  }

  /** Whether a dump starts although another is open: its first register has another value, or stands behind the program counter. */
  #isNextDump(text: string): boolean {
    const draft = this.#draft;
    const [, name, digits] = /\b(RAX|PC)=([0-9a-f]{8,16})\b/.exec(text) ?? [];
    if (draft === undefined || name === undefined) return false;
    const before = name === "PC" ? draft.pc : draft.registers.get("rax");
    return before !== undefined && before !== BigInt(`0x${digits}`);
  }

  /** The draft that a register of this architecture belongs to. */
  #for(line: number, architecture: Finding["architecture"]): Finding {
    if (this.#draft?.architecture === architecture) return this.#draft;
    const message = this.#message;
    this.end();
    this.#titleNeeded = true;
    const draft = new Finding(NAME, architecture, message?.line ?? line);
    if (message !== undefined) draft.facts["message"] = message.text;
    return (this.#draft = draft);
  }

  #x86(line: number, text: string): boolean {
    const code = /\bCode=(.*)/.exec(text);
    if (code !== null && this.#draft?.architecture === "x86-64") {
      const bytes = markedBytes(code[1]!) ?? codeAfter(code[1]!, this.#draft.pc);
      if (bytes !== undefined) this.#draft.bytes = bytes;
      return true;
    }
    const values = [...namedValues(text, X86)];
    for (const [name, value] of values) {
      const draft = this.#for(line, "x86-64");
      if (name === "RIP") draft.pc = value;
      else draft.registers.set(name === "RFL" ? "rflags" : x86Register(name.trim())!, value);
    }
    const level = /\bCPL=([0-3])\b/.exec(text)?.[1];
    if (level !== undefined && this.#draft?.architecture === "x86-64") this.#draft.mode = level === "3" ? "user" : "kernel";
    const segments = this.#draft?.architecture === "x86-64" ? [...namedValues(text, SEGMENT)] : [];
    for (const [name, value] of segments) this.#draft!.registers.set(`${name.toLowerCase()}_base`, value);
    return values.length + segments.length > 0;
  }

  #arm64(line: number, text: string): boolean {
    const values = [...namedValues(text, ARM64)];
    for (const [name, value] of values) {
      const draft = this.#for(line, "aarch64");
      if (name === "PC") draft.pc = value;
      else if (name === "SP") draft.registers.set("sp", value);
      else if (name === "PSTATE") {
        draft.registers.set("pstate", value);
        draft.mode = (value & 0xfn) === 0n ? "user" : "kernel";
      } else if (Number(name.slice(1)) <= 30) draft.registers.set(`x${Number(name.slice(1))}`, value);
    }
    if (this.#draft?.architecture !== "aarch64") return values.length > 0;
    let vectors = 0;
    for (const [, number, high, low] of text.matchAll(ARM64_VECTOR)) {
      if (Number(number) > 31) continue;
      this.#draft.registers.set(`v${Number(number)}`, BigInt(`0x${high}${low}`));
      vectors++;
    }
    return values.length + vectors > 0;
  }

  #riscv(line: number, text: string): boolean {
    const values = [...namedValues(text, RISCV)];
    for (const [name, value] of values) {
      const draft = this.#for(line, "riscv64");
      const number = Number(/^x(\d+)/.exec(name)?.[1]);
      if (name === "pc") draft.pc = value;
      else if (number >= 1 && number <= 31) draft.registers.set(`x${number}`, value);
    }
    return values.length > 0;
  }
}

/** Bytes at the program counter of a dump that does not mark them (QEMU before 1.0): it starts 20 bytes before, or at address 0. */
function codeAfter(text: string, pc: bigint | undefined): Uint8Array | undefined {
  const words = text.trim().split(/\s+/);
  if (pc === undefined || words.length !== CODE_LENGTH) return undefined;
  const before = pc < BigInt(CODE_BEFORE) ? Number(pc) : CODE_BEFORE;
  return byteList(words.slice(before).join(" "));
}
