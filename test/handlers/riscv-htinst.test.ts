// RISC-V Privileged Architecture, "H" extension: transformed standard load and store instructions, htval and stval.
import { describe, expect, test } from "vitest";
import riscvHtinst, { type GuestPageFault } from "../../handlers/riscv-htinst.ts";
import type { Access } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, RecordingDevice, refusalOf } from "./contract.ts";

function handle(change: Partial<Access>, answer = 0n) {
  const calls: GuestPageFault[] = [];
  const host = {
    call: (call: GuestPageFault) => {
      calls.push(call);
      return { a0: answer };
    },
  };
  return { ...done(riscvHtinst.handle(accessOf(change), host, CONTEXT)), call: calls[0]! };
}

const signed = { ...accessOf({}).target, signExtend: true };
const vector = { ...accessOf({}).target, register: undefined };

describe("htinst", () => {
  // Encodings as `llvm-mc --triple=riscv64` gives them for the instruction with base x0 and offset 0.
  test.each([
    ["lb a0, 0(zero)", 0x0000_0503n, { size: 1, target: signed }],
    ["lh a0, 0(zero)", 0x0000_1503n, { size: 2, target: signed }],
    ["lw a0, 0(zero)", 0x0000_2503n, { size: 4, target: signed }],
    ["ld a0, 0(zero)", 0x0000_3503n, { size: 8 }],
    ["lbu a0, 0(zero)", 0x0000_4503n, { size: 1 }],
    ["lhu a0, 0(zero)", 0x0000_5503n, { size: 2 }],
    ["lwu a0, 0(zero)", 0x0000_6503n, { size: 4 }],
    ["sb a0, 0(zero)", 0x00a0_0023n, { size: 1, write: true }],
    ["sh a0, 0(zero)", 0x00a0_1023n, { size: 2, write: true }],
    ["sw a0, 0(zero)", 0x00a0_2023n, { size: 4, write: true }],
    ["sd a0, 0(zero)", 0x00a0_3023n, { size: 8, write: true }],
    ["lwu a0, 0(zero)", 0x0000_6503n, { size: 4, target: vector }],
    ["sd a0, 0(zero)", 0x00a0_3023n, { size: 8, write: true, target: vector }],
  ] as const)("is %s (%s)", (_, word, change) => {
    expect(handle(change).call.htinst).toBe(word);
    // A 16-bit original: bit 1 is 0.
    expect(handle({ ...change, instructionLength: 2 }).call.htinst).toBe(word - 2n);
  });

  test("is never zero and never a pseudoinstruction (bit 0 is 1)", () => {
    for (const size of [1, 2, 4, 8] as const) expect(handle({ size }).call.htinst & 1n).toBe(1n);
  });
});

test("htval is the guest physical address shifted right by 2, stval's low bits are its own", () => {
  const { call, record } = handle({ gpa: 0xa03_0127n, gva: 0xffff_ffc0_4003_0127n, size: 1 });
  expect(call).toMatchObject({ scause: 21n, htval: 0x280_c049n, stval: 3n, a0: 0n });
  expect((call.htval << 2n) | call.stval).toBe(0xa03_0127n);
  expect(record).toEqual({
    scause: "0x15",
    htinst: "0x4503",
    htval: "0x280c049",
    stval: "0xffffffc040030127",
    value: "0x0",
    host: { stval: "0x3", a0: "0x0" },
  });
});

test("a write is a store guest-page fault with the value in a0", () => {
  expect(handle({ write: true, size: 2, value: 0xbeefn }).call).toMatchObject({ scause: 23n, a0: 0xbeefn });
});

test("a read takes its bytes of a0", () => {
  expect(handle({ size: 1 }, 0xffff_ffff_ffff_ff80n).value).toBe(0x80n);
});

test("refuses addresses that differ in bits 1:0: htval has no room for them", () => {
  const result = riscvHtinst.handle(accessOf({ gpa: 0x1001n, gva: 0x2002n, size: 1 }), riscvHtinst.host(new RecordingDevice()), CONTEXT);
  expect(refusalOf(result).reason).toBe("address-mismatch");
});
