import { describe, expect, it } from "vitest";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import { K0, MXCSR, RAX, RBX, RCX, RDX, RSI, RSP, X86_64_REGISTERS, ZMM0 } from "../../src/isa/x86-64/registers.ts";
import { ARM_REGISTERS } from "../../src/isa/arm/registers.ts";
import type { Compute, Operation, Read, Write } from "../../src/model/operation.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { ZERO_REGISTER } from "../../src/model/registers.ts";
import { DEVICE_GVA, type FaultText, summary } from "../support/fault.ts";
import { at, execute, type Executed, from, immediate, into, type Machine, slice, temporary } from "../support/operation.ts";

const CF = 0x001n;
const PF = 0x004n;
const ZF = 0x040n;
const SF = 0x080n;
const FLAGS = 0x202n;
const RAM = 0x10_0000n;

function run(parts: Partial<Operation>, text: Omit<FaultText, "bytes">, machine: Machine = {}): Executed {
  return execute(X86_64_REGISTERS, "x86-64", parts, { bytes: "0f0b0000", gva: DEVICE_GVA, ...text }, machine);
}

function outcome(executed: Executed): ReturnType<typeof summary> {
  return summary({ registers: X86_64_REGISTERS }, executed.result);
}

/** One read of [rbx] into temporary 0. */
const load = (size: 1 | 2 | 4 | 8, offset = 0): Read => ({ address: 0, offset, size, to: [], temporary: 0, temporaryBit: 8 * offset });
const store = (size: 1 | 2 | 4 | 8, source: Write["from"], offset = 0): Write => ({ address: 0, offset, size, from: source });
const copy = (width: number, source: Compute["inputs"][number], to: Compute["to"], more: Partial<Compute> = {}): Compute => ({
  operator: "copy",
  width,
  inputs: [source],
  to,
  ...more,
});
const addresses = [at(RBX)];

describe("computes", () => {
  it("ADD [rbx], rax: read, flags, write", () => {
    const result = run(
      {
        addresses,
        reads: [load(4)],
        computes: [{ operator: "x86-add", width: 32, inputs: [temporary(0), from(RAX, 32)], to: [], temporary: 1 }],
        writes: [store(4, temporary(1))],
      },
      { registers: { rax: 0x1_0000_0001n, rbx: DEVICE_GVA, rflags: FLAGS }, reads: [0xffff_ffffn] },
    );
    expect(outcome(result)).toEqual({
      calls: ["read 4 at a000000: ffffffff", "write 4 at a000000: 0"],
      pc: 0x1004n,
      registers: { rflags: FLAGS | CF | PF | ZF | 0x10n },
      memory: [],
    });
  });

  it("with the flags kept does not even need them", () => {
    const add: Compute = { operator: "x86-add", width: 64, inputs: [temporary(0), immediate(1n)], to: [into(RAX, 64)] };
    const text = { registers: { rbx: DEVICE_GVA }, reads: [41n] };
    expect(outcome(run({ addresses, reads: [load(8)], computes: [{ ...add, flags: "keep" }] }, text)).registers).toEqual({ rax: 42n });
    expect(run({ addresses, reads: [load(8)], computes: [add] }, text).result).toMatchObject({
      reason: "missing-register",
      detail: expect.stringContaining("rflags"),
    });
  });

  it("each sees the flags as the one before it left them", () => {
    const result = run(
      {
        addresses,
        reads: [load(1)],
        computes: [
          { operator: "x86-sub", width: 8, inputs: [temporary(0), immediate(5n)], to: [] },
          { operator: "x86-condition", width: 8, inputs: [immediate(4n)], to: [into(RAX, 8)] },
        ],
      },
      { registers: { rbx: DEVICE_GVA, rflags: FLAGS }, reads: [5n] },
    );
    expect(outcome(result).registers).toMatchObject({ rax: 1n });
  });

  it("under a condition that is false change nothing at all", () => {
    const result = run(
      {
        addresses,
        reads: [load(8)],
        computes: [
          copy(64, immediate(7n), [], { temporary: 1 }),
          { operator: "x86-sub", width: 64, inputs: [temporary(0), temporary(0)], to: [into(RAX, 64)], temporary: 1, when: immediate(2n) },
          copy(64, temporary(1), [into(RCX, 64)]),
        ],
      },
      { registers: { rax: 1n, rbx: DEVICE_GVA, rcx: 0n, rflags: FLAGS }, reads: [9n] },
    );
    expect(outcome(result).registers).toEqual({ rcx: 7n });
  });

  it("cut their inputs to the operand's width", () => {
    const result = run(
      { addresses, reads: [load(2)], computes: [{ operator: "add", width: 16, inputs: [temporary(0), from(RAX, 64)], to: [into(RCX, 16)] }] },
      { registers: { rax: 0xffff_ffffn, rbx: DEVICE_GVA, rcx: 0n }, reads: [3n] },
    );
    expect(outcome(result).registers).toEqual({ rcx: 2n });
  });
});

