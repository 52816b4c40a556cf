import type { Address, Destination, Operation, Read, RegisterSlice, Source, Write } from "../../model/operation.ts";
import { Field, readField } from "../pattern.ts";
import { type Attributes, NONE, displacementOf } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import type { Facts, LaneFacts, StructureFacts, VectorMultipleFacts, VectorSingleFacts } from "./facts.ts";
import { Choice, Location, type Parts, always, made, offsetBy } from "./general-operations.ts";
import { NO_SHIFT, type ProgramCounterOffset, addressOf, operandOf, writeback } from "./operands.ts";
import { D0, SP } from "./registers.ts";

type Size = 1 | 2 | 4 | 8;

/** `bytes` bytes of D register `number`, from byte `bytes * lane` up. Numbers are modulo 32: what exceeds 31 is refused before it runs. */
function lane(number: number, bytes: Size, position: number): RegisterSlice {
  return { register: D0 + (number % 32), bit: 8 * bytes * position, width: 8 * bytes };
}

/** A whole D register, or an S register: half of one of d0–d15. A half-precision value is the low half of an S register. */
function floatingPointRegister(number: number, bytes: 2 | 4 | 8): RegisterSlice {
  if (bytes === 8) return lane(number, 8, 0);
  return { register: D0 + (number >> 1), bit: 32 * (number & 1), width: 8 * bytes };
}

/** A lane as a destination keeps the rest of its register from bit `clearTo` on. */
function destination({ register, bit, width }: RegisterSlice, clearTo = bit + width, extendTo = bit + width): Destination {
  return { register, bit, width, extension: "zero", extendTo, clearTo };
}

function source({ register, bit, width }: RegisterSlice): Source {
  return { kind: "register", register, bit, width };
}

/** By register number: what loads it. A half-precision value clears the rest of its S register: S<d> = Zeros(16) : value. */
const floatingPointDestinations = sharedTable((bytes: 2 | 4 | 8): readonly (readonly Destination[])[] =>
  tableOf(32, (number) => {
    const slice = floatingPointRegister(number, bytes);
    return [bytes === 2 ? destination(slice, slice.bit + 32, slice.bit + 32) : destination(slice)];
  }),
);

const floatingPointSources = sharedTable((bytes: 2 | 4 | 8): readonly Source[] => tableOf(32, (number) => source(floatingPointRegister(number, bytes))));

/** VLDR, VSTR. */
export function vectorSingle(facts: VectorSingleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { access, bytes } = facts;
  const d = operandOf(row, "d", 0);
  const parts = {
    sizes: [bytes],
    addresses: new Location(row, pc, offsetBy(row), { kind: "immediate", scale: bytes === 2 ? 2 : 4 }, facts.base),
    // A D register is two word accesses to the processor: MemA[address, 4] twice.
    attributes: always<Attributes>({ alignment: bytes === 2 ? 2 : 4 }),
  };
  if (access === "load") {
    const reads = floatingPointDestinations(bytes).map((to): readonly Read[] => [{ address: 0, offset: 0, size: bytes, to }]);
    return { ...parts, reads: new Choice(d, reads) };
  }
  const writes = floatingPointSources(bytes).map((from): readonly Write[] => [{ address: 0, offset: 0, size: bytes, from }]);
  return { ...parts, writes: new Choice(d, writes) };
}

/** VLDM, VSTM. The base moves by the size of all registers, with FLDMX and FSTMX by a word more. */
export function vectorMultiple(facts: VectorMultipleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { access, bytes, mode } = facts;
  const n = operandOf(row, "Rn", 0);
  const d = operandOf(row, "d", 0);
  const regs = operandOf(row, "regs", 0);
  const wback = vectorMultipleWritesBack(facts, row);
  const end = (word: number): bigint => {
    const size = bytes * readField(regs, word) + (facts.extraWord ? 4 : 0);
    return displacementOf(mode === "IA" ? size : 0 - size);
  };
  const parts = {
    sizes: undefined,
    addresses: made((word): Operation["addresses"] => [addressOf(readField(n, word), pc, mode === "IA" ? 0n : end(word))]),
    updates: made((word): Operation["updates"] => (readField(wback, word) !== 0 ? [writeback(readField(n, word), { base: readField(n, word), displacement: end(word), width: 32 })] : NONE)),
    attributes: always<Attributes>({ alignment: 4 }),
  };
  if (access === "load") {
    const to = floatingPointDestinations(bytes);
    return { ...parts, reads: made((word) => tableOf(Math.min(readField(regs, word), 32), (each): Read => ({ address: 0, offset: bytes * each, size: bytes, to: to[(readField(d, word) + each) % 32]! }))) };
  }
  const from = floatingPointSources(bytes);
  return { ...parts, writes: made((word) => tableOf(Math.min(readField(regs, word), 32), (each): Write => ({ address: 0, offset: bytes * each, size: bytes, from: from[(readField(d, word) + each) % 32]! }))) };
}

