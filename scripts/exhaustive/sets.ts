import { A64_WORDS } from "../../src/isa/aarch64/words.ts";
import { A32_WORDS } from "../../src/isa/arm/words.ts";
import type { WordClassifier } from "../../src/isa/verdict.ts";

/** The instruction sets whose words can all be walked. */
export type WordSet = "a64" | "a32";

export const WORD_SETS: Readonly<Record<WordSet, WordClassifier>> = { a64: A64_WORDS, a32: A32_WORDS };