describe("CMPXCHG", () => {
  const width = 32;
  const cmpxchg: Partial<Operation> = {
    addresses,
    reads: [load(4)],
    computes: [
      { operator: "x86-sub", width, inputs: [from(RAX, width), temporary(0)], to: [] },
      { operator: "not-equal", width, inputs: [from(RAX, width), temporary(0)], to: [], temporary: 1 },
      copy(width, temporary(0), [into(RAX, width)], { when: temporary(1) }),
      { operator: "compare-select", width, inputs: [temporary(0), from(RAX, width), from(RCX, width)], to: [], temporary: 2 },
    ],
    writes: [store(4, temporary(2))],
    atomic: "read-modify-write",
  };
  const registers = { rax: 0xdead_0000_0005n, rbx: DEVICE_GVA, rcx: 9n, rflags: FLAGS };
  const split: Machine = { policy: { atomics: "split" } };

  it("that succeeds leaves all of RAX alone", () => {
    expect(outcome(run(cmpxchg, { registers, reads: [5n] }, split))).toMatchObject({
      calls: ["read 4 at a000000: 5", "write 4 at a000000: 9"],
      registers: { rflags: FLAGS | ZF | PF },
    });
    expect(outcome(run(cmpxchg, { registers, reads: [5n] }, split)).registers).not.toHaveProperty("rax");
  });

  it("that fails loads EAX, clears the upper half, and writes the old value back", () => {
    const result = outcome(run(cmpxchg, { registers, reads: [4n] }, split));
    expect(result.calls).toEqual(["read 4 at a000000: 4", "write 4 at a000000: 4"]);
    expect(result.registers).toEqual({ rax: 4n });
  });

  it("is refused as atomic by default, before anything is done", () => {
    const { result, accesses } = run(cmpxchg, { registers, reads: [4n] });
    expect(result).toMatchObject({ reason: "atomic" });
    expect(accesses).toEqual([]);
  });

  it("of register pairs: halves put together and taken apart", () => {
    const pair = (high: number, low: number, index: number): Compute[] => [
      copy(64, from(low, 64), [], { temporary: index }),
      copy(64, from(high, 64), [], { temporary: index, temporaryBit: 64 }),
    ];
    const cmpxchg16b: Partial<Operation> = {
      addresses: [at(RSI)],
      reads: [load(8), load(8, 8)],
      computes: [
        ...pair(RDX, RAX, 1),
        ...pair(RCX, RBX, 2),
        { operator: "x86-compare-zero", width: 128, inputs: [temporary(0), temporary(1)], to: [] },
        { operator: "not-equal", width: 128, inputs: [temporary(0), temporary(1)], to: [], temporary: 3 },
        { operator: "compare-select", width: 128, inputs: [temporary(0), temporary(1), temporary(2)], to: [], temporary: 4 },
        copy(64, temporary(0), [into(RAX, 64)], { when: temporary(3) }),
        copy(64, temporary(0, 64), [into(RDX, 64)], { when: temporary(3) }),
      ],
      writes: [store(8, temporary(4)), store(8, temporary(4, 64), 8)],
      alignment: 16,
    };
    const pairs = { rax: 1n, rdx: 2n, rbx: 3n, rcx: 4n, rsi: DEVICE_GVA, rflags: FLAGS };
    expect(outcome(run(cmpxchg16b, { registers: pairs, reads: [1n, 2n] }))).toMatchObject({
      calls: ["read 8 at a000000: 1", "read 8 at a000008: 2", "write 8 at a000000: 3", "write 8 at a000008: 4"],
      registers: { rflags: FLAGS | ZF },
    });
    expect(outcome(run(cmpxchg16b, { registers: pairs, reads: [1n, 7n] }))).toMatchObject({
      calls: ["read 8 at a000000: 1", "read 8 at a000008: 7", "write 8 at a000000: 1", "write 8 at a000008: 7"],
      registers: { rdx: 7n },
    });
  });
});

