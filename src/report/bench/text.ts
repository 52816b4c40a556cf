import type { BenchResult, FormResult, Goal, SubjectResult } from "../../replay/bench/result.ts";
import type { Machine } from "../../replay/bench/machine.ts";
import type { Measured } from "../../replay/bench/measure.ts";
import type { Style } from "../style.ts";
import { layOut, type Column } from "../table.ts";
import { count } from "../tally.ts";
import { figure, percentile, PERCENTILES, roundsOf } from "./figures.ts";

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });

/** How a goal stands, as `standing` of src/replay/bench/goals.ts gives it. */
export type Standing = (goal: Goal) => "goal" | "first target" | "missed";

/** All figures as text for a person. */
export function benchText(result: BenchResult, standing: Standing, style: Style): string {
  const lines = [...machineLines(result.machine), ...legend(result)];
  if (result.leftOut.length > 0) lines.push(`The handler does not serve ${result.leftOut.join(", ")}: left out.`);
  lines.push("");
  for (const subject of result.subjects) lines.push(...subjectLines(subject, style), "");
  for (const { architecture, name, forms } of result.forms) lines.push(style("bold", `${architecture}, ${name}, by form`), ...formLines(forms, style), "");
  return `${[...lines, ...goalLines(result.goals, standing, style)].join("\n")}\n`;
}

/** The header: where the figures were taken. */
export function machineLines({ processor, processors, memory, system, node, v8, load, peers }: Machine): string[] {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version ?? "not installed"}`);
  const lines = [`${processor}, ${processors} processors, ${Math.round(memory / 2 ** 30)} GB, ${system}; Node ${node}, V8 ${v8}; ${versions.join(", ")}`];
  if (load > processors / 2) lines.push(`The machine is busy (load ${load.toFixed(1)} on ${processors} processors): ratios hold, single figures hardly.`);
  return lines;
}

function legend({ rounds, seed }: BenchResult): string[] {
  return [
    `ns a fault: median and quartiles of ${rounds} rounds, the competitors in turn; a round counts as the median of its chunks (batches, where there are none).`,
    `p50 to p99.9: of batches of so many faults each. cold: the very first pass. Seed ${seed}.`,
  ];
}

const COLUMNS: readonly Column[] = [
  left(""),
  right("ns a fault"),
  right("quartiles"),
  ...PERCENTILES.map((percent) => right(`p${percent}`)),
  right("of batches of"),
  right("cold"),
  left("answers in a pass"),
];

function subjectLines({ architecture, name, order, faults, changes, measured, absent, startUp, sizes, scale }: SubjectResult, style: Style): string[] {
  const facts = [`${count(faults)} faults`, `${changes.toFixed(1)} registers change between two`];
  facts.push(`fast path opens in ${startUp.first.toFixed(1)} ms at first, ${startUp.warm.toFixed(1)} ms when warm`);
  const lines = [`${style("bold", `${architecture}, ${name}, ${order}`)}: ${facts.join("; ")}`];
  lines.push(...layOut(dim(COLUMNS, style), measured.map(row)));
  lines.push(`  bytes a fault: JSON lines ${figure(sizes.jsonLines)}, MessagePack objects ${figure(sizes.objects)}, binary trace ${figure(sizes.binary)}`);
  if (scale !== undefined) lines.push(`  a fault of 10,000,000 in a row costs ${scale.whole.median.toFixed(2)} times one of 100,000 in whole runs, ${scale.warm.median.toFixed(2)} times when both are warm`);
  for (const each of absent) lines.push(style("dim", `  not here: ${each}`));
  return lines;
}

function row(measured: Measured): string[] {
  const { median, low, high } = roundsOf(measured);
  const { name, batches, batch, cold } = measured;
  return [`  ${name}`, figure(median), `${figure(low)} to ${figure(high)}`, ...PERCENTILES.map((percent) => figure(percentile(batches, percent))), count(batch), figure(cold), answers(measured)];
}

/** `4,092 emulated, 4 declined`. */
function answers({ words, counts: { done, not } }: Measured): string {
  return words === undefined ? "" : `${count(done)} ${words[0]}, ${count(not)} ${words[1]}`;
}

function dim(columns: readonly Column[], style: Style): Column[] {
  return columns.map((column) => ({ ...column, title: style("dim", column.title) }));
}

function formLines(forms: readonly FormResult[], style: Style): string[] {
  const columns = [left("form"), right("faults"), right("decode"), right("reference"), right("fast path"), right("p99"), left("fast path answers")];
  const rows = forms.map(({ form, found, decode, reference, fast }) => [
    `  ${form}`,
    count(found),
    figure(roundsOf(decode).median),
    figure(roundsOf(reference).median),
    fast === undefined || fast.counts.done === 0 ? "–" : figure(roundsOf(fast).median),
    fast === undefined || fast.counts.done === 0 ? "–" : figure(percentile(fast.batches, 99)),
    fast === undefined ? "none here" : fast.counts.done === 0 ? "declines" : answers(fast),
  ]);
  return layOut(dim(columns, style), rows);
}

/** The goals in one table. */
export function goalLines(goals: readonly Goal[], standing: Standing, style: Style): string[] {
  const columns = [left("ratio"), left("architecture"), left("faults"), right("first target"), right("goal"), right("measured"), right("quartiles"), left("reaches")];
  const colours = { goal: "green", "first target": "yellow", missed: "red" } as const;
  const rows = goals.map((goal) => {
    const sign = goal.better === "less" ? "≤" : "≥";
    const { median, low, high } = goal.measured;
    const reached = standing(goal);
    return [`  ${goal.name}`, goal.architecture, goal.of, `${sign} ${goal.first}`, `${sign} ${goal.goal}`, figure(median), `${figure(low)} to ${figure(high)}`, style(colours[reached], reached)];
  });
  return [style("bold", "Ratios and their goals"), ...layOut(dim(columns, style), rows)];
}
