import type { Coverage, Missing } from "../replay/coverage.ts";
import type { Style } from "./style.ts";
import { layOut, type Column } from "./table.ts";
import { count } from "./tally.ts";

/** What a trace's faults are, for people: `text` is the example's assembly. */
export interface MissingLine extends Missing {
  readonly text: string;
}

const COLUMNS: readonly Column[] = [
  { title: "faults", align: "right" },
  { title: "instructions", align: "right" },
  { title: "lacks", align: "left" },
  { title: "form", align: "left" },
  { title: "for example", align: "left" },
];

/** The text of `coverage`: what is covered, and below it what is missing, the heaviest first. */
export function coverageText(title: string, coverage: Coverage, missing: readonly MissingLine[], style: Style): string {
  const { accepts, faults, coveredFaults, instructions, coveredInstructions } = coverage;
  const whole = coveredFaults === faults ? "green" : "yellow";
  const lines = [
    style("bold", `${title} with the forms ${accepts.name}`),
    `  ${style(whole, part(coveredFaults, faults, "faults"))}`,
    `  ${style(whole, part(coveredInstructions, instructions, "distinct instructions"))}`,
  ];
  if (missing.length > 0) {
    const rows = missing.map((each) => [count(each.faults), count(each.instructions), reasonText(each), each.form, each.text]);
    lines.push("", `  faults that need what it lacks: ${weights(missing)}`, "", ...layOut(COLUMNS.map((column) => ({ ...column, title: style("dim", column.title) })), rows));
  }
  return `${lines.join("\n")}\n`;
}

/** How many of the missing faults need each feature, the heaviest first. */
function weights(missing: readonly Missing[]): string {
  const totals = new Map<string, number>();
  for (const { lacking, reason, faults } of missing) {
    for (const each of lacking.length > 0 ? lacking : [reasonText({ lacking, reason })]) totals.set(each, (totals.get(each) ?? 0) + faults);
  }
  return [...totals].toSorted(([, first], [, second]) => second - first).map(([name, faults]) => `${name} ${count(faults)}`).join(", ");
}

function part(covered: number, all: number, noun: string): string {
  const share = all === 0 ? 100 : Math.floor((1000 * covered) / all) / 10;
  return `${count(covered)} of ${count(all)} ${noun} (${share} %)`;
}

function reasonText({ lacking, reason }: Pick<Missing, "lacking" | "reason">): string {
  if (lacking.length > 0) return lacking.join(", ");
  return `refused by all: ${reason ?? "unknown"}`;
}
