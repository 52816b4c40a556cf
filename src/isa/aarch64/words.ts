import type { Judgement, Verdict, WordClassifier } from "../verdict.ts";
import { OPERANDS, operandsOf, rowOf } from "../verdict.ts";
import type { CompiledRow } from "../rows.ts";
import { A64_TABLE, classifyA64, mnemonicOf, variantOf } from "./decode.ts";
import { CLASSES } from "./encoding-space.ts";
import type { Facts } from "./facts.ts";

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

/** Fields that ./rules.ts reads. */
const RULED_FIELDS = ["Rt", "Rd", "Rn", "Rt2", "Rs"];

function ruledBits({ fields }: CompiledRow<Facts>): number {
  let bits = 0;
  for (const name of RULED_FIELDS) for (const { from, width } of fields.get(name) ?? []) bits |= ((1 << width) - 1) << from;
  return bits;
}

/** All words of A64. */
export const A64_WORDS: WordClassifier = {
  classify: classifyA64,
  judge,
  variant: (verdict, word) => (verdict < 0 ? 0 : variantOf(A64_TABLE.rows[rowOf(verdict)]!, word)),
  mnemonic: (verdict, word) => (verdict < 0 ? "" : mnemonicOf(A64_TABLE.rows[rowOf(verdict)]!, word)),
  // The class of a word without a row is in its top bits.
  bitsRead: (known, word) => A64_TABLE.bitsRead(known, word, ruledBits),
  canonical: (word) => word,
};
