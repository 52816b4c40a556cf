// The kit against handlers with planted errors, and its messages: what a person reads when a test of theirs fails.
import * as fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import example from "../../handlers/example.ts";
import { check, faults, hostOf, read, replayGenerated, test as fixtureTest, traceFaults, write } from "../../src/vitest.ts";
import type { Handler } from "../../src/handler.ts";
import { BUNDLED } from "../support/traces.ts";

/** The message of an expectation that does not hold. */
async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return stripVTControlCharacters((error as Error).message);
  }
  throw new Error("it holds");
}

/** The example handler with an error in it. */
const broken: Handler = {
  ...(example as Handler),
  handle(access, host, context) {
    const handled = (example as Handler).handle(access, host, context);
    // Forgets the third byte of a read.
    return "value" in handled && !access.write ? { ...handled, value: handled.value & ~0xff_0000n } : handled;
  },
};

describe("toDecodeAs", () => {
  test("holds for what is named", () => {
    expect("014440b8").toDecodeAs({ architecture: "aarch64", form: "LDR Wt, post-index", access: "read", sizes: [4], length: 4, reason: "emulated" });
    expect(Uint8Array.of(3, 0x68)).toDecodeAs({ architecture: "arm", thumb: true, mnemonic: "ldr" });
    expect("0b").not.toDecodeAs({ architecture: "x86-64", reason: "emulated" });
    expect("c5f8c6").not.toDecodeAs({ architecture: "x86-64", mnemonic: "mov" });
  });

  test("tells side by side what differs", async () => {
    expect(await failure(() => expect("014440b8").toDecodeAs({ architecture: "aarch64", access: "write", sizes: [4] }))).toBe(
      [
        "014440b8 is not decoded as expected",
        "",
        "  expected      │ decoded",
        "  ───────────── │ ────────────",
        "≠ access: write │ access: read",
        "  sizes: 4      │ sizes: 4",
      ].join("\n"),
    );
  });

  test("does not take what is no instruction bytes", async () => {
    expect(await failure(() => expect(5).toDecodeAs({ architecture: "aarch64" }))).toContain("expected instruction bytes");
  });
});

describe("toEmit, toRefuse, toMatchTruth on a trace", async () => {
  const trace = await traceFaults(`${BUNDLED}/aarch64/pairs.jsonl`, { handler: example });
  const [record] = trace.records;

  test("hold for what the machine did", () => {
    for (const each of trace.records) {
      expect(trace.replay(each)).toMatchTruth(each);
      expect(trace.replay(each)).toEmit(each.calls!);
    }
  });

  test("show accesses and registers that differ", async () => {
    const [call] = record!.calls!;
    const message = await failure(() => expect(trace.replay(record!)).toEmit([write(call!.gpa, call!.size, 1n)]));
    expect(message).toContain("makes other device accesses");
    expect(message).toMatch(/≠ write 4 at 0xa0101fc: 0x1 +│ read {2}4 at 0xa0101fc/);
    const wrong = await traceFaults(`${BUNDLED}/aarch64/pairs.jsonl`, { handler: broken });
    const other = wrong.records.find((each) => each.calls!.some((made) => !made.write && (made.value & 0xff_0000n) !== 0n))!;
    expect(await failure(() => expect(wrong.replay(other)).toMatchTruth(other))).toMatch(/is not what the machine did[^]*x\d+: 0x[0-9a-f]+, and the machine had/);
  });

  test("refusals by reason and words", async () => {
    const refused = await traceFaults(`${BUNDLED}/aarch64/atomics.jsonl`, { handler: example });
    const outcome = refused.replay(refused.records[0]!);
    expect(outcome).toRefuse("atomic");
    expect(outcome).toRefuse("atomic", /LDXRB/);
    expect(outcome).not.toRefuse("page-crossing");
    expect(await failure(() => expect(outcome).toRefuse("unpredictable"))).toContain("the fault was refused for atomic, expected unpredictable");
    expect(await failure(() => expect(trace.replay(record!)).toRefuse("atomic"))).toContain("was emulated, and not refused for atomic");
    expect(await failure(() => expect("x").toRefuse("atomic"))).toContain("expected what replayFault() or replayGenerated() returns");
  });
});

describe("arbitraries", () => {
  test.each(["aarch64", "arm", "riscv64", "x86-64"] as const)("%s: a right handler passes", async (architecture) => {
    await check(faults(architecture), (fault) => expect(replayGenerated(fault, example)).toMatchTruth(fault), { numRuns: 60 });
  });

  test("a wrong handler fails, with the smallest fault that shows it", async () => {
    const message = await failure(() => check(faults("aarch64", { forms: /^LDRS?[BHW]? .*register offset/ }), (fault) => expect(replayGenerated(fault, broken)).toMatchTruth(fault), { numRuns: 1000, seed: 5 }));
    expect(message).toContain("seed: 5");
    // One bit of the byte that it forgets, the first registers, no shift.
    expect(message).toMatch(/device answers: 0x10000\n?/);
    expect(message).toContain("registers: x0 ");
  });

  test("faults that are refused can be asked for", async () => {
    await check(faults("x86-64", { expected: "direction-mismatch" }), (fault) => expect(replayGenerated(fault, example)).toRefuse("direction-mismatch"), { numRuns: 30 });
    await check(faults("aarch64", { expected: "unpredictable" }), (fault) => expect(replayGenerated(fault, example)).toMatchTruth(fault), { numRuns: 30 });
  });

  test("the same seed draws the same faults, however many were drawn before", () => {
    const arbitrary = faults("riscv64");
    const draw = (): unknown[] => fc.sample(arbitrary, { numRuns: 20, seed: 9 }).map(({ chosen }) => chosen);
    expect(draw()).toEqual(draw());
  });

  test("a form that there is not is told", () => expect(() => faults("riscv64", { forms: "LWX" })).toThrow("no form of riscv64 is named LWX"));
});

describe("hosts", () => {
  test("are the same objects as on the command line", async () => {
    await check(faults("aarch64", { forms: /^STR Wt, unsigned/ }), (fault) => {
      const host = hostOf("device");
      replayGenerated(fault, example, { host });
      const { outcome } = replayGenerated({ ...fault, fault: { ...fault.fault, bytes: loadOf(fault.fault.bytes), write: false } }, example, { host });
      const stored = replayGenerated(fault, example).outcome;
      const value = stored.kind === "emulated" ? stored.calls[0]!.value : 0n;
      expect(outcome).toEmit([read(fault.fault.gpa!, 4, value)]);
    }, { numRuns: 30 });
  });
});

/** The load of the same address: bit 22 of A64's LDR and STR. */
function loadOf(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === 2 ? byte | 0x40 : byte));
}

/* oxlint-disable vitest/no-standalone-expect -- it is a test, by the name of the kit's own */
fixtureTest("fixtures open traces and hosts", async ({ trace, host }) => {
  const { header, records } = await trace(`${BUNDLED}/riscv64/integer.jsonl`);
  expect(header.architecture).toBe("riscv64");
  expect(records.length).toBe(32);
  expect(host("hostile:4").name).toBe("hostile:4");
});
