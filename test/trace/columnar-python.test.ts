// The reader in docs/trace-format.md is the proof that a program in another language can read a binary trace with what that page says.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Architecture } from "../../src/model/architecture.ts";
import { bytesToHexadecimal, hexadecimal } from "../../src/model/bits.ts";
import { columnar } from "../../src/trace/columnar/codec.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { BUNDLED, traceFiles } from "../support/traces.ts";
import { records } from "./arbitrary-record.ts";
import { load, registersOf, store, type Stored } from "./codec-contract.ts";

const hasPython = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "trapline-python-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const page = readFileSync(new URL("../../docs/trace-format.md", import.meta.url), "utf8");
const source = /```python\n([^`]+)```/.exec(page)?.[1] ?? "";

function readWithPython(stored: Stored): string {
  writeFileSync(join(folder, "reader.py"), source);
  writeFileSync(join(folder, "trace"), store(columnar, stored));
  const run = spawnSync("python3", [join(folder, "reader.py"), join(folder, "trace")], { encoding: "utf8", maxBuffer: 1 << 26 });
  expect(run.stderr).toBe("");
  return run.stdout;
}

/** What the page says that its reader prints. */
function expected({ fault: { pc, bytes, gpa, registers } }: TraceRecord, index: number): string {
  const widest = registers.set.architecture === "arm" ? 32 : 64;
  const slots = [...registers.captured()].filter((register) => registers.set.describe(register).width === registers.capturedWidth(register) && registers.capturedWidth(register) <= widest);
  const values = slots.map((register) => `${registers.set.name(register)}=${hexadecimal(registers.get(register)!)}`);
  return [index, hexadecimal(pc), bytesToHexadecimal(bytes), gpa === undefined ? "-" : hexadecimal(gpa), ...values].join(" ").trimEnd();
}

const lines = (text: string): string[] => text.split("\n").slice(0, -1).map((line) => line.trimEnd());

describe.skipIf(!hasPython)(`the Python reader of docs/trace-format.md${hasPython ? "" : " (skipped: there is no python3 of version 3.8 or newer)"}`, () => {
  test("is about thirty lines and imports nothing but the standard library", () => {
    expect(source.split("\n").length).toBeLessThan(45);
    expect(source.match(/^import .*$/gm)).toEqual(["import struct, sys, zlib"]);
  });

  test("reads recorded traces as they are", async () => {
    const files = traceFiles(BUNDLED).filter((file) => file.includes("program-") || file.includes("simd-pair") || file.includes("avx"));
    for (const file of [files[0]!, ...files.filter((_, index) => index % 7 === 3)]) {
      const stored = await load(readFileSync(file));
      expect([file, ...lines(readWithPython(stored))]).toEqual([file, ...stored.records.map(expected)]);
    }
  });

  test.each<Architecture>(["x86-64", "arm"])("reads random records (%s)", async (architecture) => {
    const registers = await registersOf(architecture);
    // Up to 16 bytes of instruction are in the column that it looks at.
    const [written] = fc.sample(fc.array(records(registers), { minLength: 60, maxLength: 60 }), { numRuns: 1, seed: 5 });
    const cut = written!.flat().map((record): TraceRecord => ({ ...record, fault: { ...record.fault, bytes: record.fault.bytes.subarray(0, 16) } }));
    const stored: Stored = { header: { architecture, source: "", guest: { windows: [] }, unknown: undefined }, registers, records: cut };
    expect(lines(readWithPython(stored))).toEqual(cut.map(expected));
  });
});
