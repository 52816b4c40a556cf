import type { Call } from "../model/access.ts";
import { mask, truncate } from "../model/bits.ts";
import type { Fault, MemoryRange } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import type { Register, RegisterFile } from "../model/registers.ts";
import { undefinedFlags } from "./undefined-flags.ts";

/** What an instruction did, as far as somebody knows it. */
export interface Effects {
  readonly calls?: readonly Call[] | undefined;
  readonly pc?: bigint | undefined;
  /** Registers that changed. Undefined: nothing is known about the state afterwards. */
  readonly registers?: RegisterFile | undefined;
  /** RAM that changed. */
  readonly memory?: readonly MemoryRange[] | undefined;
  /** All RAM that was written is listed, bytes included whose value was unknown before and may have stayed the same. */
  readonly listsAllMemory?: true;
}

/** The low `width` bits of a register. */
export interface RegisterValue {
  readonly value: bigint;
  readonly width: number;
}

/** One thing in which two sides disagree. */
export type Difference =
  | { readonly kind: "accesses"; readonly expected: readonly Call[]; readonly actual: readonly Call[] }
  | { readonly kind: "pc"; readonly expected: bigint; readonly actual: bigint }
  | {
      readonly kind: "register";
      readonly register: Register;
      /** Undefined: this side does not know the register. */
      readonly expected: RegisterValue | undefined;
      readonly actual: RegisterValue | undefined;
    }
  /** The first byte of RAM that differs. Undefined: not written, and its value before is not known. */
  | { readonly kind: "memory"; readonly address: bigint; readonly expected: number | undefined; readonly actual: number | undefined };

/**
 * Where `actual` is not `expected`. Only what both know is compared, registers in the bits that both know, and without what the manuals
 * leave open: undefined flags, and whether an Arm compare-and-swap that fails writes.
 */
export function findDifferences(fault: Fault, { operation }: Instruction, expected: Effects, actual: Effects): Difference[] {
  const found: Difference[] = [];
  if (expected.calls !== undefined && actual.calls !== undefined) {
    const open = isFailedSwap(expected.calls, actual.calls, fault, operation);
    if (!open && !sameCalls(expected.calls, actual.calls)) found.push({ kind: "accesses", expected: expected.calls, actual: actual.calls });
  }
  if (expected.pc !== undefined && actual.pc !== undefined && expected.pc !== actual.pc) {
    found.push({ kind: "pc", expected: expected.pc, actual: actual.pc });
  }
  if (expected.registers !== undefined && actual.registers !== undefined) {
    const ignoredFlags = operation instanceof Refusal ? 0n : undefinedFlags(operation, fault);
    compareRegisters(fault, expected.registers, actual.registers, ignoredFlags, found);
    compareMemory(fault, expected, actual, found);
  }
  return found;
}

/** Whether two lists are of the same accesses in the same order, values compared in `size` bytes. */
export function sameCalls(first: readonly Call[], second: readonly Call[]): boolean {
  return first.length === second.length && first.every((call, index) => sameCall(call, second[index]!));
}

function sameCall(first: Call, second: Call): boolean {
  const width = 8 * first.size;
  return first.write === second.write && first.gpa === second.gpa && first.size === second.size && truncate(first.value, width) === truncate(second.value, width);
}

/**
 * An Arm compare-and-swap that fails may write the old value back or leave the write out (DDI 0487 C6.2, CAS): one side then has
 * the reads only, the other the same reads and a write of each value read. x86-64 always writes.
 */
function isFailedSwap(first: readonly Call[], second: readonly Call[], { registers }: Fault, operation: Instruction["operation"]): boolean {
  const { architecture } = registers.set;
  if (operation instanceof Refusal || (architecture !== "aarch64" && architecture !== "arm")) return false;
  if (!operation.computes.some(({ operator }) => operator === "compare-select")) return false;
  const [shorter, longer] = first.length < second.length ? [first, second] : [second, first];
  const reads = longer.filter((call) => !call.write);
  const restored = longer.filter((call) => call.write).map((call) => ({ ...call, write: false }));
  return sameCalls(shorter, reads) && sameCalls(restored, reads);
}

/** Registers that either side changed. */
function compareRegisters({ registers: before }: Fault, expected: RegisterFile, actual: RegisterFile, ignoredFlags: bigint, found: Difference[]): void {
  const { set } = before;
  const flags = set.find("rflags")?.register;
  // On Arm r15 is the program counter, which `pc` tells.
  const programCounter = set.architecture === "arm" ? set.find("r15")?.register : undefined;
  const valueOf = (after: RegisterFile, register: Register): RegisterValue | undefined => {
    const file = after.capturedWidth(register) > 0 ? after : before;
    const width = file.capturedWidth(register);
    return width === 0 ? undefined : { value: file.get(register)!, width };
  };
  for (const register of new Set([...expected.captured(), ...actual.captured()])) {
    if (register === programCounter) continue;
    const wanted = valueOf(expected, register);
    const got = valueOf(actual, register);
    if (wanted !== undefined && got !== undefined) {
      const compared = mask(Math.min(wanted.width, got.width)) & ~(register === flags ? ignoredFlags : 0n);
      if (((wanted.value ^ got.value) & compared) === 0n) continue;
    }
    found.push({ kind: "register", register, expected: wanted, actual: got });
  }
}

/** RAM byte by byte, up to the first that differs. */
function compareMemory({ memory }: Fault, expected: Effects, actual: Effects, found: Difference[]): void {
  const wantedBytes = byteMap(expected.memory ?? []);
  const gotBytes = byteMap(actual.memory ?? []);
  if (wantedBytes.size === 0 && gotBytes.size === 0) return;
  const before = byteMap(memory);
  for (const address of [...new Set([...wantedBytes.keys(), ...gotBytes.keys()])].toSorted((first, second) => (first < second ? -1 : 1))) {
    const wanted = wantedBytes.get(address) ?? before.get(address);
    const got = gotBytes.get(address) ?? before.get(address);
    if (wanted === got || (wanted === undefined && expected.listsAllMemory !== true)) continue;
    found.push({ kind: "memory", address, expected: wanted, actual: got });
    return;
  }
}

function byteMap(ranges: readonly MemoryRange[]): Map<bigint, number> {
  const map = new Map<bigint, number>();
  for (const { address, bytes } of ranges) bytes.forEach((value, index) => map.set(BigInt.asUintN(64, address + BigInt(index)), value));
  return map;
}
