import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Transaction } from "../../src/emulate/transaction.ts";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import { RAX, RBX, X86_64_REGISTERS, ZMM0 } from "../../src/isa/x86-64/registers.ts";
import type { Destination } from "../../src/model/operation.ts";
import { PROGRAM_COUNTER, type RegisterSet, ZERO_REGISTER } from "../../src/model/registers.ts";
import { faultOf } from "../support/fault.ts";
import { into, slice, temporary } from "../support/operation.ts";

const begin = (registers: Record<string, bigint>, set: RegisterSet = X86_64_REGISTERS): Transaction =>
  new Transaction(faultOf({ registers: set }, { bytes: "", registers }).registers, 0x1000n);

/** What would be committed, by name. */
const changes = (transaction: Transaction, set: RegisterSet = X86_64_REGISTERS): Record<string, bigint> =>
  Object.fromEntries(transaction.changes().map(({ register, value, width }) => [set.name(register, width), value]));

const bitOf = (number: bigint, position: number): string => (((number >> BigInt(position)) & 1n) === 1n ? "1" : "0");

describe("reads", () => {
  it("see the registers as they were before, until the next iteration", () => {
    const transaction = begin({ rax: 1n });
    expect(transaction.write(into(RAX, 64), 2n)).toBeUndefined();
    expect(transaction.slice({ register: RAX, bit: 0, width: 64 })).toBe(1n);
    expect(transaction.current(RAX)).toBe(2n);
    transaction.advance();
    expect(transaction.slice({ register: RAX, bit: 0, width: 64 })).toBe(2n);
    transaction.write(into(RAX, 64), 3n);
    expect(transaction.slice({ register: RAX, bit: 0, width: 64 })).toBe(2n);
  });

  it("take slices, zero from the zero register, and the PC", () => {
    const transaction = begin({ rax: 0x1234_5678n });
    expect(transaction.slice({ register: RAX, bit: 8, width: 8 })).toBe(0x56n);
    expect(transaction.slice({ register: ZERO_REGISTER, bit: 0, width: 64 })).toBe(0n);
    expect(transaction.slice({ register: PROGRAM_COUNTER, bit: 0, width: 64 })).toBe(0x1000n);
  });

  it("of what was not captured are refused, with the name that would hold it", () => {
    const transaction = begin({ xmm0: 5n });
    expect(transaction.slice({ register: ZMM0, bit: 64, width: 64 })).toBe(0n);
    expect(transaction.slice({ register: ZMM0, bit: 128, width: 64 })).toMatchObject({
      reason: "missing-register",
      detail: expect.stringContaining("of register ymm0 only the low 128 bits"),
    });
    expect(transaction.slice({ register: RBX, bit: 0, width: 8 })).toMatchObject({ detail: expect.stringContaining("register rbx is not in the trace") });
  });
});

