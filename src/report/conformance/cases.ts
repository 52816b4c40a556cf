import type { Conformance, Finding } from "../../conform/conform.ts";
import { bytesToHexadecimal } from "../../model/bits.ts";
import { plural } from "../tally.ts";
import { type ConformanceContext, faultsOf } from "./context.ts";
import { comparedLines, givenText } from "./specimen.ts";

/** One test of a test report: a form. */
export interface FormCase {
  readonly form: string;
  readonly faults: number;
  /** Some answer was wrong or missing. */
  readonly failed: boolean;
  /** The program refuses it wherever it is emulated: it does not have this form. */
  readonly skipped: boolean;
  /** What is to be said of it, in lines. */
  readonly lines: readonly string[];
}

/** Each form as a test: it fails if an answer is wrong or missing, and is skipped if the program refuses all of it. */
export function formCases(result: Conformance, context: ConformanceContext): FormCase[] {
  return result.forms.map((tally) => {
    const failed = tally.wrong + tally.silent > 0;
    const seen = result.findings.filter(({ forms }) => forms.some(([form]) => form === tally.form));
    return {
      form: tally.form,
      faults: faultsOf(tally),
      failed,
      skipped: !failed && tally.refused > 0,
      lines: seen.flatMap((finding) => lines(finding, tally.form, context)),
    };
  });
}

function lines(finding: Finding, form: string, context: ConformanceContext): string[] {
  const { verdict, id, rule, smallest, forms } = finding;
  const times = forms.find(([name]) => name === form)![1];
  return [
    `${verdict}: ${id} (${plural(times, "fault")} of this form)`,
    ...(rule === undefined ? [] : [`rule: ${rule.text}`, `says: ${rule.source}`]),
    `smallest: ${bytesToHexadecimal(smallest.fault.bytes)} ${context.assembly(smallest)}`.trimEnd(),
    `given: ${givenText(smallest)}`,
    ...(smallest.detail === undefined ? [] : [`program: ${smallest.detail}`]),
    ...comparedLines(smallest).filter(({ differs }) => differs).map(({ what, expected, actual }) => `${what === "" ? "access" : what}: expected ${expected}, and the program has ${actual}`),
  ];
}
