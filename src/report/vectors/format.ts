import type { Vector } from "../../conform/vectors.ts";
import type { Call } from "../../model/access.ts";
import type { Architecture } from "../../model/architecture.ts";
import type { GuestFacts, MemoryRange } from "../../model/fault.ts";
import type { RegisterFile, RegisterSet } from "../../model/registers.ts";

/** What all vectors of a file have in common. */
export interface VectorFile {
  readonly architecture: Architecture;
  /** How they were made, one line. */
  readonly source: string;
  readonly guest: GuestFacts;
}

/** One way to write vectors: text before the first, of each, and after the last. */
export interface VectorFormat {
  start(file: VectorFile): string;
  vector(vector: Vector, first: boolean): string;
  end(): string;
}

/** A register value as vectors have it. */
export interface NamedValue {
  readonly name: string;
  readonly width: number;
  /** 64-bit words, low first. */
  readonly words: readonly bigint[];
  /** Bits that may hold anything. */
  readonly undefinedBits: bigint;
}

/** A vector with everything under one name in all languages. */
export interface PlainVector {
  readonly registers: readonly NamedValue[];
  readonly reason: string | undefined;
  readonly accesses: readonly Call[];
  readonly afterPc: bigint;
  /** Registers that changed. */
  readonly afterRegisters: readonly NamedValue[];
  readonly afterMemory: readonly MemoryRange[];
}

export function plainVector({ fault, outcome, undefinedFlags }: Vector): PlainVector {
  const { set } = fault.registers;
  const emulated = outcome.kind === "emulated" ? outcome : undefined;
  return {
    registers: capturedValues(fault.registers),
    reason: outcome.kind === "refused" ? outcome.refusal.reason : undefined,
    accesses: emulated?.calls ?? [],
    afterPc: emulated?.after.pc ?? fault.pc,
    afterRegisters: (emulated?.after.registers ?? []).map(({ register, value, width }) => {
      const name = set.name(register, width);
      return namedValue(name, value, width, set, name === "rflags" ? undefinedFlags : 0n);
    }),
    afterMemory: emulated?.after.memory ?? [],
  };
}

function capturedValues(file: RegisterFile): NamedValue[] {
  return [...file.captured()].map((register) => {
    const width = file.capturedWidth(register);
    return namedValue(file.set.name(register, width), file.get(register)!, width, file.set, 0n);
  });
}

function namedValue(name: string, value: bigint, width: number, set: RegisterSet, undefinedBits: bigint): NamedValue {
  const words: bigint[] = [];
  for (let bit = 0; bit < width; bit += 64) words.push(BigInt.asUintN(64, value >> BigInt(bit)));
  return { name, width: set.find(name)?.width ?? width, words, undefinedBits };
}
