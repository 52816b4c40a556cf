import type { Architecture, InstructionSet } from "./architecture.ts";
import type { ExitInstruction } from "./exit.ts";
import type { Operation } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import type { RegisterFile, RegisterSet } from "./registers.ts";

/** Which way an instruction uses memory. */
export type Direction = "read" | "write" | "read-write" | "none";

/** A decoded instruction: what it is and what it would touch, whether or not it can be emulated. */
export interface Instruction {
  /** Name of the row of the instruction table that matched. */
  readonly form: string;
  /** Mnemonic as the architecture's manual writes it, in lower case. */
  readonly mnemonic: string;
  /** Bytes. */
  readonly length: number;
  readonly access: Direction;
  /** Bytes of each access in order; 0 where the count depends on registers. */
  readonly sizes: readonly number[];
  /** How to execute it, or why that is refused whatever the registers hold. */
  readonly operation: Operation | Refusal;
  /** x86-64: what it asks of the hypervisor, where the exit reason says that it left to it for that. */
  readonly exit?: ExitInstruction;
}

/** One instruction set architecture: a folder of `src/isa`. */
export interface Isa {
  readonly architecture: Architecture;
  readonly registers: RegisterSet;
  /** The instruction set that the captured state selects, or why that can't be told. */
  instructionSet(registers: RegisterFile): InstructionSet | Refusal;
  /**
   * Decodes the instruction at the start of `bytes`, which may be longer than it. Refused outright (without an
   * `Instruction`) are only `truncated-instruction` and `undefined-instruction`.
   */
  decode(bytes: Uint8Array, instructionSet: InstructionSet): Instruction | Refusal;
  /**
   * RISC-V: decodes what the hart wrote to htinst instead of instruction bytes. `faultAddress` is the faulting virtual address
   * (stval), from which the access's address follows; without it no access can be decoded.
   */
  decodeTransformed?(value: bigint, faultAddress: bigint | undefined): Instruction | Refusal;
}

/** An instruction that is recognised and not emulated. */
export function refusedInstruction(
  name: { readonly form: string; readonly mnemonic: string; readonly length: number },
  access: Direction,
  sizes: readonly number[],
  refusal: Refusal,
): Instruction {
  return { ...name, access, sizes, operation: refusal };
}
