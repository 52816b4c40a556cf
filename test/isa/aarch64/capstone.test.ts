import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { A64_TABLE } from "../../../src/isa/aarch64/decode.ts";
import { type Disassembler, openCapstone } from "../../support/capstone.ts";
import { difference } from "./against-capstone.ts";

describe("A64 against capstone", () => {
  let capstone: Disassembler;
  beforeAll(async () => {
    capstone = await openCapstone("CS_ARCH_ARM64", "CS_MODE_LITTLE_ENDIAN");
  });
  afterAll(() => capstone.close());

  it("agrees on random words of the load/store space", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (random) => {
        expect(difference(((random & ~0x0a00_0000) | 0x0800_0000) >>> 0, capstone)).toBeUndefined();
      }),
      { numRuns: 20_000 },
    );
  });

  it("agrees on random words of each row", () => {
    fc.assert(
      fc.property(fc.nat(A64_TABLE.rows.length - 1), fc.integer({ min: 0, max: 0xffff_ffff }), (at, random) => {
        const row = A64_TABLE.rows[at]!;
        expect(difference(((random & ~row.mask & ~row.shouldMask) | row.match | row.shouldMatch) >>> 0, capstone)).toBeUndefined();
      }),
      { numRuns: 30_000 },
    );
  });
});
