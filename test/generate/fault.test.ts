// Generated faults: every form of every table that the decoder emulates comes out emulated, those that it refuses come out refused for
// the decoder's own reason, and shrinking leads to the smallest.
import { describe, expect, test } from "vitest";
import { Choices } from "../../src/generate/choices.ts";
import { EXPECTED, type Expected, generateFault, type GeneratedFault, shrinkFault, simplerFaults } from "../../src/generate/fault.ts";
import type { Form } from "../../src/generate/form.ts";
import { loadForms } from "../../src/generate/forms.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES, type Architecture } from "../../src/model/architecture.ts";
import type { Isa } from "../../src/model/instruction.ts";
import { Random } from "../../src/model/random.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { registersUsed } from "../../src/model/registers-used.ts";
import { setUpReplay } from "../../src/replay/open.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { handlerFor } from "../support/generated.ts";

const hex = ({ fault }: GeneratedFault): string => Buffer.from(fault.bytes).toString("hex");
const SPLIT = { atomics: "split" } as const;

/** What becomes of a generated fault when it is replayed, through a handler, with what its trace would hold. */
async function replayed({ isa, fault, guest }: GeneratedFault, policy: object = {}): Promise<Expected | string> {
  const header = { architecture: isa.architecture, source: "generated", guest, unknown: undefined };
  const setup = await setUpReplay(header, { handler: handlerFor(isa.architecture), policy });
  const { outcome } = replayFault(fault, setup);
  return outcome.kind === "emulated" ? "emulated" : outcome.refusal.reason;
}

/** How the decoder answers encodings of a form: whether any is emulated, and the reasons why others are not. */
function decoded(isa: Isa, form: Form, random: Random): { emulated: boolean; reasons: Set<string> } {
  const reasons = new Set<string>();
  let emulated = false;
  for (let sample = 0; sample < 60 && !emulated; sample++) {
    const bytes = form.encode(new Choices({ random }), { unpredictable: true })!;
    const instruction = isa.decode(bytes, form.instructionSet);
    if (instruction instanceof Refusal || instruction.form !== form.name) continue;
    if (instruction.operation instanceof Refusal) reasons.add(instruction.operation.reason);
    else emulated = instruction.operation.atomic !== "exclusive-store";
    if (instruction.operation instanceof Refusal === false && !emulated) reasons.add("atomic");
  }
  return { emulated, reasons };
}

describe.each(ARCHITECTURES)("%s", (architecture) => {
  test("each row of each table: emulated where the decoder emulates it, else refused for its reason", { timeout: 120_000 }, async () => {
    const isa = await loadIsa(architecture);
    const wrong: string[] = [];
    let emulated = 0;
    let refused = 0;
    for (const [at, form] of (await loadForms(architecture)).entries()) {
      const { emulated: can, reasons } = decoded(isa, form, new Random(at));
      const wishes: Expected[] = can ? ["emulated"] : [...reasons].filter((reason): reason is Expected => reason !== "unpredictable");
      for (const expected of wishes) {
        const generated = generateFault(isa, form, new Random(at), { expected, policy: SPLIT });
        if (generated === undefined) wrong.push(`${form.name}: nothing that is ${expected}`);
        else if ((await replayed(generated, SPLIT)) !== expected) wrong.push(`${form.name}: ${await replayed(generated, SPLIT)}, not ${expected}`);
        else if (expected === "emulated") emulated++;
        else refused++;
      }
    }
    expect(wrong).toEqual([]);
    expect(emulated).toBeGreaterThanOrEqual(ROWS[architecture].emulated);
    expect(refused).toBeGreaterThanOrEqual(ROWS[architecture].refused);
  });

  test("every reason that can be asked for, under the strictest policy", async () => {
    const isa = await loadIsa(architecture);
    const forms = await loadForms(architecture);
    for (const expected of EXPECTED) {
      if (NOT_THERE[architecture].includes(expected)) continue;
      const random = new Random(5);
      let found = 0;
      for (let tries = 0; tries < 3000 && found < 10; tries++) {
        const generated = generateFault(isa, random.pick(forms), random, { expected });
        if (generated === undefined) continue;
        expect(await replayed(generated)).toBe(expected);
        found++;
      }
      expect({ expected, found }).toEqual({ expected, found: 10 });
    }
  });

  test("nothing more than the instruction needs, or all registers", async () => {
    const isa = await loadIsa(architecture);
    const forms = await loadForms(architecture);
    const random = new Random(11);
    let checked = 0;
    for (let count = 0; count < 400; count++) {
      const generated = generateFault(isa, random.pick(forms), random);
      const operation = generated?.instruction?.operation;
      if (generated === undefined || operation === undefined || operation instanceof Refusal) continue;
      const needs = new Set(registersUsed(operation, isa.registers).needs.keys());
      if (architecture === "arm") needs.add(isa.registers.index("cpsr"));
      expect(new Set(generated.fault.registers.captured())).toEqual(needs);
      const all = generateFault(isa, generated.form, random, { registers: "all" })!;
      expect([...all.fault.registers.captured()].length).toBeGreaterThanOrEqual(16);
      checked++;
    }
    expect(checked).toBeGreaterThan(10);
  });

  test("the same seed gives the same faults", async () => {
    const isa = await loadIsa(architecture);
    const forms = await loadForms(architecture);
    const run = (): unknown[] => {
      const random = new Random(3);
      return Array.from({ length: 50 }, () => generateFault(isa, random.pick(forms), random)?.chosen);
    };
    expect(run()).toEqual(run());
  });
});

