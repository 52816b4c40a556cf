import type { RefusalReason } from "../model/refusal.ts";

/**
 * What a word of a fixed-width instruction set is, found by integer tests alone: no operation is built, nothing is allocated. A verdict
 * is a number: for a word that matches a row, the row's number times four plus one of {@link OPERANDS}; for another, -1 or less.
 */
export type Verdict = number;

/** Whether the operands of a word are ones that its row allows. */
export const OPERANDS = { allowed: 0, undefined: 1, unpredictable: 2 } as const;

/** The row's number in a verdict that is 0 or more. */
export function rowOf(verdict: Verdict): number {
  return verdict >> 2;
}

/** One of {@link OPERANDS} in a verdict that is 0 or more. */
export function operandsOf(verdict: Verdict): number {
  return verdict & 3;
}

/** A verdict in words. */
export interface Judgement {
  /** Name of the row or class; empty where the word is unallocated. */
  readonly form: string;
  /** Emulated, or refused whatever the registers hold. */
  readonly outcome: "emulated" | RefusalReason;
}

/** Sorts all words of an instruction set whose instructions are 32 bits. */
export interface WordClassifier {
  classify(word: number): Verdict;
  judge(verdict: Verdict): Judgement;
  /** What the word's mnemonic depends on besides its row, 0 to 31: two words of one verdict and variant have the same mnemonic. */
  variant(verdict: Verdict, word: number): number;
  /** The mnemonic, in lower case; empty where the word has none of its own. */
  mnemonic(verdict: Verdict, word: number): string;
  /** The bits that {@link classify} can depend on, of words that have the top bits `known` as `word` has them; `known` has at least bits 31:20. */
  bitsRead(known: number, word: number): number;
  /** A word that differs in bits 31:20 at most and has the same verdict whatever bits 19:0 are, the same for as many words as can be. */
  canonical(word: number): number;
}
