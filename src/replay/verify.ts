import type { Call } from "../model/access.ts";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import { registerJson } from "../model/json.ts";
import type { After, Emulated } from "../model/outcome.ts";
import { RegisterFile, type RegisterSet } from "../model/registers.ts";
import type { TraceRecord } from "../trace/record.ts";
import { type Difference, type Effects, findDifferences } from "./differences.ts";
import type { Replayed } from "./replay.ts";

/** How a replayed fault compares with its record. */
export interface Comparison {
  /** Undefined for a refused fault: there is nothing to compare. Unknown: the record has no truth. */
  readonly verdict: "exact" | "different" | "unknown" | undefined;
  /** One line for a person each, ours first. */
  readonly differences: readonly string[];
}

/** Compares a replayed fault with the truth of its record. Only what the record knows is compared. */
export function compare(record: TraceRecord, { outcome, instruction }: Replayed): Comparison {
  if (outcome.kind === "refused" || instruction === undefined) return { verdict: undefined, differences: [] };
  const { calls, after, fault } = record;
  if (calls === undefined && after === undefined) return { verdict: "unknown", differences: [] };
  const { set } = fault.registers;
  const truth: Effects = { calls, pc: after?.pc, registers: after?.registers, memory: after?.memory };
  const found = findDifferences(fault, instruction, truth, effectsOf(outcome, set));
  return { verdict: found.length === 0 ? "exact" : "different", differences: found.map((difference) => describe(difference, set)) };
}

/** What an emulated instruction did. */
export function effectsOf({ calls, after }: Pick<Emulated, "calls" | "after">, set: RegisterSet): Effects {
  return { calls, pc: after.pc, registers: registersAfter(after, set), memory: after.memory, listsAllMemory: true };
}

function registersAfter({ registers }: After, set: RegisterSet): RegisterFile {
  const file = new RegisterFile(set);
  for (const { register, value, width } of registers) file.capture(register, value, width);
  return file;
}

function describe(difference: Difference, set: RegisterSet): string {
  switch (difference.kind) {
    case "accesses":
      return `accesses: ${listCalls(difference.actual)}, and the machine made ${listCalls(difference.expected)}`;
    case "pc":
      return `pc: ${hexadecimal(difference.actual)}, and the machine had ${hexadecimal(difference.expected)}`;
    case "register": {
      const { register, expected, actual } = difference;
      const name = set.name(register, Math.max(expected?.width ?? 0, actual?.width ?? 0));
      const got = actual === undefined ? "not changed" : registerJson(actual.value, actual.width);
      return expected === undefined
        ? `${name}: ${got}, and the trace does not know this register`
        : `${name}: ${got}, and the machine had ${registerJson(expected.value, expected.width)}`;
    }
    case "memory":
      return `ram ${hexadecimal(difference.address)}: ${byte(difference.actual)}, and the machine had ${byte(difference.expected)}`;
    default:
      return difference satisfies never;
  }
}

function listCalls(calls: readonly Call[]): string {
  if (calls.length === 0) return "none";
  const shown = calls.slice(0, 8).map(({ write, gpa, size, value }) => `${write ? "write" : "read"} ${size} at ${hexadecimal(gpa)} ${hexadecimal(value)}`);
  return shown.join("; ") + (calls.length > 8 ? `; … ${calls.length} in all` : "");
}

function byte(value: number | undefined): string {
  return value === undefined ? "not written" : bytesToHexadecimal(Uint8Array.of(value));
}
