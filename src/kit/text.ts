import type { GeneratedFault } from "../generate/fault.ts";
import type { Call } from "../model/access.ts";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import type { Emulated } from "../model/outcome.ts";
import type { RegisterSet } from "../model/registers.ts";

/** A generated fault for people: a line for what it is, its registers, and what the device and RAM hold. */
export function faultText({ fault, instruction, isa }: GeneratedFault): string {
  const { registers, memory, reads, pc, gva, gpa, write, bytes } = fault;
  const values = [...registers.captured()].map((register) => `${isa.registers.name(register, registers.capturedWidth(register))} ${hexadecimal(registers.get(register)!)}`);
  return [
    `  ${instruction?.form ?? "no instruction"}, bytes ${bytesToHexadecimal(bytes)}, at ${hexadecimal(pc)}`,
    `  ${write === true ? "write" : "read"} at ${hexadecimal(gva ?? 0n)} (physical ${hexadecimal(gpa ?? 0n)})`,
    `  registers: ${values.join(", ")}`,
    ...(reads.length === 0 ? [] : [`  device answers: ${reads.map(hexadecimal).join(", ")}`]),
    ...memory.map((range) => `  RAM at ${hexadecimal(range.address)}: ${bytesToHexadecimal(range.bytes)}`),
  ].join("\n");
}

export function callText({ write, gpa, size, value }: Call): string {
  return `${write ? "write" : "read "} ${size} at ${hexadecimal(gpa)}: ${hexadecimal(value)}`;
}

/** Two lists side by side, with a mark before the lines that differ. */
export function sideBySide(titles: readonly [string, string], left: readonly string[], right: readonly string[]): string {
  const width = Math.max(titles[0].length, ...left.map(({ length }) => length), 6);
  const line = (mark: string, first: string, second: string): string => `${mark} ${first.padEnd(width)} │ ${second}`.trimEnd();
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, at) => line(left[at] === right[at] ? " " : "≠", left[at] ?? "(none)", right[at] ?? "(none)"));
  return [line(" ", ...titles), line(" ", "─".repeat(width), "─".repeat(Math.max(titles[1].length, ...right.map(({ length }) => length), 6))), ...rows].join("\n");
}

/** Registers, RAM and program counter after an instruction, a line each, by name. */
export function afterLines({ after }: Pick<Emulated, "after">, set: RegisterSet): Map<string, string> {
  const lines = new Map<string, string>([["pc", hexadecimal(after.pc)]]);
  for (const { register, value, width } of after.registers) lines.set(set.name(register, width), hexadecimal(value));
  for (const { address, bytes } of after.memory) lines.set(`RAM ${hexadecimal(address)}`, bytesToHexadecimal(bytes));
  return lines;
}
