import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildFastPath } from "../../scripts/build-fastpath.mjs";
import { BUNDLED, fault, header, trace } from "../support/traces.ts";
import { trapline } from "../support/terminal.ts";

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trapline-bench-"));
  // The floor and the kernel of these very sources.
  await buildFastPath();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Figures {
  readonly subjects: readonly {
    readonly architecture: string;
    readonly order: string;
    readonly faults: number;
    readonly measured: readonly { readonly name: string; readonly median: number; readonly batch: number; readonly answers?: Record<string, number>; readonly percentilesOfBatches: Record<string, number> }[];
    readonly absent: readonly string[];
  }[];
  readonly goals: readonly { readonly name: string; readonly reaches: string; readonly measured: { readonly median: number } }[];
  readonly forms: readonly { readonly forms: readonly { readonly form: string; readonly found: number }[] }[];
}

const quick = ["--rounds", "1"];
const X86 = join(BUNDLED, "x86-64/program-gic-gcc-general.jsonl");

describe("bench", () => {
  test("measures a trace as recorded and shuffled, beside its peers, and counts the answers", async () => {
    const { status, output, talk } = await trapline(["bench", X86, ...quick, "--json", "-", "--chart", join(folder, "c.svg"), "--hgrm", join(folder, "c.hgrm")]);
    expect([status, talk]).toEqual([0, ""]);
    const { subjects, goals } = JSON.parse(output) as Figures;
    expect(subjects.map(({ architecture, order }) => `${architecture} ${order}`)).toEqual(["x86-64 as recorded", "x86-64 shuffled"]);
    for (const { measured, faults } of subjects) {
      expect(measured.map(({ name }) => name)).toEqual([
        "memory-touch floor",
        "fast path, batch",
        "fast path, single call",
        "reference, decode",
        "reference, whole fault",
        "reference, handler tdx",
        "capstone-wasm",
        "iced-x86",
      ]);
      for (const { median, batch, percentilesOfBatches: { p50, p90, p99, "p99.9": p999 } } of measured) {
        expect(median).toBeGreaterThan(0);
        expect(batch).toBeGreaterThanOrEqual(64);
        expect([p50!, p90!, p99!, p999!]).toEqual([p50!, p90!, p99!, p999!].toSorted((first, second) => first - second));
      }
      const { emulated, declined } = measured[1]!.answers!;
      expect(emulated! + declined!).toBe(faults);
      expect(emulated).toBeGreaterThan(faults / 2);
      expect(measured[4]!.answers).toEqual({ emulated: 1024, refused: 0 });
      expect(measured[7]!.answers).toEqual({ decoded: 1024, unknown: 0 });
    }
    expect(goals.length).toBeGreaterThanOrEqual(7);
    for (const { reaches } of goals) expect(["goal", "first target", "missed"]).toContain(reaches);

    const chart = readFileSync(join(folder, "c.svg"), "utf8");
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(chart).not.toMatch(/<script|href=|url\(|NaN/);
    const distribution = readFileSync(join(folder, "c.hgrm"), "utf8").split("\n");
    expect(distribution[1]).toBe("       Value     Percentile TotalCount 1/(1-Percentile)");
    const rows = distribution.filter((line) => /^ +\d/.test(line)).map((line) => line.trim().split(/ +/).map(Number));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map(([value]) => value)).toEqual(rows.map(([value]) => value!).toSorted((first, second) => first - second));
    expect(rows.at(-1)!.slice(1, 3)).toEqual([1, Number(/Total count {4}= +(\d+)/.exec(distribution.join("\n"))![1])]);
  }, 60_000);

  test("with --handler measures a handler of one's own, with --forms each form; as text", async () => {
    const handler = join(folder, "mine.mjs");
    writeFileSync(handler, 'export default { name: "mine", description: "x", architectures: ["aarch64"], host: () => ({}), handle: () => ({ value: 1n, record: {} }) };');
    const file = join(folder, "t.jsonl");
    writeFileSync(file, trace(header(), fault(), fault({ insn: "014440f8" }), fault({ insn: "00000000" })));
    const { status, output } = await trapline(["bench", file, ...quick, "--handler", handler, "--forms"]);
    expect(status).toBe(0);
    expect(output).toMatch(/\n {2}reference, handler mine +\d/);
    expect(output).toMatch(/\n {2}LDR Wt, post-index +1 +[\d.,]+ +[\d.,]+ +[\d.,]+ +[\d.,]+ +4,096 emulated, 0 declined\n/);
    expect(output).toMatch(/\n {2}whole fault ÷ memory-touch floor, hot +aarch64 +t, as recorded +≤ 3 +≤ 2 +[\d.]+ /);
    expect(output).toContain("not here: iced-x86: decodes x86 only");
  }, 60_000);

  test("on arm, whose instruction sets capstone knows as well", async () => {
    const { output } = await trapline(["bench", join(BUNDLED, "arm/program-uart-gcc-thumb.jsonl"), ...quick]);
    expect(output).toMatch(/\n {2}fast path, batch .* 4,096 emulated, 0 declined\n/);
    expect(output).toMatch(/\n {2}capstone-wasm .* 512 decoded, 0 unknown\n/);
  }, 60_000);

  test("a person who watches sees what is done", async () => {
    const { talk, output } = await trapline(["bench", join(BUNDLED, "riscv64/integer.jsonl"), ...quick], { tty: true, environment: { NO_COLOR: "1" } });
    expect(talk).toContain("\rreading\u001b[K");
    expect(talk.endsWith("\r\u001b[K")).toBe(true);
    expect(output).not.toContain("\r");
  }, 60_000);

  test.each([
    [["bench", "/nowhere"], "/nowhere: no such file or directory"],
    [["bench", X86, "--rounds", "0"], "Expected an integer from 1 to 10000."],
    [["bench", X86, "--handler", "arm-syndrome"], "handler arm-syndrome serves aarch64, arm, and the trace is x86-64"],
  ] as const)("%j", async (words, message) => {
    const { status, output, talk } = await trapline(words);
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toMatch(/^trapline: [^\n]+\n$/);
    expect(talk).toContain(message);
  });

  test("a trace without faults can't be benched", async () => {
    const { status, talk } = await trapline(["bench", "-"], { input: trace(header()) });
    expect([status, talk]).toEqual([2, "trapline: standard input: has no faults to bench\n"]);
  });
});
