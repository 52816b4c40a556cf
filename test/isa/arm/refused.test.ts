// Operands that the manual rules out, what is recognised and refused, and tables that must be refused.
import { describe, expect, test } from "vitest";
import { A32_ROWS } from "../../../src/isa/arm/a32-table.ts";
import { A32_TABLE, T32_NARROW_TABLE, T32_TABLE } from "../../../src/isa/arm/decode.ts";
import { type Facts, fieldsOf } from "../../../src/isa/arm/facts.ts";
import { ARM } from "../../../src/isa/arm/index.ts";
import { type Row, RowTable } from "../../../src/isa/rows.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf } from "../../support/fault.ts";
import { bytesOfWord } from "./against-capstone.ts";

const decode = (set: "a32" | "t32", word: number) => ARM.decode(bytesOf(bytesOfWord(word, set, set === "t32" && word <= 0xffff ? 16 : 32)), set);

/** Reason and detail of a word that is refused whatever the registers hold; "" if it is not. */
function refusalOf(set: "a32" | "t32", word: number): readonly [string, string] {
  const decoded = decode(set, word);
  if (decoded instanceof Refusal) return [decoded.reason, decoded.detail];
  return decoded.operation instanceof Refusal ? [decoded.operation.reason, decoded.operation.detail] : ["", ""];
}

/** Instruction set, word, the rule that it breaks, and a neighbour that keeps it. */
const UNPREDICTABLE = [
  ["a32", 0xe4911004, "wback && n == t", 0xe4910004], // ldr r1, [r1], #4
  ["a32", 0xe5a11004, "wback && n == t", 0xe5a10004], // str r1, [r1, #4]!
  ["a32", 0xe5afb004, "wback && n == 15", 0xe58fb004], // str r11, [pc, #4]!
  ["a32", 0xe5bf0004, "wback", 0xe59f0004], // ldr r0, [pc, #4]!
  ["a32", 0xe5d1f000, "t == 15", 0xe5d1e000], // ldrb pc, [r1]
  ["a32", 0xe791000f, "m == 15", 0xe791000e], // ldr r0, [r1, pc]
  ["a32", 0xe4b11004, "n == t", 0xe4b10004], // ldrt r1, [r1], #4
  ["a32", 0xe4bf0004, "n == 15", 0xe4be0004], // ldrt r0, [pc], #4
  ["a32", 0xe1c130d0, "Rt<0> == '1'", 0xe1c120d0], // ldrd r3, r4, [r1]
  ["a32", 0xe1c1e0d0, "t2 == 15", 0xe1c1c0d0], // ldrd lr, pc, [r1]
  ["a32", 0xe06120d0, "P == '0' && W == '1'", 0xe04120d0],
  ["a32", 0xe0c000d4, "wback && n == t", 0xe0c200d4], // ldrd r0, r1, [r0], #4
  ["a32", 0xe0c100d4, "wback && n == t2", 0xe0c200d4], // ldrd r0, r1, [r1], #4
  ["a32", 0xe18120d3, "m == t2", 0xe18120d4], // ldrd r2, r3, [r1, r3]
  ["a32", 0xe18120d2, "m == t", 0xe18120f2], // ldrd r2, r3, [r1, r2]; strd may
  ["a32", 0xe8910000, "BitCount(registers) < 1", 0xe8910001],
  ["a32", 0xe89f0001, "n == 15", 0xe89e0001],
  ["a32", 0xe8b10002, "wback && registers<n> == '1'", 0xe8910002],
  ["a32", 0xe8a10003, "n != LowestSetBit(registers)", 0xe8a10006],
  ["a32", 0xe1911f9e, "should-be", 0xe1911f9f], // ldrex with bits 3:0 not ones
  ["a32", 0xe1811f92, "d == n", 0xe1813f92], // strex r1, r2, [r1]
  ["a32", 0xe1812f92, "d == t", 0xe1813f92], // strex r2, r2, [r1]
  ["a32", 0xe1a13f92, "d == t2", 0xe1a14f92], // strexd r3, r2, r3, [r1]
  ["a32", 0xe1010091, "n == m", 0xe1010092], // swp r0, r1, [r1]
  ["a32", 0xec910a00, "regs == 0", 0xec910a01],
  ["a32", 0xec910b22, "regs > 16", 0xec910b20],
  ["a32", 0xecd1fb04, "d + regs > 32", 0xecd1eb04], // vldm r1, {d31, d32}
  ["a32", 0xecd10b03, "d + regs > 16", 0xec91fb03], // fldmiax of d16
  ["a32", 0xecbf0b02, "wback && n == 15", 0xec9f0b02],
  ["a32", 0xf461f80f, "last register > d31", 0xf461e80f], // vld2.8 {d31, d32}, [r1]
  ["a32", 0xf42f070f, "n == 15", 0xf42e070f],
  ["a32", 0x0d910900, "cond != '1110'", 0xed910900], // vldr.16 with a condition
  ["t32", 0xf8c1f000, "t == 15", 0xf8c1e000], // str.w pc, [r1]
  ["t32", 0xf8511b04, "wback && n == t", 0xf8510b04],
  ["t32", 0xf811fb04, "t == 15", 0xf8110b04], // ldrb pc, [r1], #4
  ["t32", 0xe9d11100, "t == t2", 0xe9d11200], // ldrd r1, r1, [r1]
  ["t32", 0xe9f11200, "wback && n == t", 0xe9f13200],
  ["t32", 0xe8910001, "BitCount(registers) < 2", 0xe8910003],
  ["t32", 0xe891c000, "P == '1' && M == '1'", 0xe8918001],
  ["t32", 0xe8912001, "should-be", 0xe8914001], // r13 in an LDM list
  ["t32", 0xe8a10006, "wback && registers<n> == '1'", 0xe8810006],
  ["t32", 0xb400, "BitCount(registers) < 1", 0xb401],
  ["t32", 0xe8d1f00f, "m == 15", 0xe8d1f00e], // tbb [r1, pc]
  ["t32", 0xed8f0b00, "n == 15", 0xed9f0b00], // vstr d0, [pc]; vldr may
  ["t32", 0xec9f0b02, "n == 15", 0xec9e0b02],
] as const;

