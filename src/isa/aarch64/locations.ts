import type { Address, Destination, Index, Update } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { NONE, displacementOf } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { tableOf } from "../tables.ts";
import type { AddressMode, Facts } from "./facts.ts";
import { data, registerField } from "./operands.ts";
import { SP } from "./registers.ts";

/** `scale` times a field plus `constant`. The field's value is the word shifted left, then right. */
interface Amount {
  readonly left: number;
  readonly right: number;
  readonly signed: boolean;
  readonly scale: number;
  readonly constant: number;
}

export const constant = (value: number): Amount => ({ left: 0, right: 0, signed: true, scale: 0, constant: value });

function immediateField({ fields }: CompiledRow<Facts>, name: string, signed: boolean, scale: number): Amount {
  const { from, width } = fields.get(name)![0]!;
  return { left: 32 - from - width, right: 32 - width, signed, scale, constant: 0 };
}

export const signedField = (row: CompiledRow<Facts>, name: string, scale: number): Amount => immediateField(row, name, true, scale);

function amountOf({ left, right, signed, scale, constant: added }: Amount, word: number): bigint {
  return displacementOf(Math.imul(signed ? (word << left) >> right : (word << left) >>> right, scale) + added);
}

/** Modes of {@link Location}, of which those from `post` on change the base. */
const MODE = { offset: 0, register: 1, literal: 2, post: 3, pre: 4 } as const;

/**
 * How a row's words give the one address of their operation, and what becomes of its base. Flat data, of one shape for all rows: a decode
 * reads it in a fraction of the time that functions made for each row take to call.
 */
export interface Location extends Amount {
  readonly mode: (typeof MODE)[keyof typeof MODE];
  /** Lowest bits of the fields. */
  readonly Rn: number;
  readonly Rm: number;
  readonly option: number;
  readonly S: number;
  /** The shift of mode `register` where S is set. */
  readonly scaled: Index["shift"];
}

function location(row: CompiledRow<Facts>, mode: Location["mode"], { left, right, signed, scale, constant: added }: Amount, shift = 0): Location {
  const from = (name: string): number => row.fields.get(name)?.[0]!.from ?? 0;
  const Rn = mode === MODE.literal ? 0 : registerField(row, "Rn");
  return { mode, Rn, Rm: from("Rm"), option: from("option"), S: from("S"), left, right, signed, scale, constant: added, scaled: { kind: "lsl", amount: shift } };
}

const INDEXED = { offset: MODE.offset, "post-index": MODE.post, "pre-index": MODE.pre } as const;

/** [Rn, amount], and writeback. */
export function indexed(row: CompiledRow<Facts>, index: "offset" | "post-index" | "pre-index", amount: Amount): Location {
  return location(row, INDEXED[index], amount);
}

/** [Rn] */
export const baseOnly = (row: CompiledRow<Facts>): Location => indexed(row, "offset", constant(0));

/** Address and writeback of a mode of the load/store register classes. */
export function locationOf(mode: AddressMode, bytes: number, row: CompiledRow<Facts>): Location {
  switch (mode) {
    case "base":
      return baseOnly(row);
    case "unsigned-offset":
      return indexed(row, "offset", immediateField(row, "imm12", false, bytes));
    case "unscaled":
      return indexed(row, "offset", signedField(row, "imm9", 1));
    case "unscaled-scaled":
      return indexed(row, "offset", signedField(row, "imm9", 16));
    case "post-index":
    case "pre-index":
      return indexed(row, mode, signedField(row, "imm9", 1));
    case "literal":
      return location(row, MODE.literal, signedField(row, "imm19", 4));
    case "register":
      return location(row, MODE.register, constant(0), Math.log2(bytes));
    default:
      return mode satisfies never;
  }
}

/** CheckSPAlignment() of the shared pseudocode: an access whose base is SP needs it to be a multiple of 16. */
const SP_MULTIPLE = 16;

/** Register number 31 is SP where an address is meant; the indices agree with the numbers. */
function baseAddress(number: number, displacement: bigint): Address {
  return number === 31 ? { base: SP, baseMultiple: SP_MULTIPLE, displacement, width: 64 } : { base: number, displacement, width: 64 };
}

/** The one address of a word. */
export function addressesOf(place: Location, word: number): readonly Address[] {
  const { mode } = place;
  const number = (word >>> place.Rn) & 31;
  if (mode === MODE.register) {
    const index = extendedIndex(place, word);
    return [number === 31 ? { base: SP, baseMultiple: SP_MULTIPLE, index, displacement: 0n, width: 64 } : { base: number, index, displacement: 0n, width: 64 }];
  }
  const displacement = mode === MODE.post ? 0n : amountOf(place, word);
  return [mode === MODE.literal ? { base: PROGRAM_COUNTER, displacement, width: 64 } : baseAddress(number, displacement)];
}

export const NO_SHIFT: Index["shift"] = { kind: "lsl", amount: 0 };

/** Rm, extend S. option: 2 UXTW, 3 LSL (UXTX), 6 SXTW, 7 SXTX (DDI 0487 shared pseudocode DecodeRegExtend). */
function extendedIndex({ Rm, option, S, scaled }: Location, word: number): Index {
  return {
    slice: { register: data((word >>> Rm) & 31), bit: 0, width: ((word >>> option) & 1) === 0 ? 32 : 64 },
    signed: ((word >>> option) & 7) >= 6,
    shift: ((word >>> S) & 1) === 0 ? NO_SHIFT : scaled,
  };
}

/** By register number: a base register that is written whole. */
export const BASES = tableOf(32, (number): Destination => ({ register: number === 31 ? SP : number, bit: 0, width: 64, extension: "zero", extendTo: 64, clearTo: 64 }));

/** What becomes of the base. */
export function updatesOf(place: Location, word: number): readonly Update[] {
  if (place.mode < MODE.post) return NONE;
  const to = BASES[(word >>> place.Rn) & 31]!;
  return [{ to, value: { base: to.register, displacement: amountOf(place, word), width: 64 } }];
}
