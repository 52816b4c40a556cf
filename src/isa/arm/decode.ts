import type { InstructionSet } from "../../model/architecture.ts";
import { bytesToHexadecimal } from "../../model/bits.ts";
import { type Instruction, refusedInstruction } from "../../model/instruction.ts";
import type { Operation } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { Field, readField } from "../pattern.ts";
import { NONE, type Plan, addAttributes, sizesOf } from "../plan.ts";
import { type CompiledRow, RowTable, fieldOf, perRow } from "../rows.ts";
import { A32_ROWS } from "./a32-table.ts";
import { type Facts, type NoAccessFacts, type OpaqueFacts, directionOf, fieldsOf } from "./facts.ts";
import { Location, type Parts, always, chosen, double, indexingOf, multiple, multipleWritesBack, ordered, placeOf, secondRegister, single, swap, tableBranch, writebackOf } from "./general-operations.ts";
import { type ProgramCounterOffset, operandOf } from "./operands.ts";
import { type Operands, RowRules } from "./rules.ts";
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

/**
 * Decodes the A32 or T32 instruction at the start of `bytes`. Instructions are little-endian whatever the order of data is
 * (DDI 0487 E2, "Endian support"); a 32-bit T32 instruction is two halfwords, the first of which has bits 15:11 0b11101 or more.
 */
export function decodeArm(bytes: Uint8Array, instructionSet: ArmInstructionSet): Instruction | Refusal {
  if (instructionSet === "a32") return bytes.length < 4 ? truncated(bytes, 4) : A32.decode(halfword(bytes, 0) | (halfword(bytes, 2) << 16), bytes);
  if (bytes.length < 2) return truncated(bytes, 2);
  const first = halfword(bytes, 0);
  if (first >>> 11 < 0b11101) return T32_NARROW.decode(first, bytes);
  return bytes.length < 4 ? truncated(bytes, 4) : T32.decode((first << 16) | halfword(bytes, 2), bytes);
}

