import type { Call } from "./access.ts";
import type { MemoryRange } from "./fault.ts";
import type { Refusal } from "./refusal.ts";
import type { Register } from "./registers.ts";

/** A register's value after the instruction: its low `width` bits. */
export interface RegisterChange {
  readonly register: Register;
  readonly value: bigint;
  readonly width: number;
}

/** Everything that the instruction changed, committed together. */
export interface After {
  readonly pc: bigint;
  /** Registers whose value changed, by ascending index. */
  readonly registers: readonly RegisterChange[];
  /** Ordinary RAM that was written, ascending, adjacent bytes joined. */
  readonly memory: readonly MemoryRange[];
}

export interface Emulated {
  readonly kind: "emulated";
  readonly form: string;
  readonly calls: readonly Call[];
  readonly after: After;
  /** The handler's hypercall records, one for each device access, as JSON objects. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
  /** The refusal for a person: instruction, bytes, PC, what was found, what to do. */
  readonly message: string;
}

/** The result of one fault. */
export type Outcome = Emulated | Refused;
