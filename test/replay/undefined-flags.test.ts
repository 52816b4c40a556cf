import { describe, expect, test } from "vitest";
import type { Compute, FlagsOperator, Operation } from "../../src/model/operation.ts";
import { RegisterFile, RegisterSet } from "../../src/model/registers.ts";
import { undefinedFlags } from "../../src/replay/undefined-flags.ts";

const FLAGS = { CF: 0x1n, PF: 0x4n, AF: 0x10n, ZF: 0x40n, SF: 0x80n, OF: 0x800n } as const;
const RCX = 0;

function names(operator: FlagsOperator, more: Partial<Compute> = {}, cl = 0n): string {
  const set = new RegisterSet("x86-64", [{ name: "rcx", width: 64, file: "general", number: 1 }]);
  const registers = new RegisterFile(set);
  registers.capture(RCX, cl);
  const compute: Compute = { operator, width: 32, inputs: [{ kind: "temporary", index: 0 }], to: [], ...more };
  const operation: Operation = { addresses: [], reads: [], computes: [compute], writes: [], updates: [] };
  const flags = undefinedFlags(operation, { pc: 0n, bytes: new Uint8Array(0), registers, mode: "kernel", memory: [], reads: [] });
  return Object.entries(FLAGS).filter(([, bit]) => (flags & bit) !== 0n).map(([name]) => name).join(" ");
}

const by = (value: bigint): Partial<Compute> => ({ inputs: [{ kind: "temporary", index: 0 }, { kind: "immediate", value }] });
const byCl: Partial<Compute> = { inputs: [{ kind: "temporary", index: 0 }, { kind: "register", register: RCX, bit: 0, width: 8 }] };

describe("flags that the SDM leaves undefined", () => {
  test.each([
    ["x86-add", ""],
    ["x86-inc", ""],
    ["x86-and", "AF"],
    ["x86-xor", "AF"],
    ["x86-mul", "PF AF ZF SF"],
    ["x86-idiv", "CF PF AF ZF SF OF"],
    ["x86-shld", "AF OF"],
    ["x86-bt", "PF AF SF OF"],
    ["x86-bsr", "CF PF AF SF OF"],
    ["x86-tzcnt", "PF AF SF OF"],
    ["x86-popcnt", ""],
    ["x86-andn", "PF AF"],
    ["x86-bextr", "PF AF SF"],
    ["x86-bzhi", "PF AF"],
  ] as const)("%s: %s", (operator, flags) => expect(names(operator)).toBe(flags));

  test("OF of a shift or rotate is defined for a count of 1 only", () => {
    expect(names("x86-sar", by(1n))).toBe("AF");
    expect(names("x86-rol", by(3n))).toBe("AF OF");
    expect(names("x86-ror", by(33n))).toBe("AF");
    expect(names("x86-ror", { ...by(33n), width: 64 })).toBe("AF OF");
  });

  test("CF of SHL and SHR is undefined from the operand's width on", () => {
    expect(names("x86-shl", by(31n))).toBe("AF OF");
    expect(names("x86-shl", { ...by(8n), width: 8 })).toBe("CF AF OF");
    expect(names("x86-shr", { ...by(1n), width: 8 })).toBe("AF");
  });

  test("a count in CL is taken from the registers", () => {
    expect(names("x86-shl", byCl, 1n)).toBe("AF");
    expect(names("x86-shl", byCl, 2n)).toBe("AF OF");
  });

  test("an instruction that keeps the flags leaves none undefined", () => expect(names("x86-and", { flags: "keep" })).toBe(""));
});
