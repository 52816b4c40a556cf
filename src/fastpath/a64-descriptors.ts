import type { Facts, PairFacts, SingleFacts } from "../isa/aarch64/facts.ts";
import type { FieldPart } from "../isa/pattern.ts";
import type { CompiledRow, RowTable } from "../isa/rows.ts";
import { CHECK } from "./flag-checks.ts";
import { informationOf } from "./record.ts";

/**
 * The kernel's tables for A64, derived from the rows that the reference decodes with: a descriptor for each way to load or store a
 * general register, found by bits 31:21 and 11:10 of the word. A row that has no descriptor, and a word that does not meet its
 * row's conditions, are declined.
 */
export interface A64Tables {
  /** For each value of word bits 31:21:11:10 the byte offset of its descriptor. */
  readonly slots: Uint16Array;
  readonly descriptors: Uint8Array;
  /** Forms that have a descriptor. */
  readonly forms: readonly string[];
}

/** Bytes of a descriptor; where its fields lie stands in assembly/a64.ts and in {@link writeDescriptor}. */
export const DESCRIPTOR_SIZE = 80;

/** Word bits by which a descriptor is found. */
const INDEX_MASK = 0xffe00c00 | 0;
const SLOT_COUNT = 1 << 13;

/** Bits 31:21:11:10 of a word as a slot's number. */
function slotOf(word: number): number {
  return ((word >>> 19) & 0x1ffc) | ((word >>> 10) & 3);
}

/** A field of the word as a multiple of its scale: bits under the mask, shifted right, and then `sign` is the sign bit's value. */
interface Immediate {
  readonly mask: number;
  readonly shift: number;
  readonly sign: bigint;
}

/** What the kernel needs to know of a form. */
interface Shape {
  readonly immediate: Immediate;
  readonly address: "offset" | "pre-index" | "post-index" | "register" | "literal";
  readonly bytes: 1 | 2 | 4 | 8;
  readonly write: boolean;
  readonly signed: boolean;
  readonly sixtyFour: boolean;
  readonly ordered: boolean;
  readonly pair: boolean;
}

/** Bits that a word must have, besides those of the index. */
interface Condition {
  readonly mask: number;
  readonly match: number;
}

/** A descriptor that is written. */
interface Written {
  readonly shape: Shape;
  condition: Condition;
  /** Slots that lead to it. */
  slots: number;
}

/** Derives the tables. `table` is the reference's own. */
export function deriveA64Tables(table: RowTable<Facts>): A64Tables {
  const slots = new Uint16Array(SLOT_COUNT);
  const written: Written[] = [];
  const bytes = new Uint8Array(DESCRIPTOR_SIZE * (1 + 2 * table.rows.length));
  const view = new DataView(bytes.buffer);
  // Descriptor 0 declines: no word has the bit that it wants under no mask.
  view.setUint32(4, 1, true);
  view.setUint8(76, 3);
  const forms: string[] = [];
  const known = new Map<string, number>();
  for (const row of table.rows) {
    // Most rows end here: it is asked first.
    const shape = shapeOf(row.facts);
    if (shape === undefined || !fieldsAreInPlace(row)) continue;
    const condition = conditionOf(row);
    if (condition === undefined) continue;
    const all = slotsOf(row);
    const taken = all.filter((slot) => slots[slot] !== 0);
    if (taken.length > 0 && !mergeInto(taken, slots, written, view, shape, condition)) continue;
    forms.push(row.form);
    if (taken.length > 0) continue;
    // What differs in name only (LDUR and LDTR) shares a descriptor, for the cache's sake.
    const key = keyOf(shape, condition);
    const offset = known.get(key) ?? (written.length + 1) * DESCRIPTOR_SIZE;
    if (!known.has(key)) {
      known.set(key, offset);
      written.push({ shape, condition, slots: 0 });
      writeDescriptor(view, offset, shape, condition);
    }
    written[offset / DESCRIPTOR_SIZE - 1]!.slots += all.length;
    for (const slot of all) slots[slot] = offset;
  }
  return { slots, descriptors: bytes.subarray(0, (1 + written.length) * DESCRIPTOR_SIZE), forms };
}

/** A text that is the same for the same shape and condition. */
function keyOf({ immediate, address, bytes, write, signed, sixtyFour, ordered, pair }: Shape, { mask, match }: Condition): string {
  return `${immediate.mask} ${immediate.shift} ${immediate.sign} ${address} ${bytes} ${write} ${signed} ${sixtyFour} ${ordered} ${pair} ${mask} ${match}`;
}

/**
 * Two rows that the index does not tell apart (LDAR and LDLAR): if they do the same and differ in one bit only, that bit no longer
 * matters. Otherwise the second row is left to the reference.
 */