describe("instructions with two results, or none", () => {
  const div: Partial<Operation> = {
    addresses,
    reads: [load(4)],
    computes: [
      { operator: "x86-div", width: 32, inputs: [from(RDX, 32), from(RAX, 32), temporary(0)], to: [], temporary: 1 },
      copy(32, temporary(1), [into(RAX, 32)]),
      copy(32, temporary(1, 32), [into(RDX, 32)]),
    ],
  };

  it("DIV gives quotient and remainder", () => {
    const result = run(div, { registers: { rax: 0xff_0000_0007n, rdx: 0xff_0000_0001n, rbx: DEVICE_GVA, rflags: FLAGS }, reads: [0x10n] });
    expect(outcome(result).registers).toMatchObject({ rax: 0x1000_0000n, rdx: 7n });
  });

  it("DIV that raises #DE has read the device, and commits nothing", () => {
    const { result, accesses } = run(div, { registers: { rax: 1n, rdx: 5n, rbx: DEVICE_GVA, rflags: FLAGS }, reads: [5n] });
    expect(result).toBeInstanceOf(Refusal);
    expect(result).toMatchObject({ reason: "unsupported-instruction", detail: expect.stringContaining("#DE"), advice: expect.stringContaining("inject #DE") });
    expect(accesses).toHaveLength(1);
  });

  it("BSF of 0 leaves its destination alone", () => {
    const bsf: Partial<Operation> = {
      addresses,
      reads: [load(4)],
      computes: [
        { operator: "not-equal", width: 32, inputs: [temporary(0), immediate(0n)], to: [], temporary: 1 },
        { operator: "x86-bsf", width: 32, inputs: [temporary(0)], to: [], temporary: 2 },
        copy(32, temporary(2), [into(RAX, 32)], { when: temporary(1) }),
      ],
    };
    const registers = { rax: 0xffff_0000_1234n, rbx: DEVICE_GVA, rflags: FLAGS };
    expect(outcome(run(bsf, { registers, reads: [0n] })).registers).not.toHaveProperty("rax");
    expect(outcome(run(bsf, { registers, reads: [0x80n] })).registers).toMatchObject({ rax: 7n });
  });

  it("LDMXCSR with a reserved bit raises #GP", () => {
    const ldmxcsr: Partial<Operation> = {
      addresses,
      reads: [load(4)],
      computes: [{ operator: "x86-mxcsr", width: 32, inputs: [temporary(0)], to: [into(MXCSR, 32, 32)] }],
    };
    expect(run(ldmxcsr, { registers: { rbx: DEVICE_GVA }, reads: [0x1_1f80n] }).result).toMatchObject({ detail: expect.stringContaining("#GP(0)") });
    expect(outcome(run(ldmxcsr, { registers: { rbx: DEVICE_GVA }, reads: [0x1f80n] })).registers).toEqual({ mxcsr: 0x1f80n });
  });

  it("CCMP compares if its condition holds, else sets the flags given", () => {
    const ccmp: Partial<Operation> = {
      addresses,
      reads: [load(4)],
      computes: [
        { operator: "x86-condition", width: 8, inputs: [immediate(2n)], to: [], temporary: 1 },
        { operator: "x86-default-flags", width: 8, inputs: [immediate(4n)], to: [] },
        { operator: "x86-sub", width: 32, inputs: [temporary(0), from(RAX, 32)], to: [], when: temporary(1) },
      ],
    };
    const registers = { rax: 6n, rbx: DEVICE_GVA };
    expect(outcome(run(ccmp, { registers: { ...registers, rflags: FLAGS | CF }, reads: [6n] })).registers).toEqual({ rflags: FLAGS | ZF | PF });
    expect(outcome(run(ccmp, { registers: { ...registers, rflags: FLAGS }, reads: [6n] })).registers).toEqual({ rflags: FLAGS | SF });
  });

  it("CFCMOV accesses memory only if RFLAGS meets its condition", () => {
    const cfcmov: Partial<Operation> = { addresses, reads: [{ ...load(4), to: [into(RAX, 32)], when: { condition: 4 }, otherwise: "zero" }] };
    const registers = { rax: ~0n, rbx: DEVICE_GVA };
    expect(outcome(run(cfcmov, { registers: { ...registers, rflags: ZF }, reads: [8n] })).registers).toEqual({ rax: 8n });
    expect(run(cfcmov, { registers: { ...registers, rflags: 0n }, reads: [8n] }).result).toMatchObject({ reason: "address-mismatch" });
  });
});

