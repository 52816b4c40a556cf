import { fieldValue } from "../pattern.ts";
import type { CompiledRow } from "../rows.ts";
import { type Judgement, OPERANDS, type Verdict, type WordClassifier, operandsOf, rowOf } from "../verdict.ts";
import { A32_INDEX_BITS, A32_TABLE, mnemonicOf, unpredictableRule } from "./decode.ts";
import type { Facts } from "./facts.ts";

/** Fields that no rule of ./rules.ts reads: immediate offsets, shifts, alignment, the lane. */
const UNRULED_FIELDS: ReadonlySet<string> = new Set(["imm", "imm5", "type", "imm2", "align", "index", "U"]);

/** Bits of the word, side by side at the low end of a number, lowest first. */
type Gathered = readonly { readonly from: number; readonly to: number; readonly width: number }[];

/**
 * The answers of {@link unpredictableRule} for one row, by the bits that the row's rules can depend on. Each is found once, when it is
 * first asked for, so that a walk over all words spends its time on integers.
 */
class Rules {
  readonly #row: CompiledRow<Facts>;
  readonly #gathered: Gathered;
  /** 0: not asked for yet; 1: allowed; 2: unpredictable. */
  readonly #answers: Uint8Array;

  constructor(row: CompiledRow<Facts>) {
    this.#row = row;
    let bits = row.shouldMask;
    for (const [field, parts] of row.fields) {
      if (UNRULED_FIELDS.has(field) || (field === "cond" && !ruledByCondition(row.facts))) continue;
      for (const { from, width } of parts) bits |= ((1 << width) - 1) << from;
    }
    this.#gathered = gather(bits);
    this.#answers = new Uint8Array(1 << this.#gathered.reduce((sum, { width }) => sum + width, 0));
  }

  unpredictable(word: number): boolean {
    const key = fieldValue(this.#gathered, word);
    const known = this.#answers[key]!;
    if (known !== 0) return known === 2;
    const broken = unpredictableRule(this.#row, word) !== undefined;
    this.#answers[key] = broken ? 2 : 1;
    return broken;
  }
}

function ruledByCondition(facts: Facts): boolean {
  return facts.kind !== "none" && facts.kind !== "opaque" && facts.unpredictable.includes("cond != '1110'");
}

/** Runs of set bits, packed. */
function gather(bits: number): Gathered {
  const runs: { from: number; to: number; width: number }[] = [];
  let to = 0;
  for (let from = 0; from < 32; ) {
    let width = 0;
    while (from + width < 32 && ((bits >>> (from + width)) & 1) === 1) width++;
    if (width > 0) runs.push({ from, to, width });
    to += width;
    from += width + 1;
  }
  return runs;
}

const rules: (Rules | undefined)[] = [];

function classify(word: number): Verdict {
  const number = A32_TABLE.findNumber(word);
  if (number < 0) return -1;
  const row = A32_TABLE.rows[number]!;
  if (row.facts.kind === "none" || row.facts.kind === "opaque") return 4 * number + OPERANDS.allowed;
  return 4 * number + ((rules[number] ??= new Rules(row)).unpredictable(word) ? OPERANDS.unpredictable : OPERANDS.allowed);
}

function judge(verdict: Verdict): Judgement {
  if (verdict < 0) return { form: "", outcome: "undefined-instruction" };
  const { form, facts } = A32_TABLE.rows[rowOf(verdict)]!;
  if (operandsOf(verdict) === OPERANDS.unpredictable) return { form, outcome: "unpredictable" };
  if (facts.kind === "none") return { form, outcome: "not-memory-access" };
  return { form, outcome: facts.unsupported === undefined ? "emulated" : "unsupported-instruction" };
}

/** All words of A32. A mnemonic's variant is its condition. */
export const A32_WORDS: WordClassifier = {
  classify,
  judge,
  variant: (_, word) => word >>> 28,
  mnemonic(verdict) {
    const row = verdict < 0 ? undefined : A32_TABLE.rows[rowOf(verdict)]!;
    return row === undefined || row.facts.kind === "none" ? "" : mnemonicOf(row.form);
  },
  index: A32_INDEX_BITS,
  mayMatch: (word) => A32_TABLE.mayFind(word),
};
