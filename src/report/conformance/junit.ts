import type { Conformance } from "../../conform/conform.ts";
import { formCases } from "./cases.ts";
import type { ConformanceContext } from "./context.ts";

/** JUnit's XML, as continuous integration reads it: a test for each form. */
export function conformanceJunit(result: Conformance, context: ConformanceContext): string {
  const cases = formCases(result, context);
  const failures = cases.filter(({ failed }) => failed).length + result.remarks.length;
  const skipped = cases.filter((each) => each.skipped).length;
  const name = quote(`trapline conform ${context.architecture} ${context.suite}`);
  const body = cases.map(({ form, failed, skipped: left, lines }) => {
    const start = `    <testcase classname=${name} name=${quote(form)}`;
    if (!failed && !left) return `${start}/>`;
    const inner = failed ? `<failure message=${quote(lines[0] ?? "")}>${escape(lines.join("\n"))}</failure>` : `<skipped message=${quote(lines[0] ?? "")}/>`;
    return `${start}>\n      ${inner}\n    </testcase>`;
  });
  const remarks = result.remarks.map((remark) => `    <testcase classname=${name} name="the program">\n      <failure message=${quote(remark)}/>\n    </testcase>`);
  const tests = cases.length + result.remarks.length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name=${name} tests="${tests}" failures="${failures}" errors="0" skipped="${skipped}">`,
    ...body,
    ...remarks,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** XML 1.0: no control characters, and the five that mean something. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\n\u0020-\ud7ff\ue000-\ufffd]/g, "?")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

function quote(text: string): string {
  return `"${escape(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`;
}
