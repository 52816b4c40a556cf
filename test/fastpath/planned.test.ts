import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../src/fastpath/outcome.ts";
import { PlannedFastPath } from "../../src/fastpath/planned.ts";
import { recordAt } from "../../src/fastpath/record.ts";
import { CPSR } from "../../src/isa/arm/registers.ts";
import { ARM } from "../../src/isa/arm/index.ts";
import { RISCV64 } from "../../src/isa/riscv64/index.ts";
import { RFLAGS } from "../../src/isa/x86-64/registers.ts";
import { X86_64 } from "../../src/isa/x86-64/index.ts";
import type { InstructionSet } from "../../src/model/architecture.ts";
import { type ElementWidth, FLAG, type FaultColumns, RESPONSES_SHIFT } from "../../src/model/fault-columns.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Instruction, Isa } from "../../src/model/instruction.ts";
import type { Address } from "../../src/model/operation.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { PROGRAM_COUNTER, RegisterFile } from "../../src/model/registers.ts";
import { before, type Before } from "../support/before.ts";
import { fastOutcomes, faultsOf, holdAgainstReference, reference } from "../support/fast-path.ts";
import { columnsOf } from "../support/fault-columns.ts";
import { kernelModule } from "../support/kernel.ts";
import { BUNDLED, RECORDED, traceFiles } from "../support/traces.ts";

const module = await kernelModule();
const NO_FACTS: GuestFacts = { windows: [] };
const SETTINGS = { guest: NO_FACTS, userMode: "refuse" } as const;
const SETS: readonly (readonly [Isa, InstructionSet])[] = [
  [X86_64, "x86-64"],
  [RISCV64, "rv64"],
  [ARM, "a32"],
  [ARM, "t32"],
];

const value64 = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, 0x80n, 0x8000n, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 64n) - 1n) },
);

/** x86-64: prefixes and opcodes around the moves, then anything. */
const x86Bytes = fc
  .tuple(
    fc.array(fc.constantFrom(0x66, 0x67, 0x64, 0x65, 0x2e, 0xf0, 0xf2, 0xf3), { maxLength: 2 }),
    fc.option(fc.integer({ min: 0x40, max: 0x4f }), { nil: undefined }),
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom([0x88], [0x89], [0x8a], [0x8b], [0xc6], [0xc7], [0xa0], [0xa1], [0xa2], [0xa3], [0x63], [0x0f, 0xb6], [0x0f, 0xb7], [0x0f, 0xbe], [0x0f, 0xbf], [0x0f, 0xc3], [0x0f, 0x38, 0xf0], [0x0f, 0x38, 0xf1]) },
      { weight: 3, arbitrary: fc.tuple(fc.nat(7), fc.nat(3)).map(([operator, form]) => [8 * operator + form]) },
      { weight: 2, arbitrary: fc.constantFrom([0x80], [0x81], [0x83], [0x84], [0x85], [0xf6], [0xf7], [0xfe], [0xff]) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((opcode) => [opcode]) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((opcode) => [0x0f, opcode]) },
    ),
    fc.uint8Array({ minLength: 10, maxLength: 10 }),
  )
  .map(([prefixes, rex, opcode, rest]) => Uint8Array.from([...prefixes, ...(rex === undefined ? [] : [rex]), ...opcode, ...rest]).subarray(0, 15));

/** RISC-V: loads and stores, 32-bit and compressed, then anything. */
const riscvBytes = fc.oneof(
  fc.tuple(fc.constantFrom(0x03, 0x23, 0x07, 0x27, 0x2f), fc.integer()).map(([opcode, random]) => ((random & ~0x7f) | opcode) >>> 0),
  fc.tuple(fc.constantFrom(0x4000, 0x6000, 0xc000, 0xe000, 0x4002, 0x6002, 0xc002, 0xe002, 0x8000), fc.integer({ min: 0, max: 0x1fff })).map(([quadrant, random]) => ((random & ~3) | quadrant) >>> 0),
  fc.integer().map((word) => word >>> 0),
).map((word) => Uint8Array.from([word, word >>> 8, word >>> 16, word >>> 24]));

