import type { Judgement, Verdict, WordClassifier } from "../verdict.ts";
import { OPERANDS, operandsOf, rowOf } from "../verdict.ts";
import { A64_INDEX_BITS, A64_TABLE, classifyA64, mnemonicOf, variantOf } from "./decode.ts";
import { CLASSES } from "./encoding-space.ts";

function judge(verdict: Verdict): Judgement {
  if (verdict < 0) {
    const outside = CLASSES[-1 - verdict]!;
    return outside.kind === "unallocated" ? { form: "", outcome: "undefined-instruction" } : { form: outside.form, outcome: "not-memory-access" };
  }
  const { form, facts } = A64_TABLE.rows[rowOf(verdict)]!;
  const operands = operandsOf(verdict);
  if (operands === OPERANDS.undefined) return { form, outcome: "undefined-instruction" };
  if (operands === OPERANDS.unpredictable) return { form, outcome: "unpredictable" };
  return { form, outcome: facts.kind === "refused" ? facts.reason : "emulated" };
}

/** All words of A64. */
export const A64_WORDS: WordClassifier = {
  classify: classifyA64,
  judge,
  variant: (verdict, word) => (verdict < 0 ? 0 : variantOf(A64_TABLE.rows[rowOf(verdict)]!, word)),
  mnemonic: (verdict, word) => (verdict < 0 ? "" : mnemonicOf(A64_TABLE.rows[rowOf(verdict)]!, word)),
  index: A64_INDEX_BITS,
  mayMatch: (word) => A64_TABLE.mayFind(word),
};
