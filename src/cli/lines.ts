import type { FastCounts, FastPathCheck } from "../replay/check-fast.ts";
import { replayFault, type ReplaySetup } from "../replay/replay.ts";
import { compare } from "../replay/verify.ts";
import { findingLines } from "../report/findings.ts";
import { outcomeLine } from "../report/outcome-line.ts";
import { Tally } from "../report/tally.ts";
import type { RegisterSet } from "../model/registers.ts";
import type { TraceRecord } from "../trace/record.ts";

/** What is written of each fault: replay writes its outcome, verify what differs from the truth. */
export type Product = "outcomes" | "findings";

/** What a run over faults has come to so far. */
export interface Account {
  readonly tally: Tally;
  /** With --check-fast. */
  readonly fast?: FastCounts;
}

/** Makes the lines of one fault after another, and counts. */
export class LineMaker implements Account {
  readonly tally = new Tally();
  readonly fast?: FastCounts;
  readonly #product: Product;
  readonly #setup: ReplaySetup;
  readonly #registers: RegisterSet;
  readonly #check: FastPathCheck | undefined;

  constructor(product: Product, setup: ReplaySetup, registers: RegisterSet, check: FastPathCheck | undefined) {
    this.#product = product;
    this.#setup = setup;
    this.#registers = registers;
    this.#check = check;
    if (check !== undefined) this.fast = check.counts;
  }

  /** The lines of a fault, each with its line feed; none if there is nothing to say. */
  lines(record: TraceRecord, index: number): string {
    const replayed = replayFault(record.fault, this.#setup);
    const { pc } = record.fault;
    switch (this.#product) {
      case "outcomes":
        this.tally.add(replayed.outcome);
        return outcomeLine(index, pc, replayed.outcome, this.#registers);
      case "findings": {
        const { verdict, differences } = compare(record, replayed);
        this.tally.add(replayed.outcome, verdict);
        return findingLines(index, pc, replayed.outcome, differences).join("");
      }
      default:
        return this.#product satisfies never;
    }
  }

  /** Holds the fast path against the reference, where that is wanted. From time to time gives what was found: see `FastPathCheck`. */
  check(record: TraceRecord, index: number): Promise<string[]> | undefined {
    return this.#check?.add(record, index);
  }

  /** The rest of what was found. */
  async finish(): Promise<string[]> {
    return (await this.#check?.flush()) ?? [];
  }
}
