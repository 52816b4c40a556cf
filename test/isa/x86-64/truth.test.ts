// Every recorded fault of ../shared/traces/x86-64, decoded and executed in this process, against what the machine did.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { type FaultText, bytesOf, run, summary } from "../../support/fault.ts";
import { RECORDED } from "../../support/traces.ts";

interface RecordedFault {
  readonly pc: string;
  readonly insn: string;
  readonly text?: string;
  readonly regs: Readonly<Record<string, string>>;
  readonly fault: { readonly gpa: string; readonly gva: string; readonly write: boolean };
  readonly memory?: readonly { readonly address: string; readonly bytes: string }[];
  readonly reads: readonly string[];
  readonly calls: readonly { readonly write: boolean; readonly gpa: string; readonly size: number; readonly value: string }[];
  readonly after: {
    readonly pc: string;
    readonly regs: Readonly<Record<string, string>>;
    readonly memory?: readonly { readonly address: string; readonly bytes: string }[];
  };
}

const folder = join(RECORDED, "x86-64");
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
if (!present) console.log(`skipped: no recorded x86-64 traces in ${folder}`);

const [CF, PF, AF, ZF, SF, OF] = [1n, 4n, 0x10n, 0x40n, 0x80n, 0x800n];
/** Flags that the manuals leave undefined, by mnemonic (contract, section 1). */
const UNDEFINED_FLAGS: readonly (readonly [RegExp, bigint])[] = [
  [/^(and|or|xor|test)$/, AF],
  [/^i?mul$/, SF | ZF | AF | PF],
  [/^i?div$/, CF | PF | AF | ZF | SF | OF],
  [/^sh[lr]d$/, OF | AF],
  [/^(sal|sar|shl|shr|rol|ror|rcl|rcr)$/, OF | AF | CF],
  [/^bt[scr]?$/, OF | SF | AF | PF],
  [/^bs[fr]$/, CF | OF | SF | AF | PF],
  [/^[tl]zcnt$/, OF | SF | AF | PF],
];

describe.skipIf(!present)("recorded faults", () => {
  test("there are some", () => expect(files.length).toBeGreaterThan(0));

  test.for(files)("%s", (file) => {
    const [header, ...faults] = readFileSync(join(folder, file), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(faults.length).toBeGreaterThan(0);
    const windows = header.guest.windows.map((window: Record<string, string>) => ({
      gva: BigInt(window["gva"]!),
      gpa: BigInt(window["gpa"]!),
      size: BigInt(window["size"]!),
    }));
    for (const [index, recorded] of (faults as RecordedFault[]).entries())
      check(`${file}[${index}] ${recorded.insn} ${recorded.text ?? ""}`, recorded, windows);
  });
});

type Windows = readonly { readonly gva: bigint; readonly gpa: bigint; readonly size: bigint }[];

function check(title: string, recorded: RecordedFault, windows: Windows): void {
  const instruction = X86_64.decode(bytesOf(recorded.insn), "x86-64");
  if (instruction instanceof Refusal) throw new Error(`${title}: ${instruction.detail}`);
  const { access, mnemonic, sizes } = instruction;
  for (const { write, size } of recorded.calls) {
    expect({ title, write, reads: access !== "write", writes: access !== "read" }).toMatchObject(
      write ? { writes: true } : { reads: true },
    );
    expect({ title, sizes, fits: sizes.includes(size) || sizes.includes(0) }).toMatchObject({ fits: true });
  }
  const registers = valuesOf(recorded.regs);
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
  const result = run(X86_64, fault, { guest: { windows }, policy: { atomics: "split" } });
  if (result instanceof Refusal) {
    // What is only named has the truth's sizes all the same.
    const same = sizes.join() === recorded.calls.map(({ size }) => size).join();
    if (result.reason === "unsupported-instruction" && same) return;
    throw new Error(`${title}: ${result.reason}: ${result.detail}; sizes ${sizes.join()}`);
  }
  const calls = recorded.calls.map(({ write, gpa, size, value }) => ({
    write,
    gpa: BigInt(gpa),
    size,
    value: BigInt.asUintN(8 * size, BigInt(value)),
  }));
  const undefinedFlags = UNDEFINED_FLAGS.find(([names]) => names.test(mnemonic))?.[1] ?? 0n;
  const found = summary(X86_64, result);
  const after = (values: Readonly<Record<string, bigint>>): Record<string, bigint> =>
    Object.fromEntries(
      Object.entries({ ...registers, ...values }).map(([name, value]) => [name, name === "rflags" ? value & ~undefinedFlags : value]),
    );
  expect({ title, calls: result.calls, pc: result.after.pc, registers: after(found.registers) }).toEqual({
    title,
    calls,
    pc: BigInt(recorded.after.pc),
    registers: after(valuesOf(recorded.after.regs)),
  });
  expect({ title, memory: bytesAt(found.memory.map((text) => text.split(": ") as [string, string])) }).toEqual({
    title,
    memory: bytesAt((recorded.after.memory ?? []).map(({ address, bytes }) => [BigInt(address).toString(16), bytes])),
  });
}

/** Bytes by address: one side may join what the other keeps apart. */
function bytesAt(ranges: readonly (readonly [string, string])[]): Record<string, number> {
  return Object.fromEntries(
    ranges.flatMap(([address, bytes]) =>
      [...bytesOf(bytes)].map((byte, index) => [(BigInt(`0x${address}`) + BigInt(index)).toString(16), byte]),
    ),
  );
}

function valuesOf(record: Readonly<Record<string, string>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, BigInt(value)]));
}
