import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { AArch64FastPath } from "../../src/fastpath/aarch64.ts";
import { AARCH64 } from "../../src/isa/aarch64/index.ts";
import { A64_TABLE } from "../../src/isa/aarch64/decode.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import { type ElementWidth, FLAG, type FaultColumns, RESPONSES_SHIFT } from "../../src/model/fault-columns.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { outcomeOf } from "../../src/fastpath/outcome.ts";
import { recordAt } from "../../src/fastpath/record.ts";
import { before, type Before } from "../support/before.ts";
import { bytesOf, wordHex } from "../support/fault.ts";
import { fastOutcomes, faultsOf, holdAgainstReference, reference } from "../support/fast-path.ts";
import { columnsOf } from "../support/fault-columns.ts";
import { kernelModule } from "../support/kernel.ts";
import { BUNDLED, RECORDED, traceFiles } from "../support/traces.ts";

const module = await kernelModule();
const NO_FACTS: GuestFacts = { windows: [] };
const plain = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });

/** A word of the row: its fixed bits, and these where it is free. Should-be bits are mostly as they should be. */
function wordOf(row: (typeof A64_TABLE.rows)[number], random: number, spoiled: boolean): number {
  const should = spoiled ? 0 : row.shouldMask;
  return ((random & ~row.mask & ~should) | row.match | (row.shouldMatch & should)) >>> 0;
}

/** Chance for one of the values that go wrong first. */
const value64 = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, 0x80n, 0x8000n, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n) },
);

interface Draft {
  readonly word: number;
  readonly registers: readonly bigint[];
  readonly pc: bigint;
  readonly pstate: bigint;
  readonly reads: readonly bigint[];
  readonly gpa: bigint;
  /** What the fault says is shifted by this from what the instruction does. */
  readonly stray: bigint;
  readonly write: boolean | undefined;
  readonly mode: "kernel" | "user";
  readonly missing: readonly number[];
  /** Bytes captured. */
  readonly length: number;
  readonly alignSp: boolean;
  /** Facts that the reference checks before the instruction. */
  readonly more: Before;
}

const draft = (words: fc.Arbitrary<number>): fc.Arbitrary<Draft> =>
  fc.record({
    word: words,
    registers: fc.array(value64, { minLength: 32, maxLength: 32 }),
    pc: value64,
    pstate: fc.oneof({ weight: 9, arbitrary: fc.constant(0x6000_03c5n) }, { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) }),
    reads: fc.array(value64, { minLength: 0, maxLength: 4 }),
    gpa: fc.oneof({ weight: 5, arbitrary: fc.bigInt({ min: 0n, max: 0xf_ffff_ffffn }) }, { weight: 1, arbitrary: value64 }),
    stray: fc.oneof({ weight: 12, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constantFrom(1n, -1n, 4n, 8n, 4096n, 1n << 32n, 1n << 63n) }),
    write: fc.oneof({ weight: 12, arbitrary: fc.constant("right" as const) }, { weight: 1, arbitrary: fc.constantFrom(true, false, undefined) }) as fc.Arbitrary<never>,
    mode: fc.oneof({ weight: 20, arbitrary: fc.constant("kernel" as const) }, { weight: 1, arbitrary: fc.constant("user" as const) }),
    missing: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.uniqueArray(fc.nat(32), { maxLength: 20 }) }),
    length: fc.oneof({ weight: 20, arbitrary: fc.constant(4) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 16 }) }),
    alignSp: fc.boolean(),
    more: before,
  });

/** The draft as a fault. Its address is that of the instruction, so that most faults are emulated. */
function faultOf({ word, registers, pc, pstate, reads, gpa, stray, write, mode, missing, length, alignSp, more }: Draft): Fault {
  const file = new RegisterFile(AARCH64.registers);
  registers.forEach((value, register) => {
    if (!missing.includes(register)) file.capture(register, register === 31 && alignSp ? value & ~15n : value);
  });
  if (!missing.includes(32)) file.capture(32, pstate);
  const bytes = bytesOf(wordHex(word) + "00".repeat(12)).subarray(0, length);
  const instruction = AARCH64.decode(bytesOf(wordHex(word)), "a64");
  const gva = addressOf(instruction, file, pc);
  const right = instruction instanceof Refusal ? false : instruction.access === "write";
  const direction = (write as unknown) === "right" ? right : write;
  const reported = BigInt.asUintN(64, (gva ?? 0x1000n) + stray);
  const physical = stray === 0n || stray === 1n ? (gpa & ~0xfffn) | (reported & 0xfffn) : gpa;
  return { pc, bytes, registers: file, gva: reported, gpa: physical, ...(direction !== undefined && { write: direction }), mode, memory: [], reads, ...more };
}

