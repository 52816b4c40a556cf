import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import type { Fault } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Refused } from "../model/outcome.ts";
import type { Refusal } from "../model/refusal.ts";

/** A refusal for a person: the instruction with its bytes and PC, what was found, what can be done. */
export function refused(fault: Fault, instruction: Instruction | undefined, refusal: Refusal): Refused {
  const bytes = bytesToHexadecimal(instruction === undefined ? fault.bytes : fault.bytes.subarray(0, instruction.length));
  const name = instruction === undefined ? "instruction" : `${instruction.form}`;
  const shown = bytes === "" ? "no bytes" : `bytes ${bytes}`;
  return { kind: "refused", refusal, message: `${name} (${shown}) at ${hexadecimal(fault.pc)}: ${refusal.detail}; ${refusal.advice}` };
}
