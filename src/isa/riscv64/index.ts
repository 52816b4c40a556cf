import type { Isa } from "../../model/instruction.ts";
import { decode } from "./decode.ts";
import { RISCV64_REGISTERS } from "./registers.ts";
import { decodeTransformed } from "./transformed.ts";

/** RV64GC and the ratified extensions whose instructions access memory. */
export const RISCV64: Isa = {
  architecture: "riscv64",
  registers: RISCV64_REGISTERS,
  instructionSet: () => "rv64",
  decode,
  decodeTransformed,
};
