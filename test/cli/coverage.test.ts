import { describe, expect, test } from "vitest";
import { FORM_SETS, formSetOf, lackingFeatures } from "../../src/replay/form-sets.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES, type Architecture, type InstructionSet } from "../../src/model/architecture.ts";
import { type Feature, featuresOf } from "../../src/model/features.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import { bytesOf } from "../support/fault.ts";
import { trapline } from "../support/terminal.ts";
import { BUNDLED } from "../support/traces.ts";

const SETS = { "x86-64": "x86-64", aarch64: "a64", arm: "a32", riscv64: "rv64" } as const satisfies Record<Architecture, InstructionSet>;

async function features(architecture: Architecture, hex: string): Promise<Feature[]> {
  const isa = await loadIsa(architecture);
  return [...featuresOf(isa.decode(bytesOf(hex), SETS[architecture]) as Instruction, isa.registers)!];
}

describe("features", () => {
  test.each<[string, Architecture, string, Feature[]]>([
    ["ldr w1, [x0]", "aarch64", "010040b9", []],
    ["ldr w1, [x0], #4", "aarch64", "014440b8", ["writeback"]],
    ["ldrsb x0, [x0]", "aarch64", "00008039", ["sign-extension"]],
    ["ldp w0, w1, [x2]", "aarch64", "40044029", ["multiple"]],
    ["ldr q0, [x1]", "aarch64", "2000c03d", ["multiple", "vector"]],
    ["str wzr, [x0]", "aarch64", "1f0000b9", []],
    ["ldadd w0, w1, [x2]", "aarch64", "410020b8", ["arithmetic", "read-modify-write", "atomic"]],
    ["mov eax, [rdi]", "x86-64", "8b07", []],
    ["mov ax, [rdi]", "x86-64", "668b07", ["partial"]],
    ["mov [rdi], ah", "x86-64", "8827", ["partial"]],
    ["mov dword [rdi], 5", "x86-64", "c70705000000", ["immediate"]],
    ["mov eax, gs:[rdi]", "x86-64", "658b07", ["segment"]],
    ["add [rdi], eax", "x86-64", "0107", ["arithmetic", "read-modify-write"]],
    ["movsd", "x86-64", "a5", ["string", "two-addresses"]],
    ["lw a0, 0(a1)", "riscv64", "03a50500", ["sign-extension"]],
    ["lwu a0, 0(a1)", "riscv64", "03e50500", []],
    ["ldreq r0, [r1]", "arm", "00009105", ["conditional"]],
    ["ldm r0!, {r1, r2}", "arm", "0600b0e8", ["writeback", "multiple"]],
  ])("%s", async (_, architecture, hex, expected) => expect(await features(architecture, hex)).toEqual(expected));
});

describe("sets of forms", () => {
  test("take features away and add them", () => {
    expect([...formSetOf("io.h+writeback+multiple", "arm").features]).toEqual(["writeback", "multiple"]);
    expect(formSetOf("everything-vector", "arm").features.has("vector")).toBe(false);
    expect(formSetOf("no-vectors+vector", "arm").features).toEqual(formSetOf("everything", "arm").features);
  });

  test.each([
    ["io", "forms io: no such set (did you mean io.h?)"],
    ["io.h+magic", 'forms io.h+magic: there is no feature "magic"'],
  ])("%s is told to be wrong", (text, message) => expect(() => formSetOf(text, "arm")).toThrow(message));

  test.each(ARCHITECTURES)("%s: a plain load or store is in each of them", async (architecture) => {
    const isa = await loadIsa(architecture);
    const plain = { "x86-64": "8b07", aarch64: "010040b9", arm: "000091e5", riscv64: "03e50500" }[architecture];
    const instruction = isa.decode(bytesOf(plain), SETS[architecture]) as Instruction;
    for (const name of Object.keys(FORM_SETS)) expect(lackingFeatures(instruction, isa.registers, formSetOf(name, architecture))).toEqual([]);
  });
});

describe("trapline coverage", () => {
  const pairs = `${BUNDLED}/aarch64/pairs.jsonl`;
  test("tells what is covered, and what is missing by weight", async () => {
    const { status, output } = await trapline(["coverage", `${BUNDLED}/aarch64/integer.jsonl`, "--accepts", "io.h"]);
    expect(status).toBe(1);
    expect(output).toContain("23 of 72 faults (31.9 %)");
    expect(output).toContain("23 of 72 distinct instructions (31.9 %)");
    expect(output).toMatch(/faults that need what it lacks: writeback 20|faults that need what it lacks: [a-z-]+ \d+/);
    const faults = [...output.matchAll(/^ +(\d+) +\d+ {2}\S/gm)].map((match) => Number(match[1]));
    expect(faults).toEqual(faults.toSorted((first, second) => second - first));
    expect(faults.reduce((sum, count) => sum + count, 0)).toBe(49);
  });

  test("everything covers what is emulated, and its status is 0", async () => {
    expect(await trapline(["coverage", pairs, "--accepts", "everything"])).toMatchObject({ status: 0 });
  });

  test("tells apart what nobody emulates", async () => {
    const { output } = await trapline(["coverage", `${BUNDLED}/aarch64/atomics.jsonl`, "--accepts", "everything"]);
    expect(output).toContain("refused by all: atomic");
  });

  test("replay --accepts refuses the rest, and says what would do", async () => {
    const { status, output } = await trapline(["replay", pairs, "--accepts", "io.h"]);
    expect(status).toBe(1);
    expect(output).toContain("it needs multiple, which the forms io.h do not have; let the guest's driver avoid it, or accept it: io.h+multiple");
  });
});

describe("usage of watch and new-handler", () => {
  test.each([
    [["replay", `${BUNDLED}/aarch64/pairs.jsonl`, "--watch"], "give it with --handler FILE"],
    [["replay", "-", "--watch", "--handler", "x.ts"], "standard input can be read once"],
    [["replay", `${BUNDLED}/aarch64/pairs.jsonl`, "--watch", "--handler", "tdx"], "--watch needs a handler's file"],
    [["new-handler", "My Handler"], "expected lower-case words"],
    [["new-handler", "tdx"], "a built-in handler has this name"],
  ])("%j", async (words, message) => {
    const { status, talk } = await trapline(words);
    expect({ status, told: talk.includes(message), talk }).toEqual({ status: 2, told: true, talk });
  });
});
