import { truncate } from "../model/bits.ts";
import { SLOT_LIMIT } from "../model/fault-columns.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Address, Destination, Operation, Operator, Read, Source, Write } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";
import { CHECK } from "./flag-checks.ts";
import { informationOf } from "./record.ts";

/** Bytes of a plan, one line of the cache; where its fields lie stands in assembly/plans.ts and in {@link writePlan}. */
export const PLAN_SIZE = 64;
/** Bytes of what plans have in common, see {@link classOf}. */
export const CLASS_SIZE = 64;

/** Slots of the kernel's register file beyond those of the trace. */
const ZERO_SLOT = 64;
const PROGRAM_COUNTER_SLOT = 65;
const FAULT_ADDRESS_SLOT = 66;

const ONES = 0xffff_ffff_ffff_ffffn;
const bitsOf = (width: number): bigint => (1n << BigInt(width)) - 1n;

/** A decoded instruction that moves one value between a general register, or an immediate, and memory, or computes with it, in the kernel's terms. */
export interface Plan {
  readonly displacement: bigint;
  readonly addressMask: bigint;
  readonly index: { readonly slot: number; readonly shift: number };
  readonly base: number;
  readonly segment: number;
  /** Slot and lowest bit of the value that is written; undefined for reads and immediates. */
  readonly source?: { readonly slot: number; readonly bit: number };
  readonly immediate: bigint;
  readonly cut: bigint;
  readonly sign: bigint;
  readonly result: bigint;
  /** What the destination keeps of its old value. */
  readonly kept: { readonly slot: number; readonly mask: bigint };
  /** Slots that must have been captured. */
  readonly needed: bigint;
  readonly write: boolean;
  readonly size: 1 | 2 | 4 | 8;
  readonly information: number;
  /** What A32 and T32 have besides. */
  readonly arm?: ArmPlan;
  /** Arithmetic of what is read with `source` or the immediate. */
  readonly compute?: ComputePlan;
}

/** What an instruction of A32 or T32 has besides. It is always executed; the kernel sees that CPSR says nothing unusual. */
interface ArmPlan {
  /** What is added to the base register, with writeback. */
  readonly step: bigint;
  /** The second register of a pair. */
  readonly second: number;
  readonly accesses: 1 | 2;
  /** Low bits of the address that must be zero. */
  readonly alignmentMask: number;
}

interface ComputePlan {
  /** Position in {@link operatorMasks}. */
  readonly operator: number;
  /** What is read is the first operand. */
  readonly memoryFirst: boolean;
  /** The result is written back to memory. */
  readonly writesBack: boolean;
  /** The register that gets the result, and what it keeps of its old value; the zero slot if there is none. */
  readonly target: { readonly slot: number; readonly keep: bigint };
}

/** An operator as the kernel computes it, whatever it is, in 64-bit words: see assembly/flags.ts. */
interface OperatorMasks {
  /** All ones for a sum, and for the flags that it has. */
  readonly sum: bigint;
  /** All ones: bits that are set in both operands count, and bits that differ. */
  readonly both: bigint;
  readonly different: bigint;
  /** All ones: the second operand is inverted before it is added. */
  readonly invert: bigint;
  /** What is added besides, and whether CF inverts that: 0 or 1. */
  readonly carryIn: bigint;
  readonly usesCarry: bigint;
  /** Whether CF stays as it was: 0 or 1. */
  readonly keepsCarry: bigint;
}

const ADDITION: OperatorMasks = { sum: ONES, both: 0n, different: 0n, invert: 0n, carryIn: 0n, usesCarry: 0n, keepsCarry: 0n };
const SUBTRACTION: OperatorMasks = { ...ADDITION, invert: ONES, carryIn: 1n };
const BITWISE: OperatorMasks = { ...ADDITION, sum: 0n };

const OPERATORS: ReadonlyMap<Operator, OperatorMasks> = new Map<Operator, OperatorMasks>([
  ["x86-add", ADDITION],
  ["x86-adc", { ...ADDITION, usesCarry: 1n }],
  ["x86-sub", SUBTRACTION],
  ["x86-sbb", { ...SUBTRACTION, usesCarry: 1n }],
  ["x86-and", { ...BITWISE, both: ONES }],
  ["x86-or", { ...BITWISE, both: ONES, different: ONES }],
  ["x86-xor", { ...BITWISE, different: ONES }],
  ["x86-inc", { ...ADDITION, keepsCarry: 1n }],
  ["x86-dec", { ...SUBTRACTION, keepsCarry: 1n }],
]);
const OPERATOR_NAMES = [...OPERATORS.keys()];

