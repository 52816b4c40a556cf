// Linux arch/arm64/kvm/trace_arm.h and virt/kvm/arm/trace.h before it, include/trace/events/kvm.h, arch/arm64/kvm/mmio.c.
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { type TraceEvent, MmioTruth, parseEvent, parseMmio, Threads } from "./trace-event.ts";
import { keyValue } from "./words.ts";

const NAME = "kvm-arm64";
/** Messages of KVM where the syndrome does not describe the access, old and new. They tell nothing else. */
const NOT_DECODED = /\bkvm \[\d+\]: (load\/store instruction decoding not implemented|Data abort outside memslots with no valid syndrome info)/;
const PAGE_OFFSET = 0xfffn;

export const kvmArm64: Importer = {
  name: NAME,
  title: "KVM trace events and messages, arm64",
  architectures: ["aarch64"],
  expects: "kvm_guest_fault: ipa 0x9000000, hsr 0x93800007, hxfar 0x…, pc 0x…; kvm_mmio_nisv: …; kvm [17646]: load/store instruction decoding not implemented",
  marks: /\b(?:kvm_guest_fault|kvm_mmio_nisv|kvm_mmio_emulate|kvm_mmio|kvm_exit|kvm_entry):|instruction decoding|valid syndrome info/,
  parser: (sink) => new Parser(sink),
};

class Draft {
  readonly finding: Finding;
  readonly truth: MmioTruth;

  constructor(line: number) {
    this.finding = new Finding(NAME, "aarch64", line);
    this.truth = new MmioTruth(this.finding);
  }
}

class Parser implements LogParser {
  readonly #sink: Sink;
  readonly #threads: Threads<Draft>;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#threads = new Threads(({ finding, truth }) => {
      truth.close();
      sink.fault(finding);
    });
  }

  line({ number, text }: LogLine): boolean {
    const message = NOT_DECODED.exec(text)?.[1];
    if (message !== undefined) {
      const finding = new Finding(NAME, "aarch64", number);
      finding.facts["message"] = message;
      this.#sink.fault(finding);
      return true;
    }
    const event = parseEvent(text);
    switch (event?.name) {
      case "kvm_guest_fault":
        return this.#fault(number, event, "hsr", "hxfar");
      case "kvm_mmio_nisv":
        return this.#fault(number, event, "esr", "far");
      case "kvm_mmio_emulate":
        return this.#emulate(event);
      case "kvm_mmio":
        return this.#mmio(event);
      case "kvm_exit":
      case "kvm_entry":
        return this.#leave(event);
      default:
        return false;
    }
  }

  end(): void {
    this.#threads.finishAll();
  }

  #fault(line: number, { thread, text }: TraceEvent, syndromeKey: string, addressKey: string): boolean {
    const ipa = keyValue(text, "ipa");
    const syndrome = keyValue(text, syndromeKey);
    const address = keyValue(text, addressKey);
    const pc = keyValue(text, "pc");
    if (ipa === undefined || syndrome === undefined || address === undefined || pc === undefined) return false;
    const exceptionClass = (syndrome >> 26n) & 0x3fn;
    if (exceptionClass !== 0x24n && exceptionClass !== 0x25n) {
      this.#threads.finish(thread);
      this.#sink.passOver(line, `exception class 0x${exceptionClass.toString(16)} is no data abort`);
      return true;
    }
    // Both events tell of the same fault where both are traced.
    const before = this.#threads.get(thread)?.finding;
    if (syndromeKey === "esr" && before?.pc === pc && before.gva === address) {
      before.facts["syndrome"] = "not valid";
      return true;
    }
    const { finding } = this.#threads.begin(thread, new Draft(line));
    finding.pc = pc;
    finding.gva = address;
    // HPFAR_EL2 has the page only; the offset within it is that of the virtual address.
    finding.gpa = ipa | (address & PAGE_OFFSET);
    finding.syndrome = syndrome;
    finding.write = ((syndrome >> 6n) & 1n) === 1n;
    if (syndromeKey === "esr") finding.facts["syndrome"] = "not valid";
    return true;
  }

  /** 32-bit hosts: the instruction word that KVM read from the guest. */
  #emulate({ thread, text }: TraceEvent): boolean {
    const [, digits] = /\binstr:? ([0-9a-f]{8})\b/i.exec(text) ?? [];
    const draft = this.#threads.get(thread);
    if (digits === undefined || draft === undefined) return false;
    draft.finding.bytes = Uint8Array.from(Buffer.from(digits, "hex")).toReversed();
    return true;
  }

  #mmio({ thread, text }: TraceEvent): boolean {
    const mmio = parseMmio(text);
    const draft = this.#threads.get(thread);
    if (mmio === undefined || draft === undefined) return false;
    draft.truth.add(mmio);
    return true;
  }

  #leave({ thread, text }: TraceEvent): boolean {
    const pc = keyValue(text, "PC");
    if (pc === undefined) return false;
    // Where the guest goes on is not to be had: KVM advances the PC after it has traced the entry.
    this.#threads.finish(thread);
    return true;
  }
}
