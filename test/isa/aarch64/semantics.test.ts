import { describe, expect, it } from "vitest";
import { AARCH64 } from "../../../src/isa/aarch64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { DEVICE_GVA, type FaultText, run, summary, wordHex } from "../../support/fault.ts";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const go = (word: number, text: Omit<FaultText, "bytes">, options?: Parameters<typeof run>[2]) => summary(AARCH64, run(AARCH64, { bytes: wordHex(word), ...text }, options));
const refuse = (word: number, text: Omit<FaultText, "bytes">, options?: Parameters<typeof run>[2]) => {
  const result = run(AARCH64, { bytes: wordHex(word), ...text }, options);
  if (!(result instanceof Refusal)) throw new Error("it was emulated");
  return result;
};

// "Semantics that others got wrong" of the Arm field notes, and the manual's corners around them (DDI 0487 C6.2 and C7.2).
describe("semantics that others got wrong", () => {
  it("a load to XZR still reads the device and changes no register", () => {
    expect(go(0xf940_001f, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [5n] })).toEqual({
      calls: ["read 8 at a000000: 5"],
      pc: 0x1004n,
      registers: {},
      memory: [],
    });
  });

  it("a store of WZR writes zero", () => {
    expect(go(0xb900_001f, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: true }).calls).toEqual(["write 4 at a000000: 0"]);
  });

  it("a 32-bit load clears bits 63:32", () => {
    expect(go(0xb940_0001, { registers: { x0: DEVICE_GVA, x1: ALL_ONES }, gva: DEVICE_GVA, write: false, reads: [0x8000_0000n] }).registers).toEqual({ x1: 0x8000_0000n });
  });

  it("LDRSB to W sign-extends to 32 bits and clears the rest; to X it sign-extends to 64", () => {
    const text = { registers: { x0: DEVICE_GVA, x1: 0n }, gva: DEVICE_GVA, write: false, reads: [0xfff0n] };
    expect(go(0x39c0_0001, text).registers).toEqual({ x1: 0xffff_fff0n });
    expect(go(0x3980_0001, text).registers).toEqual({ x1: 0xffff_ffff_ffff_fff0n });
  });

  it("LDRSW and LDPSW sign-extend from the access, whatever wide answer the host gives", () => {
    expect(go(0xb980_0001, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [0x1234_5678_8000_0000n] }).registers).toEqual({ x1: 0xffff_ffff_8000_0000n });
    expect(go(0x6940_0801, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [0x8000_0000n, 0x7fff_ffffn] }).registers).toEqual({
      x1: 0xffff_ffff_8000_0000n,
      x2: 0x7fff_ffffn,
    });
  });

  it("STP stores its second register at base + size", () => {
    expect(go(0xa900_0801, { registers: { x0: DEVICE_GVA, x1: 1n, x2: 2n }, gva: DEVICE_GVA, write: true }).calls).toEqual(["write 8 at a000000: 1", "write 8 at a000008: 2"]);
  });

  it("STGP scales its immediate by 16", () => {
    // stgp x1, x2, [x0, #16]: imm7 = 1
    expect(go(0x6900_8801, { registers: { x0: DEVICE_GVA, x1: 1n, x2: 2n }, gva: DEVICE_GVA + 16n, write: true }).calls).toEqual(["write 8 at a000010: 1", "write 8 at a000018: 2"]);
  });

  it("Rn = 31 is SP", () => {
    // ldr x1, [sp], #16
    expect(go(0xf841_07e1, { registers: { sp: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [3n] }).registers).toEqual({ sp: DEVICE_GVA + 16n, x1: 3n });
    // Rt = 31 with writeback of SP is ZR, so it is no overlap: ldr xzr, [sp], #16
    expect(go(0xf841_07ff, { registers: { sp: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [3n] }).registers).toEqual({ sp: DEVICE_GVA + 16n });
  });

  it("refuses an SP base that is not 16-byte aligned: the processor checks it first", () => {
    expect(refuse(0xf940_03e1, { registers: { sp: DEVICE_GVA + 8n }, gva: DEVICE_GVA + 8n, write: false, reads: [3n] })).toMatchObject({
      reason: "address-mismatch",
      detail: expect.stringContaining("SP"),
    });
  });

  it("leaves everything unchanged when the second half of a pair fails", () => {
    expect(refuse(0xa8c1_0801, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [1n] })).toMatchObject({ reason: "missing-read" });
  });

  it("clears BTYPE and SS of PSTATE, and nothing else", () => {
    expect(go(0xf940_0001, { registers: { x0: DEVICE_GVA, pstate: 0x6020_0fc5n }, gva: DEVICE_GVA, write: false, reads: [0n] }).registers).toEqual({ x1: 0n, pstate: 0x6000_03c5n });
  });

  it("extends register offsets as option says", () => {
    const gva = DEVICE_GVA + 0x10n;
    // ldr w1, [x0, w2, sxtw #2] with a negative index
    expect(go(0xb862_d801, { registers: { x0: DEVICE_GVA + 0x14n, x2: 0x1234_5678_ffff_ffffn }, gva, write: false, reads: [9n] }).calls).toEqual(["read 4 at a000010: 9"]);
    // ldr w1, [x0, w2, uxtw]: the top half of X2 does not count
    expect(go(0xb862_4801, { registers: { x0: DEVICE_GVA, x2: 0xdead_beef_0000_0010n }, gva, write: false, reads: [9n] }).calls).toEqual(["read 4 at a000010: 9"]);
    // ldr w1, [x0, x2, lsl #2]
    expect(go(0xb862_7801, { registers: { x0: DEVICE_GVA, x2: 4n }, gva, write: false, reads: [9n] }).calls).toEqual(["read 4 at a000010: 9"]);
    // ldr w1, [x0, xzr]
    expect(go(0xb87f_6801, { registers: { x0: gva }, gva, write: false, reads: [9n] }).calls).toEqual(["read 4 at a000010: 9"]);
  });

  it("wraps addresses at 64 bits", () => {
    expect(go(0xf85f_8001, { registers: { x0: 0n }, gva: 0xffff_ffff_ffff_fff8n, gpa: 0x0a00_0ff8n, write: false, reads: [1n] }).calls).toEqual(["read 8 at a000ff8: 1"]);
  });

  it("keeps the lanes that LD1 of one lane does not load, and needs them captured", () => {
    const text = { gva: DEVICE_GVA, write: false, reads: [0xaan] };
    // ld1 {v1.b}[3], [x0]
    expect(go(0x0d40_0c01, { ...text, registers: { x0: DEVICE_GVA, v1: (1n << 128n) - 1n } }).registers["v1"]).toBe((((1n << 128n) - 1n) & ~(0xffn << 24n)) | (0xaan << 24n));
    expect(refuse(0x0d40_0c01, { ...text, registers: { x0: DEVICE_GVA } })).toMatchObject({ reason: "missing-register", detail: expect.stringContaining("v1") });
  });

  it("replicates to all lanes and clears the rest", () => {
    // ld1r {v1.4h}, [x0]
    expect(go(0x0d40_c401, { registers: { x0: DEVICE_GVA, v1: 5n }, gva: DEVICE_GVA, write: false, reads: [0x1234n] }).registers["v1"]).toBe(0x1234_1234_1234_1234n);
  });

  it("takes interleaved structures apart element by element, wrapping from v31 to v0", () => {
    // ld2 {v31.8b, v0.8b}, [x0]
    const result = go(0x0c40_801f, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: Array.from({ length: 16 }, (_, index) => BigInt(index)) });
    expect(result.calls.length).toBe(16);
    expect(result.registers).toEqual({ v31: 0x0e0c_0a08_0604_0200n, v0: 0x0f0d_0b09_0705_0301n });
  });

  it("post-indexes structures by a register or by what they transferred", () => {
    expect(go(0x4cdf_7801, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [1n, 2n] }).registers).toMatchObject({ x0: DEVICE_GVA + 16n });
    expect(go(0x4cc2_7801, { registers: { x0: DEVICE_GVA, x2: 0x100n }, gva: DEVICE_GVA, write: false, reads: [1n, 2n] }).registers).toMatchObject({ x0: DEVICE_GVA + 0x100n });
  });

  it("refuses exclusives and atomics unless told to split them; a store-exclusive always", () => {
    const text = { registers: { x0: DEVICE_GVA, x1: 1n, x2: 2n }, gva: DEVICE_GVA, write: false, reads: [7n] };
    const split = { policy: { atomics: "split" as const } };
    expect(refuse(0xc85f_7c01, text)).toMatchObject({ reason: "atomic" }); // ldxr x1, [x0]
    expect(refuse(0xf821_0002, text)).toMatchObject({ reason: "atomic" }); // ldadd x1, x2, [x0]
    expect(go(0xc85f_7c01, text, split)).toMatchObject({ calls: ["read 8 at a000000: 7"], registers: { x1: 7n } });
    expect(go(0xf821_0002, text, split)).toMatchObject({ calls: ["read 8 at a000000: 7", "write 8 at a000000: 8"], registers: { x2: 7n } });
    // stxr w3, x1, [x0]: whether the monitor still holds can't be known
    expect(refuse(0xc803_7c01, { ...text, write: true }, split)).toMatchObject({ reason: "atomic" });
  });

  it("compares narrow atomics at their own width", () => {
    const text = { registers: { x0: DEVICE_GVA, x1: 0xff01n, x2: 0n }, gva: DEVICE_GVA, write: true, reads: [0x80n] };
    // ldsmaxb w1, w2, [x0]: 0x01 against −128
    expect(go(0x3821_4002, text, { policy: { atomics: "split" } }).calls).toEqual(["read 1 at a000000: 80", "write 1 at a000000: 1"]);
  });

  it("swaps a pair only when both halves compare equal", () => {
    // casp x2, x3, x4, x5, [x0]
    const registers = { x0: DEVICE_GVA, x2: 1n, x3: 2n, x4: 3n, x5: 4n };
    const equal = go(0x4822_7c04, { registers, gva: DEVICE_GVA, write: false, reads: [1n, 2n] }, { policy: { atomics: "split" } });
    expect(equal.calls.slice(2)).toEqual(["write 8 at a000000: 3", "write 8 at a000008: 4"]);
    const different = go(0x4822_7c04, { registers, gva: DEVICE_GVA, write: false, reads: [1n, 9n] }, { policy: { atomics: "split" } });
    expect(different.registers).toEqual({ x3: 9n });
    expect(different.calls.slice(2)).toEqual(["write 8 at a000000: 1", "write 8 at a000008: 9"]);
  });

  it("does FEAT_LSE128 on 16 bytes as one value, the first register in the low half", () => {
    const text = { registers: { x0: DEVICE_GVA, x1: 0xf0n, x2: 0x0fn }, gva: DEVICE_GVA, write: false, reads: [0xffn, 0xffn] };
    const split = { policy: { atomics: "split" as const } };
    expect(refuse(0x1922_1001, text)).toMatchObject({ reason: "atomic" });
    // ldclrp x1, x2, [x0]
    expect(go(0x1922_1001, text, split)).toMatchObject({
      calls: ["read 8 at a000000: ff", "read 8 at a000008: ff", "write 8 at a000000: f", "write 8 at a000008: f0"],
      registers: { x1: 0xffn, x2: 0xffn },
    });
    // swpp x1, x2, [x0]
    expect(go(0x1922_8001, text, split).calls.slice(2)).toEqual(["write 8 at a000000: f0", "write 8 at a000008: f"]);
    // ldsetp x1, x1, [x0] is CONSTRAINED UNPREDICTABLE, and register 31 is no encoding
    expect(refuse(0x1921_3001, text, split)).toMatchObject({ reason: "unpredictable" });
    expect(refuse(0x193f_3001, text, split)).toMatchObject({ reason: "undefined-instruction" });
  });

  it("moves 64 bytes with LD64B and ST64B, and leaves ST64BV to the device", () => {
    const reads = Array.from({ length: 8 }, (_, index) => BigInt(index + 1));
    expect(go(0xf83f_d002, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads }).registers).toEqual(
      Object.fromEntries(reads.map((value, index) => [`x${index + 2}`, value])),
    );
    expect(refuse(0xf820_b002, { registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: true })).toMatchObject({ reason: "unsupported-instruction", detail: expect.stringContaining("status") });
  });

  it("counts a literal from the instruction's own address", () => {
    expect(go(0x18ff_ffe1, { pc: DEVICE_GVA + 0x104n, registers: {}, gva: DEVICE_GVA + 0x100n, write: false, reads: [2n] }).calls).toEqual(["read 4 at a000100: 2"]);
  });
});

describe("what the fault and the instruction must agree on", () => {
  const load = { registers: { x0: DEVICE_GVA, x1: 0n }, gva: DEVICE_GVA, write: false, reads: [1n, 2n] };

  it("the address", () => {
    expect(refuse(0xf940_0401, load)).toMatchObject({ reason: "address-mismatch" });
  });

  it("the direction", () => {
    expect(refuse(0xf900_0001, load)).toMatchObject({ reason: "direction-mismatch" });
  });

  it("the page", () => {
    const gva = DEVICE_GVA + 0xffcn;
    expect(refuse(0xf940_0001, { ...load, registers: { x0: gva }, gva })).toMatchObject({ reason: "page-crossing" });
  });

  it("a pair may continue in the next page where a window says what is there", () => {
    const gva = DEVICE_GVA + 0xff8n;
    const windows = [{ gva: DEVICE_GVA, gpa: 0x0b00_0000n, size: 0x2000n }];
    expect(go(0xa940_0801, { ...load, registers: { x0: gva }, gva }, { guest: { windows } }).calls).toEqual(["read 8 at a000ff8: 1", "read 8 at b001000: 2"]);
  });
});
