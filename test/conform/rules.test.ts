// Wrong answers of the kinds that decoders in the field give, and the rule that each breaks.
import { describe, expect, test } from "vitest";
import { Reference } from "../../src/conform/reference.ts";
import { brokenRule, RULE_IDS } from "../../src/conform/rules.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import type { EmulatedAnswer } from "../../src/trace/outcome-lines.ts";
import { faultOf, type FaultText } from "../support/fault.ts";

/** An answer that starts out as ours, to be spoiled. */
interface Draft {
  calls: { write: boolean; gpa: bigint; size: 1 | 2 | 4 | 8; value: bigint }[];
  pc: bigint;
  registers: Record<string, bigint>;
  memory: { address: bigint; bytes: Uint8Array }[];
}

async function ruleFor(architecture: Architecture, text: FaultText, spoil: (draft: Draft) => void): Promise<string> {
  const isa = await loadIsa(architecture);
  const reference = new Reference(isa, { windows: [] }, { atomics: "split" });
  const fault = faultOf(isa, text);
  const ours = reference.replay(fault);
  if (ours.outcome.kind === "refused") throw new Error(ours.outcome.message);
  const { calls, after } = ours.outcome;
  const draft: Draft = {
    calls: calls.map((call) => ({ ...call })),
    pc: after.pc,
    registers: Object.fromEntries(after.registers.map(({ register, value, width }) => [isa.registers.name(register, width), value])),
    memory: after.memory.map((range) => ({ ...range })),
  };
  spoil(draft);
  const registers = new RegisterFile(isa.registers);
  for (const [name, value] of Object.entries(draft.registers)) {
    const { register, width } = isa.registers.find(name)!;
    registers.capture(register, value, width);
  }
  const answer: EmulatedAnswer = { status: "emulated", index: 0, pc: undefined, calls: draft.calls, after: { pc: draft.pc, registers, memory: draft.memory } };
  const judgement = reference.judge(fault, ours, answer);
  if (judgement.verdict !== "wrong") return judgement.verdict;
  const rule = brokenRule({ architecture, fault, instruction: ours.instruction!, ours: ours.outcome, answer, differences: judgement.differences });
  expect(rule.text.length).toBeGreaterThan(10);
  expect(rule.source.length).toBeGreaterThan(3);
  return rule.id;
}

const GVA = 0x4000_0010n;
const read = (bytes: string, registers: Record<string, bigint>, ...reads: bigint[]): FaultText => ({ bytes, registers: { rflags: 0x202n, ...registers }, gva: GVA, write: false, reads });
const write = (bytes: string, registers: Record<string, bigint>, ...reads: bigint[]): FaultText => ({ ...read(bytes, registers, ...reads), write: true });
const plain = (text: FaultText): FaultText => ({ ...text, registers: Object.fromEntries(Object.entries(text.registers).filter(([name]) => name !== "rflags")) });

const X86: readonly (readonly [what: string, rule: string, fault: FaultText, spoil: (draft: Draft) => void])[] = [
  ["MOV r32 that keeps bits 63:32", "upper-half-cleared", read("8b08", { rax: GVA, rcx: ~0n }, 5n), (draft) => (draft.registers["rcx"] = 0xffff_ffff_0000_0005n)],
  ["MOV r16 that clears the rest", "kept-bits", read("668b08", { rax: GVA, rcx: 0x1111_1111_1111_1111n }, 5n), (draft) => (draft.registers["rcx"] = 5n)],
  ["MOV AH taken for SPL", "byte-registers", write("8820", { rax: GVA, rsp: 0x77n }), (draft) => (draft.calls[0]!.value = 0x77n)],
  ["MOVSX without the sign", "sign-extension", read("480fbe08", { rax: GVA, rcx: 0n }, 0x80n), (draft) => (draft.registers["rcx"] = 0x80n)],
  ["MOVZX with a sign", "zero-extension", read("480fb608", { rax: GVA, rcx: 0n }, 0x80n), (draft) => (draft.registers["rcx"] = BigInt.asUintN(64, -128n))],
  ["an access from the middle of a RIP-relative instruction", "rip-relative", { ...read("8b0d00100000", { rcx: 0n }, 1n), pc: GVA - 0x1006n }, (draft) => (draft.calls[0]!.gpa -= 6n)],
  ["FS without its base", "segment-base", read("648b08", { rax: GVA - 0x1000n, rcx: 0n, fs_base: 0x1000n }, 1n), (draft) => (draft.calls[0]!.gpa -= 0x1000n)],
  ["0x67 not heeded", "address-size", read("678b08", { rax: 0x1_0000_0000n + GVA, rcx: 0n }, 1n), (draft) => (draft.calls[0]!.gpa += 0x1_0000_0000n)],
  ["BT at the base", "bit-string", read("0fa308", { rax: GVA - 4n, rcx: 32n }, 1n), (draft) => (draft.calls[0]!.gpa -= 4n)],
  ["a displacement without its sign", "offset-sign", read("8b48fc", { rax: GVA + 4n, rcx: 0n }, 1n), (draft) => (draft.calls[0]!.gpa += 256n)],
  ["C7 with REX.W and zeros above", "stored-immediate", write("48c700ffffffff", { rax: GVA }), (draft) => (draft.calls[0]!.value = 0xffff_ffffn)],
  ["16 bytes as one access", "all-accesses", read("0f1000", { rax: GVA, xmm0: 0n }, 1n, 2n), (draft) => void draft.calls.pop()],
  ["CMPXCHG that fails and does not write", "all-accesses", read("0fb10b", { rax: 1n, rcx: 2n, rbx: GVA }, 3n), (draft) => void draft.calls.pop()],
  ["ADD with its write first", "access-direction", read("0108", { rax: GVA, rcx: 1n }, 1n), (draft) => (draft.calls = draft.calls.toReversed())],
  ["ADD with another sum", "stored-value", read("0108", { rax: GVA, rcx: 1n }, 1n), (draft) => (draft.calls[1]!.value = 3n)],
  ["ADD with the old flags", "flags", read("0108", { rax: GVA, rcx: 0n }, 0n), (draft) => delete draft.registers["rflags"]],
  ["a legacy SSE load that clears the rest of YMM", "vector-upper-part", read("0f1000", { rax: GVA, ymm0: 1n << 200n }, 1n, 2n), (draft) => (draft.registers["ymm0"] = (2n << 64n) | 1n)],
  ["STOS without its step", "writeback", { ...write("aa", { rax: 1n, rdi: GVA }) }, (draft) => delete draft.registers["rdi"]],
  ["a store of all eight bytes", "store-width", write("8908", { rax: GVA, rcx: ~0n }), (draft) => (draft.calls[0]!.value = 0xffff_ffff_ffff_ffffn)],
  ["a length without the immediate", "program-counter", write("c60012", { rax: GVA }), (draft) => (draft.pc -= 1n)],
  ["a load that changes another register", "bystanders", read("8b08", { rax: GVA, rcx: 0n, rdx: 1n }, 5n), (draft) => (draft.registers["rdx"] = 2n)],
  ["a load that changes nothing", "destination", read("488b08", { rax: GVA, rcx: 0n }, 5n), (draft) => delete draft.registers["rcx"]],
  ["POP that writes its RAM elsewhere", "memory", { ...read("ff30", { rax: GVA, rsp: 0x9000n }, 7n) }, (draft) => (draft.memory[0]!.address += 8n)],
  ["MOVBE in the machine's order", "byte-order", write("0f38f108", { rax: GVA, rcx: 0x1122_3344n }), (draft) => (draft.calls[0]!.value = 0x1122_3344n)],
];

