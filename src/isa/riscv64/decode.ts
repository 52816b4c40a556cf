import { type Instruction, refusedInstruction } from "../../model/instruction.ts";
import type { Address } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { type Field, readField } from "../pattern.ts";
import { type CompiledRow, type RowTable, perRow } from "../rows.ts";
import { COMPRESSED_TABLE } from "./compressed-table.ts";
import { type Facts, ORDERING_SUFFIXES, type RecognisedFacts, orderingField, refusalOf } from "./facts.ts";
import { type Plan, planOf } from "./operation.ts";
import { TABLE } from "./table.ts";

/**
 * Decodes the RV64 instruction at the start of `bytes`: 16 bits unless bits 1:0 are 11, else 32 unless bits 4:2 are 111 (unprivileged
 * manual, "Expanded Instruction-Length Encoding"). Longer instructions have no ratified encoding.
 */
export function decode(bytes: Uint8Array): Instruction | Refusal {
  const [first, second, third, fourth] = bytes;
  const length = first !== undefined && (first & 3) === 3 ? 4 : 2;
  if (first === undefined || second === undefined) return truncated(length, bytes.length);
  if (length === 2) return decodeWord(COMPRESSED_FORMS, first | (second << 8), 2);
  if ((first & 0x1f) === 0x1f) {
    const start = `0x${(first | (second << 8)).toString(16).padStart(4, "0")}`;
    return undefinedInstruction(`${start} starts an instruction of more than 32 bits, and the manual defines none`);
  }
  if (third === undefined || fourth === undefined) return truncated(length, bytes.length);
  return decodeWord(FORMS, first | (second << 8) | (third << 16) | (fourth << 24), 4);
}

function decodeWord(forms: Forms, word: number, length: 2 | 4): Instruction | Refusal {
  const number = forms.table.findNumber(word);
  if (number < 0) return undefinedInstruction(reservedEncoding(word, length));
  const form = forms.of(number);
  return instructionFrom(form, word, length, form.plan?.address(word));
}

/** What decoding derives from a row. */
interface Form {
  readonly row: CompiledRow<Facts>;
  readonly mnemonics: readonly string[];
  /** Which of the mnemonics is a word's. */
  readonly ordering: Field;
  /** Undefined where the instruction is only recognised. */
  readonly plan: Plan | undefined;
}

/** A table and what is derived from its rows, by position. */
export interface Forms {
  readonly table: RowTable<Facts>;
  readonly of: (number: number) => Form;
}

function formsOf(table: RowTable<Facts>): Forms {
  return { table, of: perRow(table, formOf) };
}

/** The forms of 32 and of 16 bits. */
export const FORMS = formsOf(TABLE);
const COMPRESSED_FORMS = formsOf(COMPRESSED_TABLE);

function formOf(row: CompiledRow<Facts>): Form {
  const { form, facts } = row;
  // Zalasr's rows are named with the bit that must be set: LB.AQ is lb.aq or lb.aqrl.
  const name = form.toLowerCase().replace(/\.(aq|rl)$/, "");
  const plan = facts.kind === "unsupported" || facts.kind === "no-access" ? undefined : planOf(facts, row);
  return { row, mnemonics: ORDERING_SUFFIXES.map((suffix) => name + suffix), ordering: orderingField(row), plan };
}

/** The instruction of a form that `word` is, its memory access, if it has one, at `address`. */
export function instructionFrom({ row, mnemonics, ordering, plan }: Form, word: number, length: 2 | 4, address: Address | undefined): Instruction {
  const { form, facts } = row;
  const mnemonic = mnemonics[readField(ordering, word)]!;
  if (plan === undefined || address === undefined) return refused({ form, mnemonic, length }, facts as RecognisedFacts);
  return { form, mnemonic, length, access: plan.access, sizes: plan.sizes, operation: plan.build(word, address) };
}

function refused(name: { readonly form: string; readonly mnemonic: string; readonly length: number }, facts: RecognisedFacts): Instruction {
  return facts.kind === "no-access" ? refusedInstruction(name, "none", [], refusalOf(facts)) : refusedInstruction(name, facts.access, facts.sizes, refusalOf(facts));
}

export function undefinedInstruction(detail: string): Refusal {
  return new Refusal("undefined-instruction", detail, "check that the PC and the bytes are those of the faulting instruction");
}

function truncated(length: number, captured: number): Refusal {
  const detail = `${captured} bytes were captured of an instruction that has at least ${length}`;
  return new Refusal("truncated-instruction", detail, "capture 4 bytes at the PC");
}

/** Major opcodes by bits 6:2 (unprivileged manual, "RISC-V base opcode map"); undefined: reserved. */
const MAJOR_OPCODES: readonly (readonly (string | undefined)[])[] = [
  ["LOAD", "LOAD-FP", "custom-0", "MISC-MEM", "OP-IMM", "AUIPC", "OP-IMM-32"],
  ["STORE", "STORE-FP", "custom-1", "AMO", "OP", "LUI", "OP-32"],
  ["MADD", "MSUB", "NMSUB", "NMADD", "OP-FP", "OP-V", "custom-2"],
  ["BRANCH", "JALR", undefined, "JAL", "SYSTEM", "OP-VE", "custom-3"],
];

function reservedEncoding(word: number, length: 2 | 4): string {
  const text = `0x${(word >>> 0).toString(16).padStart(2 * length, "0")}`;
  if (length === 2) {
    return word === 0
      ? "16 zero bits are defined to be illegal: this is no code, or was zeroed"
      : `${text} is a reserved encoding of quadrant ${word & 3} of the compressed instructions`;
  }
  const major = MAJOR_OPCODES[(word >>> 5) & 3]![(word >>> 2) & 7];
  if (major === undefined) return `${text} has a reserved major opcode`;
  if (major.startsWith("custom")) return `${text} lies in ${major}, which the manual leaves to vendors`;
  return `${text} is a reserved encoding of the major opcode ${major}`;
}
