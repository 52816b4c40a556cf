/**
 * What the kernel says of a fault: a record of 40 bytes, little-endian, at `records + 40 * fault`.
 *
 * | offset | type | holds |
 * |---|---|---|
 * | 0 | u64 | guest physical address of the first access |
 * | 8 | u64 | first value: of a write its bytes; of a read what the register gets, whose low `size` bytes the device returned |
 * | 16 | u64 | the same of the second access, at the next `size` bytes; means nothing where there is one access |
 * | 24 | u64 | new value of the base register; means nothing without writeback |
 * | 32 | u32 | {@link INFORMATION}; 0: declined, and nothing else of the record means anything |
 * | 36 | u32 | 0 |
 *
 * One record of fixed size a fault, instead of one for each access: a pair's second access costs one store more and no cursor that
 * depends on the fault before. It has all that a handler is given of an access (src/model/access.ts) and all that changes in the guest.
 */
export const RECORD_SIZE = 40;

/** Bits of a record's information word. */
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
} as const;

export type InformationField = keyof typeof INFORMATION;

/** One field of an information word. */
export function informationField(information: number, field: InformationField): number {
  const { shift, mask } = INFORMATION[field];
  return (information >>> shift) & mask;
}

/** An information word of these fields; 0 for those not named. */
export function informationOf(fields: Partial<Record<InformationField, number>>): number {
  let word = 0;
  for (const [field, value] of Object.entries(fields) as [InformationField, number][]) word |= value << INFORMATION[field].shift;
  return word >>> 0;
}

/** A record as an object, for tests and for people. Allocates. */
export interface FastRecord {
  readonly gpa: bigint;
  readonly values: readonly bigint[];
  /** New value of the base register, where there is writeback. */
  readonly base?: bigint;
  readonly information: number;
}

/** The record of a fault, or undefined if it was declined. `records` are the kernel's. */
export function recordAt(records: DataView, fault: number): FastRecord | undefined {
  const at = fault * RECORD_SIZE;
  const information = records.getUint32(at + 32, true);
  if (information === 0) return undefined;
  const values = [records.getBigUint64(at + 8, true), records.getBigUint64(at + 16, true)].slice(0, informationField(information, "accesses"));
  const gpa = records.getBigUint64(at, true);
  if (informationField(information, "writeback") === 0) return { gpa, values, information };
  return { gpa, values, base: records.getBigUint64(at + 24, true), information };
}
