// Each refusal reason of the contract (section 2), caused once and more by a fault that could really come.
import { describe, expect, test } from "vitest";
import armSyndrome from "../../handlers/arm-syndrome.ts";
import tdx from "../../handlers/tdx.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/emulate/policy.ts";
import type { Handler } from "../../src/handler.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { GuestFacts } from "../../src/model/fault.ts";
import { REFUSAL_REASONS, type RefusalReason } from "../../src/model/refusal.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { DEVICE_GVA, faultOf, type FaultText } from "../support/fault.ts";

interface Case {
  readonly title: string;
  readonly reason: RefusalReason;
  readonly architecture?: "aarch64" | "x86-64";
  readonly fault?: Partial<FaultText>;
  readonly guest?: Partial<GuestFacts>;
  readonly handler?: Handler;
  /** Part of the message. */
  readonly says: string;
  /** The policy with which the same fault is emulated, where there is one. */
  readonly allowed?: Partial<Policy>;
}

/** A handler whose host answers every call with a status. */
const refusingHost: Handler = { ...tdx, host: () => ({ call: (request) => ({ ...(request as object), r10: 0x8000_0000_0000_0000n }) }) } as Handler;

const LAST_WORD = DEVICE_GVA + 0xffcn;

const cases: readonly Case[] = [
  { title: "two bytes of an A64 instruction", reason: "truncated-instruction", fault: { bytes: "0144" }, says: "2 more" },
  { title: "no bytes at all", reason: "truncated-instruction", fault: { bytes: "" }, says: "no bytes" },
  { title: "UDF", reason: "undefined-instruction", fault: { bytes: "00000000" }, says: "0x00000000" },
  { title: "ADD", reason: "not-memory-access", fault: { bytes: "2000028b" }, says: "touch no memory" },
  { title: "LDRAA, whose key is not known", reason: "unsupported-instruction", fault: { bytes: "200420f8" }, says: "LDRAA" },
  { title: "LDP with both registers the same", reason: "unpredictable", fault: { bytes: "210440a9" }, says: "Rt and Rt2 the same register" },
  { title: "LDXR", reason: "atomic", fault: { bytes: "017c5f88" }, says: "--atomics split", allowed: { atomics: "split" } },
  { title: "a base register that was not captured", reason: "missing-register", fault: { registers: {} }, says: "register x0 is not in the trace" },
  {
    title: "a stored register that was not captured",
    reason: "missing-register",
    fault: { bytes: "010000b9", write: true, registers: { x0: DEVICE_GVA } },
    says: "register x1 is not in the trace",
  },
  {
    title: "an LDP whose second half lies in RAM that was not captured",
    reason: "missing-memory",
    fault: { bytes: "010840a9", registers: { x0: DEVICE_GVA + 0xff8n }, gva: DEVICE_GVA + 0xff8n },
    says: "at 0x40001000 is not in the trace",
  },
  { title: "no recorded value", reason: "missing-read", fault: { reads: [] }, says: 'no value in "reads"' },
  { title: "one recorded value for an LDP", reason: "missing-read", fault: { bytes: "010840a9" }, says: 'one value in "reads"' },
  {
    title: "a word across the page's end",
    reason: "page-crossing",
    fault: { registers: { x0: LAST_WORD + 2n }, gva: LAST_WORD + 2n },
    says: "straddles two pages",
  },
  { title: "a base that points elsewhere", reason: "address-mismatch", fault: { registers: { x0: DEVICE_GVA + 8n } }, says: "0x40000008, and the fault was at 0x40000000" },
  { title: "a write fault of a load", reason: "direction-mismatch", fault: { write: true }, says: "only reads" },
  { title: "a read fault of a store", reason: "direction-mismatch", fault: { bytes: "010000b9", registers: { x0: DEVICE_GVA, x1: 1n } }, says: "only writes" },
  { title: "a fault of user mode", reason: "user-mode", fault: { mode: "user" }, says: "user mode", allowed: { userMode: "allow" } },
  {
    title: "a kernel at a user address",
    reason: "user-mode",
    guest: { kernelStart: 0xffff_0000_0000_0000n },
    says: "below the lowest kernel address",
    allowed: { userMode: "allow" },
  },
  { title: "a table walk (S1PTW)", reason: "not-a-data-abort", fault: { syndrome: 0x9200_00c7n }, says: "page table walk" },
  { title: "an external abort", reason: "not-a-data-abort", fault: { syndrome: 0x9600_0210n }, says: "external abort" },
  { title: "an instruction abort", reason: "not-a-data-abort", fault: { syndrome: 0x8200_0007n }, says: "exception class 0x20" },
  {
    title: "a GPA without the TDX shared bit",
    reason: "private-address",
    architecture: "x86-64",
    fault: { bytes: "8b07", registers: { rdi: DEVICE_GVA } },
    guest: { sharedBit: 51 },
    handler: tdx,
    says: "shared bit",
  },
  {
    title: "a host that answers with an error",
    reason: "hypercall-failed",
    architecture: "x86-64",
    fault: { bytes: "8b07", registers: { rdi: DEVICE_GVA } },
    handler: refusingHost,
    says: "TDG.VP.VMCALL_OPERAND_INVALID",
  },
];

describe("a fault is refused, with what a person needs", () => {
  test.each(cases)("$reason: $title", async ({ architecture = "aarch64", fault: text, reason, guest, handler, says, allowed }) => {
    const isa = await loadIsa(architecture);
    const fault = faultOf(isa, { bytes: "010040b9", registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [1n], ...text });
    const setup = { isa, guest: { windows: [], ...guest }, handler: handler ?? armSyndrome, policy: DEFAULT_POLICY };
    const { outcome } = replayFault(fault, setup);
    if (outcome.kind !== "refused") throw new Error("it was emulated");
    expect(outcome.refusal.reason).toBe(reason);
    expect(outcome.message).toContain(says);
    expect(outcome.message).toContain(text?.bytes === "" ? "no bytes" : `bytes ${(text?.bytes ?? "010040b9")}`);
    expect(outcome.message).toContain("at 0x1000: ");
    expect(outcome.message.endsWith(`; ${outcome.refusal.advice}`)).toBe(true);
    expect(outcome.refusal.advice.length).toBeGreaterThan(10);
    const lenient = replayFault(fault, { ...setup, policy: { ...DEFAULT_POLICY, ...allowed } }).outcome.kind;
    expect(lenient).toBe(allowed === undefined ? "refused" : "emulated");
  });

  test("every reason of the contract is caused here", () => {
    expect([...new Set(cases.map(({ reason }) => reason))].toSorted()).toEqual([...REFUSAL_REASONS].toSorted());
  });

  test("the fault with nothing wrong is emulated", async () => {
    const isa = await loadIsa("aarch64");
    const fault = faultOf(isa, { bytes: "010040b9", registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, write: false, reads: [1n] });
    expect(replayFault(fault, { isa, guest: { windows: [] }, handler: armSyndrome, policy: DEFAULT_POLICY }).outcome.kind).toBe("emulated");
  });
});
