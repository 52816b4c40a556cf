import type { Measured, Spread } from "../../replay/bench/measure.ts";

/** Shares that are told of the times of batches. */
export const PERCENTILES = [50, 90, 99, 99.9] as const;

/** The least value that `percent` of ascending values do not exceed. */
export function percentile(ascending: Float64Array, percent: number): number {
  return ascending[Math.max(0, Math.ceil((percent / 100) * ascending.length) - 1)] ?? Number.NaN;
}

/** Median and quartiles of the rounds. */
export function roundsOf({ rounds }: Measured): Spread {
  const ascending = Float64Array.from(rounds).toSorted();
  return { low: percentile(ascending, 25), median: percentile(ascending, 50), high: percentile(ascending, 75) };
}

/** Three digits that count, thousands set apart: `4.13`, `41.3`, `4,130`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 1000) return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
