import { signExtend } from "../../model/bits.ts";
import { type Instruction, instructionOf, refusedInstruction } from "../../model/instruction.ts";
import type { Address } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { type CompiledRow, type Fields, type RowTable, extractFields } from "../rows.ts";
import { COMPRESSED_TABLE } from "./compressed-table.ts";
import { type Facts, orderingSuffix, refusalOf } from "./facts.ts";
import { operationOf, registerNumber } from "./operation.ts";
import { STACK_POINTER, integerRegister } from "./registers.ts";
import { TABLE } from "./table.ts";

/**
 * Decodes the RV64 instruction at the start of `bytes`: 16 bits unless bits 1:0 are 11, else 32 unless bits 4:2 are 111 (unprivileged
 * manual, "Expanded Instruction-Length Encoding"). Longer instructions have no ratified encoding.
 */
export function decode(bytes: Uint8Array): Instruction | Refusal {
  const [first, second, third, fourth] = bytes;
  const length = first !== undefined && (first & 3) === 3 ? 4 : 2;
  if (first === undefined || second === undefined) return truncated(length, bytes.length);
  if (length === 2) return decodeWord(COMPRESSED_TABLE, first | (second << 8), 2);
  if ((first & 0x1f) === 0x1f) {
    const start = `0x${(first | (second << 8)).toString(16).padStart(4, "0")}`;
    return undefinedInstruction(`${start} starts an instruction of more than 32 bits, and the manual defines none`);
  }
  if (third === undefined || fourth === undefined) return truncated(length, bytes.length);
  return decodeWord(TABLE, (first | (second << 8) | (third << 16) | (fourth << 24)) >>> 0, 4);
}

function decodeWord(table: RowTable<Facts>, word: number, length: 2 | 4): Instruction | Refusal {
  const row = table.find(word);
  if (row === undefined) return undefinedInstruction(reservedEncoding(word, length));
  const fields = extractFields(row, word);
  return instructionFrom(row, fields, length, addressOf(fields));
}

/** The instruction of a row with these fields, its memory access at `address`. */
export function instructionFrom(row: CompiledRow<Facts>, fields: Fields, length: 2 | 4, address: Address): Instruction {
  const { form, facts } = row;
  // Zalasr's rows are named with the bit that must be set: LB.AQ is lb.aq or lb.aqrl.
  const mnemonic = form.toLowerCase().replace(/\.(aq|rl)$/, "") + orderingSuffix(fields);
  const name = { form, mnemonic, length };
  switch (facts.kind) {
    case "unsupported":
      return refusedInstruction(name, facts.access, facts.sizes, refusalOf(facts));
    case "no-access":
      return refusedInstruction(name, "none", [], refusalOf(facts));
    default:
      return instructionOf(name, operationOf(facts, fields, address));
  }
}

export function undefinedInstruction(detail: string): Refusal {
  return new Refusal("undefined-instruction", detail, "check that the PC and the bytes are those of the faulting instruction");
}

/** Base register and immediate: `imm` is signed, `uimm` is not; forms without a base register are relative to the stack pointer. */
function addressOf(fields: Fields): Address {
  const base = integerRegister(registerNumber(fields, "rs1") ?? STACK_POINTER);
  const signed = fields["imm"];
  const displacement = signed === undefined ? BigInt(fields["uimm"] ?? 0) : BigInt.asIntN(64, signExtend(BigInt(signed), 12, 64));
  return { base, displacement, width: 64 };
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
  const text = `0x${word.toString(16).padStart(2 * length, "0")}`;
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
