import type { InstructionSet } from "../model/architecture.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Operation } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type RegisterSet } from "../model/registers.ts";

/**
 * What a hypervisor learns of a faulting access from the processor, without reading the instruction. `complete`: enough to emulate it
 * (direction, size, register, extension).
 */
export interface HardwareSyndrome {
  readonly complete: boolean;
  /** The syndrome in the architecture's words, e.g. `ISV = 0`. */
  readonly name: string;
  readonly why: string;
}

/** Derives the syndrome from what the instruction does; undefined where it makes no access. */
export function hardwareSyndrome({ access, operation }: Instruction, instructionSet: InstructionSet, registers: RegisterSet): HardwareSyndrome | undefined {
  if (access === "none") return undefined;
  switch (instructionSet) {
    case "a64":
    case "a32":
    case "t32":
      return armSyndrome(operation, registers);
    case "x86-64":
      return { complete: false, name: "none", why: "an EPT or nested page fault tells the address and the direction, not size, register or extension" };
    case "rv64":
      return riscvSyndrome(operation);
    default:
      return instructionSet satisfies never;
  }
}

/** ESR_ELx.ISV, Arm Architecture Reference Manual (DDI 0487) D24.2.40, "ISV, bit [24]". */
function armSyndrome(operation: Operation | Refusal, registers: RegisterSet): HardwareSyndrome | undefined {
  if (operation instanceof Refusal) return undefined;
  const why = whyNotValid(operation, registers);
  if (why !== undefined) return { complete: false, name: "ISV = 0", why: `${why}: a hypervisor learns the address and the direction only` };
  if (isSixtyFourBytes(operation)) return { complete: true, name: "ISV = 1", why: "LST tells a 64-byte access and its first register (FEAT_LS64)" };
  return { complete: true, name: "ISV = 1", why: "one general-purpose register without writeback: a hypervisor learns size, register and extension" };
}

/** LD64B and ST64B: eight registers, and ISV = 1 all the same. */
function isSixtyFourBytes({ reads, writes, updates, alignment }: Operation): boolean {
  return reads.length + writes.length === 8 && alignment === 64 && updates.length === 0;
}

function whyNotValid(operation: Operation, registers: RegisterSet): string | undefined {
  const { reads, writes, updates, atomic } = operation;
  switch (atomic) {
    case "exclusive-load":
    case "exclusive-store":
      return "an exclusive access";
    case "read-modify-write":
      return "an atomic read-modify-write";
    case undefined:
      break;
    default:
      return atomic satisfies never;
  }
  if (isSixtyFourBytes(operation)) return undefined;
  const used = transferred(operation);
  if (used.some((register) => register >= 0 && registers.describe(register).file === "vector")) return "a vector or floating-point register";
  if (new Set(used).size > 1 || reads.length + writes.length > 1) return "more than one register";
  if (updates.length > 0) return "the base register is written back";
  if (used.includes(PROGRAM_COUNTER)) return "the program counter is loaded or stored";
  return undefined;
}

/** Registers that take or give what is transferred. */
function transferred({ reads, writes }: Operation): number[] {
  return [
    ...reads.flatMap(({ to }) => to.map(({ register }) => register)),
    ...writes.flatMap(({ from }) => (from.kind === "register" ? [from.register] : [])),
  ];
}

/** htinst, RISC-V privileged specification, "Transformed Instruction or Pseudoinstruction for mtinst or htinst". */
function riscvSyndrome(operation: Operation | Refusal): HardwareSyndrome | undefined {
  if (operation instanceof Refusal) return undefined;
  return {
    complete: true,
    name: "htinst",
    why: "the processor may give the transformed instruction (expanded, address offset in place of rs1); where it gives zero, the instruction is read from memory",
  };
}