function mergeInto(
  taken: readonly number[],
  slots: Uint16Array,
  written: readonly Written[],
  view: DataView,
  shape: Shape,
  condition: Condition,
): boolean {
  const offset = slots[taken[0]!]!;
  const there = written[offset / DESCRIPTOR_SIZE - 1]!;
  const differing = there.condition.match ^ condition.match;
  const oneBit = differing !== 0 && (differing & (differing - 1)) === 0;
  if (keyOf(there.shape, condition) !== keyOf(shape, condition) || there.condition.mask !== condition.mask || !oneBit) return false;
  if (!taken.every((slot) => slots[slot] === offset) || there.slots !== taken.length) return false;
  there.condition = { mask: condition.mask & ~differing, match: condition.match & ~differing };
  writeDescriptor(view, offset, there.shape, there.condition);
  return true;
}

/** Fields as the kernel reads them: lowest bit and width. A row that has one elsewhere (LDIAPP its Rt2) is not the kernel's. */
const FIELD_PLACES: Readonly<Record<string, readonly [from: number, width: number]>> = {
  Rt: [0, 5],
  Rn: [5, 5],
  Rt2: [10, 5],
  Rm: [16, 5],
  S: [12, 1],
  option: [13, 3],
  imm7: [15, 7],
  imm9: [12, 9],
  imm12: [10, 12],
  imm19: [5, 19],
};

function fieldsAreInPlace({ fields }: CompiledRow<Facts>): boolean {
  for (const [name, parts] of fields) {
    const place = FIELD_PLACES[name];
    if (place === undefined || parts.length !== 1 || parts[0]!.to !== 0 || parts[0]!.from !== place[0] || parts[0]!.width !== place[1]) return false;
  }
  return true;
}

/** An unsigned field, multiplied by 2^scale, which shifts it no further than its place in the word. */
function unsignedField(name: string, scale: number): Immediate {
  const [from, width] = FIELD_PLACES[name]!;
  return { mask: (((1 << width) - 1) << from) | 0, shift: from - scale, sign: 0n };
}

function signedField(name: string, scale: number): Immediate {
  const { mask, shift } = unsignedField(name, scale);
  return { mask, shift, sign: 1n << BigInt(FIELD_PLACES[name]![1] - 1 + scale) };
}

const NOTHING: Immediate = { mask: 0, shift: 0, sign: 0n };
/** The shape of a form, or undefined if it is not the kernel's: vectors, atomics, tags, and the rare. */
function shapeOf(facts: Facts): Shape | undefined {
  switch (facts.kind) {
    case "single":
      return facts.register === "v" || facts.bytes === 16 ? undefined : singleShape(facts, facts.bytes);
    case "pair":
      return facts.register === "v" || facts.bytes === 16 ? undefined : pairShape(facts, facts.bytes);
    case "ordered-pair":
    case "ordered-writeback":
    case "multiple":
    case "lane":
    case "replicate":
    case "exclusive":
    case "atomic":
    case "atomic-pair":
    case "compare-and-swap":
    case "compare-and-swap-pair":
    case "tag-pair":
    case "sixty-four-bytes":
    case "refused":
      return undefined;
    default:
      return facts satisfies never;
  }
}

function singleShape({ access, address, signed, register, ordering }: SingleFacts, bytes: 1 | 2 | 4 | 8): Shape | undefined {
  const immediate = immediateOf(address, bytes);
  return immediate === undefined || address === "unscaled-scaled"
    ? undefined
    : { bytes, write: access === "store", signed: signed === true, sixtyFour: register === "x", ordered: ordering !== undefined, pair: false, address: ADDRESSES[address], immediate };
}

const ADDRESSES = {
  base: "offset",
  "unsigned-offset": "offset",
  unscaled: "offset",
  "post-index": "post-index",
  "pre-index": "pre-index",
  register: "register",
  literal: "literal",
} as const;

/** Immediates of the load/store register classes, DDI 0487 C4.1.94. */
function immediateOf(address: SingleFacts["address"], bytes: 1 | 2 | 4 | 8): Immediate | undefined {
  switch (address) {
    case "base":
    case "register":
      return NOTHING;
    case "unsigned-offset":
      return unsignedField("imm12", Math.log2(bytes));
    case "unscaled":
    case "post-index":
    case "pre-index":
      return signedField("imm9", 0);
    case "literal":
      return signedField("imm19", 2);
    case "unscaled-scaled":
      return undefined;
    default:
      return address satisfies never;
  }
}

function pairShape({ access, index, signed, register }: PairFacts, bytes: 4 | 8): Shape {
  return {
    bytes,
    write: access === "store",
    signed: signed === true,
    sixtyFour: register === "x",
    ordered: false,
    pair: true,
    address: index,
    immediate: signedField("imm7", Math.log2(bytes)),
  };
}

