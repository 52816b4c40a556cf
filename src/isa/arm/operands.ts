import type { Address, Compute, Destination, Index, Read, Source, Update, Write } from "../../model/operation.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { Field } from "../pattern.ts";
import { NONE } from "../plan.ts";
import { type CompiledRow, fieldOf } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import type { Facts } from "./facts.ts";
import { PC } from "./registers.ts";

/** A field that the row has, or a constant where it has none. */
export function operandOf(row: CompiledRow<Facts>, name: string, otherwise: number): Field {
  return fieldOf(row, name) ?? Field.constant(otherwise);
}

/** What a program counter that is read holds beyond the instruction's own address: 8 in A32, 4 in T32. */
export type ProgramCounterOffset = 8 | 4;

/** A general register as a destination of `bytes` bytes, extended to its 32. r15 branches (LoadWritePC()). */
export function destination(number: number, bytes: number, extension: "zero" | "sign" = "zero"): Destination {
  return { register: number === PC ? PROGRAM_COUNTER : number, bit: 0, width: 8 * bytes, extension, extendTo: 32, clearTo: 32 };
}

/** The temporary that holds the program counter as stores give it (PCStoreValue). */
const STORED_PC = 0;

/** The source of a general register to be stored. */
function source(number: number): Source {
  return number === PC ? { kind: "temporary", index: STORED_PC } : { kind: "register", register: number, bit: 0, width: 32 };
}

/** By offset: what computes the program counter where it is stored. */
const storedProgramCounter = sharedTable((offset: ProgramCounterOffset): readonly Compute[] => {
  const inputs: Source[] = [
    { kind: "register", register: PROGRAM_COUNTER, bit: 0, width: 32 },
    { kind: "immediate", value: BigInt(offset) },
  ];
  return [{ operator: "add", width: 32, inputs, to: NONE, temporary: STORED_PC }];
});

/** What a store of register `number`, or of those of a list of which it is the last, computes first. */
export function storeComputes(number: number, offset: ProgramCounterOffset): readonly Compute[] {
  return number === PC ? storedProgramCounter(offset) : NONE;
}

/** By register number: the read of the element of `bytes` bytes at `position` into that register. */
export const readsInto = sharedTable((position: number, bytes: 1 | 2 | 4, extension: "zero" | "sign"): readonly Read[] =>
  tableOf(16, (number): Read => ({ address: 0, offset: position * bytes, size: bytes, to: [destination(number, bytes, extension)] })),
);

/** By register number: the write of that register as the element of `bytes` bytes at `position`. */
export const writesFrom = sharedTable((position: number, bytes: 1 | 2 | 4): readonly Write[] =>
  tableOf(16, (number): Write => ({ address: 0, offset: position * bytes, size: bytes, from: source(number) })),
);

/** By register number: a base that is written back. */
const BASES = tableOf(16, (number) => destination(number, 4));

/** Writeback of a base register. */
export function writeback(number: number, value: Address): Update {
  return { to: BASES[number]!, value };
}

/**
 * An address of base register, displacement and perhaps an index. The program counter reads as the instruction's address plus its offset,
 * and as a base of a load or store is rounded down to a word.
 */
export function addressOf(number: number, offset: ProgramCounterOffset, displacement: bigint, index?: Index): Address {
  if (number === PC) {
    const literal = { base: PROGRAM_COUNTER, baseOffset: offset, baseAlignment: 4, displacement, width: 32 } as const;
    return index === undefined ? literal : { ...literal, index };
  }
  return index === undefined ? { base: number, displacement, width: 32 } : { base: number, index, displacement, width: 32 };
}

export const NO_SHIFT: Index["shift"] = { kind: "lsl", amount: 0 };
