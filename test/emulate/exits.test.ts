// Instructions that leave to the hypervisor, made by hand: these tests are about execution, not decoding. SDM volume 2: CPUID, HLT, IN,
// OUT, INS, OUTS, RDMSR, WRMSR.
import { describe, expect, test } from "vitest";
import { emulateExit } from "../../src/emulate/exits.ts";
import { RCX, RDI, RSI, X86_64_REGISTERS } from "../../src/isa/x86-64/registers.ts";
import { type Exit, type ExitInstruction, type PortInstruction, reportedExit } from "../../src/model/exit.ts";
import type { GuestFacts } from "../../src/model/fault.ts";
import type { Instruction } from "../../src/model/instruction.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { DEVICE_GPA, DEVICE_GVA, faultOf, type FaultText, summary } from "../support/fault.ts";
import { at, into } from "../support/operation.ts";

const isa = { registers: X86_64_REGISTERS };
const ONES = 0xffff_ffff_ffff_ffffn;

interface ExitText extends Omit<FaultText, "bytes"> {
  readonly reason: bigint;
  readonly qualification?: bigint;
  readonly guest?: GuestFacts;
}

/** Runs an instruction of two bytes. Answers come from `reads`, and the exits made are noted. */
function run(exit: ExitInstruction | undefined, { reason, qualification, guest = { windows: [] }, ...text }: ExitText) {
  const fault = faultOf(isa, { bytes: "0fa2", ...text });
  const notMemory = new Refusal("not-memory-access", "it touches no memory", "");
  const name = { form: "form", mnemonic: exit?.kind ?? "mov", length: 2 };
  const instruction: Instruction = { ...name, access: "none", sizes: [], operation: notMemory, ...(exit === undefined ? {} : { exit }) };
  const exits: Exit[] = [];
  let next = 0;
  const reported = reportedExit({ exitReason: reason, ...(qualification === undefined ? {} : { exitQualification: qualification }) });
  if (reported instanceof Refusal || reported.kind === "device") throw new Error("the test's exit reason is not one of these");
  const result = emulateExit(instruction, "x86-64", reported, fault, guest, (each) => {
    exits.push(each);
    const count = each.kind === "cpuid" ? 4 : each.kind === "port-read" || each.kind === "msr-read" ? 1 : 0;
    const values = fault.reads.slice(next, (next += count));
    return values.length < count ? new Refusal("missing-read", "the trace has no more values", "") : values;
  });
  return { result, exits };
}

function done(exit: ExitInstruction, text: ExitText) {
  const { result, exits } = run(exit, text);
  return { ...summary(isa, result), exits };
}

function refused(exit: ExitInstruction | undefined, text: ExitText) {
  const { result, exits } = run(exit, text);
  if (!(result instanceof Refusal)) throw new Error("it was emulated");
  return { reason: result.reason, detail: result.detail, exits };
}

const CPUID = 10n;
const HLT = 12n;
const IO = 30n;
const RDMSR = 31n;
const WRMSR = 32n;

describe("CPUID", () => {
  test("asks for EAX and ECX, and puts four answers into RAX, RBX, RCX and RDX with their upper halves cleared", () => {
    const registers = { rax: 0xdead_beef_4000_0000n, rcx: 0xdead_beef_0000_0001n, rbx: ONES, rdx: ONES };
    const { exits, ...after } = done({ kind: "cpuid" }, { reason: CPUID, registers, reads: [1n, 2n, 0xffff_ffff_0000_0003n, 4n] });
    expect(exits).toEqual([{ kind: "cpuid", leaf: 0x4000_0000n, subleaf: 1n }]);
    expect(after).toEqual({ calls: [], pc: 0x1002n, registers: { rax: 1n, rbx: 2n, rcx: 3n, rdx: 4n }, memory: [] });
  });

  test("needs no register that it only writes", () => {
    expect(done({ kind: "cpuid" }, { reason: CPUID, registers: { rax: 0n, rcx: 0n }, reads: [1n, 2n, 3n, 4n] }).registers).toEqual({
      rax: 1n,
      rbx: 2n,
      rcx: 3n,
      rdx: 4n,
    });
  });

  test("without four answers nothing is changed", () => {
    expect(refused({ kind: "cpuid" }, { reason: CPUID, registers: { rax: 0n, rcx: 0n }, reads: [1n, 2n, 3n] }).reason).toBe("missing-read");
  });

  test("needs ECX", () => expect(refused({ kind: "cpuid" }, { reason: CPUID, registers: { rax: 0n } }).reason).toBe("missing-register"));
});

