import type { Judgement } from "../../src/isa/verdict.ts";

/** What we say of words. It holds nothing that differs between words of one verdict, variant and name, so that shards judge alike. */
export interface Mine extends Judgement {
  /** Lower case; empty for a class that is not taken apart, and for an unallocated word. */
  readonly mnemonic: string;
  /** See `variant` of WordClassifier. */
  readonly variant: number;
}

/** The oracles that the known differences tell apart. */
export type OracleId = "capstone" | "llvm";

/** How we and an oracle differ. */
export type Kind = "ours alone" | "theirs alone" | "another name" | "memory to them";

export interface Disagreement {
  readonly kind: Kind;
  /** Why, with the manual's section that decides it; undefined: not known. */
  readonly why: string | undefined;
}
