import { describe, expect, it } from "vitest";
import { conditionHolds, finish, itState } from "../../src/emulate/flow.ts";
import { Transaction } from "../../src/emulate/transaction.ts";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import { ARM_REGISTERS } from "../../src/isa/arm/registers.ts";
import { RISCV64_REGISTERS } from "../../src/isa/riscv64/registers.ts";
import { X86_64_REGISTERS } from "../../src/isa/x86-64/registers.ts";
import type { InstructionSet } from "../../src/model/architecture.ts";
import type { Condition } from "../../src/model/operation.ts";
import type { Refusal } from "../../src/model/refusal.ts";
import { PROGRAM_COUNTER, type RegisterSet } from "../../src/model/registers.ts";
import { faultOf } from "../support/fault.ts";
import { into } from "../support/operation.ts";

const begin = (set: RegisterSet, registers: Record<string, bigint>): Transaction =>
  new Transaction(faultOf({ registers: set }, { bytes: "", registers }).registers, 0x1000n);

const holds = (condition: Condition | undefined, cpsr?: bigint): boolean | Refusal =>
  conditionHolds(condition, begin(ARM_REGISTERS, cpsr === undefined ? {} : { cpsr }), ARM_REGISTERS);

/** CPSR with ITSTATE: bits 7:2 in 15:10, bits 1:0 in 26:25. */
const withIt = (state: number): bigint => (BigInt(state >> 2) << 10n) | (BigInt(state & 3) << 25n);

/** The PC, and CPSR or PSTATE, after an instruction at `pc` that branched to `branch` or did not. */
function finished(instructionSet: InstructionSet, set: RegisterSet, registers: Record<string, bigint>, length: number, branch?: bigint, pc = 0x1000n): { pc: bigint | Refusal; status: bigint | undefined } {
  const transaction = begin(set, registers);
  if (branch !== undefined) transaction.write(into(PROGRAM_COUNTER, 64), branch);
  const after = finish(instructionSet, pc, length, transaction, set);
  return { pc: after, status: transaction.changes().find(({ register }) => set.describe(register).file === "system")?.value };
}

describe("conditions of A32 and T32", () => {
  // DDI 0487 F1.3.1: each as an expression of N, Z, C and V.
  const conditions: readonly ((n: boolean, z: boolean, c: boolean, v: boolean) => boolean)[] = [
    (_n, z) => z,
    (_n, z) => !z,
    (_n, _z, c) => c,
    (_n, _z, c) => !c,
    (n) => n,
    (n) => !n,
    (_n, _z, _c, v) => v,
    (_n, _z, _c, v) => !v,
    (_n, z, c) => c && !z,
    (_n, z, c) => !c || z,
    (n, _z, _c, v) => n === v,
    (n, _z, _c, v) => n !== v,
    (n, z, _c, v) => !z && n === v,
    (n, z, _c, v) => z || n !== v,
    () => true,
  ];

  it.each(conditions.map((_, field) => field))("field %i, for every NZCV", (field) => {
    for (let flags = 0; flags < 16; flags++) {
      const bit = (position: number): boolean => ((flags >> position) & 1) === 1;
      const expected = conditions[field]!(bit(3), bit(2), bit(1), bit(0));
      const cpsr = BigInt(flags) << 28n;
      expect({ flags, holds: holds(field, cpsr) }).toEqual({ flags, holds: expected });
      // The same condition by ITSTATE, whose mask is not 0 within a block.
      expect({ flags, holds: holds("it-state", cpsr | withIt((field << 4) | 8)) }).toEqual({ flags, holds: expected });
    }
  });

  it("outside an IT block always hold", () => {
    expect(holds("it-state", withIt(0))).toBe(true);
    expect(holds("outside-it-block", withIt(0))).toBe(true);
    expect(holds("outside-it-block", withIt(0x08))).toMatchObject({ reason: "unpredictable" });
  });

  it("need CPSR unless they always hold", () => {
    expect(holds(undefined)).toBe(true);
    expect(holds(14)).toBe(true);
    expect(holds(0)).toMatchObject({ reason: "missing-register" });
    expect(holds("it-state")).toMatchObject({ reason: "missing-register" });
  });

  it("ITSTATE lies in two places", () => {
    for (let state = 0; state < 256; state++) expect(itState(withIt(state))).toBe(state);
    expect(itState(~((0x3fn << 10n) | (3n << 25n)) & 0xffff_ffffn)).toBe(0);
  });
});

