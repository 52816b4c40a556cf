import { hexadecimal } from "../../model/bits.ts";
import type { Instruction } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { extractFields } from "../rows.ts";
import { COMPRESSED_TABLE } from "./compressed-table.ts";
import { FORMS, instructionFrom, undefinedInstruction } from "./decode.ts";

/** Special pseudoinstructions: an implicit read or write of a VS-stage page table entry, of 4 or of 8 bytes. */
const PSEUDOINSTRUCTIONS: ReadonlyMap<bigint, string> = new Map([
  [0x2000n, "a 32-bit read"],
  [0x2020n, "a 32-bit write"],
  [0x3000n, "a 64-bit read"],
  [0x3020n, "a 64-bit write"],
]);

/** Rows that compressed loads and stores expand to: C.LW and C.LWSP are LW. */
const EXPANSIONS: ReadonlySet<string> = new Set(
  COMPRESSED_TABLE.rows
    .filter(({ facts }) => facts.kind === "load" || facts.kind === "store")
    .map(({ form }) => form.replace(/^C\./, "").replace(/SP$/, "")),
);

/**
 * Decodes what a hart writes to htinst or mtinst when a load, store or atomic traps: a transformed instruction (privileged manual,
 * "Transformed Instruction or Pseudoinstruction for mtinst or htinst"). Its immediate is zero and its rs1 field is the Address
 * Offset, bytes from the start of the access to `faultAddress` (the guest virtual address in stval or mtval); the access therefore
 * starts at `faultAddress` less that offset, and no base register is needed. The `length` is that of the trapping instruction.
 */
export function decodeTransformed(value: bigint, faultAddress: bigint | undefined): Instruction | Refusal {
  const text = `htinst is ${hexadecimal(value)}`;
  if (value === 0n) {
    const detail = "htinst is zero: the hart says nothing of the instruction";
    return new Refusal("truncated-instruction", detail, "fetch the instruction at sepc and give its bytes");
  }
  const walk = PSEUDOINSTRUCTIONS.get(value);
  if (walk !== undefined) {
    return new Refusal(
      "not-a-data-abort",
      `${text}: ${walk} of the guest's own page table faulted (VS-stage walk)`,
      "the guest's page tables lie in memory that is not RAM; the instruction is innocent",
    );
  }
  if (value >> 32n !== 0n || (value & 1n) === 0n) {
    return undefinedInstruction(`${text}, which is neither a transformed instruction (32 bits, bit 0 set) nor a pseudoinstruction`);
  }
  const word = Number(value) | 2;
  const number = FORMS.table.findNumber(word);
  if (number < 0) return undefinedInstruction(`${text}, a custom value or the transformation of no standard instruction`);
  const form = FORMS.of(number);
  const { row } = form;
  const compressed = (value & 2n) === 0n;
  if (compressed && !EXPANSIONS.has(row.form)) {
    return undefinedInstruction(`${text}: bit 1 says that a 16-bit instruction trapped, and none is short for ${row.form}`);
  }
  const fields = extractFields(row, word);
  if ((fields["imm"] ?? 0) !== 0) {
    return undefinedInstruction(`${text}, a ${row.form} whose immediate is not zero: an instruction as fetched is not a transformed one`);
  }
  if (faultAddress === undefined) {
    return new Refusal(
      "truncated-instruction",
      `${text}, a transformed ${row.form}, which has no address of its own, and the faulting virtual address is not in the trace`,
      "give stval as fault.gva, or the instruction's bytes",
    );
  }
  const start = BigInt.asUintN(64, faultAddress - BigInt(fields["rs1"] ?? 0));
  return instructionFrom(form, word, compressed ? 2 : 4, { displacement: start, width: 64 });
}
