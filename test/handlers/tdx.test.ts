// The registers of TDG.VP.VMCALL: Intel TDX Guest-Hypervisor Communication Interface, "TDG.VP.VMCALL<#VE.RequestMMIO>" and the
// other leaves; Linux, arch/x86/coco/tdx/tdx.c; what KVM rejects: arch/x86/kvm/vmx/tdx.c, tdx_emulate_mmio().
import { describe, expect, test } from "vitest";
import tdx, { type VmcallAnswer, type VmcallRegisters } from "../../handlers/tdx.ts";
import type { HandlerContext, Host, Refusal } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, doneExit, GPA, RecordingDevice, refusalOf } from "./contract.ts";

type TdxHost = Host<VmcallRegisters, VmcallAnswer>;

/** A host that answers every call with these registers, and notes the calls. */
function hostThatAnswers(answer: Partial<VmcallAnswer>): TdxHost & { readonly calls: VmcallRegisters[] } {
  const calls: VmcallRegisters[] = [];
  return {
    calls,
    call: (request) => {
      calls.push(request);
      return { ...request, ...answer };
    },
  };
}

const unused = { r12: 0n, r13: 0n, r14: 0n, r15: 0n };
const fixed = { rax: 0n, rcx: 0xfc00n, r10: 0n };

describe("registers that leave the guest", () => {
  test("MMIO read: leaf 0x30, size, 0, GPA with the shared bit, 0", () => {
    const host = hostThatAnswers({ r11: 0x55n });
    done(tdx.handle(accessOf({ size: 2 }), host, CONTEXT));
    expect(host.calls).toEqual([{ ...fixed, r11: 0x30n, r12: 2n, r13: 0n, r14: GPA, r15: 0n }]);
  });

  test("MMIO write: leaf 0x30, size, 1, GPA, data", () => {
    const host = hostThatAnswers({});
    done(tdx.handle(accessOf({ write: true, size: 8, value: 0xfedc_ba98_7654_3210n }), host, CONTEXT));
    expect(host.calls).toEqual([{ ...fixed, r11: 0x30n, r12: 8n, r13: 1n, r14: GPA, r15: 0xfedc_ba98_7654_3210n }]);
  });

  test.each([
    [
      { kind: "cpuid", leaf: 0x4000_0001n, subleaf: 2n },
      { r11: 0x0an, r12: 0x4000_0001n, r13: 2n },
    ],
    [{ kind: "halt" }, { r11: 0x0cn, r12: 1n }],
    [
      { kind: "port-read", port: 0x3fd, size: 1 },
      { r11: 0x1en, r12: 1n, r13: 0n, r14: 0x3fdn },
    ],
    [
      { kind: "port-write", port: 0xcf8, size: 4, value: 0x8000_0000n },
      { r11: 0x1en, r12: 4n, r13: 1n, r14: 0xcf8n, r15: 0x8000_0000n },
    ],
    [
      { kind: "msr-read", index: 0x1bn },
      { r11: 0x1fn, r12: 0x1bn },
    ],
    [
      { kind: "msr-write", index: 0x1bn, value: 0x1234_5678_9abc_def0n },
      { r11: 0x20n, r12: 0x1bn, r13: 0x1234_5678_9abc_def0n },
    ],
  ] as const)("exit %o", (exit, expected) => {
    const host = hostThatAnswers({});
    doneExit(tdx.exit!(exit, host, CONTEXT));
    expect(host.calls).toEqual([{ ...fixed, ...unused, ...expected }]);
  });
});

test("the record shows what left the guest and what it took back", () => {
  const read = done(tdx.handle(accessOf({ size: 2 }), hostThatAnswers({ r11: 0xffff_ffff_ffff_1234n }), CONTEXT));
  expect(read).toEqual({
    value: 0x1234n,
    record: {
      hypercall: "TDG.VP.VMCALL",
      leaf: "mmio",
      rax: "0x0",
      rcx: "0xfc00",
      r10: "0x0",
      r11: "0x30",
      r12: "0x2",
      r13: "0x0",
      r14: `0x${GPA.toString(16)}`,
      r15: "0x0",
      answer: { rax: "0x0", r10: "0x0", r11: "0x1234" },
    },
  });
  const { record } = doneExit(
    tdx.exit!({ kind: "cpuid", leaf: 1n, subleaf: 0n }, hostThatAnswers({ r12: 1n, r13: 2n, r14: 3n, r15: 4n }), CONTEXT),
  );
  expect(record["answer"]).toEqual({ rax: "0x0", r10: "0x0", r12: "0x1", r13: "0x2", r14: "0x3", r15: "0x4" });
});

test("CPUID's answers are R12 to R15, 32 bits each, in the order EAX EBX ECX EDX", () => {
  const wide = 0xdead_beefn << 32n;
  const host = hostThatAnswers({ r11: 9n, r12: wide | 1n, r13: wide | 2n, r14: wide | 3n, r15: wide | 4n });
  expect(doneExit(tdx.exit!({ kind: "cpuid", leaf: 0n, subleaf: 0n }, host, CONTEXT)).values).toEqual([1n, 2n, 3n, 4n]);
});