describe("a wrong answer breaks a rule", () => {
  test.each(X86)("x86-64: %s: %s", async (_, rule, fault, spoil) => expect(await ruleFor("x86-64", fault, spoil)).toBe(rule));

  test("AArch64: a literal from elsewhere", async () => {
    const fault = plain({ ...read("40000018", {}, 1n), pc: GVA - 8n });
    expect(await ruleFor("aarch64", fault, (draft) => (draft.calls[0]!.gpa += 4n))).toBe("literal-address");
  });

  test("AArch64: STGP scaled by 8", async () => {
    const fault = plain(write("40840069", { x2: GVA - 16n, x0: 1n, x1: 2n }));
    expect(await ruleFor("aarch64", fault, (draft) => draft.calls.forEach((call) => (call.gpa -= 8n)))).toBe("offset-scale");
  });

  test("RISC-V: a narrow value that is not NaN-boxed", async () => {
    const fault = plain(read("07250500", { x10: GVA }, 0x3f80_0000n));
    expect(await ruleFor("riscv64", fault, (draft) => (draft.registers["f10"] = 0x3f80_0000n))).toBe("nan-boxing");
  });

  test("RISC-V: x0 not read", async () => {
    const fault = plain(read("03200500", { x10: GVA }, 1n));
    expect(await ruleFor("riscv64", fault, (draft) => void draft.calls.pop())).toBe("zero-register-load");
  });

  test("A32: big-endian data read little-endian", async () => {
    const fault = plain(write("001081e5", { r1: GVA, cpsr: 0x213n }));
    expect(await ruleFor("arm", fault, (draft) => (draft.calls[0]!.value = 0x1000_0040n ^ 0x1n))).toBe("byte-order");
  });

  test("A32: LDM at one address", async () => {
    const fault = plain(read("060090e8", { r0: GVA, cpsr: 0x13n }, 1n, 2n));
    expect(await ruleFor("arm", fault, (draft) => (draft.calls[1]!.gpa -= 4n))).toBe("consecutive-addresses");
  });
});

describe("what is no error", () => {
  test("our own answer", async () => expect(await ruleFor("x86-64", X86[0]![2], () => undefined)).toBe("exact"));

  test("undefined flags", async () => {
    // AND leaves AF undefined.
    const fault = read("2108", { rax: GVA, rcx: 1n }, 1n);
    expect(await ruleFor("x86-64", fault, (draft) => (draft.registers["rflags"] = (draft.registers["rflags"] ?? 0x202n) ^ 0x10n))).toBe("exact");
  });

  test("registers that are listed and did not change", async () => {
    expect(await ruleFor("x86-64", X86[0]![2], (draft) => (draft.registers["rax"] = GVA))).toBe("exact");
  });

  test("Arm's compare-and-swap that fails and does not write", async () => {
    // CAS W0, W1, [X2]
    const fault = plain(read("417ca088", { x0: 1n, x1: 2n, x2: GVA }, 3n));
    expect(await ruleFor("aarch64", fault, (draft) => void draft.calls.pop())).toBe("exact");
  });
});

test("each rule has a name of its own", () => expect(new Set(RULE_IDS).size).toBe(RULE_IDS.length));
