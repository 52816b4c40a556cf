import { describe, expect, it } from "vitest";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { DEVICE_GVA, type FaultText, bytesOf, run, summary } from "../../support/fault.ts";

type Text = Omit<FaultText, "bytes">;

/** Flags with no condition set, and with some. */
const FLAGS = 2n;
const [CF, ZF, SF] = [1n, 0x40n, 0x80n];
const ONES = 0xffff_ffff_ffff_ffffn;
const D = DEVICE_GVA;

const go = (bytes: string, text: Text) => summary(X86_64, run(X86_64, { bytes, ...text }, { policy: { atomics: "split" } }));
const refuse = (bytes: string, text: Text): Refusal => {
  const result = run(X86_64, { bytes, ...text });
  if (!(result instanceof Refusal)) throw new Error("it was emulated");
  return result;
};
/** Sixteen times the same byte. */
const bytesOfAll = (pattern: string): bigint => BigInt(`0x${pattern.repeat(16)}`);
/** Eight times the same 64 bits. */
const wide = (fill: bigint): bigint => Array.from({ length: 8 }, () => fill).reduce((sum, each) => (sum << 64n) | each, 0n);
const load = (registers: Readonly<Record<string, bigint>>, ...reads: readonly bigint[]): Text => ({
  registers,
  gva: D,
  write: false,
  reads,
});
const store = (registers: Readonly<Record<string, bigint>>): Text => ({ registers, gva: D, write: true });

