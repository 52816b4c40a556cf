import { describe, expect, it } from "vitest";
import { emulate } from "../../src/emulate/emulate.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import { RAX, RBX, RCX, RDI, RSI, RSP, X86_64_REGISTERS } from "../../src/isa/x86-64/registers.ts";
import type { GuestFacts } from "../../src/model/fault.ts";
import type { Operation } from "../../src/model/operation.ts";
import { DEVICE_GVA, faultOf, type FaultText, summary } from "../support/fault.ts";
import { at, execute, from, instructionOf, into, operationOf, temporary, type Executed, type Machine } from "../support/operation.ts";

const PAGE = 0x1000n;

function run(parts: Partial<Operation>, text: Omit<FaultText, "bytes">, machine: Machine = {}): Executed {
  return execute(X86_64_REGISTERS, "x86-64", parts, { bytes: "0f0b", ...text }, machine);
}

/** The device calls, or the reason of the refusal. */
function answer(executed: Executed): readonly string[] | string {
  if ("reason" in executed.result) return executed.accesses.length === 0 ? executed.result.reason : "refused after an access";
  return summary({ registers: X86_64_REGISTERS }, executed.result).calls;
}

const load: Partial<Operation> = { addresses: [at(RBX)], reads: [{ address: 0, offset: 0, size: 8, to: [into(RAX, 64)] }] };
const store: Partial<Operation> = { addresses: [at(RBX)], writes: [{ address: 0, offset: 0, size: 8, from: from(RAX, 64) }] };
const readModifyWrite: Partial<Operation> = {
  addresses: [at(RBX)],
  reads: [{ address: 0, offset: 0, size: 8, to: [], temporary: 0 }],
  writes: [{ address: 0, offset: 0, size: 8, from: temporary(0) }],
};
const move: Partial<Operation> = {
  addresses: [at(RSI), at(RDI)],
  reads: [{ address: 0, offset: 0, size: 8, to: [], temporary: 0 }],
  writes: [{ address: 1, offset: 0, size: 8, from: temporary(0) }],
};
const pair: Partial<Operation> = {
  addresses: [at(RBX)],
  writes: [
    { address: 0, offset: 0, size: 8, from: from(RAX, 64) },
    { address: 0, offset: 8, size: 8, from: from(RCX, 64) },
  ],
};
const registers = { rax: 1n, rbx: DEVICE_GVA, rcx: 2n };

describe("the address that faulted", () => {
  it("must be the instruction's", () => {
    expect(answer(run(load, { registers, gva: DEVICE_GVA, reads: [5n] }))).toEqual(["read 8 at a000000: 5"]);
    expect(answer(run(load, { registers, gva: DEVICE_GVA + 8n, reads: [5n] }))).toBe("address-mismatch");
    expect(answer(run(load, { registers: { ...registers, rbx: DEVICE_GVA + PAGE }, gva: DEVICE_GVA, reads: [5n] }))).toBe("address-mismatch");
  });

  it("is the first of several accesses, not a later one", () => {
    expect(answer(run(pair, { registers, gva: DEVICE_GVA }))).toHaveLength(2);
    expect(answer(run(pair, { registers, gva: DEVICE_GVA + 8n }))).toBe("address-mismatch");
  });

  it("is the first in device memory where the operand starts in RAM", () => {
    const text = { registers: { ...registers, rbx: DEVICE_GVA - 8n }, gva: DEVICE_GVA };
    const result = run(pair, text);
    expect(answer(result)).toEqual(["write 8 at a000000: 2"]);
    expect(summary({ registers: X86_64_REGISTERS }, result.result).memory).toEqual(["3ffffff8: 0100000000000000"]);
  });

  it("may be either operand's where an instruction has two", () => {
    const text = { registers: { rsi: DEVICE_GVA, rdi: DEVICE_GVA + 0x100n }, reads: [7n] };
    const calls = ["read 8 at a000000: 7", "write 8 at a000100: 7"];
    expect(answer(run(move, { ...text, gva: DEVICE_GVA, write: false }))).toEqual(calls);
    expect(answer(run(move, { ...text, gva: DEVICE_GVA + 0x100n, write: true }))).toEqual(calls);
    expect(answer(run(move, { ...text, gva: DEVICE_GVA + 0x100n, write: false }))).toBe("direction-mismatch");
  });

  it("is named with what the instruction accesses, and with what to do", () => {
    expect(run(pair, { registers, gva: DEVICE_GVA + 0x40n }).result).toMatchObject({
      detail: "it accesses 0x40000000, 0x40000008, and the fault was at 0x40000040",
      advice: expect.stringContaining("captured at the same moment"),
    });
  });
});

