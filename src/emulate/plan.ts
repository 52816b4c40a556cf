import { truncate } from "../model/bits.ts";
import type { FlagsCondition, Operation, Read, RegisterSlice, Write } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";
import { evaluateAddress } from "./address.ts";
import { type DeviceMap, straddles } from "./memory.ts";
import type { Transaction } from "./transaction.ts";
import { meetsCondition } from "./x86-flags.ts";

/** One access with its address, before anything is done. */
export interface PlannedAccess {
  readonly element: Read | Write;
  readonly write: boolean;
  readonly gva: bigint;
  /** Undefined: ordinary RAM. */
  readonly gpa: bigint | undefined;
  /** It straddles two pages, and one of them at least is device memory. */
  readonly crossesPages: boolean;
}

/** What an operation would access with the registers as they are. */
export interface Plan {
  /** Value of each of the operation's addresses. */
  readonly starts: readonly bigint[];
  /** Reads, then writes; elements whose condition is false are left out. */
  readonly accesses: readonly PlannedAccess[];
}

/** Computes every address of an operation, without doing anything. */
export function planAccesses(operation: Operation, transaction: Transaction, registers: RegisterSet, map: DeviceMap): Plan | Refusal {
  const { addresses, reads, writes, packed } = operation;
  const starts: bigint[] = [];
  for (const address of addresses) {
    const start = evaluateAddress(address, transaction, registers);
    if (start instanceof Refusal) return start;
    starts.push(start);
  }
  const accesses: PlannedAccess[] = [];
  const place = { starts, packed: packed === true, transaction, registers, map, accesses };
  const refusal = planElements(reads, false, place) ?? planElements(writes, true, place);
  return refusal ?? { starts, accesses };
}

/** Where elements are planned, and into which list. */
interface Planning {
  readonly starts: readonly bigint[];
  readonly packed: boolean;
  readonly transaction: Transaction;
  readonly registers: RegisterSet;
  readonly map: DeviceMap;
  readonly accesses: PlannedAccess[];
}

function planElements(elements: readonly (Read | Write)[], write: boolean, planning: Planning): Refusal | undefined {
  const { starts, packed, transaction, registers, map, accesses } = planning;
  // Past its first byte an operand wraps where the address space does: x86-64's 32-bit address size cuts the start only.
  const width = registers.architecture === "arm" ? 32 : 64;
  let skipped = 0;
  for (const element of elements) {
    const performed = element.when === undefined || isPerformed(element.when, transaction, registers);
    if (performed instanceof Refusal) return performed;
    if (!performed) {
      if (packed) skipped += element.size;
      continue;
    }
    const offset = element.offset - skipped;
    const gva = offset === 0 ? starts[element.address]! : truncate(starts[element.address]! + BigInt(offset), width);
    const gpa = map.translate(gva);
    const crossesPages = straddles(gva, element.size) && (gpa !== undefined || map.translate(truncate(gva + BigInt(element.size - 1), width)) !== undefined);
    accesses.push({ element, write, gva, gpa, crossesPages });
  }
  return undefined;
}

function isPerformed(when: RegisterSlice | FlagsCondition, transaction: Transaction, registers: RegisterSet): boolean | Refusal {
  if ("condition" in when) {
    const flags = transaction.slice({ register: registers.index("rflags"), bit: 0, width: 64 });
    return flags instanceof Refusal ? flags : meetsCondition(when.condition, flags);
  }
  const bit = transaction.slice(when);
  return bit instanceof Refusal ? bit : bit !== 0n;
}