describe("the program counter", () => {
  it.each([
    ["x86-64", X86_64_REGISTERS],
    ["rv64", RISCV64_REGISTERS],
    ["a64", AARCH64_REGISTERS],
  ] as const)("of %s advances modulo 2^64", (instructionSet, set) => {
    expect(finished(instructionSet, set, {}, 3).pc).toBe(0x1003n);
    expect(finished(instructionSet, set, {}, 4, undefined, 0xffff_ffff_ffff_fffcn).pc).toBe(0n);
  });

  it("of A32 advances modulo 2^32, with or without CPSR; of T32 only with it", () => {
    expect(finished("a32", ARM_REGISTERS, {}, 4).pc).toBe(0x1004n);
    expect(finished("a32", ARM_REGISTERS, { cpsr: 0x1fn }, 4, undefined, 0xffff_fffcn)).toEqual({ pc: 0n, status: undefined });
    expect(finished("t32", ARM_REGISTERS, {}, 2).pc).toMatchObject({ reason: "missing-register" });
  });

  it("of x86-64 clears RF, unless a REP stopped short", () => {
    expect(finished("x86-64", X86_64_REGISTERS, { rflags: 0x1_0246n }, 3)).toEqual({ pc: 0x1003n, status: 0x246n });
    expect(finished("x86-64", X86_64_REGISTERS, { rflags: 0x1_0246n }, 0)).toEqual({ pc: 0x1000n, status: undefined });
    expect(finished("x86-64", X86_64_REGISTERS, { rflags: 0xfffe_ffffn }, 3).status).toBeUndefined();
  });

  it("of x86-64 is loaded by an indirect jump", () => {
    expect(finished("x86-64", X86_64_REGISTERS, {}, 3, 0xffff_8000_0000_1234n).pc).toBe(0xffff_8000_0000_1234n);
  });

  it.each([0x0000_8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 0xdead_0000_0000_0000n])("of x86-64 is not loaded with %i, which is not canonical", (target) => {
    expect(finished("x86-64", X86_64_REGISTERS, {}, 3, target).pc).toMatchObject({ reason: "unsupported-instruction", detail: expect.stringContaining("#GP(0)") });
  });

  it("of A64 clears BTYPE and the software step bit, and no more", () => {
    expect(finished("a64", AARCH64_REGISTERS, { pstate: 0xf020_0fc5n }, 4)).toEqual({ pc: 0x1004n, status: 0xf000_03c5n });
    expect(finished("a64", AARCH64_REGISTERS, { pstate: 0x6000_03c5n }, 4).status).toBeUndefined();
  });

  it("is loaded with the instruction set in its low bit", () => {
    expect(finished("a32", ARM_REGISTERS, { cpsr: 0x1fn }, 4, 0x2001n)).toEqual({ pc: 0x2000n, status: 0x3fn });
    expect(finished("a32", ARM_REGISTERS, { cpsr: 0x1fn }, 4, 0x2004n)).toEqual({ pc: 0x2004n, status: undefined });
    expect(finished("t32", ARM_REGISTERS, { cpsr: 0x3fn }, 2, 0x2004n)).toEqual({ pc: 0x2004n, status: 0x1fn });
    expect(finished("a32", ARM_REGISTERS, {}, 4, 0x2004n).pc).toMatchObject({ reason: "missing-register" });
  });

  it("is not loaded in the middle of an IT block", () => {
    const middle = finished("t32", ARM_REGISTERS, { cpsr: 0x3fn | withIt(0xe4) }, 2, 0x2001n);
    expect(middle.pc).toMatchObject({ reason: "unpredictable" });
    const last = finished("t32", ARM_REGISTERS, { cpsr: 0x3fn | withIt(0xe8) }, 2, 0x2001n);
    expect(last).toEqual({ pc: 0x2000n, status: 0x3fn });
  });
});

describe("ITSTATE", () => {
  it("walks through a block as ITAdvance() has it, and ends with 0", () => {
    // ITTEE EQ: firstcond 0000, mask 0111 (DDI 0487 F5.1.56): EQ, EQ, NE, NE.
    const states: number[] = [];
    let cpsr = 0x3fn | withIt(0x07);
    for (let count = 0; count < 4; count++) {
      states.push(itState(cpsr));
      cpsr = finished("t32", ARM_REGISTERS, { cpsr }, 2).status!;
    }
    expect(states.map((state) => state >> 4)).toEqual([0, 0, 1, 1]);
    expect(cpsr).toBe(0x3fn);
  });

  it("is left alone by A32", () => {
    expect(finished("a32", ARM_REGISTERS, { cpsr: 0x1fn | withIt(0x08) }, 4).status).toBeUndefined();
  });
});