/** The masks of all operators, eight words each. */
export function operatorMasks(): BigUint64Array {
  const masks = [...OPERATORS.values()].flatMap(({ sum, both, different, invert, carryIn, usesCarry, keepsCarry }) => [
    sum, both, different, invert, carryIn, usesCarry, keepsCarry, 0n,
  ]);
  return BigUint64Array.from(masks);
}

/**
 * Keys that an operation, and its parts, may have for a plan to be made of it. What the model has besides them, now or one day, the
 * kernel does not know, and declines.
 */
const KNOWN = {
  operation: ["addresses", "reads", "writes", "computes", "updates", "ordering", "unprivileged"],
  armOperation: ["addresses", "reads", "writes", "computes", "updates", "ordering", "condition", "alignment"],
  address: ["base", "index", "displacement", "segment", "width"],
  index: ["slice", "signed", "shift"],
  read: ["address", "offset", "size", "to"],
  write: ["address", "offset", "size", "from"],
  computedRead: ["address", "offset", "size", "to", "temporary", "temporaryBit"],
  compute: ["operator", "width", "inputs", "to", "temporary"],
} as const;

function hasOnly(value: object, known: readonly string[]): boolean {
  return Object.entries(value).every(([key, each]) => each === undefined || known.includes(key));
}

/** The plan of an instruction, or undefined if the kernel can't carry it out. */
export function planOf({ operation, length }: Instruction, registers: RegisterSet): Plan | undefined {
  if (operation instanceof Refusal) return undefined;
  if (registers.architecture === "arm") return armPlanOf(operation, length, registers);
  return hasOnly(operation, KNOWN.operation) ? plainPlanOf(operation, length, registers) : undefined;
}

/** The plan of an operation with one address and one access, or one computation. */
function plainPlanOf(operation: Operation, length: number, registers: RegisterSet): Plan | undefined {
  const { addresses, reads, writes, computes, updates } = operation;
  if (addresses.length !== 1 || updates.length > 0) return undefined;
  const address = addressPlan(addresses[0]!, registers);
  if (address === undefined) return undefined;
  if (computes.length > 0) return computePlanOf(operation, address, length, registers);
  if (reads.length + writes.length !== 1) return undefined;
  return reads.length === 1 ? readPlan(reads[0]!, address, operation, length, registers) : writePlanOf(writes[0]!, address, operation, length, registers);
}

/** The condition field of an instruction that is always executed. */
const ALWAYS = 14;

/** A move of A32 or T32: its first access as everywhere, then the second of a pair, and the writeback. */
function armPlanOf(operation: Operation, length: number, registers: RegisterSet): Plan | undefined {
  const { reads, writes, updates, condition, alignment = 1, addresses } = operation;
  if (!hasOnly(operation, KNOWN.armOperation) || typeof condition === "number" && condition !== ALWAYS) return undefined;
  const second = secondOf(operation, registers);
  if (second === undefined) return undefined;
  const first: Operation = { addresses, reads: reads.slice(0, 1), computes: operation.computes, writes: writes.slice(0, 1), updates: [], ...(operation.ordering !== undefined && { ordering: operation.ordering }) };
  const plan = operation.computes.length > 0 ? undefined : plainPlanOf(first, length, registers);
  if (plan === undefined) return undefined;
  const step = updates.length === 0 ? 0n : stepOf(updates, addresses[0]!);
  if (step === undefined) return undefined;
  const accesses = second.slot === ZERO_SLOT ? 1 : 2;
  const needed = maskOf([registers.index("cpsr"), ...(plan.write ? [second.slot] : [])]);
  const more = informationOf({ ...(updates.length > 0 && { writeback: 1, base: numberOf(addresses[0]!.base!, registers)! }), ...(accesses === 2 && { second: second.number }) });
  const counted = (plan.information & ~informationOf({ accesses: 3 })) | informationOf({ accesses });
  return {
    ...plan,
    needed: plan.needed | needed,
    information: (counted | more) >>> 0,
    arm: { step, second: second.slot, accesses, alignmentMask: alignment - 1 },
  };
}

