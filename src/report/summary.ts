import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Architecture } from "../model/architecture.ts";
import { REFUSAL_REASONS } from "../model/refusal.ts";
import type { Style } from "./style.ts";
import { layOut, type Column, type TableRow } from "./table.ts";
import { count, Tally } from "./tally.ts";

/** A trace that was replayed, for the summary table. */
export interface TraceSummary {
  /** Name for people. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly handler: string;
  readonly tally: Tally;
  /** Nanoseconds that decoding and emulating each fault took, reading and printing left out. */
  readonly times: RecordableHistogram;
}

const COLUMNS: readonly Column[] = [
  { title: "trace", align: "left" },
  { title: "faults", align: "right" },
  { title: "forms", align: "right" },
  { title: "reads", align: "right" },
  { title: "writes", align: "right" },
  { title: "refused", align: "right" },
  { title: "against the truth", align: "left" },
  { title: "median a fault", align: "right" },
];

/** The table of `summary`: a row for each trace, grouped by architecture and handler, and a total. */
export function summaryTable(traces: readonly TraceSummary[], style: Style): string {
  const rows: TableRow[] = [];
  const total = new Tally();
  const times = createHistogram();
  let group = "";
  for (const trace of traces) {
    const title = `${trace.architecture} → ${trace.handler}`;
    if (title !== group) rows.push("", style("bold", title));
    group = title;
    rows.push(row(`  ${trace.name}`, trace.tally, trace.times, style));
    total.merge(trace.tally);
    times.add(trace.times);
  }
  if (traces.length > 1) rows.push("", row(style("bold", `${traces.length} traces`), total, times, style));
  const columns = COLUMNS.map((column) => ({ ...column, title: style("dim", column.title) }));
  return `${[...layOut(columns, rows), ...reasons(total)].join("\n")}\n`;
}

function row(name: string, tally: Tally, times: RecordableHistogram, style: Style): string[] {
  const refused = tally.refused === 0 ? style("dim", "0") : style("yellow", count(tally.refused));
  const time = tally.faults === 0 ? "" : `${(times.percentile(50) / 1000).toFixed(1)} µs`;
  return [name, count(tally.faults), count(tally.forms.size), count(tally.reads), count(tally.writes), refused, verdict(tally, style), style("dim", time)];
}

function verdict({ verdicts: { exact, different, unknown }, emulated }: Tally, style: Style): string {
  if (different > 0) return style("red", `${count(different)} of ${count(emulated)} differ`);
  if (unknown === emulated) return style("dim", "not recorded");
  return style("green", unknown > 0 ? `${count(exact)} exact, ${count(unknown)} not recorded` : emulated === 1 ? "exact" : `all ${count(exact)} exact`);
}

/** Why faults were refused, where some were. */
function reasons(total: Tally): string[] {
  const lines = REFUSAL_REASONS.filter((reason) => total.reasons.has(reason)).map((reason) => `  ${reason} ${count(total.reasons.get(reason)!)}`);
  return lines.length === 0 ? [] : ["", "refused:", ...lines];
}
