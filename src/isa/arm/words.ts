import { type FieldPart, fieldValue } from "../pattern.ts";
import type { CompiledRow } from "../rows.ts";
import { type Judgement, OPERANDS, type Verdict, type WordClassifier, operandsOf, rowOf } from "../verdict.ts";
import { A32, A32_TABLE, mnemonicOf } from "./decode.ts";
import type { Facts } from "./facts.ts";

/**
 * Whether words of one row are CONSTRAINED UNPREDICTABLE, by the bits that the row's rules can depend on. Each is found once, when it is
 * first asked for, so that a walk over all words spends its time on integers.
 */
class Answers {
  readonly #number: number;
  readonly #gathered: readonly FieldPart[];
  /** 0: not asked for yet; 1: allowed; 2: unpredictable. */
  readonly #known: Uint8Array;

  constructor(number: number) {
    const row = A32_TABLE.rows[number]!;
    this.#number = number;
    this.#gathered = gather(ruledBits(row) | row.shouldMask);
    this.#known = new Uint8Array(1 << this.#gathered.reduce((sum, { width }) => sum + width, 0));
  }

  unpredictable(word: number): boolean {
    const key = fieldValue(this.#gathered, word);
    if (this.#known[key] === 0) this.#known[key] = A32.isUnpredictable(word, this.#number) ? 2 : 1;
    return this.#known[key] === 2;
  }
}

/** The set bits as one field, packed. */
function gather(bits: number): FieldPart[] {
  const parts: FieldPart[] = [];
  let to = 0;
  for (let from = 0; from < 32; from++) {
    let width = 0;
    while (from + width < 32 && ((bits >>> (from + width)) & 1) === 1) width++;
    if (width > 0) parts.push({ from, to, width });
    to += width;
    from += width;
  }
  return parts;
}

const answers: (Answers | undefined)[] = [];

function classify(word: number): Verdict {
  const number = A32_TABLE.findNumber(word);
  if (number < 0) return -1;
  const row = A32_TABLE.rows[number]!;
  if (row.facts.kind === "none" || row.facts.kind === "opaque") return 4 * number + OPERANDS.allowed;
  return 4 * number + ((answers[number] ??= new Answers(number)).unpredictable(word) ? OPERANDS.unpredictable : OPERANDS.allowed);
}

function judge(verdict: Verdict): Judgement {
  if (verdict < 0) return { form: "", outcome: "undefined-instruction" };
  const { form, facts } = A32_TABLE.rows[rowOf(verdict)]!;
  if (operandsOf(verdict) === OPERANDS.unpredictable) return { form, outcome: "unpredictable" };
  if (facts.kind === "none") return { form, outcome: "not-memory-access" };
  return { form, outcome: facts.unsupported === undefined ? "emulated" : "unsupported-instruction" };
}

/** Fields that no rule of ./rules.ts reads: offsets, shifts, alignment, the lane. The condition has a row's condition, or a rule. */
const UNRULED_FIELDS: ReadonlySet<string> = new Set(["imm", "imm5", "type", "imm2", "align", "index", "U", "cond"]);

/** Bits of the fields that the row's rules can depend on. */
function ruledBits({ facts, fields }: CompiledRow<Facts>): number {
  if (facts.kind === "none" || facts.kind === "opaque") return 0;
  let bits = 0;
  for (const [name, parts] of fields) {
    if (UNRULED_FIELDS.has(name) && !(name === "cond" && facts.unpredictable.includes("cond != '1110'"))) continue;
    for (const { from, width } of parts) bits |= ((1 << width) - 1) << from;
  }
  return bits;
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
  bitsRead: (known, word) => A32_TABLE.bitsRead(known, word, ruledBits),
  // No row and no rule tells the conditions from EQ to LE apart: 1110 (AL) and 1111 are told from them.
  canonical: (word) => (word >>> 28 < 0b1110 ? word & 0x0fffffff : word),
};