/** The register of a pair's second access, the zero slot where there is none; undefined: the kernel can't do what else it does. */
function secondOf({ reads, writes }: Operation, registers: RegisterSet): { readonly slot: number; readonly number: number } | undefined {
  if (reads.length + writes.length < 2) return { slot: ZERO_SLOT, number: 0 };
  if (reads.length + writes.length > 2 || reads.length === 1) return undefined;
  const [first, second] = reads.length === 2 ? reads : writes;
  if (second!.address !== first!.address || second!.offset !== first!.size || second!.size !== first!.size) return undefined;
  if (reads.length === 2) {
    const [destination] = reads[1]!.to;
    if (!hasOnly(reads[1]!, KNOWN.read) || reads[1]!.to.length !== 1 || destination === undefined) return undefined;
    const target = targetOf(destination, second!.size, registers);
    return target === undefined || destination.width !== 32 ? undefined : target;
  }
  const { from } = writes[1]!;
  if (!hasOnly(writes[1]!, KNOWN.write) || from.kind !== "register" || from.bit !== 0 || from.width !== 32) return undefined;
  const slot = slotOf(from.register, registers);
  const number = numberOf(from.register, registers);
  return slot === undefined || number === undefined ? undefined : { slot, number };
}

/** What is added to the base register; undefined where the new base is something else. */
function stepOf(updates: Operation["updates"], address: Address): bigint | undefined {
  const [update] = updates;
  if (updates.length !== 1 || update === undefined || address.base === undefined) return undefined;
  const { to, value } = update;
  const whole = to.bit === 0 && to.width === 32 && to.extendTo === 32;
  const isSum = Object.entries(value).every(([key, each]) => each === undefined || ["base", "displacement", "width"].includes(key));
  return whole && isSum && to.register === address.base && value.base === address.base && value.width === 32 ? truncate(value.displacement, 64) : undefined;
}

/**
 * The plan of a transformed instruction (`Isa.decodeTransformed`), decoded for a fault at address 0: its own displacement is then the Address Offset,
 * negated. With one that is not zero the access did not start where it faulted, which the reference refuses.
 */
export function transformedPlanOf(instruction: Instruction, registers: RegisterSet): Plan | undefined {
  const plan = planOf(instruction, registers);
  return plan === undefined || plan.displacement !== 0n ? undefined : { ...plan, base: FAULT_ADDRESS_SLOT };
}

type AddressPlan = Pick<Plan, "displacement" | "addressMask" | "index" | "base" | "segment"> & { readonly slots: readonly number[] };

/** The slot of a register of the integer file, or of a segment base. Undefined: not the kernel's. */
function slotOf(register: Register, registers: RegisterSet): number | undefined {
  if (register === ZERO_REGISTER) return ZERO_SLOT;
  if (register === PROGRAM_COUNTER) return PROGRAM_COUNTER_SLOT;
  const { file } = registers.describe(register);
  return file !== "vector" && register < SLOT_LIMIT ? register : undefined;
}

function addressPlan(address: Address, registers: RegisterSet): AddressPlan | undefined {
  const { base = ZERO_REGISTER, index, displacement, segment = ZERO_REGISTER, width } = address;
  if (!hasOnly(address, KNOWN.address)) return undefined;
  const baseSlot = slotOf(base, registers);
  const segmentSlot = slotOf(segment, registers);
  const indexSlot = index === undefined ? ZERO_SLOT : slotOf(index.slice.register, registers);
  if (baseSlot === undefined || segmentSlot === undefined || indexSlot === undefined) return undefined;
  const slots = [baseSlot, segmentSlot, indexSlot];
  const plan = { displacement: truncate(displacement, 64), addressMask: bitsOf(width), base: baseSlot, segment: segmentSlot, slots };
  if (index === undefined) return { ...plan, index: { slot: ZERO_SLOT, shift: 0 } };
  const { slice, signed, shift } = index;
  // Of a narrower index the bits above must not count: they do not where the sum is cut to as many.
  if (!hasOnly(index, KNOWN.index) || slice.bit !== 0 || shift.kind !== "lsl" || signed || slice.width < width) return undefined;
  return { ...plan, index: { slot: indexSlot, shift: shift.amount } };
}

/** Registers below the extra slots, as a mask. */
function maskOf(slots: readonly number[]): bigint {
  return slots.filter((slot) => slot < ZERO_SLOT).reduce((mask, slot) => mask | (1n << BigInt(slot)), 0n);
}

/** Number by which instructions name a register of the general file; undefined for others. */
function numberOf(register: Register, registers: RegisterSet): number | undefined {
  if (register === ZERO_REGISTER) return registers.zeroNumber;
  const { file, number } = registers.describe(register);
  return file === "general" ? number : undefined;
}

