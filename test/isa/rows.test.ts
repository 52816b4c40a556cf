import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Row, RowTable, extractFields, perRow, violatesShouldBe } from "../../src/isa/rows.ts";

const options = { name: "test", width: 16 as const, index: [15, 14, 13, 0], fieldsOf: (facts: readonly string[]) => facts };
const row = (form: string, pattern: string, facts: readonly string[] = [], where?: Row<readonly string[]>["where"]): Row<readonly string[]> => ({
  form,
  pattern,
  facts,
  ...(where && { where }),
});

describe("RowTable", () => {
  const table = new RowTable(
    [
      row("one", "000 a:5 00000000", ["a"]),
      row("two", "001 b:3 00 00000000", ["b"], { b: [1, 2, 4] }),
      row("two, other values", "001 b:3 00 00000000", ["b"], { b: [0, 7] }),
      row("should", "010 (1) xxxx xxxxxxxx"),
      row("scattered", "011 c[0] c[5:1] 0000000", ["c"]),
    ],
    options,
  );

  it("finds the row that a word matches, with its fields", () => {
    expect(table.find(0b000_10101_00000000)?.form).toBe("one");
    expect(extractFields(table.find(0b000_10101_00000000)!, 0b000_10101_00000000)).toEqual({ a: 0b10101 });
    expect(table.find(0b001_010_00_00000000)?.form).toBe("two");
    expect(table.find(0b001_111_00_00000000)?.form).toBe("two, other values");
    expect(table.find(0b001_011_00_00000000)).toBeUndefined();
    expect(extractFields(table.find(0b011_1_00001_0000000)!, 0b011_1_00001_0000000)).toEqual({ c: 0b000011 });
  });

  it("derives from a row once, when it is first asked for", () => {
    const asked: string[] = [];
    const derived = perRow(table, ({ form }) => asked.push(form));
    expect([derived(2), derived(0), derived(2)]).toEqual([1, 2, 1]);
    expect(asked).toEqual(["two, other values", "one"]);
  });

  it("tells should-be violations", () => {
    const should = table.find(0b010_1_0000_00000000)!;
    expect(violatesShouldBe(should, 0b010_1_0000_00000000)).toBe(false);
    expect(violatesShouldBe(should, 0b010_0_0000_00000000)).toBe(true);
  });

  it("finds by index bits what a search over all rows finds", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        const all = table.rows.filter(
          ({ mask, match, conditions }) =>
            ((word & mask) ^ match) === 0 &&
            conditions.every(({ allowed, parts }) => allowed.has(parts.reduce((sum, { from, to, width }) => sum | (((word >>> from) & ((1 << width) - 1)) << to), 0))),
        );
        expect(table.find(word)).toBe(all[0]);
        expect(all.length).toBeLessThan(2);
      }),
      { numRuns: 5000 },
    );
  });

  // Tables that must be refused, each with the reason it gives (the habit of QEMU's decodetree tests).
  it.each<[string, readonly Row<readonly string[]>[], string]>([
    ["two rows of one name", [row("a", "0000000000000000"), row("a", "0000000000000001")], "two rows are named a"],
    ["a row that is too short", [row("a", "000")], "row a: pattern \"000\" has 3 bits instead of 16"],
    ["the same word twice", [row("a", "00000000 xxxxxxxx"), row("b", "xxxxxxxx 00000000")], "rows a and b match the same word"],
    ["overlap behind a field", [row("a", "0000 f:12", ["f"]), row("b", "0000 000000000001")], "rows a and b match the same word"],
    ["overlap of conditions", [row("a", "0000 f:12", ["f"], { f: [1, 2] }), row("b", "0000 f:12", ["f"], { f: [2, 3] })], "rows a and b match the same word"],
    ["a condition that leaves a fixed word in", [row("a", "0000 f:12", ["f"], { f: [1, 2] }), row("b", "0000 000000000001")], "rows a and b match the same word"],
    ["a field that nobody reads", [row("a", "0000 f:12")], "row a: nobody reads the field f"],
    ["a field that is missing", [row("a", "0000 f:12", ["f", "Rn"])], "row a: its facts need a field Rn, which the pattern does not have"],
    ["a condition on no field", [row("a", "0000 f:12", ["f"], { g: [1] })], '"where" names the field g'],
    ["a condition that allows nothing", [row("a", "0000 f:12", ["f"], { f: [] })], '"where" allows no value of field f'],
  ])("refuses a table with %s", (_, rows, message) => {
    expect(() => new RowTable(rows, options)).toThrow(message);
  });

  it("accepts rows that only their conditions keep apart", () => {
    expect(() => new RowTable([row("a", "0000 f:12", ["f"], { f: [1, 2] }), row("b", "0000 000000000011")], options)).not.toThrow();
    expect(() => new RowTable([row("a", "0000 f:12", ["f"], { f: [1, 2] }), row("b", "0000 1 xxxxxxxxxxx")], options)).not.toThrow();
  });
});
