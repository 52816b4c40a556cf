// Every recorded fault of ../shared/traces/riscv64, decoded and executed in this process, against what the machine did.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { RISCV64 } from "../../../src/isa/riscv64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { run } from "./machine.ts";

interface RecordedFault {
  readonly pc: string;
  readonly insn: string;
  readonly regs: Readonly<Record<string, string>>;
  readonly fault: { readonly gpa: string; readonly gva: string; readonly write: boolean };
  readonly memory?: readonly { readonly address: string; readonly bytes: string }[];
  readonly reads: readonly string[];
  readonly calls: readonly { readonly write: boolean; readonly gpa: string; readonly size: number; readonly value: string }[];
  readonly after: { readonly pc: string; readonly regs: Readonly<Record<string, string>> };
}

const folder = fileURLToPath(new URL("../../../../shared/traces/riscv64", import.meta.url));
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
if (!present) console.log(`skipped: no recorded RISC-V traces in ${folder}`);

const ATOMICS = /^(AMO|LR\.|SC\.)/;

describe.skipIf(!present)("recorded faults", () => {
  test("there are some", () => expect(files.length).toBeGreaterThan(0));

  test.for(files)("%s", (file) => {
    const [header, ...faults] = readFileSync(`${folder}/${file}`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    expect(faults.length).toBeGreaterThan(0);
    const windows = header.guest.windows.map(mapValues);
    for (const [index, recorded] of (faults as RecordedFault[]).entries()) check(`${file}[${index}] ${recorded.insn}`, recorded, windows);
  });
});

function check(title: string, recorded: RecordedFault, windows: readonly { gva: bigint; gpa: bigint; size: bigint }[]): void {
  const scene = {
    pc: BigInt(recorded.pc),
    bytes: Uint8Array.from(Buffer.from(recorded.insn, "hex")),
    registers: mapValues(recorded.regs),
    gva: BigInt(recorded.fault.gva),
    gpa: BigInt(recorded.fault.gpa),
    write: recorded.fault.write,
    reads: recorded.reads.map(BigInt),
    memory: (recorded.memory ?? []).map(({ address, bytes }) => ({ address: BigInt(address), bytes: Uint8Array.from(Buffer.from(bytes, "hex")) })),
    guest: { windows },
  };
  const done = run(scene);
  if (done instanceof Refusal) throw new Error(`${title}: ${done.reason}: ${done.detail}`);
  const calls = recorded.calls.map(({ write, gpa, size, value }) => ({ write, gpa: BigInt(gpa), size, value: BigInt.asUintN(8 * size, BigInt(value)) }));
  // The truth may name a register that kept its value.
  const changed = Object.entries(mapValues(recorded.after.regs)).filter(([name, value]) => value !== scene.registers[name]);
  expect({ title, calls: done.calls, pc: done.after.pc, changed: done.changed }).toEqual({
    title,
    calls,
    pc: BigInt(recorded.after.pc),
    changed: Object.fromEntries(changed),
  });
  const decoded = RISCV64.decode(scene.bytes, "rv64");
  const atomic = !(decoded instanceof Refusal) && ATOMICS.test(decoded.form);
  const refused = run({ ...scene, atomics: "refuse" });
  expect({ title, outcome: refused instanceof Refusal ? refused.reason : "emulated" }).toEqual({ title, outcome: atomic ? "atomic" : "emulated" });
}

function mapValues(record: Readonly<Record<string, string>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, BigInt(value)]));
}
