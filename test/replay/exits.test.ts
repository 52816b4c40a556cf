// Exits that are no device access, from instruction bytes to hypercall records: decoder, executor and handler together.
import { describe, expect, test } from "vitest";
import { HANDLERS } from "../../handlers/list.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { faultOf, type FaultText } from "../support/fault.ts";

const isa = await loadIsa("x86-64");

function replay(
  name: string,
  exitReason: bigint,
  change: Partial<FaultText> & { readonly bytes: string },
  exitQualification?: bigint,
): Outcome {
  const registers = {
    rax: 0x1111_1111_1111_1111n,
    rbx: 2n,
    rcx: 3n,
    rdx: 0x1f0n,
    rsi: 0x8000n,
    rdi: 0x8000n,
    rflags: 2n,
    ...change.registers,
  };
  const fault: Fault = {
    ...faultOf(isa, { ...change, registers }),
    exitReason,
    ...(exitQualification === undefined ? {} : { exitQualification }),
  };
  const handler = HANDLERS.find((each) => each.name === name)!;
  // An exit has no address: a check of it would find 0 private, and below the kernel.
  const guest = { windows: [], sharedBit: 51, kernelStart: 1n << 63n };
  return replayFault({ ...fault, gpa: 0n, gva: 0n }, { isa, guest, handler, policy: DEFAULT_POLICY }).outcome;
}

/** Changed registers, memory, and of each record what `shown` names. */
function summary(outcome: Outcome, ...shown: string[]) {
  if (outcome.kind === "refused") throw new Error(outcome.message);
  const { calls, after, records } = outcome;
  expect(calls).toEqual([]);
  return {
    pc: after.pc,
    registers: Object.fromEntries(after.registers.map(({ register, value }) => [isa.registers.name(register), value])),
    memory: after.memory.map(({ address, bytes }) => `${address.toString(16)}: ${Buffer.from(bytes).toString("hex")}`),
    records: records.map((record) => shown.map((key) => record[key])),
  };
}

describe("a TDX guest, by VMX exit reasons", () => {
  const registers = ["r11", "r12", "r13", "r14", "r15"];
  test.each<
    [
      string,
      bigint,
      bigint | undefined,
      Partial<FaultText> & { bytes: string },
      Omit<ReturnType<typeof summary>, "pc"> & { length: number },
    ]
  >([
    [
      "cpuid",
      10n,
      undefined,
      { bytes: "0fa2", reads: [5n, 6n, 7n, 8n] },
      { length: 2, registers: { rax: 5n, rcx: 7n, rdx: 8n, rbx: 6n }, memory: [], records: [["0xa", "0x11111111", "0x3", "0x0", "0x0"]] },
    ],
    ["hlt", 12n, undefined, { bytes: "f4" }, { length: 1, registers: {}, memory: [], records: [["0xc", "0x1", "0x0", "0x0", "0x0"]] }],
    [
      "in al, 0x60",
      30n,
      0x0060_0048n,
      { bytes: "e460", reads: [0xffn] },
      { length: 2, registers: { rax: 0x1111_1111_1111_11ffn }, memory: [], records: [["0x1e", "0x1", "0x0", "0x60", "0x0"]] },
    ],
    [
      "in ax, dx",
      30n,
      0x01f0_0009n,
      { bytes: "66ed", reads: [0xffffn] },
      { length: 2, registers: { rax: 0x1111_1111_1111_ffffn }, memory: [], records: [["0x1e", "0x2", "0x0", "0x1f0", "0x0"]] },
    ],
    [
      "in eax, dx",
      30n,
      0x01f0_000bn,
      { bytes: "ed", reads: [9n] },
      { length: 1, registers: { rax: 9n }, memory: [], records: [["0x1e", "0x4", "0x0", "0x1f0", "0x0"]] },
    ],
    [
      "out 0x80, al",
      30n,
      0x0080_0040n,
      { bytes: "e680" },
      { length: 2, registers: {}, memory: [], records: [["0x1e", "0x1", "0x1", "0x80", "0x11"]] },
    ],
    [
      "out dx, eax",
      30n,
      0x01f0_0003n,
      { bytes: "ef" },
      { length: 1, registers: {}, memory: [], records: [["0x1e", "0x4", "0x1", "0x1f0", "0x11111111"]] },
    ],
    [
      "rep insw",
      30n,
      0x01f0_0039n,
      { bytes: "f3666d", reads: [0x1122n, 0x3344n, 0x5566n] },
      {
        length: 3,
        registers: { rcx: 0n, rdi: 0x8006n },
        memory: ["8000: 221144336655"],
        records: [1, 2, 3].map(() => ["0x1e", "0x2", "0x0", "0x1f0", "0x0"]),
      },
    ],
    [
      "rep outsb",
      30n,
      0x01f0_0030n,
      { bytes: "f36e", memory: { "0x8000": "010203" } },
      {
        length: 2,
        registers: { rcx: 0n, rsi: 0x8003n },
        memory: [],
        records: ["0x1", "0x2", "0x3"].map((value) => ["0x1e", "0x1", "0x1", "0x1f0", value]),
      },
    ],
    [
      "rdmsr",
      31n,
      undefined,
      { bytes: "0f32", reads: [0x1122_3344_5566_7788n] },
      { length: 2, registers: { rax: 0x5566_7788n, rdx: 0x1122_3344n }, memory: [], records: [["0x1f", "0x3", "0x0", "0x0", "0x0"]] },
    ],
    [
      "wrmsr",
      32n,
      undefined,
      { bytes: "0f30" },
      { length: 2, registers: {}, memory: [], records: [["0x20", "0x3", "0x1f011111111", "0x0", "0x0"]] },
    ],
  ])("%s", (_, reason, qualification, change, { length, ...expected }) => {
    expect(summary(replay("tdx", reason, change, qualification), ...registers)).toEqual({ pc: 0x1000n + BigInt(length), ...expected });
  });
});

