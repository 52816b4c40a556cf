/** What a word is that matches no row of the table: a class without memory accesses, or unallocated. */
export type OutsideTheTable = { readonly kind: "no-memory"; readonly form: string } | { readonly kind: "unallocated"; readonly why: string };

const noMemory = (form: string): OutsideTheTable => ({ kind: "no-memory", form });
const unallocated = (why: string): OutsideTheTable => ({ kind: "unallocated", why });

/**
 * The classes of the top of the A64 encoding space, DDI 0487 C4.1. Those that touch no memory are not taken apart further: that an
 * encoding within them is unallocated does not change the answer that it is no load or store.
 */
export const CLASSES: readonly OutsideTheTable[] = [
  unallocated("it is in the load/store space, where no instruction has this encoding"),
  unallocated("op0 0000 is reserved (UDF)"),
  unallocated("op0 0001 and 0011 are unallocated"),
  unallocated("it is in the SVE load/store space, where no instruction has this encoding"),
  unallocated("it is in the SME load/store space, where no instruction has this encoding"),
  noMemory("SVE data processing"),
  noMemory("SME data processing"),
  noMemory("Data processing (immediate)"),
  noMemory("Branch, exception or system"),
  noMemory("Data processing (register)"),
  noMemory("Scalar floating-point or Advanced SIMD"),
];

/** Positions in {@link CLASSES}. */
const CLASS = { loadStore: 0, reserved: 1, unallocated: 2, sveMemory: 3, smeMemory: 4, sve: 5, sme: 6, immediate: 7, branch: 8, register: 9, floating: 10 } as const;

/** Position in {@link CLASSES} of a word's class, by bits 28:25 (op0), and 31:23 where SVE and SME need them. */
export function classOf(word: number): number {
  switch ((word >>> 25) & 0xf) {
    case 0b0000:
      if (word >>> 31 === 0) return CLASS.reserved;
      return isMatrixMemory(word) ? CLASS.smeMemory : CLASS.sme;
    case 0b0001:
    case 0b0011:
      return CLASS.unallocated;
    case 0b0010:
      return word >>> 31 === 1 ? CLASS.sveMemory : CLASS.sve;
    case 0b1000:
    case 0b1001:
      return CLASS.immediate;
    case 0b1010:
    case 0b1011:
      return CLASS.branch;
    case 0b0101:
    case 0b1101:
      return CLASS.register;
    case 0b0111:
    case 0b1111:
      return CLASS.floating;
    default:
      return CLASS.loadStore;
  }
}

/** "SME Memory" is 1110000; "SME2 Multi-vector Memory" is the half of 1010000 that has bit 23 clear: outer products have it set. */
function isMatrixMemory(word: number): boolean {
  return word >>> 25 === 0b1110000 || (word >>> 25 === 0b1010000 && ((word >>> 23) & 1) === 0);
}
