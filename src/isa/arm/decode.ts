import type { InstructionSet } from "../../model/architecture.ts";
import { bytesToHexadecimal } from "../../model/bits.ts";
import { type Instruction, instructionOf, refusedInstruction } from "../../model/instruction.ts";
import type { Operation } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { type CompiledRow, type Fields, RowTable, extractFields, violatesShouldBe } from "../rows.ts";
import { A32_ROWS } from "./a32-table.ts";
import { type Facts, type NoAccessFacts, type OpaqueFacts, directionOf, fieldsOf } from "./facts.ts";
import { type Parts, double, indexingOf, multiple, multipleWritesBack, ordered, secondRegister, single, swap, tableBranch } from "./general-operations.ts";
import { type Operands, brokenRule } from "./rules.ts";
import { T32_NARROW_ROWS, T32_ROWS } from "./t32-table.ts";
import { lanes, lastRegister, structure, vectorMultiple, vectorMultipleWritesBack, vectorSingle } from "./vector-operations.ts";

/** The instruction sets of this folder. */
export type ArmInstructionSet = Extract<InstructionSet, "a32" | "t32">;

/** A32 is told apart by bits 27:20 and 7:4 (DDI 0487 F4.1). */
export const A32_TABLE = new RowTable<Facts>(A32_ROWS, { name: "A32", width: 32, index: [27, 26, 25, 24, 23, 22, 21, 20, 7, 6, 5, 4], fieldsOf });
/** 32-bit T32: bits 28:20 of the first halfword, 15, 11 and 7 of the second (DDI 0487 F3.1). */
export const T32_TABLE = new RowTable<Facts>(T32_ROWS, { name: "T32", width: 32, index: [28, 27, 26, 25, 24, 23, 22, 21, 20, 15, 11, 7], fieldsOf });
/** 16-bit T32. */
export const T32_NARROW_TABLE = new RowTable<Facts>(T32_NARROW_ROWS, { name: "T32 (16-bit)", width: 16, index: [15, 14, 13, 12, 11, 10, 9, 8], fieldsOf });

/** An instruction's bits, its length in bytes and the table that knows it. */
interface Word {
  readonly value: number;
  readonly length: 2 | 4;
  readonly table: RowTable<Facts>;
}

/**
 * Decodes the A32 or T32 instruction at the start of `bytes`. Instructions are little-endian whatever the order of data is
 * (DDI 0487 E2, "Endian support"); a 32-bit T32 instruction is two halfwords, the first of which has bits 15:11 0b11101 or more.
 */
export function decodeArm(bytes: Uint8Array, instructionSet: ArmInstructionSet): Instruction | Refusal {
  const word = wordOf(bytes, instructionSet);
  if (word instanceof Refusal) return word;
  const row = word.table.find(word.value);
  if (row === undefined) return undefinedInstruction(bytes.subarray(0, word.length), word.table.name);
  return decodeRow(row, word, instructionSet);
}