describe("an SEV-ES guest, by SVM exit codes", () => {
  test("CPUID, IN and WRMSR", () => {
    expect(summary(replay("sev-es", 0x72n, { bytes: "0fa2", reads: [5n, 6n, 7n, 8n] }), "sw_exit_code", "rax", "rcx")).toMatchObject({
      registers: { rax: 5n, rbx: 6n, rcx: 7n, rdx: 8n },
      records: [["0x72", "0x11111111", "0x3"]],
    });
    expect(summary(replay("sev-es", 0x7bn, { bytes: "ec", reads: [5n] }, 0x01f0_0211n), "sw_exit_info_1")).toMatchObject({
      records: [["0x1f00211"]],
    });
    expect(summary(replay("sev-es", 0x7cn, { bytes: "0f30" }, 1n), "sw_exit_info_1", "rax", "rdx")).toMatchObject({
      records: [["0x1", "0x11111111", "0x1f0"]],
    });
  });

  test("VMX exit reasons mean the same: a trace can be replayed through either handler", () => {
    const [svm, vmx] = [0x72n, 10n].map((reason) => replay("sev-es", reason, { bytes: "0fa2", reads: [1n, 2n, 3n, 4n] }));
    expect(vmx).toEqual(svm);
  });

  test("HLT raises no #VC", () => {
    expect(replay("sev-es", 0x78n, { bytes: "f4" })).toMatchObject({ kind: "refused", refusal: { reason: "unsupported-instruction" } });
  });
});

test.each(["kvm-run", "hyperv"])("handler %s serves device memory only, and says so", (name) => {
  const outcome = replay(name, 10n, { bytes: "0fa2", reads: [1n, 2n, 3n, 4n] });
  expect(outcome).toMatchObject({ kind: "refused", refusal: { reason: "not-a-data-abort" } });
  expect(outcome.kind === "refused" && outcome.message).toContain(`handler ${name} serves nothing else`);
});

test("user mode is refused at these exits too, unless the policy allows it", () => {
  expect(replay("tdx", 10n, { bytes: "0fa2", mode: "user", reads: [1n, 2n, 3n, 4n] })).toMatchObject({ refusal: { reason: "user-mode" } });
});

test("a refusal names the instruction, its bytes and its address", () => {
  const outcome = replay("tdx", 12n, { bytes: "f4", registers: { rflags: 0x202n } });
  expect(outcome.kind === "refused" && outcome.message).toMatch(/^HLT.*f4.*0x1000.*interrupts enabled/);
});
