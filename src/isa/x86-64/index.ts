import type { Isa } from "../../model/instruction.ts";
import { decodeWith } from "./decode.ts";
import { OpcodeTable } from "./opcode-table.ts";
import { X86_64_REGISTERS } from "./registers.ts";
import { X86_64_ROWS } from "./tables/list.ts";

let table: OpcodeTable | undefined;

/** x86-64 in 64-bit mode: Intel SDM volume 2, AMD APM volumes 3 and 4, Intel APX architecture specification. */
export const X86_64: Isa = {
  architecture: "x86-64",
  registers: X86_64_REGISTERS,
  instructionSet: () => "x86-64",
  decode: (bytes) => decodeWith((table ??= new OpcodeTable(X86_64_ROWS)), bytes),
};