function halfword(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
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

/** What decoding derives from a row. */
interface Form {
  readonly row: CompiledRow<Facts>;
  readonly mnemonic: string;
  /** Both undefined where no word of the row is taken apart. */
  readonly plan: Plan | undefined;
  /** What makes a word of the row CONSTRAINED UNPREDICTABLE. */
  readonly rules: RowRules | undefined;
  readonly unsupported: string | undefined;
}

/** Decodes the instructions of one table, all of one length. */
class TableDecoder {
  readonly table: RowTable<Facts>;
  readonly #length: 2 | 4;
  readonly #formOf: (number: number) => Form;

  constructor(table: RowTable<Facts>, length: 2 | 4, instructionSet: ArmInstructionSet) {
    this.table = table;
    this.#length = length;
    this.#formOf = perRow(table, (row) => formOf(row, instructionSet));
  }

  /** The instruction that is `word`; `bytes` begin with it. */
  decode(word: number, bytes: Uint8Array): Instruction | Refusal {
    const number = this.table.findNumber(word);
    const length = this.#length;
    if (number < 0) return undefinedInstruction(bytes.subarray(0, length), this.table.name);
    const { row, mnemonic, plan, rules, unsupported: why } = this.#formOf(number);
    const { form } = row;
    if (plan === undefined || rules === undefined) return refusedRow({ form, mnemonic, length }, row.facts as OpaqueFacts | NoAccessFacts);
    const operation = plan.build(word);
    const { sizes = sizesOf(operation) } = plan;
    const rule = rules.brokenBy(word);
    const refusal = rule !== undefined ? unpredictable(rule) : why !== undefined ? unsupported(why) : undefined;
    return { form, mnemonic, length, access: plan.access, sizes, operation: refusal ?? operation };
  }

  /** Whether a word is CONSTRAINED UNPREDICTABLE: a should-be bit is not what it should be, or the manual rules the operands out. */
  isUnpredictable(word: number, number = this.table.findNumber(word)): boolean {
    return this.#formOf(number).rules?.brokenBy(word) !== undefined;
  }
}

/** The decoders of the three tables. */
export const A32 = new TableDecoder(A32_TABLE, 4, "a32");
export const T32 = new TableDecoder(T32_TABLE, 4, "t32");
export const T32_NARROW = new TableDecoder(T32_NARROW_TABLE, 2, "t32");

function formOf(row: CompiledRow<Facts>, instructionSet: ArmInstructionSet): Form {
  const { form, facts } = row;
  const mnemonic = mnemonicOf(form);
  if (facts.kind === "none" || facts.kind === "opaque") return { row, mnemonic, plan: undefined, rules: undefined, unsupported: undefined };
  const plan = planOf(facts, row, instructionSet);
  return { row, mnemonic, plan, rules: new RowRules(row, facts.unpredictable, operandsOf(facts, row)), unsupported: facts.unsupported };
}

/** The mnemonic with which a form begins. */
export function mnemonicOf(form: string): string {
  return form.split(/[ ,]/)[0]!.toLowerCase();
}

function refusedRow(name: { readonly form: string; readonly mnemonic: string; readonly length: number }, facts: OpaqueFacts | NoAccessFacts): Instruction {
  return facts.kind === "none" ? refusedInstruction(name, "none", [], noAccess(facts)) : refusedInstruction(name, directionOf(facts), facts.sizes, unsupported(facts.unsupported));
}

function noAccess({ what }: NoAccessFacts): Refusal {
  return what === "hint"
    ? new Refusal("not-memory-access", "it is a memory hint, which never faults", "the fault belongs to another instruction: check the PC")
    : new Refusal("not-memory-access", "it touches no memory", "the fault belongs to another instruction: check the PC and bit 5 of cpsr (T32)");
}

function unsupported(why: string): Refusal {
  return new Refusal("unsupported-instruction", why, "access the device with plain loads and stores");
}

function unpredictable(rule: string): Refusal {
  return new Refusal(
    "unpredictable",
    `its operands are CONSTRAINED UNPREDICTABLE (${rule})`,
    "processors differ in what they do with it: correct the guest's code, or check that the bytes are those at the PC",
  );
}

type TransferFacts = Exclude<Facts, OpaqueFacts | NoAccessFacts>;

function planOf(facts: TransferFacts, row: CompiledRow<Facts>, set: ArmInstructionSet): Plan {
  const { sizes, addresses: where, updates: later, reads = NOTHING, computes = NOTHING, writes = NOTHING, attributes = NOTHING_BESIDE } = partsOf(facts, row, set === "a32" ? 8 : 4);
  const [location, addresses, updates] = where instanceof Location ? [where, NOTHING, NOTHING] : [undefined, where, later ?? NOTHING];
  const cond = set === "a32" ? fieldOf(row, "cond") : undefined;
  const itState = set === "t32" ? itStateOf(facts) : undefined;
  const build: Plan["build"] = (word) => {
    const place = location === undefined ? { addresses: chosen(addresses, word), updates: chosen(updates, word) } : placeOf(location, word);
    const read = chosen(reads, word);
    const computed = chosen(computes, word);
    const written = chosen(writes, word);
    const condition = cond === undefined ? itState : readField(cond, word);
    const operation: Operation =
      condition === undefined
        ? { addresses: place.addresses, reads: read, computes: computed, writes: written, updates: place.updates }
        : { addresses: place.addresses, reads: read, computes: computed, writes: written, updates: place.updates, condition };
    const more = chosen(attributes, word);
    return more === undefined ? operation : addAttributes(operation, more);
  };
  return { access: directionOf(facts), sizes, build };
}

const NOTHING = always(NONE);
const NOTHING_BESIDE = always(undefined);

function partsOf(facts: TransferFacts, row: CompiledRow<Facts>, pc: ProgramCounterOffset): Parts {
  switch (facts.kind) {
    case "single":
      return single(facts, row, pc);
    case "double":
      return double(facts, row, pc);
    case "multiple":
      return multiple(facts, row, pc);
    case "ordered":
      return ordered(facts, row, pc);
    case "swap":
      return swap(facts, row, pc);
    case "table branch":
      return tableBranch(facts, row);
    case "vector single":
      return vectorSingle(facts, row, pc);
    case "vector multiple":
      return vectorMultiple(facts, row, pc);
    case "structure":
      return structure(facts, row);
    case "lane":
    case "all lanes":
      return lanes(facts, row);
    default:
      return facts satisfies never;
  }
}

/** A32 has a condition field, except in the unconditional space; T32 has ITSTATE. */
function itStateOf(facts: TransferFacts): "it-state" | "outside-it-block" {
  // VLDR and VSTR of half precision: "if InITBlock() then UNPREDICTABLE".
  return facts.kind === "vector single" && facts.bytes === 2 ? "outside-it-block" : "it-state";
}

const LACKING = -1;

function operandsOf(facts: TransferFacts, row: CompiledRow<Facts>): Operands {
  return {
    n: operandOf(row, "Rn", ("base" in facts ? facts.base : undefined) ?? LACKING),
    t: operandOf(row, "Rt", LACKING),
    t2: facts.kind === "double" || facts.kind === "ordered" ? secondRegister(facts.second, row) : Field.constant(LACKING),
    m: operandOf(row, "Rm", LACKING),
    d: fieldOf(row, "d") ?? operandOf(row, "Rd", LACKING),
    wback: wbackOf(facts, row),
    cond: operandOf(row, "cond", LACKING),
    puw: operandOf(row, "PUW", LACKING),
    registers: operandOf(row, "registers", 0),
    regs: operandOf(row, "regs", 0),
    last: facts.kind === "structure" || facts.kind === "lane" || facts.kind === "all lanes" ? lastRegister(facts, row) : () => LACKING,
  };
}

/** Whether the base changes: not 0. */
function wbackOf(facts: TransferFacts, row: CompiledRow<Facts>): Field {
  switch (facts.kind) {
    case "single":
    case "double":
      return writebackOf(indexingOf(facts, row));
    case "multiple": {
      const wback = multipleWritesBack(facts, row);
      if (wback === undefined && facts.unpredictable.some((rule) => rule.startsWith("wback"))) throw new Error(`row ${row.form}: no rule can ask for a writeback that depends on the list`);
      return wback ?? Field.constant(0);
    }
    case "vector multiple":
      return vectorMultipleWritesBack(facts, row);
    case "structure":
    case "lane":
    case "all lanes":
      // Rm is not 15: one more, in its four bits, is not 0.
      return operandOf(row, "Rm", 0).plus(1, 15);
    case "ordered":
    case "swap":
    case "table branch":
    case "vector single":
      return Field.constant(0);
    default:
      return facts satisfies never;
  }
}
