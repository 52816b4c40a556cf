import { describe, expect, test } from "vitest";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Fault } from "../../src/model/fault.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile, RegisterSet } from "../../src/model/registers.ts";
import { completeFault, readVmFault } from "../../src/model/vm-fault.ts";

function read(architecture: Architecture, words: readonly bigint[], label = 5n) {
  return readVmFault({ label, words, virtualProcessor: false }, architecture);
}

describe("a VM fault message", () => {
  test.each([5n, 6n])("with label %s: IP, Addr, and on AArch64 the syndrome of 32 bits", (label) => {
    expect(read("aarch64", [0x40_1000n, 0x0a00_0004n, 0n, 0x9200_0047n], label)).toEqual({
      pc: 0x40_1000n,
      address: 0x0a00_0004n,
      write: true,
      syndrome: 0x9200_0047n,
    });
    expect(read("aarch64", [0x40_1000n, 0x0a00_0004n, 0n, 0x9200_0007n], label)).toMatchObject({ write: false });
  });

  // RISC-V Privileged Architecture, table "Exception codes": FSR is five bits of scause.
  test.each([
    [5n, false],
    [13n, false],
    [21n, false],
    [7n, true],
    [15n, true],
    [23n, true],
  ])("on RISC-V cause %s has write %s", (cause, write) => {
    expect(read("riscv64", [1n, 2n, 0n, cause])).toEqual({ pc: 1n, address: 2n, write });
  });

  test.each<[string, Architecture, readonly bigint[], bigint]>([
    ["another fault's label", "aarch64", [1n, 2n, 0n, 0x9200_0007n], 3n],
    ["a prefetch fault", "aarch64", [1n, 2n, 1n, 0x8200_0007n], 5n],
    ["a prefetch fault of another word than 1", "aarch64", [1n, 2n, 0x100n, 0x9200_0007n], 5n],
    ["a prefetch fault on RISC-V", "riscv64", [1n, 2n, 1n, 12n], 5n],
    ["an instruction page fault that does not say so", "riscv64", [1n, 2n, 0n, 12n], 5n],
    ["too few words", "riscv64", [1n, 2n, 0n], 5n],
    ["too many words", "riscv64", [1n, 2n, 0n, 13n, 0n], 5n],
    ["an architecture whose FSR nobody reads", "x86-64", [1n, 2n, 0n, 6n], 5n],
  ])("is refused with %s", (_, architecture, words, label) => {
    const refusal = read(architecture, words, label);
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).reason).toBe("not-a-data-abort");
  });
});

describe("a fault with such a message", () => {
  const plain: Fault = {
    pc: 0x40_1000n,
    bytes: Uint8Array.of(),
    registers: new RegisterFile(new RegisterSet("aarch64", [])),
    mode: "kernel",
    memory: [],
    reads: [],
  };
  const words = [0x40_1000n, 0x0a00_0004n, 0n, 0x9200_0047n];
  const fault = (change: Partial<Fault>, virtualProcessor = false): Fault => ({
    ...plain,
    vmFault: { label: 5n, words, virtualProcessor },
    ...change,
  });

  test("is what it was without one", () => expect(completeFault(plain, "aarch64")).toBe(plain));

  test("has its virtual address, direction and syndrome", () => {
    expect(completeFault(fault({}), "aarch64")).toMatchObject({ gva: 0x0a00_0004n, write: true, syndrome: 0x9200_0047n });
    expect(completeFault(fault({}), "aarch64")).not.toHaveProperty("gpa");
  });

  test("of a virtual processor has its physical address", () => {
    expect(completeFault(fault({}, true), "aarch64")).toMatchObject({ gpa: 0x0a00_0004n, write: true });
    expect(completeFault(fault({}, true), "aarch64")).not.toHaveProperty("gva");
  });

  test("may say the same itself", () => {
    expect(completeFault(fault({ gva: 0x0a00_0004n, gpa: 0x1000_0004n, write: true, syndrome: 0x9200_0047n }), "aarch64")).toMatchObject({
      gpa: 0x1000_0004n,
    });
  });

  test.each<[string, Partial<Fault>, string]>([
    ["another PC", { pc: 0x40_1004n }, "address-mismatch"],
    ["another address", { gva: 0x0a00_0008n }, "address-mismatch"],
    ["another direction", { write: false }, "direction-mismatch"],
    ["another syndrome", { syndrome: 0x9200_0007n }, "not-a-data-abort"],
    ["a message of another kind", { vmFault: { label: 2n, words, virtualProcessor: false } }, "not-a-data-abort"],
  ])("is refused with %s", (_, change, reason) => {
    const refusal = completeFault(fault(change), "aarch64");
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).reason).toBe(reason);
  });
});
