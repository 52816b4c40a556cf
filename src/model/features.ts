import type { Instruction } from "./instruction.ts";
import type { Address, Destination, Operation } from "./operation.ts";
import { Refusal } from "./refusal.ts";
import { PROGRAM_COUNTER, type RegisterSet, ZERO_REGISTER } from "./registers.ts";

/**
 * What of an instruction a decoder has to know beyond a plain load or store of one general register at base plus displacement. A handler
 * that knows a set of them can do the instructions that need no others.
 */
export const FEATURES = [
  /** The address has an index register, or an extended one. */
  "index",
  /** The address is relative to the program counter, or absolute. */
  "literal",
  /** A base that the instruction changes. */
  "writeback",
  /** A load that sign-extends. */
  "sign-extension",
  /** A store of an immediate value. */
  "immediate",
  /** More than one access in one direction: pairs, lists, structures, wide operands. */
  "multiple",
  /** SIMD, floating-point or mask registers. */
  "vector",
  /** Part of a register that keeps the rest, or not the low part (AH; 16-bit destinations; lanes). */
  "partial",
  /** A value is computed. */
  "arithmetic",
  /** Reads memory, then writes it. */
  "read-modify-write",
  "atomic",
  /** Acquire or release semantics. */
  "ordered",
  /** x86-64 string instructions, repeated or not. */
  "string",
  /** A second operand in memory: the stack, a string's other end, gathers. */
  "two-addresses",
  /** A segment's base. */
  "segment",
  /** With the rights of user mode. */
  "unprivileged",
  /** Executed only if a condition holds. */
  "conditional",
  /** Loads the program counter. */
  "branch",
  /** Bytes in the opposite order. */
  "reversed",
] as const;

export type Feature = (typeof FEATURES)[number];

/** The features of an emulated instruction; undefined for one that nobody can do. */
export function featuresOf(instruction: Instruction, registers: RegisterSet): ReadonlySet<Feature> | undefined {
  const { operation } = instruction;
  if (operation instanceof Refusal) return undefined;
  const found = new Set<Feature>();
  const has = (feature: Feature, holds: boolean): void => {
    if (holds) found.add(feature);
  };
  const { addresses, reads, writes, computes, updates } = operation;
  const destinations = [...reads, ...computes].flatMap(({ to }) => to);
  const isVector = (register: number): boolean => register >= 0 && registers.describe(register).file === "vector";
  has("index", addresses.some(({ index, bitString }) => index !== undefined || bitString !== undefined));
  has("literal", addresses.some(({ base }) => base === undefined || base === PROGRAM_COUNTER));
  const isString = operation.repeat !== undefined || updates.some(({ value }) => value.directional);
  has("writeback", updates.length > 0 && !isString);
  has("sign-extension", reads.some(({ to, size }) => to.some(({ extension, extendTo }) => extension === "sign" && extendTo > 8 * size)));
  has("immediate", writes.some(({ from }) => from.kind === "immediate" && !(from.value === 0n && registers.zeroNumber !== undefined)));
  has("multiple", reads.length > 1 || writes.length > 1);
  has("vector", registerNumbers(operation).some(isVector));
  has("partial", destinations.some((to) => isPartial(to, registers)) || writes.some(({ from }) => from.kind === "register" && from.bit !== 0));
  has("arithmetic", computes.some(({ operator }) => operator !== "copy"));
  has("read-modify-write", reads.some((read) => writes.some((write) => write.address === read.address)));
  has("atomic", operation.atomic !== undefined);
  has("ordered", operation.ordering !== undefined);
  has("string", isString);
  has("two-addresses", addresses.length > 1);
  has("segment", addresses.some(({ segment }) => segment !== undefined));
  has("unprivileged", operation.unprivileged === true);
  has("conditional", (typeof operation.condition === "number" && operation.condition !== 14) || [...reads, ...writes].some(({ when }) => when !== undefined));
  has("branch", destinations.some(({ register }) => register === PROGRAM_COUNTER));
  has("reversed", [...reads, ...writes].some(({ reversed }) => reversed));
  return found;
}

/** Registers that hold data or addresses. */
function registerNumbers({ addresses, reads, writes, computes }: Operation): number[] {
  const sources = [...writes.map(({ from }) => from), ...computes.flatMap(({ inputs }) => inputs)];
  return [
    ...[...reads, ...computes].flatMap(({ to }) => to.map(({ register }) => register)),
    ...sources.flatMap((source) => (source.kind === "register" ? [source.register] : [])),
    ...addresses.flatMap(({ index }: Address) => (index === undefined ? [] : [index.slice.register])),
  ];
}

/** Whether a general register keeps bits of its old value. */
function isPartial({ register, bit, width, extendTo, clearTo }: Destination, registers: RegisterSet): boolean {
  if (register === ZERO_REGISTER || register === PROGRAM_COUNTER) return false;
  const description = registers.describe(register);
  return description.file === "general" && (bit !== 0 || Math.max(bit + width, extendTo, clearTo) < description.width);
}
