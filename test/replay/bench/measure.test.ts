import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Competitor, measure, quantile, ratioOf, UnstableError } from "../../../src/replay/bench/measure.ts";
import { standing } from "../../../src/replay/bench/goals.ts";
import { shuffled } from "../../../src/replay/bench/subject.ts";
import type { TraceRecord } from "../../../src/trace/record.ts";

/** Spins for so long, a batch of one fault. */
function spinner(name: string, nanoseconds: number, log: string[] = []): Competitor {
  return {
    name,
    does: "nothing",
    faults: 2,
    batch: 1,
    pass(lap) {
      log.push(name);
      for (let fault = 0; fault < 2; fault++) {
        const end = process.hrtime.bigint() + BigInt(nanoseconds);
        while (process.hrtime.bigint() < end);
        lap(1);
      }
      return { done: 2, not: 0 };
    },
  };
}

describe("measure", () => {
  test("gives times a fault, for each round and batch", () => {
    const [one, two] = measure([spinner("one", 50_000), spinner("two", 200_000)], { rounds: 3, milliseconds: 1 });
    expect(one!.rounds).toHaveLength(3);
    for (const time of one!.rounds) expect(time).toBeGreaterThanOrEqual(50_000);
    expect(Math.min(...two!.rounds)).toBeGreaterThanOrEqual(200_000);
    expect(one!.batches.length % 2).toBe(0);
    expect([...one!.batches]).toEqual([...one!.batches].toSorted((first, second) => first - second));
    expect(ratioOf(one!, two!).median).toBe(quantile(one!.rounds.map((time, round) => time / two!.rounds[round]!).toSorted((first, second) => first - second), 0.5));
  });

  test("lets them take turns, each first in its round", () => {
    const log: string[] = [];
    measure([spinner("a", 1_000_000, log), spinner("b", 1_000_000, log)], { rounds: 2, milliseconds: 1 });
    const turns = log.filter((name, index) => name !== log[index - 1]);
    // Warming up a, then b; a round a, b; a round b, a.
    expect(turns).toEqual(["a", "b", "a", "b", "a"]);
  });

  test("fails when the answers change", () => {
    let passes = 0;
    const unstable: Competitor = { ...spinner("unstable", 1000), pass: () => ({ done: 2 - Number(++passes > 5), not: Number(passes > 5) }) };
    expect(() => measure([unstable], { rounds: 1, milliseconds: 1 })).toThrow(UnstableError);
    passes = 0;
    expect(() => measure([unstable], { rounds: 1, milliseconds: 1 })).toThrow("bench: unstable answered 1 faults and left 1; at first it answered 2 and left 0");
  });
});

const at = (median: number): { median: number; low: number; high: number } => ({ median, low: 0, high: 9 });

test("a goal is reached, its first target is, or it is missed", () => {
  const goal = { name: "x", architecture: "aarch64", of: "y", first: 3, goal: 2 } as const;
  expect([2, 3, 3.01].map((median) => standing({ ...goal, better: "less", measured: at(median) }))).toEqual(["goal", "first target", "missed"]);
  expect([7, 5, 4.99].map((median) => standing({ ...goal, first: 5, goal: 7, better: "more", measured: at(median) }))).toEqual(["goal", "first target", "missed"]);
});

test("shuffling keeps all faults, and gives the same order for the same seed", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.nat(), (numbers, seed) => {
      const records = numbers as unknown as TraceRecord[];
      const mixed = shuffled(records, seed);
      expect(new Set(mixed)).toEqual(new Set(records));
      expect(mixed).toHaveLength(records.length);
      expect(shuffled(records, seed)).toEqual(mixed);
    }),
  );
});
