import type { Compute, Index, Operation, Read, Source, Write } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { type Field, compileField, readField } from "../pattern.ts";
import { type Attributes, NONE, displacementOf } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { tableOf } from "../tables.ts";
import type { DoubleFacts, Facts, MultipleFacts, Offset, OrderedFacts, SingleFacts, SwapFacts, TableBranchFacts } from "./facts.ts";
import { NO_SHIFT, type ProgramCounterOffset, addressOf, destination, operandOf, readsInto, storeComputes, writeback, writesFrom } from "./operands.ts";
import { PC } from "./registers.ts";
import { bitCount } from "./rules.ts";

/** What the words of a row do to memory and registers, apart from their condition. What is absent no word of it does. */
export interface Parts {
  /** Bytes of each access; undefined where their number depends on the word. */
  readonly sizes: readonly number[] | undefined;
  readonly addresses: (word: number) => Operation["addresses"];
  readonly reads?: ((word: number) => Operation["reads"]) | undefined;
  readonly computes?: ((word: number) => Operation["computes"]) | undefined;
  readonly writes?: ((word: number) => Operation["writes"]) | undefined;
  readonly updates?: ((word: number) => Operation["updates"]) | undefined;
  /** What the operation has beside. */
  readonly attributes?: ((word: number) => Attributes | undefined) | undefined;
}

/** A value that does not depend on the word. */
export function always<Value>(value: Value): (word: number) => Value {
  return () => value;
}

type Location = Pick<Parts, "addresses" | "updates">;

/** Bits of P, U and W. */
const [P, U, W] = [0b100, 0b010, 0b001];

/** P, U and W of a single or double transfer, DDI 0487 F5, as one number, P first. */
export function indexingOf({ indexing }: SingleFacts | DoubleFacts, row: CompiledRow<Facts>): Field {
  const u: Field = { ...operandOf(row, "U", 0), to: 1 };
  switch (indexing) {
    case "PUW":
      return operandOf(row, "PUW", 0);
    case "U":
      return { ...u, added: P };
    case "post U":
      return u;
    case "add":
      return compileField([], P | U);
    case "subtract":
      return compileField([], P);
    default:
      return indexing satisfies never;
  }
}

/** wback = (P == '0') || (W == '1'). */
export const writesBack = (puw: number): boolean => (puw & (P | W)) !== P;