/** What a word must meet besides the index; undefined where that can't be said with one mask. */
function conditionOf({ mask, match, shouldMask, shouldMatch, conditions }: CompiledRow<Facts>): Condition | undefined {
  let whole: Condition = { mask: mask | shouldMask, match: match | shouldMatch };
  for (const { parts, allowed } of conditions) {
    const more = cubeOf(parts, allowed);
    if (more === undefined || (more.mask & INDEX_MASK) !== 0) return undefined;
    whole = { mask: whole.mask | more.mask, match: whole.match | more.match };
  }
  return { mask: whole.mask & ~INDEX_MASK, match: whole.match & ~INDEX_MASK };
}

/** Allowed values of a field as bits that are the same in all of them, if every value with these bits is allowed. */
function cubeOf(parts: readonly FieldPart[], allowed: ReadonlySet<number>): Condition | undefined {
  const values = [...allowed];
  const all = values.reduce((sum, value) => sum & value, -1);
  const any = values.reduce((sum, value) => sum | value, 0);
  let mask = 0;
  let match = 0;
  let free = 0;
  for (const { from, to, width: bits } of parts) {
    for (let bit = 0; bit < bits; bit++) {
      const position = 1 << (to + bit);
      if ((all & position) !== 0) match |= 1 << (from + bit);
      if ((all & position) === (any & position)) mask |= 1 << (from + bit);
      else free++;
    }
  }
  return allowed.size === 1 << free ? { mask, match } : undefined;
}

/** The slots that words of a row fall into: all subsets of the index bits that it leaves free. */
function slotsOf({ mask, match, shouldMask, shouldMatch }: CompiledRow<Facts>): number[] {
  const free = slotOf(~(mask | shouldMask));
  const fixed = slotOf((match | shouldMatch) & (mask | shouldMask));
  const slots: number[] = [];
  for (let subset = free; ; subset = (subset - 1) & free) {
    slots.push(fixed | subset);
    if (subset === 0) return slots;
  }
}

const ONES = 0xffff_ffff_ffff_ffffn;

function writeDescriptor(view: DataView, at: number, shape: Shape, condition: Condition): void {
  const { immediate, address, bytes, write, signed, sixtyFour, ordered, pair } = shape;
  const writeback = address === "pre-index" || address === "post-index";
  const bits = BigInt(8 * bytes);
  const accesses = pair ? 2 : 1;
  view.setUint32(at, condition.mask, true);
  view.setUint32(at + 4, condition.match, true);
  view.setUint32(at + 8, immediate.mask, true);
  view.setUint32(at + 12, immediate.shift, true);
  view.setBigUint64(at + 16, immediate.sign, true);
  view.setBigUint64(at + 24, address === "post-index" ? 0n : ONES, true);
  view.setBigUint64(at + 32, (1n << bits) - 1n, true);
  view.setBigUint64(at + 40, signed ? 1n << (bits - 1n) : 0n, true);
  view.setBigUint64(at + 48, write || sixtyFour ? ONES : 0xffff_ffffn, true);
  const flags = { write: Number(write), signExtend: Number(signed), sixtyFour: Number(write ? bytes === 8 : sixtyFour), ordered: Number(ordered) };
  view.setUint32(at + 56, informationOf({ size: bytes, ...flags, accesses, writeback: Number(writeback), length: 4 }), true);
  view.setUint32(at + 60, checksOf(shape, writeback), true);
  view.setUint32(at + 64, accesses * bytes - 1, true);
  view.setUint32(at + 72, Number(write), true);
  view.setUint8(at + 76, kindOf(shape, condition));
  view.setUint8(at + 78, Math.log2(bytes));
}

/** What sets a descriptor apart from accesses at a register and an immediate: the kernel's numbers for it. */
function kindOf({ address }: Shape, condition: Condition): number {
  if (address === "register") return 1;
  if (address === "literal") return 2;
  return condition.mask === 0 && condition.match === 0 ? 0 : 3;
}

/**
 * What of a fault's flags the form minds, and CONSTRAINED UNPREDICTABLE operands, DDI 0487 K1.2: the base among the registers with writeback, and the
 * same register loaded twice.
 */
function checksOf({ write, pair }: Shape, writeback: boolean): number {
  const flags = write ? CHECK.write : pair ? CHECK.twoReads : CHECK.read;
  return flags | (writeback ? CHECK.baseIsFirst : 0) | (writeback && pair ? CHECK.baseIsSecond : 0) | (pair && !write ? CHECK.firstIsSecond : 0);
}

/** For each value of word bits 14:0 (Rt2, Rn, Rt) which of the three are equal, as bits of {@link CHECK}. */
export function equalRegisters(): Uint8Array {
  const equals = new Uint8Array(1 << 15);
  for (let number = 0; number < 32; number++) {
    for (let other = 0; other < 32; other++) {
      // As a base 31 is SP, and as another register it is XZR.
      if (number !== 31) {
        equals[(other << 10) | (number << 5) | number]! |= CHECK.baseIsFirst;
        equals[(number << 10) | (number << 5) | other]! |= CHECK.baseIsSecond;
      }
      equals[(number << 10) | (other << 5) | number]! |= CHECK.firstIsSecond;
    }
  }
  return equals;
}
