import { describe, expect, test } from "vitest";
import type { Architecture } from "../../src/model/architecture.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { readVmFault } from "../../src/model/vm-fault.ts";

function read(architecture: Architecture, words: readonly bigint[], label = 5n) {
  return readVmFault({ label, words, virtualProcessor: false }, architecture);
}

describe("a VM fault message", () => {
  test.each([5n, 6n])("with label %s: IP, Addr, and on AArch64 the syndrome of 32 bits", (label) => {
    expect(read("aarch64", [0x40_1000n, 0x0a00_0004n, 0n, 0x9200_0047n], label)).toEqual({ pc: 0x40_1000n, address: 0x0a00_0004n, write: true, syndrome: 0x9200_0047n });
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
