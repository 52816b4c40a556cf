// What a device returned is deduced from what the instruction left behind, or not told at all. The emulator plays the machine.
import { describe, expect, test } from "vitest";
import type { Deduction } from "../../src/capture/analyst.ts";
import { emulate } from "../../src/emulate/emulate.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Fault, MemoryRange } from "../../src/model/fault.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { analystOf } from "../../src/replay/analyst.ts";

const GUEST = { windows: [{ gva: 0x40000000n, gpa: 0xa000000n, size: 0x1000n }] };
const DEVICE = 0x40000010n;
const RAM = 0x10000000n;
const WORDS = [0x8877665544332211n, 0xffeeddccbbaa9988n, 0x0123456789abcdefn, 0xfedcba9876543210n, 1n, 0n, ~0n & 0xffffffffffffffffn, 0x5555aaaa5555aaaan];

/** Runs an instruction with these registers, and asks the analyst what the device returned. */
async function deduce(architecture: Architecture, bytes: string, given: Record<string, bigint>, memory: readonly MemoryRange[] = []): Promise<{ deduction: Deduction; answers: bigint[] }> {
  const isa = await loadIsa(architecture);
  const registers = new RegisterFile(isa.registers);
  isa.registers.descriptions.forEach((_, register) => registers.capture(register, BigInt(register) * 0x0101n));
  for (const [name, value] of Object.entries(given)) registers.capture(isa.registers.index(name), value);
  const code = Uint8Array.from(Buffer.from(bytes, "hex"));
  const fault: Fault = { pc: 0x1000n, bytes: code, registers, gva: DEVICE, gpa: 0xa000010n, mode: "kernel", memory, reads: [] };
  const analyst = analystOf(isa, GUEST);
  const instruction = analyst.decode(code, registers) as Instruction;
  const answers: bigint[] = [];
  const set = isa.instructionSet(registers);
  if (set instanceof Refusal) throw new Error(set.detail);
  const machine = emulate(instruction, set, fault, GUEST, { atomics: "split", userMode: "allow" }, ({ write, size }) => {
    if (write) return 0n;
    answers.push(BigInt.asUintN(8 * size, WORDS[answers.length]!));
    return answers.at(-1)!;
  });
  if (machine instanceof Refusal) throw new Error(machine.detail);
  const after = registers.copy();
  for (const { register, value, width } of machine.after.registers) after.capture(register, value, width);
  return { deduction: analyst.deduce(instruction, fault, { pc: machine.after.pc, registers: after, memory: machine.after.memory }), answers };
}

describe("values that were loaded are told", () => {
  test.each<[string, Architecture, string, Record<string, bigint>]>([
    ["ldr w1, [x0]", "aarch64", "010040b9", { x0: DEVICE }],
    ["ldrsb x1, [x0], #1", "aarch64", "01148038", { x0: DEVICE }],
    ["ldp x1, x2, [x0]", "aarch64", "010840a9", { x0: DEVICE }],
    ["ldpsw x1, x2, [x0]", "aarch64", "01084069", { x0: DEVICE }],
    ["ld1 {v0.16b, v1.16b}, [x0]", "aarch64", "00a0404c", { x0: DEVICE }],
    ["ldaddal w1, w2, [x0]", "aarch64", "0200e1b8", { x0: DEVICE }],
    ["ldm r0, {r1, r2, r3}", "arm", "0e0090e8", { r0: DEVICE, cpsr: 0x10n }],
    ["ldrsh r1, [r0], big-endian", "arm", "f010d0e1", { r0: DEVICE, cpsr: 0x210n }],
    ["vldm r0, {d0-d1}", "arm", "040b90ec", { r0: DEVICE, cpsr: 0x10n }],
    ["lbu a1, 0(a0)", "riscv64", "83450500", { x10: DEVICE }],
    ["flw fa0, 0(a0)", "riscv64", "07250500", { x10: DEVICE }],
    ["mov ah, [rdi]", "x86-64", "8a27", { rdi: DEVICE }],
    ["movbe eax, [rdi]", "x86-64", "0f38f007", { rdi: DEVICE }],
    ["xchg eax, [rdi]", "x86-64", "8707", { rdi: DEVICE }],
    ["vmovdqu ymm1, [rdi]", "x86-64", "c5fe6f0f", { rdi: DEVICE }],
    ["push [rdi]", "x86-64", "ff37", { rdi: DEVICE, rsp: RAM + 64n }],
    ["rep movsd, 3 times", "x86-64", "f3a5", { rsi: DEVICE, rdi: RAM, rcx: 3n, rflags: 2n }],
    ["add eax, [rdi]", "x86-64", "0307", { rdi: DEVICE }],
    ["sbb rax, [rdi], with carry", "x86-64", "481b07", { rdi: DEVICE, rflags: 3n }],
    ["xor al, [rdi]", "x86-64", "3207", { rdi: DEVICE }],
  ])("%s", async (_, architecture, bytes, registers) => {
    const { deduction, answers } = await deduce(architecture, bytes, registers);
    expect(answers.length).toBeGreaterThan(0);
    expect(deduction).toMatchObject({ kind: "known", reads: answers });
  });
});

describe("what left no exact trace is not guessed", () => {
  test.each<[string, Architecture, string, Record<string, bigint>]>([
    ["ldr wzr, [x0]", "aarch64", "1f0040b9", { x0: DEVICE }],
    ["ldp x1, xzr, [x0]", "aarch64", "017c40a9", { x0: DEVICE }],
    ["lw zero, 0(a0)", "riscv64", "03200500", { x10: DEVICE }],
    ["test [rdi], al", "x86-64", "8407", { rdi: DEVICE }],
    ["cmp eax, [rdi]", "x86-64", "3b07", { rdi: DEVICE }],
    ["and eax, [rdi]", "x86-64", "2307", { rdi: DEVICE }],
    ["or [rdi], al", "x86-64", "0807", { rdi: DEVICE }],
    ["imul eax, [rdi]", "x86-64", "0faf07", { rdi: DEVICE }],
    ["lodsb, twice", "x86-64", "f3ac", { rsi: DEVICE, rcx: 2n, rflags: 2n }],
  ])("%s", async (_, architecture, bytes, registers) => expect((await deduce(architecture, bytes, registers)).deduction).toEqual({ kind: "hidden" }));
});

test("writes need no answer", async () => {
  const { deduction } = await deduce("aarch64", "010000b9", { x0: DEVICE, x1: 0x1234567890n });
  expect(deduction).toEqual({ kind: "known", reads: [], calls: [{ write: true, gpa: 0xa000010n, size: 4, value: 0x34567890n }] });
});

test("an exception in place of the access is seen by where the program counter went", async () => {
  const isa = await loadIsa("aarch64");
  const registers = new RegisterFile(isa.registers);
  registers.capture(isa.registers.index("x0"), DEVICE);
  const bytes = Uint8Array.from(Buffer.from("010040b9", "hex"));
  const fault: Fault = { pc: 0x1000n, bytes, registers, gva: DEVICE, gpa: 0xa000010n, mode: "kernel", memory: [], reads: [] };
  const analyst = analystOf(isa, GUEST);
  expect(analyst.deduce(analyst.decode(bytes, registers) as Instruction, fault, { pc: 0x200n, registers, memory: [] })).toEqual({ kind: "not-done" });
});