/** Lane `index` of xmm0 from [rbx + 4 × index], under bit `index` of k0. */
const lane = (index: number, more: Partial<Read> = {}): Read => ({
  address: 0,
  offset: 4 * index,
  size: 4,
  to: [slice(ZMM0, 32, 32 * index)],
  when: { register: K0, bit: index, width: 1 },
  ...more,
});

const lanes = (more: Partial<Read> = {}): Read[] => [0, 1, 2, 3].map((index) => lane(index, more));

describe("elements under a mask", () => {
  const stores = [0, 1, 2, 3].map(
    (index): Write => ({ address: 0, offset: 4 * index, size: 4, from: from(ZMM0, 32, 32 * index), when: { register: K0, bit: index, width: 1 } }),
  );
  const xmm0 = 0xdddd_dddd_cccc_cccc_bbbb_bbbb_aaaa_aaaan;

  it("that is clear makes no access; the destination is kept, or becomes zero", () => {
    const text = { registers: { rbx: DEVICE_GVA, k0: 0b0101n, xmm0 }, reads: [1n, 2n] };
    expect(outcome(run({ addresses, reads: lanes() }, text))).toMatchObject({
      calls: ["read 4 at a000000: 1", "read 4 at a000008: 2"],
      registers: { xmm0: 0xdddd_dddd_0000_0002_bbbb_bbbb_0000_0001n },
    });
    expect(outcome(run({ addresses, reads: lanes({ otherwise: "zero" }) }, text)).registers).toEqual({ xmm0: (2n << 64n) | 1n });
  });

  it("is judged by the first element that is accessed", () => {
    const text = { registers: { rbx: DEVICE_GVA, k0: 0b1100n, xmm0 }, reads: [1n, 2n] };
    expect(outcome(run({ addresses, reads: lanes() }, { ...text, gva: DEVICE_GVA + 8n })).calls).toHaveLength(2);
    expect(run({ addresses, reads: lanes() }, { ...text, gva: DEVICE_GVA }).result).toMatchObject({ reason: "address-mismatch" });
  });

  it("stores only what is set", () => {
    expect(outcome(run({ addresses, writes: stores }, { registers: { rbx: DEVICE_GVA, k0: 0b1001n, xmm0 } })).calls).toEqual([
      "write 4 at a000000: aaaaaaaa",
      "write 4 at a00000c: dddddddd",
    ]);
  });

  it("packed takes no room where it is clear: expand", () => {
    const result = run({ addresses, reads: lanes(), packed: true }, { registers: { rbx: DEVICE_GVA, k0: 0b1010n, xmm0 }, reads: [1n, 2n] });
    expect(outcome(result)).toMatchObject({
      calls: ["read 4 at a000000: 1", "read 4 at a000004: 2"],
      registers: { xmm0: 0x0000_0002_cccc_cccc_0000_0001_aaaa_aaaan },
    });
  });

  it("packed takes no room where it is clear: compress", () => {
    expect(outcome(run({ addresses, writes: stores, packed: true }, { registers: { rbx: DEVICE_GVA, k0: 0b1100n, xmm0 } })).calls).toEqual([
      "write 4 at a000000: cccccccc",
      "write 4 at a000004: dddddddd",
    ]);
  });

  it("all clear makes no access, so a fault does not belong to it", () => {
    expect(run({ addresses, writes: stores }, { registers: { rbx: DEVICE_GVA, k0: 0n, xmm0 } }).result).toMatchObject({ reason: "address-mismatch" });
  });

  it("has the alignment of its operand, not of its first element", () => {
    const text = { registers: { rbx: DEVICE_GVA, k0: 0b0010n, xmm0 }, reads: [1n] };
    expect(outcome(run({ addresses, reads: lanes(), alignment: 16 }, { ...text, gva: DEVICE_GVA + 4n })).calls).toHaveLength(1);
    const off = { ...text, registers: { ...text.registers, rbx: DEVICE_GVA + 12n }, gva: DEVICE_GVA + 16n };
    expect(run({ addresses, reads: lanes(), alignment: 16 }, off).result).toMatchObject({
      reason: "address-mismatch",
      detail: expect.stringContaining("16-byte alignment, and 0x4000000c is not"),
    });
  });

  it("needs the mask register", () => {
    expect(run({ addresses, writes: stores }, { registers: { rbx: DEVICE_GVA, xmm0 } }).result).toMatchObject({
      reason: "missing-register",
      detail: expect.stringContaining("k0"),
    });
  });
});