/** Whether VLDM or VSTM changes its base: not 0. */
export function vectorMultipleWritesBack({ writeback: when }: VectorMultipleFacts, row: CompiledRow<Facts>): Field {
  return when === "always" ? Field.constant(1) : operandOf(row, "W", 0);
}

/**
 * Lanes of D registers, those of d0 first. Registers that are loaded whole do not need their old values: where `clear` is set the lowest
 * element clears the rest of its register.
 */
const laneDestinations = sharedTable((bytes: Size, clear: boolean): readonly Destination[] =>
  tableOf(256 / bytes, (index) => {
    const slice = laneAt(index, bytes);
    return clear && slice.bit === 0 ? destination(slice, 64) : destination(slice);
  }),
);

const laneSources = sharedTable((bytes: Size): readonly Source[] => tableOf(256 / bytes, (index) => source(laneAt(index, bytes))));

const laneAt = (index: number, bytes: Size): RegisterSlice => lane(Math.floor((index * bytes) / 8), bytes, index % (8 / bytes));

/** One element of a structure in memory: how far its register is from the first, and its lane. */
interface StructureElement {
  readonly register: number;
  readonly lane: number;
}

/**
 * VLD1–VLD4, VST1–VST4 of whole registers. VLD1 and VST1 move registers of 8 bytes, in which byte order applies to each element;
 * the others one element an access, in the order of memory.
 */
export function structure(facts: StructureFacts, row: CompiledRow<Facts>): Parts {
  const { access, elements, groups } = facts;
  const size = operandOf(row, "size", 0);
  const d = operandOf(row, "d", 0);
  const location = structureLocation(facts, row, 8 * elements * groups);
  const bytesOf = (word: number): Size => (1 << readField(size, word)) as Size;
  if (elements === 1) {
    const place = (word: number, group: number): Pick<Read, "address" | "offset" | "size" | "unit"> => {
      const unit = bytesOf(word);
      return unit === 8 ? { address: 0, offset: 8 * group, size: 8 } : { address: 0, offset: 8 * group, size: 8, unit };
    };
    const [to, from] = [laneDestinations(8, true), laneSources(8)];
    return {
      ...location,
      reads: access === "load" ? made((word) => tableOf(groups, (group): Read => ({ ...place(word, group), to: [to[(readField(d, word) + group) % 32]!] }))) : undefined,
      writes: access === "store" ? made((word) => tableOf(groups, (group): Write => ({ ...place(word, group), from: from[(readField(d, word) + group) % 32]! }))) : undefined,
    };
  }
  const orders = tableOf(4, (log): readonly StructureElement[] => orderOf(facts, (1 << log) as Size));
  return {
    ...location,
    reads: access === "load" ? made((word) => elementReads(orders[readField(size, word)]!, bytesOf(word), readField(d, word))) : undefined,
    writes: access === "store" ? made((word) => elementWrites(orders[readField(size, word)]!, bytesOf(word), readField(d, word))) : undefined,
  };
}

/** The elements of structures in the order of memory. */
function orderOf({ elements, groups, spacing }: StructureFacts, bytes: Size): readonly StructureElement[] {
  const lanesOf = 8 / bytes;
  return tableOf(groups * lanesOf * elements, (index) => {
    const element = index % elements;
    const position = Math.floor(index / elements);
    return { register: Math.floor(position / lanesOf) + element * spacing, lane: position % lanesOf };
  });
}