describe("CONSTRAINED UNPREDICTABLE operands", () => {
  test.for(UNPREDICTABLE.map(([set, word, rule, neighbour]) => ({ set, rule, word: word >>> 0, neighbour: neighbour >>> 0, hex: (word >>> 0).toString(16) })))(
    "$set $hex: $rule",
    ({ set, word, rule, neighbour }) => {
      expect(refusalOf(set, word)).toEqual(["unpredictable", expect.stringContaining(rule)]);
      expect(refusalOf(set, neighbour)[0]).not.toBe("unpredictable");
    },
  );

  test("access and direction are known all the same", () => {
    expect(decode("a32", 0xe4911004)).toMatchObject({ form: "LDR (immediate) A1", access: "read", sizes: [4] });
  });
});

describe("recognised and refused", () => {
  test.for([
    ["a32", 0xf5d1f000, "not-memory-access", "PLD, PLDW (immediate, literal)"],
    ["a32", 0xe0810002, "not-memory-access", "Data-processing (immediate shift)"],
    ["a32", 0xed915e01, "unsupported-instruction", "LDC (p14, c5)"],
    ["a32", 0xed910701, "unsupported-instruction", "LDC (coprocessor)"],
    ["t32", 0xf891f000, "not-memory-access", "PLD, PLDW (immediate) T1"],
    ["t32", 0xbf08, "not-memory-access", "IT, hints (16-bit)"],
    ["t32", 0xe990c000, "unsupported-instruction", "RFEIA T2"],
    ["t32", 0xed911e00, "unsupported-instruction", "VLDRB (contiguous) MVE"],
    ["t32", 0xfc901e01, "unsupported-instruction", "VLD4 MVE"],
  ] as const)("%s %i: %s", ([set, word, reason, form]) => {
    expect(refusalOf(set, word)[0]).toBe(reason);
    expect(decode(set, word)).toMatchObject({ form });
  });

  test.for([
    ["a32", 0xe7f000f0], // udf
    ["a32", 0xe1a10090], // 0001 1010 1001 without exclusive bits
    ["a32", 0xec100b00], // 1100 0000: P, U, D and W zero
    ["a32", 0xf4210b0f], // VLD1 with type 1011
    ["a32", 0xf4a10cdf], // VLD1 to all lanes with size 11
    ["t32", 0xde00], // udf
    ["t32", 0xb800],
    ["t32", 0xf8410800], // str with P and W zero
    ["t32", 0xf8600000], // size 11
    ["t32", 0xf80f0000], // strb to a literal
  ] as const)("%s %i is unallocated", ([set, word]) => {
    expect(refusalOf(set, word)[0]).toBe("undefined-instruction");
  });
});

const table = (...rows: readonly Row<Facts>[]) => new RowTable<Facts>(rows, { name: "test", width: 32, index: [27, 26, 25, 20], fieldsOf });

describe("tables", () => {
  const ldr = A32_ROWS.find(({ form }) => form === "LDR (literal) A1")!;

  test("the rows of this project are accepted", () => {
    expect(() => table(ldr)).not.toThrow();
    for (const { rows } of [A32_TABLE, T32_TABLE, T32_NARROW_TABLE]) expect(rows.length).toBeGreaterThan(30);
  });

  test.for([
    ["a bit too many", { ...ldr, pattern: `${ldr.pattern} 0` }, /more than 32 bits/],
    ["a bit too few", { ...ldr, pattern: ldr.pattern.replace("imm:12", "imm:11") }, /31 bits/],
    ["a field that its facts do not read", { ...ldr, pattern: ldr.pattern.replace("imm:12", "imm:11 H:1") }, /nobody reads the field H/],
    ["a field missing that its facts read", { ...ldr, pattern: ldr.pattern.replace("Rt:4", "xxxx") }, /need a field Rt/],
    ["a condition on a field that it lacks", { ...ldr, where: { ...ldr.where, Rm: [1] } }, /"where" names the field Rm/],
  ] as const)("%s", ([, row, message]) => {
    expect(() => table(row)).toThrow(message);
  });

  test("two rows for one word, or of one name", () => {
    expect(() => table(ldr, { ...ldr, form: "LDR (again)" })).toThrow(/match the same word/);
    expect(() => table(ldr, ldr)).toThrow(/two rows are named/);
    // The immediate form without its exception for Rn = 15 overlaps the literal one.
    const immediate = A32_ROWS.find(({ form }) => form === "LDR (immediate) A1")!;
    expect(() => table(ldr, immediate)).not.toThrow();
    const { Rn: _, ...where } = immediate.where!;
    expect(() => table(ldr, { ...immediate, where })).toThrow(/match the same word/);
  });
});