/** Rows that are emulated, and rows that are refused whatever their operands, when this was written: no row is lost. */
const ROWS: Readonly<Record<Architecture, { emulated: number; refused: number }>> = {
  aarch64: { emulated: 429, refused: 265 },
  arm: { emulated: 311, refused: 200 },
  riscv64: { emulated: 85, refused: 702 },
  "x86-64": { emulated: 2159, refused: 2975 },
};

/** What no fault of an architecture can be. */
const NOT_THERE: Readonly<Record<Architecture, readonly Expected[]>> = {
  aarch64: ["missing-memory"],
  arm: ["missing-memory"],
  riscv64: ["missing-memory", "unpredictable"],
  "x86-64": ["unpredictable"],
};

/** A fault that `fails` holds for, shrunk. */
async function find(architecture: Architecture, name: string, fails: (generated: GeneratedFault) => boolean): Promise<GeneratedFault> {
  const isa = await loadIsa(architecture);
  const form = (await loadForms(architecture)).find((each) => each.name === name)!;
  const random = new Random(17);
  for (;;) {
    const generated = generateFault(isa, form, random)!;
    if (fails(generated)) return shrinkFault(generated, fails);
  }
}

describe("shrinking", () => {
  test("a handler that forgets the sign extension: the smallest address, and the sign bit alone", async () => {
    const shrunk = await find("aarch64", "LDRSB Xt, unsigned offset", ({ fault }) => (fault.reads[0]! & 0x80n) !== 0n);
    // ldrsb x0, [x0]
    expect(hex(shrunk)).toBe("00008039");
    expect(shrunk.fault.reads).toEqual([0x80n]);
    expect(shrunk.fault.gva).toBe(0xffff_8000_1000_8000n);
    expect([...shrunk.fault.registers.captured()]).toEqual([0]);
  });

  test("a decoder that takes byte register 4 for SPL: the first register that shows it", async () => {
    const shrunk = await find("x86-64", "MOV r/m8, r8 [88 /r]", ({ fault: { bytes } }) => bytes[0] === 0x88 && ((bytes[1]! >> 3) & 7) >= 4);
    // mov [rax], ah
    expect(hex(shrunk)).toBe("8820");
  });

  test("every step is a fault of the same form that comes to the same", async () => {
    const isa = await loadIsa("x86-64");
    const forms = await loadForms("x86-64");
    const random = new Random(23);
    for (let count = 0; count < 20; count++) {
      const generated = generateFault(isa, random.pick(forms), random);
      if (generated === undefined) continue;
      let steps = 0;
      for (const simpler of simplerFaults(generated)) {
        if (steps++ === 20) break;
        expect(simpler.instruction?.form).toBe(generated.instruction?.form);
        expect(await replayed(simpler)).toBe("emulated");
      }
    }
  });
});
