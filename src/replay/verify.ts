import type { Call } from "../model/access.ts";
import type { Architecture } from "../model/architecture.ts";
import { bytesToHexadecimal, hexadecimal, mask, truncate } from "../model/bits.ts";
import type { MemoryRange } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import { registerJson } from "../model/json.ts";
import type { Emulated } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import type { TraceRecord } from "../trace/record.ts";
import type { Replayed } from "./replay.ts";
import { undefinedFlags } from "./undefined-flags.ts";

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
  if (record.calls === undefined && record.after === undefined) return { verdict: "unknown", differences: [] };
  const found = differences(record, outcome, instruction);
  return { verdict: found.length === 0 ? "exact" : "different", differences: found };
}

function differences(record: TraceRecord, outcome: Emulated, instruction: Instruction): string[] {
  const found: string[] = [];
  const { architecture } = record.fault.registers.set;
  if (record.calls !== undefined && !sameCalls(record.calls, outcome.calls) && !isFailedSwap(record.calls, outcome.calls, architecture, instruction)) {
    found.push(`accesses: ${listCalls(outcome.calls)}, and the machine made ${listCalls(record.calls)}`);
  }
  const { after } = record;
  if (after === undefined) return found;
  if (after.pc !== undefined && after.pc !== outcome.after.pc) {
    found.push(`pc: ${hexadecimal(outcome.after.pc)}, and the machine had ${hexadecimal(after.pc)}`);
  }
  compareRegisters(record, outcome, instruction, found);
  compareMemory(record, outcome, found);
  return found;
}

function sameCalls(truth: readonly Call[], ours: readonly Call[]): boolean {
  return truth.length === ours.length && truth.every((call, index) => sameCall(call, ours[index]!));
}

function sameCall(first: Call, second: Call): boolean {
  const width = 8 * first.size;
  return first.write === second.write && first.gpa === second.gpa && first.size === second.size && truncate(first.value, width) === truncate(second.value, width);
}

/**
 * An Arm compare-and-swap that fails may write the old value back or leave the write out (DDI 0487 C6.2, CAS): one side then has
 * the reads only, the other the same reads and a write of each value read. x86-64 always writes.
 */
function isFailedSwap(truth: readonly Call[], ours: readonly Call[], architecture: Architecture, { operation }: Instruction): boolean {
  if (operation instanceof Refusal || (architecture !== "aarch64" && architecture !== "arm")) return false;
  if (!operation.computes.some(({ operator }) => operator === "compare-select")) return false;
  const [shorter, longer] = truth.length < ours.length ? [truth, ours] : [ours, truth];
  const reads = longer.filter((call) => !call.write);
  const restored = longer.filter((call) => call.write).map((call) => ({ ...call, write: false }));
  return sameCalls(shorter, reads) && sameCalls(restored, reads);
}

function listCalls(calls: readonly Call[]): string {
  if (calls.length === 0) return "none";
  const shown = calls.slice(0, 8).map(({ write, gpa, size, value }) => `${write ? "write" : "read"} ${size} at ${hexadecimal(gpa)} ${hexadecimal(value)}`);
  return shown.join("; ") + (calls.length > 8 ? `; … ${calls.length} in all` : "");
}

/** Registers that the machine changed or that we changed; in bits that both know. */
function compareRegisters({ fault, after }: TraceRecord, outcome: Emulated, { operation }: Instruction, found: string[]): void {
  const truth = after!.registers;
  const before = fault.registers;
  const ours = new Map(outcome.after.registers.map((change) => [change.register, change]));
  const { set } = truth;
  const flags = set.find("rflags")?.register;
  const programCounter = set.architecture === "arm" ? set.find("r15")?.register : undefined;
  for (const register of new Set([...truth.captured(), ...ours.keys()])) {
    // On Arm r15 is the program counter, which `after.pc` tells.
    if (register === programCounter) continue;
    const [wanted, wantedWidth] = truth.capturedWidth(register) > 0
      ? [truth.get(register)!, truth.capturedWidth(register)]
      : [before.get(register), before.capturedWidth(register)];
    const change = ours.get(register);
    const [got, gotWidth] = change === undefined ? [before.get(register), before.capturedWidth(register)] : [change.value, change.width];
    const name = set.name(register, Math.max(wantedWidth, gotWidth));
    if (wanted === undefined) {
      found.push(`${name}: ${registerJson(got!, gotWidth)}, and the trace does not know this register`);
    } else if (got === undefined) {
      found.push(`${name}: not changed, and the machine had ${registerJson(wanted, wantedWidth)}`);
    } else {
      const width = Math.min(wantedWidth, gotWidth);
      const ignored = register === flags && !(operation instanceof Refusal) ? undefinedFlags(operation, fault) : 0n;
      if (((wanted ^ got) & mask(width) & ~ignored) !== 0n) {
        found.push(`${name}: ${registerJson(got, gotWidth)}, and the machine had ${registerJson(wanted, wantedWidth)}`);
      }
    }
  }
}

/** RAM byte by byte: what the machine changed, and what we wrote where its value is known. */
function compareMemory({ fault, after }: TraceRecord, outcome: Emulated, found: string[]): void {
  const truth = byteMap(after!.memory);
  const ours = byteMap(outcome.after.memory);
  if (truth.size === 0 && ours.size === 0) return;
  const before = byteMap(fault.memory);
  for (const address of [...new Set([...truth.keys(), ...ours.keys()])].toSorted((first, second) => (first < second ? -1 : 1))) {
    const wanted = truth.get(address) ?? before.get(address);
    const got = ours.get(address) ?? before.get(address);
    if (wanted === got) continue;
    // The truth lists RAM that changed: a byte of unknown value that we wrote and it does not list may have had our value before.
    if (wanted === undefined) continue;
    found.push(`ram ${hexadecimal(address)}: ${byte(got)}, and the machine had ${byte(wanted)}`);
    return;
  }
}

function byte(value: number | undefined): string {
  return value === undefined ? "not written" : bytesToHexadecimal(Uint8Array.of(value));
}

function byteMap(ranges: readonly MemoryRange[]): Map<bigint, number> {
  const map = new Map<bigint, number>();
  for (const { address, bytes } of ranges) bytes.forEach((value, index) => map.set(BigInt.asUintN(64, address + BigInt(index)), value));
  return map;
}
