import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { defaultHandler } from "../../handlers/list.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import { generate } from "../../src/replay/generate/generate.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { columnar } from "../../src/trace/columnar/codec.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { plain } from "../trace/arbitrary-record.ts";
import { store } from "../trace/codec-contract.ts";

const packr = new Packr({ useRecords: false });

function integer(value: bigint): number | bigint {
  return value <= 0xffff_ffffn ? Number(value) : value;
}

/** Bytes of a fault as a MessagePack object: the keys of the JSON-lines form, integers as integers, bytes as bytes. */
function objectSize({ fault: { pc, bytes, registers, gpa, gva, write, reads } }: TraceRecord): number {
  const values = [...registers.captured()].map((register) => [registers.set.name(register), integer(registers.get(register)!)] as const);
  return packr.pack({ pc: integer(pc), insn: bytes, regs: Object.fromEntries(values), fault: { gpa: integer(gpa!), gva: integer(gva!), write }, reads: reads.map(integer) }).length;
}

describe.each(ARCHITECTURES)("a generated trace (%s)", (architecture) => {
  test("all of its faults can be emulated, and make the accesses that they say", async () => {
    const isa = await loadIsa(architecture);
    const { header, records } = generate(isa.registers, architecture, { faults: 3000, seed: 1 });
    const setup = { isa, guest: header.guest, handler: defaultHandler(architecture), policy: { atomics: "refuse", userMode: "refuse" } } as const;
    const bad: string[] = [];
    for (const { fault } of records) {
      const { outcome } = replayFault(fault, setup);
      const first = outcome.kind === "emulated" ? outcome.calls[0] : undefined;
      if (first?.gpa !== fault.gpa || first?.write !== fault.write) bad.push(`${Buffer.from(fault.bytes).toString("hex")} ${outcome.kind === "refused" ? outcome.message : "other access"}`);
    }
    expect(bad).toEqual([]);
  });

  test("what an instruction leaves in its registers is what the next fault has, but for what it needs itself and one more", async () => {
    const isa = await loadIsa(architecture);
    const { header, records } = generate(isa.registers, architecture, { faults: 3000, seed: 2 });
    const setup = { isa, guest: header.guest, handler: defaultHandler(architecture), policy: { atomics: "refuse", userMode: "refuse" } } as const;
    let changes = 0;
    let wrong = 0;
    let after: bigint[] | undefined;
    let before: bigint[] | undefined;
    for (const { fault } of records) {
      const values = [...fault.registers.captured()].map((register) => fault.registers.get(register)!);
      if (after !== undefined && values.filter((value, register) => value !== after![register]).length > 3) wrong++;
      if (before !== undefined) changes += values.filter((value, register) => value !== before![register]).length;
      const { outcome } = replayFault(fault, setup);
      before = values;
      after = values.slice();
      const captured = [...fault.registers.captured()];
      if (outcome.kind === "emulated") for (const { register, value } of outcome.after.registers) after[captured.indexOf(register)] = value;
    }
    expect(wrong).toBe(0);
    expect(changes / 2999).toBeGreaterThan(2.3);
    expect(changes / 2999).toBeLessThan(3.1);
  });

  test("the same seed gives the same trace, another seed another", async () => {
    const { registers } = await loadIsa(architecture);
    const make = (seed: number) => [...generate(registers, architecture, { faults: 50, seed, encodings: 20 }).records].map(plain);
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  test("in binary a fault takes less than a sixth of a MessagePack object with integers and bytes", async () => {
    const { registers } = await loadIsa(architecture);
    const { header, records } = generate(registers, architecture, { faults: 20_000, seed: 5 });
    const all = [...records];
    const objects = all.reduce((length, record) => length + objectSize(record), 0);
    expect(objects / store(columnar, { header, registers, records: all }).length).toBeGreaterThan(6);
  });
});
