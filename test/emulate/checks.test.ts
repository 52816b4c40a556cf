import { describe, expect, it } from "vitest";
import { checkFault, checkPrivilege } from "../../src/emulate/checks.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Refusal } from "../../src/model/refusal.ts";
import { faultOf, type FaultText } from "../support/fault.ts";

const KERNEL_START = 0xffff_8000_0000_0000n;
const guest: GuestFacts = { windows: [], kernelStart: KERNEL_START };
const faultWith = (text: Partial<FaultText>): Fault => faultOf({ registers: AARCH64_REGISTERS }, { bytes: "", registers: {}, gva: KERNEL_START, ...text });

/** ESR_ELx of a data abort at the same level: EC 0x25, IL, and the ISS given. */
const dataAbort = (iss: bigint): bigint => (0x25n << 26n) | (1n << 25n) | iss;

const syndrome = (value: bigint): Refusal | undefined => checkFault(faultWith({ syndrome: value }), { windows: [] }, DEFAULT_POLICY);

describe("the syndrome of a data abort (DDI 0487 D24.2.40)", () => {
  it.each([
    ["a translation fault of level 0 to 3", [0x04n, 0x05n, 0x06n, 0x07n]],
    ["an access flag fault", [0x08n, 0x09n, 0x0an, 0x0bn]],
    ["a permission fault", [0x0cn, 0x0dn, 0x0en, 0x0fn]],
    ["a translation or access flag fault of level -1", [0x2bn, 0x29n]],
  ])("goes on with %s, from either exception level", (_, statuses) => {
    for (const status of statuses) {
      expect(syndrome(dataAbort(status))).toBeUndefined();
      expect(syndrome((0x24n << 26n) | status)).toBeUndefined();
      // A valid instruction syndrome and a write say nothing against it.
      expect(syndrome(dataAbort((1n << 24n) | (1n << 6n) | status))).toBeUndefined();
    }
  });

  it.each([
    ["another exception class (instruction abort)", (0x21n << 26n) | 0x07n, "exception class 0x21"],
    ["another exception class (SVC)", 0x15n << 26n, "exception class 0x15"],
    ["S1PTW", dataAbort((1n << 7n) | 0x07n), "table walk"],
    ["an abort of a table walk", dataAbort(0x15n), "table walk"],
    ["a parity error of a table walk", dataAbort(0x1dn), "table walk"],
    ["cache maintenance", dataAbort((1n << 8n) | 0x07n), "cache maintenance"],
    ["an external abort", dataAbort((1n << 9n) | 0x07n), "external abort"],
    ["an address that is not valid", dataAbort((1n << 10n) | 0x07n), "FnV"],
    ["a synchronous external abort", dataAbort(0x10n), "fault status 0x10"],
    ["an alignment fault", dataAbort(0x21n), "fault status 0x21"],
    ["an address size fault", dataAbort(0x00n), "fault status 0x0"],
    ["a TLB conflict", dataAbort(0x30n), "fault status 0x30"],
  ])("refuses %s", (_, value, detail) => {
    expect(syndrome(value)).toMatchObject({ reason: "not-a-data-abort", detail: expect.stringContaining(detail) });
  });

  it("is not needed", () => {
    expect(checkFault(faultWith({}), { windows: [] }, DEFAULT_POLICY)).toBeUndefined();
  });
});

describe("user mode", () => {
  const allow = { ...DEFAULT_POLICY, userMode: "allow" } as const;

  it("is refused, and so is the kernel at a user address", () => {
    expect(checkFault(faultWith({ mode: "user" }), guest, DEFAULT_POLICY)).toMatchObject({ reason: "user-mode" });
    expect(checkFault(faultWith({ gva: KERNEL_START - 1n }), guest, DEFAULT_POLICY)).toMatchObject({
      reason: "user-mode",
      detail: expect.stringContaining("0xffff7fffffffffff"),
    });
    expect(checkFault(faultWith({ gva: KERNEL_START }), guest, DEFAULT_POLICY)).toBeUndefined();
  });

  it("is emulated where the policy allows it", () => {
    expect(checkFault(faultWith({ mode: "user" }), guest, allow)).toBeUndefined();
    expect(checkFault(faultWith({ gva: 0x1000n }), guest, allow)).toBeUndefined();
  });

  it("by its address only where the lowest kernel address is known", () => {
    expect(checkFault(faultWith({ gva: 0x1000n }), { windows: [] }, DEFAULT_POLICY)).toBeUndefined();
    expect(checkPrivilege(faultWith({}), undefined, guest, DEFAULT_POLICY)).toBeUndefined();
    expect(checkPrivilege(faultWith({}), 0x1000n, guest, DEFAULT_POLICY)).toMatchObject({ reason: "user-mode" });
  });
});
