import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Emulation } from "../../src/emulate/emulate.ts";
import { RAX, RCX, RDI, RSI, X86_64_REGISTERS } from "../../src/isa/x86-64/registers.ts";
import type { Address, Operation, Update } from "../../src/model/operation.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { DEVICE_GVA, type FaultText, summary } from "../support/fault.ts";
import { at, execute, from, into, type Executed, type Machine, slice, temporary } from "../support/operation.ts";

type Size = 1 | 2 | 4 | 8;
type Repeat = "rep" | "repe" | "repne";

/** String instructions as SDM volume 2 describes them, made by hand: these tests are about execution, not decoding. */
function string(name: "movs" | "stos" | "lods" | "cmps" | "scas", size: Size, repeat?: Repeat, width: 64 | 32 = 64): Partial<Operation> {
  const source: Address = { ...at(RSI), width };
  const target: Address = { ...at(RDI), width };
  const step = (register: number): Update => ({
    to: into(register, width),
    value: { base: register, displacement: BigInt(size), directional: true, width },
  });
  const read = (address: number, index: number): Operation["reads"][number] => ({ address, offset: 0, size, to: [], temporary: index });
  const repeated: Partial<Operation> =
    repeat === undefined ? {} : { repeat: { counter: into(RCX, width), ...(repeat !== "rep" && { whileZero: repeat === "repe" ? 1 : 0 }) } };
  const compare = (inputs: Operation["computes"][number]["inputs"]): Operation["computes"] => [{ operator: "x86-sub", width: 8 * size, inputs, to: [] }];
  switch (name) {
    case "movs":
      return {
        addresses: [source, target],
        reads: [read(0, 0)],
        writes: [{ address: 1, offset: 0, size, from: temporary(0) }],
        updates: [step(RSI), step(RDI)],
        ...repeated,
      };
    case "stos":
      return { addresses: [target], writes: [{ address: 0, offset: 0, size, from: from(RAX, 8 * size) }], updates: [step(RDI)], ...repeated };
    case "lods":
      return { addresses: [source], reads: [{ ...read(0, 0), to: [slice(RAX, 8 * size)] }], updates: [step(RSI)], ...repeated };
    case "cmps":
      return {
        addresses: [source, target],
        reads: [read(0, 0), read(1, 1)],
        computes: compare([temporary(0), temporary(1)]),
        updates: [step(RSI), step(RDI)],
        ...repeated,
      };
    case "scas":
      return { addresses: [target], reads: [read(0, 0)], computes: compare([from(RAX, 8 * size), temporary(0)]), updates: [step(RDI)], ...repeated };
    default:
      return name satisfies never;
  }
}

const PAGE = 0x1000n;
const RAM = 0x10_0000n;
const DOWN = 0x402n;
const UP = 0x002n;
const isa = { registers: X86_64_REGISTERS };

function run(operation: Partial<Operation>, text: Omit<FaultText, "bytes">, machine: Machine = {}): Executed {
  return execute(X86_64_REGISTERS, "x86-64", operation, { bytes: "f3a4", ...text }, machine);
}

function emulated(executed: Executed): Emulation {
  if (executed.result instanceof Refusal) throw new Error(`refused: ${executed.result.reason}: ${executed.result.detail}`);
  return executed.result;
}

const outcome = (executed: Executed): ReturnType<typeof summary> => summary(isa, emulated(executed));

