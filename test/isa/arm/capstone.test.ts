// The decoder against capstone on random words: every row's neighbourhood, and the whole encoding space.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { A32_TABLE, T32_NARROW_TABLE, T32_TABLE } from "../../../src/isa/arm/decode.ts";
import { type Disassembler, openCapstone } from "../../support/capstone.ts";
import { bytesOfWord, difference } from "./against-capstone.ts";

const A32 = { set: "a32", width: 32, table: A32_TABLE, mode: "CS_MODE_ARM" } as const;
const T32 = { set: "t32", width: 32, table: T32_TABLE, mode: "CS_MODE_THUMB" } as const;
const NARROW = { set: "t32", width: 16, table: T32_NARROW_TABLE, mode: "CS_MODE_THUMB" } as const;

describe.each([A32, T32, NARROW])("$table.name against capstone", ({ set, width, table, mode }) => {
  let capstone: Disassembler;
  beforeAll(async () => {
    capstone = await openCapstone("CS_ARCH_ARM", mode, "CS_MODE_V8");
  });
  afterAll(() => capstone.close());

  const compare = (word: number): string => {
    const found = difference(word, set, width, capstone);
    return found === undefined ? "same" : `${bytesOfWord(word, set, width)}: ${found}`;
  };

  test("every row", () => {
    // Should-be bits have their value in three of four words; the condition is AL in half of those of A32.
    const words = fc.tuple(fc.constantFrom(...table.rows), fc.nat(0xffffffff), fc.nat(3), fc.boolean()).map(([row, random, should, always]) => {
      let word = (random & ~row.mask) | row.match;
      if (should !== 0) word = (word & ~row.shouldMask) | row.shouldMatch;
      if (set === "a32" && always && row.fields.has("cond")) word = (word & 0x0fffffff) | 0xe0000000;
      return word >>> 0;
    });
    fc.assert(fc.property(words, (word) => {
        expect(compare(word)).toBe("same");
      }), { numRuns: 10_000 });
  });

  test("any word", () => {
    const words = width === 16 ? fc.nat(0xe7ff) : set === "a32" ? fc.nat(0xffffffff) : fc.integer({ min: 0xe8000000, max: 0xffffffff });
    fc.assert(fc.property(words, (word) => {
        expect(compare(word)).toBe("same");
      }), { numRuns: 5_000 });
  });
});