describe("writes", () => {
  it("fill, extend, clear and keep bits as the destination says", () => {
    const destination = fc
      .record({ bit: fc.integer({ min: 0, max: 56 }), width: fc.integer({ min: 1, max: 8 }), extend: fc.nat(64), clear: fc.nat(64) })
      .map(({ bit, width, extend, clear }) => ({ bit, width, extendTo: Math.max(bit + width, extend), clearTo: Math.max(bit + width, extend, clear) }));
    const word = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
    fc.assert(
      fc.property(destination, fc.constantFrom("zero", "sign", "ones"), word, word, ({ bit, width, extendTo, clearTo }, extension, before, value) => {
        const transaction = begin({ rax: before });
        const to: Destination = { register: RAX, bit, width, extension, extendTo, clearTo };
        expect(transaction.write(to, value)).toBeUndefined();
        const filler = extension === "zero" ? "0" : extension === "ones" ? "1" : bitOf(value, width - 1);
        const expected = Array.from({ length: 64 }, (_, position) => {
          if (position < bit || position >= clearTo) return bitOf(before, position);
          if (position < bit + width) return bitOf(value, position - bit);
          return position < extendTo ? filler : "0";
        });
        expect(transaction.current(RAX)).toBe(BigInt(`0b${expected.toReversed().join("")}`));
      }),
    );
  });

  it("to a part need the rest, to the whole need nothing", () => {
    expect(begin({}).write(into(RAX, 32), 5n)).toBeUndefined();
    expect(begin({}).write(slice(RAX, 8), 5n)).toMatchObject({ reason: "missing-register", detail: expect.stringContaining("rax") });
    expect(begin({}).write(slice(RAX, 8, 8), 5n)).toMatchObject({ reason: "missing-register" });
  });

  it("join, one after the other", () => {
    const transaction = begin({ rax: 0n });
    transaction.write(slice(RAX, 8), 0x11n);
    transaction.write(slice(RAX, 8, 8), 0x22n);
    expect(changes(transaction)).toEqual({ rax: 0x2211n });
  });

  it("to the zero register are lost, to the PC branch", () => {
    const transaction = begin({});
    transaction.write(into(ZERO_REGISTER, 64), 5n);
    expect(transaction.branch).toBeUndefined();
    transaction.write(into(PROGRAM_COUNTER, 32), 0x1_0000_2000n);
    expect(transaction.branch).toBe(0x2000n);
    expect(transaction.changes()).toEqual([]);
  });

  it("of vectors keep the width that was captured", () => {
    const legacy = (registers: Record<string, bigint>): Record<string, bigint> => {
      const transaction = begin(registers);
      expect(transaction.write(slice(ZMM0, 64), 7n)).toBeUndefined();
      return changes(transaction);
    };
    expect(legacy({ xmm0: 1n << 64n })).toEqual({ xmm0: (1n << 64n) | 7n });
    expect(legacy({ ymm0: 1n << 200n })).toEqual({ ymm0: (1n << 200n) | 7n });
    const vex = begin({ ymm0: 1n << 200n });
    vex.write({ register: ZMM0, bit: 0, width: 64, extension: "zero", extendTo: 128, clearTo: 512 }, 7n);
    expect(changes(vex)).toEqual({ ymm0: 7n });
  });

  it("of a whole vector that was not captured need nothing", () => {
    const transaction = begin({}, AARCH64_REGISTERS);
    const v3 = AARCH64_REGISTERS.index("v3");
    expect(transaction.write({ register: v3, bit: 0, width: 64, extension: "zero", extendTo: 128, clearTo: 128 }, 7n)).toBeUndefined();
    expect(transaction.write(slice(v3, 64, 64), 9n)).toBeUndefined();
    expect(changes(transaction, AARCH64_REGISTERS)).toEqual({ v3: (9n << 64n) | 7n });
  });
});

describe("changes", () => {
  it("are those that differ, ascending", () => {
    const transaction = begin({ rbx: 1n, rax: 2n, rcx: 3n });
    transaction.write(into(RBX, 64), 9n);
    transaction.write(into(RAX, 64), 8n);
    transaction.write(into(1, 64), 3n);
    expect(transaction.changes().map(({ register }) => register)).toEqual([RAX, RBX]);
  });

  it("hold a register that was not captured, even if it becomes 0", () => {
    const transaction = begin({});
    transaction.write(into(RAX, 64), 0n);
    expect(changes(transaction)).toEqual({ rax: 0n });
  });
});

describe("temporaries", () => {
  it("that nothing filled are a mistake of the decoder's", () => {
    expect(() => begin({}).source(temporary(0))).toThrow("temporary 0 before it fills it");
  });

  it("are put together from pieces and cut at a bit", () => {
    const transaction = begin({});
    transaction.fillTemporary(2, 0, 64, 0xaaaan);
    transaction.fillTemporary(2, 64, 64, 0xbbbbn);
    expect(transaction.source(temporary(2))).toBe((0xbbbbn << 64n) | 0xaaaan);
    expect(transaction.source(temporary(2, 64))).toBe(0xbbbbn);
    transaction.fillTemporary(3, 64, 64, 0xbbbbn);
    expect(transaction.source(temporary(3))).toBe(0xbbbbn << 64n);
    transaction.fillTemporary(2, 4, 8, 0x1cdn);
    expect(transaction.source(temporary(2))).toBe((0xbbbbn << 64n) | 0xacdan);
  });
});
