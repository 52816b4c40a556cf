import type { InstructionSet } from "../../model/architecture.ts";
import type { Address, Compute, Destination, Index, Operation, Read, Source, Update, Write } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import type { Fields } from "../rows.ts";
import type { DoubleFacts, MultipleFacts, Offset, OrderedFacts, SingleFacts, SwapFacts, TableBranchFacts } from "./facts.ts";
import { PC } from "./registers.ts";
import { listedRegisters } from "./rules.ts";

/** What an operation is before its condition is added. */
export type Parts = Omit<Operation, "condition">;

/** A general register as a destination of `bytes` bytes, extended to its 32. r15 branches (LoadWritePC()). */
export function destination(number: number, bytes: number, extension: "zero" | "sign" = "zero"): Destination {
  return { register: number === PC ? PROGRAM_COUNTER : number, bit: 0, width: 8 * bytes, extension, extendTo: 32, clearTo: 32 };
}

/**
 * `n` as a base. The program counter reads as the instruction's address plus 8 (A32) or 4 (T32), and as a base of a load or
 * store is rounded down to a word.
 */
export function baseOf(n: number, set: InstructionSet): Pick<Address, "base" | "baseOffset" | "baseAlignment"> {
  return n === PC ? { base: PROGRAM_COUNTER, baseOffset: programCounterOffset(set), baseAlignment: 4 } : { base: n };
}

function programCounterOffset(set: InstructionSet): 4 | 8 {
  return set === "a32" ? 8 : 4;
}

/** Writeback of a base register. */
export function writeback(n: number, value: Address): Update {
  return { to: destination(n, 4), value };
}

/** The temporary that holds the program counter as stores give it (PCStoreValue). */
const STORED_PC = 0;

/** Sources of registers to be stored; a stored program counter is its own value with the offset added. */
function storedRegisters(numbers: readonly number[], set: InstructionSet): { readonly from: readonly Source[]; readonly computes: readonly Compute[] } {
  const from = numbers.map((number): Source => (number === PC ? { kind: "temporary", index: STORED_PC } : { kind: "register", register: number, bit: 0, width: 32 }));
  if (!numbers.includes(PC)) return { from, computes: [] };
  const inputs: Source[] = [
    { kind: "register", register: PROGRAM_COUNTER, bit: 0, width: 32 },
    { kind: "immediate", value: BigInt(programCounterOffset(set)) },
  ];
  return { from, computes: [{ operator: "add", width: 32, inputs, to: [], temporary: STORED_PC }] };
}

interface Addressing {
  readonly addresses: readonly Address[];
  readonly updates: readonly Update[];
}

/** Addresses and writeback of single and double transfers. */
function addressing(facts: SingleFacts | DoubleFacts, fields: Fields, set: InstructionSet): Addressing {
  const n = facts.base ?? fields["Rn"]!;
  const { added, index, wback } = indexingOf(facts, fields);
  const moved: Address = { ...baseOf(n, set), ...offsetOf(facts.offset, fields, added), width: 32 };
  const unmoved: Address = { ...baseOf(n, set), displacement: 0n, width: 32 };
  return { addresses: [index ? moved : unmoved], updates: wback ? [writeback(n, moved)] : [] };
}

interface IndexMode {
  /** The offset is added; otherwise subtracted. */
  readonly added: boolean;
  /** The offset is part of the address; otherwise it is applied after the access. */
  readonly index: boolean;
  readonly wback: boolean;
}

/** P, U and W, DDI 0487 F5: index = (P == '1'), add = (U == '1'), wback = (P == '0') || (W == '1'). */
export function indexingOf({ indexing }: SingleFacts | DoubleFacts, fields: Fields): IndexMode {
  switch (indexing) {
    case "PUW": {
      const puw = fields["PUW"]!;
      return { added: (puw & 0b010) !== 0, index: (puw & 0b100) !== 0, wback: (puw & 0b101) !== 0b100 };
    }
    case "U":
      return { added: fields["U"] === 1, index: true, wback: false };
    case "post U":
      return { added: fields["U"] === 1, index: false, wback: true };
    case "add":
      return { added: true, index: true, wback: false };
    case "subtract":
      return { added: false, index: true, wback: false };
    default:
      return indexing satisfies never;
  }
}

