// htinst in place of instruction bytes: cases from the privileged manual, and the same answer as the instruction itself.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RISCV64 } from "../../../src/isa/riscv64/index.ts";
import { decodeTransformed } from "../../../src/isa/riscv64/transformed.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf, DEVICE, execute, type Scene } from "./machine.ts";

function reason(value: bigint): string {
  const instruction = decodeTransformed(value, DEVICE);
  return instruction instanceof Refusal ? instruction.reason : instruction.form;
}

function decoded(value: bigint, at = DEVICE): Instruction {
  const instruction = decodeTransformed(value, at);
  if (instruction instanceof Refusal) throw new Error(`${instruction.reason}: ${instruction.detail}`);
  return instruction;
}

describe("values of htinst", () => {
  test.for([
    ["zero says nothing: fetch the instruction", 0n, "truncated-instruction"],
    ["the read of a page table entry, 8 bytes", 0x3000n, "not-a-data-abort"],
    ["the write of a page table entry, 8 bytes", 0x3020n, "not-a-data-abort"],
    ["the read of a page table entry, 4 bytes", 0x2000n, "not-a-data-abort"],
    ["the write of a page table entry, 4 bytes", 0x2020n, "not-a-data-abort"],
    ["bits 1:0 = 10 is no value of htinst", 0x2502n, "undefined-instruction"],
    ["bits 1:0 = 00 is no other value", 0x2504n, "undefined-instruction"],
    ["more than 32 bits", 0x1_0000_2503n, "undefined-instruction"],
    ["a custom instruction", 0x000bn, "undefined-instruction"],
    ["an immediate that is not zero", 0x0040_2503n, "undefined-instruction"],
    ["16 bits, and no compressed form exists: LB", 0x0501n, "undefined-instruction"],
    ["16 bits, and no compressed form exists: AMOADD.W", 0x00b0_252dn, "undefined-instruction"],
    ["lw x10", 0x2503n, "LW"],
    ["c.lw x10", 0x2501n, "LW"],
    ["c.lbu x10", 0x4501n, "LBU"],
    ["c.fsd f8", 0x0080_3025n, "FSD"],
    ["amoadd.w x10, x11", 0x00b0_252fn, "AMOADD.W"],
    ["hlv.w", 0x6800_4573n, "HLV.W"],
  ] as const)("%s", ([, value, expected]) => expect(reason(value)).toBe(expected));

  test("without stval a walk is told all the same, and an access refused", () => {
    expect(decodeTransformed(0x3000n, undefined)).toMatchObject({ reason: "not-a-data-abort" });
    expect(decodeTransformed(0x2503n, undefined)).toMatchObject({ reason: "truncated-instruction", advice: expect.stringContaining("stval") });
  });

  test("bit 1 tells the length of the instruction that trapped", () => {
    expect([decoded(0x2503n).length, decoded(0x2501n).length]).toEqual([4, 2]);
  });
});

describe("the access", () => {
  test("needs no base register, and the PC advances by the original's length", () => {
    const done = execute(decoded(0x2501n), { registers: {}, reads: [0x8000_0000n] });
    expect(done).toMatchObject({ changed: { x10: 0xffff_ffff_8000_0000n }, after: { pc: 0x1002n } });
  });

  test("starts before the faulting address where the rs1 field is not zero, and is then refused", () => {
    // A misaligned lw whose second page faulted: the Address Offset is 2.
    const instruction = decoded(0x1_2503n, DEVICE + 0x1000n);
    expect(execute(instruction, { registers: {}, gva: DEVICE + 0x1000n, reads: [0n] })).toMatchObject({ reason: "page-crossing" });
    // The same within a page: the first byte would have faulted first.
    expect(execute(decoded(0x1_2503n, DEVICE + 8n), { registers: {}, gva: DEVICE + 8n, reads: [0n] })).toMatchObject({ reason: "address-mismatch" });
  });

  test("is that of the instruction itself", () => {
    fc.assert(
      fc.property(fc.constantFrom(...INSTRUCTIONS), fc.nat(30), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), ([word, transformed, length], other, value) => {
        const original = RISCV64.decode(bytesOf(word, length), "rv64");
        if (original instanceof Refusal) throw new Error(original.detail);
        const registers = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`x${index + 1}`, BigInt(index * 0x0101 + other) ^ value]));
        for (let number = 0; number < 32; number++) registers[`f${number}`] = value + BigInt(number);
        const scene: Scene = { registers: { ...registers, x2: DEVICE, x9: DEVICE }, gva: DEVICE + OFFSET, reads: [value] };
        const fromBytes = execute(original, scene);
        // Neither base register is there: the fault's address is all that it takes.
        const others = Object.fromEntries(Object.entries(scene.registers).filter(([name]) => name !== "x2" && name !== "x9"));
        const fromTrap = execute(decoded(BigInt(transformed), DEVICE + OFFSET), { ...scene, registers: others });
        if (fromBytes instanceof Refusal || fromTrap instanceof Refusal) throw new Error("one of them was refused");
        expect(fromTrap).toEqual(fromBytes);
      }),
    );
  });
});

/** Offset in each of these instructions. */
const OFFSET = 8n;

/** Instructions with base x9 or x2 and offset 8, and what the manual makes of them: rs1 and immediate zero, bit 1 clear for 16 bits. */
const INSTRUCTIONS = [
  [0x0084a503, 0x00002503, 4], // lw x10, 8(x9)
  [0x0084e503, 0x00006503, 4], // lwu x10, 8(x9)
  [0x00a4b423, 0x00a03023, 4], // sd x10, 8(x9)
  [0x00a48423, 0x00a00023, 4], // sb x10, 8(x9)
  [0x0084a507, 0x00002507, 4], // flw f10, 8(x9)
  [0x00a49427, 0x00a01027, 4], // fsh f10, 8(x9)
  [0x4488, 0x00002501, 2], // c.lw x10, 8(x9)
  [0xe488, 0x00a03021, 2], // c.sd x10, 8(x9)
  [0x2488, 0x00003505, 2], // c.fld f10, 8(x9)
  [0x4522, 0x00002501, 2], // c.lwsp x10, 8(x2)
  [0xe42a, 0x00a03021, 2], // c.sdsp x10, 8(x2)
] as const;
