import type { Call } from "../model/access.ts";
import type { Fault, MemoryRange } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Refusal } from "../model/refusal.ts";
import type { RegisterFile, RegisterSet } from "../model/registers.ts";

/** An access that an instruction is about to make. */
export interface ForeseenAccess {
  readonly write: boolean;
  readonly gva: bigint;
  /** Undefined: ordinary RAM. */
  readonly gpa: bigint | undefined;
  /** Bytes; of RAM that a repeated instruction goes through, all of it. */
  readonly size: number;
}

/** What the machine did, by its own account. */
export interface MachineAfter {
  readonly pc: bigint;
  readonly registers: RegisterFile;
  /** The RAM that the instruction writes, as it is now. */
  readonly memory: readonly MemoryRange[];
}

/** What follows from the state before and after an instruction. */
export type Deduction =
  /** The values that the device returned, and every access. */
  | { readonly kind: "known"; readonly reads: readonly bigint[]; readonly calls: readonly Call[] }
  /** The instruction was done, and what the device returned left no exact trace in registers or RAM. */
  | { readonly kind: "hidden" }
  /** The program counter is not where the instruction leads: an exception came between. */
  | { readonly kind: "not-done" };

/** What a capture needs to know of instructions. The emulator's side of it is handed in, as the rooms of src/ demand. */
export interface Analyst {
  readonly registers: RegisterSet;
  decode(bytes: Uint8Array, registers: RegisterFile): Instruction | Refusal;
  /** The accesses, in the order in which the machine makes them. */
  foresee(instruction: Instruction, fault: Fault): readonly ForeseenAccess[] | Refusal;
  deduce(instruction: Instruction, fault: Fault, after: MachineAfter): Deduction;
}
