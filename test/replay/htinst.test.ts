// A RISC-V fault with htinst: in place of the instruction's bytes, or beside them.
import { describe, expect, test } from "vitest";
import riscvHtinst from "../../handlers/riscv-htinst.ts";
import { RISCV64 } from "../../src/isa/riscv64/index.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Outcome } from "../../src/model/outcome.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { replayFault } from "../../src/replay/replay.ts";

/** lw x10, 4(x11) */
const LW = Uint8Array.of(0x03, 0xa5, 0x45, 0x00);
const LW_TRANSFORMED = 0x2503n;
const NOTHING = new Uint8Array();

function replay(bytes: Uint8Array, htinst: bigint, base?: bigint): Outcome {
  const registers = new RegisterFile(RISCV64.registers);
  if (base !== undefined) registers.capture(RISCV64.registers.index("x11"), base);
  const fault: Fault = {
    pc: 0x1000n,
    bytes,
    registers,
    gva: 0x4000_0004n,
    gpa: 0x0a00_0004n,
    write: false,
    mode: "kernel",
    transformedInstruction: htinst,
    memory: [],
    reads: [0x8000_0000n],
  };
  return replayFault(fault, { isa: RISCV64, guest: { windows: [] }, handler: riscvHtinst, policy: { atomics: "refuse", userMode: "refuse" } }).outcome;
}

describe("htinst", () => {
  test("stands in for the bytes, and for the base register", () => {
    const outcome = replay(NOTHING, LW_TRANSFORMED);
    expect(outcome).toMatchObject({ kind: "emulated", form: "LW", calls: [{ gpa: 0x0a00_0004n, size: 4 }], after: { pc: 0x1004n } });
    expect(outcome).toMatchObject({ records: [{ htinst: "0x2503", stval: "0x40000004" }] });
  });

  test("gives the same outcome as the bytes", () => {
    expect(replay(NOTHING, LW_TRANSFORMED)).toEqual(replay(LW, LW_TRANSFORMED, 0x4000_0000n));
  });

  test("that tells of a page table walk is believed before the bytes: the address is that of a table entry", () => {
    expect(replay(LW, 0x3000n, 0x4000_0000n)).toMatchObject({ kind: "refused", refusal: { reason: "not-a-data-abort" } });
  });

  test("of zero leaves the bytes to tell", () => {
    expect(replay(LW, 0n, 0x4000_0000n)).toMatchObject({ kind: "emulated", form: "LW" });
    expect(replay(NOTHING, 0n)).toMatchObject({ kind: "refused", refusal: { reason: "truncated-instruction" } });
  });
});