describe("the direction that faulted", () => {
  it.each([
    ["a load", load, false, true],
    ["a load", load, true, false],
    ["a store", store, true, true],
    ["a store", store, false, false],
    ["a read-modify-write", readModifyWrite, true, true],
    ["a read-modify-write", readModifyWrite, false, true],
  ] as const)("%s (%#): write = %s", (_, operation, write, agrees) => {
    const result = answer(run(operation, { registers, gva: DEVICE_GVA, write, reads: [5n] }));
    expect(result === "direction-mismatch").toBe(!agrees);
    expect(typeof result === "string").toBe(!agrees);
  });

  it("is not checked where the source did not say it", () => {
    expect(answer(run(store, { registers, gva: DEVICE_GVA }))).toHaveLength(1);
  });
});

describe("a fault without its virtual address", () => {
  const guest: GuestFacts = { windows: [{ gva: 0x7000_0000n, gpa: 0x0a00_0000n, size: PAGE }] };

  it("is matched by the offset of its physical address within the page", () => {
    expect(answer(run(load, { registers, gpa: 0xfeed_0000n, reads: [5n] }))).toEqual(["read 8 at feed0000: 5"]);
    expect(answer(run(load, { registers, gpa: 0xfeed_0010n, reads: [5n] }))).toBe("address-mismatch");
  });

  it("is the first of several accesses, not a later one", () => {
    expect(answer(run(pair, { registers, gpa: 0xfeed_0000n }))).toEqual(["write 8 at feed0000: 1", "write 8 at feed0008: 2"]);
    expect(run(pair, { registers, gpa: 0xfeed_0008n }).result).toMatchObject({
      reason: "address-mismatch",
      detail: expect.stringContaining("the fault was at physical address 0xfeed0008"),
    });
  });

  it("takes the operand of its direction where both have that offset", () => {
    const text = { registers: { rsi: 0x5000n, rdi: 0x6000n }, gpa: 0xfeed_0000n, reads: [7n], memory: { "0x5000": "0102030405060708", "0x6000": "" } };
    expect(answer(run(move, { ...text, write: true }))).toEqual(["write 8 at feed0000: 807060504030201"]);
    const read = run(move, { ...text, write: false });
    expect(answer(read)).toEqual(["read 8 at feed0000: 7"]);
    expect(summary({ registers: X86_64_REGISTERS }, read.result).memory).toEqual(["6000: 0700000000000000"]);
  });

  it("is refused, not guessed, where both have that offset and the direction is not known", () => {
    const { result, accesses } = run(move, { registers: { rsi: 0x5000n, rdi: 0x6000n }, gpa: 0xfeed_0000n, reads: [7n] });
    expect(result).toMatchObject({ reason: "address-mismatch", advice: "give fault.gva, or guest.windows in the trace's header" });
    expect(accesses).toEqual([]);
  });

  it("is decided by a window that has this physical address", () => {
    const text = { registers: { rsi: 0x7000_0000n, rdi: 0x6000n }, gpa: 0x0a00_0000n, reads: [7n] };
    expect(answer(run(move, text, { guest }))).toEqual(["read 8 at a000000: 7"]);
  });

  it("does not belong to what a window places elsewhere", () => {
    const text = { registers: { ...registers, rbx: 0x7000_0020n }, reads: [5n] };
    expect(answer(run(load, { ...text, gpa: 0x0a00_0020n }, { guest }))).toEqual(["read 8 at a000020: 5"]);
    expect(answer(run(load, { ...text, gpa: 0x0b00_0020n }, { guest }))).toBe("address-mismatch");
  });

  it("may have no address at all, if a window holds what it accesses", () => {
    expect(answer(run(load, { registers: { ...registers, rbx: 0x7000_0020n }, reads: [5n] }, { guest }))).toEqual(["read 8 at a000020: 5"]);
    expect(run(load, { registers, reads: [5n] }, { guest }).result).toMatchObject({
      reason: "address-mismatch",
      detail: expect.stringContaining("neither the faulting address nor a device window"),
    });
  });
});

