import type { Address, Compute, Index, Operation, Read, Source, Update, Write } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { Field, readField } from "../pattern.ts";
import { type Attributes, NONE, displacementOf } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { tableOf } from "../tables.ts";
import type { DoubleFacts, Facts, MultipleFacts, Offset, OrderedFacts, SingleFacts, SwapFacts, TableBranchFacts } from "./facts.ts";
import { type ProgramCounterOffset, addressOf, destination, operandOf, readsInto, storeComputes, writeback, writesFrom } from "./operands.ts";
import { PC } from "./registers.ts";
import { bitCount } from "./rules.ts";

/** What the words of a row do to memory and registers, apart from their condition. What is absent no word of it does. */
export interface Parts {
  /** Bytes of each access; undefined where their number depends on the word. */
  readonly sizes: readonly number[] | undefined;
  /** The one address and its writeback, or both by themselves. */
  readonly addresses: Location | Choice<Operation["addresses"]>;
  readonly updates?: Choice<Operation["updates"]> | undefined;
  readonly reads?: Choice<Operation["reads"]> | undefined;
  readonly computes?: Choice<Operation["computes"]> | undefined;
  readonly writes?: Choice<Operation["writes"]> | undefined;
  /** What the operation has beside. */
  readonly attributes?: Choice<Attributes | undefined> | undefined;
}

/** A value that depends on the word: by a field in a table, or made. A class, so that all have one shape. */
export class Choice<Value> {
  readonly field: Field;
  readonly values: readonly Value[];
  readonly make: ((word: number) => Value) | undefined;

  constructor(field: Field, values: readonly Value[], make?: (word: number) => Value) {
    this.field = field;
    this.values = values;
    this.make = make;
  }
}

/** The value of a choice for a word. */
export function chosen<Value>({ field, values, make }: Choice<Value>, word: number): Value {
  return make === undefined ? values[readField(field, word)]! : make(word);
}

/** A value that does not depend on the word. */
export function always<Value>(value: Value): Choice<Value> {
  return new Choice(Field.constant(0), [value]);
}

/** A value that is made for each word. */
export function made<Value>(make: (word: number) => Value): Choice<Value> {
  return new Choice<Value>(Field.constant(0), [], make);
}

/** Bits of P, U and W. */
const [P, U, W] = [0b100, 0b010, 0b001];

/** P, U and W of a single or double transfer, DDI 0487 F5, as one number, P first. */
export function indexingOf({ indexing }: SingleFacts | DoubleFacts, row: CompiledRow<Facts>): Field {
  switch (indexing) {
    case "PUW":
      return operandOf(row, "PUW", 0);
    case "U":
      return offsetBy(row);
    case "post U":
      return upOf(row);
    case "add":
      return ADDED;
    case "subtract":
      return Field.constant(P);
    default:
      return indexing satisfies never;
  }
}

/** wback = (P == '0') || (W == '1'): P and W are what is left of P, U and W plus P, none of them only for P without W. */
export function writebackOf(puw: Field): Field {
  return puw.plus(P, P | W);
}

/** How words give an address of base and offset, and its writeback. Flat data of one shape, read without a call. */
export class Location {
  readonly n: Field;
  readonly pc: ProgramCounterOffset;
  readonly puw: Field;
  /** The offset: `scale` times `imm`, or register `m` shifted by `amount` as `type` says. */
  readonly register: boolean;
  readonly imm: Field;
  readonly scale: number;
  readonly m: Field;
  readonly type: Field;
  readonly amount: Field;

  /** `puw`: P, U and W. Fields that the row lacks are 0, and the base is `base`. */
  constructor(row: CompiledRow<Facts>, pc: ProgramCounterOffset, puw: Field, offset: Offset, base: number | undefined) {
    this.n = operandOf(row, "Rn", base ?? 0);
    this.pc = pc;
    this.puw = puw;
    this.register = offset.kind === "register";
    this.imm = operandOf(row, "imm", 0);
    this.scale = offset.kind === "register" ? 0 : offset.scale;
    this.m = operandOf(row, "Rm", 0);
    this.type = operandOf(row, "type", 0);
    this.amount = operandOf(row, offset.kind === "register" && offset.shift === "imm2" ? "imm2" : "imm5", 0);
  }
}

