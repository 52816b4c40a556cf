import type { Conformance, Finding } from "../../conform/conform.ts";
import { bytesToHexadecimal } from "../../model/bits.ts";
import { Refusal } from "../../model/refusal.ts";
import type { Style } from "../style.ts";
import { layOut } from "../table.ts";
import { count, plural } from "../tally.ts";
import { type ConformanceContext, faultsOf, totalsOf } from "./context.ts";
import { comparedLines, givenText } from "./specimen.ts";

/** Forms that a finding names; the table has all. */
const SHOWN_FORMS = 4;

/** The report for a person: a table by form, each kind of failure with its smallest case, and the sum in the last line. */
export function conformanceText(result: Conformance, context: ConformanceContext, style: Style): string {
  const blocks = [table(result, style), ...result.findings.map((finding, at) => findingText(finding, at + 1, context, style))];
  const remarks = result.remarks.map((remark) => `${style("red", "remark")}: ${remark}\n`);
  return [...blocks, ...(remarks.length === 0 ? [] : [remarks.join("")]), summary(result, context)].join("\n");
}

function table({ forms }: Conformance, style: Style): string {
  const columns = (["form", "faults", "exact", "wrong", "refused", "no answer"] as const).map((title, at) => ({ title: style("dim", title), align: at === 0 ? ("left" as const) : ("right" as const) }));
  const marked = (value: number, colour: "red" | "yellow"): string => (value === 0 ? style("dim", "0") : style(colour, count(value)));
  const rows = forms.map((tally) => {
    const notes = [tally.unjudged > 0 ? `${count(tally.unjudged)} not judged: not emulated here` : "", tally.skipped > 0 ? `${count(tally.skipped)} not asked any more` : ""].filter((note) => note !== "");
    return [tally.form, count(faultsOf(tally)), count(tally.exact), marked(tally.wrong, "red"), marked(tally.refused, "yellow"), marked(tally.silent, "red"), ...(notes.length === 0 ? [] : [notes.join(", ")])];
  });
  const noted = rows.some((row) => row.length > columns.length);
  return `${layOut([...columns, ...(noted ? [{ title: "", align: "left" as const }] : [])], rows).join("\n")}\n`;
}

function findingText(finding: Finding, number: number, context: ConformanceContext, style: Style): string {
  const { verdict, id, rule, faults, forms, smallest } = finding;
  const shown = forms.slice(0, SHOWN_FORMS).map(([form, times]) => `${form} (${count(times)})`);
  const more = forms.length > SHOWN_FORMS ? `; ${plural(forms.length - SHOWN_FORMS, "more form")}` : "";
  const lines: [string, string][] = [];
  if (rule !== undefined) lines.push(["rule", rule.text], ["says", rule.source]);
  lines.push(["seen", `${plural(faults, "fault")} of ${plural(forms.length, "form")}: ${shown.join("; ")}${more}`]);
  const { instruction, outcome } = smallest.ours;
  const bytes = instruction === undefined || instruction.operation instanceof Refusal ? smallest.fault.bytes : smallest.fault.bytes.subarray(0, instruction.length);
  const spaced = bytesToHexadecimal(bytes).match(/../g)?.join(" ") ?? "no bytes";
  lines.push(["smallest", `${spaced}  ${style("bold", context.assembly(smallest))}`.trimEnd()], ["given", givenText(smallest)]);
  if (outcome.kind === "refused") lines.push(["expected", `refused, ${outcome.refusal.reason}: ${outcome.message}`]);
  if (smallest.detail !== undefined) lines.push(["program", smallest.detail]);
  const label = (text: string): string => `  ${style("dim", text.padEnd(8))}  `;
  return [
    `${number}. ${style(verdict === "refused" ? "yellow" : "red", verdict)}: ${style("bold", id)}`,
    ...lines.map(([name, value]) => label(name) + value),
    ...comparison(finding, style),
    `${label("again")}${context.faultLine(smallest)}\n`,
  ].join("\n");
}

function comparison({ smallest }: Finding, style: Style): string[] {
  const lines = comparedLines(smallest);
  if (lines.length === 0) return [];
  const columns = ["", "", "expected", "the program"].map((title) => ({ title: style("dim", title), align: "left" as const }));
  const rows = lines.map(({ what, expected, actual, differs }) => [style("dim", what.padEnd(8)), differs ? style("red", "≠") : " ", expected, differs ? style("red", actual) : actual]);
  return layOut(columns, rows).map((line) => `  ${line}`);
}

function summary(result: Conformance, { architecture, command, suite, seed }: ConformanceContext): string {
  const { exact, wrong, refused, silent, unjudged } = totalsOf(result);
  const parts = [`${count(exact)} exact`, `${count(wrong)} wrong`, `${count(refused)} refused`, `${count(silent)} without an answer`];
  if (unjudged > 0) parts.push(`${count(unjudged)} not judged`);
  const what = `${architecture}, suite ${suite}${seed === undefined ? "" : `, seed ${seed}`}`;
  return `${command.join(" ")}: ${what}: ${plural(result.faults, "fault")}, ${plural(result.forms.length, "form")}: ${parts.join(", ")}\n`;
}
