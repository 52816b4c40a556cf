import type { Specimen } from "../../conform/conform.ts";
import type { Call } from "../../model/access.ts";
import { bytesToHexadecimal, hexadecimal } from "../../model/bits.ts";
import type { MemoryRange } from "../../model/fault.ts";
import { registerJson } from "../../model/json.ts";
import type { Register, RegisterSet } from "../../model/registers.ts";

/** One line of the comparison of two answers. */
export interface ComparedLine {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  readonly differs: boolean;
}

/** Accesses that are shown of each side; a REP may make thousands. */
const SHOWN_ACCESSES = 8;

/** Both answers side by side: accesses, registers that either side changed, RAM, program counter. Empty where there is no answer to show. */
export function comparedLines({ fault, ours: { outcome }, answer, differences }: Specimen): ComparedLine[] {
  if (answer === undefined) return [];
  const { set } = fault.registers;
  const lines: ComparedLine[] = [];
  const emulated = outcome.kind === "emulated" ? outcome : undefined;
  const add = (what: string, expected: string, actual: string, differs: boolean): void => void lines.push({ what, expected, actual, differs });
  if (outcome.kind === "refused") add("outcome", `refused, ${outcome.refusal.reason}`, "emulated", true);
  const expectedCalls = emulated?.calls ?? [];
  const count = Math.max(expectedCalls.length, answer.calls.length);
  for (let at = 0; at < Math.min(count, SHOWN_ACCESSES); at++) {
    const [expected, actual] = [callText(expectedCalls[at]), callText(answer.calls[at])];
    add(at === 0 ? "accesses" : "", expected, actual, emulated !== undefined && expected !== actual);
  }
  if (count > SHOWN_ACCESSES) add("", `… ${expectedCalls.length} in all`, `… ${answer.calls.length} in all`, expectedCalls.length !== answer.calls.length);
  const ours = new Map(emulated?.after.registers.map(({ register, value, width }) => [register, { value, width }]));
  const registers = new Set<Register>([...ours.keys(), ...answer.after.registers.captured()]);
  for (const register of [...registers].toSorted((first, second) => first - second)) {
    const theirs = answer.after.registers.capturedWidth(register);
    const before = fault.registers.capturedWidth(register);
    const unchanged = before === 0 ? "not changed" : registerJson(fault.registers.get(register)!, before);
    const own = ours.get(register);
    const width = Math.max(own?.width ?? 0, theirs, before);
    add(
      nameOf(register, width, set),
      own === undefined ? unchanged : registerJson(own.value, own.width),
      theirs === 0 ? unchanged : registerJson(answer.after.registers.get(register)!, theirs),
      differences.some((each) => each.kind === "register" && each.register === register),
    );
  }
  const [ram, theirRam] = [memoryText(emulated?.after.memory ?? []), memoryText(answer.after.memory)];
  if (ram !== "none" || theirRam !== "none") add("RAM", ram, theirRam, differences.some(({ kind }) => kind === "memory"));
  add("pc", emulated === undefined ? hexadecimal(fault.pc) : hexadecimal(emulated.after.pc), hexadecimal(answer.after.pc), differences.some(({ kind }) => kind === "pc"));
  return lines;
}

/** The state before the instruction in one line: registers, where it faulted, what the device answers. */
export function givenText({ fault }: Specimen): string {
  const { registers, gva, gpa, write, mode, memory, reads } = fault;
  const values = [...registers.captured()].map((register) => {
    const width = registers.capturedWidth(register);
    return `${nameOf(register, width, registers.set)} = ${registerJson(registers.get(register)!, width)}`;
  });
  const parts = [values.length === 0 ? "no register" : values.join(", ")];
  const at = gva ?? gpa;
  if (at !== undefined) parts.push(`${mode === "user" ? "user-mode " : ""}${write === undefined ? "access" : write ? "write" : "read"} fault at ${hexadecimal(at)}`);
  if (memory.length > 0) parts.push(`RAM ${memoryText(memory)}`);
  if (reads.length > 0) parts.push(`the device answers ${reads.slice(0, SHOWN_ACCESSES).map(hexadecimal).join(", ")}${reads.length > SHOWN_ACCESSES ? ", …" : ""}`);
  return parts.join("; ");
}

function nameOf(register: Register, width: number, set: RegisterSet): string {
  return set.name(register, width);
}

function callText(call: Call | undefined): string {
  return call === undefined ? "none" : `${call.write ? "write" : "read"} ${call.size} at ${hexadecimal(call.gpa)}: ${hexadecimal(call.value)}`;
}

function memoryText(ranges: readonly MemoryRange[]): string {
  if (ranges.length === 0) return "none";
  return ranges.slice(0, 4).map(({ address, bytes }) => `${hexadecimal(address)}: ${bytesToHexadecimal(bytes.subarray(0, 32))}${bytes.length > 32 ? "…" : ""}`).join(", ");
}
