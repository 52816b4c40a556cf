// Every recorded fault of ../shared/traces/arm, decoded and executed in this process, against what the machine did.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ARM } from "../../../src/isa/arm/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { type FaultText, run, summary } from "../../support/fault.ts";

interface RecordedFault {
  readonly pc: string;
  readonly insn: string;
  readonly regs: Readonly<Record<string, string>>;
  readonly fault: { readonly gpa: string; readonly gva: string; readonly write: boolean };
  readonly memory?: readonly { readonly address: string; readonly bytes: string }[];
  readonly reads: readonly string[];
  readonly calls: readonly { readonly write: boolean; readonly gpa: string; readonly size: number; readonly value: string }[];
  readonly after: { readonly pc: string; readonly regs: Readonly<Record<string, string>>; readonly memory?: readonly { readonly address: string; readonly bytes: string }[] };
}

const folder = fileURLToPath(new URL("../../../../shared/traces/arm", import.meta.url));
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
if (!present) console.log(`skipped: no recorded Arm traces in ${folder}`);

const EXCLUSIVE = /^(LDREX|LDAEX)/;

describe.skipIf(!present)("recorded faults", () => {
  test("there are some", () => expect(files.length).toBeGreaterThan(0));

  test.for(files)("%s", (file) => {
    const [header, ...faults] = readFileSync(`${folder}/${file}`, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    expect(faults.length).toBeGreaterThan(0);
    const windows = header.guest.windows.map((window: Record<string, string>) => ({ gva: BigInt(window["gva"]!), gpa: BigInt(window["gpa"]!), size: BigInt(window["size"]!) }));
    for (const [index, recorded] of (faults as RecordedFault[]).entries()) check(`${file}[${index}] ${recorded.insn}`, recorded, windows);
  });
});

function check(title: string, recorded: RecordedFault, windows: readonly { gva: bigint; gpa: bigint; size: bigint }[]): void {
  const registers = mapValues(recorded.regs);
  const fault: FaultText = {
    pc: BigInt(recorded.pc),
    bytes: recorded.insn,
    registers,
    gva: BigInt(recorded.fault.gva),
    gpa: BigInt(recorded.fault.gpa),
    write: recorded.fault.write,
    reads: recorded.reads.map(BigInt),
    memory: Object.fromEntries((recorded.memory ?? []).map(({ address, bytes }) => [address, bytes])),
  };
  const result = run(ARM, fault, { guest: { windows }, policy: { atomics: "split" } });
  if (result instanceof Refusal) throw new Error(`${title}: ${result.reason}: ${result.detail}`);
  const calls = recorded.calls.map(({ write, gpa, size, value }) => ({ write, gpa: BigInt(gpa), size, value: BigInt.asUintN(8 * size, BigInt(value)) }));
  // The truth may name a register that kept its value.
  const changed = Object.entries(mapValues(recorded.after.regs)).filter(([name, value]) => value !== registers[name]);
  expect({ title, calls: result.calls, pc: result.after.pc, registers: summary(ARM, result).registers, memory: summary(ARM, result).memory }).toEqual({
    title,
    calls,
    pc: BigInt(recorded.after.pc),
    registers: Object.fromEntries(changed),
    memory: (recorded.after.memory ?? []).map(({ address, bytes }) => `${BigInt(address).toString(16)}: ${bytes}`),
  });
  const instructionSet = (registers["cpsr"]! & 0x20n) === 0n ? "a32" : "t32";
  const decoded = ARM.decode(Uint8Array.from(Buffer.from(recorded.insn, "hex")), instructionSet);
  const exclusive = !(decoded instanceof Refusal) && EXCLUSIVE.test(decoded.form);
  const refused = run(ARM, fault, { guest: { windows }, policy: { atomics: "refuse" } });
  expect({ title, outcome: refused instanceof Refusal ? refused.reason : "emulated" }).toEqual({ title, outcome: exclusive ? "atomic" : "emulated" });
}

function mapValues(record: Readonly<Record<string, string>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, BigInt(value)]));
}
