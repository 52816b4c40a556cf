import type { Isa } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { decodeArm } from "./decode.ts";
import { ARM_REGISTERS, CPSR } from "./registers.ts";

/** CPSR.T, DDI 0487 G8.2.33. */
const CPSR_T = 1n << 5n;

/** 32-bit Arm: A32 and T32. */
export const ARM: Isa = {
  architecture: "arm",
  registers: ARM_REGISTERS,
  instructionSet(registers) {
    const cpsr = registers.get(CPSR);
    if (cpsr === undefined) {
      return new Refusal("missing-register", "bit 5 of cpsr tells A32 from T32, and cpsr is not in the trace", "capture cpsr with the fault");
    }
    return (cpsr & CPSR_T) === 0n ? "a32" : "t32";
  },
  decode(bytes, instructionSet) {
    if (instructionSet !== "a32" && instructionSet !== "t32") throw new Error(`arm has no instruction set ${instructionSet}`);
    return decodeArm(bytes, instructionSet);
  },
};