describe("RDMSR and WRMSR", () => {
  test("RDMSR puts EDX:EAX together from one answer", () => {
    const { exits, registers } = done(
      { kind: "msr-read" },
      { reason: RDMSR, registers: { rcx: 0xaaaa_aaaa_c000_0080n, rax: ONES, rdx: ONES }, reads: [0x1122_3344_5566_7788n] },
    );
    expect(exits).toEqual([{ kind: "msr-read", index: 0xc000_0080n }]);
    expect(registers).toEqual({ rax: 0x5566_7788n, rdx: 0x1122_3344n });
  });

  test("WRMSR sends EDX:EAX and nothing of the upper halves", () => {
    const { exits, registers, pc } = done(
      { kind: "msr-write" },
      { reason: WRMSR, registers: { rcx: 0x1bn, rax: 0xdead_beef_5566_7788n, rdx: 0xdead_beef_1122_3344n } },
    );
    expect(exits).toEqual([{ kind: "msr-write", index: 0x1bn, value: 0x1122_3344_5566_7788n }]);
    expect([registers, pc]).toEqual([{}, 0x1002n]);
  });
});

describe("HLT", () => {
  test("is done with interrupts disabled", () => {
    const { exits, pc } = done({ kind: "halt" }, { reason: HLT, registers: { rflags: 0x002n } });
    expect([exits, pc]).toEqual([[{ kind: "halt" }], 0x1002n]);
  });

  test("is refused with interrupts enabled, and the host does not hear of it", () => {
    const { reason, detail, exits } = refused({ kind: "halt" }, { reason: HLT, registers: { rflags: 0x202n } });
    expect([reason, exits]).toEqual(["unsupported-instruction", []]);
    expect(detail).toContain("interrupts enabled");
  });

  test("is refused where the trace does not tell", () => {
    expect(refused({ kind: "halt" }, { reason: HLT, registers: {} }).reason).toBe("missing-register");
  });
});

const IN = (size: 1 | 2 | 4, immediate?: number): PortInstruction => ({
  kind: "port",
  write: false,
  size,
  ...(immediate === undefined ? {} : { immediate }),
});
const OUT = (size: 1 | 2 | 4, immediate?: number): PortInstruction => ({ ...IN(size, immediate), write: true });

describe("IN and OUT", () => {
  test.each([
    [1, 0xffff_ffff_ffff_ff80n],
    [2, (0xffff_ffff_ffff_ff80n & ~0xffffn) | 0x8180n],
    [4, 0x8382_8180n],
  ] as const)("IN of %i bytes keeps of RAX what a register of that width keeps", (size, rax) => {
    const { exits, registers } = done(IN(size), {
      reason: IO,
      registers: { rax: ONES, rdx: 0xffff_ffff_ffff_03f8n },
      reads: [0x8786_8584_8382_8180n],
    });
    expect(exits).toEqual([{ kind: "port-read", port: 0x3f8, size }]);
    expect(registers).toEqual({ rax });
  });

  test.each([1, 2, 4] as const)("OUT of %i bytes sends that much of RAX", (size) => {
    const { exits, registers } = done(OUT(size, 0x80), { reason: IO, registers: { rax: 0x8877_6655_4433_2211n } });
    expect(exits).toEqual([{ kind: "port-write", port: 0x80, size, value: 0x8877_6655_4433_2211n & ((1n << BigInt(8 * size)) - 1n) }]);
    expect(registers).toEqual({});
  });

  test("AL can't be put into a RAX that was not captured", () => {
    expect(refused(IN(1, 0x60), { reason: IO, registers: {}, reads: [1n] }).reason).toBe("missing-register");
    expect(done(IN(4, 0x60), { reason: IO, registers: {}, reads: [1n] }).registers).toEqual({ rax: 1n });
  });
});

