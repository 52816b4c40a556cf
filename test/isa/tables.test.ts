import { describe, expect, it } from "vitest";
import { sharedTable, tableOf } from "../../src/isa/tables.ts";

describe("tableOf", () => {
  it("has an entry for each index", () => {
    expect(tableOf(4, (index) => 2 * index)).toEqual([0, 2, 4, 6]);
    expect(tableOf(0, () => expect.fail("asked for an entry"))).toEqual([]);
  });
});

describe("sharedTable", () => {
  it("makes a table once for each key", () => {
    let made = 0;
    const multiples = sharedTable((factor: number, negative: boolean) => {
      made++;
      return tableOf(3, (index) => (negative ? -factor : factor) * index);
    });
    expect(multiples(5, false)).toEqual([0, 5, 10]);
    expect(multiples(5, true)).toEqual([-0, -5, -10]);
    expect(multiples(7, false)).toEqual([0, 7, 14]);
    expect(multiples(5, false)).toBe(multiples(5, false));
    expect(made).toBe(3);
  });
});
