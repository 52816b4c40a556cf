import type { Conformance, Finding } from "../../conform/conform.ts";
import { bytesToHexadecimal } from "../../model/bits.ts";
import { type ConformanceContext, conforms, faultsOf, totalsOf } from "./context.ts";
import { comparedLines, givenText } from "./specimen.ts";

/** The report for programs: one JSON object. */
export function conformanceJson(result: Conformance, context: ConformanceContext): string {
  const { architecture, command, suite, seed } = context;
  const { silent, ...totals } = totalsOf(result);
  return `${JSON.stringify(
    {
      format: "trapline-conformance",
      version: 1,
      arch: architecture,
      command,
      suite,
      ...(seed === undefined ? {} : { seed }),
      conforms: conforms(result),
      faults: result.faults,
      ...totals,
      noAnswer: silent,
      forms: result.forms.map((tally) => {
        const { form, exact, wrong, refused, unjudged, skipped } = tally;
        return { form, faults: faultsOf(tally), exact, wrong, refused, noAnswer: tally.silent, unjudged, skipped };
      }),
      findings: result.findings.map((finding) => findingJson(finding, context)),
      remarks: result.remarks,
    },
    undefined,
    2,
  )}\n`;
}

function findingJson({ verdict, id, rule, faults, forms, smallest }: Finding, context: ConformanceContext): object {
  const { outcome } = smallest.ours;
  return {
    verdict,
    id,
    ...(rule === undefined ? {} : { rule: rule.text, source: rule.source }),
    faults,
    forms: Object.fromEntries(forms),
    smallest: {
      insn: bytesToHexadecimal(smallest.fault.bytes),
      text: context.assembly(smallest),
      given: givenText(smallest),
      expected: outcome.kind === "emulated" ? "emulated" : `refused: ${outcome.refusal.reason}`,
      ...(smallest.detail === undefined ? {} : { detail: smallest.detail }),
      comparison: comparedLines(smallest),
      fault: JSON.parse(context.faultLine(smallest)) as unknown,
    },
  };
}