// SDM volume 3, table 28-5.
describe("the I/O qualification must agree with the instruction", () => {
  const registers = { rax: 1n, rdx: 0x3fdn, rcx: 2n, rdi: 0x8000n, rflags: 2n };
  test.each([
    ["in al, dx", IN(1), 0x03fd_0008n],
    ["in eax, dx", IN(4), 0x03fd_000bn],
    ["out 0x80, al", OUT(1, 0x80), 0x0080_0040n],
    ["out dx, ax", OUT(2), 0x03fd_0001n],
  ])("%s with its own", (_, instruction, qualification) => {
    expect(run(instruction, { reason: IO, registers, qualification, reads: [0n] }).result).not.toBeInstanceOf(Refusal);
  });

  test.each([
    ["out, not in", IN(1), 0x03fd_0000n, "direction-mismatch"],
    ["in, not out", OUT(1), 0x03fd_0008n, "direction-mismatch"],
    ["another port", IN(1), 0x03f8_0008n, "address-mismatch"],
    ["another size", IN(1), 0x03fd_0009n, "not-a-data-abort"],
    ["a string", IN(1), 0x03fd_0018n, "not-a-data-abort"],
    ["a repeated one", IN(1), 0x03fd_0028n, "not-a-data-abort"],
    ["an immediate port", IN(1), 0x03fd_0048n, "not-a-data-abort"],
    ["no immediate port", IN(1, 0x60), 0x0060_0008n, "not-a-data-abort"],
    [
      "no string",
      { ...IN(1), string: { address: at(RDI), update: { to: into(RDI, 64), value: at(RDI, 1n) } } },
      0x03fd_0008n,
      "not-a-data-abort",
    ],
  ] as const)("not with %s", (_, instruction, qualification, reason) => {
    expect(refused(instruction, { reason: IO, registers, qualification, reads: [0n] })).toMatchObject({ reason, exits: [] });
  });
});

const step = (register: number, size: number) => ({
  to: into(register, 64),
  value: { ...at(register, BigInt(size)), directional: true as const },
});
const repeat = { counter: into(RCX, 64) };
const INS = (size: 1 | 2 | 4, repeated = false): PortInstruction => ({
  ...IN(size),
  string: { address: at(RDI), update: step(RDI, size), ...(repeated ? { repeat } : {}) },
});
const OUTS = (size: 1 | 2 | 4, repeated = false): PortInstruction => ({
  ...OUT(size),
  string: { address: at(RSI), update: step(RSI, size), ...(repeated ? { repeat } : {}) },
});

