import type { InstructionSet } from "../model/architecture.ts";
import type { FieldPart } from "../isa/pattern.ts";
import type { CompiledRow, RowTable } from "../isa/rows.ts";
import type { Choices } from "./choices.ts";
import type { EncodingWish, Form } from "./form.ts";

/** Whether the manual rules out the operands of a word that matches a row. */
export type RulesOut<Facts> = (row: CompiledRow<Facts>, word: number) => boolean;

/** The forms of a fixed-width instruction set, in the order of its table. */
export function formsOfRows<Facts>(table: RowTable<Facts>, instructionSet: InstructionSet, width: 16 | 32, rulesOut: RulesOut<Facts> = () => false): Form[] {
  return table.rows.map((row) => ({
    name: row.form,
    instructionSet,
    encode(choices, wish) {
      const word = wordOf(row, width, choices, wish);
      return wish.unpredictable !== true && rulesOut(row, word) ? undefined : bytesOf(word, instructionSet, width);
    },
  }));
}

function wordOf<Facts>(row: CompiledRow<Facts>, wordWidth: 16 | 32, choices: Choices, { violateShouldBe }: EncodingWish): number {
  const spoiled = violateShouldBe && row.shouldMask !== 0 ? oneBit(row.shouldMask, choices) : 0;
  let word = row.match | (row.shouldMatch ^ spoiled);
  let known = row.mask | row.shouldMask;
  let previous = 0;
  for (const [name, parts] of row.fields) {
    const allowed = row.conditions.find(({ field }) => field === name)?.allowed;
    const bits = parts.reduce((sum, { to, width }) => Math.max(sum, to + width), 0);
    const value = allowed === undefined ? fieldOf(name, bits, previous, choices) : choices.pick(`encoding ${name}`, [...allowed]);
    if (bits === 5 || bits === 4) previous = value;
    for (const { from, to, width } of parts) word |= ((value >>> to) & ones(width)) << from;
    for (const part of parts) known |= place(part);
  }
  // Bits that may be anything and that nobody reads.
  const free = ~known;
  if ((wordWidth === 32 ? free : free & 0xffff) !== 0) word |= Number(choices.bits("encoding free", 32)) & free;
  return word;
}

/** A field's value. All ones (SP, ZR, PC, the largest immediate) and the same register again are edges. */
function fieldOf(name: string, bits: number, previous: number, choices: Choices): number {
  switch (choices.below(`encoding ${name} kind`, 12)) {
    case 10:
      return ones(bits);
    case 11:
      return previous & ones(bits);
    default:
      return choices.below(`encoding ${name}`, 2 ** bits);
  }
}

function oneBit(mask: number, choices: Choices): number {
  const positions = Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) === 1);
  return 1 << choices.pick("encoding should-be", positions);
}

function ones(width: number): number {
  return width === 32 ? -1 : (1 << width) - 1;
}

function place({ from, width }: FieldPart): number {
  return ones(width) << from;
}

/** Bytes in memory order: little-endian, a 32-bit T32 instruction as two halfwords. */
function bytesOf(word: number, instructionSet: InstructionSet, width: 16 | 32): Uint8Array {
  const bytes = [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
  if (width === 16) return Uint8Array.from(bytes.slice(0, 2));
  return Uint8Array.from(instructionSet === "t32" ? [bytes[2]!, bytes[3]!, bytes[0]!, bytes[1]!] : bytes);
}
