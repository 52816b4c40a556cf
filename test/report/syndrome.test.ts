// ESR_ELx.ISV as the Arm ARM gives it for each class of load and store: field notes and DDI 0487 D24.2.40.
import { describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import type { Architecture, InstructionSet } from "../../src/model/architecture.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { hardwareSyndrome } from "../../src/report/syndrome.ts";
import { bytesOf, wordHex } from "../support/fault.ts";

async function syndrome(architecture: Architecture, set: InstructionSet, hex: string) {
  const isa = await loadIsa(architecture);
  const instruction = isa.decode(bytesOf(hex), set);
  if (instruction instanceof Refusal) throw new Error(instruction.detail);
  return hardwareSyndrome(instruction, set, isa.registers);
}

describe("ISV on A64", () => {
  test.each([
    ["ldr w1, [x1]", 0xb9400021],
    ["str x2, [x3, #8]", 0xf9000462],
    ["ldrsb w1, [x0, w2, uxtw]", 0x38e24801],
    ["ldur x1, [x2, #-1]", 0xf85ff041],
    ["ldr x1, literal", 0x58000041],
    ["ldtr w1, [x0]", 0xb8400801],
    ["ldar w1, [x0]", 0x88dffc01],
    ["stlr w1, [x0]", 0x889ffc01],
    ["ldapur w1, [x0, #4]", 0x99404001],
    ["ldr wzr, [x0]", 0xb940001f],
    ["ld64b x0, [x2]", 0xf83fd040],
  ])("1: %s", async (_, word) => expect(await syndrome("aarch64", "a64", wordHex(word))).toMatchObject({ complete: true, name: "ISV = 1" }));

  test.each([
    ["ldr w1, [x0], #4", 0xb8404401, "written back"],
    ["ldrh w2, [x1, #4]!", 0x78404c22, "written back"],
    ["ldp w8, w9, [x0, #0x1c]", 0x2943a408, "more than one register"],
    ["stp xzr, xzr, [x0]", 0xa9007c1f, "more than one register"],
    ["ldr q0, [x0]", 0x3dc00000, "vector"],
    ["str s0, [x0]", 0xbd000000, "vector"],
    ["st1 {v0.16b-v3.16b}, [x1]", 0x4c002020, "vector"],
    ["ldxr w1, [x0]", 0x885f7c01, "exclusive"],
    ["ldadd w1, w2, [x0]", 0xb8210002, "atomic"],
    ["cas w1, w2, [x0]", 0x88a17c02, "atomic"],
  ])("0: %s", async (_, word, why) => {
    const found = await syndrome("aarch64", "a64", wordHex(word));
    expect(found).toMatchObject({ complete: false, name: "ISV = 0" });
    expect(found?.why).toContain(why);
  });

  test("none: prfm touches nothing", async () => expect(await syndrome("aarch64", "a64", wordHex(0xf9800020))).toBeUndefined());
});

describe("ISV on A32 and T32", () => {
  test.each([
    ["a32", "ldr r1, [r2, #4]", "041092e5", true],
    ["a32", "ldr r1, [r2], #4", "041092e4", false],
    ["a32", "ldm r0, {r1, r2}", "060090e8", false],
    ["a32", "ldr pc, [r0]", "00f090e5", false],
    ["a32", "ldrd r2, r3, [r0]", "d020c0e1", false],
    ["t32", "ldr r1, [r0]", "0168", true],
    ["t32", "push {r0}", "01b4", false],
  ] as const)("%s %s", async (set, _, hex, complete) => expect(await syndrome("arm", set, hex)).toMatchObject({ complete }));
});

test("x86-64 has no syndrome", async () => expect(await syndrome("x86-64", "x86-64", "8b07")).toMatchObject({ complete: false, name: "none" }));
test("RISC-V has htinst", async () => expect(await syndrome("riscv64", "rv64", "03a50500")).toMatchObject({ complete: true, name: "htinst" }));