describe("REP runs to its end", () => {
  it("MOVS from the device to RAM", () => {
    const result = run(string("movs", 2, "rep"), {
      registers: { rcx: 3n, rsi: DEVICE_GVA + 0x10n, rdi: RAM, rflags: UP },
      gva: DEVICE_GVA + 0x10n,
      write: false,
      reads: [0x1111n, 0x2222n, 0xffff_3333n],
    });
    expect(outcome(result)).toEqual({
      calls: ["read 2 at a000010: 1111", "read 2 at a000012: 2222", "read 2 at a000014: 3333"],
      pc: 0x1002n,
      registers: { rcx: 0n, rsi: DEVICE_GVA + 0x16n, rdi: RAM + 6n },
      memory: ["100000: 111122223333"],
    });
  });

  it("downwards while DF is set", () => {
    const result = run(string("stos", 4, "rep"), {
      registers: { rax: 0xaaaa_bbbb_ccccn, rcx: 2n, rdi: DEVICE_GVA + 8n, rflags: DOWN },
      gva: DEVICE_GVA + 8n,
    });
    expect(outcome(result)).toMatchObject({
      calls: ["write 4 at a000008: bbbbcccc", "write 4 at a000004: bbbbcccc"],
      registers: { rcx: 0n, rdi: DEVICE_GVA },
    });
  });

  it("from device to device, a read before each write", () => {
    const result = run(string("movs", 1, "rep"), {
      registers: { rcx: 2n, rsi: DEVICE_GVA, rdi: DEVICE_GVA + 0x80n, rflags: UP },
      gva: DEVICE_GVA,
      write: false,
      reads: [1n, 2n],
    });
    expect(outcome(result).calls).toEqual(["read 1 at a000000: 1", "write 1 at a000080: 1", "read 1 at a000001: 2", "write 1 at a000081: 2"]);
  });

  it("reading what it has written: source and target overlap", () => {
    // Once the source has left the device page it walks through the RAM behind it that the first iteration filled.
    const end = DEVICE_GVA + PAGE;
    const result = run(string("movs", 8, "rep"), {
      registers: { rcx: 3n, rsi: end - 8n, rdi: end, rflags: UP },
      gva: end - 8n,
      reads: [0x0123_4567_89ab_cdefn],
    });
    expect(outcome(result)).toEqual({
      calls: ["read 8 at a000ff8: 123456789abcdef"],
      pc: 0x1002n,
      registers: { rcx: 0n, rsi: end + 0x10n, rdi: end + 0x18n },
      memory: [`40001000: ${"efcdab8967452301".repeat(3)}`],
    });
  });

  it("LODS keeps the upper part of RAX and takes the last element", () => {
    const result = run(string("lods", 1, "rep"), {
      registers: { rax: 0x1122n, rcx: 2n, rsi: DEVICE_GVA, rflags: UP },
      gva: DEVICE_GVA,
      reads: [5n, 6n],
    });
    expect(outcome(result).registers).toEqual({ rax: 0x1106n, rcx: 0n, rsi: DEVICE_GVA + 2n });
  });

  it("without a repeat once, whatever RCX holds", () => {
    const result = run(string("stos", 1), { registers: { rax: 1n, rcx: 0n, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA });
    expect(outcome(result)).toMatchObject({ calls: ["write 1 at a000000: 1"], registers: { rdi: DEVICE_GVA + 1n } });
  });
});

/** SCASB for 7. */
const scas = (repeat: Repeat, reads: bigint[], rcx: bigint): ReturnType<typeof summary> =>
  outcome(run(string("scas", 1, repeat), { registers: { rax: 7n, rcx, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA, reads }));

describe("REPE and REPNE", () => {
  const EQUAL = 0x46n;
  const SEVEN_MINUS_THREE = 0x2n;

  it.each([
    ["REPE goes on while equal, to the count", "repe", [7n, 7n], 2n, 0n, EQUAL],
    ["REPE ends after the first difference", "repe", [7n, 3n], 9n, 7n, SEVEN_MINUS_THREE],
    ["REPE ends with a difference at the last count", "repe", [7n, 3n], 2n, 0n, SEVEN_MINUS_THREE],
    ["REPNE goes on while different, to the count", "repne", [3n, 3n], 2n, 0n, SEVEN_MINUS_THREE],
    ["REPNE ends after the first match", "repne", [3n, 7n], 9n, 7n, EQUAL],
    ["REPNE ends at once", "repne", [7n], 9n, 8n, EQUAL],
  ] as const)("%s", (_, repeat, reads, rcx, left, flags) => {
    const { calls, pc, registers } = scas(repeat, [...reads], rcx);
    expect(calls).toHaveLength(reads.length);
    expect(pc).toBe(0x1002n);
    expect(registers["rcx"]).toBe(left);
    expect(registers["rdi"]).toBe(DEVICE_GVA + BigInt(reads.length));
    expect(registers["rflags"] ?? UP).toBe(flags);
  });

  it("the flags before it do not matter, those of the last comparison stay", () => {
    // ZF is clear before REPE, and carry is set by 7 - 8.
    const result = run(string("scas", 1, "repe"), { registers: { rax: 7n, rcx: 2n, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA, reads: [7n, 8n] });
    expect(outcome(result).registers["rflags"]! & 0x41n).toBe(0x01n);
  });

  it("CMPS reads [rsi], then [rdi], and subtracts the second", () => {
    const result = run(string("cmps", 2, "repe"), {
      registers: { rcx: 5n, rsi: DEVICE_GVA, rdi: DEVICE_GVA + 0x100n, rflags: UP },
      gva: DEVICE_GVA,
      reads: [1n, 1n, 2n, 3n],
    });
    const { calls, registers } = outcome(result);
    expect(calls).toEqual(["read 2 at a000000: 1", "read 2 at a000100: 1", "read 2 at a000002: 2", "read 2 at a000102: 3"]);
    expect(registers).toMatchObject({ rcx: 3n, rsi: DEVICE_GVA + 4n, rdi: DEVICE_GVA + 0x104n });
    expect(registers["rflags"]! & 1n).toBe(1n);
  });
});

describe("REP with a count of 0", () => {
  it.each([
    ["RCX", 64, 0n],
    ["ECX of a larger RCX, at address size 32", 32, 0xf_0000_0000n],
  ] as const)("touches nothing, so a fault does not belong to it: %s", (_, width, rcx) => {
    const { result, accesses } = run(string("stos", 1, "rep", width), { registers: { rax: 0n, rcx, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA });
    expect(result).toMatchObject({ reason: "address-mismatch", detail: expect.stringContaining("rcx") });
    expect(accesses).toEqual([]);
  });
});

describe("address size 32", () => {
  it("counts in ECX and walks in EDI; the upper halves become zero", () => {
    const result = run(string("stos", 1, "rep", 32), {
      registers: { rax: 9n, rcx: 0xdead_0000_0002n, rdi: 0xbeef_0000_0000n + DEVICE_GVA, rflags: UP },
      gva: DEVICE_GVA,
    });
    expect(outcome(result)).toMatchObject({
      calls: ["write 1 at a000000: 9", "write 1 at a000001: 9"],
      registers: { rcx: 0n, rdi: DEVICE_GVA + 2n },
    });
  });

  it("wraps at 4 GiB", () => {
    const top = 0xffff_fff8n;
    const guest = { windows: [{ gva: 0xffff_f000n, gpa: 0x5000n, size: 0x1000n }, { gva: 0n, gpa: 0x9000n, size: 0x1000n }] };
    const result = run(string("stos", 8, "rep", 32), { registers: { rax: 9n, rcx: 2n, rdi: top, rflags: UP }, gva: top, gpa: 0x5ff8n }, { guest });
    expect(outcome(result)).toMatchObject({ calls: ["write 8 at 5ff8: 9", "write 8 at 9000: 9"], registers: { rdi: 8n } });
  });
});

describe("REP stops short, the PC in place", () => {
  const window: Machine = { guest: { windows: [{ gva: DEVICE_GVA, gpa: 0xa00_0000n, size: 4n * PAGE }] } };

  it("after 4096 iterations, and goes on from there", () => {
    const registers = { rax: 1n, rcx: 5000n, rdi: DEVICE_GVA, rflags: UP };
    const first = emulated(run(string("stos", 1, "rep"), { registers, gva: DEVICE_GVA }, window));
    expect(first.calls).toHaveLength(4096);
    expect(first.after.pc).toBe(0x1000n);
    expect(summary(isa, first).registers).toEqual({ rcx: 904n, rdi: DEVICE_GVA + PAGE });
    const again = { ...registers, ...summary(isa, first).registers };
    const second = emulated(run(string("stos", 1, "rep"), { registers: again, gva: DEVICE_GVA + PAGE }, window));
    expect(second.calls).toHaveLength(904);
    expect(second.after.pc).toBe(0x1002n);
    expect(summary(isa, second).registers).toEqual({ rcx: 0n, rdi: DEVICE_GVA + 5000n });
  });

  it("not after 4096 iterations that were all", () => {
    const result = run(string("stos", 1, "rep"), { registers: { rax: 1n, rcx: 4096n, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA });
    expect(outcome(result)).toMatchObject({ pc: 0x1002n, registers: { rcx: 0n } });
  });

  it("at the end of the faulting page, unless a window goes on", () => {
    const start = DEVICE_GVA + PAGE - 16n;
    const text = { registers: { rax: 1n, rcx: 5n, rdi: start, rflags: UP }, gva: start };
    expect(outcome(run(string("stos", 8, "rep"), text))).toEqual({
      calls: ["write 8 at a000ff0: 1", "write 8 at a000ff8: 1"],
      pc: 0x1000n,
      registers: { rcx: 3n, rdi: DEVICE_GVA + PAGE },
      memory: [],
    });
    expect(outcome(run(string("stos", 8, "rep"), text, window))).toMatchObject({ pc: 0x1002n, registers: { rcx: 0n } });
  });

  it("downwards at the start of the faulting page", () => {
    const start = DEVICE_GVA + 8n;
    const result = run(string("stos", 8, "rep"), { registers: { rax: 1n, rcx: 5n, rdi: start, rflags: DOWN }, gva: start });
    expect(outcome(result)).toMatchObject({ pc: 0x1000n, registers: { rcx: 3n, rdi: DEVICE_GVA - 8n } });
  });

  it("before an access that straddles two pages, which is refused when it is the first", () => {
    const start = DEVICE_GVA + PAGE - 12n;
    const text = { registers: { rax: 1n, rcx: 5n, rdi: start, rflags: UP }, gva: start };
    const stopped = outcome(run(string("stos", 8, "rep"), text, window));
    expect(stopped).toMatchObject({ calls: ["write 8 at a000ff4: 1"], pc: 0x1000n, registers: { rcx: 4n, rdi: DEVICE_GVA + PAGE - 4n } });
    const again = run(string("stos", 8, "rep"), { registers: { ...text.registers, ...stopped.registers }, gva: DEVICE_GVA + PAGE - 4n }, window);
    expect(again.result).toMatchObject({ reason: "page-crossing" });
    expect(again.accesses).toEqual([]);
  });

  it("where the captured RAM that it reads ends; without any it is refused", () => {
    const text = { registers: { rcx: 4n, rsi: RAM, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA, write: true, memory: { "0x100000": "0a0b" } };
    expect(outcome(run(string("movs", 1, "rep"), text))).toEqual({
      calls: ["write 1 at a000000: a", "write 1 at a000001: b"],
      pc: 0x1000n,
      registers: { rcx: 2n, rsi: RAM + 2n, rdi: DEVICE_GVA + 2n },
      memory: [],
    });
    expect(run(string("movs", 1, "rep"), { ...text, memory: {} }).result).toMatchObject({ reason: "missing-memory" });
  });

  it("before device memory at a user address, unless the policy allows it", () => {
    const guest = { windows: [{ gva: 0x7000n, gpa: 0xa00_0000n, size: 2n * PAGE }], kernelStart: 0x8000n };
    const text = { registers: { rax: 1n, rcx: 3n, rdi: 0x8001n, rflags: DOWN }, gva: 0x8001n, gpa: 0xa00_1001n };
    const refused = outcome(run(string("stos", 1, "rep"), text, { guest }));
    expect(refused).toMatchObject({ calls: ["write 1 at a001001: 1", "write 1 at a001000: 1"], pc: 0x1000n, registers: { rcx: 1n } });
    expect(outcome(run(string("stos", 1, "rep"), text, { guest, policy: { userMode: "allow" } }))).toMatchObject({ pc: 0x1002n });
  });
});

describe("REP is refused whole", () => {
  it("when the trace has not all the values that it reads", () => {
    const { result } = run(string("lods", 1, "rep"), { registers: { rax: 0n, rcx: 3n, rsi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA, reads: [1n, 2n] });
    expect(result).toMatchObject({ reason: "missing-read" });
  });

  it("when a hypercall in the middle fails", () => {
    let calls = 0;
    const device = (): bigint | Refusal => (++calls === 3 ? new Refusal("hypercall-failed", "status 1", "look at the host") : 0n);
    const { result } = run(string("stos", 1, "rep"), { registers: { rax: 0n, rcx: 5n, rdi: DEVICE_GVA, rflags: UP }, gva: DEVICE_GVA }, { device });
    expect(result).toMatchObject({ reason: "hypercall-failed" });
    expect(calls).toBe(3);
  });

  it.each(["rcx", "rdi", "rflags", "rax"])("when %s was not captured", (missing) => {
    const all = { rax: 0n, rcx: 5n, rdi: DEVICE_GVA, rflags: UP };
    const registers = Object.fromEntries(Object.entries(all).filter(([name]) => name !== missing));
    expect(run(string("stos", 8, "rep"), { registers, gva: DEVICE_GVA }).result).toMatchObject({
      reason: "missing-register",
      detail: expect.stringContaining(missing),
    });
  });
});

interface State {
  readonly rax: bigint;
  readonly rcx: bigint;
  readonly rsi: bigint;
  readonly rdi: bigint;
  readonly zero: boolean;
}

/** SDM volume 2's pseudocode over one flat array of bytes: an oracle that shares nothing with the emulator. */
function interpret(name: "movs" | "stos" | "lods" | "cmps" | "scas", size: number, repeat: Repeat, down: boolean, memory: Uint8Array, before: State): State {
  const view = new DataView(memory.buffer);
  const load = (address: bigint): bigint => {
    let value = 0n;
    for (let byte = size - 1; byte >= 0; byte--) value = value * 256n + BigInt(view.getUint8(Number(address) + byte));
    return value;
  };
  const store = (address: bigint, value: bigint): void => {
    for (let byte = 0; byte < size; byte++) view.setUint8(Number(address) + byte, Number((value / 256n ** BigInt(byte)) % 256n));
  };
  let { rax, rcx, rsi, rdi, zero } = before;
  const low = 256n ** BigInt(size);
  const step = BigInt(down ? -size : size);
  while (rcx !== 0n) {
    if (name === "movs") store(rdi, load(rsi));
    if (name === "stos") store(rdi, rax % low);
    if (name === "lods") rax = (rax / low) * low + load(rsi);
    if (name === "cmps") zero = load(rsi) === load(rdi);
    if (name === "scas") zero = rax % low === load(rdi);
    if (name !== "stos" && name !== "scas") rsi += step;
    if (name !== "lods") rdi += step;
    rcx -= 1n;
    if ((name === "cmps" || name === "scas") && zero !== (repeat === "repe")) break;
  }
  return { rax, rcx, rsi, rdi, zero };
}

describe("every string instruction against an interpreter of the SDM's pseudocode", () => {
  it("in a device of one page, with few values so that comparisons go both ways", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("movs", "stos", "lods", "cmps", "scas" as const),
        fc.constantFrom<Size>(1, 2, 4, 8),
        fc.constantFrom<Repeat>("repe", "repne"),
        fc.boolean(),
        fc.integer({ min: 1, max: 12 }),
        fc.tuple(fc.integer({ min: 0x100, max: 0x180 }), fc.integer({ min: 0x100, max: 0x180 })),
        fc.uint8Array({ minLength: 0x300, maxLength: 0x300, max: 1 }),
        fc.bigInt(0n, 1n),
        (name, size, repeat, down, count, [source, target], bytes, rax) => {
          const memory = bytes.slice();
          const state = { rax, rcx: BigInt(count), rsi: BigInt(source), rdi: BigInt(target), zero: false };
          const expected = interpret(name, size, repeat, down, memory, state);
          // The device of the emulated run is the same bytes.
          const device = new DataView(bytes.slice().buffer);
          const result = run(
            string(name, size, name === "cmps" || name === "scas" ? repeat : "rep"),
            {
              registers: { rax, rcx: state.rcx, rsi: DEVICE_GVA + state.rsi, rdi: DEVICE_GVA + state.rdi, rflags: down ? DOWN : UP },
              gva: DEVICE_GVA + (name === "stos" || name === "scas" ? state.rdi : state.rsi),
            },
            {
              device: ({ write, gpa, size: bytesOfAccess, value }) => {
                let read = 0n;
                for (let byte = 0; byte < bytesOfAccess; byte++) {
                  const place = Number(gpa & 0xfffn) + byte;
                  if (write) device.setUint8(place, Number((value >> BigInt(8 * byte)) & 0xffn));
                  else read |= BigInt(device.getUint8(place)) << BigInt(8 * byte);
                }
                return read;
              },
            },
          );
          const { registers, pc } = outcome(result);
          expect(pc).toBe(0x1002n);
          expect(new Uint8Array(device.buffer)).toEqual(memory);
          expect({
            rax: registers["rax"] ?? rax,
            rcx: registers["rcx"],
            rsi: (registers["rsi"] ?? DEVICE_GVA + state.rsi) - DEVICE_GVA,
            rdi: (registers["rdi"] ?? DEVICE_GVA + state.rdi) - DEVICE_GVA,
            zero: ((registers["rflags"] ?? 0n) & 0x40n) !== 0n,
          }).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
