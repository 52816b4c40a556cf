import type { Atomic, Operator } from "../../model/operation.ts";
import type { RefusalReason } from "../../model/refusal.ts";
import type { Direction } from "../../model/instruction.ts";

/** Width of the register that takes or gives the value: W and X are general, V is the SIMD&FP register of the access's size. */
export type RegisterView = "w" | "x" | "v";

/** How the address comes from the fields. The immediates are scaled as the manual's pseudocode says. */
export type AddressMode =
  | "base" // [Rn]
  | "unsigned-offset" // [Rn, imm12 * size]
  | "unscaled" // [Rn, imm9]
  | "unscaled-scaled" // [Rn, imm9 * 16]: memory tags
  | "post-index" // [Rn], imm9
  | "pre-index" // [Rn, imm9]!
  | "register" // [Rn, Rm, option S * size]
  | "literal"; // PC + imm19 * 4

export type Ordering = "acquire" | "release";

/** One register. */
export interface SingleFacts {
  readonly kind: "single";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  readonly register: RegisterView;
  readonly signed?: true;
  readonly address: AddressMode;
  readonly ordering?: Ordering;
  readonly unprivileged?: true;
}

/** Two registers, one access each. */
export interface PairFacts {
  readonly kind: "pair";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 4 | 8 | 16;
  readonly register: RegisterView;
  readonly signed?: true;
  readonly index: "offset" | "post-index" | "pre-index";
  readonly unprivileged?: true;
}

/** LDIAPP, STILP, LDAP, LDAPP, STLP: a pair with ordering; the write-back amount is the transfer size. */
export interface OrderedPairFacts {
  readonly kind: "ordered-pair";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 4 | 8;
  /** Write-back of the forms of FEAT_LRCPC3: LDIAPP after, STILP before the access. */
  readonly writeback: boolean;
}

/** LDAPR (post-index) and STLR (pre-index) of FEAT_LRCPC3: the write-back amount is the size. */
export interface OrderedWritebackFacts {
  readonly kind: "ordered-writeback";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 4 | 8;
}

/** LD1–LD4, ST1–ST4 of whole registers. Field `arrangement` is Q:size. */
export interface MultipleFacts {
  readonly kind: "multiple";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly registers: 1 | 2 | 3 | 4;
  /** LD2–LD4: structures are taken apart element by element. */
  readonly interleaved: boolean;
  readonly postIndex: boolean;
}

/** LD1–LD4, ST1–ST4 of one lane. Field `lane` is the lane's number. */
export interface LaneFacts {
  readonly kind: "lane";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly registers: 1 | 2 | 3 | 4;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly postIndex: boolean;
  readonly ordering?: Ordering;
}

/** LD1R–LD4R. Field `arrangement` is Q:size. */
export interface ReplicateFacts {
  readonly kind: "replicate";
  readonly mnemonic: string;
  readonly registers: 1 | 2 | 3 | 4;
  readonly postIndex: boolean;
}

/** Load- and store-exclusive; `pair` has Rt2. */
export interface ExclusiveFacts {
  readonly kind: "exclusive";
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 1 | 2 | 4 | 8;
  readonly pair: boolean;
  readonly ordering?: Ordering;
  readonly unprivileged?: true;
}

/** LSE: in the mnemonic `*` stands where the letters of the ordering go. Memory becomes `operator`(memory, Rs), Rt takes the old value. Fields A and R are acquire and release. */
export interface AtomicFacts {
  readonly kind: "atomic";
  readonly mnemonic: string;
  readonly bytes: 1 | 2 | 4 | 8;
  /** `exchange`: memory becomes Rs (SWP). */
  readonly operator: Operator | "exchange";
  readonly unprivileged?: true;
}

/** LSE128, its mnemonic as in {@link AtomicFacts}: the pair Rt (low), Rt2 is the operand and takes the old 16 bytes. */
export interface AtomicPairFacts {
  readonly kind: "atomic-pair";
  readonly mnemonic: string;
  /** `exchange`: memory becomes the pair (SWPP). */
  readonly operator: Operator | "exchange";
}

/** CAS, its mnemonic as in {@link AtomicFacts}: Rs is compared and takes the old value, Rt is stored. Fields A and R are acquire and release. */
export interface CompareAndSwapFacts {
  readonly kind: "compare-and-swap";
  readonly mnemonic: string;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly unprivileged?: true;
}

