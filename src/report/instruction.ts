import type { InstructionSet } from "../model/architecture.ts";
import { bytesToHexadecimal } from "../model/bits.ts";
import type { Instruction } from "../model/instruction.ts";
import { Refusal, type RefusalReason } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";
import { accessLines, registerNames } from "./describe.ts";
import type { Style } from "./style.ts";
import { hardwareSyndrome } from "./syndrome.ts";
import { plural } from "./tally.ts";

/** Why the instruction would be refused whatever the registers hold, under the default policy. */
export function standingReason({ operation }: Instruction): RefusalReason | undefined {
  if (operation instanceof Refusal) return operation.reason;
  return operation.atomic === undefined ? undefined : "atomic";
}

/** One line of `decode --json` (contract, section 3) with its line feed. */
export function instructionLine(bytes: Uint8Array, decoded: Instruction | Refusal, text: string): string {
  const insn = bytesToHexadecimal(bytes);
  if (decoded instanceof Refusal) {
    return `${JSON.stringify({ insn, length: 0, text, form: "", access: "none", sizes: [], reason: decoded.reason })}\n`;
  }
  const { length, form, access, sizes } = decoded;
  const reason = standingReason(decoded);
  return `${JSON.stringify({ insn, length, text, form, access, sizes, ...(reason === undefined ? {} : { reason }) })}\n`;
}

/** What `decode` tells a person about one instruction: a heading and a line for each question. */
export function instructionText(
  bytes: Uint8Array,
  instruction: Instruction,
  text: string,
  instructionSet: InstructionSet,
  registers: RegisterSet,
  style: Style,
): string {
  const { operation, form, access, sizes } = instruction;
  const lines: [string, string][] = [["form", form]];
  if (operation instanceof Refusal) {
    lines.push(["accesses", access === "none" ? "none" : refusedAccess(access, sizes)]);
  } else {
    const { needs, changes } = registerNames(operation, registers);
    accessLines(operation, registers).forEach((line, index) => lines.push([index === 0 ? "accesses" : "", line]));
    lines.push(["needs", needs.length === 0 ? "no register" : needs.join(", ")], ["changes", changes.length === 0 ? "no register" : changes.join(", ")]);
  }
  const syndrome = hardwareSyndrome(instruction, instructionSet, registers);
  if (syndrome !== undefined) lines.push(["syndrome", `${style(syndrome.complete ? "green" : "yellow", syndrome.name)}, ${syndrome.why}`]);
  lines.push(["here", verdict(instruction, style)]);
  const body = lines.map(([label, value]) => `  ${style("dim", label.padEnd(8))}  ${value}`);
  return `${[heading(bytes.subarray(0, instruction.length), text, style), ...body].join("\n")}\n`;
}

/** The same for bytes that are no instruction. */
export function undecodedText(bytes: Uint8Array, refusal: Refusal, style: Style): string {
  return `${heading(bytes, "", style)}\n  ${style("dim", "here".padEnd(8))}  ${style("yellow", "refused")}, ${refusal.reason}: ${refusal.detail}; ${refusal.advice}\n`;
}

function heading(bytes: Uint8Array, text: string, style: Style): string {
  const spaced = (bytesToHexadecimal(bytes).match(/../g) ?? []).join(" ");
  return text === "" ? spaced : `${spaced}  ${style("bold", text)}`;
}

function refusedAccess(access: Instruction["access"], sizes: readonly number[]): string {
  const verb = access === "read" ? "reads" : access === "write" ? "writes" : "reads and writes";
  return sizes.length === 0 ? `${verb} memory` : `${verb} memory, ${sizes.map((size) => (size === 0 ? "as the registers say" : size)).join(" + ")} bytes`;
}

function verdict(instruction: Instruction, style: Style): string {
  const { operation, sizes } = instruction;
  if (operation instanceof Refusal) return `${style("yellow", "refused")}, ${operation.reason}: ${operation.detail}; ${operation.advice}`;
  if (operation.atomic !== undefined) return `${style("yellow", "refused")}, atomic, unless --atomics split makes it a plain read and write`;
  const variable = operation.repeat !== undefined || sizes.includes(0);
  return `${style("green", "emulated")}${variable ? "; how many accesses it makes depends on the registers" : `, ${plural(sizes.length, "access", "accesses")}`}`;
}
