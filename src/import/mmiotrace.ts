// Linux Documentation/trace/mmiotrace.rst, kernel/trace/trace_mmiotrace.c.
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { byteList, hexadecimalValue } from "./words.ts";

const NAME = "mmiotrace";
const ACCESS = /^([RW]) (\d{1,2}) \d{1,10}\.\d{1,9} (\d{1,9}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) \d+$/i;
const UNKNOWN = /^UNKNOWN \d{1,10}\.\d{1,9} (\d{1,9}) 0x([0-9a-f]{1,16}) ((?:[0-9a-f]{2},){2}[0-9a-f]{2}) 0x([0-9a-f]{1,16}) \d+$/i;
const MAP = /^MAP \d{1,10}\.\d{1,9} (\d{1,9}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) 0x[0-9a-f]+ \d+$/i;
const UNMAP = /^UNMAP \d{1,10}\.\d{1,9} (\d{1,9}) /i;
const OTHER = /^(?:MARK \d+\.\d+|VERSION \d{8}\b|PCIDEV [0-9a-f]{4} )/;
/** Mappings that are remembered at most; the oldest are forgotten. */
const MAP_LIMIT = 4096;

export const mmiotrace: Importer = {
  name: NAME,
  title: "mmiotrace, x86",
  architectures: ["x86-64"],
  expects: "R 4 12.345678 1 0xfebf0000 0x1 0xffffffffc0123456 0 (R or W, width, time, map, physical address, value, PC, PID)",
  marks: /^(?:.{0,40}[\s>\]])?(?:[RW] \d{1,2} \d|UNKNOWN \d|MAP \d|UNMAP \d|MARK \d|VERSION 2\d{7}|PCIDEV )/,
  parser: (sink) => new Parser(sink),
};

interface Mapping {
  readonly physical: bigint;
  readonly virtual: bigint;
  readonly length: bigint;
}

class Parser implements LogParser {
  readonly #sink: Sink;
  readonly #mappings = new Map<string, Mapping>();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  line({ number, text }: LogLine): boolean {
    const map = MAP.exec(text);
    if (map !== null) {
      if (this.#mappings.size === MAP_LIMIT) this.#mappings.delete(this.#mappings.keys().next().value!);
      const [, identifier, physical, virtual, length] = map;
      this.#mappings.set(identifier!, { physical: hexadecimalValue(physical)!, virtual: hexadecimalValue(virtual)!, length: hexadecimalValue(length)! });
      return true;
    }
    const unmap = UNMAP.exec(text);
    if (unmap !== null) {
      this.#mappings.delete(unmap[1]!);
      return true;
    }
    const access = ACCESS.exec(text);
    if (access !== null) {
      const [, direction, width, identifier, physical, value, pc] = access;
      this.#access(number, direction!.toUpperCase() === "W", Number(width), this.#place(number, identifier!, physical!, pc!), hexadecimalValue(value)!);
      return true;
    }
    const unknown = UNKNOWN.exec(text);
    if (unknown !== null) {
      const [, identifier, physical, bytes, pc] = unknown;
      const finding = this.#place(number, identifier!, physical!, pc!);
      finding.bytes = byteList(bytes!);
      finding.facts["mmiotrace"] = "could not decode the instruction; the first three bytes are known";
      this.#sink.fault(finding);
      return true;
    }
    return OTHER.test(text);
  }

  end(): void {}

  #place(line: number, identifier: string, physical: string, pc: string): Finding {
    const finding = new Finding(NAME, "x86-64", line);
    const address = hexadecimalValue(physical)!;
    finding.gpa = address;
    const mapping = this.#mappings.get(identifier);
    if (mapping !== undefined && address >= mapping.physical && address < mapping.physical + mapping.length) {
      finding.gva = BigInt.asUintN(64, mapping.virtual + (address - mapping.physical));
    }
    // 0: the kernel was built without it.
    const counter = hexadecimalValue(pc)!;
    if (counter !== 0n) finding.pc = counter;
    return finding;
  }

  #access(line: number, write: boolean, size: number, finding: Finding, value: bigint): void {
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) {
      this.#sink.leaveOut(line, `an access of ${size} bytes, and a device access has 1, 2, 4 or 8`);
      return;
    }
    finding.write = write;
    finding.calls = [{ write, gpa: finding.gpa!, size, value: BigInt.asUintN(8 * size, value) }];
    if (!write) finding.reads.push(BigInt.asUintN(8 * size, value));
    this.#sink.fault(finding);
  }
}
