import type { InstructionSet } from "../model/architecture.ts";
import { hexadecimal } from "../model/bits.ts";
import type { Condition } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";
import { raisedException } from "./exception.ts";
import type { Transaction } from "./transaction.ts";

/** Bits of CPSR, Arm ARM (DDI 0487) G8.2.33: T, IT[7:2] and IT[1:0]. */
const CPSR_T = 1n << 5n;
const CPSR_M_HYP = 0x1an;
const CPSR_IT = (0x3fn << 10n) | (3n << 25n);
/** Bits of PSTATE as in SPSR_EL1, DDI 0487 C5.2.19: BTYPE and the software step bit. */
const PSTATE_BTYPE = 3n << 10n;
const PSTATE_SS = 1n << 21n;
const PSTATE_CLEARED = PSTATE_BTYPE | PSTATE_SS;

/** RFLAGS.RF, SDM volume 3B, section 18.3.1.1: set in what a fault saves, cleared by an instruction that completes. */
const RFLAGS_RF = 1n << 16n;

/** SDM volume 1, section 3.3.7.1. The trace does not tell five-level paging (57 bits); what only that allows is refused. */
const CANONICAL_WIDTH = 48;

/** ITSTATE as one byte, from its two places in CPSR. */
export function itState(cpsr: bigint): number {
  return Number(((cpsr >> 8n) & 0xfcn) | ((cpsr >> 25n) & 3n));
}

/** Whether an instruction with this condition is executed, DDI 0487 F1.3.1, ConditionHolds(). */
export function conditionHolds(condition: Condition | undefined, transaction: Transaction, registers: RegisterSet): boolean | Refusal {
  if (condition === undefined || condition === 14 || condition === 15) return true;
  const cpsr = transaction.slice({ register: registers.index("cpsr"), bit: 0, width: 32 });
  if (cpsr instanceof Refusal) return cpsr;
  const it = itState(cpsr);
  if (condition === "outside-it-block") {
    return (it & 0xf) === 0 || inItBlock("it is CONSTRAINED UNPREDICTABLE in an IT block");
  }
  if (condition === "it-state" && (it & 0xf) === 0) return true;
  const field = condition === "it-state" ? it >> 4 : condition;
  const [n, z, c, v] = [31n, 30n, 29n, 28n].map((bit) => ((cpsr >> bit) & 1n) === 1n) as [boolean, boolean, boolean, boolean];
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][field >> 1]!;
  return field % 2 === 1 && field !== 15 ? !base : base;
}

/** LDRT, STRT and their kin in Hyp mode are CONSTRAINED UNPREDICTABLE ("if PSTATE.EL == EL2", DDI 0487 F5.1). A64 has no such rule. */
export function refuseUnprivilegedInHyp(transaction: Transaction, registers: RegisterSet): Refusal | undefined {
  if (registers.architecture !== "arm") return undefined;
  const mode = transaction.slice({ register: registers.index("cpsr"), bit: 0, width: 5 });
  if (mode instanceof Refusal) return mode;
  if (mode !== CPSR_M_HYP) return undefined;
  return new Refusal("unpredictable", "in Hyp mode an unprivileged access is CONSTRAINED UNPREDICTABLE", "correct the guest's code, or check that cpsr is that of the faulting instruction");
}

/**
 * The program counter and the status bits after an instruction of `length` bytes: RF, BTYPE and SS are cleared, ITSTATE
 * advances, and a branch on A32 and T32 selects the instruction set by bit 0 (DDI 0487 F2.5, BXWritePC).
 */
export function finish(
  instructionSet: InstructionSet,
  pc: bigint,
  length: number,
  transaction: Transaction,
  registers: RegisterSet,
): bigint | Refusal {
  const next = pc + BigInt(length);
  switch (instructionSet) {
    case "x86-64": {
      const branch = transaction.branch ?? next;
      if (transaction.branch !== undefined && BigInt.asUintN(64, BigInt.asIntN(CANONICAL_WIDTH, branch)) !== branch) {
        return raisedException("#GP(0)", `it branches to ${hexadecimal(branch)}, which is not canonical in ${CANONICAL_WIDTH} bits`);
      }
      const register = registers.index("rflags");
      const flags = transaction.current(register);
      // A REP that stopped short is restarted, and keeps it.
      if (flags !== undefined && length > 0 && (flags & RFLAGS_RF) !== 0n) transaction.replace(register, flags & ~RFLAGS_RF);
      return BigInt.asUintN(64, branch);
    }
    case "rv64":
      return BigInt.asUintN(64, next);
    case "a64": {
      const register = registers.index("pstate");
      const pstate = transaction.current(register);
      if (pstate !== undefined && (pstate & PSTATE_CLEARED) !== 0n) transaction.replace(register, pstate & ~PSTATE_CLEARED);
      return BigInt.asUintN(64, next);
    }
    case "a32":
    case "t32": {
      const register = registers.index("cpsr");
      const cpsr = transaction.current(register);
      const branch = transaction.branch;
      if (cpsr === undefined) {
        if (branch === undefined && instructionSet === "a32") return BigInt.asUintN(32, next);
        return new Refusal("missing-register", "the instruction needs it, and register cpsr is not in the trace", "capture cpsr with the fault");
      }
      let status = instructionSet === "t32" ? advanceItState(cpsr) : cpsr;
      if (branch === undefined) {
        transaction.replace(register, status);
        return BigInt.asUintN(32, next);
      }
      if (instructionSet === "t32" && (itState(cpsr) & 7) !== 0) {
        return inItBlock("it branches within an IT block and is not the last of it, which is CONSTRAINED UNPREDICTABLE");
      }
      // Bits 1:0 = 10: of the two outcomes that BXWritePC allows, this leaves the target unaligned, which raises a PC alignment
      // fault there: the guest sees a bad pointer as such, and it is what the recorded machines did.
      status = (branch & 1n) === 1n ? status | CPSR_T : status & ~CPSR_T;
      transaction.replace(register, status);
      return branch & ~1n;
    }
    default:
      return instructionSet satisfies never;
  }
}

function inItBlock(what: string): Refusal {
  return new Refusal("unpredictable", what, "correct the guest's code, or check that cpsr is that of the faulting instruction");
}

/** DDI 0487 F1.3.4, ITAdvance(). */
function advanceItState(cpsr: bigint): bigint {
  const it = itState(cpsr);
  const next = (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
  return (cpsr & ~CPSR_IT) | (BigInt(next & 0xfc) << 8n) | (BigInt(next & 3) << 25n);
}
