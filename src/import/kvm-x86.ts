// Linux arch/x86/kvm/trace.h and mmutrace.h, include/trace/events/kvm.h.
import { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser, Sink } from "./importer.ts";
import { type TraceEvent, MmioTruth, parseEvent, parseMmio, Threads } from "./trace-event.ts";
import { byteList, hexadecimalValue, keyValue } from "./words.ts";

const NAME = "kvm-x86";
const INSTRUCTION = /^(?:0x)?([0-9a-f]{1,16}):\s*(?:0x)?([0-9a-f]{1,16}):\s*((?:[0-9a-f]{2}\s+)*[0-9a-f]{2})?\s*\((real|vm16|prot16|prot32|prot64)\)(\s*failed)?/i;
const MATCH = /\bgva\s+0x([0-9a-f]{1,16}),?\s+gpa\s+0x([0-9a-f]{1,16})(?:,?\s+(Read|Write))?/i;
/** Bit of a page fault's error code that says that it was a write; of an EPT violation's qualification too. */
const WRITE = 2n;

export const kvmX86: Importer = {
  name: NAME,
  title: "KVM trace events, x86",
  architectures: ["x86-64"],
  expects: "kvm_emulate_insn: 0:ffffffff8134be37:44 8b 60 60 (prot64), vcpu_match_mmio: …, kvm_mmio: …, kvm_page_fault: …",
  marks: /\b(?:kvm_emulate_insn|vcpu_match_mmio|kvm_mmio|kvm_page_fault|kvm_exit|kvm_entry):/,
  parser: (sink) => new Parser(sink),
};

/** What is known of a thread since it last left the guest. */
class Draft {
  readonly finding: Finding;
  readonly truth: MmioTruth;
  /** The instruction was emulated, or an access of it was seen: it is a device access, not a page of RAM that was missing. */
  emulated = false;
  /** An event told of a page fault: without the events of an emulation that is all there is. */
  pageFault = false;

  constructor(line: number) {
    this.finding = new Finding(NAME, "x86-64", line);
    this.truth = new MmioTruth(this.finding);
  }
}

class Parser implements LogParser {
  readonly #threads: Threads<Draft>;
  readonly #sink: Sink;
  /** Events of x86 were seen: kvm_mmio alone is any architecture's. */
  #certain = false;
  /** Emulations are traced: a page fault without one was RAM. */
  #emulations = false;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#threads = new Threads((draft) => this.#done(draft));
  }

  line({ number, text }: LogLine): boolean {
    const event = parseEvent(text);
    if (event === undefined) return false;
    switch (event.name) {
      case "kvm_exit":
        return this.#exit(number, event);
      case "kvm_entry":
        return this.#entry(event);
      case "kvm_page_fault":
        return this.#pageFault(number, event);
      case "kvm_emulate_insn":
        return this.#emulate(number, event);
      case "vcpu_match_mmio":
        return this.#match(number, event);
      case "kvm_mmio":
        return this.#mmio(number, event);
      default:
        return false;
    }
  }

  end(): void {
    this.#threads.finishAll();
  }

  #done({ finding, truth, emulated, pageFault }: Draft): void {
    truth.close();
    if (!this.#certain) return;
    if (emulated || (pageFault && !this.#emulations)) this.#sink.fault(finding);
    else if (pageFault) this.#sink.passOver(finding.line, "KVM emulated no instruction for this page fault: it was RAM");
  }

  #draft(line: number, thread: string): Draft {
    return this.#threads.get(thread) ?? this.#threads.begin(thread, new Draft(line));
  }

  #exit(line: number, { thread, text }: TraceEvent): boolean {
    const reason = /\breason\s+(\S+)/.exec(text)?.[1];
    const rip = keyValue(text, "rip");
    if (reason === undefined || rip === undefined) return false;
    this.#certain = true;
    const { finding } = this.#threads.begin(thread, new Draft(line));
    finding.pc = rip;
    finding.facts["exit"] = reason;
    return true;
  }

  /** Newer kernels tell where the guest goes on. */
  #entry({ thread, text }: TraceEvent): boolean {
    const rip = keyValue(text, "rip");
    const draft = this.#threads.get(thread);
    if (rip !== undefined) this.#certain = true;
    if (draft !== undefined && rip !== undefined && draft.finding.pc !== undefined) draft.finding.pcAfter = rip;
    this.#threads.finish(thread);
    return rip !== undefined;
  }

  #pageFault(line: number, { thread, text }: TraceEvent): boolean {
    const address = keyValue(text, "address");
    const code = keyValue(text, "error_code");
    if (address === undefined || code === undefined) return false;
    let draft = this.#draft(line, thread);
    if (draft.emulated || draft.pageFault) draft = this.#threads.begin(thread, new Draft(line));
    this.#certain = true;
    draft.pageFault = true;
    const { finding } = draft;
    // With two-dimensional paging, which every processor of today has, this is the guest physical address.
    finding.gpa = address;
    finding.write = (code & WRITE) !== 0n;
    const rip = keyValue(text, "rip");
    if (rip !== undefined) finding.pc = rip;
    return true;
  }

  #emulate(line: number, { thread, text }: TraceEvent): boolean {
    const found = INSTRUCTION.exec(text);
    if (found === null) return false;
    this.#certain = this.#emulations = true;
    const [, base, offset, bytes, mode, failed] = found;
    const pc = BigInt.asUintN(64, hexadecimalValue(base)! + hexadecimalValue(offset)!);
    let draft = this.#draft(line, thread);
    // Of an instruction that needs several answers of user space only the first attempt is traced with its bytes.
    if (draft.emulated || (draft.finding.pc !== undefined && draft.finding.pc !== pc)) draft = this.#threads.begin(thread, new Draft(line));
    if (mode !== "prot64") {
      this.#threads.finish(thread);
      this.#sink.leaveOut(line, `the instruction is of ${mode} mode, and only 64-bit mode (prot64) is decoded`);
      return true;
    }
    const { finding } = draft;
    draft.emulated = true;
    finding.pc = pc;
    finding.bytes = byteList(bytes ?? "");
    if (failed !== undefined) finding.facts["emulation"] = "failed";
    return true;
  }

  #match(line: number, { thread, text }: TraceEvent): boolean {
    const [, gva, gpa, direction] = MATCH.exec(text) ?? [];
    if (gva === undefined) return false;
    this.#certain = this.#emulations = true;
    const draft = this.#draft(line, thread);
    draft.emulated = true;
    const { finding } = draft;
    // An instruction may access several addresses: the first is the one that faulted.
    if (finding.gva !== undefined) return true;
    finding.gva = hexadecimalValue(gva);
    finding.gpa = hexadecimalValue(gpa);
    if (direction !== undefined) finding.write = direction.toLowerCase() === "write";
    return true;
  }

  #mmio(line: number, { thread, text }: TraceEvent): boolean {
    const mmio = parseMmio(text);
    if (mmio === undefined) return false;
    const draft = this.#draft(line, thread);
    draft.emulated = this.#emulations = true;
    draft.truth.add(mmio);
    return true;
  }
}
