import { isDeepStrictEqual } from "node:util";
import type { FastPath } from "../fastpath/fast-path.ts";
import { outcomeOf } from "../fastpath/outcome.ts";
import { type FastRecord, recordAt } from "../fastpath/record.ts";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import { callJson } from "../model/json.ts";
import type { After, Outcome } from "../model/outcome.ts";
import type { RegisterSet } from "../model/registers.ts";
import { chunksOf } from "../trace/columnar/chunks-of.ts";
import { BLOCK_FAULTS, type TraceRecord } from "../trace/record.ts";
import { openFastPath } from "./fast-path.ts";
import { RECORDED_ANSWERS } from "./recorded-answers.ts";
import { replayFault, type ReplaySetup } from "./replay.ts";

/** What a check came to. Every fault is either declined or held against the reference. */
export interface FastCounts {
  /** Faults that the fast path emulated. */
  emulated: number;
  declined: number;
  /** Of those emulated: the reference refuses the fault, or has another answer. */
  different: number;
}

interface Held {
  readonly record: TraceRecord;
  readonly index: number;
}

/**
 * Holds the fast path against the reference on each fault of a trace: what it emulates, the reference must emulate with the same accesses
 * and the same changes. Both are given the device's answers from the trace.
 */
export class FastPathCheck {
  readonly counts: FastCounts = { emulated: 0, declined: 0, different: 0 };
  readonly #fastPath: FastPath;
  readonly #setup: ReplaySetup;
  readonly #registers: RegisterSet;
  #held: Held[] = [];

  private constructor(fastPath: FastPath, setup: ReplaySetup, registers: RegisterSet) {
    this.#fastPath = fastPath;
    this.#setup = { ...setup, handler: RECORDED_ANSWERS };
    this.#registers = registers;
  }

  static async open(setup: ReplaySetup, registers: RegisterSet): Promise<FastPathCheck> {
    const { isa, guest, policy } = setup;
    return new FastPathCheck(await openFastPath(isa.architecture, { guest, userMode: policy.userMode }), setup, registers);
  }

  /** Takes a fault. From time to time gives what was found in those taken so far: a line for a person for each fault that differs. */
  add(record: TraceRecord, index: number): Promise<string[]> | undefined {
    this.#held.push({ record, index });
    return this.#held.length < BLOCK_FAULTS ? undefined : this.flush();
  }

  /** What was found in the faults taken since the last lines. */
  async flush(): Promise<string[]> {
    const held = this.#held;
    this.#held = [];
    const found: string[] = [];
    const fastPath = this.#fastPath;
    let place = 0;
    for await (const { hot } of chunksOf(this.#registers, held.map(({ record }) => record))) {
      fastPath.load(hot);
      fastPath.run(0, hot.count);
      for (let fault = 0; fault < hot.count; fault++, place++) {
        const line = this.#compare(recordAt(fastPath.kernel.records, fault), held[place]!);
        if (line !== undefined) found.push(line);
      }
    }
    return found;
  }

  #compare(answer: FastRecord | undefined, { record: { fault }, index }: Held): string | undefined {
    if (answer === undefined) {
      this.counts.declined++;
      return undefined;
    }
    this.counts.emulated++;
    const { outcome } = replayFault(fault, this.#setup);
    const ours = outcomeOf(answer, fault);
    if (outcome.kind === "emulated" && isDeepStrictEqual(ours, { calls: outcome.calls, after: outcome.after })) return undefined;
    this.counts.different++;
    const where = `fault ${index} at ${hexadecimal(fault.pc)}, bytes ${bytesToHexadecimal(fault.bytes)}`;
    return `${where}: the fast path gives ${describe(ours.calls, ours.after, this.#registers)}; the reference ${describeOutcome(outcome, this.#registers)}`;
  }
}

function describeOutcome(outcome: Outcome, registers: RegisterSet): string {
  return outcome.kind === "refused" ? `refuses it: ${outcome.message}` : `gives ${describe(outcome.calls, outcome.after, registers)}`;
}

function describe(calls: readonly Parameters<typeof callJson>[0][], { pc, registers: changes, memory }: After, registers: RegisterSet): string {
  const values = changes.map(({ register, value, width }) => `${registers.name(register, width)} ${hexadecimal(value)}`);
  const ram = memory.map(({ address, bytes }) => `RAM ${hexadecimal(address)} ${bytesToHexadecimal(bytes)}`);
  return `${JSON.stringify(calls.map(callJson))}, ${[`pc ${hexadecimal(pc)}`, ...values, ...ram].join(", ")}`;
}
