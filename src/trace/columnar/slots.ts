import { SLOT_LIMIT, slotRegisters } from "../../model/fault-columns.ts";
import type { Register, RegisterFile, RegisterSet } from "../../model/registers.ts";
import { TraceError } from "../record.ts";
import { WIDE_CODE } from "./layout.ts";

/** How a file numbers the registers: those that have a slot (`slotRegisters`) by these, wider ones by codes from {@link WIDE_CODE}. */
export interface SlotMap {
  readonly set: RegisterSet;
  /** The register of each slot. */
  readonly slots: readonly Register[];
  /** Bits of each slot's register. */
  readonly widths: readonly number[];
  readonly wide: readonly Register[];
  /** Instructions are stored as a stream of bytes: those of x86-64, few of which are as long as the longest. */
  readonly byteInstructions: boolean;
}

/** How a new file numbers the registers of an architecture. */
export function slotsOf(set: RegisterSet): SlotMap {
  const slots = slotRegisters(set);
  if (slots.length > SLOT_LIMIT) throw new Error(`${set.architecture} has ${slots.length} registers for slots; a binary trace has room for ${SLOT_LIMIT}`);
  return slotMap(set, slots, set.descriptions.flatMap((_, register) => (slots.includes(register) ? [] : [register])));
}

/** How the file numbers them whose header has these names. Throws a {@link TraceError}. */
export function slotsByName(set: RegisterSet, slots: unknown, wide: unknown): SlotMap {
  const found = slotMap(set, registersByName(set, slots, "slots", 64), registersByName(set, wide, "wide", Number.POSITIVE_INFINITY));
  if (found.slots.length > SLOT_LIMIT) throw new TraceError(`header: expected at most ${SLOT_LIMIT} "slots", got ${found.slots.length}`);
  return found;
}

function slotMap(set: RegisterSet, slots: readonly Register[], wide: readonly Register[]): SlotMap {
  return { set, slots, widths: slots.map((register) => set.describe(register).width), wide, byteInstructions: set.architecture === "x86-64" };
}

function registersByName(set: RegisterSet, names: unknown, key: string, most: number): Register[] {
  if (!Array.isArray(names)) throw new TraceError(`header: "${key}" is not an array of register names`);
  const registers = names.map((name: unknown) => {
    const found = typeof name === "string" ? set.find(name) : undefined;
    const width = found === undefined ? 0 : set.describe(found.register).width;
    if (found === undefined || found.width !== width || width > most) {
      throw new TraceError(`header: "${key}" holds ${JSON.stringify(String(name))}, which is no such register of ${set.architecture}`);
    }
    return found.register;
  });
  if (new Set(registers).size !== registers.length) throw new TraceError(`header: "${key}" names a register twice`);
  return registers;
}

/** The register that a code names, or undefined. */
export function registerOfCode({ slots, wide }: SlotMap, code: number): Register | undefined {
  return code < WIDE_CODE ? slots[code] : wide[code - WIDE_CODE];
}

/** Slots of a file of which all bits were captured, ascending. */
export function wholeSlots({ slots, widths }: SlotMap, file: RegisterFile): number[] {
  const found: number[] = [];
  for (const register of file.captured()) {
    const slot = slots.indexOf(register);
    if (slot !== -1 && file.capturedWidth(register) === widths[slot]) found.push(slot);
  }
  return found.toSorted((one, other) => one - other);
}

/** A register of which the slots can't tell: its code, how many low bits were captured (0: none), and these. */
export interface WideValue {
  readonly code: number;
  readonly bits: number;
  readonly value: bigint;
}

/** Registers of a file that have no slot, or of which fewer bits were captured than they have; by ascending code. */
export function wideValues({ slots, widths, wide }: SlotMap, file: RegisterFile): WideValue[] {
  const found: WideValue[] = [];
  const add = (code: number, register: Register, bits: number): void => {
    found.push({ code, bits, value: file.get(register)! });
  };
  for (let slot = 0; slot < slots.length; slot++) {
    const bits = file.capturedWidth(slots[slot]!);
    if (bits !== 0 && bits !== widths[slot]) add(slot, slots[slot]!, bits);
  }
  for (let index = 0; index < wide.length; index++) {
    const bits = file.capturedWidth(wide[index]!);
    if (bits !== 0) add(WIDE_CODE + index, wide[index]!, bits);
  }
  return found;
}