/** P, U and W of an address that is base plus offset. */
export const ADDED = Field.constant(P | U);

/** Field U in its place in P, U and W. */
function upOf(row: CompiledRow<Facts>): Field {
  return new Field((row.fields.get("U") ?? []).map((part) => ({ ...part, to: 1 })));
}

/** P, U and W of offset addressing with a field U. */
export function offsetBy(row: CompiledRow<Facts>): Field {
  return upOf(row).plus(P);
}

/** Where the words of a location transfer, and what becomes of the base. */
export interface Place {
  readonly addresses: readonly Address[];
  readonly updates: readonly Update[];
}

/** index = (P == '1'), wback = (P == '0') || (W == '1'). The address with its offset is that of the access, the base's new value, or both. */
export function placeOf(location: Location, word: number): Place {
  const { pc } = location;
  const number = readField(location.n, word);
  const puw = readField(location.puw, word);
  const moved = movedAddress(location, number, (puw & U) !== 0, word);
  return {
    addresses: [(puw & P) !== 0 ? moved : addressOf(number, pc, 0n)],
    updates: (puw & (P | W)) === P ? NONE : [writeback(number, moved)],
  };
}

/** Base plus offset. */
function movedAddress(location: Location, number: number, added: boolean, word: number): Address {
  if (location.register) return addressOf(number, location.pc, 0n, indexOf(location, added, word));
  const offset = Math.imul(readField(location.imm, word), location.scale);
  return addressOf(number, location.pc, displacementOf(added ? offset : 0 - offset));
}

/** Rm and its shift. DecodeImmShift(): an amount of 0 means 32 for LSR and ASR, and RRX for ROR. */
function indexOf({ m, type, amount }: Location, added: boolean, word: number): Index {
  const slice = { register: readField(m, word), bit: 0, width: 32 };
  const shift = SHIFTS[readField(type, word) as 0 | 1 | 2 | 3][readField(amount, word)]!;
  return added ? { slice, signed: false, shift } : { slice, signed: false, shift, negative: true };
}

/** By type and amount. */
const SHIFTS = [
  tableOf(32, (amount): Index["shift"] => ({ kind: "lsl", amount })),
  tableOf(32, (amount): Index["shift"] => ({ kind: "lsr", amount: amount === 0 ? 32 : amount })),
  tableOf(32, (amount): Index["shift"] => ({ kind: "asr", amount: amount === 0 ? 32 : amount })),
  tableOf(32, (amount): Index["shift"] => (amount === 0 ? { kind: "rrx", amount: 1 } : { kind: "ror", amount })),
] as const;

