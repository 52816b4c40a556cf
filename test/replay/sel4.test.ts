// Faults captured as seL4 messages, from JSON lines to outcome.
import { describe, expect, test } from "vitest";
import { HANDLERS } from "../../handlers/list.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import type { Architecture } from "../../src/handler.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { readTrace } from "../../src/trace/read.ts";

const WINDOW = { gva: "0x40000000", gpa: "0xa000000", size: "0x1000" };

/** Replays one fault line through handler sel4. */
async function replay(arch: Architecture, fault: Record<string, unknown>): Promise<Outcome> {
  const header = { format: "trapline-trace", version: 1, arch, source: "seL4", guest: { windows: [WINDOW] } };
  const text = new TextEncoder().encode(`${JSON.stringify(header)}\n${JSON.stringify(fault)}\n`);
  const isa = await loadIsa(arch);
  const trace = await readTrace(
    (async function* () {
      yield text;
    })(),
    async () => isa.registers,
  );
  const handler = HANDLERS.find(({ name }) => name === "sel4")!;
  for await (const record of trace.records) {
    return replayFault(record.fault, { isa, guest: trace.header.guest, handler, policy: DEFAULT_POLICY }).outcome;
  }
  throw new Error("no fault");
}

// str w9, [x0], #4 and c.lw x9, 0(x10)
const store = { pc: "0x401000", insn: "094400b8", regs: { x0: "0x40000010", x9: "0xbeef" } };
const load = { pc: "0x401000", insn: "0441", regs: { x10: "0x40000010" }, reads: ["0x80000000"] };

describe("AArch64", () => {
  test("a VM fault of a thread: Addr is virtual, FSR the syndrome", async () => {
    const outcome = await replay("aarch64", {
      ...store,
      fault: { sel4: { label: "0x5", mrs: ["0x401000", "0x40000010", "0x0", "0x92000047"] } },
    });
    expect(outcome).toMatchObject({
      kind: "emulated",
      calls: [{ write: true, gpa: 0x0a00_0010n, size: 4, value: 0xbeefn }],
      records: [{ label: "0x5", mrs: ["0x401000", "0xa000010", "0x0", "0x93800047", "0x4", "0xbeef"] }],
    });
  });

  test("a VM fault of a virtual processor, under MCS: Addr is physical", async () => {
    const outcome = await replay("aarch64", {
      ...store,
      fault: { sel4: { label: "0x6", mrs: ["0x401000", "0xa000010", "0x0", "0x92000047"], vcpu: true } },
    });
    expect(outcome).toMatchObject({ kind: "emulated", calls: [{ gpa: 0x0a00_0010n }] });
  });

  test.each([
    ["a prefetch fault", { label: "0x5", mrs: ["0x401000", "0x401000", "0x1", "0x82000007"] }, "instruction fetch"],
    ["another fault's label", { label: "0x3", mrs: ["0x401000", "0x0", "0x0", "0x0"] }, "label 0x3"],
    ["an FSR that says external abort", { label: "0x5", mrs: ["0x401000", "0x40000010", "0x0", "0x96000210"] }, "external abort"],
  ])("%s is refused", async (_, sel4, says) => {
    const outcome = await replay("aarch64", { ...store, fault: { sel4 } });
    expect(outcome).toMatchObject({ kind: "refused", refusal: { reason: "not-a-data-abort" } });
    expect(outcome.kind === "refused" && outcome.message).toContain(says);
  });

  test("a direction that is not the instruction's is refused", async () => {
    const outcome = await replay("aarch64", {
      ...store,
      fault: { sel4: { label: "0x5", mrs: ["0x401000", "0x40000010", "0x0", "0x92000007"] } },
    });
    expect(outcome).toMatchObject({ kind: "refused", refusal: { reason: "direction-mismatch" } });
  });
});

test("RISC-V: FSR is five bits of the cause", async () => {
  const outcome = await replay("riscv64", { ...load, fault: { sel4: { label: "0x5", mrs: ["0x401000", "0x40000010", "0x0", "0xd"] } } });
  expect(outcome).toMatchObject({ kind: "emulated", after: { pc: 0x40_1002n, registers: [{ value: 0xffff_ffff_8000_0000n }] } });
  const store15 = await replay("riscv64", { ...load, fault: { sel4: { label: "0x5", mrs: ["0x401000", "0x40000010", "0x0", "0xf"] } } });
  expect(store15).toMatchObject({ kind: "refused", refusal: { reason: "direction-mismatch" } });
});
