import { describe, expect, it } from "vitest";
import { checkFault } from "../../../src/emulate/checks.ts";
import { DEFAULT_POLICY } from "../../../src/emulate/policy.ts";
import { AARCH64 } from "../../../src/isa/aarch64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { DEVICE_GVA, faultOf, run, summary, wordHex } from "../../support/fault.ts";

const device = (word: number, registers: Record<string, bigint>, write: boolean, reads: bigint[] = [], gva = DEVICE_GVA) =>
  summary(AARCH64, run(AARCH64, { bytes: wordHex(word), registers, gva, write, reads }));

// Instructions that really faulted, each with the place where a person met it.
describe("instructions that really faulted", () => {
  it("b8004409 str w9, [x0], #4: rust-lang/rust#131894, virtio-drivers#142", () => {
    expect(device(0xb8004409, { x0: DEVICE_GVA, x9: 0x1_2345_6789n }, true)).toEqual({
      calls: ["write 4 at a000000: 23456789"],
      pc: 0x1004n,
      registers: { x0: DEVICE_GVA + 4n },
      memory: [],
    });
  });

  it("b8004548 str w8, [x10], #4: a Windows guest, kvm-guest-drivers-windows#177", () => {
    expect(device(0xb8004548, { x10: DEVICE_GVA, x8: 7n }, true)).toMatchObject({ calls: ["write 4 at a000000: 7"], registers: { x10: DEVICE_GVA + 4n } });
  });

  it("f80085ab str x11, [x13], #8: GICD_IROUTER, kaist-cp/rv6#604", () => {
    expect(device(0xf80085ab, { x13: DEVICE_GVA, x11: 0x8000_0000_0000_0001n }, true)).toMatchObject({
      calls: ["write 8 at a000000: 8000000000000001"],
      registers: { x13: DEVICE_GVA + 8n },
    });
  });

  it("b8404401 ldr w1, [x0], #4: barebox, AMBA peripheral id", () => {
    expect(device(0xb8404401, { x0: DEVICE_GVA, x1: ~0n & 0xffff_ffff_ffff_ffffn }, false, [0x1_0000_0011n])).toMatchObject({
      calls: ["read 4 at a000000: 11"],
      registers: { x0: DEVICE_GVA + 4n, x1: 0x11n },
    });
  });

  it("d5087620 dc ivac, x0: barebox, cfi-flash: no data abort to emulate", () => {
    const result = run(AARCH64, { bytes: wordHex(0xd5087620), registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: true });
    expect(result).toBeInstanceOf(Refusal);
    expect(result).toMatchObject({ reason: "not-a-data-abort" });
    // The same by the syndrome alone: CM (bit 8) is set.
    const fault = faultOf(AARCH64, { bytes: wordHex(0xd5087620), registers: {}, gva: DEVICE_GVA, write: true, syndrome: 0x9200_0147n });
    expect(checkFault(fault, { windows: [] }, DEFAULT_POLICY)).toMatchObject({ reason: "not-a-data-abort", detail: expect.stringContaining("CM") });
  });

  it("2943a408 ldp w8, w9, [x0, #28]: NVMe CSTS and NSSR, nvme-cli#2392, #2397", () => {
    expect(device(0x2943a408, { x0: DEVICE_GVA }, false, [1n, 0x4e56_4d65n], DEVICE_GVA + 28n)).toEqual({
      calls: ["read 4 at a00001c: 1", "read 4 at a000020: 4e564d65"],
      pc: 0x1004n,
      registers: { x8: 1n, x9: 0x4e56_4d65n },
      memory: [],
    });
  });

  it("78404c22 ldrh w2, [x1, #4]!: a crosvm guest", () => {
    expect(device(0x78404c22, { x1: DEVICE_GVA }, false, [0xabcd_8001n], DEVICE_GVA + 4n)).toMatchObject({
      calls: ["read 2 at a000004: 8001"],
      registers: { x1: DEVICE_GVA + 4n, x2: 0x8001n },
    });
  });

  it("f8408422 ldr x2, [x1], #8 and b81fc422 str w2, [x1], #-4: the post-index article", () => {
    expect(device(0xf8408422, { x1: DEVICE_GVA }, false, [5n])).toMatchObject({ registers: { x1: DEVICE_GVA + 8n, x2: 5n } });
    expect(device(0xb81fc422, { x1: DEVICE_GVA + 8n, x2: 9n }, true, [], DEVICE_GVA + 8n)).toMatchObject({
      calls: ["write 4 at a000008: 9"],
      registers: { x1: DEVICE_GVA + 4n },
    });
  });

  it("b9400021 ldr w1, [x1] with ESR 96000210: linux-usb 2021, an external abort and not MMIO", () => {
    const fault = faultOf(AARCH64, { bytes: wordHex(0xb9400021), registers: { x1: DEVICE_GVA }, gva: DEVICE_GVA, write: false, syndrome: 0x9600_0210n });
    expect(checkFault(fault, { windows: [] }, DEFAULT_POLICY)).toMatchObject({ reason: "not-a-data-abort", detail: expect.stringContaining("external abort") });
  });

  it("4c002020 st1 {v0.16b-v3.16b}, [x1]: write-combining copies in mlx5 and rdma-core", () => {
    const registers = { x1: DEVICE_GVA, v0: (2n << 64n) | 1n, v1: (4n << 64n) | 3n, v2: (6n << 64n) | 5n, v3: (8n << 64n) | 7n };
    expect(device(0x4c002020, registers, true)).toEqual({
      calls: Array.from({ length: 8 }, (_, index) => `write 8 at a0000${(8 * index).toString(16).padStart(2, "0")}: ${index + 1}`),
      pc: 0x1004n,
      registers: {},
      memory: [],
    });
  });

  it.each([
    [0xf8408421, "ldr x1, [x1], #8"],
    [0xf8008421, "str x1, [x1], #8"],
    [0xa9400441, "ldp x1, x1, [x2]"],
    [0xa8c10821, "ldp x1, x2, [x1], #16"],
  ])("%s %s, which no assembler encodes, is CONSTRAINED UNPREDICTABLE", (word, _text) => {
    expect(run(AARCH64, { bytes: wordHex(word), registers: { x1: DEVICE_GVA, x2: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [0n, 0n] })).toMatchObject({
      reason: "unpredictable",
    });
  });

  it("ESR 0x920000c7 has S1PTW set: a table walk that a VMM misdiagnosed (edk2, pflash)", () => {
    const fault = faultOf(AARCH64, { bytes: wordHex(0xb9400021), registers: {}, gva: DEVICE_GVA, write: true, syndrome: 0x9200_00c7n });
    expect(checkFault(fault, { windows: [] }, DEFAULT_POLICY)).toMatchObject({ reason: "not-a-data-abort", detail: expect.stringContaining("S1PTW") });
  });
});