// "What the field does, and gets wrong" of the x86-64 field notes: each trap by name.
describe("traps", () => {
  it("byte registers 4–7 without REX are AH, CH, DH, BH", () => {
    expect(go("88 20", { registers: { rax: D + 0xab00n, rsp: 0x11n }, gva: D + 0xab00n, write: true }).calls).toEqual([
      "write 1 at a00ab00: ab",
    ]);
    expect(go("8a 39", load({ rcx: D, rbx: 0x1122n, rdi: 0n }, 0xffn)).registers).toEqual({ rbx: 0xff22n });
    expect(go("40 8a 39", load({ rcx: D, rbx: 0x1122n, rdi: 0x3344n }, 0xffn)).registers).toEqual({ rdi: 0x33ffn });
    expect(go("0f b6 08", load({ rax: D, rcx: ONES }, 0x80n)).registers).toEqual({ rcx: 0x80n });
  });

  it.for([
    ["vshufps", "c5 f8 c6 00 01"],
    ["vpexpandd", "62 f2 7d 49 89 00"],
    ["vpcompressd", "62 f2 7d 49 8b 00"],
    ["xabort", "c6 f8 00"],
  ] as const)("%s is not a MOV", ([mnemonic, hex]) => {
    expect(X86_64.decode(bytesOf(hex), "x86-64")).toMatchObject({ mnemonic });
  });

  it("REX2 makes a MOV another one: its registers are r16–r31", () => {
    expect(go("d5 10 89 00", store({ r16: D, rax: 9n })).calls).toEqual(["write 4 at a000000: 9"]);
  });

  it("a 32-bit destination clears bits 63:32, a 16-bit one keeps them", () => {
    expect(go("8b 08", load({ rax: D, rcx: ONES }, 0x8000_0000n)).registers).toEqual({ rcx: 0x8000_0000n });
    expect(go("66 8b 08", load({ rax: D, rcx: ONES }, 1n)).registers).toEqual({ rcx: 0xffff_ffff_ffff_0001n });
    expect(go("66 0f b6 08", load({ rax: D, rcx: ONES }, 1n)).registers).toEqual({ rcx: 0xffff_ffff_ffff_0001n });
    expect(go("0f be 08", load({ rax: D, rcx: ONES }, 0x80n)).registers).toEqual({ rcx: 0xffff_ff80n });
    expect(go("48 63 08", load({ rax: D, rcx: 0n }, 0x8000_0000n)).registers).toEqual({ rcx: 0xffff_ffff_8000_0000n });
    expect(go("63 08", load({ rax: D, rcx: ONES }, 0x8000_0000n)).registers).toEqual({ rcx: 0x8000_0000n });
    expect(go("66 63 08", load({ rax: D, rcx: ONES }, 0x8000n)).registers).toEqual({ rcx: 0xffff_ffff_ffff_8000n });
  });

  it("only the bytes that were asked for count, of an answer and of a store", () => {
    expect(go("8a 08", load({ rax: D, rcx: 0n }, ONES)).registers).toEqual({ rcx: 0xffn });
    expect(go("66 89 08", store({ rax: D, rcx: ONES })).calls).toEqual(["write 2 at a000000: ffff"]);
  });

  it("RIP-relative addresses count from the end of the instruction, immediate included", () => {
    // movl $1, 0x10(%rip) at D - 0x1a
    expect(go("c7 05 10 00 00 00 01 00 00 00", { pc: D - 0x1an, registers: {}, gva: D, write: true }).calls).toEqual([
      "write 4 at a000000: 1",
    ]);
  });

  it("67 cuts the address to 32 bits", () => {
    expect(go("67 8b 00", load({ rax: 0xffff_ffff_0000_0000n + D }, 7n)).registers).toEqual({ rax: 7n });
    expect(go("67 8b 40 ff", load({ rax: (1n << 32n) + D + 1n }, 7n)).registers).toEqual({ rax: 7n });
  });

  it("FS and GS add their base, after 67 has cut the address", () => {
    expect(go("64 8b 00", load({ rax: 8n, fs_base: D - 8n }, 7n)).registers).toEqual({ rax: 7n });
    expect(go("65 67 8b 00", load({ rax: ONES, gs_base: D - 0xffff_ffffn }, 7n)).registers).toEqual({ rax: 7n });
    expect(go("3e 8b 00", load({ rax: D, fs_base: 5n }, 7n)).registers).toEqual({ rax: 7n });
  });

  it("C7 with REX.W has a 4-byte immediate that is sign-extended", () => {
    expect(go("48 c7 00 ff ff ff ff", store({ rax: D })).calls).toEqual(["write 8 at a000000: ffffffffffffffff"]);
    expect(go("66 c7 00 34 12", store({ rax: D })).calls).toEqual(["write 2 at a000000: 1234"]);
  });

  it("moffs has an address of 8 bytes, or 4 with 67", () => {
    expect(go("48 a1 00 00 00 40 00 00 00 00", load({ rax: 0n }, 0x1234n)).registers).toEqual({ rax: 0x1234n });
    expect(go("67 a2 00 00 00 40", store({ rax: 0xabcdn })).calls).toEqual(["write 1 at a000000: cd"]);
  });

  it("POP [rsp+d] uses the RSP after the increment, PUSH [rsp+d] the one before", () => {
    const pop = go("8f 44 24 10", {
      registers: { rsp: D - 0x18n },
      gva: D,
      write: true,
      memory: { [`0x${(D - 0x18n).toString(16)}`]: "8877665544332211" },
    });
    expect(pop).toMatchObject({ calls: ["write 8 at a000000: 1122334455667788"], registers: { rsp: D - 0x10n } });
    const push = go("ff 74 24 10", { registers: { rsp: D - 0x10n }, gva: D, write: false, reads: [5n] });
    expect(push).toMatchObject({ calls: ["read 8 at a000000: 5"], registers: { rsp: D - 0x18n }, memory: ["3fffffe8: 0500000000000000"] });
  });

  it("BT with a register moves the address by the signed bit offset", () => {
    expect(
      go("48 0f a3 08", { registers: { rax: D + 8n, rcx: ONES, rflags: FLAGS }, gva: D, write: false, reads: [1n << 63n] }).registers,
    ).toEqual({ rflags: FLAGS | CF });
    expect(go("0f ab 08", { registers: { rax: D - 12n, rcx: 97n, rflags: FLAGS }, gva: D, write: false, reads: [0n] }).calls).toEqual([
      "read 4 at a000000: 0",
      "write 4 at a000000: 2",
    ]);
    // A 16-bit offset is signed too; an immediate is taken modulo the size and moves nothing.
    expect(
      go("66 0f a3 08", { registers: { rax: D + 2n, rcx: 0xffffn, rflags: FLAGS }, gva: D, write: false, reads: [0x8000n] }).registers,
    ).toEqual({ rflags: FLAGS | CF });
    expect(go("0f ba 28 21", { registers: { rax: D, rflags: FLAGS }, gva: D, write: false, reads: [0n] }).calls).toEqual([
      "read 4 at a000000: 0",
      "write 4 at a000000: 2",
    ]);
    // With a 32-bit address the 64-bit offset is shifted first: bit 35 of the offset moves the address by 2^32, which is cut.
    expect(
      go("67 48 0f a3 0c 10", { registers: { rax: D, rdx: 0n, rcx: 1n << 35n, rflags: FLAGS }, gva: D, write: false, reads: [1n] })
        .registers,
    ).toEqual({ rflags: FLAGS | CF });
  });

  it("a false CMOV reads, and clears bits 63:32 of a 32-bit destination", () => {
    const text = load({ rax: D, rcx: ONES, rflags: FLAGS }, 5n);
    expect(go("0f 44 08", text)).toMatchObject({ calls: ["read 4 at a000000: 5"], registers: { rcx: 0xffff_ffffn } });
    expect(go("48 0f 44 08", text)).toMatchObject({ calls: ["read 8 at a000000: 5"], registers: {} });
    expect(go("0f 45 08", text).registers).toEqual({ rcx: 5n });
  });

  it("CMPXCHG writes always, and touches EAX only when it fails", () => {
    const registers = { rbx: D, rcx: 7n, rax: 0xffff_ffff_0000_0005n, rflags: FLAGS };
    expect(go("f0 0f b1 0b", { registers, gva: D, write: true, reads: [5n] })).toMatchObject({
      calls: ["read 4 at a000000: 5", "write 4 at a000000: 7"],
      registers: { rflags: FLAGS | ZF | 4n },
    });
    expect(go("0f b1 0b", { registers, gva: D, write: true, reads: [6n] })).toMatchObject({
      calls: ["read 4 at a000000: 6", "write 4 at a000000: 6"],
      registers: { rax: 6n },
    });
  });

  it("CMPXCHG16B compares and stores in halves, and demands alignment", () => {
    const registers = { rsi: D, rax: 1n, rdx: 2n, rbx: 3n, rcx: 4n, rflags: FLAGS };
    expect(go("f0 48 0f c7 0e", { registers, gva: D, write: true, reads: [1n, 2n] })).toMatchObject({
      calls: ["read 8 at a000000: 1", "read 8 at a000008: 2", "write 8 at a000000: 3", "write 8 at a000008: 4"],
      registers: { rflags: FLAGS | ZF },
    });
    expect(go("48 0f c7 0e", { registers, gva: D, write: true, reads: [9n, 8n] })).toMatchObject({
      calls: ["read 8 at a000000: 9", "read 8 at a000008: 8", "write 8 at a000000: 9", "write 8 at a000008: 8"],
      registers: { rax: 9n, rdx: 8n },
    });
    expect(refuse("48 0f c7 4e 08", { registers, gva: D + 8n, write: true }).detail).toContain("16-byte alignment");
    expect(go("0f c7 0e", { registers, gva: D, write: true, reads: [0x2_0000_0001n] }).calls).toEqual([
      "read 8 at a000000: 200000001",
      "write 8 at a000000: 400000003",
    ]);
  });

  it("XCHG with memory is atomic without LOCK", () => {
    expect(refuse("87 08", { registers: { rax: D, rcx: 1n }, gva: D, write: true, reads: [2n] }).reason).toBe("atomic");
    expect(go("87 08", { registers: { rax: D, rcx: 1n }, gva: D, write: true, reads: [2n] })).toMatchObject({
      calls: ["read 4 at a000000: 2", "write 4 at a000000: 1"],
      registers: { rcx: 2n },
    });
    expect(refuse("f0 ff 00", { registers: { rax: D, rflags: FLAGS }, gva: D, write: true, reads: [2n] }).reason).toBe("atomic");
  });

  it("CMPS reads [rsi] before [rdi]", () => {
    const guest = { windows: [{ gva: D, gpa: 0x0a00_0000n, size: 0x1000n }] };
    const result = run(
      X86_64,
      { bytes: "a6", registers: { rsi: D, rdi: D + 8n, rflags: FLAGS }, gva: D, write: false, reads: [1n, 2n] },
      { guest },
    );
    expect(summary(X86_64, result)).toMatchObject({
      calls: ["read 1 at a000000: 1", "read 1 at a000008: 2"],
      registers: { rsi: D + 1n, rdi: D + 9n, rflags: FLAGS | CF | SF | 0x10n | 4n },
    });
  });

  it("REP counts in RCX, or ECX with 67, and DF turns the steps round", () => {
    expect(go("f3 ab", { registers: { rdi: D, rcx: 2n, rax: 0x11n, rflags: FLAGS }, gva: D, write: true })).toMatchObject({
      calls: ["write 4 at a000000: 11", "write 4 at a000004: 11"],
      registers: { rdi: D + 8n, rcx: 0n },
    });
    expect(
      go("67 f3 aa", { registers: { rdi: D, rcx: 0xff_0000_0001n, rax: 0x11n, rflags: FLAGS | 0x400n }, gva: D, write: true }),
    ).toMatchObject({
      calls: ["write 1 at a000000: 11"],
      registers: { rdi: D - 1n, rcx: 0n },
    });
  });
});