/** CASP: the same with pairs of registers, each of `bytes`. */
export interface CompareAndSwapPairFacts {
  readonly kind: "compare-and-swap-pair";
  readonly mnemonic: string;
  readonly bytes: 4 | 8;
  readonly unprivileged?: true;
}

/** STGP: stores a pair, its immediate scaled by 16, and a tag. */
export interface TagPairFacts {
  readonly kind: "tag-pair";
  readonly mnemonic: string;
  readonly index: "offset" | "post-index" | "pre-index";
}

/** LD64B, ST64B: eight registers from Rt up, which must be even and at most 22. */
export interface SixtyFourBytesFacts {
  readonly kind: "sixty-four-bytes";
  readonly mnemonic: string;
  readonly access: "load" | "store";
}

/** Recognised, and refused whatever the registers hold. */
export interface RefusedFacts {
  readonly kind: "refused";
  readonly mnemonic: string;
  readonly access: Direction;
  /** Bytes of each access; 0 where it depends on registers. */
  readonly sizes: readonly number[];
  /** What follows the mnemonic, by the value of a field `variant`; undefined where that value is no encoding of the row. */
  readonly variants?: readonly (string | undefined)[];
  /** The rule on its registers: those of memory copy and set (fields Rd, Rs, Rn), or that the base of a writeback is not loaded (Rn, Rt). */
  readonly registers?: keyof typeof REGISTER_FIELDS;
  readonly reason: RefusalReason;
  readonly why: string;
  readonly advice: string;
  readonly atomic?: Atomic;
}

/** The facts of a row of the A64 table: a closed union. */
export type Facts =
  | SingleFacts
  | PairFacts
  | OrderedPairFacts
  | OrderedWritebackFacts
  | MultipleFacts
  | LaneFacts
  | ReplicateFacts
  | ExclusiveFacts
  | AtomicFacts
  | AtomicPairFacts
  | CompareAndSwapFacts
  | CompareAndSwapPairFacts
  | TagPairFacts
  | SixtyFourBytesFacts
  | RefusedFacts;

const ADDRESS_FIELDS: Readonly<Record<AddressMode, readonly string[]>> = {
  base: ["Rn"],
  "unsigned-offset": ["Rn", "imm12"],
  unscaled: ["Rn", "imm9"],
  "unscaled-scaled": ["Rn", "imm9"],
  "post-index": ["Rn", "imm9"],
  "pre-index": ["Rn", "imm9"],
  register: ["Rn", "Rm", "option", "S"],
  literal: ["imm19"],
};

const REGISTER_FIELDS = { copy: ["Rd", "Rs", "Rn"], set: ["Rd", "Rs", "Rn"], "set-tags": ["Rd", "Rn"], writeback: ["Rn", "Rt"] } as const;

/** The fields that decoding reads for these facts; the row's pattern must have exactly them. */
export function fieldsOf(facts: Facts): readonly string[] {
  switch (facts.kind) {
    case "single":
      return ["Rt", ...ADDRESS_FIELDS[facts.address]];
    case "pair":
    case "tag-pair":
      return ["Rt", "Rt2", "Rn", "imm7"];
    case "ordered-pair":
      return ["Rt", "Rt2", "Rn"];
    case "ordered-writeback":
    case "sixty-four-bytes":
      return ["Rt", "Rn"];
    case "multiple":
    case "replicate":
      return ["arrangement", "Rn", "Rt", ...(facts.postIndex ? ["Rm"] : [])];
    case "lane":
      return ["lane", "Rn", "Rt", ...(facts.postIndex ? ["Rm"] : [])];
    case "exclusive":
      return ["Rn", "Rt", ...(facts.pair ? ["Rt2"] : []), ...(facts.access === "store" ? ["Rs"] : [])];
    case "atomic-pair":
      return ["A", "R", "Rt2", "Rn", "Rt"];
    case "atomic":
    case "compare-and-swap":
    case "compare-and-swap-pair":
      return ["A", "R", "Rs", "Rn", "Rt"];
    case "refused":
      return [...(facts.variants ? ["variant"] : []), ...(facts.registers ? REGISTER_FIELDS[facts.registers] : [])];
    default:
      return facts satisfies never;
  }
}
