import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateAddress } from "../../src/emulate/address.ts";
import { Transaction } from "../../src/emulate/transaction.ts";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import { ARM_REGISTERS } from "../../src/isa/arm/registers.ts";
import { FS_BASE, RAX, RBX, RDI, X86_64_REGISTERS } from "../../src/isa/x86-64/registers.ts";
import type { Address, Index } from "../../src/model/operation.ts";
import type { Refusal } from "../../src/model/refusal.ts";
import { PROGRAM_COUNTER, type RegisterSet, ZERO_REGISTER } from "../../src/model/registers.ts";
import { faultOf } from "../support/fault.ts";

const PC = 0x1002n;

function evaluate(set: RegisterSet, registers: Record<string, bigint>, address: Address): bigint | Refusal {
  return evaluateAddress(address, new Transaction(faultOf({ registers: set }, { bytes: "", registers }).registers, PC), set);
}

const x86 = (registers: Record<string, bigint>, address: Partial<Address>): bigint | Refusal =>
  evaluate(X86_64_REGISTERS, registers, { displacement: 0n, width: 64, ...address });

const number = (digits: string): bigint => BigInt(`0b${digits}`);

const word = fc.bigInt(0n, 0xffff_ffffn);
const doubleword = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);

describe("base, index and displacement", () => {
  it("add up modulo 2^64, or 2^32 at that address size, whatever lies above", () => {
    fc.assert(
      fc.property(doubleword, doubleword, fc.constantFrom(0, 1, 2, 3), fc.bigInt(-0x8000_0000n, 0x7fff_ffffn), (base, index, scale, displacement) => {
        const sum = base + index * 2n ** BigInt(scale) + displacement;
        const part = (width: 32 | 64): Index => ({ slice: { register: RAX, bit: 0, width }, signed: false, shift: { kind: "lsl", amount: scale } });
        const registers = { rbx: base, rax: index };
        expect(x86(registers, { base: RBX, index: part(64), displacement })).toBe(BigInt.asUintN(64, sum));
        expect(x86(registers, { base: RBX, index: part(32), displacement, width: 32 })).toBe(BigInt.asUintN(32, sum));
      }),
    );
  });

  it("need no register that is not there", () => {
    expect(x86({}, { displacement: -16n })).toBe(0xffff_ffff_ffff_fff0n);
    expect(x86({}, { base: PROGRAM_COUNTER, displacement: 7n })).toBe(PC + 7n);
    expect(x86({}, { base: ZERO_REGISTER, displacement: 7n })).toBe(7n);
  });

  it("refuse one that was not captured, by name", () => {
    const index: Index = { slice: { register: RAX, bit: 0, width: 64 }, signed: false, shift: { kind: "lsl", amount: 0 } };
    expect(x86({}, { base: RBX })).toMatchObject({ reason: "missing-register", detail: expect.stringContaining("rbx") });
    expect(x86({ rbx: 0n }, { base: RBX, index })).toMatchObject({ detail: expect.stringContaining("rax") });
    expect(x86({ rbx: 0n }, { base: RBX, segment: FS_BASE })).toMatchObject({ detail: expect.stringContaining("fs_base") });
    expect(x86({ rdi: 0n }, { base: RDI, directional: true })).toMatchObject({ detail: expect.stringContaining("rflags") });
  });

  it("get the segment base after they were cut to the address size", () => {
    const registers = { rbx: 0xffff_ffffn, fs_base: 0xffff_ffff_ffff_0000n };
    expect(x86(registers, { base: RBX, displacement: 2n, width: 32, segment: FS_BASE })).toBe(0xffff_ffff_ffff_0001n);
    expect(x86({ rbx: 0x2_0000n, fs_base: 0xffff_ffff_ffff_0000n }, { base: RBX, segment: FS_BASE })).toBe(0x1_0000n);
  });

  it("go the other way while DF is set", () => {
    expect(x86({ rdi: 0n, rflags: 0x402n }, { base: RDI, displacement: 8n, directional: true })).toBe(0xffff_ffff_ffff_fff8n);
    expect(x86({ rdi: 0n, rflags: 0xffff_fbffn }, { base: RDI, displacement: 8n, directional: true })).toBe(8n);
  });
});

const arm = (registers: Record<string, bigint>, address: Partial<Address>): bigint | Refusal =>
  evaluate(ARM_REGISTERS, registers, { displacement: 0n, width: 32, ...address });

describe("Arm's bases", () => {
  it("round the T32 program counter down after adding 4", () => {
    expect(arm({}, { base: PROGRAM_COUNTER, baseOffset: 4, baseAlignment: 4, displacement: -4n })).toBe(0x1000n);
    expect(arm({}, { base: PROGRAM_COUNTER, baseOffset: 8 })).toBe(0x100an);
  });

  it("refuse a stack pointer that the processor would have refused", () => {
    const sp = AARCH64_REGISTERS.index("sp");
    const base: Address = { base: sp, baseMultiple: 16, displacement: 8n, width: 64 };
    expect(evaluate(AARCH64_REGISTERS, { sp: 0x1000n }, base)).toBe(0x1008n);
    expect(evaluate(AARCH64_REGISTERS, { sp: 0x1008n }, base)).toMatchObject({ reason: "address-mismatch", detail: expect.stringContaining("SP is 0x1008") });
  });
});

