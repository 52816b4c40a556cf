/** A competitor: `pass` handles `faults` faults once and gives a number that depends on them, so that nothing is optimised away. */
export interface Competitor {
  readonly name: string;
  readonly faults: number;
  readonly pass: () => number;
}

export interface Timing {
  readonly name: string;
  /** Nanoseconds a fault: median over the rounds, and the first and third quartile. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

let sink = 0;

/** Times the competitors in turn, `rounds` times, each long enough that the clock does not matter. */
export function time(competitors: readonly Competitor[], rounds: number, milliseconds = 4): Timing[] {
  const repeats = competitors.map(({ pass }) => {
    const start = process.hrtime.bigint();
    let passes = 0;
    while (process.hrtime.bigint() - start < 30_000_000n) {
      sink += pass();
      passes++;
    }
    return Math.max(1, Math.round((passes * milliseconds) / 30));
  });
  const samples = competitors.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    competitors.forEach(({ pass, faults }, index) => {
      const start = process.hrtime.bigint();
      for (let repeat = 0; repeat < repeats[index]!; repeat++) sink += pass();
      samples[index]!.push(Number(process.hrtime.bigint() - start) / (repeats[index]! * faults));
    });
  }
  return competitors.map(({ name }, index) => {
    const sorted = samples[index]!.toSorted((first, second) => first - second);
    const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    return { name, median: quantile(0.5), low: quantile(0.25), high: quantile(0.75) };
  });
}

/** What the passes gave: printed, so that it can't be removed. */
export const consumed = (): number => sink;
