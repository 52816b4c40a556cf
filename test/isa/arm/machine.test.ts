// Every row that is emulated, in both byte orders, against what QEMU's Arm core made of it: see record-machine.py.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { A32_TABLE, T32_NARROW_TABLE, T32_TABLE } from "../../../src/isa/arm/decode.ts";
import { ARM } from "../../../src/isa/arm/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { type MachineCase, memoryByte, registersOf, runCase } from "./machine.ts";

const cases = readFileSync(new URL("machine.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line): MachineCase => JSON.parse(line));

const BIG_ENDIAN = 0x200n;
const T32 = 0x20n;
const setOf = ({ regs }: MachineCase) => ((BigInt(regs["cpsr"]!) & T32) === 0n ? "A32" : "T32");
const orderOf = ({ regs }: MachineCase) => ((BigInt(regs["cpsr"]!) & BIG_ENDIAN) === 0n ? "little" : "big");

describe.each(["A32", "T32"])("%s", (set) => {
  test.for(cases.filter((each) => setOf(each) === set))("$form: $insn", (machine) => {
    const result = runCase(machine);
    if (result instanceof Refusal) throw new Error(`${result.reason}: ${result.detail}`);
    const { emulation, written } = result;
    const before = registersOf(machine.regs);
    expect({
      pc: `0x${emulation.after.pc.toString(16)}`,
      regs: Object.fromEntries(emulation.after.registers.map(({ register, value }) => [ARM.registers.name(register), value])),
      memory: Object.fromEntries([...written].filter(([address, byte]) => byte !== (memoryByte(address) & 0xff)).map(([address, byte]) => [`0x${address.toString(16)}`, byte])),
    }).toEqual({
      pc: machine.after.pc,
      regs: Object.fromEntries(Object.entries(machine.after.regs).map(([name, value]) => [name, BigInt(value)] as const).filter(([name, value]) => value !== before[name])),
      memory: Object.fromEntries(Object.entries(machine.after.memory).map(([address, byte]) => [address, Number.parseInt(byte, 16)])),
    });
  });
});

test("every row that is emulated is there, in both byte orders", () => {
  const expected = [["A32", A32_TABLE] as const, ["T32", T32_TABLE] as const, ["T32", T32_NARROW_TABLE] as const].flatMap(([set, { rows }]) =>
    rows
      .filter(({ facts }) => facts.kind !== "none" && facts.kind !== "opaque" && facts.unsupported === undefined)
      // A store-exclusive is refused, and Unicorn's QEMU knows no half-precision VLDR.
      .filter(({ form, facts }) => !(facts.kind === "ordered" && facts.exclusive && facts.access === "store") && !form.startsWith("VLDR.16") && form !== "VSTR.16")
      .flatMap(({ form }) => ["little", "big"].map((order) => `${set} ${form} ${order}`)),
  );
  const there = new Set(cases.map((each) => `${setOf(each)} ${each.form} ${orderOf(each)}`));
  expect(expected.filter((each) => !there.has(each))).toEqual([]);
});
