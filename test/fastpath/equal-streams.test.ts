import { describe, expect, it } from "vitest";
import { openFastPath } from "../../src/replay/fast-path.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Fault } from "../../src/model/fault.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { holdAgainstReference } from "../support/fast-path.ts";
import { columnsOf } from "../support/fault-columns.ts";

/** A load of 32 bits from a base, and another register. */
const LOADS: readonly { readonly architecture: Architecture; readonly bytes: string; readonly base: string; readonly other: string }[] = [
  { architecture: "aarch64", bytes: "200040b9", base: "x1", other: "x5" },
  { architecture: "x86-64", bytes: "8b01", base: "rcx", other: "rdx" },
  { architecture: "arm", bytes: "000091e5", base: "r1", other: "r5" },
  { architecture: "riscv64", bytes: "03a50500", base: "x11", other: "x15" },
];

const FAULTS = 4096;
/** Of 32 bits on arm. */
const GVA = 0xffff_8000_1000_0000n;

describe.each(LOADS)("$architecture: streams whose elements are all equal", ({ architecture, bytes, base, other }) => {
  it.each([
    { what: "zero", changed: 0n, returned: 0n },
    { what: "not zero", changed: 0xffff_0000_1234_5678n, returned: 0x8765_4321n },
  ])("are read to their end where they are $what", async ({ changed, returned }) => {
    const isa = await loadIsa(architecture);
    const { registers: set } = isa;
    const system = set.descriptions.flatMap(({ name }, index) => (["pstate", "rflags", "cpsr"].includes(name) ? [index] : []));
    const gva = architecture === "arm" ? BigInt.asUintN(32, GVA) : GVA;
    const named = new Set([set.index(base), set.index(other)]);
    const others = Array.from({ length: 12 }, (_, register) => register).filter((register) => !named.has(register));
    const value = architecture === "arm" ? BigInt.asUintN(32, changed) : changed;
    const faults = Array.from({ length: FAULTS }, (_, index): Fault => {
      const registers = new RegisterFile(set);
      for (const register of system) registers.capture(register, architecture === "aarch64" ? 5n : 2n);
      if (architecture === "x86-64") for (const name of ["fs_base", "gs_base"]) registers.capture(set.index(name), 0n);
      registers.capture(set.index(base), gva);
      // One after the other gets the value: nothing else is in the stream.
      others.forEach((register, position) => registers.capture(register, index > 100 * position ? value : 0n));
      // This one comes and goes, which makes a fault slow.
      if (index % 3 !== 0) registers.capture(set.index(other), value);
      return { pc: 0xffff_8000_0801_0000n, bytes: Buffer.from(bytes, "hex"), registers, gpa: 0xa00_0000n, gva, write: false, mode: "kernel", memory: [], reads: [returned] };
    });
    const [columns] = await columnsOf(set, faults.map((fault) => ({ fault, unknown: undefined })));
    expect([columns!.responses.width, columns!.values.width]).toEqual([0, 0]);
    const fastPath = (await openFastPath(architecture, { guest: { windows: [] }, userMode: "refuse" }))!;
    const emulated = await holdAgainstReference(fastPath, isa, faults, { windows: [] });
    expect(emulated.filter((each) => !each)).toEqual([]);
  });
});
