import { emulate, type Emulation } from "../../src/emulate/emulate.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/emulate/policy.ts";
import type { Access } from "../../src/model/access.ts";
import type { InstructionSet } from "../../src/model/architecture.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import type { Address, Destination, Operation, Source } from "../../src/model/operation.ts";
import { Refusal } from "../../src/model/refusal.ts";
import type { Register, RegisterSet } from "../../src/model/registers.ts";
import { faultOf, type FaultText } from "./fault.ts";

/** An operation with everything that the test does not name empty. */
export function operationOf(parts: Partial<Operation>): Operation {
  return { addresses: [], reads: [], computes: [], writes: [], updates: [], ...parts };
}

/** [base + displacement], 64 bits. */
export function at(base: Register, displacement = 0n): Address {
  return { base, displacement, width: 64 };
}

/** `width` low bits of a general register of `registerWidth` bits; the bits above them become zero. */
export function into(register: Register, width: number, registerWidth = 64): Destination {
  return { register, bit: 0, width, extension: "zero", extendTo: registerWidth, clearTo: registerWidth };
}

/** `width` bits of a register from `bit` up; all others keep their value. */
export function slice(register: Register, width: number, bit = 0): Destination {
  return { register, bit, width, extension: "zero", extendTo: bit + width, clearTo: bit + width };
}

/** Low bits of a register as a source. */
export function from(register: Register, width: number, bit = 0): Source {
  return { kind: "register", register, bit, width };
}

export function immediate(value: bigint): Source {
  return { kind: "immediate", value };
}

export function temporary(index: number, bit?: number): Source {
  return bit === undefined ? { kind: "temporary", index } : { kind: "temporary", index, bit };
}

/** The machine of a test: where the device is, and what the host answers. */
export interface Machine {
  readonly guest?: GuestFacts;
  readonly policy?: Partial<Policy>;
  /** Instead of the fault's reads. */
  readonly device?: (access: Access) => bigint | Refusal;
}

export interface Executed {
  readonly fault: Fault;
  readonly result: Emulation | Refusal;
  /** Every access that reached the device, also those of an instruction that was refused later. */
  readonly accesses: readonly Access[];
}

/** An instruction with what its operation says of accesses filled in. */
export function instructionOf(
  { form, mnemonic, length }: { readonly form: string; readonly mnemonic: string; readonly length: number },
  operation: Operation,
): Instruction {
  const reads = operation.reads.length > 0;
  const writes = operation.writes.length > 0;
  const counted = operation.repeat === undefined && !operation.packed;
  const sizes: number[] = [];
  for (const { when, size } of operation.reads) sizes.push(when === undefined && counted ? size : 0);
  for (const { when, size } of operation.writes) sizes.push(when === undefined && counted ? size : 0);
  const access = reads && writes ? "read-write" : reads ? "read" : writes ? "write" : "none";
  return { form, mnemonic, length, access, sizes, operation };
}

/** Executes an operation that a test made by hand, as an instruction of four bytes (two with `bytes` of two). */
export function execute(set: RegisterSet, instructionSet: InstructionSet, parts: Partial<Operation>, text: FaultText, machine: Machine = {}): Executed {
  const fault = faultOf({ registers: set }, text);
  const instruction = instructionOf({ form: "test", mnemonic: "test", length: fault.bytes.length }, operationOf(parts));
  const accesses: Access[] = [];
  let next = 0;
  const answer = (access: Access): bigint | Refusal =>
    access.write ? 0n : (fault.reads[next++] ?? new Refusal("missing-read", "the trace has no more values", "capture them"));
  const device = machine.device ?? answer;
  const result = emulate(instruction, instructionSet, fault, machine.guest ?? { windows: [] }, { ...DEFAULT_POLICY, ...machine.policy }, (access) => {
    accesses.push(access);
    return device(access);
  });
  return { fault, result, accesses };
}
