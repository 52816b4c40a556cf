import { type Instruction, refusedInstruction } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { fieldValue } from "../pattern.ts";
import { type Plan, sizesOf } from "../plan.ts";
import { type CompiledRow, RowTable, perRow, violatesShouldBe } from "../rows.ts";
import { tableOf } from "../tables.ts";
import { OPERANDS, type Verdict, operandsOf, rowOf } from "../verdict.ts";
import { CLASSES, classOf } from "./encoding-space.ts";
import { type Facts, type RefusedFacts, fieldsOf } from "./facts.ts";
import { planOf } from "./operation.ts";
import { undefinedOperands, unpredictableOperands } from "./rules.ts";
import { A64_ROWS } from "./table.ts";

/** Looked up by bits 31:21 and 11:10 would miss nothing, but bits 31:22 and 11:10 leave short lists and a small table. */
const INDEX_BITS = [31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 10];

/** The A64 rows that touch memory or look as if they did, compiled. */
export const A64_TABLE = new RowTable<Facts>(A64_ROWS, { name: "A64", width: 32, index: INDEX_BITS, fieldsOf });

const LENGTH = 4;

/** What a word is, see {@link Verdict}: a row, or -1 minus the number of its class in {@link CLASSES}. */
export function classifyA64(word: number): Verdict {
  const number = A64_TABLE.findNumber(word);
  if (number < 0) return -1 - classOf(word);
  const row = A64_TABLE.rows[number]!;
  if (undefinedOperands(row.facts, word) !== undefined) return 4 * number + OPERANDS.undefined;
  if (violatesShouldBe(row, word) || unpredictableOperands(row.facts, word) !== undefined) return 4 * number + OPERANDS.unpredictable;
  return 4 * number + OPERANDS.allowed;
}

/** Decodes the A64 instruction at the start of `bytes` (little-endian whatever the data endianness, DDI 0487 B2.6.2). */
export function decodeA64(bytes: Uint8Array): Instruction | Refusal {
  if (bytes.length < LENGTH) {
    return new Refusal(
      "truncated-instruction",
      `an A64 instruction has 4 bytes, and ${bytes.length} were captured`,
      `capture ${LENGTH - bytes.length} more at the PC`,
    );
  }
  const word = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
  const verdict = classifyA64(word);
  if (verdict < 0) return outsideTheTable(word, -1 - verdict);
  const { row, mnemonics, plan } = formOf(rowOf(verdict));
  const operands = operandsOf(verdict);
  if (operands === OPERANDS.undefined) return undefinedWord(word, undefinedOperands(row.facts, word)!);
  const { form, facts } = row;
  const mnemonic = mnemonics.length === 1 ? mnemonics[0]! : mnemonics[variantOf(row, word)]!;
  const unpredictable = operands === OPERANDS.unpredictable ? unpredictableRefusal(row, word) : undefined;
  if (plan === undefined) return refusedWord({ form, mnemonic, length: LENGTH }, facts as RefusedFacts, unpredictable);
  const operation = plan.build(word);
  const { access, sizes = sizesOf(operation) } = plan;
  return { form, mnemonic, length: LENGTH, access, sizes, operation: unpredictable ?? operation };
}

/** What decoding derives from a row. */
interface Form {
  readonly row: CompiledRow<Facts>;
  /** By variant, see {@link variantOf}. */
  readonly mnemonics: readonly string[];
  /** Undefined where the row is refused. */
  readonly plan: Plan | undefined;
}

const formOf = perRow(A64_TABLE, (row): Form => ({
  row,
  mnemonics: tableOf(variantsOf(row.facts), (variant) => mnemonicFor(row.facts, variant)),
  plan: row.facts.kind === "refused" ? undefined : planOf(row.facts, row),
}));

function refusedWord(name: { readonly form: string; readonly mnemonic: string; readonly length: number }, facts: RefusedFacts, unpredictable: Refusal | undefined): Instruction {
  return refusedInstruction(name, facts.access, facts.sizes, unpredictable ?? new Refusal(facts.reason, facts.why, facts.advice));
}

function unpredictableRefusal(row: CompiledRow<Facts>, word: number): Refusal {
  const rule = violatesShouldBe(row, word) ? "bits that should be one or zero are not" : unpredictableOperands(row.facts, word)!;
  return new Refusal("unpredictable", `its operands are CONSTRAINED UNPREDICTABLE: ${rule}`, "no compiler emits this: check the captured bytes, or write the instruction with other registers");
}

function outsideTheTable(word: number, number: number): Instruction | Refusal {
  const outside = CLASSES[number]!;
  if (outside.kind === "unallocated") return undefinedWord(word, outside.why);
  return refusedInstruction(
    { form: outside.form, mnemonic: outside.form.toLowerCase(), length: LENGTH },
    "none",
    [],
    new Refusal("not-memory-access", `${outside.form} instructions touch no memory`, "the captured PC or bytes are not those of the faulting instruction"),
  );
}

function undefinedWord(word: number, why: string): Refusal {
  return new Refusal(
    "undefined-instruction",
    `the word 0x${(word >>> 0).toString(16).padStart(8, "0")} is not an A64 instruction: ${why}`,
    "check that the bytes were captured at the PC, in memory order",
  );
}

/** How many values {@link variantOf} has for words of these facts. */
function variantsOf(facts: Facts): number {
  switch (facts.kind) {
    case "atomic":
      return 8;
    case "atomic-pair":
    case "compare-and-swap":
    case "compare-and-swap-pair":
      return 4;
    case "refused":
      return facts.variants?.length ?? 1;
    default:
      return 1;
  }
}

/** What {@link mnemonicOf} depends on besides the row: acquire, release and whether the result is discarded, or the row's variant. */
export function variantOf({ facts, fields }: CompiledRow<Facts>, word: number): number {
  switch (facts.kind) {
    case "atomic":
    case "atomic-pair":
    case "compare-and-swap":
    case "compare-and-swap-pair": {
      const acquire = (word >>> fields.get("A")![0]!.from) & 1;
      const discards = facts.kind === "atomic" && facts.operator !== "exchange" && (word & 0x1f) === 31 && acquire === 0 ? 4 : 0;
      return acquire | (((word >>> fields.get("R")![0]!.from) & 1) << 1) | discards;
    }
    case "refused":
      return facts.variants === undefined ? 0 : fieldValue(fields.get("variant")!, word);
    default:
      return 0;
  }
}

/** Atomics carry their ordering, ldadd{a}{l}{b|h}; without a result and acquire they are stadd{l}{b|h}. */
function mnemonicFor(facts: Facts, variant: number): string {
  if (facts.kind === "refused") return facts.mnemonic + (facts.variants?.[variant] ?? "");
  const mnemonic = facts.mnemonic.replace("*", `${(variant & 1) === 1 ? "a" : ""}${(variant & 2) === 2 ? "l" : ""}`);
  return (variant & 4) === 4 ? mnemonic.replace("ld", "st") : mnemonic;
}

/** The mnemonic of a word of this row, in lower case. */
export function mnemonicOf(row: CompiledRow<Facts>, word: number): string {
  return mnemonicFor(row.facts, variantOf(row, word));
}
