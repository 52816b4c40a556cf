import { describe, expect, test } from "vitest";
import { SAMPLES, sampleText } from "../import/samples.ts";
import { trapline } from "../support/terminal.ts";

const explain = (input: string, ...words: string[]) => trapline(["explain", ...words], { input });
/** Text without line breaks, to look for sentences in. */
const flat = (text: string): string => text.replaceAll(/\s+/g, " ");

describe("trapline explain", () => {
  describe.each(SAMPLES.flatMap(({ file, importer, faults }) => (importer === "qemu-registers" && file.startsWith("kvm") ? [] : faults.map((fault, index) => ({ file, index, fault })))))(
    "$file, fault $index",
    ({ file, index, fault }) => {
      test("is a page of at most 80 columns that says what is known and no more", async () => {
        const { status, output } = await explain(sampleText(file), "--index", String(index));
        expect(status).toBe(0);
        const lines = output.split("\n");
        expect(lines.filter((line) => line.length > 80)).toEqual([]);
        expect(lines.length).toBeLessThan(70);
        expect(output).toContain((fault.gva ?? fault.gpa)?.toString(16) ?? "");
        expect(flat(output).includes("The log has no bytes of it.")).toBe(fault.bytes === undefined);
        expect(output).not.toMatch(/undefined|NaN|\[object/);
        // The values that stand for what is unknown stay inside.
        expect(output).not.toMatch(/0x1111|0x2222|0x10000[0-9a-f]{3}\b|0x20000[0-9a-f]{3}\b/);
      });
    },
  );

  test("a pair: instruction, reason, accesses, hypercalls, advice", async () => {
    const { output } = await explain(sampleText("linux-arm64-page-fault.txt"));
    const text = flat(output);
    expect(text).toContain("stp w2, w3, [x1]");
    expect(text).toContain("x1 = 0xffff800012a4d018, x2 = 0x3, x3 = 0x2");
    expect(text).toContain("ISV = 0, instruction syndrome not valid): more than one register.");
    expect(text).toContain("write 4 bytes at 0xffff800012a4d018, value 0x3 write 4 bytes at 0xffff800012a4d01c, value 0x2");
    expect(text).toContain("esr_el2 = 0x93820047, hpfar_el2 = unknown");
    expect(text).toContain("readl(), writel()");
    expect(text).toContain("safe-mmio");
    expect(text).toContain("The guest physical address, which a hypercall needs.");
    expect(text).toContain("Careful: it was a page fault.");
  });

  test("a window fills the gap", async () => {
    const { output } = await explain(sampleText("linux-arm64-page-fault.txt"), "--window", "0xffff800012a4d000:0x9000000:0x1000");
    expect(output).toContain("hpfar_el2 = 0x90000");
    expect(output).not.toContain("guest physical address, which");
  });

  test.each([
    ["writeback", "(b8404422)", "ldr w2, [x1], #4", "the base register is written back", "*p++"],
    ["vector", "(3d800020)", "str q0, [x1]", "a vector or floating-point register", "memcpy_fromio()"],
    ["exclusive", "(885ffc22)", "ldaxr w2, [x1]", "an exclusive access", "An atomic operation on a device register"],
    ["plain", "(b9400021)", "ldr w1, [x1]", "Yes: for this instruction", "Nothing: this is the kind of instruction"],
  ])("arm64, %s", async (_, word, assembly, why, advice) => {
    const { status, output } = await explain(sampleText("linux-arm64-external-abort.txt").replace("(b9400021)", word));
    expect(status).toBe(0);
    for (const part of [assembly, why, advice]) expect(flat(output)).toContain(part);
  });

  test.each([
    ["string", "<f3> aa", "rep stosb", "this instruction is none of those", "memset_io()"],
    ["constant", "<c7> 07 01 00 00 00", "mov dword ptr [rdi], 1", "this instruction is one of those", "Nothing:"],
    ["arithmetic", "<83> 0f 01", "or dword ptr [rdi], 1", "this instruction is none of those", "Read the register into a variable"],
    ["locked", "<f0> 83 0f 01", "lock or dword ptr [rdi], 1", "none of those", "--atomics split"],
    ["vector", "<66> 0f 7f 07", "movdqa xmmword ptr [rdi], xmm0", "none of those", "memcpy_toio()"],
    ["stack", "<ff> 37", "push qword ptr [rdi]", "none of those", "The pointer is probably wrong."],
    ["no access", "<90>", "nop", "refuse", ""],
    ["no instruction", "<06>", "no instruction", "", ""],
  ])("x86-64, %s", async (_, bytes, assembly, why, advice) => {
    const { status, output } = await explain(sampleText("linux-x86-page-fault.txt").replaceAll("<f3> aa", bytes));
    expect(status).toBe(0);
    for (const part of [assembly, why, advice]) expect(flat(output).toLowerCase()).toContain(part.toLowerCase());
  });

  test("what the device would have answered and registers that are missing are said to be unknown", async () => {
    const { output } = await explain(sampleText("kvm-x86-perf.txt").replace("44 8b 60 60", "44 89 60 60").replace("Read GPA", "Write GPA").replace("mmio read", "mmio write"));
    expect(flat(output)).toContain("mov dword ptr [rax + 0x60], r12d");
    expect(flat(output)).toContain("write 4 bytes at 0xffffc90000005060, a value that is unknown");
    expect(flat(output)).toContain("r14 = 0xd0000060, r15 = unknown");
    expect(flat(output)).toContain("- The register r12.");
  });

  test("a trace, by the number of the fault", async () => {
    const { status, output, talk } = await trapline(["explain", "traces/aarch64/pairs.jsonl", "--index", "3"]);
    expect([status, talk]).toEqual([0, "\nThere are more faults: --index 4 explains the next.\n"]);
    expect(flat(output)).toContain("(fault 3 of traces/aarch64/pairs.jsonl)");
    expect(output).not.toContain("Careful");
  });

  test("an exit that is no access to memory", async () => {
    const header = '{"format":"trapline-trace","version":1,"arch":"x86-64","source":"test"}';
    const { status, output } = await explain(`${header}\n{"pc":"0x1000","insn":"0fa2","regs":{"rax":"0x1","rcx":"0x0"},"fault":{"exitReason":"0xa"},"reads":[]}\n`);
    expect(status).toBe(0);
    expect(flat(output)).toContain("executed CPUID");
    expect(flat(output)).toContain("leaf = cpuid, rax = 0x0, rcx = 0xfc00, r10 = 0x0, r11 = 0xa, r12 = 0x1");
    expect(flat(output)).toContain("answer.r12 = unknown");
  });

  test("with another handler", async () => {
    const { output } = await explain(sampleText("linux-x86-old.txt"), "--handler", "sev-es");
    expect(output).toContain("Its hypercalls (handler sev-es)");
  });

  test("all page texts of the bundled traces can be written", { timeout: 120_000 }, async () => {
    for (const file of ["x86-64/strings", "x86-64/exchange", "arm/t32", "riscv64/atomics", "aarch64/simd"]) {
      for (const index of [0, 7, 11]) expect((await trapline(["explain", `traces/${file}.jsonl`, "--index", String(index)])).status).toBe(0);
    }
  });
});

describe("wrong use of explain is one line, and status 2", () => {
  test.each([
    [["--index", "5"], "standard input: has one fault, number 0; there is none with --index 5"],
    [["--index", "-1"], "Expected a number, counted from 0."],
    [["--handler", "arm-syndrome"], "handler arm-syndrome serves aarch64, arm, and the trace is x86-64"],
  ])("%j", async (words, message) => {
    const { status, output, talk } = await explain(sampleText("linux-x86-old.txt"), ...words);
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toMatch(/^trapline: [^\n]+\n$/);
    expect(talk).toContain(message);
  });

  test("a text without a fault", async () => expect(await explain("hello\n")).toMatchObject({ status: 2, talk: expect.stringContaining("is a log in no known format") }));
});
