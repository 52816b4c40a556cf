import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, HAS_COMPILER, HAS_RUST, PEERS, scratchFolder } from "../conform/support.ts";
import { trapline } from "../support/terminal.ts";
import { fault, header, trace } from "../support/traces.ts";

const folder = scratchFolder();
afterAll(() => folder.remove());

const place = (name: string): string => join(folder.path, name);
const SIMPLE = ["--suite", "forms", "--forms", "^(LDR|STR) [WX]t, unsigned offset$", "--count", "200"];

const conform = (...words: readonly string[]) => trapline(["conform", "--arch", "aarch64", ...words]);

describe.skipIf(!HAS_COMPILER)("trapline conform (skipped without cc)", () => {
  beforeAll(() => {
    compile("cc", "-O1", "-o", place("right"), join(PEERS, "harness.c"), join(PEERS, "decoder.c"));
    compile("cc", "-O1", "-DPLANT=2", "-o", place("planted"), join(PEERS, "harness.c"), join(PEERS, "decoder-planted.c"));
  });
  test("all exact: status 0, a table, the sum in the last line", async () => {
    const { status, output, talk } = await conform(...SIMPLE, "--", place("right"));
    expect({ status, talk }).toEqual({ status: 0, talk: "" });
    expect(output).toMatch(/^form +faults +exact +wrong +refused +no answer\nLDR Wt, unsigned offset +50 +50 +0 +0 +0\n/);
    expect(output.split("\n").at(-2)).toBe(`${place("right")}: aarch64, suite forms, seed 1: 200 faults, 4 forms: 200 exact, 0 wrong, 0 refused, 0 without an answer`);
  });

  test("a difference: status 1, the smallest case, both sides, the rule", async () => {
    const { status, output } = await conform(...SIMPLE, "--", place("planted"));
    expect(status).toBe(1);
    expect(output).toContain("1. wrong: upper-half-cleared\n");
    expect(output).toContain("  says      DDI 0487 C1.2.5 (writing Wn zeroes the upper half)\n");
    expect(output).toMatch(/smallest {2}.. .. 40 b9 {2}ldr w\d+, \[x\d+\]\n/);
    expect(output).toMatch(/ x\d+ +≠ +0x0 +0x[0-9a-f]+00000000\n/);
  });

  test("README.md shows this very report", async () => {
    const { output } = await conform(...SIMPLE, "--", place("planted"));
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(/```text\nnpx trapline conform .*\n\n([^]*?)```/.exec(readme)![1]).toBe(output.replace(place("planted"), "./my-decoder"));
  });

  test("the same seed gives the same bytes", async () => {
    const reports = await Promise.all([1, 2].map(() => conform("--suite", "all", "--count", "500", "--seed", "9", "--", place("planted"))));
    expect(reports[0]!.output).toBe(reports[1]!.output);
  });

  test("the line under `again` fails again, in a trace as in a suite", async () => {
    const { output } = await conform(...SIMPLE, "--", place("planted"));
    const again = /^ {2}again +(\{.+\})$/m.exec(output)![1]!;
    writeFileSync(place("again.jsonl"), trace(header(), again));
    const repeated = await conform("--suite", place("again.jsonl"), "--", place("planted"));
    expect(repeated.status).toBe(1);
    expect(repeated.output).toContain("1. wrong: upper-half-cleared");
  });

  test("a trace is a suite, without its truth", async () => {
    writeFileSync(place("one.jsonl"), trace(header(), fault()));
    const { status, output } = await conform("--suite", place("one.jsonl"), "--", place("right"));
    expect(status).toBe(0);
    expect(output).toContain("1 fault, 1 form: 1 exact");
  });

  test("as JSON", async () => {
    const { output } = await conform(...SIMPLE, "--report", "json", "--", place("planted"));
    const report = JSON.parse(output) as { findings: { id: string; smallest: { comparison: unknown[]; fault: object } }[] };
    expect(report).toMatchObject({ format: "trapline-conformance", version: 1, arch: "aarch64", suite: "forms", seed: 1, conforms: false, faults: 200, refused: 0, noAnswer: 0 });
    expect(report.findings.map(({ id }) => id)).toEqual(["upper-half-cleared"]);
    expect(report.findings[0]!.smallest.comparison.length).toBeGreaterThan(2);
    expect(Object.keys(report.findings[0]!.smallest.fault)).toEqual(["pc", "insn", "regs", "fault", "reads"]);
  });

  test("as JUnit, into a file", async () => {
    const path = place("report.xml");
    expect(await conform(...SIMPLE, "--report", "junit", "-o", path, "--", place("planted"))).toMatchObject({ status: 1, output: "" });
    const xml = readFileSync(path, "utf8");
    expect(xml).toContain('<testsuite name="trapline conform aarch64 forms" tests="4" failures="1" errors="0" skipped="0">');
    expect(xml).toMatch(/<testcase classname="trapline conform aarch64 forms" name="LDR Wt, unsigned offset">\n {6}<failure message="wrong: upper-half-cleared/);
    expect(xml).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#10;)/);
  });

  test("as TAP", async () => {
    const { output } = await conform(...SIMPLE, "--report", "tap", "--", place("planted"));
    const lines = output.split("\n");
    expect(lines.slice(0, 3)).toEqual(["TAP version 13", "1..4", "not ok 1 - LDR Wt, unsigned offset (50)"]);
    expect(lines.filter((line) => line.startsWith("ok "))).toHaveLength(3);
  });
});

describe("wrong usage", () => {
  test.each([
    [["--arch", "aarch64"], "missing required argument 'command'"],
    [["--", "x"], "required option '--arch <arch>' not specified"],
    [["--arch", "aarch64", "--", "./no-such-program"], "./no-such-program: can't be started: no such program"],
    [["--arch", "aarch64", "--suite", "most", "--", "x"], "--suite most: no suite of this name; there are forms, traps, hostile, all"],
    [["--arch", "aarch64", "--forms", "(", "--", "x"], "Expected a regular expression"],
    [["--arch", "aarch64", "--count", "0", "--", "x"], "Expected a whole number from 1 up."],
  ])("%j", async (words, message) => {
    const { status, output, talk } = await trapline(["conform", ...words]);
    expect({ status, output }).toEqual({ status: 2, output: "" });
    expect(talk).toContain(message);
  });

  test("a trace of another architecture", async () => {
    writeFileSync(place("a64.jsonl"), trace(header(), fault()));
    const { status, talk } = await trapline(["conform", "--arch", "riscv64", "--suite", place("a64.jsonl"), "--", "x"]);
    expect({ status, talk }).toEqual({ status: 2, talk: `trapline: --suite ${place("a64.jsonl")}: the trace is aarch64, and --arch says riscv64\n` });
  });
});

describe("trapline vectors", () => {
  const ARCHITECTURES = ["aarch64", "arm", "riscv64", "x86-64"] as const;

  test.skipIf(!HAS_COMPILER).each(ARCHITECTURES)("C for %s compiles without a warning (skipped without cc)", async (arch) => {
    const path = place(`${arch}.h`);
    expect(await trapline(["vectors", "--arch", arch, "--format", "c", "--count", "200", "-o", path])).toMatchObject({ status: 0 });
    writeFileSync(place(`${arch}.c`), `#include "${arch}.h"\nint main(void) { return trapline_vector_count < 150 || trapline_windows[0].size == 0 || trapline_vectors[0].form == NULL; }\n`);
    compile("cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", place(arch), place(`${arch}.c`));
    compile(place(arch));
  });

  test.skipIf(!HAS_RUST).each(ARCHITECTURES)("Rust for %s compiles without a warning (skipped without rustc)", async (arch) => {
    const path = place(`${arch}.rs`);
    await trapline(["vectors", "--arch", arch, "--format", "rust", "--count", "100", "-o", path]);
    compile("rustc", "--crate-type", "lib", "--edition", "2021", "-D", "warnings", "--emit", "metadata", "-o", place(`${arch}.rmeta`), path);
    expect(existsSync(place(`${arch}.rmeta`))).toBe(true);
  });

  test("JSON has what replay would say", async () => {
    writeFileSync(place("two.jsonl"), trace(header(), fault(), fault({ regs: {} })));
    const { output } = await trapline(["vectors", "--arch", "aarch64", "--format", "json", "--suite", place("two.jsonl")]);
    expect(JSON.parse(output)).toMatchObject({
      format: "trapline-vectors",
      arch: "aarch64",
      vectors: [
        {
          form: "LDR Wt, post-index",
          insn: "014440b8",
          regs: { x0: "0x40000010" },
          reads: ["0xcafe"],
          outcome: { status: "emulated", calls: [{ write: false, gpa: "0xa000010", size: 4, value: "0xcafe" }], after: { pc: "0x1004", regs: { x0: "0x40000014", x1: "0xcafe" }, memory: [] } },
        },
        { outcome: { status: "refused", reason: "missing-register" } },
      ],
    });
  });

  test("the same seed gives the same bytes, another one others", async () => {
    const [first, again, other] = await Promise.all(["3", "3", "4"].map((seed) => trapline(["vectors", "--arch", "riscv64", "--format", "c", "--count", "50", "--seed", seed])));
    expect(again!.output).toBe(first!.output);
    expect(other!.output).not.toBe(first!.output);
  });
});
