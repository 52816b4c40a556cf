/** What a word is that matches no row of the table: a class without memory accesses, or unallocated. */
export type OutsideTheTable = { readonly kind: "no-memory"; readonly form: string } | { readonly kind: "unallocated"; readonly why: string };

const noMemory = (form: string): OutsideTheTable => ({ kind: "no-memory", form });
const unallocated = (why: string): OutsideTheTable => ({ kind: "unallocated", why });

/**
 * The top of the A64 encoding space, DDI 0487 C4.1, by bits 28:25 (op0) and bit 31. Classes that touch no memory are not taken
 * apart further: that an encoding within them is unallocated does not change the answer that it is no load or store.
 */
export function outsideLoadStore(word: number): OutsideTheTable {
  switch ((word >>> 25) & 0xf) {
    case 0b0000:
      return word >>> 31 === 1 ? noMemory("SME data processing") : unallocated("op0 0000 is reserved (UDF)");
    case 0b0001:
    case 0b0011:
      return unallocated("op0 0001 and 0011 are unallocated");
    case 0b0010:
      return noMemory("SVE data processing");
    case 0b1000:
    case 0b1001:
      return noMemory("Data processing (immediate)");
    case 0b1010:
    case 0b1011:
      return noMemory("Branch, exception or system");
    case 0b0101:
    case 0b1101:
      return noMemory("Data processing (register)");
    case 0b0111:
    case 0b1111:
      return noMemory("Scalar floating-point or Advanced SIMD");
    default:
      return unallocated("it is in the load/store space, where no instruction has this encoding");
  }
}
