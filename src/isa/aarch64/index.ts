import type { Isa } from "../../model/instruction.ts";
import { decodeA64 } from "./decode.ts";
import { AARCH64_REGISTERS } from "./registers.ts";

/** AArch64: the A64 instruction set. */
export const AARCH64: Isa = {
  architecture: "aarch64",
  registers: AARCH64_REGISTERS,
  instructionSet: () => "a64",
  decode: decodeA64,
};
