import { expect, test, vi } from "vitest";
import * as replayFastPath from "../../src/replay/fast-path.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trapline } from "../support/terminal.ts";
import { fault, header, trace } from "../support/traces.ts";

type Records = NonNullable<Awaited<ReturnType<typeof replayFastPath.openFastPath>>>["kernel"]["records"];

/** What is wrong with the fast path's records, and how the error tells it. */
const FAULTY: readonly (readonly [name: string, break_: (records: Records) => void, told: string])[] = [
  ["a value", (records) => (records.firsts[1]! ^= 1n), '"value":"0xcaff"}], pc 0x1004, x0 0x40000014, x1 0xcaff; the reference gives [{'],
  ["an address", (records) => (records.gpas[1]! += 4n), '"gpa":"0xa000014"'],
  ["a base register", (records) => (records.bases[1]! += 1n), "x0 0x40000015"],
];

test.each(FAULTY)("%s that the fast path gets wrong is an error that names the fault", async (_, spoil, told) => {
  const open = replayFastPath.openFastPath;
  const spy = vi.spyOn(replayFastPath, "openFastPath").mockImplementation(async (...operands) => {
    const fastPath = (await open(...operands))!;
    const run = fastPath.run.bind(fastPath);
    fastPath.run = (from, to) => {
      const result = run(from, to);
      spoil(fastPath.kernel.records);
      return result;
    };
    return fastPath;
  });
  const folder = mkdtempSync(join(tmpdir(), "trapline-check-"));
  const file = join(folder, "t.jsonl");
  writeFileSync(file, trace(header(), fault(), fault(), fault()));
  try {
    const { status, output, talk } = await trapline(["verify", file, "--check-fast"]);
    expect([status, output]).toEqual([1, ""]);
    expect(talk).toMatch(/^trapline: fault 1 at 0x1000, bytes 014440b8: the fast path gives [^\n]+\nfast path: 3 emulated, 1 of them not as by the reference; 0 declined\n3 faults: 3 exact/);
    expect(talk).toContain(told);
  } finally {
    spy.mockRestore();
    rmSync(folder, { recursive: true });
  }
});

test("a fault that the reference refuses must be declined", async () => {
  const open = replayFastPath.openFastPath;
  // The fast path is told of another policy than the reference.
  const spy = vi.spyOn(replayFastPath, "openFastPath").mockImplementation((architecture, settings) => open(architecture, { ...settings, userMode: "allow" }));
  const user = fault({ fault: { gpa: "0xa000010", gva: "0x40000010", write: false, mode: "user" } });
  try {
    const { status, talk } = await trapline(["replay", "-", "--check-fast"], { input: trace(header(), user) });
    expect(status).toBe(1);
    expect(talk).toMatch(/^trapline: fault 0 at 0x1000, .*; the reference refuses it: LDR/);
  } finally {
    spy.mockRestore();
  }
});
