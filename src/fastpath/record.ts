/**
 * What the kernel says of a fault: a record, spread over columns with one element a fault, at the fault's index in the chunk.
 *
 * | column | type | holds |
 * |---|---|---|
 * | `gpas` | u64 | guest physical address of the first access: the fault's own |
 * | `firsts` | u64 | first value: of a write its bytes; of a read what the register gets, whose low `size` bytes the device returned |
 * | `seconds` | u64 | the same of the second access, at the next `size` bytes; means nothing where there is one access. With `flags` a result: see there |
 * | `bases` | u64 | new value of the base register; means nothing without writeback. With `flags` the new value of RFLAGS |
 * | `information` | u32 | {@link INFORMATION}; 0: declined, and nothing else of the record means anything |
 *
 * 28 bytes a fault are written, and the GPA is there anyway. It has all that a handler is given of an access (src/model/access.ts) and all
 * that changes in the guest, besides what every instruction does: the PC moves on by `length`, and RFLAGS.RF, or BTYPE and SS of PSTATE, are cleared. One record a fault, instead of one an access: a pair's second access costs a store, and no cursor
 * depends on the fault before. Columns, because JavaScript reads them as typed arrays.
 */
export interface Records {
  readonly gpas: BigUint64Array;
  readonly firsts: BigUint64Array;
  readonly seconds: BigUint64Array;
  readonly bases: BigUint64Array;
  readonly information: Uint32Array;
}

/** Bits of an information word. */
export const INFORMATION = {
  /** Bytes of each access: 1, 2, 4 or 8. */
  size: { shift: 0, mask: 0xf },
  write: { shift: 4, mask: 1 },
  /** A load that sign-extends. */
  signExtend: { shift: 5, mask: 1 },
  /** The register is 64 bits wide. */
  sixtyFour: { shift: 6, mask: 1 },
  /** Acquire or release semantics. */
  ordered: { shift: 7, mask: 1 },
  /** Accesses: 1 or 2. */
  accesses: { shift: 8, mask: 3 },
  writeback: { shift: 10, mask: 1 },
  /** The value is an immediate: `register` means nothing. */
  immediate: { shift: 11, mask: 1 },
  /** Bytes of the instruction. */
  length: { shift: 12, mask: 0xf },
  /** Number of the register as the instruction encodes it. */
  register: { shift: 16, mask: 0x1f },
  base: { shift: 21, mask: 0x1f },
  second: { shift: 26, mask: 0x1f },
  /**
   * x86-64 arithmetic with what was read, `firsts`. Its result, `seconds`, is written back to the same address if there are two accesses, becomes the
   * new value of register `base` with `writeback`, and else goes nowhere (CMP, TEST).
   */
  flags: { shift: 31, mask: 1 },
} as const;

export type InformationField = keyof typeof INFORMATION;

const INFORMATION_FIELDS = Object.keys(INFORMATION) as InformationField[];

/** One field of an information word. */
export function informationField(information: number, field: InformationField): number {
  const { shift, mask } = INFORMATION[field];
  return (information >>> shift) & mask;
}

/** An information word of these fields; 0 for those not named. */
export function informationOf(fields: Partial<Record<InformationField, number>>): number {
  let word = 0;
  for (const field of INFORMATION_FIELDS) word |= (fields[field] ?? 0) << INFORMATION[field].shift;
  return word >>> 0;
}

/** A record as an object, for tests and for people. Allocates. */
export interface FastRecord {
  readonly gpa: bigint;
  readonly values: readonly bigint[];
  /** New value of the base register, where there is writeback. */
  readonly base?: bigint;
  /** New value of RFLAGS, where the instruction computes it. */
  readonly flags?: bigint;
  readonly information: number;
}

/** The record of a fault, or undefined if it was declined. */
export function recordAt(records: Records, fault: number): FastRecord | undefined {
  const information = records.information[fault]!;
  if (information === 0) return undefined;
  const values = [records.firsts[fault]!, records.seconds[fault]!].slice(0, informationField(information, "accesses"));
  const gpa = records.gpas[fault]!;
  const flags = informationField(information, "flags") === 1;
  const changed = flags ? { flags: records.bases[fault]! } : {};
  if (informationField(information, "writeback") === 0) return { gpa, values, ...changed, information };
  return { gpa, values, base: (flags ? records.seconds : records.bases)[fault]!, ...changed, information };
}
