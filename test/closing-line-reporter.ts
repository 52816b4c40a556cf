// Writes what a run came to as one plain line, "N passed, N failed" and ", N skipped" where some were, to the file that
// CLOSING_LINE_FILE names. .ci/run prints it last. Vitest's own summary counts failed files apart from failed tests, so a file
// that does not load would read as "0 failed"; here whatever went wrong counts as a failure.
import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestRunEndReason } from "vitest/node";

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    let passed = 0;
    let skipped = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      const before = failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "skipped") skipped += 1;
        // A test still "pending" was cut off by an interruption or a dead worker: it did not pass.
        else failed += 1;
      }
      // The file did not load, or a hook of it or of one of its suites failed, and no test tells.
      if (failed === before && module.state() === "failed") failed += 1;
    }
    if (failed === 0 && (reason !== "passed" || passed === 0)) failed = 1;
    const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
    const file = process.env["CLOSING_LINE_FILE"];
    if (file === undefined) console.log(line);
    else writeFileSync(file, `${line}\n`);
  }
}
