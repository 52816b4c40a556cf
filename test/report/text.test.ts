import { createHistogram } from "node:perf_hooks";
import { describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import type { Emulated } from "../../src/model/outcome.ts";
import { Refusal, type RefusalReason } from "../../src/model/refusal.ts";
import { accessLines, registerNames } from "../../src/report/describe.ts";
import { styleFor } from "../../src/report/style.ts";
import { summaryTable } from "../../src/report/summary.ts";
import { layOut } from "../../src/report/table.ts";
import { Tally, type Verdict } from "../../src/report/tally.ts";
import { bytesOf } from "../support/fault.ts";

const plain = styleFor({}, {});
const emulated = (write: boolean): Emulated => ({
  kind: "emulated",
  form: "LDR",
  calls: [{ write, gpa: 0n, size: 4, value: 0n }],
  after: { pc: 0n, registers: [], memory: [] },
  records: [],
});
const refused = (reason: RefusalReason) => ({ kind: "refused", refusal: new Refusal(reason, "", ""), message: "" }) as const;

function tallyOf(...outcomes: readonly [Parameters<Tally["add"]>[0], Verdict?][]): Tally {
  const tally = new Tally();
  for (const [outcome, verdict] of outcomes) tally.add(outcome, verdict);
  return tally;
}

const coloured = (tty: boolean, environment: Record<string, string>) => styleFor({ isTTY: tty }, environment)("red", "x") !== "x";

describe("colours", () => {
  test("on a terminal only", () => expect([coloured(true, {}), coloured(false, {})]).toEqual([true, false]));
  test("never with NO_COLOR, unless it is empty", () => expect([coloured(true, { NO_COLOR: "1" }), coloured(true, { NO_COLOR: "" })]).toEqual([false, true]));
  test("always with FORCE_COLOR, unless it is 0", () => {
    expect([coloured(false, { FORCE_COLOR: "1" }), coloured(true, { FORCE_COLOR: "0" }), coloured(false, { FORCE_COLOR: "1", NO_COLOR: "1" })]).toEqual([true, false, true]);
  });
  test("not on a dumb terminal", () => expect(coloured(true, { TERM: "dumb" })).toBe(false));
});

test("a table's columns are as wide as their cells, colours not counted", () => {
  const red = styleFor({}, { FORCE_COLOR: "1" });
  const columns = [{ title: "a", align: "left" }, { title: "bb", align: "right" }] as const;
  expect(layOut(columns, [["x", red("red", "1")], "heading over the whole width", ["long", "22222"]])).toEqual([
    "a        bb",
    `x         ${red("red", "1")}`,
    "heading over the whole width",
    "long  22222",
  ]);
});

describe("a tally", () => {
  test("in one line", () => {
    const tally = tallyOf([emulated(true)], [refused("missing-read")], [refused("atomic")], [refused("missing-read")]);
    expect(tally.describe()).toBe("4 faults: 1 emulated, 3 (atomic 1, missing-read 2) refused");
    expect(tallyOf([emulated(true)]).describe()).toBe("1 fault: 1 emulated, 0 refused");
  });

  test("summed up over traces", () => {
    const total = new Tally();
    total.merge(tallyOf([emulated(true), "exact"], [refused("atomic")]));
    total.merge(tallyOf([emulated(false), "different"], [refused("atomic")]));
    expect(total).toMatchObject({ faults: 4, emulated: 2, refused: 2, reads: 1, writes: 1, verdicts: { exact: 1, different: 1, unknown: 0 } });
    expect([...total.reasons]).toEqual([["atomic", 2]]);
  });
});

test("the summary table", () => {
  const times = createHistogram();
  times.record(12_000n);
  const of = (name: string, tally: Tally) => ({ name, architecture: "aarch64", handler: "h", tally, times }) as const;
  const text = summaryTable(
    [of("good", tallyOf([emulated(true), "exact"], [emulated(false), "exact"])), of("bad", tallyOf([emulated(true), "different"], [refused("atomic")])), of("log", tallyOf([emulated(true), "unknown"]))],
    plain,
  );
  const lines = text.split("\n");
  expect(lines[2]).toBe("aarch64 → h");
  expect(lines[3]).toMatch(/^ {2}good +2 +1 +1 +1 +0 +all 2 exact +12\.0 µs$/);
  expect(lines[4]).toMatch(/^ {2}bad +2 +1 +0 +1 +1 +1 of 1 differ +/);
  expect(lines[5]).toMatch(/^ {2}log +1 +1 +0 +1 +0 +not recorded +/);
  expect(lines[7]).toMatch(/^3 traces +5 +1 +1 +3 +1 +1 of 4 differ/);
  expect(text).toContain("refused:\n  atomic 1\n");
});

async function words(architecture: "aarch64" | "x86-64", hex: string) {
  const isa = await loadIsa(architecture);
  const { operation } = isa.decode(bytesOf(hex), architecture === "aarch64" ? "a64" : "x86-64") as Instruction;
  if (operation === undefined || operation instanceof Refusal) throw new Error("refused");
  return { accesses: accessLines(operation, isa.registers), ...registerNames(operation, isa.registers) };
}

describe("an instruction in words", () => {
  test.each([
    ["aarch64", "014440b8", ["reads 4 bytes at [x0]"], ["x0"], ["x0", "x1"]],
    ["aarch64", "010c41a9", ["reads 2 × 8 bytes at [x0 + 0x10]"], ["x0"], ["x1", "x3"]],
    ["aarch64", "20d82278", ["writes 2 bytes at [x1 + sign-extended x2[31:0] lsl 1]"], ["x0", "x1", "x2"], []],
    ["aarch64", "1f0000b9", ["writes 4 bytes at [x0]"], ["x0"], []],
    ["x86-64", "8b448bf0", ["reads 4 bytes at [rbx + rcx lsl 2 - 0x10]"], ["rcx", "rbx"], ["rax"]],
    ["x86-64", "648b042500000000", ["reads 4 bytes at [fs_base]"], ["fs_base"], ["rax"]],
    ["x86-64", "8a07", ["reads 1 byte at [rdi]"], ["rax", "rdi"], ["rax"]],
    ["x86-64", "8b07", ["reads 4 bytes at [rdi]"], ["rdi"], ["rax"]],
    ["aarch64", "000c400d", ["reads 1 byte at [x0]"], ["x0", "v0"], ["v0"]],
    ["aarch64", "000440ad", ["reads 4 × 8 bytes at [x0]"], ["x0"], ["v0", "v1"]],
    ["x86-64", "a10000000001000000", ["reads 4 bytes at [0x100000000]"], [], ["rax"]],
  ] as const)("%s %s", async (architecture, hex, accesses, needs, changes) => {
    expect(await words(architecture, hex)).toEqual({ accesses, needs, changes });
  });
});
