import { UserError } from "../../model/user-error.ts";

/** What became of the faults of one pass. It must be the same in each. */
export interface Counts {
  /** Emulated, or decoded. */
  readonly done: number;
  /** Declined, refused, or not decoded. */
  readonly not: number;
}

/** One that is timed. */
export interface Competitor {
  readonly name: string;
  /** What it does with a fault, in words. */
  readonly does: string;
  /** Faults of a pass. */
  readonly faults: number;
  /** Faults of a batch. */
  readonly batch: number;
  /** Words for {@link Counts}, or undefined where there is nothing to count. */
  readonly words?: readonly [done: string, not: string];
  /**
   * One pass over its faults, in which everything starts from the same state. Calls `lap` with the number of faults done since the last
   * call: after each chunk, or each batch where there are no chunks. Gives the counts, which makes sure that the engine can't leave anything
   * out.
   */
  pass(lap: Lap): Counts;
  /** The same with a `lap` after each batch, where that is not what a pass does. */
  passInBatches?(lap: Lap): Counts;
}

/** Is told that so many more faults are done. */
export type Lap = (faults: number) => void;

/** Times of a competitor, in nanoseconds a fault. */
export interface Measured {
  readonly name: string;
  readonly does: string;
  readonly faults: number;
  readonly batch: number;
  readonly words?: readonly [done: string, not: string];
  readonly counts: Counts;
  /** The very first pass. */
  readonly cold: number;
  /**
   * One for each round, in order: the median of its chunks, or batches. A chunk is so short that few of them are interrupted by other
   * processes; those that are show in the percentiles.
   */
  readonly rounds: readonly number[];
  /** Times of all batches (divided by their faults), ascending. */
  readonly batches: Float64Array;
}

/** A competitor that gave other counts than before: its times would compare different work. */
export class UnstableError extends UserError {
  override readonly name = "UnstableError";
}

export interface MeasureOptions {
  readonly rounds: number;
  /** Least time of a competitor in a round, in milliseconds. */
  readonly milliseconds: number;
  /** Is told what is done next. */
  readonly onStep?: ((what: string) => void) | undefined;
}

/** Nanoseconds. */
const now = (): number => Number(process.hrtime.bigint());

/** Time before the first round, in rounds. */
const WARM_UP = 25;

/** Most batches whose times are kept: of a large trace some passes are enough. */
const BATCH_LIMIT = 200_000;

/** Times the competitors in turn, round after round, starting with another each time, so that what else the machine does hits all of them alike. */
export function measure(competitors: readonly Competitor[], { rounds, milliseconds, onStep }: MeasureOptions): Measured[] {
  const runs = competitors.map((competitor) => {
    onStep?.(`${competitor.name}, warming up`);
    return new Run(competitor, milliseconds);
  });
  for (let round = 0; round < rounds; round++) {
    onStep?.(`round ${round + 1} of ${rounds}`);
    for (let place = 0; place < runs.length; place++) runs[(place + round) % runs.length]!.round();
  }
  return runs.map((run) => run.result());
}

class Run {
  readonly #competitor: Competitor;
  readonly #counts: Counts;
  readonly #cold: number;
  readonly #repeats: number;
  readonly #rounds: number[] = [];
  readonly #batches: number[] = [];

  constructor(competitor: Competitor, milliseconds: number) {
    this.#competitor = competitor;
    const start = now();
    this.#counts = competitor.pass(ignore);
    this.#cold = (now() - start) / competitor.faults;
    // Long enough for the engine to compile what is run often, which it does beside.
    const warm = now();
    let passes = 0;
    do {
      this.#check(competitor.pass(ignore));
      passes++;
    } while (now() - warm < WARM_UP * milliseconds * 1e6);
    this.#repeats = Math.max(1, Math.round((passes * milliseconds * 1e6) / (now() - warm)));
  }

  round(): void {
    const { pass, passInBatches } = this.#competitor;
    const times: number[] = [];
    for (let repeat = 0; repeat < this.#repeats; repeat++) this.#timed(pass, times);
    this.#rounds.push(spreadOf(times).median);
    if (this.#batches.length >= BATCH_LIMIT) return;
    if (passInBatches === undefined) for (const time of times) this.#batches.push(time);
    else this.#timed(passInBatches, this.#batches);
  }

  #timed(pass: (lap: Lap) => Counts, times: number[]): void {
    let before = now();
    const counts = pass((faults) => {
      times.push((now() - before) / faults);
      before = now();
    });
    this.#check(counts);
  }

  #check({ done, not }: Counts): void {
    const { done: doneBefore, not: notBefore } = this.#counts;
    if (done !== doneBefore || not !== notBefore) {
      const { name } = this.#competitor;
      throw new UnstableError(`bench: ${name} answered ${done} faults and left ${not}; at first it answered ${doneBefore} and left ${notBefore}: its times can't be compared`);
    }
  }

  result(): Measured {
    const { name, does, faults, batch, words } = this.#competitor;
    const batches = Float64Array.from(this.#batches).toSorted();
    return { name, does, faults, batch, ...(words === undefined ? {} : { words }), counts: this.#counts, cold: this.#cold, rounds: this.#rounds, batches };
  }
}

const ignore = (): void => undefined;

/** The value below which `share` of ascending values are. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN;
}

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const ascending = values.toSorted((first, second) => first - second);
  return { median: quantile(ascending, 0.5), low: quantile(ascending, 0.25), high: quantile(ascending, 0.75) };
}

/** What one costs in terms of another, round by round: both had the same machine then. */
export function ratioOf(of: Measured, to: Measured): Spread {
  return spreadOf(of.rounds.map((value, round) => value / to.rounds[round]!));
}