function offsetOf(offset: Offset, fields: Fields, added: boolean): Pick<Address, "displacement" | "index"> {
  if (offset.kind === "immediate") {
    const value = BigInt(fields["imm"]! * offset.scale);
    return { displacement: added ? value : -value };
  }
  const index: Index = {
    slice: { register: fields["Rm"]!, bit: 0, width: 32 },
    signed: false,
    shift: shiftOf(offset.shift, fields),
    ...(!added && { negative: true as const }),
  };
  return { displacement: 0n, index };
}

/** DecodeImmShift(): an amount of 0 means 32 for LSR and ASR, and RRX for ROR. */
function shiftOf(shift: "none" | "imm5" | "imm2", fields: Fields): Index["shift"] {
  if (shift === "none") return { kind: "lsl", amount: 0 };
  if (shift === "imm2") return { kind: "lsl", amount: fields["imm2"]! };
  const amount = fields["imm5"]!;
  switch (fields["type"]) {
    case 0:
      return { kind: "lsl", amount };
    case 1:
      return { kind: "lsr", amount: amount === 0 ? 32 : amount };
    case 2:
      return { kind: "asr", amount: amount === 0 ? 32 : amount };
    default:
      return amount === 0 ? { kind: "rrx", amount: 1 } : { kind: "ror", amount };
  }
}

/** LDR, STR and their forms. */
export function single(facts: SingleFacts, fields: Fields, set: InstructionSet): Parts {
  const t = fields["Rt"]!;
  const branches = facts.access === "load" && t === PC;
  return {
    ...addressing(facts, fields, set),
    ...transfers(facts.access, [t], facts.bytes, facts.signed ? "sign" : "zero", set),
    ...(facts.unprivileged && { unprivileged: true as const }),
    // LDR to PC: "if address<1:0> == '00' then LoadWritePC(data) else UNPREDICTABLE".
    ...(branches && { alignment: 4, misaligned: "unpredictable" as const }),
  };
}

/** LDRD, STRD: two words, each with the byte order of data; the address is a multiple of four. */
export function double(facts: DoubleFacts, fields: Fields, set: InstructionSet): Parts {
  const numbers = [fields["Rt"]!, secondRegister(facts.second, fields)];
  return { ...addressing(facts, fields, set), ...transfers(facts.access, numbers, 4, "zero", set), alignment: 4 };
}

/** t2, modulo 16: an odd or last Rt is refused before anything runs. */
export function secondRegister(second: "Rt2" | "Rt + 1" | undefined, fields: Fields): number {
  return second === "Rt2" ? fields["Rt2"]! : (fields["Rt"]! + 1) % 16;
}

/** One element of `bytes` bytes for each register, ascending from address 0. */
function transfers(
  access: "load" | "store",
  numbers: readonly number[],
  bytes: 1 | 2 | 4,
  extension: "zero" | "sign",
  set: InstructionSet,
): Pick<Parts, "reads" | "computes" | "writes"> {
  const place = (position: number) => ({ address: 0, offset: position * bytes, size: bytes });
  if (access === "load") {
    const reads = numbers.map((number, position): Read => ({ ...place(position), to: [destination(number, bytes, extension)] }));
    return { reads, computes: [], writes: [] };
  }
  const { from, computes } = storedRegisters(numbers, set);
  return { reads: [], computes, writes: from.map((source, position): Write => ({ ...place(position), from: source })) };
}

/** Registers of LDM, STM, PUSH and POP, ascending. */
function listOf(facts: MultipleFacts, fields: Fields): number[] {
  return listedRegisters(fields["registers"]! | (facts.alsoPc ? 1 << PC : 0));
}

/** LDM, STM: the lowest register at the lowest address, whatever the mode. */
export function multiple(facts: MultipleFacts, fields: Fields, set: InstructionSet): Parts {
  const n = facts.base ?? fields["Rn"]!;
  const numbers = listOf(facts, fields);
  const size = 4 * numbers.length;
  const start = { IA: 0, IB: 4, DA: 4 - size, DB: -size }[facts.mode];
  const end = facts.mode === "IA" || facts.mode === "IB" ? size : -size;
  return {
    addresses: [{ base: n, displacement: BigInt(start), width: 32 }],
    ...transfers(facts.access, numbers, 4, "zero", set),
    updates: multipleWritesBack(facts, fields) ? [writeback(n, { base: n, displacement: BigInt(end), width: 32 })] : [],
    alignment: 4,
  };
}

