// Offsets of struct ghcb: Linux, arch/x86/include/asm/svm.h, and the GHCB specification (AMD 56421), table 1. What a guest accepts:
// the same, section 2.6, and Linux, arch/x86/coco/sev/shared.c, verify_exception_info().
import { describe, expect, test } from "vitest";
import sevEs from "../../handlers/sev-es/guest.ts";
import type { Exit, Refusal, SharedMemory } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, doneExit, GPA, RecordingDevice, refusalOf } from "./contract.ts";

function put(memory: SharedMemory, offset: number, size: number, value: bigint): void {
  for (let at = 0; at < size; at++) memory[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
}

function markValid(memory: SharedMemory, bit: number): void {
  memory[0x3f0 + (bit >> 3)]! |= 1 << (bit & 7);
}

/** A page of zeros with these quadwords and bytes. */
function page(quadwords: Readonly<Record<number, bigint>>, bytes: Readonly<Record<number, number>>): number[] {
  const expected = new Uint8Array(4096);
  for (const [offset, value] of Object.entries(quadwords)) put(expected, Number(offset), 8, value);
  for (const [offset, value] of Object.entries(bytes)) expected[Number(offset)] = value;
  return [...expected];
}

/** A host that notes the page as it gets it, and answers success with the changes that `answer` makes. */
function hostThat(answer: (ghcb: SharedMemory) => void = () => {}) {
  const seen: number[][] = [];
  return {
    seen,
    call: (ghcb: SharedMemory) => {
      seen.push(Array.from({ length: 4096 }, (_, at) => ghcb[at]!));
      put(ghcb, 0x398, 8, 0n);
      put(ghcb, 0x3a0, 8, 0n);
      answer(ghcb);
    },
  };
}

/** Valid bits: rax 63, rcx 97, rdx 98, exit code 114, info 1 115, info 2 116, scratch 117. */
const CODE_AND_INFORMATION = { 0x3fe: 0x1c };
const ALWAYS = { 0xffa: 2 };
const SCRATCH = 0x0100_0800n;

describe("the page as it leaves the guest", () => {
  test("MMIO read: exit code 0x80000001, address, byte count, scratch in the shared buffer", () => {
    const host = hostThat();
    done(sevEs.handle(accessOf({ size: 4 }), host, CONTEXT));
    expect(host.seen).toEqual([page({ 0x390: 0x8000_0001n, 0x398: GPA, 0x3a0: 4n, 0x3a8: SCRATCH }, { 0x3fe: 0x3c, ...ALWAYS })]);
  });

  test("MMIO write: exit code 0x80000002, and the data in the shared buffer", () => {
    const host = hostThat();
    done(sevEs.handle(accessOf({ write: true, size: 2, value: 0xbeefn }), host, CONTEXT));
    expect(host.seen).toEqual([
      page({ 0x390: 0x8000_0002n, 0x398: GPA, 0x3a0: 2n, 0x3a8: SCRATCH, 0x800: 0xbeefn }, { 0x3fe: 0x3c, ...ALWAYS }),
    ]);
  });

  test.each<[string, Exit, Record<number, bigint>, Record<number, number>]>([
    [
      "CPUID 0x72: RAX, RCX",
      { kind: "cpuid", leaf: 7n, subleaf: 1n },
      { 0x390: 0x72n, 0x1f8: 7n, 0x308: 1n },
      { 0x3f7: 0x80, 0x3fc: 0x02 },
    ],
    [
      "IN: IOIO 0x7b, port, 64-bit address size, 1 byte, type IN",
      { kind: "port-read", port: 0x3fd, size: 1 },
      { 0x390: 0x7bn, 0x398: 0x03fd_0211n },
      {},
    ],
    [
      "OUT: IOIO 0x7b, 4 bytes, and RAX",
      { kind: "port-write", port: 0xcf8, size: 4, value: 0x8000_0000n },
      { 0x390: 0x7bn, 0x398: 0x0cf8_0240n, 0x1f8: 0x8000_0000n },
      { 0x3f7: 0x80 },
    ],
    ["RDMSR 0x7c: RCX, info 1 = 0", { kind: "msr-read", index: 0x1bn }, { 0x390: 0x7cn, 0x308: 0x1bn }, { 0x3fc: 0x02 }],
    [
      "WRMSR 0x7c: RCX, RAX, RDX, info 1 = 1",
      { kind: "msr-write", index: 0x1bn, value: 0x1111_2222_3333_4444n },
      { 0x390: 0x7cn, 0x398: 1n, 0x308: 0x1bn, 0x1f8: 0x3333_4444n, 0x310: 0x1111_2222n },
      { 0x3f7: 0x80, 0x3fc: 0x06 },
    ],
  ])("%s", (_, exit, quadwords, bytes) => {
    const host = hostThat((ghcb) => [63, 97, 98, 99].forEach((bit) => markValid(ghcb, bit)));
    doneExit(sevEs.exit!(exit, host, CONTEXT));
    expect(host.seen).toEqual([page(quadwords, { ...CODE_AND_INFORMATION, ...bytes, ...ALWAYS })]);
  });
});

test("the record has every field that left the guest, and what was taken", () => {
  const host = hostThat((ghcb) => put(ghcb, 0x800, 8, 0xffff_ffff_ffff_abcdn));
  expect(done(sevEs.handle(accessOf({ size: 2 }), host, CONTEXT))).toEqual({
    value: 0xabcdn,
    record: {
      sw_exit_code: "0x80000001",
      sw_exit_info_1: `0x${GPA.toString(16)}`,
      sw_exit_info_2: "0x2",
      sw_scratch: "0x1000800",
      valid_bitmap: `${"00".repeat(14)}3c00`,
      protocol_version: 2,
      usage: 0,
      answer: { sw_exit_info_1: "0x0", shared_buffer: "0xabcd" },
    },
  });
});

function read(answer: (ghcb: SharedMemory) => void): Refusal {
  return refusalOf(sevEs.handle(accessOf({}), hostThat(answer), CONTEXT));
}

describe("answers are accepted only as the specification allows", () => {
  test.each([
    ["#GP with an error code", 0x8000_0b0dn | (0x18n << 32n), "#GP"],
    ["#UD", 0x8000_0306n, "#UD"],
  ])("an event to inject: %s", (_, event, name) => {
    const refusal = read((ghcb) => {
      put(ghcb, 0x398, 8, 1n);
      put(ghcb, 0x3a0, 8, event);
    });
    expect(refusal.reason).toBe("hypercall-failed");
    expect(refusal.detail).toContain(`the exception ${name}`);
  });

  test.each([
    ["an event that is not valid", 0x0000_030dn],
    ["an interrupt", 0x8000_000dn],
    ["an NMI", 0x8000_0202n],
    ["#PF", 0x8000_030en],
    ["#VC", 0x8000_031dn],
  ])("not %s", (_, event) => {
    const refusal = read((ghcb) => {
      put(ghcb, 0x398, 8, 1n);
      put(ghcb, 0x3a0, 8, event);
    });
    expect(refusal.detail).toContain("an event that it may not inject");
  });

  test("the guest's own input called malformed, by name", () => {
    const refusal = read((ghcb) => {
      put(ghcb, 0x398, 8, 2n);
      put(ghcb, 0x3a0, 8, 3n);
    });
    expect(refusal.detail).toContain("invalid scratch area");
  });

  test("a status that does not exist", () => expect(read((ghcb) => put(ghcb, 0x398, 8, 0x77n)).detail).toContain("SW_EXITINFO1 is 0x77"));

  test("only bits 31:0 of the status count", () => {
    expect(
      done(
        sevEs.handle(
          accessOf({}),
          hostThat((ghcb) => put(ghcb, 0x398, 8, 0xffff_ffff_0000_0000n)),
          CONTEXT,
        ),
      ).value,
    ).toBe(0n);
  });

  test("a status that is not marked valid", () => {
    expect(read((ghcb) => put(ghcb, 0x3f0, 16, 0n)).detail).toContain("did not mark sw_exit_info_1 valid");
  });

  test.each([
    [{ kind: "cpuid", leaf: 1n, subleaf: 0n }, [63, 97, 98, 99]],
    [{ kind: "port-read", port: 0x60, size: 1 }, [63]],
    [{ kind: "msr-read", index: 0x10n }, [63, 98]],
  ] as const)("every register of %o must be marked valid", (exit, bits) => {
    for (const missing of bits) {
      const host = hostThat((ghcb) => {
        put(ghcb, 0x3f0, 16, (1n << 115n) | (1n << 116n));
        bits.filter((bit) => bit !== missing).forEach((bit) => markValid(ghcb, bit));
      });
      expect(refusalOf(sevEs.exit!(exit, host, CONTEXT)).detail).toMatch(/did not mark r[abcd]x valid/);
    }
  });
});

test("CPUID's answers are RAX, RBX, RCX and RDX of the page, 32 bits each; RDMSR's EDX:EAX", () => {
  const host = hostThat((ghcb) => {
    [
      [0x1f8, 0xffff_ffff_0000_0001n],
      [0x318, 2n],
      [0x308, 3n],
      [0x310, 4n],
    ].forEach(([offset, value]) => put(ghcb, Number(offset), 8, BigInt(value!)));
    [63, 97, 98, 99].forEach((bit) => markValid(ghcb, bit));
  });
  expect(doneExit(sevEs.exit!({ kind: "cpuid", leaf: 1n, subleaf: 0n }, host, CONTEXT)).values).toEqual([1n, 2n, 3n, 4n]);
  expect(doneExit(sevEs.exit!({ kind: "msr-read", index: 0x10n }, host, CONTEXT)).values).toEqual([0x4_0000_0001n]);
});

test("CPUID leaf 0xd needs XCR0, which a trace does not hold", () => {
  const refusal = refusalOf(sevEs.exit!({ kind: "cpuid", leaf: 0xdn, subleaf: 1n }, hostThat(), CONTEXT));
  expect(refusal.reason).toBe("missing-register");
  expect(refusal.detail).toContain("XCR0");
});

function pageOf(fields: Readonly<Record<number, bigint>>): Uint8Array {
  const ghcb = new Uint8Array(4096);
  for (const [offset, value] of Object.entries(fields)) {
    put(ghcb, Number(offset), 8, value);
    markValid(ghcb, Number(offset) / 8);
  }
  return ghcb;
}

describe("the honest host", () => {
  test.each([
    ["no exit code", {}, 4],
    ["no RAX of an OUT", { 0x390: 0x7bn, 0x398: 0x80_0210n, 0x3a0: 0n }, 4],
    ["no RCX of RDMSR", { 0x390: 0x7cn, 0x398: 0n, 0x3a0: 0n }, 4],
    ["no RCX of CPUID", { 0x390: 0x72n, 0x398: 0n, 0x3a0: 0n, 0x1f8: 1n }, 4],
    ["MMIO of 3 bytes", { 0x390: 0x8000_0001n, 0x398: 0x1000n, 0x3a0: 3n, 0x3a8: SCRATCH }, 5],
  ])("calls %s malformed", (_, fields, reason) => {
    const ghcb = pageOf(fields);
    const device = new RecordingDevice();
    expect(sevEs.host(device).call(ghcb)).toBeUndefined();
    expect([ghcb[0x398], ghcb[0x3a0]]).toEqual([2, reason]);
    expect(device.seen).toEqual([]);
  });
});
