import { describe, expect, test } from "vitest";
import armSyndrome from "../../handlers/arm-syndrome.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { type Comparison, compare } from "../../src/replay/verify.ts";
import { readTrace } from "../../src/trace/read.ts";
import { fault, header, pieces, trace } from "../support/traces.ts";

/** Replays the fault of `support/traces.ts` with some keys replaced, and compares. */
async function verify(more: object = {}): Promise<Comparison> {
  const isa = await loadIsa("aarch64");
  const { records } = await readTrace(pieces(trace(header(), fault(more))), async () => isa.registers);
  for await (const record of records) {
    const replayed = replayFault(record.fault, { isa, guest: { windows: [] }, handler: armSyndrome, policy: { ...DEFAULT_POLICY, atomics: "split" } });
    return compare(record, replayed);
  }
  throw new Error("no record");
}

const call = { write: false, gpa: "0xa000010", size: 4, value: "0xcafe" };

describe("verify", () => {
  test("the machine's own truth is exact", async () => {
    expect(await verify()).toEqual({ verdict: "exact", differences: [] });
  });

  test("a record without truth can't be compared", async () => {
    expect(await verify({ calls: undefined, after: undefined })).toEqual({ verdict: "unknown", differences: [] });
  });

  test("a refused fault is neither", async () => {
    expect(await verify({ reads: [] })).toEqual({ verdict: undefined, differences: [] });
  });

  test("only what the record knows is compared", async () => {
    expect((await verify({ after: undefined })).verdict).toBe("exact");
    expect((await verify({ calls: undefined })).verdict).toBe("exact");
    expect((await verify({ after: { regs: { x0: "0x40000014", x1: "0xcafe" } } })).verdict).toBe("exact");
  });

  test("a value recorded wider than its access counts in its low bytes", async () => {
    expect((await verify({ calls: [{ ...call, value: "0xffffffff0000cafe" }] })).verdict).toBe("exact");
  });

  test.each([
    ["another value", { calls: [{ ...call, value: "0xbeef" }] }, "accesses: read 4 at 0xa000010 0xcafe, and the machine made read 4 at 0xa000010 0xbeef"],
    ["another size", { calls: [{ ...call, size: 8 }] }, "accesses: read 4"],
    ["another address", { calls: [{ ...call, gpa: "0xa000014" }] }, "accesses: read 4"],
    ["another direction", { calls: [{ ...call, write: true }] }, "and the machine made write 4"],
    ["an access more", { calls: [call, call] }, "and the machine made read 4 at 0xa000010 0xcafe; read 4"],
    ["no access", { calls: [] }, "and the machine made none"],
    ["another pc", { after: { pc: "0x1008", regs: { x0: "0x40000014", x1: "0xcafe" } } }, "pc: 0x1004, and the machine had 0x1008"],
    ["a register that we changed and the machine did not", { after: { regs: { x1: "0xcafe" } } }, "x0: 0x40000014, and the machine had 0x40000010"],
    ["a register that the machine changed and we did not", { after: { regs: { x0: "0x40000014", x1: "0xcafe", x2: "0x1" } } }, "x2: not changed, and the machine had 0x1"],
    ["another register value", { after: { regs: { x0: "0x40000014", x1: "0x1" } } }, "x1: 0xcafe, and the machine had 0x1"],
    ["a register that the trace does not know at all", { after: { regs: { x0: "0x40000014" } } }, "x1: 0xcafe, and the trace does not know this register"],
    ["RAM that the machine wrote", { after: { regs: { x0: "0x40000014", x1: "0xcafe" }, memory: [{ address: "0x2000", bytes: "11" }] } }, "ram 0x2000: not written, and the machine had 11"],
    [
      "RAM that has another value",
      { memory: [{ address: "0x2000", bytes: "22" }], after: { regs: { x0: "0x40000014", x1: "0xcafe" }, memory: [{ address: "0x2000", bytes: "11" }] } },
      "ram 0x2000: 22, and the machine had 11",
    ],
  ])("%s is a difference", async (_, more, line) => {
    const { verdict, differences } = await verify(more);
    expect(verdict).toBe("different");
    expect(differences).toHaveLength(1);
    expect(differences[0]).toContain(line);
  });

  // cas w2, w3, [x0]: c8a/88a27c03
  const swap = { insn: "037ca288", regs: { x0: "0x40000010", x2: "0x1", x3: "0x9" }, reads: ["0x5"], fault: { gpa: "0xa000010", gva: "0x40000010", write: true } };
  const [read, restored] = [{ ...call, value: "0x5" }, { ...call, write: true, value: "0x5" }];
  const after = { pc: "0x1004", regs: { x2: "0x5" } };

  test("an Arm compare-and-swap that fails may write the old value back or not", async () => {
    expect((await verify({ ...swap, calls: [read, restored], after })).verdict).toBe("exact");
    expect((await verify({ ...swap, calls: [read], after })).verdict).toBe("exact");
    expect((await verify({ ...swap, calls: [restored], after })).verdict).toBe("different");
  });

  test("one that succeeds must write", async () => {
    const succeeding = { ...swap, reads: ["0x1"], after: { pc: "0x1004", regs: {} } };
    expect((await verify({ ...succeeding, calls: [{ ...call, value: "0x1" }, { ...call, write: true, value: "0x9" }] })).verdict).toBe("exact");
    expect((await verify({ ...succeeding, calls: [{ ...call, value: "0x1" }] })).verdict).toBe("different");
  });
});