/** The address that the operation computes, written down a second time, simply. */
function addressOf(instruction: Instruction | Refusal, file: RegisterFile, pc: bigint): bigint | undefined {
  if (instruction instanceof Refusal || instruction.operation instanceof Refusal) return undefined;
  const address = instruction.operation.addresses[0];
  if (address === undefined) return undefined;
  const base = address.base === -2 ? pc : (file.get(address.base ?? -1) ?? 0n);
  let sum = base + address.displacement;
  if (address.index !== undefined) {
    const { slice, signed, shift } = address.index;
    const raw = BigInt.asUintN(slice.width, file.get(slice.register) ?? 0n);
    sum += (signed ? BigInt.asIntN(slice.width, raw) : raw) << BigInt(shift.amount);
  }
  return BigInt.asUintN(64, sum);
}

const agrees = (faults: readonly Fault[], guest = NO_FACTS, fastPath = plain, userMode: "refuse" | "allow" = "refuse"): Promise<boolean[]> =>
  holdAgainstReference(fastPath, AARCH64, faults, guest, { atomics: "refuse", userMode });

/** A property that holds, with shrinking to the smallest faults where it does not. */
async function agreesOn(words: fc.Arbitrary<number>, numRuns: number): Promise<number> {
  let emulated = 0;
  const property = fc.asyncProperty(fc.array(draft(words), { minLength: 1, maxLength: 40 }), async (drafts) => {
    emulated += (await agrees(drafts.map(faultOf))).filter(Boolean).length;
  });
  await fc.assert(property, { numRuns });
  return emulated;
}

describe("A64: the fast path gives the reference's answer, or none", () => {
  const rows = A64_TABLE.rows;

  it("on every form of the table, with random operands, registers and addresses", { timeout: 120_000 }, async () => {
    // Every row, and more often those that the fast path has.
    const row = fc.oneof(fc.constantFrom(...rows), { weight: 2, arbitrary: fc.constantFrom(...rows.filter(({ form }) => plain.forms.includes(form))) });
    const words = fc.tuple(row, fc.integer(), fc.boolean()).map(([each, random, spoiled]) => wordOf(each, random, spoiled && (random & 0x300) === 0));
    expect(await agreesOn(words, 1000)).toBeGreaterThan(500);
  });

  it("and emulates every form that it says it does", { timeout: 120_000 }, async () => {
    const seen = new Map<string, number>();
    for (const row of rows) {
      const drafts = fc.sample(draft(fc.integer().map((random) => wordOf(row, random, false))), { numRuns: 24, seed: 7 });
      const faults = drafts.map(faultOf);
      const emulated = await agrees(faults);
      seen.set(row.form, emulated.filter(Boolean).length);
    }
    const declined = plain.forms.filter((form) => seen.get(form) === 0);
    expect(declined).toEqual([]);
    const beyond = [...seen].filter(([form, count]) => count > 0 && !plain.forms.includes(form)).map(([form]) => form);
    expect(beyond).toEqual([]);
  });
});

describe("A64: random words and their neighbours", () => {
  it("are emulated as the reference does, or declined", { timeout: 120_000 }, async () => {
    // Words of the load/store space, and words that differ from one of a known row in one bit.
    const anything = fc.integer().map((word) => ((word & ~0x0a000000) | 0x08000000) >>> 0);
    const neighbour = fc
      .tuple(fc.nat(A64_TABLE.rows.length - 1), fc.integer(), fc.nat(31))
      .map(([row, random, bit]) => (wordOf(A64_TABLE.rows[row]!, random, false) ^ (1 << bit)) >>> 0);
    const words = fc.oneof(anything, neighbour, fc.integer().map((word) => word >>> 0));
    expect(await agreesOn(words, 1000)).toBeGreaterThan(100);
  });
});

describe("A64: facts of the guest", () => {
  const words = fc.constantFrom(0xb9400420, 0xf8008c41, 0xa9400440, 0x38606822).map((word) => word >>> 0);
  const emulatedUnder = async (guest: GuestFacts, userMode: "refuse" | "allow"): Promise<number> => {
    const fastPath = new AArch64FastPath(module, { guest, userMode });
    const faults = fc.sample(draft(words), { numRuns: 400, seed: 11 }).map(faultOf);
    return (await agrees(faults, guest, fastPath, userMode)).filter(Boolean).length;
  };

  it("are kept: lowest kernel address, policy for user mode, shared bit", async () => {
    const all = await emulatedUnder(NO_FACTS, "refuse");
    const withUser = await emulatedUnder(NO_FACTS, "allow");
    const kernelOnly = await emulatedUnder({ windows: [], kernelStart: 1n << 63n }, "refuse");
    const kernelStartIgnored = await emulatedUnder({ windows: [], kernelStart: 1n << 63n }, "allow");
    expect(withUser).toBeGreaterThan(all);
    expect(kernelOnly).toBeGreaterThan(20);
    expect(kernelOnly).toBeLessThan(all);
    expect(kernelStartIgnored).toBe(withUser);
  });

  it("a physical address without the shared bit is left to the handler, which refuses it", async () => {
    const guest: GuestFacts = { windows: [], sharedBit: 47 };
    const fastPath = new AArch64FastPath(module, { guest, userMode: "refuse" });
    const faults = fc.sample(draft(words), { numRuns: 400, seed: 12 }).map(faultOf);
    const answered = await agrees(faults, guest, fastPath);
    expect(answered.filter((each, index) => each && ((faults[index]!.gpa! >> 47n) & 1n) === 0n)).toEqual([]);
    expect(answered.filter(Boolean).length).toBeGreaterThan(5);
  });
});