function wordOf(bytes: Uint8Array, instructionSet: ArmInstructionSet): Word | Refusal {
  const halfword = (at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
  if (instructionSet === "a32") {
    return bytes.length < 4 ? truncated(bytes, 4) : { value: halfword(0) | (halfword(2) << 16), length: 4, table: A32_TABLE };
  }
  if (bytes.length < 2) return truncated(bytes, 2);
  const first = halfword(0);
  if (first >>> 11 < 0b11101) return { value: first, length: 2, table: T32_NARROW_TABLE };
  return bytes.length < 4 ? truncated(bytes, 4) : { value: (first << 16) | halfword(2), length: 4, table: T32_TABLE };
}

function truncated(bytes: Uint8Array, length: number): Refusal {
  return new Refusal("truncated-instruction", `the instruction has ${length} bytes, and ${bytes.length} were captured`, "capture the bytes at the PC in full");
}

function undefinedInstruction(bytes: Uint8Array, table: string): Refusal {
  return new Refusal(
    "undefined-instruction",
    `${bytesToHexadecimal(bytes)} is unallocated in ${table}`,
    "check that the bytes are those at the PC, and that bit 5 of cpsr (T32) is that of the faulting code",
  );
}

function decodeRow(row: CompiledRow<Facts>, word: Word, instructionSet: ArmInstructionSet): Instruction {
  const { form, facts } = row;
  const name = { form, mnemonic: mnemonicOf(form), length: word.length };
  if (facts.kind === "none") return refusedInstruction(name, "none", [], noAccess(facts));
  if (facts.kind === "opaque") return refusedInstruction(name, directionOf(facts), facts.sizes, unsupported(facts.unsupported));
  const fields = extractFields(row, word.value);
  const instruction = instructionOf(name, { ...build(facts, fields, instructionSet), ...conditionOf(facts, fields, instructionSet) });
  const refusal = unpredictable(row, word.value, fields) ?? (facts.unsupported === undefined ? undefined : unsupported(facts.unsupported));
  return refusal === undefined ? instruction : { ...instruction, access: directionOf(facts), operation: refusal };
}

/** The mnemonic with which a form begins. */
export function mnemonicOf(form: string): string {
  return form.split(/[ ,]/)[0]!.toLowerCase();
}

function noAccess({ what }: NoAccessFacts): Refusal {
  return what === "hint"
    ? new Refusal("not-memory-access", "it is a memory hint, which never faults", "the fault belongs to another instruction: check the PC")
    : new Refusal("not-memory-access", "it touches no memory", "the fault belongs to another instruction: check the PC and bit 5 of cpsr (T32)");
}

function unsupported(why: string): Refusal {
  return new Refusal("unsupported-instruction", why, "access the device with plain loads and stores");
}

/** What makes a word of this row CONSTRAINED UNPREDICTABLE: a should-be bit that is not, or operands that the manual rules out. */
export function unpredictableRule(row: CompiledRow<Facts>, word: number, fields = extractFields(row, word)): string | undefined {
  const { facts } = row;
  if (facts.kind === "none" || facts.kind === "opaque") return undefined;
  return violatesShouldBe(row, word) ? "a should-be bit of the encoding has the other value" : brokenRule(facts.unpredictable, operandsOf(facts, fields));
}

function unpredictable(row: CompiledRow<Facts>, word: number, fields: Fields): Refusal | undefined {
  const rule = unpredictableRule(row, word, fields);
  if (rule === undefined) return undefined;
  return new Refusal(
    "unpredictable",
    `its operands are CONSTRAINED UNPREDICTABLE (${rule})`,
    "processors differ in what they do with it: correct the guest's code, or check that the bytes are those at the PC",
  );
}

type TransferFacts = Exclude<Facts, OpaqueFacts | NoAccessFacts>;

function build(facts: TransferFacts, fields: Fields, set: InstructionSet): Parts {
  switch (facts.kind) {
    case "single":
      return single(facts, fields, set);
    case "double":
      return double(facts, fields, set);
    case "multiple":
      return multiple(facts, fields, set);
    case "ordered":
      return ordered(facts, fields, set);
    case "swap":
      return swap(facts, fields, set);
    case "table branch":
      return tableBranch(facts, fields);
    case "vector single":
      return vectorSingle(facts, fields, set);
    case "vector multiple":
      return vectorMultiple(facts, fields, set);
    case "structure":
      return structure(facts, fields);
    case "lane":
    case "all lanes":
      return lanes(facts, fields);
    default:
      return facts satisfies never;
  }
}

/** A32 has a condition field, except in the unconditional space; T32 has ITSTATE. */
function conditionOf(facts: TransferFacts, fields: Fields, set: ArmInstructionSet): Pick<Operation, "condition"> {
  // VLDR and VSTR of half precision: "if InITBlock() then UNPREDICTABLE".
  if (set === "t32") return { condition: facts.kind === "vector single" && facts.bytes === 2 ? "outside-it-block" : "it-state" };
  return fields["cond"] === undefined ? {} : { condition: fields["cond"] };
}

function operandsOf(facts: TransferFacts, fields: Fields): Operands {
  const { Rn = -1, Rt = -1, Rm = -1, Rd = -1, cond = -1, registers = 0, regs = 0, d = Rd } = fields;
  return {
    n: "base" in facts ? (facts.base ?? Rn) : Rn,
    t: Rt,
    t2: facts.kind === "double" || facts.kind === "ordered" ? secondRegister(facts.second, fields) : -1,
    m: Rm,
    d,
    wback: writesBack(facts, fields),
    cond,
    puw: fields["PUW"] ?? -1,
    registers,
    regs,
    last: facts.kind === "structure" || facts.kind === "lane" || facts.kind === "all lanes" ? lastRegister(facts, fields) : -1,
  };
}

function writesBack(facts: TransferFacts, fields: Fields): boolean {
  switch (facts.kind) {
    case "single":
    case "double":
      return indexingOf(facts, fields).wback;
    case "multiple":
      return multipleWritesBack(facts, fields);
    case "vector multiple":
      return vectorMultipleWritesBack(facts, fields);
    case "structure":
    case "lane":
    case "all lanes":
      return fields["Rm"] !== 15;
    case "ordered":
    case "swap":
    case "table branch":
    case "vector single":
      return false;
    default:
      return facts satisfies never;
  }
}