describe("all or nothing", () => {
  const two: Partial<Operation> = { addresses, writes: [store(8, from(RAX, 64)), store(8, from(RCX, 64), 8)], updates: [{ to: into(RBX, 64), value: at(RBX, 16n) }] };
  const registers = { rax: 1n, rbx: DEVICE_GVA, rcx: 2n };

  it("a second access that fails refuses the first's instruction", () => {
    const machine: Machine = { device: ({ gpa }) => (gpa === 0x0a00_0008n ? new Refusal("hypercall-failed", "status 1", "look at the host") : 0n) };
    expect(run(two, { registers }, machine).result).toMatchObject({ reason: "hypercall-failed" });
    expect(outcome(run(two, { registers }))).toEqual({
      calls: ["write 8 at a000000: 1", "write 8 at a000008: 2"],
      pc: 0x1004n,
      registers: { rbx: DEVICE_GVA + 16n },
      memory: [],
    });
  });

  it("a second value that was not captured keeps the first from the device", () => {
    const { result, accesses } = run(two, { registers: { rax: 1n, rbx: DEVICE_GVA } });
    expect(result).toMatchObject({ reason: "missing-register", detail: expect.stringContaining("rcx") });
    expect(accesses).toEqual([]);
  });

  it("RAM that was not captured keeps the instruction from the device", () => {
    const both: Partial<Operation> = { addresses: [at(RBX), at(RSP)], reads: [load(8), { ...load(8), address: 1, temporary: 1 }] };
    const text = { registers: { rbx: DEVICE_GVA, rsp: RAM }, reads: [1n] };
    const { result, accesses } = run(both, text);
    expect(result).toMatchObject({ reason: "missing-memory", detail: expect.stringContaining("0x100000") });
    expect(accesses).toEqual([]);
    expect(outcome(run(both, { ...text, memory: { "0x100000": "0102030405060708" } })).calls).toHaveLength(1);
  });

  it("the trace's reads may run out", () => {
    expect(run({ addresses, reads: [load(8), load(8, 8)] }, { registers, reads: [1n] }).result).toMatchObject({ reason: "missing-read" });
  });
});

