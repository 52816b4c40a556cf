import { describe, expect, it } from "vitest";
import type { FastPath } from "../../src/fastpath/fast-path.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import type { FaultColumns } from "../../src/model/fault-columns.ts";
import { openFastPath } from "../../src/replay/fast-path.ts";
import { generate } from "../../src/replay/generate/generate.ts";
import { columnsOf } from "../support/fault-columns.ts";

const SETTINGS = { guest: { windows: [] }, userMode: "refuse" } as const;

/** What a run of a chunk leaves. */
function recordsOf(fastPath: FastPath, columns: FaultColumns) {
  fastPath.load(columns);
  const { emulated } = fastPath.run(0, columns.count);
  const { gpas, firsts, information } = fastPath.kernel.records;
  return { emulated, gpas: gpas.slice(0, columns.count), firsts: firsts.slice(0, columns.count), information: information.slice(0, columns.count) };
}

describe.each(ARCHITECTURES)("chunks of %s that the kernel holds", (architecture) => {
  const chunks = async (): Promise<FaultColumns[]> => {
    const { registers } = await loadIsa(architecture);
    return columnsOf(registers, generate(registers, architecture, { faults: 9000, seed: 3 }).records);
  };

  it("give the same records as those that are copied, in any order", async () => {
    const all = await chunks();
    expect(all.length).toBe(3);
    const copying = await openFastPath(architecture, SETTINGS);
    const expected = all.map((columns) => recordsOf(copying, columns));
    expect(expected.map(({ emulated }) => emulated)).toEqual([4096, 4096, 808]);
    const fastPath = await openFastPath(architecture, SETTINGS);
    const held = fastPath.kernel.hold(all);
    for (const order of [[0, 1, 2], [2, 0, 1], [1, 1, 0]]) for (const number of order) expect(recordsOf(fastPath, held[number]!)).toEqual(expected[number]);
    // One that is not held goes behind them.
    expect(recordsOf(fastPath, all[1]!)).toEqual(expected[1]);
    expect(recordsOf(fastPath, held[0]!)).toEqual(expected[0]);
  });

  it("are rejected, and not read elsewhere, when they are held no longer", async () => {
    const all = await chunks();
    const fastPath = await openFastPath(architecture, SETTINGS);
    const [first] = fastPath.kernel.hold(all.slice(0, 1));
    // Room for so many makes the memory grow, and what was given before is gone.
    fastPath.kernel.hold(Array.from({ length: 40 }, () => all[0]!));
    expect(() => fastPath.load(first!)).toThrow(RangeError);
  });
});
