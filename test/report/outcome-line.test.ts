import { describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import type { Emulated } from "../../src/model/outcome.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { outcomeLine } from "../../src/report/outcome-line.ts";

const x86 = (await loadIsa("x86-64")).registers;
const aarch64 = (await loadIsa("aarch64")).registers;

function emulated(more: Partial<Emulated["after"]> = {}): Emulated {
  return {
    kind: "emulated",
    form: "LDR",
    calls: [{ write: false, gpa: 0xa00n, size: 8, value: 0xffn }],
    after: { pc: 0x1004n, registers: [], memory: [], ...more },
    records: [{ hypercall: "x" }],
  };
}

describe("a line of replay output", () => {
  test("has the contract's keys in the contract's order", () => {
    const outcome = emulated({ registers: [{ register: 1, value: 0xffn, width: 64 }], memory: [{ address: 0x2000n, bytes: Uint8Array.of(0, 0xab) }] });
    expect(outcomeLine(3, 0x1000n, outcome, aarch64)).toBe(
      '{"index":3,"pc":"0x1000","status":"emulated","form":"LDR","calls":[{"write":false,"gpa":"0xa00","size":8,"value":"0xff"}],' +
        '"after":{"pc":"0x1004","regs":{"x1":"0xff"},"memory":[{"address":"0x2000","bytes":"00ab"}]},"records":[{"hypercall":"x"}]}\n',
    );
  });

  test("of a refusal says why, and nothing that was not committed", () => {
    const refused = { kind: "refused", refusal: new Refusal("atomic", "detail", "advice"), message: "message" } as const;
    expect(outcomeLine(0, 0xffff_ffff_ffff_fff0n, refused, aarch64)).toBe('{"index":0,"pc":"0xfffffffffffffff0","status":"refused","reason":"atomic","message":"message"}\n');
  });

  test("a handler's record that is no JSON is its handler's mistake", () => {
    expect(() => outcomeLine(0, 0n, { ...emulated(), records: [{ value: 1n }] }, aarch64)).toThrow('give integers as strings "0x…"');
  });

  test.each([
    [128, "xmm3", 32],
    [256, "ymm3", 64],
    [512, "zmm3", 128],
  ])("a vector register of %i bits is called %s and shows all its digits", (width, name, digits) => {
    const { register } = x86.find("zmm3")!;
    const { regs } = (JSON.parse(outcomeLine(0, 0n, emulated({ registers: [{ register, value: 0x5n, width }] }), x86)) as { after: { regs: object } }).after;
    expect(regs).toEqual({ [name]: `0x${"5".padStart(digits, "0")}` });
  });
});