const littleEndian = (word: number): number[] => [word, word >>> 8, word >>> 16, word >>> 24];

/** A32: always or under a condition; load/store word and byte, immediate and register; halfwords and pairs; block transfers; then anything. */
const a32Bytes = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constant(14) }, { weight: 1, arbitrary: fc.nat(15) }),
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 0x3ff_ffff }).map((rest) => 0x400_0000 | (rest & ~0x200_0000)) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x1ff_ffff }).map((rest) => 0x600_0000 | (rest & ~0x10)) },
      { weight: 4, arbitrary: fc.tuple(fc.integer({ min: 0, max: 0x1ff_ffff }), fc.constantFrom(0xb0, 0xd0, 0xf0)).map(([rest, kind]) => (rest & ~0xf0) | kind) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xfff_ffff }) },
    ),
  )
  .map(([condition, rest]) => Uint8Array.from(littleEndian(((condition << 28) | rest) >>> 0)));

/** T32: loads and stores of 16 bits, of 32 bits and pairs, then anything. */
const t32Bytes = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(fc.integer({ min: 0x5000, max: 0x9fff }), fc.nat(0xffff)) },
    { weight: 4, arbitrary: fc.tuple(fc.integer({ min: 0xf800, max: 0xf9ff }), fc.nat(0xffff)) },
    { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 0xe840, max: 0xe9ff }), fc.nat(0xffff)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(0xffff), fc.nat(0xffff)) },
  )
  .map(([first, second]) => Uint8Array.of(first, first >>> 8, second, second >>> 8));

const BYTES: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = { "x86-64": x86Bytes, rv64: riscvBytes, a32: a32Bytes, t32: t32Bytes };

/** CPSR as a fault of this instruction set has it: mostly outside an IT block, and little-endian. */
function statusOf(set: InstructionSet, value: bigint): bigint {
  const usual = value % 8n === 0n ? value : value & ~0x600_fe00n;
  return BigInt.asUintN(32, set === "t32" ? usual | 0x20n : usual & ~0x20n);
}

interface Draft {
  readonly bytes: Uint8Array;
  readonly registers: readonly bigint[];
  readonly pc: bigint;
  readonly gpa: bigint;
  readonly stray: bigint;
  readonly turned: boolean;
  readonly mode: "kernel" | "user";
  readonly missing: readonly number[];
  readonly reads: readonly bigint[];
  readonly cut: number;
  readonly more: Before;
}

const draft = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Draft> =>
  fc.record({
    bytes,
    registers: fc.array(value64, { minLength: 63, maxLength: 63 }),
    pc: value64,
    gpa: fc.bigInt({ min: 0n, max: 0xf_ffff_ffffn }),
    stray: fc.oneof({ weight: 12, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constantFrom(1n, -1n, 4096n, 1n << 32n) }),
    turned: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    mode: fc.oneof({ weight: 20, arbitrary: fc.constant("kernel" as const) }, { weight: 1, arbitrary: fc.constant("user" as const) }),
    missing: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.uniqueArray(fc.nat(36), { maxLength: 20 }) }),
    reads: fc.array(value64, { minLength: 0, maxLength: 4 }),
    cut: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(14) }),
    more: before,
  });

function faultFrom(isa: Isa, set: InstructionSet, { bytes, registers, pc, gpa, stray, turned, mode, missing, reads, cut, more }: Draft): Fault {
  const file = new RegisterFile(isa.registers);
  isa.registers.descriptions.forEach(({ width }, register) => {
    const value = registers[register % registers.length]!;
    if (width > 64 || missing.includes(register)) return;
    if (isa === ARM) return file.capture(register, register === CPSR ? statusOf(set, value) : register < 16 && value % 2n === 0n ? value & ~3n : value);
    // RFLAGS with bits that no processor has are rare; RF is set in what most faults save.
    file.capture(register, register === RFLAGS && mode === "kernel" ? value & 0x1_0fffn : value);
  });
  const instruction = isa.decode(bytes, set);
  const gva = addressOf(instruction, file, pc) ?? 0x1000n;
  const write = (!(instruction instanceof Refusal) && instruction.access === "write") !== turned;
  const captured = bytes.subarray(0, bytes.length - Math.min(cut, bytes.length));
  const reported = BigInt.asUintN(64, gva + stray);
  return { pc, bytes: captured, registers: file, gva: reported, gpa: (gpa & ~0xfffn) | (reported & 0xfffn), write, mode, memory: [], reads, ...more };
}

