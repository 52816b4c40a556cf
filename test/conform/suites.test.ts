import { describe, expect, test } from "vitest";
import { Reference } from "../../src/conform/reference.ts";
import { bytesOfTrap, SUITES, traceCases } from "../../src/conform/suites.ts";
import { TRAPS } from "../../src/conform/traps.ts";
import { generatedGuest } from "../../src/generate/machine.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import { bytesToHexadecimal } from "../../src/model/bits.ts";
import type { Fault } from "../../src/model/fault.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { jsonLines } from "../../src/trace/json-lines.ts";
import { readTrace } from "../../src/trace/read.ts";
import { fault, header, pieces, trace } from "../support/traces.ts";
import { cases } from "./support.ts";

const text = (each: Fault): string => Buffer.from(jsonLines.encoder(each.registers.set).record({ fault: each, unknown: undefined })).toString();

describe.each(ARCHITECTURES)("the suites of %s", (architecture) => {
  const reference = async () => new Reference(await loadIsa(architecture), generatedGuest(architecture));

  test.each(SUITES)("%s: the same seed gives the same faults, another one others", async (suite) => {
    const faults = async (seed: number) => (await cases(architecture, suite, 150, { seed })).map((each) => text(each.fault));
    const first = await faults(7);
    expect(first).toHaveLength(150);
    expect(await faults(7)).toEqual(first);
    expect(await faults(8)).not.toEqual(first);
  });

  test("forms: all are emulated, and of many forms", async () => {
    const judge = await reference();
    const outcomes = (await cases(architecture, "forms", 300)).map(({ fault: each }) => judge.replay(each).outcome);
    expect(outcomes.filter(({ kind }) => kind === "refused")).toEqual([]);
    expect(new Set(outcomes.map((outcome) => (outcome.kind === "emulated" ? outcome.form : ""))).size).toBeGreaterThan(architecture === "riscv64" ? 35 : 150);
  });

  test("hostile: most reasons for a refusal are there", async () => {
    const judge = await reference();
    const reasons = new Set((await cases(architecture, "hostile", 800)).map(({ fault: each }) => judge.replay(each).outcome).map((outcome) => (outcome.kind === "refused" ? outcome.refusal.reason : "emulated")));
    for (const reason of ["truncated-instruction", "undefined-instruction", "missing-register", "missing-read", "page-crossing", "address-mismatch", "direction-mismatch", "user-mode", "not-a-data-abort", "emulated"]) {
      expect(reasons).toContain(reason);
    }
  });

  test("traps: each is an instruction, written once, and makes a fault", async () => {
    const isa = await loadIsa(architecture);
    const traps = TRAPS[architecture];
    expect(new Set(traps.map(({ code, thumb }) => `${thumb} ${code}`)).size).toBe(traps.length);
    for (const { code, thumb, why } of traps) {
      const set = thumb ? "t32" : ({ aarch64: "a64", arm: "a32", riscv64: "rv64", "x86-64": "x86-64" } as const)[architecture];
      const bytes = bytesOfTrap(code);
      const decoded = isa.decode(bytes, set);
      expect(`${code} (${why}): ${decoded instanceof Refusal ? decoded.detail : decoded.length}`).toBe(`${code} (${why}): ${bytes.length}`);
    }
    const asked = new Set((await cases(architecture, "traps", traps.length)).map(({ fault: each }) => bytesToHexadecimal(each.bytes)));
    expect(traps.map(({ code }) => bytesToHexadecimal(bytesOfTrap(code))).filter((bytes) => !asked.has(bytes))).toEqual([]);
  });

  test("simpler cases are cases too", async () => {
    const [first] = await cases(architecture, "forms", 1);
    let tried = 0;
    for (const simpler of first!.simpler()) {
      expect(simpler.fault.bytes.length).toBeGreaterThan(0);
      if (++tried === 20) break;
    }
    expect(tried).toBeGreaterThan(0);
  });
});

describe("choosing", () => {
  test("forms by name", async () => {
    const isa = await loadIsa("aarch64");
    for (const { fault: each } of await cases("aarch64", "forms", 40, { forms: /^LDRB / })) {
      const decoded = isa.decode(each.bytes, "a64");
      expect(decoded instanceof Refusal ? "" : decoded.form).toMatch(/^LDRB /);
    }
  });

  test("no form of that name: no fault", async () => expect(await cases("aarch64", "all", 40, { forms: /^NOTHING$/ })).toEqual([]));

  test("a trace's faults are a suite", async () => {
    const isa = await loadIsa("aarch64");
    const open = () => readTrace(pieces(trace(header(), fault(), fault({ pc: "0x2000" }))), async () => isa.registers);
    const drawn = async (...more: [number?, RegExp?]) => {
      const found: bigint[] = [];
      for await (const each of traceCases(await open(), isa, ...more)) found.push(each.fault.pc);
      return found;
    };
    expect(await drawn()).toEqual([0x1000n, 0x2000n]);
    expect(await drawn(1)).toEqual([0x1000n]);
    expect(await drawn(undefined, /^STR/)).toEqual([]);
  });
});
