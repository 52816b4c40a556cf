import type { Register, RegisterSet } from "./registers.ts";

/**
 * Faults in columns: the hot part of a chunk of the binary trace, in the form that a loop over typed arrays, a WebAssembly kernel or
 * a `struct`-reader in another language walks without a branch for most faults. `src/trace/columnar/layout.ts` says how it lies in a file.
 */

/** Bytes of an element of a column; 0: all elements are equal to the base. 16 is used by the instruction column only. */
export type ElementWidth = 0 | 1 | 2 | 4 | 8 | 16;

/**
 * Unsigned 64-bit integers relative to a base: element `i` is `base + (the little-endian integer of width bytes at offset + i * width)`
 * modulo 2^64. A reader without a branch loads 8 bytes at that place, masks them to `width` bytes and adds the base; it may load up to
 * 8 bytes beyond the column, which are always inside `bytes` (see {@link FaultColumns}).
 */
export interface Column {
  /** 64 bits, unsigned. */
  readonly base: bigint;
  readonly width: ElementWidth;
  /** Of the first element in {@link FaultColumns.bytes}; a multiple of 8. */
  readonly offset: number;
  /** Elements that are stored. Not defined for a width of 0. */
  readonly count: number;
}

/** The columns of {@link FaultColumns}, in the order in which a chunk and a kernel have them: first those that most faults need. */
export const FAULT_COLUMNS = [
  "head",
  "pc",
  "instruction",
  "instructionLength",
  "gpa",
  "gvaOffset",
  "flags",
  "delta",
  "values",
  "escapes",
  "responses",
  "responseCounts",
  "syndrome",
  "transformedInstruction",
  "exitReason",
] as const;

export type FaultColumn = (typeof FAULT_COLUMNS)[number];

/** A batch of faults in the order in which they happened. One element a fault, unless it says otherwise. */
export interface FaultColumns extends Readonly<Record<FaultColumn, Column>> {
  /** All columns lie in here. It starts at a multiple of 8 of its buffer, and at least 16 bytes follow the last element of any column. */
  readonly bytes: Uint8Array;
  /** Faults, at most 4,096. */
  readonly count: number;
  /** Register slots in use; the register of a slot is told by the trace's header. At most 63. */
  readonly slots: number;
  /** The register file of fault 0: one u64 a slot, width 8. 0 where not captured. */
  readonly head: Column;
  /** Which slots were captured in fault 0: bit `s` for slot `s`. */
  readonly captured: bigint;
  /** Virtual address of the instruction. */
  readonly pc: Column;
  /**
   * Bytes of the instruction in memory order. Width 4, 8 or 16: one element a fault, filled with zeros. Width 1, on x86-64 and nowhere else:
   * a stream of bytes, of which each fault has as many as `instructionLength` says; a load of 16 bytes at a fault's first is
   * inside `bytes`. Width 0: no fault has any. The base is 0.
   */
  readonly instruction: Column;
  /** How many bytes were captured. */
  readonly instructionLength: Column;
  /** Guest physical address; means nothing where {@link FLAG.gpa} is not set. */
  readonly gpa: Column;
  /** Guest virtual address minus `gpa` (minus 0 where that is not known); means nothing where {@link FLAG.gva} is not set. */
  readonly gvaOffset: Column;
  /** Bits of {@link FLAG}. */
  readonly flags: Column;
  /** What else the processor told, each with a flag of its own; means nothing where that is not set. */
  readonly syndrome: Column;
  readonly transformedInstruction: Column;
  readonly exitReason: Column;
  /** The registers that differ from the fault before: see {@link DELTA}. */
  readonly delta: Column;
  /** Stream: the new values that `delta` announces, in the order of its slots. */
  readonly values: Column;
  /** Stream: for each delta with the escape bit two masks of slots: which are captured now, and which of them have a new value in `values`, ascending. */
  readonly escapes: Column;
  /** Stream: what the device returned: as many values a fault as {@link responseCount} of its flags, or as `responseCounts` where that is 3. */
  readonly responses: Column;
  /** Stream: one element for each fault with {@link MANY_RESPONSES}. */
  readonly responseCounts: Column;
}

/** Bits of the flags column. */
export const FLAG = {
  /** The access is a write. Means nothing without `direction`. */
  write: 1 << 0,
  /** Whether it is a write is known. */
  direction: 1 << 1,
  gpa: 1 << 2,
  gva: 1 << 3,
  /** The fault came from user mode. */
  user: 1 << 4,
  /** Bits 6:5: the number of responses, or {@link MANY_RESPONSES}. */
  responses: 3 << 5,
  /**
   * Not only columns of {@link FaultColumns} matter, or not in the usual way: a delta with the escape bit, three responses or more, more than
   * 16 bytes of instruction, a change of a register that is wider than 64 bits or captured in part, or RAM.
   */
  slow: 1 << 7,
  syndrome: 1 << 8,
  exitReason: 1 << 9,
  exitQualification: 1 << 10,
  /** The truth is known: `calls`, `after` and `after.pc`. */
  calls: 1 << 11,
  after: 1 << 12,
  afterPc: 1 << 13,
  /** There are keys that the format does not define. */
  unknown: 1 << 14,
  transformedInstruction: 1 << 15,
  /** There is a seL4 message. */
  message: 1 << 16,
} as const;

/** All bits that are defined. */
export const FLAG_MASK = 0x1ffff;

/** Position of {@link FLAG.responses}. */
export const RESPONSES_SHIFT = 5;

/** In the flags: the number of responses stands in `responseCounts`. */
export const MANY_RESPONSES = 3;

/** Number of responses in a fault's flags, or {@link MANY_RESPONSES}. */
export function responseCount(flags: number): number {
  return (flags >> RESPONSES_SHIFT) & 3;
}

/**
 * A delta word, 32 bits: four register slots of six bits (slot `k` at bit `6 * k`), at bit 24 the number of them that changed (0–4), at
 * bit 27 the escape bit: the word names no slot, two masks in `escapes` do. Slots not used are {@link DUMMY_SLOT}: a loop stores four values
 * whatever the count is, and then advances in `values` by the count.
 */
export const DELTA = {
  slotBits: 6,
  slots: 4,
  countShift: 24,
  countMask: 7,
  escape: 1 << 27,
} as const;

/** A slot that no register has: writes to it are lost. */
export const DUMMY_SLOT = 63;

/**
 * The registers that have a slot, in the order of a new trace: those that are no wider than the general ones. On arm the vector registers are wider: their
 * values would have all of a chunk take eight bytes.
 */
export function slotRegisters({ descriptions }: RegisterSet): Register[] {
  const general = Math.max(...descriptions.filter(({ file }) => file === "general").map(({ width }) => width));
  return descriptions.flatMap(({ width }, register) => (width <= general ? [register] : []));
}

/** Most slots that an architecture may have. */
export const SLOT_LIMIT = 63;

/** A delta word in which no slot is named. */
export const EMPTY_DELTA = 0xffffff;