function readPlan(read: Read, address: AddressPlan, operation: Operation, length: number, registers: RegisterSet): Plan | undefined {
  const { size, offset, to } = read;
  const [destination] = to;
  if (!hasOnly(read, KNOWN.read) || offset !== 0 || to.length !== 1 || destination === undefined) return undefined;
  const { slots, ...rest } = address;
  const target = targetOf(destination, size, registers);
  if (target === undefined) return undefined;
  const { slot, number, sign, result, keep } = target;
  const signExtend = Number(destination.extension === "sign" && 8 * size < destination.extendTo);
  const ordered = Number(operation.ordering !== undefined);
  return {
    ...rest,
    immediate: 0n,
    cut: bitsOf(8 * size),
    sign,
    result,
    kept: { slot, mask: keep },
    needed: maskOf(keep === 0n ? slots : [...slots, slot]),
    write: false,
    size,
    information: informationOf({ size, signExtend, sixtyFour: Number(destination.extendTo === 64), ordered, accesses: 1, length, register: number }),
  };
}

/** Where a loaded value goes: its low bytes to the low bits of a general register. */
function targetOf({ register, bit, width, extension, extendTo, clearTo }: Destination, size: number, registers: RegisterSet) {
  if (register === PROGRAM_COUNTER || extension === "ones" || bit !== 0 || width !== 8 * size) return undefined;
  const slot = slotOf(register, registers);
  const number = numberOf(register, registers);
  if (slot === undefined || number === undefined) return undefined;
  const whole = register === ZERO_REGISTER ? 0 : registers.describe(register).width;
  const sign = extension === "sign" && extendTo > width ? 1n << BigInt(width - 1) : 0n;
  return { slot, number, sign, result: bitsOf(Math.max(width, extendTo)), keep: bitsOf(whole) & ~bitsOf(Math.max(width, extendTo, clearTo)) };
}

function writePlanOf(write: Write, address: AddressPlan, operation: Operation, length: number, registers: RegisterSet): Plan | undefined {
  const { size, offset, from } = write;
  if (!hasOnly(write, KNOWN.write) || offset !== 0 || from.kind === "temporary") return undefined;
  const { slots, ...rest } = address;
  const source = from.kind === "register" ? { slot: slotOf(from.register, registers), number: numberOf(from.register, registers) } : undefined;
  if (source !== undefined && (source.slot === undefined || source.number === undefined)) return undefined;
  if (from.kind === "register" && from.bit % 8 !== 0) return undefined;
  const cut = from.kind === "register" ? bitsOf(Math.min(from.width, 8 * size)) : bitsOf(8 * size);
  const fields = { size, write: 1, sixtyFour: Number(size === 8), ordered: Number(operation.ordering !== undefined), accesses: 1, length };
  return {
    ...rest,
    ...(from.kind === "register" && { source: { slot: source!.slot!, bit: from.bit } }),
    immediate: from.kind === "immediate" ? truncate(from.value, 64) : 0n,
    cut,
    sign: 0n,
    result: ONES,
    kept: { slot: ZERO_SLOT, mask: 0n },
    needed: maskOf(source === undefined ? slots : [...slots, source.slot!]),
    write: true,
    size,
    information: informationOf({ ...fields, ...(source === undefined ? { immediate: 1 } : { register: source.number! }) }),
  };
}

/** One read, one computation with its value, and at most one write, of the result and to where it was read; or a register gets the result. */
function computePlanOf({ reads, computes, writes, ordering }: Operation, address: AddressPlan, length: number, registers: RegisterSet): Plan | undefined {
  const [read] = reads;
  const [compute] = computes;
  const [write] = writes;
  if (read === undefined || compute === undefined || reads.length + computes.length > 2 || writes.length > 1 || ordering !== undefined) return undefined;
  if (!hasOnly(read, KNOWN.computedRead) || !hasOnly(compute, KNOWN.compute)) return undefined;
  const { size, offset, to, temporary, temporaryBit = 0 } = read;
  const operator = OPERATOR_NAMES.indexOf(compute.operator);
  const { width, inputs, to: targets } = compute;
  if (operator < 0 || offset !== 0 || to.length > 0 || temporary === undefined || temporaryBit !== 0 || width !== 8 * size || targets.length > 1) return undefined;
  const isRead = (input: Source | undefined): boolean => input?.kind === "temporary" && input.index === temporary && (input.bit ?? 0) === 0;
  const memoryFirst = isRead(inputs[0]);
  if (!memoryFirst && !isRead(inputs[1])) return undefined;
  // INC and DEC have one input, and 1 is the other.
  const other: Source = inputs.length === 1 ? { kind: "immediate", value: 1n } : inputs[memoryFirst ? 1 : 0]!;
  if (other.kind === "temporary" || inputs.length > 2) return undefined;
  const source = other.kind === "register" ? slotOf(other.register, registers) : undefined;
  if (other.kind === "register" && (source === undefined || other.bit % 8 !== 0 || other.width < width)) return undefined;
  if (write !== undefined && !isWrittenBack(write, size, compute.temporary)) return undefined;
  const [destination] = targets;
  const target = destination === undefined ? undefined : targetOf(destination, size, registers);
  if (destination !== undefined && (target === undefined || destination.extension !== "zero" || write !== undefined)) return undefined;
  const { slots, ...rest } = address;
  const flags = registers.index("rflags");
  const needed = [...slots, flags, ...(source === undefined ? [] : [source]), ...(target === undefined || target.keep === 0n ? [] : [target.slot])];
  const place = target === undefined ? {} : { base: target.number, writeback: 1 };
  return {
    ...rest,
    ...(other.kind === "register" && { source: { slot: source!, bit: other.bit } }),
    immediate: other.kind === "immediate" ? truncate(other.value, 64) : 0n,
    cut: bitsOf(width),
    sign: 0n,
    result: ONES,
    kept: { slot: ZERO_SLOT, mask: 0n },
    needed: maskOf(needed),
    write: false,
    size,
    information: informationOf({ size, immediate: 1, flags: 1, accesses: write === undefined ? 1 : 2, length, ...place }),
    compute: { operator, memoryFirst, writesBack: write !== undefined, target: { slot: target?.slot ?? ZERO_SLOT, keep: target?.keep ?? 0n } },
  };
}

