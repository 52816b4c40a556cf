import type { Direction } from "../model/instruction.ts";
import type { Operation } from "../model/operation.ts";
import { sharedTable, tableOf } from "./tables.ts";

/** How the words of one row become operations: what the row alone decides is decided when this is made. */
export interface Plan {
  readonly access: Direction;
  /** Bytes of each access; undefined where they depend on the word. */
  readonly sizes: readonly number[] | undefined;
  readonly build: (word: number) => Operation;
}

/** One empty array for all: most operations have no computes, and only reads or only writes. */
export const NONE: readonly never[] = [];

/** A displacement of `bytes`, which fit 32 bits. Of a number that is an integer of 32 bits by its type the engine makes a bigint on the spot. */
export function displacementOf(bytes: number): bigint {
  const integer = bytes | 0;
  return integer === 0 ? 0n : BigInt(integer);
}

/** What an operation may have beside its accesses. */
export type Attributes = Pick<Operation, "ordering" | "unprivileged" | "atomic" | "alignment" | "misaligned">;

/**
 * Gives an operation that was just built its attributes. Property by property: to copy it with a spread takes longer than to build it.
 */
export function addAttributes(operation: { -readonly [Key in keyof Operation]: Operation[Key] }, attributes: Attributes): Operation {
  const { atomic, alignment, misaligned, ordering, unprivileged } = attributes;
  if (atomic !== undefined) operation.atomic = atomic;
  if (alignment !== undefined) operation.alignment = alignment;
  if (misaligned !== undefined) operation.misaligned = misaligned;
  if (ordering !== undefined) operation.ordering = ordering;
  if (unprivileged !== undefined) operation.unprivileged = unprivileged;
  return operation;
}

/** The builder of operations that also have these. */
export function withAttributes(build: Plan["build"], attributes: Attributes | undefined): Plan["build"] {
  return attributes === undefined ? build : (word) => addAttributes(build(word), attributes);
}

/** Most accesses of an instruction of a fixed-width instruction set: LD4 of bytes. */
const ACCESS_LIMIT = 64;

/** By count: so many accesses of `bytes` each. */
const equalSizes = sharedTable((bytes: number): readonly (readonly number[])[] => tableOf(ACCESS_LIMIT + 1, (count) => tableOf(count, () => bytes)));

/** Bytes of each access of an operation that reads or writes, all of them in one size. */
export function sizesOf({ reads, writes }: Operation): readonly number[] {
  const accesses = reads.length > 0 ? reads : writes;
  return accesses.length === 0 ? NONE : equalSizes(accesses[0]!.size)[accesses.length]!;
}
