import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Field, compilePattern, fieldValue, readField } from "../../src/isa/pattern.ts";

describe("compilePattern", () => {
  it("reads fixed bits and fields from the top down", () => {
    const pattern = compilePattern("11 111 0 00 01 0 imm9:9 01 Rn:5 Rt:5", 32);
    expect(pattern.mask >>> 0).toBe(0xffe0_0c00);
    expect(pattern.match >>> 0).toBe(0xf840_0400);
    expect(fieldValue(pattern.fields.get("imm9")!, 0xf85f_0421)).toBe(0x1f0);
    expect(fieldValue(pattern.fields.get("Rn")!, 0xf840_8422)).toBe(1);
  });

  it("puts scattered bits where the slice says", () => {
    // C.LW of the RISC-V manual: uimm[5:3] in bits 12:10, uimm[2] in bit 6, uimm[6] in bit 5.
    const pattern = compilePattern("010 uimm[5:3] rs1':3 uimm[2|6] rd':3 00", 16);
    expect(fieldValue(pattern.fields.get("uimm")!, 0b010_101_000_1_0_000_00)).toBe(0b0_101_1_00);
    expect(fieldValue(pattern.fields.get("uimm")!, 0b010_000_000_0_1_000_00)).toBe(0b1_000_0_00);
  });

  it("keeps should-be bits apart from fixed ones, and reads x as any", () => {
    const pattern = compilePattern("(1)(0) x 1 0000", 8);
    expect([pattern.mask, pattern.match, pattern.shouldMask, pattern.shouldMatch]).toEqual([0x1f, 0x10, 0xc0, 0x80]);
  });

  it("takes a whole word as one field", () => {
    expect(fieldValue(compilePattern("all:32", 32).fields.get("all")!, -1)).toBe(0xffff_ffff);
  });

  it.each([
    ["0101", 8, "has 4 bits instead of 8"],
    ["0101 0101 1", 8, "has more than 8 bits"],
    ["0101 Rn:3 Rn:1", 8, "gives bits of field Rn twice"],
    ["0101 imm[3:2] imm[2:1]", 8, "gives bits of field imm twice"],
    ["0101 imm[1:4]", 8, "has a slice [1:4] that is not high:low"],
    ["0101 Rn", 8, "can't be read from column 6"],
    ["0101 01?1", 8, "can't be read from column 8"],
    ["(2)101 0101", 8, "can't be read from column 1"],
    ["", 16, "has 0 bits instead of 16"],
  ])("refuses %j", (text, width, message) => {
    expect(() => compilePattern(text, width)).toThrow(message);
  });
});

describe("readField", () => {
  it.each(["0000 a:20 x b:7", "imm[11:5] xxxxx imm[4:0] x:15", "a[2] 0 a[9:8|1:0] xx a[7:3] xxxxxxxxxxxxxxxxxxx"])("reads what fieldValue does: %s", (pattern) => {
    const { fields } = compilePattern(pattern, 32);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (word) => {
        for (const parts of fields.values()) expect(readField(new Field(parts), word)).toBe(fieldValue(parts, word));
      }),
    );
  });

  it("adds, then cuts", () => {
    const field = new Field(compilePattern("xxxx r:4", 8).fields.get("r")!).plus(1);
    expect([readField(field, 0xf3), readField(field, 0xff)]).toEqual([4, 16]);
    expect(readField(field.plus(0, 15), 0xff)).toBe(0);
    expect(readField(Field.constant(-1), 0xff)).toBe(-1);
  });
});
