import type { Isa } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { decodeArm } from "./decode.ts";
import { ARM_REGISTERS, CPSR } from "./registers.ts";

/** CPSR.T is bit 5, DDI 0487 G8.2.33: the bits up to it, as a signed integer, are negative where it is set. Of them the engine makes no bigint. */
const UP_TO_T = 6;

/** 32-bit Arm: A32 and T32. */
export const ARM: Isa = {
  architecture: "arm",
  registers: ARM_REGISTERS,
  instructionSet(registers) {
    const cpsr = registers.get(CPSR);
    if (cpsr === undefined) {
      return new Refusal("missing-register", "bit 5 of cpsr tells A32 from T32, and cpsr is not in the trace", "capture cpsr with the fault");
    }
    return BigInt.asIntN(UP_TO_T, cpsr) < 0n ? "t32" : "a32";
  },
  decode(bytes, instructionSet) {
    if (instructionSet !== "a32" && instructionSet !== "t32") throw new Error(`arm has no instruction set ${instructionSet}`);
    return decodeArm(bytes, instructionSet);
  },
};