/** Address and writeback of single and double transfers. */
function addressing(facts: SingleFacts | DoubleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Location {
  return new Location(row, pc, indexingOf(facts, row), facts.offset, facts.base);
}

/** LDR, STR and their forms. */
export function single(facts: SingleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { bytes, unprivileged } = facts;
  const parts = { ...oneRegister(facts.access, bytes, facts.signed ? "sign" : "zero", row, pc), addresses: addressing(facts, row, pc), sizes: [bytes] };
  const attributes: Attributes | undefined = unprivileged && { unprivileged };
  if (facts.access === "store") return attributes === undefined ? parts : { ...parts, attributes: always(attributes) };
  const t = operandOf(row, "Rt", 0);
  // LDR to PC: "if address<1:0> == '00' then LoadWritePC(data) else UNPREDICTABLE".
  const branching: Attributes = { ...attributes, alignment: 4, misaligned: "unpredictable" };
  return { ...parts, attributes: new Choice(t, tableOf(16, (number) => (number === PC ? branching : attributes))) };
}

type Transfers = Pick<Parts, "reads" | "computes" | "writes">;

/** One element of `bytes` bytes for register Rt. */
function oneRegister(access: "load" | "store", bytes: 1 | 2 | 4, extension: "zero" | "sign", row: CompiledRow<Facts>, pc: ProgramCounterOffset): Transfers {
  const t = operandOf(row, "Rt", 0);
  if (access === "load") {
    const reads = readsInto(0, bytes, extension).map((read) => [read]);
    return { reads: new Choice(t, reads) };
  }
  const writes = writesFrom(0, bytes).map((write) => [write]);
  return { computes: new Choice(t, tableOf(16, (number) => storeComputes(number, pc))), writes: new Choice(t, writes) };
}

/** LDRD, STRD: two words, each with the byte order of data; the address is a multiple of four. */
export function double(facts: DoubleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const t = operandOf(row, "Rt", 0);
  const t2 = secondRegister(facts.second, row);
  const parts = { addresses: addressing(facts, row, pc), sizes: [4, 4], attributes: always<Attributes>({ alignment: 4 }) };
  if (facts.access === "load") {
    const [first, second] = [readsInto(0, 4, "zero"), readsInto(1, 4, "zero")];
    return { ...parts, reads: made((word) => [first[readField(t, word)]!, second[readField(t2, word)]!]) };
  }
  const [first, second] = [writesFrom(0, 4), writesFrom(1, 4)];
  return {
    ...parts,
    computes: made((word) => storeComputes(Math.max(readField(t, word), readField(t2, word)), pc)),
    writes: made((word) => [first[readField(t, word)]!, second[readField(t2, word)]!]),
  };
}

/** t2, modulo 16: an odd or last Rt is refused before anything runs. */
export function secondRegister(second: "Rt2" | "Rt + 1" | undefined, row: CompiledRow<Facts>): Field {
  return second === "Rt2" ? operandOf(row, "Rt2", 0) : operandOf(row, "Rt", 0).plus(1, 15);
}

/** Registers of LDM, STM, PUSH and POP, as a list of bits. */
function listOf(facts: MultipleFacts, row: CompiledRow<Facts>): Field {
  const registers = operandOf(row, "registers", 0);
  return facts.alsoPc ? registers.plus(1 << PC) : registers;
}

/** An entry for each register of a list, ascending: of `tables` by position that of its number. */
function listed<Entry>(list: number, tables: readonly (readonly Entry[])[]): readonly Entry[] {
  const entries: Entry[] = [];
  for (let number = 0; number < 16; number++) if (((list >>> number) & 1) === 1) entries.push(tables[entries.length]![number]!);
  return entries;
}

/** LDM, STM: the lowest register at the lowest address, whatever the mode. */
export function multiple(facts: MultipleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const n = operandOf(row, "Rn", facts.base ?? 0);
  const list = listOf(facts, row);
  const wback = multipleWritesBack(facts, row);
  const isWrittenBack = (word: number): boolean => (wback === undefined ? ((readField(list, word) >>> readField(n, word)) & 1) === 0 : readField(wback, word) !== 0);
  // From the base to the first word and to the base's new value, the first in words besides those of the list.
  const [before, between] = { IA: [0, 0], IB: [0, 4], DA: [-1, 4], DB: [-1, 0] }[facts.mode] as [number, number];
  const size = (word: number): number => 4 * bitCount(readField(list, word));
  const ends = facts.mode === "IA" || facts.mode === "IB" ? 1 : -1;
  const parts = {
    sizes: undefined,
    addresses: made((word): Operation["addresses"] => [{ base: readField(n, word), displacement: displacementOf(between + before * size(word)), width: 32 }]),
    updates: made((word): Operation["updates"] =>
      isWrittenBack(word) ? [writeback(readField(n, word), { base: readField(n, word), displacement: displacementOf(ends * size(word)), width: 32 })] : NONE,
    ),
    attributes: always<Attributes>({ alignment: 4 }),
  };
  if (facts.access === "load") {
    const tables = tableOf(16, (position) => readsInto(position, 4, "zero"));
    return { ...parts, reads: made((word) => listed(readField(list, word), tables)) };
  }
  const tables = tableOf(16, (position) => writesFrom(position, 4));
  return { ...parts, computes: made((word) => storeComputes(readField(list, word) >>> PC === 1 ? PC : 0, pc)), writes: made((word) => listed(readField(list, word), tables)) };
}

/** Whether LDM or STM changes its base: not 0. Undefined where that depends on the list. */
export function multipleWritesBack({ writeback: when }: MultipleFacts, row: CompiledRow<Facts>): Field | undefined {
  switch (when) {
    case "W":
      return operandOf(row, "W", 0);
    case "always":
      return Field.constant(1);
    case "never":
      return Field.constant(0);
    case "unless listed":
      return undefined;
    default:
      return when satisfies never;
  }
}

/** LDA, STL, LDREX, STREX and their kin. */
export function ordered(facts: OrderedFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { access, bytes, exclusive, ordering } = facts;
  const load = access === "load";
  const attributes: Attributes = {
    alignment: bytes,
    ...(exclusive && { atomic: load ? "exclusive-load" : "exclusive-store" }),
    ...(ordering && { ordering: load ? "acquire" : "release" }),
  };
  return {
    ...(bytes === 8 ? doubleword(facts, row) : oneRegister(access, bytes, "zero", row, pc)),
    sizes: [bytes],
    addresses: new Location(row, pc, ADDED, { kind: "immediate", scale: 4 }, undefined),
    attributes: always(attributes),
  };
}

/** One access of eight bytes for two registers, the first at the lower address in either byte order. */
function doubleword({ access, second }: OrderedFacts, row: CompiledRow<Facts>): Transfers {
  const t = operandOf(row, "Rt", 0);
  const t2 = secondRegister(second, row);
  const PAIR = 0;
  if (access === "load") {
    const reads: readonly Read[] = [{ address: 0, offset: 0, size: 8, unit: 4, to: NONE, temporary: PAIR }];
    const half = (number: number, bit: number): Compute => ({ operator: "copy", width: 32, inputs: [{ kind: "temporary", index: PAIR, bit }], to: [destination(number, 4)] });
    return { reads: always(reads), computes: made((word) => [half(readField(t, word), 0), half(readField(t2, word), 32)]) };
  }
  const writes: readonly Write[] = [{ address: 0, offset: 0, size: 8, unit: 4, from: { kind: "temporary", index: PAIR } }];
  const half = (register: number, temporaryBit: number): Compute => {
    return { operator: "copy", width: 32, inputs: [{ kind: "register", register, bit: 0, width: 32 }], to: NONE, temporary: PAIR, temporaryBit };
  };
  return { computes: made((word) => [half(readField(t, word), 0), half(readField(t2, word), 32)]), writes: always(writes) };
}

/** SWP, SWPB: memory into Rt, what Rm was into memory. */
export function swap({ bytes }: SwapFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const writes = tableOf(16, (register): readonly Write[] => [{ address: 0, offset: 0, size: bytes, from: { kind: "register", register, bit: 0, width: 32 } }]);
  const { reads } = oneRegister("load", bytes, "zero", row, pc);
  return {
    sizes: [bytes, bytes],
    addresses: new Location(row, pc, ADDED, { kind: "immediate", scale: 1 }, undefined),
    reads,
    writes: new Choice(operandOf(row, "Rm", 0), writes),
    attributes: always<Attributes>({ atomic: "read-modify-write", alignment: bytes }),
  };
}

/** TBB, TBH: branches forward by twice the value read, from the instruction's address plus four. */
export function tableBranch({ bytes }: TableBranchFacts, row: CompiledRow<Facts>): Parts {
  const n = operandOf(row, "Rn", 0);
  const m = operandOf(row, "Rm", 0);
  const shift: Index["shift"] = { kind: "lsl", amount: bytes === 2 ? 1 : 0 };
  const [VALUE, DOUBLED] = [0, 1];
  const value: Source = { kind: "temporary", index: VALUE };
  const reads: readonly Read[] = [{ address: 0, offset: 0, size: bytes, to: NONE, temporary: VALUE }];
  const computes: readonly Compute[] = [
    { operator: "add", width: 32, inputs: [value, value], to: NONE, temporary: DOUBLED },
    // Bit 0 set: the branch stays in T32 (BranchWritePC).
    { operator: "add", width: 32, inputs: [{ kind: "temporary", index: DOUBLED }, { kind: "immediate", value: 5n }], to: NONE, temporary: VALUE },
    { operator: "add", width: 32, inputs: [value, { kind: "register", register: PROGRAM_COUNTER, bit: 0, width: 32 }], to: [destination(PC, 4)] },
  ];
  return {
    sizes: [bytes],
    addresses: made((word) => {
      const index: Index = { slice: { register: readField(m, word), bit: 0, width: 32 }, signed: false, shift };
      // Unlike a literal's, this base is not rounded down.
      const base = readField(n, word) === PC ? { base: PROGRAM_COUNTER, baseOffset: 4 } : { base: readField(n, word) };
      return [{ ...base, index, displacement: 0n, width: 32 }];
    }),
    reads: always(reads),
    computes: always(computes),
  };
}
