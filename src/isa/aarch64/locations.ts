import type { Address, Destination, Update } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { NONE } from "../plan.ts";
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
  const value = (signed ? (word << left) >> right : (word << left) >>> right) * scale + added;
  return value === 0 ? 0n : BigInt(value);
}

/** How a row's words give the one address of their operation, and what becomes of its base. */
export interface Location {
  readonly addresses: (word: number) => readonly Address[];
  readonly updates: (word: number) => readonly Update[];
}

/** CheckSPAlignment() of the shared pseudocode: an access whose base is SP needs it to be a multiple of 16. */
const SP_MULTIPLE = 16;

function baseAddress(number: number, displacement: bigint): Address {
  return number === 31 ? { base: SP, baseMultiple: SP_MULTIPLE, displacement, width: 64 } : { base: number, displacement, width: 64 };
}

/** By register number: a base register that is written whole. Number 31 is SP where an address is meant. */
export const BASES = tableOf(32, (number): Destination => ({ register: number === 31 ? SP : number, bit: 0, width: 64, extension: "zero", extendTo: 64, clearTo: 64 }));

export const noUpdates = (): readonly Update[] => NONE;

export function indexed(row: CompiledRow<Facts>, index: "offset" | "post-index" | "pre-index", amount: Amount): Location {
  const Rn = registerField(row, "Rn");
  const plain = (word: number): readonly Address[] => [baseAddress((word >>> Rn) & 31, 0n)];
  const moved = (word: number): readonly Address[] => [baseAddress((word >>> Rn) & 31, amountOf(amount, word))];
  if (index === "offset") return { addresses: amount.scale === 0 && amount.constant === 0 ? plain : moved, updates: noUpdates };
  return {
    addresses: index === "post-index" ? plain : moved,
    updates(word) {
      const to = BASES[(word >>> Rn) & 31]!;
      return [{ to, value: { base: to.register, displacement: amountOf(amount, word), width: 64 } }];
    },
  };
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
    case "literal": {
      const amount = signedField(row, "imm19", 4);
      return { addresses: (word) => [{ base: PROGRAM_COUNTER, displacement: amountOf(amount, word), width: 64 }], updates: noUpdates };
    }
    case "register":
      return { addresses: registerOffset(bytes, row), updates: noUpdates };
    default:
      return mode satisfies never;
  }
}

export const NO_SHIFT = { kind: "lsl", amount: 0 } as const;

/** [Rn, Rm, extend S]. option: 2 UXTW, 3 LSL (UXTX), 6 SXTW, 7 SXTX (DDI 0487 shared pseudocode DecodeRegExtend). */
function registerOffset(bytes: number, row: CompiledRow<Facts>): Location["addresses"] {
  const Rn = registerField(row, "Rn");
  const Rm = registerField(row, "Rm");
  const option = row.fields.get("option")![0]!.from;
  const S = row.fields.get("S")![0]!.from;
  const scaled = { kind: "lsl", amount: Math.log2(bytes) } as const;
  return (word) => {
    const number = (word >>> Rn) & 31;
    const index = {
      slice: { register: data((word >>> Rm) & 31), bit: 0, width: ((word >>> option) & 1) === 0 ? 32 : 64 },
      signed: ((word >>> option) & 7) >= 6,
      shift: ((word >>> S) & 1) === 0 ? NO_SHIFT : scaled,
    };
    return [number === 31 ? { base: SP, baseMultiple: SP_MULTIPLE, index, displacement: 0n, width: 64 } : { base: number, index, displacement: 0n, width: 64 }];
  };
}
