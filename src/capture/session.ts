import { hexadecimal } from "../model/bits.ts";
import type { Window } from "../model/fault.ts";
import type { TraceRecord } from "../trace/record.ts";
import type { Analyst } from "./analyst.ts";
import { Candidates } from "./candidates.ts";
import { MappingCheck } from "./mapping.ts";
import { Observer, type Seen, type Tally } from "./observer.ts";
import { RegisterReader } from "./registers.ts";
import { Runner } from "./runner.ts";
import { SIGNAL_INTERRUPT, type Stop } from "./stop-reply.ts";
import { type Point, POINT, type Stub } from "./stub.ts";
import { checkWindows, type Coverage, describeGap, watch } from "./windows.ts";

/** What a person asks of a capture. */
export interface CaptureRequest {
  readonly windows: readonly Window[];
  /** Record what the instruction changed, and what the device returned, as well. */
  readonly truth: boolean;
  /** Step through every instruction instead of setting watchpoints. */
  readonly step: boolean;
  /** Faults after which it ends. */
  readonly count?: number;
  /** Run to this address before the first fault is looked for. */
  readonly from?: bigint;
  /** End where the guest comes to this address. */
  readonly until?: bigint;
  /** Ends it from outside. */
  readonly interrupted: AbortSignal;
}

/** Rounds of stepping after which the threads are listed anew, and one that did not come back is tried again. */
const ROUNDS = 256;

/** Captures faults from the machine behind a stub. */
export class Session {
  readonly #stub: Stub;
  readonly #analyst: Analyst;
  readonly #request: CaptureRequest;
  readonly #warn: (line: string) => void;
  readonly #reader: RegisterReader;
  readonly #runner: Runner;
  readonly #observer: Observer;
  readonly #mapping: MappingCheck;
  readonly #candidates: Candidates;
  /** Breakpoints of --stop-at and --until that are set. */
  readonly #breakpoints = new Map<bigint, Point>();
  #coverages: readonly Coverage[] = [];

  /** `warn` gets lines for a person. Throws a CaptureError where the windows overlap. */
  constructor(stub: Stub, analyst: Analyst, request: CaptureRequest, warn: (line: string) => void) {
    checkWindows(request.windows);
    this.#stub = stub;
    this.#analyst = analyst;
    this.#request = request;
    this.#warn = warn;
    this.#reader = new RegisterReader(stub, analyst.registers);
    this.#runner = new Runner(stub, request.interrupted);
    this.#observer = new Observer(stub, analyst, this.#reader, this.#runner, request.truth);
    this.#mapping = new MappingCheck(stub, request.windows);
    this.#candidates = new Candidates(stub, analyst, this.#observer.tally);
  }

  get tally(): Tally {
    return this.#observer.tally;
  }

  /** Why it ended, for a person. */
  get ending(): string {
    return this.#runner.ending ?? "";
  }