describe("a fault without its physical address", () => {
  it("needs a window that holds the virtual one", () => {
    const { gpa: _, ...fault } = faultOf({ registers: X86_64_REGISTERS }, { bytes: "0f0b", registers, gva: DEVICE_GVA });
    const instruction = instructionOf({ form: "test", mnemonic: "test", length: 2 }, operationOf(load));
    const emulateWith = (guest: GuestFacts): ReturnType<typeof emulate> => emulate(instruction, "x86-64", fault, guest, DEFAULT_POLICY, () => 5n);
    expect(emulateWith({ windows: [{ gva: DEVICE_GVA, gpa: 0x0c00_0000n, size: PAGE }] })).toMatchObject({ calls: [{ gpa: 0x0c00_0000n, value: 5n }] });
    expect(emulateWith({ windows: [] })).toMatchObject({ reason: "address-mismatch", detail: expect.stringContaining("no physical address") });
  });
});

describe("page ends", () => {
  const straddling = { ...registers, rbx: DEVICE_GVA + PAGE - 4n };

  it("an access over the end of a device page is refused, also into a known one", () => {
    const guest: GuestFacts = { windows: [{ gva: DEVICE_GVA, gpa: 0x0a00_0000n, size: 2n * PAGE }] };
    expect(answer(run(store, { registers: straddling, gva: DEVICE_GVA + PAGE - 4n }))).toBe("page-crossing");
    expect(answer(run(store, { registers: straddling, gva: DEVICE_GVA + PAGE - 4n }, { guest }))).toBe("page-crossing");
  });

  it("so is one from RAM into a device page", () => {
    expect(answer(run(store, { registers: { ...registers, rbx: DEVICE_GVA - 4n }, gva: DEVICE_GVA }))).toBe("page-crossing");
  });

  it("several accesses of one instruction may lie on both sides", () => {
    const guest: GuestFacts = { windows: [{ gva: DEVICE_GVA + PAGE, gpa: 0x0c00_0000n, size: PAGE }] };
    const text = { registers: { ...registers, rbx: DEVICE_GVA + PAGE - 8n }, gva: DEVICE_GVA + PAGE - 8n };
    expect(answer(run(pair, text, { guest }))).toEqual(["write 8 at a000ff8: 1", "write 8 at c000000: 2"]);
  });

  it("RAM has no page ends", () => {
    const push: Partial<Operation> = {
      addresses: [at(RBX), at(RSP)],
      reads: [{ address: 0, offset: 0, size: 8, to: [], temporary: 0 }],
      writes: [{ address: 1, offset: 0, size: 8, from: temporary(0) }],
    };
    const result = run(push, { registers: { rbx: DEVICE_GVA, rsp: 0x5ffcn }, gva: DEVICE_GVA, reads: [0x0102n] });
    expect(summary({ registers: X86_64_REGISTERS }, result.result).memory).toEqual(["5ffc: 0201000000000000"]);
  });
});

describe("device memory at user addresses", () => {
  it("is refused for a second operand too", () => {
    const guest: GuestFacts = { windows: [{ gva: 0x7000n, gpa: 0x0b00_0000n, size: PAGE }], kernelStart: 0x1000_0000n };
    const text = { registers: { rsi: DEVICE_GVA, rdi: 0x7000n }, gva: DEVICE_GVA, reads: [7n] };
    expect(answer(run(move, text, { guest }))).toBe("user-mode");
    expect(answer(run(move, text, { guest, policy: { userMode: "allow" } }))).toEqual(["read 8 at a000000: 7", "write 8 at b000000: 7"]);
    expect(answer(run(move, text, { guest: { windows: guest.windows } }))).toHaveLength(2);
  });
});
