// What `decode` says an instruction needs, held against the emulator: with these registers alone it runs, and without any one of
// them it does not.
import { describe, expect, test } from "vitest";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import type { Fault } from "../../src/model/fault.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile, type RegisterSet } from "../../src/model/registers.ts";
import { openTrace, setUpReplay } from "../../src/replay/open.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { registerNames } from "../../src/report/describe.ts";
import { BUNDLED, traceFiles } from "../support/traces.ts";

/** The fault with only some of its registers captured. */
function reduced(fault: Fault, set: RegisterSet, names: readonly string[]): Fault {
  const registers = new RegisterFile(set);
  for (const name of names) {
    const { register } = set.find(name)!;
    const value = fault.registers.get(register);
    if (value !== undefined) registers.capture(register, value, fault.registers.capturedWidth(register));
  }
  return { ...fault, registers };
}

describe("the registers that an instruction needs", () => {
  test.each(ARCHITECTURES)("%s: all of them, and no other", async (architecture) => {
    const wrong: string[] = [];
    let checked = 0;
    for (const file of traceFiles(`${BUNDLED}/${architecture}`).filter((each) => !each.includes("program"))) {
      const trace = await openTrace(file);
      const setup = await setUpReplay(trace.header, { policy: { atomics: "split" } });
      const set = trace.registers;
      for await (const { fault } of trace.records) {
        const instruction = replayFault(fault, setup).instruction!;
        if (instruction.operation instanceof Refusal) continue;
        const { needs } = registerNames(instruction.operation, set);
        // The status register also says which instruction set it is.
        const always = architecture === "arm" ? ["cpsr"] : [];
        const result = (names: readonly string[]): string => {
          const { outcome } = replayFault(reduced(fault, set, [...always, ...names]), setup);
          return outcome.kind === "emulated" ? "emulated" : outcome.refusal.reason;
        };
        checked++;
        if (result(needs) !== "emulated") wrong.push(`${instruction.form}: with ${needs.join(" ")}: ${result(needs)}`);
        for (const name of needs) {
          if (!always.includes(name) && result(needs.filter((each) => each !== name)) !== "missing-register") wrong.push(`${instruction.form}: runs without ${name}`);
        }
      }
    }
    expect(checked).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });
});