/** Whether LDM or STM changes its base. */
export function multipleWritesBack(facts: MultipleFacts, fields: Fields): boolean {
  switch (facts.writeback) {
    case "W":
      return fields["W"] === 1;
    case "always":
      return true;
    case "never":
      return false;
    case "unless listed":
      return ((fields["registers"]! >>> fields["Rn"]!) & 1) === 0;
    default:
      return facts.writeback satisfies never;
  }
}

/** LDA, STL, LDREX, STREX and their kin. */
export function ordered(facts: OrderedFacts, fields: Fields, set: InstructionSet): Parts {
  const { access, bytes, exclusive, ordering } = facts;
  const t = fields["Rt"]!;
  return {
    addresses: [{ ...baseOf(fields["Rn"]!, set), displacement: BigInt(4 * (fields["imm"] ?? 0)), width: 32 }],
    ...(bytes === 8 ? doubleword(access, [t, secondRegister(facts.second, fields)]) : transfers(access, [t], bytes, "zero", set)),
    updates: [],
    alignment: bytes,
    ...(exclusive && { atomic: access === "load" ? ("exclusive-load" as const) : ("exclusive-store" as const) }),
    ...(ordering && { ordering: access === "load" ? ("acquire" as const) : ("release" as const) }),
  };
}

/** One access of eight bytes for two registers, the first at the lower address in either byte order. */
function doubleword(access: "load" | "store", numbers: readonly number[]): Pick<Parts, "reads" | "computes" | "writes"> {
  const PAIR = 0;
  const place = { address: 0, offset: 0, size: 8, unit: 4 } as const;
  const half = (position: number): Source => ({ kind: "temporary", index: PAIR, bit: 32 * position });
  if (access === "load") {
    const computes = numbers.map((number, position): Compute => ({ operator: "copy", width: 32, inputs: [half(position)], to: [destination(number, 4)] }));
    return { reads: [{ ...place, to: [], temporary: PAIR }], computes, writes: [] };
  }
  const computes = numbers.map(
    (number, position): Compute => ({
      operator: "copy",
      width: 32,
      inputs: [{ kind: "register", register: number, bit: 0, width: 32 }],
      to: [],
      temporary: PAIR,
      temporaryBit: 32 * position,
    }),
  );
  return { reads: [], computes, writes: [{ ...place, from: { kind: "temporary", index: PAIR } }] };
}

/** SWP, SWPB: memory into Rt, what Rm was into memory. */
export function swap({ bytes }: SwapFacts, fields: Fields, set: InstructionSet): Parts {
  const place = { address: 0, offset: 0, size: bytes };
  return {
    addresses: [{ ...baseOf(fields["Rn"]!, set), displacement: 0n, width: 32 }],
    reads: [{ ...place, to: [destination(fields["Rt"]!, bytes)] }],
    computes: [],
    writes: [{ ...place, from: { kind: "register", register: fields["Rm"]!, bit: 0, width: 32 } }],
    updates: [],
    atomic: "read-modify-write",
    alignment: bytes,
  };
}

/** TBB, TBH: branches forward by twice the value read, from the instruction's address plus four. */
export function tableBranch({ bytes }: TableBranchFacts, fields: Fields): Parts {
  const n = fields["Rn"]!;
  const [VALUE, DOUBLED] = [0, 1];
  const value: Source = { kind: "temporary", index: VALUE };
  return {
    addresses: [
      {
        // Unlike a literal's, this base is not rounded down.
        ...(n === PC ? { base: PROGRAM_COUNTER, baseOffset: 4 } : { base: n }),
        index: { slice: { register: fields["Rm"]!, bit: 0, width: 32 }, signed: false, shift: { kind: "lsl", amount: bytes === 2 ? 1 : 0 } },
        displacement: 0n,
        width: 32,
      },
    ],
    reads: [{ address: 0, offset: 0, size: bytes, to: [], temporary: VALUE }],
    computes: [
      { operator: "add", width: 32, inputs: [value, value], to: [], temporary: DOUBLED },
      {
        operator: "add",
        width: 32,
        // Bit 0 set: the branch stays in T32 (BranchWritePC).
        inputs: [{ kind: "temporary", index: DOUBLED }, { kind: "immediate", value: 5n }],
        to: [],
        temporary: VALUE,
      },
      { operator: "add", width: 32, inputs: [value, { kind: "register", register: PROGRAM_COUNTER, bit: 0, width: 32 }], to: [destination(PC, 4)] },
    ],
    writes: [],
    updates: [],
  };
}