const armIndex = (registers: Record<string, bigint>, kind: Index["shift"]["kind"], amount: number, more: Partial<Index> = {}): bigint | Refusal =>
  evaluate(
    ARM_REGISTERS,
    { r1: 0n, ...registers },
    { base: 1, displacement: 0n, width: 32, index: { slice: { register: 0, bit: 0, width: 32 }, signed: false, shift: { kind, amount }, ...more } },
  );

/** [x1, w0, extended, shifted by 3]. */
const extendedIndex = (signed: boolean): Address => ({
  base: 1,
  displacement: 0n,
  width: 64,
  index: { slice: { register: 0, bit: 0, width: 32 }, signed, shift: { kind: "lsl", amount: 3 } },
});

describe("indices", () => {
  it("are shifted as A32 has it (DDI 0487 F2.5, Shift_C)", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 1, max: 31 }), fc.boolean(), (value, amount, carry) => {
        const text = value.toString(2).padStart(32, "0");
        const registers = { r0: value, cpsr: carry ? 0x2000_0000n : 0xdfff_ffffn };
        expect(armIndex(registers, "lsl", amount)).toBe(number(text.slice(amount) + "0".repeat(amount)));
        expect(armIndex(registers, "lsr", amount)).toBe(number(text.slice(0, 32 - amount).padStart(32, "0")));
        expect(armIndex(registers, "asr", amount)).toBe(number(text.slice(0, 32 - amount).padStart(32, text[0])));
        expect(armIndex(registers, "ror", amount)).toBe(number(text.slice(32 - amount) + text.slice(0, 32 - amount)));
        expect(armIndex(registers, "rrx", 1)).toBe(number((carry ? "1" : "0") + text.slice(0, 31)));
        expect(armIndex(registers, "lsl", 0)).toBe(value);
      }),
    );
  });

  it("of 32 bits are shifted out by LSR #32 and ASR #32", () => {
    expect(armIndex({ r0: 0xffff_ffffn }, "lsr", 32)).toBe(0n);
    expect(armIndex({ r0: 0x8000_0000n }, "asr", 32)).toBe(0xffff_ffffn);
    expect(armIndex({ r0: 0x7fff_ffffn }, "asr", 32)).toBe(0n);
  });

  it("are subtracted where the instruction says so", () => {
    expect(armIndex({ r0: 3n, r1: 8n }, "lsl", 2, { negative: true })).toBe(0xffff_fffcn);
  });

  it("need the carry for RRX only", () => {
    expect(armIndex({ r0: 1n }, "rrx", 1)).toMatchObject({ reason: "missing-register", detail: expect.stringContaining("cpsr") });
    expect(armIndex({ r0: 1n }, "lsr", 1)).toBe(0n);
  });

  it("of AArch64 extend a W register, then shift", () => {
    const registers = { x0: 0xdead_beef_ffff_ffffn, x1: 0x1000n };
    expect(evaluate(AARCH64_REGISTERS, registers, extendedIndex(true))).toBe(0xff8n);
    expect(evaluate(AARCH64_REGISTERS, registers, extendedIndex(false))).toBe(0x8_0000_0ff8n);
  });
});

describe("bit strings of BT", () => {
  it.each([16, 32, 64] as const)("reach the operand of %i bits that holds the bit, before or behind the base", (width) => {
    fc.assert(
      fc.property(doubleword, (value) => {
        const offset = BigInt.asIntN(width, value);
        const bitString: Index = { slice: { register: RAX, bit: 0, width }, signed: true, shift: { kind: "asr", amount: 3 }, granule: width / 8 };
        const base = 0x8000_0000_0000_0000n;
        const address = x86({ rax: value, rbx: base }, { base: RBX, bitString });
        // SDM volume 2A, BT: EA + (bytes of the operand) × (offset DIV bits of the operand), rounded towards minus infinity.
        const operand = (offset - (((offset % BigInt(width)) + BigInt(width)) % BigInt(width))) / BigInt(width);
        expect(address).toBe(base + operand * BigInt(width / 8));
      }),
    );
  });

  it("of 64 bits are shifted before they are cut to an address of 32", () => {
    const bitString: Index = { slice: { register: RAX, bit: 0, width: 64 }, signed: true, shift: { kind: "asr", amount: 3 }, granule: 8 };
    expect(x86({ rax: 0x1_0000_0040n, rbx: 0x100n }, { base: RBX, bitString, width: 32 })).toBe(0x2000_0108n);
  });
});
