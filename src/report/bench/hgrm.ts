import type { BenchResult } from "../../replay/bench/result.ts";
import type { Measured } from "../../replay/bench/measure.ts";

/** Lines for each halving of the distance to 100 %. */
const TICKS = 5;

/**
 * The times of a competitor's batches as HdrHistogram writes percentiles: `.hgrm`, which its plotters read. Values are exact, not of
 * buckets: nanoseconds a fault.
 */
export function hgrm({ name, does, batch, batches }: Measured): string {
  const total = batches.length;
  const lines = [`#[${name}: ${does}; nanoseconds a fault, in batches of ${batch} faults]`, "       Value     Percentile TotalCount 1/(1-Percentile)", ""];
  for (let step = 0; ; step++) {
    const left = 2 ** -Math.floor(step / TICKS) * (1 - (step % TICKS) / (2 * TICKS));
    // The last line with a count of its own is the greatest value.
    const last = left * total < 1;
    const share = last ? 1 : 1 - left;
    const at = Math.max(0, Math.ceil(share * total) - 1);
    const value = batches[at]!;
    const inverse = last ? "inf" : (1 / left).toFixed(2);
    lines.push(`${value.toFixed(3).padStart(12)} ${share.toFixed(12)} ${String(countUpTo(batches, at)).padStart(10)} ${inverse.padStart(14)}`);
    if (last) break;
  }
  const mean = batches.reduce((sum, value) => sum + value, 0) / total;
  const deviation = Math.sqrt(batches.reduce((sum, value) => sum + (value - mean) ** 2, 0) / total);
  lines.push(`#[Mean    = ${mean.toFixed(3).padStart(12)}, StdDeviation   = ${deviation.toFixed(3).padStart(12)}]`);
  lines.push(`#[Max     = ${batches.at(-1)!.toFixed(3).padStart(12)}, Total count    = ${String(total).padStart(12)}]`);
  lines.push(`#[Buckets = ${"0".padStart(12)}, SubBuckets     = ${"0".padStart(12)}]`);
  return `${lines.join("\n")}\n`;
}

/** Values up to and equal to the one at a place of an ascending list. */
function countUpTo(ascending: Float64Array, at: number): number {
  let end = at + 1;
  while (end < ascending.length && ascending[end] === ascending[at]) end++;
  return end;
}

/** The distribution of the first subject's fast path, or of the reference where there is none. */
export function benchHgrm({ subjects }: BenchResult): string {
  const { measured } = subjects[0]!;
  return hgrm(measured.find(({ name }) => name === "fast path, batch") ?? measured.find(({ name }) => name.startsWith("reference, whole"))!);
}