describe("general registers", () => {
  it("ALU: load, read-modify-write, immediate", () => {
    expect(go("48 03 08", load({ rax: D, rcx: ONES, rflags: FLAGS }, 2n)).registers).toMatchObject({ rcx: 1n });
    expect(go("00 08", { registers: { rax: D, rcx: 0xffn, rflags: FLAGS }, gva: D, write: true, reads: [2n] }).calls).toEqual([
      "read 1 at a000000: 2",
      "write 1 at a000000: 1",
    ]);
    expect(go("48 83 28 ff", { registers: { rax: D, rflags: FLAGS }, gva: D, write: true, reads: [2n] }).calls).toEqual([
      "read 8 at a000000: 2",
      "write 8 at a000000: 3",
    ]);
    expect(go("48 83 38 ff", load({ rax: D, rflags: FLAGS }, ONES))).toMatchObject({
      calls: ["read 8 at a000000: ffffffffffffffff"],
      registers: { rflags: FLAGS | ZF | 4n },
    });
    expect(go("f7 00 00 00 00 80", load({ rax: D, rflags: FLAGS }, 0x8000_0000n)).registers).toEqual({ rflags: FLAGS | SF | 4n });
  });

  it("remote atomics change no flag", () => {
    expect(go("0f 38 fc 08", { registers: { rax: D, rcx: 0xffff_ffffn }, gva: D, write: true, reads: [1n] })).toMatchObject({
      calls: ["read 4 at a000000: 1", "write 4 at a000000: 0"],
      registers: {},
    });
    expect(refuse("f3 48 0f 38 fc 08", { registers: { rax: D, rcx: 1n }, gva: D, write: true, reads: [1n] }).reason).toBe("atomic");
  });

  it("MUL and DIV use rDX:rAX, and AX for bytes", () => {
    expect(
      go("f6 20", { registers: { rax: D + 0xffn, rflags: FLAGS }, gva: D + 0xffn, write: false, reads: [2n] }).registers,
    ).toMatchObject({
      rax: D + 0x1fen,
    });
    expect(go("48 f7 21", load({ rcx: D, rax: ONES, rdx: 0n, rflags: FLAGS }, 2n)).registers).toMatchObject({ rax: ONES - 1n, rdx: 1n });
    expect(go("f7 31", load({ rcx: D, rax: 7n, rdx: 0n, rflags: FLAGS }, 2n)).registers).toMatchObject({ rax: 3n, rdx: 1n });
    expect(refuse("f7 31", load({ rcx: D, rax: 7n, rdx: 0n, rflags: FLAGS }, 0n)).detail).toMatch(/#DE|divi/i);
    expect(go("6b 09 fd", load({ rcx: D, rflags: FLAGS }, 5n)).registers).toMatchObject({ rcx: 0xffff_fff1n });
  });

  it("MOVBE turns the bytes round, MOVNTI and MOVDIRI store", () => {
    expect(go("0f 38 f0 08", load({ rax: D, rcx: 0n }, 0x1122_3344n)).registers).toEqual({ rcx: 0x4433_2211n });
    expect(go("66 0f 38 f1 08", store({ rax: D, rcx: 0x1122n })).calls).toEqual(["write 2 at a000000: 2211"]);
    expect(go("48 0f c3 08", store({ rax: D, rcx: 5n })).calls).toEqual(["write 8 at a000000: 5"]);
    expect(go("0f 38 f9 08", store({ rax: D, rcx: 5n })).calls).toEqual(["write 4 at a000000: 5"]);
  });

  it("MOVDIR64B copies 64 bytes to an aligned address", () => {
    const memory = { "0x5000": "11".repeat(64) };
    const result = go("66 0f 38 f8 08", { registers: { rax: 0x5000n, rcx: D }, gva: D, write: true, memory });
    expect(result.calls).toEqual(
      Array.from({ length: 8 }, (_, index) => `write 8 at ${(0xa00_0000 + 8 * index).toString(16)}: 1111111111111111`),
    );
    expect(refuse("66 0f 38 f8 08", { registers: { rax: 0x5000n, rcx: D + 8n }, gva: D + 8n, write: true, memory }).detail).toContain(
      "64-byte alignment",
    );
  });

  it("branches and calls through memory", () => {
    expect(go("ff 20", load({ rax: D }, 0x1234_5678_9abcn)).pc).toBe(0x1234_5678_9abcn);
    expect(go("ff 10", load({ rax: D, rsp: 0x8000n }, 0x1234n))).toMatchObject({
      pc: 0x1234n,
      registers: { rsp: 0x7ff8n },
      memory: ["7ff8: 0210000000000000"],
    });
    expect(go("c2 10 00", load({ rsp: D }, 0x1234n))).toMatchObject({ pc: 0x1234n, registers: { rsp: D + 0x18n } });
    expect(go("e8 05 00 00 00", store({ rsp: D + 8n }))).toMatchObject({ pc: 0x100an, calls: ["write 8 at a000000: 1005"] });
  });

  it("the stack: POP RSP keeps the value, LEAVE, XLAT, ENTER", () => {
    expect(go("5c", load({ rsp: D }, 0x77n)).registers).toEqual({ rsp: 0x77n });
    expect(go("66 5c", load({ rsp: D }, 0x77n)).registers).toEqual({ rsp: ((D + 2n) & ~0xffffn) | 0x77n });
    expect(go("54", store({ rsp: D + 8n })).calls).toEqual([`write 8 at a000000: ${(D + 8n).toString(16)}`]);
    expect(go("6a ff", store({ rsp: D + 8n })).calls).toEqual(["write 8 at a000000: ffffffffffffffff"]);
    expect(go("66 6a ff", store({ rsp: D + 2n })).calls).toEqual(["write 2 at a000000: ffff"]);
    expect(go("c9", load({ rsp: 0n, rbp: D }, 0x77n)).registers).toEqual({ rsp: D + 8n, rbp: 0x77n });
    expect(go("d7", load({ rbx: D - 0x41n, rax: 0xff41n }, 0x77n)).registers).toEqual({ rax: 0xff77n });
    expect(go("c8 20 00 00", store({ rsp: D + 8n, rbp: 0x55n }))).toMatchObject({
      calls: ["write 8 at a000000: 55"],
      registers: { rbp: D, rsp: D - 0x20n },
    });
    expect(refuse("c8 20 00 02", store({ rsp: D + 8n, rbp: 0x55n })).reason).toBe("unsupported-instruction");
  });

  it("BMI, counts and CRC32", () => {
    expect(go("c4 e2 70 f2 10", load({ rax: D, rcx: 0xf0n, rdx: 0n, rflags: FLAGS }, 0xffn)).registers).toMatchObject({ rdx: 0x0fn });
    expect(go("c4 e2 73 f6 10", load({ rax: D, rcx: 0n, rdx: 0x1_0000n }, 0x1_0000n)).registers).toEqual({ rdx: 1n });
    expect(go("c4 e2 6b f6 10", load({ rax: D, rdx: 0x1_0000n }, 0x1_0002n)).registers).toEqual({ rdx: 1n });
    expect(go("c4 e2 69 f7 08", load({ rax: D, rcx: 0n, rdx: 4n }, 3n)).registers).toEqual({ rcx: 0x30n });
    expect(go("f3 0f b8 08", load({ rax: D, rcx: 0n, rflags: FLAGS }, 0xffn)).registers).toMatchObject({ rcx: 8n });
    expect(go("0f bc 08", load({ rax: D, rcx: 0x55n, rflags: FLAGS }, 0n)).registers).toMatchObject({ rflags: FLAGS | ZF | 4n });
    expect(go("f2 48 0f 38 f0 08", load({ rax: D, rcx: 0n }, 1n)).registers).toEqual({ rcx: 0xf26b_8303n });
  });

  it("LDMXCSR and STMXCSR", () => {
    expect(go("0f ae 10", load({ rax: D, mxcsr: 0n }, 0x1f80n)).registers).toEqual({ mxcsr: 0x1f80n });
    expect(go("0f ae 18", store({ rax: D, mxcsr: 0x1fa0n })).calls).toEqual(["write 4 at a000000: 1fa0"]);
  });
});

describe("APX", () => {
  it("a new data destination clears what its 8 or 16 bits leave", () => {
    // add r16b, [rax], cl
    expect(go("62 f4 7c 10 00 08", load({ rax: D, rcx: 0xffn, r16: ONES, rflags: FLAGS }, 2n))).toMatchObject({
      calls: ["read 1 at a000000: 2"],
      registers: { r16: 1n },
    });
    expect(go("62 f4 7d 10 01 08", load({ rax: D, rcx: 1n, r16: ONES, rflags: FLAGS }, 2n)).registers).toMatchObject({ r16: 3n });
  });

  it("NF keeps the flags", () => {
    expect(
      go("62 f4 7c 0c 01 08", { registers: { rax: D, rcx: 0xffff_ffffn, rflags: FLAGS }, gva: D, write: true, reads: [1n] }),
    ).toMatchObject({
      calls: ["read 4 at a000000: 1", "write 4 at a000000: 0"],
      registers: {},
    });
  });

  it("CCMP compares, or takes the flags from the instruction", () => {
    // ccmpz {dfv=of,cf} [rax], ecx: vvvv 1001, scc 0100
    const bytes = "62 f4 4c 04 39 08";
    expect(go(bytes, load({ rax: D, rcx: 5n, rflags: FLAGS | ZF }, 5n)).registers).toEqual({ rflags: FLAGS | ZF | 4n });
    expect(go(bytes, load({ rax: D, rcx: 5n, rflags: FLAGS }, 5n)).registers).toMatchObject({ rflags: FLAGS | CF | 0x800n | 4n });
  });

  it("SETZU clears nothing in memory, IMULZU clears above 16 bits", () => {
    expect(go("62 f4 7f 18 44 00", store({ rax: D, rflags: FLAGS | ZF })).calls).toEqual(["write 1 at a000000: 1"]);
    expect(go("62 f4 7d 18 6b 08 02", load({ rax: D, rcx: ONES, rflags: FLAGS }, 3n)).registers).toMatchObject({ rcx: 6n });
  });

  it("CFCMOV touches memory only if its condition holds", () => {
    // cfcmovz ecx, [rax]; cfcmovz [rax], ecx; cfcmovz r16d, ecx, [rax]
    expect(go("62 f4 7c 08 44 08", load({ rax: D, rcx: ONES, rflags: FLAGS | ZF }, 5n)).registers).toEqual({ rcx: 5n });
    expect(go("62 f4 7c 0c 44 08", store({ rax: D, rcx: 6n, rflags: FLAGS | ZF })).calls).toEqual(["write 4 at a000000: 6"]);
    expect(go("62 f4 7c 14 44 08", load({ rax: D, rcx: 1n, r16: ONES, rflags: FLAGS | ZF }, 5n)).registers).toEqual({ r16: 5n });
    expect(refuse("62 f4 7c 08 44 08", load({ rax: D, rcx: 1n, rflags: FLAGS })).reason).toBe("address-mismatch");
    expect(refuse("62 f4 7d 08 44 08", load({ rax: D, rcx: 1n, rflags: FLAGS | ZF })).reason).toBe("unsupported-instruction");
  });

  it("registers r16–r31 are data, base and index", () => {
    expect(go("d5 77 89 6c 77 08", { registers: { r31: D - 0x18n, r30: 8n, r29: 0x1234n }, gva: D, write: true }).calls).toEqual([
      "write 4 at a000000: 1234",
    ]);
  });
});

describe("vectors", () => {
  const low = 0x1111_1111_2222_2222n;
  const high = 0x3333_3333_4444_4444n;
  const xmm = (high << 64n) | low;

  it("a legacy load keeps the bits above 127, VEX and EVEX clear them", () => {
    expect(go("0f 10 00", load({ rax: D, ymm0: (ONES << 128n) | 5n }, low, high)).registers).toEqual({ ymm0: (ONES << 128n) | xmm });
    expect(go("c5 f8 10 00", load({ rax: D, ymm0: (ONES << 128n) | 5n }, low, high)).registers).toEqual({ ymm0: xmm });
    expect(go("62 f1 7c 08 10 00", load({ rax: D, zmm0: wide(ONES) }, low, high)).registers).toEqual({ zmm0: xmm });
    expect(go("f3 0f 10 00", load({ rax: D, xmm0: xmm }, 0x99n)).registers).toEqual({ xmm0: 0x99n });
    expect(go("66 0f 6e 00", load({ rax: D, xmm0: xmm }, 0x99n)).registers).toEqual({ xmm0: 0x99n });
  });

  it("is two, four or eight accesses, ascending", () => {
    expect(go("c5 fc 11 00", store({ rax: D, ymm0: (high << 192n) | (3n << 128n) | (2n << 64n) | 1n })).calls).toEqual([
      "write 8 at a000000: 1",
      "write 8 at a000008: 2",
      "write 8 at a000010: 3",
      "write 8 at a000018: 3333333344444444",
    ]);
    expect(go("62 f1 fe 48 6f 00", load({ rax: D, zmm0: 0n }, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n)).registers).toEqual({
      zmm0: [8n, 7n, 6n, 5n, 4n, 3n, 2n, 1n].reduce((sum, each) => (sum << 64n) | each, 0n),
    });
  });

  it("aligned moves demand alignment", () => {
    expect(refuse("0f 28 40 08", { registers: { rax: D, xmm0: 0n }, gva: D + 8n, write: false }).detail).toContain("16-byte alignment");
    expect(refuse("62 f1 7d 48 7f 00", { registers: { rax: D + 32n, zmm0: 0n }, gva: D + 32n, write: true }).detail).toContain(
      "64-byte alignment",
    );
    expect(go("0f 10 40 08", { registers: { rax: D, xmm0: 0n }, gva: D + 8n, write: false, reads: [low, high] }).registers).toEqual({
      xmm0: xmm,
    });
  });

  it("halves", () => {
    expect(go("0f 12 00", load({ rax: D, xmm0: xmm }, 7n)).registers).toEqual({ xmm0: (high << 64n) | 7n });
    expect(go("0f 16 00", load({ rax: D, xmm0: xmm }, 7n)).registers).toEqual({ xmm0: (7n << 64n) | low });
    expect(go("0f 17 00", store({ rax: D, xmm0: xmm })).calls).toEqual([`write 8 at a000000: ${high.toString(16)}`]);
    expect(go("c5 f0 12 00", load({ rax: D, xmm0: 0n, xmm1: xmm }, 7n)).registers).toEqual({ xmm0: (high << 64n) | 7n });
    expect(go("c5 f0 16 00", load({ rax: D, ymm0: ONES << 128n, xmm1: xmm }, 7n)).registers).toEqual({ ymm0: (7n << 64n) | low });
  });

  it("broadcasts and duplicates", () => {
    expect(go("c4 e2 7d 18 00", load({ rax: D, ymm0: 0n }, 0x9n)).registers).toEqual({ ymm0: BigInt(`0x${"00000009".repeat(8)}`) });
    expect(go("c4 e2 7d 1a 00", load({ rax: D, ymm0: 0n }, low, high))).toMatchObject({ registers: { ymm0: (xmm << 128n) | xmm } });
    expect(go("f2 0f 12 00", load({ rax: D, xmm0: 0n }, 7n)).registers).toEqual({ xmm0: (7n << 64n) | 7n });
    expect(go("f3 0f 12 00", load({ rax: D, xmm0: 0n }, low, high)).registers).toEqual({
      xmm0: 0x4444_4444_4444_4444_2222_2222_2222_2222n,
    });
    expect(go("f3 0f 16 00", load({ rax: D, xmm0: 0n }, low, high)).registers).toEqual({
      xmm0: 0x3333_3333_3333_3333_1111_1111_1111_1111n,
    });
  });

  it("inserts and extracts", () => {
    expect(go("66 0f 3a 20 00 f3", load({ rax: D, xmm0: 0n }, 0xaan)).registers).toEqual({ xmm0: 0xaan << 24n });
    expect(go("66 48 0f 3a 22 00 01", load({ rax: D, xmm0: xmm }, 7n)).registers).toEqual({ xmm0: (7n << 64n) | low });
    expect(go("66 0f 3a 21 00 d1", load({ rax: D, xmm0: xmm }, 7n)).registers).toEqual({ xmm0: (high << 64n) | (7n << 32n) });
    expect(go("66 0f 3a 15 00 07", store({ rax: D, xmm0: xmm })).calls).toEqual(["write 2 at a000000: 3333"]);
    expect(go("c4 e3 7d 19 00 01", store({ rax: D, ymm0: xmm << 128n })).calls).toEqual([
      `write 8 at a000000: ${low.toString(16)}`,
      `write 8 at a000008: ${high.toString(16)}`,
    ]);
    expect(go("c4 e3 75 18 00 01", load({ rax: D, ymm0: 0n, ymm1: 5n }, low, high)).registers).toEqual({ ymm0: (xmm << 128n) | 5n });
  });

  it("zero- and sign-extending moves, and truncating ones", () => {
    expect(go("66 0f 38 20 00", load({ rax: D, xmm0: 0n }, 0x80n)).registers).toEqual({ xmm0: 0xff80n });
    expect(go("66 0f 38 32 00", load({ rax: D, xmm0: xmm }, 0x8001n)).registers).toEqual({ xmm0: (0x80n << 64n) | 1n });
    expect(go("62 f2 7e 48 32 00", store({ rax: D, zmm0: wide(0xffn) })).calls).toEqual(["write 8 at a000000: ffffffffffffffff"]);
  });

  it("EVEX masking: elements that are off make no access, keep their value or become zero", () => {
    const registers = { rax: D, zmm0: wide(ONES), k1: 0b101n };
    expect(go("62 f1 fe 49 6f 00", load(registers, 1n, 3n))).toMatchObject({
      calls: ["read 8 at a000000: 1", "read 8 at a000010: 3"],
      registers: { zmm0: (wide(ONES) & ~((1n << 192n) - 1n)) | (3n << 128n) | (ONES << 64n) | 1n },
    });
    expect(go("62 f1 fe c9 6f 00", load(registers, 1n, 3n)).registers).toEqual({ zmm0: (3n << 128n) | 1n });
    expect(go("62 f1 fe 49 7f 00", store(registers)).calls).toEqual([
      "write 8 at a000000: ffffffffffffffff",
      "write 8 at a000010: ffffffffffffffff",
    ]);
    // Merging in a ymm destination clears what lies above it.
    expect(go("62 f1 fe 29 6f 00", load(registers, 1n, 3n)).registers).toEqual({
      zmm0: (ONES << 192n) | (3n << 128n) | (ONES << 64n) | 1n,
    });
    expect(go("62 f1 7e 09 10 00", load({ ...registers, k1: 1n }, 7n)).registers).toEqual({ zmm0: 7n });
    expect(refuse("62 f1 fe 49 6f 00", load({ ...registers, k1: 0n })).reason).toBe("address-mismatch");
    // A device that is met by a later element only is at that element's address.
    expect(
      go("62 f1 fe 49 6f 40 ff", { registers: { ...registers, rax: D + 64n, k1: 0b10n }, gva: D + 8n, write: false, reads: [9n] }).calls,
    ).toEqual(["read 8 at a000008: 9"]);
  });

  it("a masked broadcast reads once, if at all", () => {
    expect(go("62 f2 7d 49 18 00", load({ rax: D, zmm0: 0n, k1: 0b110n }, 9n))).toMatchObject({
      calls: ["read 4 at a000000: 9"],
      registers: { zmm0: (9n << 64n) | (9n << 32n) },
    });
    expect(refuse("62 f2 7d 49 18 00", load({ rax: D, zmm0: 0n, k1: 0n })).reason).toBe("address-mismatch");
  });

  it("VMASKMOV takes sign bits, and loads zero where they are off", () => {
    const mask = (1n << 31n) | (1n << 127n);
    expect(go("c4 e2 71 2c 00", load({ rax: D, ymm0: wide(ONES) & ((1n << 256n) - 1n), xmm1: mask }, 1n, 4n))).toMatchObject({
      calls: ["read 4 at a000000: 1", "read 4 at a00000c: 4"],
      registers: { ymm0: (4n << 96n) | 1n },
    });
    expect(go("c4 e2 71 2e 00", store({ rax: D, xmm0: xmm, xmm1: mask })).calls).toEqual([
      "write 4 at a000000: 22222222",
      "write 4 at a00000c: 33333333",
    ]);
  });

  it("MASKMOVDQU writes the bytes whose mask byte is negative", () => {
    expect(go("66 0f f7 c1", store({ rdi: D, xmm0: 0x44_3322_1100n, xmm1: 0x80_0080_0080n })).calls).toEqual([
      "write 1 at a000000: 0",
      "write 1 at a000002: 22",
      "write 1 at a000004: 44",
    ]);
  });

  it("compress and expand pack what is on", () => {
    expect(go("62 f2 7d 09 8b 00", store({ rax: D, xmm0: xmm, k1: 0b1010n })).calls).toEqual([
      "write 4 at a000000: 11111111",
      "write 4 at a000004: 33333333",
    ]);
    expect(go("62 f2 7d 89 89 00", load({ rax: D, xmm0: xmm, k1: 0b1010n }, 5n, 6n))).toMatchObject({
      calls: ["read 4 at a000000: 5", "read 4 at a000004: 6"],
      registers: { xmm0: (6n << 96n) | (5n << 32n) },
    });
  });

  it("gathers read where their indices point and clear their mask", () => {
    // vpgatherdd xmm0, [rax + xmm1*4], xmm2
    const indices = (0xffff_ffffn << 32n) | 2n;
    expect(
      go("c4 e2 69 90 04 88", {
        registers: { rax: D + 4n, xmm0: xmm, xmm1: indices, xmm2: ONES },
        gva: D + 12n,
        write: false,
        reads: [7n, 8n],
      }),
    ).toMatchObject({
      calls: ["read 4 at a00000c: 7", "read 4 at a000000: 8"],
      registers: { xmm0: (high << 64n) | (8n << 32n) | 7n, xmm2: 0n },
    });
    expect(
      go("62 f2 7d 09 a0 04 88", { registers: { rax: D + 4n, xmm0: xmm, xmm1: indices, k1: 3n }, gva: D + 12n, write: true }),
    ).toMatchObject({
      calls: ["write 4 at a00000c: 22222222", "write 4 at a000000: 11111111"],
      registers: { k1: 0n },
    });
  });

  it("lane arithmetic: bitwise, sums, extremes, comparisons, unpacking", () => {
    expect(go("66 0f ef 00", load({ rax: D, xmm0: xmm }, low, 0n)).registers).toEqual({ xmm0: high << 64n });
    expect(go("66 0f df 00", load({ rax: D, xmm0: bytesOfAll("f0") }, ONES, 0xffn)).registers).toEqual({
      xmm0: (0x0fn << 64n) | 0x0f0f_0f0f_0f0f_0f0fn,
    });
    expect(go("66 0f fc 00", load({ rax: D, xmm0: bytesOfAll("ff") }, 2n, 0n)).registers).toEqual({ xmm0: bytesOfAll("ff") - 0xffn + 1n });
    expect(go("66 0f f8 00", load({ rax: D, xmm0: 0n }, 1n, 0n)).registers).toEqual({ xmm0: 0xffn });
    expect(go("66 0f da 00", load({ rax: D, xmm0: bytesOfAll("80") }, 0x7fn, ONES)).registers).toEqual({
      xmm0: (0x8080_8080_8080_8080n << 64n) | 0x7fn,
    });
    expect(go("66 0f ee 00", load({ rax: D, xmm0: 0x8000n }, 0x7fffn, 0n)).registers).toEqual({ xmm0: 0x7fffn });
    expect(go("66 0f 74 00", load({ rax: D, xmm0: 5n }, 5n, 1n)).registers).toEqual({ xmm0: (0xffff_ffff_ffff_ff00n << 64n) | ONES });
    expect(go("66 0f 66 00", load({ rax: D, xmm0: 1n }, 0xffff_ffffn, 0n)).registers).toEqual({ xmm0: 0xffff_ffffn });
    expect(go("0f 14 00", load({ rax: D, xmm0: xmm }, 0x99n, 0x77n)).registers).toEqual({
      xmm0: (0x1111_1111n << 64n) | (0x99n << 32n) | 0x2222_2222n,
    });
    expect(go("66 0f 6d 00", load({ rax: D, xmm0: xmm }, 0x99n, 0x77n)).registers).toEqual({ xmm0: (0x77n << 64n) | high });
    expect(refuse("66 0f ef 40 08", { registers: { rax: D, xmm0: 0n }, gva: D + 8n, write: false }).detail).toContain("16-byte alignment");
    // VEX does not demand alignment, and clears the rest.
    expect(
      go("c5 f1 fe 40 08", { registers: { rax: D, ymm0: wide(1n) >> 256n, xmm1: 1n }, gva: D + 8n, write: false, reads: [1n, 0n] })
        .registers,
    ).toEqual({ ymm0: 2n });
  });

  it("lane arithmetic under a mask reads the lanes that are on; a broadcast element once", () => {
    const registers = { rax: D, zmm0: wide(ONES), zmm1: wide(1n), k1: 0b10n };
    // vpaddq zmm0 {k1}{z}, zmm1, [rax]; the same with [rax]{1to8}; merging in xmm
    expect(go("62 f1 f5 c9 d4 00", { registers, gva: D + 8n, write: false, reads: [5n] })).toMatchObject({
      calls: ["read 8 at a000008: 5"],
      registers: { zmm0: 6n << 64n },
    });
    expect(go("62 f1 f5 d9 d4 00", load(registers, 5n))).toMatchObject({ calls: ["read 8 at a000000: 5"], registers: { zmm0: 6n << 64n } });
    expect(go("62 f1 f5 09 d4 00", { registers, gva: D + 8n, write: false, reads: [5n] }).registers).toEqual({ zmm0: (6n << 64n) | ONES });
    expect(go("62 f1 f5 58 d4 00", load(registers, 5n)).registers).toEqual({ zmm0: wide(6n) });
  });

  it("opmask moves", () => {
    expect(go("c5 f8 90 08", load({ rax: D, k1: ONES }, 0x1234n)).registers).toEqual({ k1: 0x1234n });
    expect(go("c4 e1 f8 91 08", store({ rax: D, k1: ONES })).calls).toEqual(["write 8 at a000000: ffffffffffffffff"]);
  });

  it("MMX registers are not in the trace: refused by name", () => {
    expect(refuse("0f 6f 00", load({ rax: D }, 1n))).toMatchObject({
      reason: "unsupported-instruction",
      detail: expect.stringContaining("mmx register 0"),
    });
  });
});