function elementReads(order: readonly StructureElement[], bytes: Size, d: number): readonly Read[] {
  const table = laneDestinations(bytes, true);
  return order.map(({ register, lane: position }, index): Read => ({ address: 0, offset: index * bytes, size: bytes, to: [table[((d + register) % 32) * (8 / bytes) + position]!] }));
}

function elementWrites(order: readonly StructureElement[], bytes: Size, d: number): readonly Write[] {
  const table = laneSources(bytes);
  return order.map(({ register, lane: position }, index): Write => ({ address: 0, offset: index * bytes, size: bytes, from: table[((d + register) % 32) * (8 / bytes) + position]! }));
}

/** VLD1–VLD4, VST1–VST4 of one lane or to all lanes. */
export function lanes(facts: LaneFacts, row: CompiledRow<Facts>): Parts {
  const { access, bytes, elements } = facts;
  const d = operandOf(row, "d", 0);
  const spacing = spacingOf(row);
  const index = operandOf(row, "index", 0);
  const pair = operandOf(row, "T", 0);
  const all = facts.kind === "all lanes";
  const count = 8 / bytes;
  const to = laneDestinations(bytes, all);
  const from = laneSources(bytes);
  /** Where the lanes of an element's register begin in the tables. */
  const first = (word: number, element: number): number => ((readField(d, word) + element * readField(spacing, word)) % 32) * count;
  const destinations = (word: number, element: number): readonly Destination[] => {
    const start = first(word, element);
    if (!all) return [to[start + readField(index, word)]!];
    // A pair of registers has its lanes side by side in the table, but for d31 and d0.
    return tableOf(count * (1 + readField(pair, word)), (position) => to[(start + position) % to.length]!);
  };
  return {
    ...structureLocation(facts, row, elements * bytes),
    sizes: tableOf(elements, () => bytes),
    reads: access === "load" ? made((word) => tableOf(elements, (element): Read => ({ address: 0, offset: element * bytes, size: bytes, to: destinations(word, element) }))) : undefined,
    writes: access === "store" ? made((word) => tableOf(elements, (element): Write => ({ address: 0, offset: element * bytes, size: bytes, from: from[first(word, element) + readField(index, word)]! }))) : undefined,
  };
}

/** From the register of one element of a lane structure to that of the next. */
function spacingOf(row: CompiledRow<Facts>): Field {
  return operandOf(row, "spacing", 0).plus(1);
}

/** Number of the last D register that a structure touches. */
export function lastRegister(facts: StructureFacts | LaneFacts, row: CompiledRow<Facts>): (word: number) => number {
  const d = operandOf(row, "d", 0);
  const { elements } = facts;
  if (facts.kind === "structure") {
    const more = facts.groups - 1 + (elements - 1) * facts.spacing;
    return (word) => readField(d, word) + more;
  }
  const spacing = spacingOf(row);
  const pair = operandOf(row, "T", 0);
  return (word) => readField(d, word) + (elements - 1) * readField(spacing, word) + readField(pair, word);
}

/** Where a structure of `size` bytes lies. Rm = 15: no writeback; 13: by the bytes transferred; else by Rm. */
function structureLocation(facts: StructureFacts | LaneFacts, row: CompiledRow<Facts>, size: number): Omit<Parts, "reads" | "writes"> {
  const n = operandOf(row, "Rn", 0);
  const m = operandOf(row, "Rm", 0);
  const align = operandOf(row, "align", 0);
  const moved = (base: number, register: number): Address =>
    register === SP
      ? { base, displacement: BigInt(size), width: 32 }
      : { base, index: { slice: { register, bit: 0, width: 32 }, signed: false, shift: NO_SHIFT }, displacement: 0n, width: 32 };
  const attributes = facts.alignments.map((alignment): Attributes | undefined => (alignment > 1 ? { alignment } : undefined));
  return {
    sizes: undefined,
    addresses: made((word) => [{ base: readField(n, word), displacement: 0n, width: 32 }]),
    updates: made((word) => (readField(m, word) === 15 ? NONE : [writeback(readField(n, word), moved(readField(n, word), readField(m, word)))])),
    attributes: new Choice(align, attributes),
  };
}