describe("status codes", () => {
  test.each([
    [0x8000_0000_0000_0000n, "TDG.VP.VMCALL_OPERAND_INVALID"],
    [0x8000_0000_0000_0001n, "TDG.VP.VMCALL_GPA_INUSE"],
    [0x8000_0000_0000_0002n, "TDG.VP.VMCALL_ALIGN_ERROR"],
    [0x8000_0000_0000_0003n, "TDG.VP.VMCALL_SUBFUNC_UNSUPPORTED"],
    [2n, "not a status of the specification"],
    [0x1_0000_0000n, "not a status of the specification"],
  ])("R10 %s is an error by name", (r10, name) => {
    const host = hostThatAnswers({ r10, r11: 0x55n });
    const refusal = refusalOf(tdx.handle(accessOf({}), host, CONTEXT));
    expect(refusal.reason).toBe("hypercall-failed");
    expect(refusal.detail).toContain(name);
    expect(host.calls).toHaveLength(1);
  });

  test("RAX other than 0 is fatal, whatever R10 says", () => {
    const refusal = refusalOf(tdx.handle(accessOf({}), hostThatAnswers({ rax: 0xc000_0100_0000_0000n, r10: 1n }), CONTEXT));
    expect(refusal.reason).toBe("hypercall-failed");
    expect(refusal.detail).toMatch(/RAX 0xc000010000000000.*fatal/);
  });

  test("a retry is made with the same registers, and its answer counts", () => {
    const calls: VmcallRegisters[] = [];
    const host: TdxHost = {
      call: (request) => {
        calls.push(request);
        return { ...request, r10: calls.length < 3 ? 1n : 0n, r11: BigInt(calls.length) };
      },
    };
    expect(done(tdx.handle(accessOf({}), host, CONTEXT)).value).toBe(3n);
    expect(calls[1]).toEqual(calls[0]);
    expect(calls[2]).toEqual(calls[0]);
  });
});

function context(sharedBit: number | undefined, gpa: bigint): HandlerContext {
  const guest = { windows: [], ...(sharedBit === undefined ? {} : { sharedBit }) };
  return { ...CONTEXT, guest, fault: { ...CONTEXT.fault, gpa } };
}

describe("the shared bit", () => {
  test.each([47, 51])("at bit %i must be set in the fault's address", (bit) => {
    const shared = 1n << BigInt(bit);
    expect(tdx.check!(context(bit, shared | 0x1000n))).toBeUndefined();
    const refusal = refusalOf(tdx.check!(context(bit, 0x1000n)));
    expect(refusal.reason).toBe("private-address");
    expect(refusal.detail).toContain(`bit ${bit}`);
    expect(refusalOf(tdx.check!(context(bit, (shared << 1n) | (shared >> 1n)))).reason).toBe("private-address");
  });

  test("must be set in every access, in other pages too", () => {
    const host = hostThatAnswers({});
    const refusal = refusalOf(tdx.handle(accessOf({ gpa: 0x2000n }), host, context(51, GPA)));
    expect(refusal.reason).toBe("private-address");
    expect(host.calls).toEqual([]);
  });

  test("is not guessed where the trace does not say it", () => {
    expect(tdx.check!(context(undefined, 0x1000n))).toBeUndefined();
  });
});

function check(exitQualification: bigint, write?: boolean): Refusal | undefined {
  const fault = { ...CONTEXT.fault, exitReason: 48n, exitQualification, ...(write === undefined ? {} : { write }) };
  return tdx.check!({ ...CONTEXT, fault });
}

// SDM volume 3, table 28-7: bit 0 data read, bit 1 data write, bit 2 instruction fetch.
describe("the qualification of an EPT violation", () => {
  test.each([
    [0b001n, false],
    [0b010n, true],
    [0b011n, true],
    [0b011n, false],
    [0x581n, false],
    [0b010n, undefined],
  ])("%s agrees with write %s", (qualification, write) => expect(check(qualification, write)).toBeUndefined());

  test.each([
    [0b001n, true],
    [0b010n, false],
    [0b000n, false],
  ])("%s contradicts write %s", (qualification, write) => expect(refusalOf(check(qualification, write)).reason).toBe("direction-mismatch"));

  test("an instruction fetch is no data access", () => expect(refusalOf(check(0b100n)).reason).toBe("not-a-data-abort"));
});

describe("the honest host", () => {
  const request = { ...fixed, r11: 0x30n, r12: 4n, r13: 0n, r14: GPA, r15: 0n };
  const invalid = 0x8000_0000_0000_0000n;
  test.each([
    ["size 3", { r12: 3n }, invalid],
    ["size 0", { r12: 0n }, invalid],
    ["direction 2", { r13: 2n }, invalid],
    ["port of size 8", { r11: 0x1en, r12: 8n, r14: 0x80n }, invalid],
    ["port 0x10000", { r11: 0x1en, r12: 1n, r14: 0x1_0000n }, invalid],
    ["port direction 2", { r11: 0x1en, r12: 1n, r13: 2n, r14: 0x80n }, invalid],
    ["an unknown leaf", { r11: 0x99n }, 0x8000_0000_0000_0003n],
  ])("rejects %s", (_, change, status) => {
    const device = new RecordingDevice();
    expect(tdx.host(device).call({ ...request, ...change })).toMatchObject({ r10: status });
    expect(device.seen).toEqual([]);
  });
});