function isWrittenBack(write: Write, size: number, result: number | undefined): boolean {
  const { offset, from } = write;
  return hasOnly(write, KNOWN.write) && offset === 0 && write.size === size && from.kind === "temporary" && from.index === result && (from.bit ?? 0) === 0;
}

/** What a plan is found by, as the kernel compares it: see assembly/plans.ts. */
export interface PlanKey {
  readonly low: bigint;
  readonly high: bigint;
}

/** What many plans have in common, as the words of a class. */
export function classOf({ cut, sign, result, kept, addressMask, compute }: Plan): readonly bigint[] {
  return [cut, sign, result, kept.mask, addressMask, compute?.target.keep ?? 0n];
}

/** Where a plan goes and what it refers to: addresses in the kernel's memory. */
export interface PlanPlace {
  readonly at: number;
  readonly classAt: number;
  /** Of the register file. */
  readonly registers: number;
}

/** Writes a plan; undefined: that faults with these bytes are declined. */
export function writePlan(view: DataView, { at, classAt, registers }: PlanPlace, { low, high }: PlanKey, plan: Plan | undefined): void {
  for (let word = 0; word < PLAN_SIZE; word += 8) view.setBigUint64(at + word, 0n, true);
  view.setBigUint64(at, low, true);
  view.setBigUint64(at + 8, high, true);
  view.setUint32(at + 52, classAt, true);
  view.setUint8(at + 58, CHECK.never);
  if (plan === undefined) return;
  const { displacement, index, base, segment, source, immediate, kept, write, size, information, compute, arm } = plan;
  view.setBigUint64(at + 16, displacement, true);
  // A store of an immediate has no writeback, and Arm has no such store.
  view.setBigUint64(at + 24, arm === undefined ? immediate : arm.step, true);
  view.setUint16(at + 32, 8 * base, true);
  view.setUint16(at + 34, 8 * index.slot, true);
  view.setUint16(at + 36, 8 * segment, true);
  view.setUint16(at + 38, 8 * kept.slot, true);
  view.setUint32(at + 40, source === undefined ? at + 24 : registers + 8 * source.slot + source.bit / 8, true);
  view.setUint32(at + 44, information, true);
  view.setUint16(at + 48, 8 * (compute?.target.slot ?? arm?.second ?? ZERO_SLOT), true);
  view.setUint8(at + 50, (base > ZERO_SLOT ? 1 : 0) | (compute === undefined ? 0 : 2) | (arm === undefined || arm.alignmentMask + arm.accesses === 1 ? 0 : 4));
  view.setUint8(at + 51, index.shift);
  view.setUint8(at + 56, compute?.operator ?? 0);
  view.setUint8(at + 57, compute?.memoryFirst ? 1 : 0);
  view.setUint8(at + 58, checkOf(plan));
  view.setUint8(at + 59, write ? 1 : 0);
  view.setUint8(at + 60, size * (arm?.accesses ?? 1) - 1);
  view.setUint8(at + 61, arm?.alignmentMask ?? 0);
}

function checkOf({ write, compute, arm }: Plan): number {
  if (write) return CHECK.write;
  if (compute?.writesBack) return CHECK.readAndWrite;
  return arm?.accesses === 2 ? CHECK.twoReads : CHECK.read;
}