/** Addresses and writeback of single and double transfers: index = (P == '1'), add = (U == '1'). */
function addressing(facts: SingleFacts | DoubleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Location {
  const n = operandOf(row, "Rn", facts.base ?? 0);
  const puw = indexingOf(facts, row);
  const { offset } = facts;
  if (offset.kind === "immediate") {
    const imm = operandOf(row, "imm", 0);
    const { scale } = offset;
    const displacement = (word: number): bigint => displacementOf((readField(puw, word) & U) !== 0 ? readField(imm, word) * scale : -readField(imm, word) * scale);
    return {
      addresses: (word) => [addressOf(readField(n, word), pc, (readField(puw, word) & P) === 0 ? 0n : displacement(word))],
      updates: (word) => (writesBack(readField(puw, word)) ? [writeback(readField(n, word), addressOf(readField(n, word), pc, displacement(word)))] : NONE),
    };
  }
  const index = indexOf(offset, row, puw);
  return {
    addresses: (word) => [addressOf(readField(n, word), pc, 0n, (readField(puw, word) & P) === 0 ? undefined : index(word))],
    updates: (word) => (writesBack(readField(puw, word)) ? [writeback(readField(n, word), addressOf(readField(n, word), pc, 0n, index(word)))] : NONE),
  };
}

function indexOf({ shift }: Extract<Offset, { kind: "register" }>, row: CompiledRow<Facts>, puw: Field): (word: number) => Index {
  const m = operandOf(row, "Rm", 0);
  const shiftOf = shiftReader(shift, row);
  return (word) => {
    const slice = { register: readField(m, word), bit: 0, width: 32 };
    return (readField(puw, word) & U) !== 0 ? { slice, signed: false, shift: shiftOf(word) } : { slice, signed: false, shift: shiftOf(word), negative: true };
  };
}

/** DecodeImmShift(): an amount of 0 means 32 for LSR and ASR, and RRX for ROR. */
function shiftReader(shift: "none" | "imm5" | "imm2", row: CompiledRow<Facts>): (word: number) => Index["shift"] {
  if (shift === "none") return always(NO_SHIFT);
  const amount = operandOf(row, shift, 0);
  if (shift === "imm2") return (word) => SHIFTS[0][readField(amount, word)]!;
  const type = operandOf(row, "type", 0);
  return (word) => SHIFTS[readField(type, word) as 0 | 1 | 2 | 3][readField(amount, word)]!;
}

/** By type and amount. */
const SHIFTS = [
  tableOf(32, (amount): Index["shift"] => ({ kind: "lsl", amount })),
  tableOf(32, (amount): Index["shift"] => ({ kind: "lsr", amount: amount === 0 ? 32 : amount })),
  tableOf(32, (amount): Index["shift"] => ({ kind: "asr", amount: amount === 0 ? 32 : amount })),
  tableOf(32, (amount): Index["shift"] => (amount === 0 ? { kind: "rrx", amount: 1 } : { kind: "ror", amount })),
] as const;

/** LDR, STR and their forms. */
export function single(facts: SingleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { bytes, unprivileged } = facts;
  const parts = { ...oneRegister(facts.access, bytes, facts.signed ? "sign" : "zero", row, pc), ...addressing(facts, row, pc), sizes: [bytes] };
  const attributes: Attributes | undefined = unprivileged && { unprivileged };
  if (facts.access === "store") return { ...parts, attributes: always(attributes) };
  const t = operandOf(row, "Rt", 0);
  // LDR to PC: "if address<1:0> == '00' then LoadWritePC(data) else UNPREDICTABLE".
  const branching: Attributes = { ...attributes, alignment: 4, misaligned: "unpredictable" };
  return { ...parts, attributes: (word) => (readField(t, word) === PC ? branching : attributes) };
}

type Transfers = Pick<Parts, "reads" | "computes" | "writes">;

/** One element of `bytes` bytes for register Rt. */
function oneRegister(access: "load" | "store", bytes: 1 | 2 | 4, extension: "zero" | "sign", row: CompiledRow<Facts>, pc: ProgramCounterOffset): Transfers {
  const t = operandOf(row, "Rt", 0);
  if (access === "load") {
    const reads = readsInto(0, bytes, extension).map((read) => [read]);
    return { reads: (word) => reads[readField(t, word)]! };
  }
  const writes = writesFrom(0, bytes).map((write) => [write]);
  return { computes: (word) => storeComputes(readField(t, word), pc), writes: (word) => writes[readField(t, word)]! };
}

/** LDRD, STRD: two words, each with the byte order of data; the address is a multiple of four. */
export function double(facts: DoubleFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const t = operandOf(row, "Rt", 0);
  const t2 = secondRegister(facts.second, row);
  const parts = { ...addressing(facts, row, pc), sizes: [4, 4], attributes: always({ alignment: 4 }) };
  if (facts.access === "load") {
    const [first, second] = [readsInto(0, 4, "zero"), readsInto(1, 4, "zero")];
    return { ...parts, reads: (word) => [first[readField(t, word)]!, second[readField(t2, word)]!] };
  }
  const [first, second] = [writesFrom(0, 4), writesFrom(1, 4)];
  return {
    ...parts,
    computes: (word) => storeComputes(Math.max(readField(t, word), readField(t2, word)), pc),
    writes: (word) => [first[readField(t, word)]!, second[readField(t2, word)]!],
  };
}

/** t2, modulo 16: an odd or last Rt is refused before anything runs. */
export function secondRegister(second: "Rt2" | "Rt + 1" | undefined, row: CompiledRow<Facts>): Field {
  return second === "Rt2" ? operandOf(row, "Rt2", 0) : { ...operandOf(row, "Rt", 0), added: 1, within: 15 };
}

/** Registers of LDM, STM, PUSH and POP, as a list of bits. */
function listOf(facts: MultipleFacts, row: CompiledRow<Facts>): Field {
  const registers = operandOf(row, "registers", 0);
  return facts.alsoPc ? { ...registers, added: 1 << PC } : registers;
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
  // From the base to the first word and to the base's new value, the first in words besides those of the list.
  const [before, between] = { IA: [0, 0], IB: [0, 4], DA: [-1, 4], DB: [-1, 0] }[facts.mode] as [number, number];
  const size = (word: number): number => 4 * bitCount(readField(list, word));
  const ends = facts.mode === "IA" || facts.mode === "IB" ? 1 : -1;
  const parts = {
    sizes: undefined,
    addresses: (word: number): Operation["addresses"] => [{ base: readField(n, word), displacement: displacementOf(between + before * size(word)), width: 32 }],
    updates: (word: number): Operation["updates"] => (wback(word) ? [writeback(readField(n, word), { base: readField(n, word), displacement: displacementOf(ends * size(word)), width: 32 })] : NONE),
    attributes: always({ alignment: 4 }),
  };
  if (facts.access === "load") {
    const tables = tableOf(16, (position) => readsInto(position, 4, "zero"));
    return { ...parts, reads: (word) => listed(readField(list, word), tables) };
  }
  const tables = tableOf(16, (position) => writesFrom(position, 4));
  return { ...parts, computes: (word) => storeComputes(readField(list, word) >>> PC === 1 ? PC : 0, pc), writes: (word) => listed(readField(list, word), tables) };
}

/** Whether LDM or STM changes its base. */
export function multipleWritesBack(facts: MultipleFacts, row: CompiledRow<Facts>): (word: number) => boolean {
  switch (facts.writeback) {
    case "W": {
      const w = operandOf(row, "W", 0);
      return (word) => readField(w, word) === 1;
    }
    case "always":
      return always(true);
    case "never":
      return always(false);
    case "unless listed": {
      const registers = operandOf(row, "registers", 0);
      const n = operandOf(row, "Rn", 0);
      return (word) => ((readField(registers, word) >>> readField(n, word)) & 1) === 0;
    }
    default:
      return facts.writeback satisfies never;
  }
}

/** LDA, STL, LDREX, STREX and their kin. */
export function ordered(facts: OrderedFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const { access, bytes, exclusive, ordering } = facts;
  const n = operandOf(row, "Rn", 0);
  const imm = operandOf(row, "imm", 0);
  const load = access === "load";
  const attributes: Attributes = {
    alignment: bytes,
    ...(exclusive && { atomic: load ? "exclusive-load" : "exclusive-store" }),
    ...(ordering && { ordering: load ? "acquire" : "release" }),
  };
  return {
    ...(bytes === 8 ? doubleword(facts, row) : oneRegister(access, bytes, "zero", row, pc)),
    sizes: [bytes],
    addresses: (word) => [addressOf(readField(n, word), pc, displacementOf(4 * readField(imm, word)))],
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
    return { reads: always(reads), computes: (word) => [half(readField(t, word), 0), half(readField(t2, word), 32)] };
  }
  const writes: readonly Write[] = [{ address: 0, offset: 0, size: 8, unit: 4, from: { kind: "temporary", index: PAIR } }];
  const half = (register: number, temporaryBit: number): Compute => {
    return { operator: "copy", width: 32, inputs: [{ kind: "register", register, bit: 0, width: 32 }], to: NONE, temporary: PAIR, temporaryBit };
  };
  return { computes: (word) => [half(readField(t, word), 0), half(readField(t2, word), 32)], writes: always(writes) };
}

/** SWP, SWPB: memory into Rt, what Rm was into memory. */
export function swap({ bytes }: SwapFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  const n = operandOf(row, "Rn", 0);
  const m = operandOf(row, "Rm", 0);
  const { reads } = oneRegister("load", bytes, "zero", row, pc);
  return {
    sizes: [bytes, bytes],
    addresses: (word) => [addressOf(readField(n, word), pc, 0n)],
    reads,
    writes: (word) => [{ address: 0, offset: 0, size: bytes, from: { kind: "register", register: readField(m, word), bit: 0, width: 32 } }],
    attributes: always({ atomic: "read-modify-write", alignment: bytes }),
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
    addresses(word) {
      const index: Index = { slice: { register: readField(m, word), bit: 0, width: 32 }, signed: false, shift };
      // Unlike a literal's, this base is not rounded down.
      const base = readField(n, word) === PC ? { base: PROGRAM_COUNTER, baseOffset: 4 } : { base: readField(n, word) };
      return [{ ...base, index, displacement: 0n, width: 32 }];
    },
    reads: always(reads),
    computes: always(computes),
  };
}