/** The address that the operation computes, written down a second time, simply. */
function addressOf(instruction: Instruction | Refusal, file: RegisterFile, pc: bigint): bigint | undefined {
  if (instruction instanceof Refusal || instruction.operation instanceof Refusal) return undefined;
  const address: Address | undefined = instruction.operation.addresses[0];
  if (address === undefined) return undefined;
  const valueOf = (register: number): bigint => (register === PROGRAM_COUNTER ? pc : (file.get(register) ?? 0n));
  let sum = address.displacement + (address.base === undefined ? 0n : valueOf(address.base));
  if (address.index !== undefined) {
    const { slice, signed, shift } = address.index;
    const raw = BigInt.asUintN(slice.width, valueOf(slice.register) >> BigInt(slice.bit));
    sum += (signed ? BigInt.asIntN(slice.width, raw) : raw) << BigInt(shift.amount);
  }
  return BigInt.asUintN(64, BigInt.asUintN(address.width, sum) + (address.segment === undefined ? 0n : valueOf(address.segment)));
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe.each(SETS.map(([isa, set]) => ({ isa, set })))("plans of $set give the reference's answer, or none", ({ isa, set }) => {
  const bytes = BYTES[set]!;

  it("on moves, their neighbours and anything else", { timeout: 120_000 }, async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    let emulated = 0;
    const property = fc.asyncProperty(fc.array(draft(bytes), { minLength: 1, maxLength: 40 }), async (drafts) => {
      const faults = drafts.map((each) => faultFrom(isa, set, each));
      emulated += (await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).filter(Boolean).length;
    });
    await fc.assert(property, { numRuns: 700 });
    expect(emulated).toBeGreaterThan(100);
  });

  it("with a lowest kernel address, and user mode allowed", async () => {
    const faults = fc.sample(draft(bytes), { numRuns: 1500, seed: 17 }).map((each) => faultFrom(isa, set, each));
    const guest = { windows: [], kernelStart: isa === ARM ? 1n << 31n : 1n << 63n };
    const count = async (facts: GuestFacts, userMode: "refuse" | "allow"): Promise<number> => {
      const fastPath = new PlannedFastPath(module, isa, { guest: facts, userMode });
      return (await holdAgainstReference(fastPath, isa, faults, facts, { atomics: "refuse", userMode })).filter(Boolean).length;
    };
    const [all, above, allowed] = [await count(NO_FACTS, "refuse"), await count(guest, "refuse"), await count(guest, "allow")];
    expect(above).toBeGreaterThan(5);
    expect(above).toBeLessThan(all);
    expect(allowed).toBeGreaterThan(all);
  });

  it("where registers are missing that a plan needs which was made before, or is made in the middle of the chunk", async () => {
    const drafts = fc.sample(draft(bytes), { numRuns: 400, seed: 53 });
    for (let missing = 0; missing < 36; missing++) {
      const fastPath = new PlannedFastPath(module, isa, SETTINGS);
      const faults = drafts.slice(10 * missing, 10 * missing + 40).flatMap((each) => [faultFrom(isa, set, { ...each, missing: [missing] }), faultFrom(isa, set, { ...each, missing: [] })]);
      const first = await holdAgainstReference(fastPath, isa, faults, NO_FACTS);
      expect(await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).toEqual(first);
    }
  });

  it.runIf(set === "x86-64")("where a segment's base is missing, with all general registers there", async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    const [each] = fc.sample(draft(bytes), { numRuns: 1, seed: 59 });
    const plain = { ...each!, bytes: Uint8Array.of(0x65, 0x8b, 0x07), stray: 0n, turned: false, mode: "kernel" as const, cut: 0, more: {}, reads: [1n], gpa: 0n, registers: each!.registers.map(() => 0x1000n) };
    const without = isa.registers.find("gs_base")!.register;
    const faults = [[], [without], []].map((missing) => faultFrom(isa, set, { ...plain, missing }));
    expect(await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).toEqual([true, false, true]);
  });

  it("after more instructions than it remembers", async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    const drafts = fc.sample(draft(bytes), { numRuns: 9000, seed: 23 });
    const faults = drafts.map((each) => faultFrom(isa, set, { ...each, registers: drafts[0]!.registers, missing: [] }));
    const first = await holdAgainstReference(fastPath, isa, faults, NO_FACTS);
    expect(await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).toEqual(first);
  });

  it("in single calls as in a batch", async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    const drafts = fc.sample(draft(bytes), { numRuns: 1500, seed: 29 });
    const faults = drafts.map((each) => faultFrom(isa, set, { ...each, missing: [], more: {}, reads: [each.registers[0]!, each.registers[1]!] }));
    const expected = await fastOutcomes(new PlannedFastPath(module, isa, SETTINGS), isa, faults);
    const { instruction, flags, gpa, gvaOffset, pc, responses } = fastPath.prepareSingle();
    const { registers, records } = fastPath.kernel;
    faults.forEach((fault, index) => {
      fastPath.slots.forEach((name, slot) => (registers[slot] = fault.registers.byName(name) ?? 0n));
      instruction.fill(0);
      instruction.set(fault.bytes);
      instruction[15] = fault.bytes.length;
      flags[0] = FLAG.direction | (fault.write ? FLAG.write : 0) | FLAG.gpa | FLAG.gva | (fault.mode === "user" ? FLAG.user : 0) | (2 << RESPONSES_SHIFT);
      gpa[0] = fault.gpa!;
      gvaOffset[0] = fault.gva! - fault.gpa!;
      pc[0] = fault.pc;
      responses.set(fault.reads);
      const information = fastPath.single() >>> 0;
      const record = recordAt(records, 0);
      expect(record?.information ?? 0).toBe(information);
      expect(record && outcomeOf(record, fault)).toEqual(expected[index]);
    });
    expect(expected.filter((each) => each !== undefined).length).toBeGreaterThan(50);
  });

  it("and of hostile columns none that leaves the module's memory", async () => {
    const faults = fc.sample(draft(bytes), { numRuns: 300, seed: 31 }).map((each) => faultFrom(isa, set, each));
    const [columns] = await columnsOf(isa.registers, faults.map((fault) => ({ fault, unknown: undefined })));
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    const names = ["head", "pc", "instruction", "instructionLength", "gpa", "gvaOffset", "flags", "delta", "values", "escapes", "responses", "responseCounts", "syndrome", "transformedInstruction", "exitReason"] as const;
    const width = fc.constantFrom(0, 1, 2, 4, 8, 16) as fc.Arbitrary<ElementWidth>;
    const column = fc.record({ base: fc.oneof(fc.constant(0n), value64), width, offset: fc.nat(200).map((each) => 8 * each), count: fc.nat(5000) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(5000), fc.dictionary(fc.constantFrom(...names), column), value64, (noise, count, replaced, captured) => {
        const spoiled = columns!.bytes.slice();
        spoiled.set(noise.subarray(0, spoiled.length), 0);
        const hostile: FaultColumns = { ...columns!, ...replaced, bytes: spoiled, count, captured };
        expect(thrownBy(() => (fastPath.load(hostile), fastPath.run(0, count)))).toSatisfy((error) => error === undefined || error instanceof RangeError);
      }),
      { numRuns: 1000 },
    );
    // It still works.
    expect(await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).toEqual(await holdAgainstReference(new PlannedFastPath(module, isa, SETTINGS), isa, faults, NO_FACTS));
  });

  it("with a syndrome, exit reason or transformed instruction in each fault", async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    const drafts = fc.sample(draft(bytes), { numRuns: 1500, seed: 41 });
    const facts = fc.sample(before, { numRuns: 1500, seed: 43 });
    const faults = drafts.map((each, index) => faultFrom(isa, set, { ...each, more: index % 3 === 0 ? facts[index]! : { syndrome: 0x9600_0047n, exitReason: 48n, exitQualification: BigInt(index) } }));
    const answered = (await holdAgainstReference(fastPath, isa, faults, NO_FACTS)).filter(Boolean).length;
    const without = (await holdAgainstReference(fastPath, isa, faults.map(({ syndrome: _s, exitReason: _r, ...fault }) => fault), NO_FACTS)).filter(Boolean).length;
    expect(answered).toBeGreaterThan(0.8 * without);
  });

  it.runIf(set === "rv64")("with what the hart says in place of the bytes", async () => {
    const fastPath = new PlannedFastPath(module, isa, SETTINGS);
    // Loads and stores as htinst has them: no immediate; bit 1 clear for one of 16 bits; now and then an Address Offset or a fault elsewhere.
    const word = fc.tuple(fc.constantFrom(0x03, 0x23, 0x2f, 0x07), fc.nat(7), fc.nat(31), fc.nat(31), fc.boolean(), fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(31) }));
    const arbitrary = fc.tuple(draft(bytes), word).map(([each, [opcode, funct3, data, other, short, offset]]): Fault => {
      const operand = opcode === 0x03 || opcode === 0x07 ? data << 7 : other << 20;
      const value = BigInt(((opcode & (short ? ~2 : ~0)) | (funct3 << 12) | operand | (offset << 15)) >>> 0);
      const fault = faultFrom(isa, set, { ...each, bytes: Uint8Array.of(), missing: [] });
      return { ...fault, write: (opcode === 0x23) !== each.turned, transformedInstruction: value };
    });
    const property = fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 40 }), async (faults) => {
      await holdAgainstReference(fastPath, isa, faults, NO_FACTS);
    });
    await fc.assert(property, { numRuns: 200 });
    // That the fast path answers at all is counted on faults of a fixed seed: how many the property drew is chance.
    const answers = await holdAgainstReference(fastPath, isa, fc.sample(arbitrary, { numRuns: 2000, seed: 47 }), NO_FACTS);
    expect(answers.filter(Boolean).length).toBeGreaterThan(300);
  });

  const files = [BUNDLED, RECORDED].flatMap(traceFiles).filter((file) => file.includes(isa.architecture));
  it.each(files)("%s", async (file) => {
    const { guest, faults } = await faultsOf(file, isa);
    const fastPath = new PlannedFastPath(module, isa, { guest, userMode: "refuse" });
    const answered = await holdAgainstReference(fastPath, isa, faults, guest);
    const declined = faults.filter((fault, index) => !answered[index] && !(reference(isa, fault, guest) instanceof Refusal));
    const mnemonics = declined.map((fault) => (isa.decode(fault.bytes, set) as Instruction).mnemonic);
    // Integer moves that are declined load AH, BH, CH or DH, or reverse their bytes.
    expect(mnemonics.filter((mnemonic) => /^(movzx|movsx|movsxd|movnti|[ls][bhwd]u?|c\.[ls][wdbh].*)$/.test(mnemonic))).toEqual([]);
    // Of what programs do with device memory hardly anything may be declined.
    expect(mnemonics.filter((mnemonic) => /^(cmp|test)$/.test(mnemonic))).toEqual([]);
    expect(file.includes("program") ? mnemonics.filter((mnemonic) => /^(mov|add|adc|sub|sbb|and|or|xor|inc|dec)$/.test(mnemonic)) : []).toEqual([]);
  });
});
