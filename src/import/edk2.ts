// EDK2 UefiCpuPkg/Library/CpuExceptionHandlerLib/X64/ArchExceptionHandler.c (DumpCpuContext),
// ArmPkg/Library/DefaultExceptionHandlerLib/AArch64/DefaultExceptionHandler.c.
import { hexadecimal } from "../model/bits.ts";
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { hexadecimalValue, namedValues, x86Register } from "./words.ts";

const NAME = "edk2";
const X64_TITLE = /!!!! X64 Exception Type - ([0-9A-F]{2})\(([^)]*)\)/i;
const X64_REGISTERS = /\b(R[A-D]X|R[SD]I|R[SB]P|R[89]|R1[0-5]|RIP|RFLAGS)\s*-\s*([0-9a-f]{16})\b/gi;
const ARM_TITLE = /\b(Synchronous|IRQ|FIQ|SError) Exception at 0x([0-9a-f]{1,16})\b/i;
const ARM_REGISTERS = /(?:^|\s)(X\d{1,2}|FP|LR|SP|ELR|SPSR|ESR|FAR)\s+(0x[0-9a-f]{8,16})\b/gi;
const ARM_VECTORS = /(?:^|\s)V(\d{1,2})\s+0x([0-9a-f]{16}) ([0-9a-f]{16})\b/gi;
/** Exceptions that an access to memory raises: general protection, page fault, virtualization, VMM communication. */
const X64_FAULTS: ReadonlySet<number> = new Set([0x0d, 0x0e, 0x14, 0x1d]);
const PAGE_FAULT = 0x0e;

export const edk2: Importer = {
  name: NAME,
  title: "EDK2 (UEFI firmware) exception dump, X64 and AArch64",
  architectures: ["x86-64", "aarch64"],
  expects: "!!!! X64 Exception Type - 0E(#PF - Page-Fault)  CPU Apic ID - …, RIP  - …; or Synchronous Exception at 0x…, X0 0x…, ESR 0x… FAR 0x…",
  marks: /X64 Exception Type|ExceptionData|\bR(?:IP|[A-D]X|[SB]P|[SD]I|\d+)\s+-|CR2\s+-|Find image based|\w Exception at 0x|\bX\d+ 0x|\bV\d+ 0x|\b(?:ELR|SPSR|ESR|FAR) 0x/,
  parser: (sink) => new Parser(sink),
};

class Parser implements LogParser {
  readonly #sink: Sink;
  #draft: Finding | undefined;
  #vector = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    const title = X64_TITLE.exec(text);
    if (title !== null) {
      const vector = Number.parseInt(title[1]!, 16);
      // The same dump twice: one processor tells one exception.
      if (this.#draft?.architecture === "x86-64" && this.#draft.pc === undefined && vector === this.#vector) return true;
      this.end();
      this.#vector = vector;
      if (!X64_FAULTS.has(vector)) {
        this.#sink.passOver(number, `exception ${title[1]} (${title[2]}) is no failed memory access`);
        return true;
      }
      this.#draft = new Finding(NAME, "x86-64", number);
      this.#draft.facts["exception"] = title[2]!;
      return true;
    }
    const exception = ARM_TITLE.exec(text);
    if (exception !== null) return this.#armTitle(number, exception[1]!, hexadecimalValue(exception[2])!);
    const draft = this.#draft;
    if (draft === undefined) return false;
    return draft.architecture === "x86-64" ? this.#x64(draft, text) : this.#arm(draft, text);
  }

  end(): void {
    const draft = this.#draft;
    this.#draft = undefined;
    if (draft === undefined) return;
    const exceptionClass = draft.syndrome === undefined ? 0x25n : (draft.syndrome >> 26n) & 0x3fn;
    if (exceptionClass === 0x24n || exceptionClass === 0x25n) this.#sink.fault(draft);
    else this.#sink.passOver(draft.line, `exception class 0x${exceptionClass.toString(16)} is no data abort`);
  }

  #armTitle(line: number, kind: string, pc: bigint): boolean {
    // It is printed twice: to the serial port at once, and with the registers.
    if (this.#draft?.architecture === "aarch64" && this.#draft.pc === pc) return true;
    this.end();
    if (kind.toLowerCase() === "synchronous") {
      this.#draft = new Finding(NAME, "aarch64", line);
      this.#draft.pc = pc;
    } else this.#sink.passOver(line, `${kind} is not an instruction's own exception`);
    return true;
  }

  #x64(draft: Finding, text: string): boolean {
    const data = hexadecimalValue(/\bExceptionData - ([0-9a-f]{16})\b/i.exec(text)?.[1]);
    if (data !== undefined) {
      if (this.#vector === PAGE_FAULT) {
        if ((data & 16n) === 0n) draft.write = (data & 2n) !== 0n;
        else draft.facts["access"] = "instruction fetch";
      } else draft.facts["errorCode"] = `0x${data.toString(16)}`;
      // #VC puts the exit code there, AMD64 Architecture Programmer's Manual, volume 2, 15.35.5.
      if (this.#vector === 0x1d) draft.exitReason = data;
      return true;
    }
    let found = false;
    for (const [name, value] of namedValues(text, X64_REGISTERS)) {
      if (name === "RIP") draft.pc = value;
      else draft.registers.set(name === "RFLAGS" ? "rflags" : x86Register(name)!, value);
      found = true;
    }
    const address = hexadecimalValue(/\bCR2\s+-\s+([0-9a-f]{16})\b/i.exec(text)?.[1]);
    if (address !== undefined && this.#vector === PAGE_FAULT) draft.gva = address;
    const image = /Find image based on IP\(0x([0-9a-f]{1,16})\) (.*?) \(ImageBase=([0-9a-f]{1,16})/i.exec(text);
    if (image !== null) {
      draft.facts["image"] = image[2]!.slice(0, 200);
      draft.facts["imageBase"] = hexadecimal(hexadecimalValue(image[3])!);
    }
    return found || address !== undefined || image !== null;
  }

  #arm(draft: Finding, text: string): boolean {
    let found = false;
    for (const [printed, value] of namedValues(text, ARM_REGISTERS)) {
      found = true;
      const name = printed.toUpperCase();
      if (name === "ELR") draft.pc = value;
      else if (name === "FAR") draft.gva = value;
      else if (name === "ESR") {
        draft.syndrome = value;
        draft.write = ((value >> 6n) & 1n) === 1n;
      } else if (name === "SPSR") draft.registers.set("pstate", value);
      else if (name === "SP") draft.registers.set("sp", value);
      else if (name === "FP") draft.registers.set("x29", value);
      else if (name === "LR") draft.registers.set("x30", value);
      else if (Number(name.slice(1)) <= 28) draft.registers.set(`x${Number(name.slice(1))}`, value);
    }
    for (const [, number, high, low] of text.matchAll(ARM_VECTORS)) {
      if (Number(number) > 31) continue;
      draft.registers.set(`v${Number(number)}`, BigInt(`0x${high}${low}`));
      found = true;
    }
    return found;
  }
}
