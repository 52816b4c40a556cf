import type { Finding } from "./finding.ts";

/** An event of a kernel trace: who, which, and what it says. */
export interface TraceEvent {
  /** Thread and processor as printed; empty where a quote has lost them. */
  readonly thread: string;
  readonly name: string;
  readonly text: string;
}

/**
 * An event in the three ways in which ftrace, trace-cmd and perf print it: `comm-pid [cpu] flags time: event: text`, and for perf
 * `comm pid [cpu] time: kvm:event: text`. Only the event's name is required.
 */
const EVENT = /^(.*?)\b((?:kvm_\w+|vcpu_match_mmio)):\s*(.*)$/;
const THREAD = /^\s*(\S(?:.{0,60}?\S)?)[\s-]+(\d{1,10})(?:\/\d+)?\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]/;

export function parseEvent(text: string): TraceEvent | undefined {
  const [, before, name, rest] = EVENT.exec(text) ?? [];
  if (name === undefined) return undefined;
  const [, command, identifier] = THREAD.exec(before!) ?? [];
  return { thread: command === undefined ? "" : `${command}-${identifier}`, name, text: rest! };
}

/** The faults that are being put together, one a thread. It forgets the thread that was silent longest where there are too many. */
export class Threads<Draft extends { readonly finding: Finding }> {
  readonly #drafts = new Map<string, Draft>();
  readonly #done: (draft: Draft) => void;

  /** `done` gets each draft when its thread goes on to something else. */
  constructor(done: (draft: Draft) => void) {
    this.#done = done;
  }

  get(thread: string): Draft | undefined {
    return this.#drafts.get(thread);
  }

  /** The thread's next draft; the one before is done. */
  begin(thread: string, draft: Draft): Draft {
    this.finish(thread);
    this.#drafts.set(thread, draft);
    if (this.#drafts.size > THREAD_LIMIT) this.finish(this.#drafts.keys().next().value!);
    return draft;
  }

  finish(thread: string): void {
    const draft = this.#drafts.get(thread);
    if (draft === undefined) return;
    this.#drafts.delete(thread);
    this.#done(draft);
  }

  finishAll(): void {
    for (const thread of this.#drafts.keys()) this.finish(thread);
  }
}

const THREAD_LIMIT = 4096;

/** What a kvm_mmio event says: arch-independent, include/trace/events/kvm.h. */
export interface MmioEvent {
  /** A read that user space has yet to answer. */
  readonly unsatisfied: boolean;
  readonly write: boolean;
  readonly size: number;
  readonly gpa: bigint;
  /** Undefined: the trace does not hold it. */
  readonly value: bigint | undefined;
}

const MMIO = /\bmmio (unsatisfied-read|read|write),?\s+len\s+(\d{1,3}),?\s+gpa\s+0x([0-9a-f]{1,16})(?:,?\s+val\s+0x([0-9a-f]{1,16}))?/i;

export function parseMmio(text: string): MmioEvent | undefined {
  const [, kind, size, gpa, value] = MMIO.exec(text) ?? [];
  if (kind === undefined) return undefined;
  return {
    unsatisfied: kind === "unsatisfied-read",
    write: kind === "write",
    size: Number(size),
    gpa: BigInt(`0x${gpa}`),
    value: value === undefined ? undefined : BigInt(`0x${value}`),
  };
}

/** Adds the accesses of kvm_mmio events to a fault. Where one of them can't be told whole, the fault has no truth. */
export class MmioTruth {
  readonly #finding: Finding;
  #whole = true;
  /** A read that user space was still answering. */
  #open = false;

  constructor(finding: Finding) {
    this.#finding = finding;
  }

  add({ unsatisfied, write, size, gpa, value }: MmioEvent): void {
    const finding = this.#finding;
    finding.gpa ??= gpa;
    finding.write ??= write;
    this.#open = unsatisfied;
    if (unsatisfied) return;
    if (value === undefined || (size !== 1 && size !== 2 && size !== 4 && size !== 8)) {
      this.#whole = false;
      return;
    }
    (finding.calls ??= []).push({ write, gpa, size, value: BigInt.asUintN(8 * size, value) });
    if (!write) finding.reads.push(BigInt.asUintN(8 * size, value));
    if (finding.calls.length > CALL_LIMIT) this.#whole = false;
  }

  /** No more events come. */
  close(): void {
    if (this.#whole && !this.#open) return;
    this.#finding.calls = undefined;
  }
}

/** A page of one-byte accesses: what one REP instruction makes at most. */
const CALL_LIMIT = 4096;