describe("INS and OUTS", () => {
  test("INS stores one element and steps RDI", () => {
    const { exits, registers, memory } = done(INS(2), {
      reason: IO,
      registers: { rdx: 0x1f0n, rdi: 0x8000n, rflags: 2n },
      reads: [0xff_2211n],
    });
    expect(exits).toEqual([{ kind: "port-read", port: 0x1f0, size: 2 }]);
    expect([registers, memory]).toEqual([{ rdi: 0x8002n }, ["8000: 1122"]]);
  });

  test("REP INS stores every element, and counts RCX down", () => {
    const { exits, registers, memory, pc } = done(INS(2, true), {
      reason: IO,
      registers: { rdx: 0x1f0n, rdi: 0x8000n, rcx: 3n, rflags: 2n },
      reads: [0x1111n, 0x2222n, 0x3333n],
    });
    expect(exits).toHaveLength(3);
    expect([registers, memory, pc]).toEqual([{ rcx: 0n, rdi: 0x8006n }, ["8000: 111122223333"], 0x1002n]);
  });

  test("REP OUTS goes downwards while DF is set", () => {
    const { exits, registers } = done(OUTS(4, true), {
      reason: IO,
      registers: { rdx: 0x1f0n, rsi: 0x8004n, rcx: 2n, rflags: 0x402n },
      memory: { "0x8000": "1111111122222222" },
    });
    expect(exits.map((exit) => "value" in exit && exit.value)).toEqual([0x2222_2222n, 0x1111_1111n]);
    expect(registers).toEqual({ rcx: 0n, rsi: 0x7ffcn });
  });

  test("OUTS from memory that was not captured is refused", () => {
    expect(refused(OUTS(1), { reason: IO, registers: { rdx: 1n, rsi: 0x8000n, rflags: 2n } })).toMatchObject({
      reason: "missing-memory",
      exits: [],
    });
  });

  test("REP OUTS stops before memory that was not captured, with PC in place", () => {
    const text = { reason: IO, registers: { rdx: 1n, rsi: 0x8000n, rcx: 9n, rflags: 2n }, memory: { "0x8000": "0102" } };
    const { exits, registers, pc } = done(OUTS(1, true), text);
    expect(exits).toHaveLength(2);
    expect([registers, pc]).toEqual([{ rcx: 7n, rsi: 0x8002n }, 0x1000n]);
  });

  test("REP stops after 4096 iterations, with PC in place", () => {
    const { exits, registers, pc } = done(INS(1, true), {
      reason: IO,
      registers: { rdx: 1n, rdi: 0x8000n, rcx: 5000n, rflags: 2n },
      reads: Array.from({ length: 5000 }, () => 0n),
    });
    expect(exits).toHaveLength(4096);
    expect([registers, pc]).toEqual([{ rcx: 904n, rdi: 0x9000n }, 0x1000n]);
  });

  test("an answer that is missing half-way refuses the whole", () => {
    expect(refused(INS(1, true), { reason: IO, registers: { rdx: 1n, rdi: 0x8000n, rcx: 2n, rflags: 2n }, reads: [1n] }).reason).toBe(
      "missing-read",
    );
  });

  test("a count of 0 can't have left to the hypervisor", () => {
    expect(refused(INS(1, true), { reason: IO, registers: { rdx: 1n, rdi: 0x8000n, rcx: 0n, rflags: 2n } })).toMatchObject({
      reason: "not-a-data-abort",
      exits: [],
    });
  });

  test("device memory is no place for a string of a port", () => {
    const guest = { windows: [{ gva: DEVICE_GVA, gpa: DEVICE_GPA, size: 0x1000n }] };
    for (const rdi of [DEVICE_GVA, DEVICE_GVA - 1n]) {
      expect(refused(INS(4), { reason: IO, registers: { rdx: 1n, rdi, rflags: 2n }, reads: [1n], guest })).toMatchObject({
        reason: "unsupported-instruction",
        exits: [],
      });
    }
  });
});

// Rule 5 of what a guest must enforce: exit code and opcode agree (Linux e3ef461af35a, CVE-2024-25742, CVE-2024-25743).
describe("the exit reason must agree with the instruction", () => {
  const registers = { rax: 1n, rcx: 1n, rdx: 1n, rflags: 2n };
  const instructions: readonly (readonly [bigint, ExitInstruction | undefined])[] = [
    [CPUID, { kind: "cpuid" }],
    [HLT, { kind: "halt" }],
    [IO, IN(1)],
    [RDMSR, { kind: "msr-read" }],
    [WRMSR, { kind: "msr-write" }],
    [0n, undefined],
  ];
  for (const [reason] of instructions.slice(0, -1)) {
    for (const [own, exit] of instructions) {
      test(`reason ${reason}, ${exit?.kind ?? "another instruction"}`, () => {
        const { result, exits } = run(exit, { reason, registers, reads: [1n, 2n, 3n, 4n] });
        expect(result instanceof Refusal ? [result.reason, exits.length] : "emulated").toEqual(
          reason === own ? "emulated" : ["not-a-data-abort", 0],
        );
      });
    }
  }

  test("SVM has one reason for both MSR instructions", () => {
    expect(run({ kind: "msr-write" }, { reason: 0x7cn, registers }).result).not.toBeInstanceOf(Refusal);
    expect(run({ kind: "msr-write" }, { reason: 0x7cn, qualification: 1n, registers }).result).not.toBeInstanceOf(Refusal);
    expect(refused({ kind: "msr-write" }, { reason: 0x7cn, qualification: 0n, registers }).reason).toBe("not-a-data-abort");
  });
});
