import { describe, expect, test } from "vitest";
import { reportedExit } from "../../src/model/exit.ts";
import { Refusal } from "../../src/model/refusal.ts";

describe("exit reasons", () => {
  // SDM volume 3, appendix C; AMD64 Architecture Programmer's Manual, volume 2, appendix C.
  test.each([
    [undefined, { kind: "device" }],
    [48n, { kind: "device" }],
    [0x400n, { kind: "device" }],
    [10n, { kind: "cpuid" }],
    [0x72n, { kind: "cpuid" }],
    [12n, { kind: "halt" }],
    [0x78n, { kind: "halt" }],
    [30n, { kind: "port" }],
    [0x7bn, { kind: "port" }],
    [31n, { kind: "msr", write: false }],
    [32n, { kind: "msr", write: true }],
    [0x7cn, { kind: "msr" }],
  ])("%s", (exitReason, expected) => expect(reportedExit(exitReason === undefined ? {} : { exitReason })).toEqual(expected));

  test.each([54n, 0n, 49n, 18n, 0x7an])("%s is none of ours", (exitReason) => {
    const refusal = reportedExit({ exitReason });
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).reason).toBe("not-a-data-abort");
    expect((refusal as Refusal).detail).toContain(`(${exitReason})`);
  });
});

test("the I/O qualification of VMX", () => {
  expect(reportedExit({ exitReason: 30n, exitQualification: 0x03fd_0008n })).toEqual({
    kind: "port",
    port: { write: false, size: 1, string: false, repeat: false, immediate: false, port: 0x3fd },
  });
  expect(reportedExit({ exitReason: 30n, exitQualification: 0x0cf8_0073n })).toEqual({
    kind: "port",
    port: { write: true, size: 4, string: true, repeat: true, immediate: true, port: 0xcf8 },
  });
});

test("the I/O information of SVM, and the direction of its MSR exit", () => {
  expect(reportedExit({ exitReason: 0x7bn, exitQualification: 0x03fd_0211n })).toEqual({
    kind: "port",
    port: { write: false, size: 1, string: false, repeat: false, port: 0x3fd },
  });
  expect(reportedExit({ exitReason: 0x7bn, exitQualification: 0x0cf8_024cn })).toEqual({
    kind: "port",
    port: { write: true, size: 4, string: true, repeat: true, port: 0xcf8 },
  });
  expect(reportedExit({ exitReason: 0x7cn, exitQualification: 0n })).toEqual({ kind: "msr", write: false });
  expect(reportedExit({ exitReason: 0x7cn, exitQualification: 1n })).toEqual({ kind: "msr", write: true });
});