describe("what crosses the border", () => {
  it("of an answer counts only the access's size, of a value only that leaves", () => {
    const exchange: Partial<Operation> = {
      addresses,
      reads: [{ ...load(2), to: [slice(RAX, 16)] }],
      writes: [store(2, from(RAX, 64))],
    };
    const { accesses, result } = run(exchange, { registers: { rax: 0x1111_2222_3333_4444n, rbx: DEVICE_GVA }, reads: [0xaaaa_bbbb_ccccn] });
    expect(accesses.map(({ value }) => value)).toEqual([0n, 0x4444n]);
    expect(summary({ registers: X86_64_REGISTERS }, result).registers).toEqual({ rax: 0x1111_2222_3333_ccccn });
  });

  it("is reversed for MOVBE, and for big-endian data on Arm", () => {
    const movbe: Partial<Operation> = { addresses, reads: [{ ...load(4), to: [into(RAX, 32)], reversed: true }], writes: [{ ...store(2, from(RCX, 16)), reversed: true }] };
    const swapped = outcome(run(movbe, { registers: { rbx: DEVICE_GVA, rcx: 0x1234n }, reads: [0x0102_0304n] }));
    expect(swapped).toMatchObject({ calls: ["read 4 at a000000: 1020304", "write 2 at a000000: 3412"], registers: { rax: 0x0403_0201n } });

    const arm: Partial<Operation> = {
      addresses: [{ base: 1, displacement: 0n, width: 32 }],
      reads: [{ address: 0, offset: 0, size: 4, to: [into(0, 32, 32)] }],
    };
    const big = execute(ARM_REGISTERS, "a32", arm, { bytes: "00000000", registers: { r1: DEVICE_GVA, cpsr: 0x3d3n }, gva: DEVICE_GVA, reads: [0x0102_0304n] });
    expect(summary({ registers: ARM_REGISTERS }, big.result)).toMatchObject({ calls: ["read 4 at a000000: 1020304"], registers: { r0: 0x0403_0201n } });
  });

  it("tells the handler the register, and nothing of what else the instruction holds", () => {
    const { accesses } = run(
      { addresses, reads: [{ ...load(2), to: [{ ...into(RAX, 16), extension: "sign" }] }], ordering: "acquire" },
      { registers: { rbx: DEVICE_GVA }, reads: [1n] },
    );
    expect(accesses[0]).toMatchObject({ write: false, gva: DEVICE_GVA, gpa: 0x0a00_0000n, size: 2, instructionLength: 4 });
    expect(accesses[0]!.target).toEqual({ register: 0, signExtend: true, sixtyFour: true, ordered: true });
    const release = run({ addresses, writes: [store(4, from(RCX, 32))], ordering: "release" }, { registers: { rbx: DEVICE_GVA, rcx: 1n } });
    expect(release.accesses[0]!.target).toEqual({ register: 1, signExtend: false, sixtyFour: false, ordered: true });
    const plain = run({ addresses, writes: [store(8, from(ZMM0, 64))] }, { registers: { rbx: DEVICE_GVA, xmm0: 1n } });
    expect(plain.accesses[0]!.target).toEqual({ register: undefined, signExtend: false, sixtyFour: true, ordered: false });
  });

  it("names the zero register by its number", () => {
    const zero: Partial<Operation> = { addresses: [{ base: 1, displacement: 0n, width: 64 }], writes: [store(4, from(ZERO_REGISTER, 32))] };
    const { accesses } = execute(AARCH64_REGISTERS, "a64", zero, { bytes: "00000000", registers: { x1: DEVICE_GVA }, gva: DEVICE_GVA });
    expect(accesses).toMatchObject([{ value: 0n, target: { register: 31 } }]);
  });

  it("writes RAM into the result, not to the device", () => {
    const push: Partial<Operation> = {
      addresses: [at(RBX), at(RSP, -8n)],
      reads: [load(8)],
      writes: [{ ...store(8, temporary(0)), address: 1 }],
      updates: [{ to: into(RSP, 64), value: at(RSP, -8n) }],
    };
    expect(outcome(run(push, { registers: { rbx: DEVICE_GVA, rsp: RAM }, reads: [0x0807_0605_0403_0201n] }))).toMatchObject({
      calls: ["read 8 at a000000: 807060504030201"],
      registers: { rsp: RAM - 8n },
      memory: ["ffff8: 0102030405060708"],
    });
  });
});