describe("A64: recorded traces", () => {
  const files = [BUNDLED, RECORDED].flatMap(traceFiles).filter((file) => file.includes("aarch64"));
  if (files.length === 0) console.log("no AArch64 trace in traces/ or ../shared/traces: nothing to hold the fast path against");
  it.each(files)("%s: every fault of an integer form that the reference emulates", async (file) => {
    const { guest, faults } = await faultsOf(file, AARCH64);
    const fastPath = new AArch64FastPath(module, { guest, userMode: "refuse" });
    const answered = await agrees(faults, guest, fastPath);
    const declined = faults.filter((fault, index) => !answered[index] && !(reference(AARCH64, fault, guest) instanceof Refusal));
    const forms = declined.map((fault) => (AARCH64.decode(fault.bytes, "a64") as Instruction).form);
    expect(forms.filter((form) => fastPath.forms.includes(form))).toEqual([]);
    // What is declined is SIMD (B, H, S, D, Q registers, structures), and of FEAT_LRCPC3 what the class says.
    expect(forms.filter((form) => !/[BHSDQ]t\b|^(LD|ST)[1-4]R?\b|^STGP|LDIAPP|STILP|LDAPR .*index|STLR .*index|64B/.test(form))).toEqual([]);
  });
});

describe("A64: single calls", () => {
  it("answer as a batch of one does", async () => {
    const fastPath = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
    const drafts = fc.sample(draft(fc.nat(A64_TABLE.rows.length - 1).map((row) => wordOf(A64_TABLE.rows[row]!, row * 0x9e3779b1, false))), { numRuns: 2000, seed: 5 });
    const faults = drafts.map((each) => faultOf({ ...each, missing: [], length: 4, more: {}, reads: [each.registers[0]!, each.registers[1]!] }));
    const { word, flags, gpa, gvaOffset, pc, responses } = fastPath.prepareSingle();
    const { registers, records } = fastPath.kernel;
    const expected = await fastOutcomes(plain, AARCH64, faults);
    let emulated = 0;
    faults.forEach((fault, index) => {
      for (let register = 0; register < 33; register++) registers[register] = fault.registers.get(register)!;
      word[0] = new DataView(fault.bytes.buffer, fault.bytes.byteOffset).getUint32(0, true);
      const direction = fault.write === undefined ? 0 : FLAG.direction | (fault.write ? FLAG.write : 0);
      flags[0] = direction | FLAG.gpa | FLAG.gva | (fault.mode === "user" ? FLAG.user : 0) | (2 << RESPONSES_SHIFT);
      gpa[0] = fault.gpa!;
      gvaOffset[0] = fault.gva! - fault.gpa!;
      pc[0] = fault.pc;
      responses.set(fault.reads);
      // Of a single fault only what was prepared is checked again: that addresses agree within their pages is up to the caller.

      const information = fastPath.single();
      const record = recordAt(records, 0);
      expect(record?.information ?? 0).toBe(information);
      expect(record && outcomeOf(record, fault)).toEqual(expected[index]);
      if (information !== 0) emulated++;
    });
    expect(emulated).toBeGreaterThan(150);
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("A64: hostile columns", () => {
  it("are run within the module's memory, or rejected", async () => {
    const faults = fc.sample(draft(fc.integer().map((word) => word >>> 0)), { numRuns: 300, seed: 3 }).map(faultOf);
    const [columns] = await columnsOf(AARCH64.registers, faults.map((fault) => ({ fault, unknown: undefined })));
    const fastPath = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
    fastPath.load(columns!);
    const tables = fastPath.kernel.bytes.slice(fastPath.kernel.place.EXTENSIONS, fastPath.kernel.place.GPAS);
    const names = ["head", "pc", "instruction", "instructionLength", "gpa", "gvaOffset", "flags", "delta", "values", "escapes", "responses", "responseCounts", "syndrome", "transformedInstruction", "exitReason"] as const;
    const width = fc.constantFrom(0, 1, 2, 4, 8, 16) as fc.Arbitrary<ElementWidth>;
    const column = fc.record({ base: fc.oneof(fc.constant(0n), value64), width, offset: fc.nat(200).map((each) => 8 * each), count: fc.nat(5000) });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 2000 }), fc.nat(5000), fc.dictionary(fc.constantFrom(...names), column), value64, (noise, count, replaced, captured) => {
        const bytes = columns!.bytes.slice();
        bytes.set(noise.subarray(0, bytes.length), 0);
        const hostile: FaultColumns = { ...columns!, ...replaced, bytes, count, captured: BigInt.asUintN(33, captured) };
        expect(thrownBy(() => (fastPath.load(hostile), fastPath.run(0, count)))).toSatisfy((error) => error === undefined || error instanceof RangeError);
      }),
      { numRuns: 3000 },
    );
    const { place, bytes } = fastPath.kernel;
    expect(Buffer.compare(bytes.subarray(place.EXTENSIONS, place.GPAS), tables)).toBe(0);
  });
});