  /** The faults, as they happen. At the end the guest runs on. Throws a CaptureError where the stub goes away or makes no sense. */
  async *records(): AsyncGenerator<TraceRecord> {
    const { count = Number.POSITIVE_INFINITY } = this.#request;
    const from = this.#codeAddress(this.#request.from);
    let stop = await this.#stub.stopReason();
    if (stop.kind === "exited") throw this.#stub.error(`there is nothing to capture: the program ${stop.how}`);
    if (from !== undefined) stop = await this.#runTo(from, stop);
    if (this.#runner.ending === undefined) {
      for await (const record of this.#request.step ? this.#stepThrough(stop) : this.#watchWindows(stop)) {
        yield record;
        if (this.tally.faults < count) continue;
        this.#runner.end(`${count} asked for`);
        break;
      }
    }
    if (!this.#runner.gone) await this.#leave();
  }

  /** Lets the guest run to an address at full speed. */
  async #runTo(address: bigint, first: Stop): Promise<Stop> {
    let stop = first;
    if ((await this.#programCounter(stop)) === address) return stop;
    await this.#setBreakpoint(address);
    do stop = await this.#runner.resume(stop);
    while (this.#runner.ending === undefined && (await this.#programCounter(stop)) !== address);
    if (!this.#runner.gone) await this.#clearBreakpoints();
    return stop;
  }

  async *#watchWindows(first: Stop): AsyncGenerator<TraceRecord> {
    const stopsAfter = this.#analyst.registers.architecture === "x86-64";
    const until = this.#codeAddress(this.#request.until);
    await this.#setWatchpoints();
    for (const coverage of this.#coverages) {
      const gap = describeGap(coverage);
      if (gap !== undefined) this.#warn(gap);
    }
    if (until !== undefined) await this.#setBreakpoint(until);
    for (let stop = first; ; ) {
      stop = await this.#runner.resume(stop);
      if (this.#runner.ending !== undefined || stop.kind === "exited") return;
      const { watchpoint, thread } = stop;
      const pc = await this.#programCounter(stop);
      if (pc === undefined) return;
      // What was hit with the last instruction is over; what stands at a candidate is still to come.
      if (stopsAfter && watchpoint !== undefined) await this.#candidates.learn(await this.#reader.read(new Set()));
      if (watchpoint === undefined && pc === until) return this.#runner.end(`the guest came to ${hexadecimal(until)}`);
      if (stopsAfter ? !this.#candidates.has(pc) : watchpoint === undefined) continue;
      const seen = await this.#observer.look(thread, stopsAfter ? undefined : watchpoint);
      await this.#checkMapping(seen);
      await this.#liftWatchpoints();
      const { stop: next, record } = await this.#observer.execute(seen, true);
      if (record !== undefined) yield record;
      if (this.#runner.ending !== undefined) return;
      // Whether a stub stops at a breakpoint from which the guest is resumed is its own business.
      if (until !== undefined && (await this.#programCounter(next)) === until) return this.#runner.end(`the guest came to ${hexadecimal(until)}`);
      await this.#setWatchpoints();
      stop = next;
    }
  }

  /** Instruction by instruction, one of each thread in turn. */
  async *#stepThrough(first: Stop): AsyncGenerator<TraceRecord> {
    const until = this.#codeAddress(this.#request.until);
    let threads: readonly (string | undefined)[] = [];
    const idle = new Set<string | undefined>();
    for (let round = 0; ; round++) {
      if (round % ROUNDS === 0) {
        const listed = await this.#stub.threads();
        threads = listed.length > 1 ? listed : [first.kind === "stopped" ? (first.thread ?? listed[0]) : undefined];
        idle.clear();
      }
      for (const thread of threads) {
        if (idle.has(thread)) continue;
        const seen = await this.#observer.look(thread, undefined);
        if (seen.state.pc === until) return this.#runner.end(`the guest came to ${hexadecimal(until)}`);
        await this.#checkMapping(seen);
        const { stop, record } = await this.#observer.execute(seen, threads.length === 1);
        if (record !== undefined) yield record;
        if (this.#runner.ending !== undefined) return;
        if (stop.kind === "stopped" && stop.signal === SIGNAL_INTERRUPT) idle.add(thread);
      }
    }
  }

  async #checkMapping({ fault, thread }: Seen): Promise<void> {
    if (fault?.gva !== undefined) await this.#mapping.check(thread, fault.gva);
  }

  async #programCounter(stop: Stop): Promise<bigint | undefined> {
    if (stop.kind === "exited") return undefined;
    await this.#stub.select(stop.thread);
    return (await this.#reader.read(new Set())).pc;
  }

  /** Bit 0 of a code address on Arm says that it is T32, and is no part of it. */
  #codeAddress(address: bigint | undefined): bigint | undefined {
    return address === undefined || this.#analyst.registers.architecture !== "arm" ? address : address & ~1n;
  }

  async #setWatchpoints(): Promise<void> {
    const coverages: Coverage[] = [];
    for (const window of this.#request.windows) coverages.push(await watch(this.#stub, window));
    this.#coverages = coverages;
  }

  async #liftWatchpoints(): Promise<void> {
    for (const { points } of this.#coverages) for (const point of points) await this.#stub.remove(point);
    this.#coverages = [];
  }

  async #setBreakpoint(address: bigint): Promise<void> {
    const length = this.#analyst.registers.architecture === "x86-64" ? 1 : 4;
    const point: Point = { kind: POINT.hardwareBreakpoint, address, length };
    const answer = await this.#stub.insert(point);
    if (answer !== "ok") throw this.#stub.error(`the stub sets no breakpoint at ${hexadecimal(address)} (${answer})`);
    this.#breakpoints.set(address, point);
  }

  async #clearBreakpoints(): Promise<void> {
    for (const point of this.#breakpoints.values()) await this.#stub.remove(point);
    this.#breakpoints.clear();
  }

  /** Leaves the guest as it was found, and running. */
  async #leave(): Promise<void> {
    if (this.tally.faults === 0) {
      for (const { gva } of await this.#mapping.unmapped()) this.#warn(`window ${hexadecimal(gva)}: nothing is mapped there in the guest's page tables`);
    }
    await this.#liftWatchpoints();
    await this.#clearBreakpoints();
    await this.#candidates.clear();
    await this.#stub.detach();
  }
}
