import type { Conformance } from "../../conform/conform.ts";
import { formCases } from "./cases.ts";
import type { ConformanceContext } from "./context.ts";

/** TAP version 13: a test for each form. */
export function conformanceTap(result: Conformance, context: ConformanceContext): string {
  const cases = formCases(result, context);
  const lines = ["TAP version 13", `1..${cases.length + result.remarks.length}`];
  cases.forEach(({ form, faults, failed, skipped, lines: details }, at) => {
    // A number sign would start a directive.
    lines.push(`${failed ? "not ok" : "ok"} ${at + 1} - ${form.replaceAll("#", "\\#")} (${faults})${skipped ? ` # SKIP ${details[0] ?? ""}` : ""}`);
    if (failed) lines.push("  ---", "  message: |", ...details.map((line) => `    ${line}`), "  ...");
  });
  result.remarks.forEach((remark, at) => lines.push(`not ok ${cases.length + at + 1} - ${remark.replaceAll("#", "\\#")}`));
  return `${lines.join("\n")}\n`;
}
