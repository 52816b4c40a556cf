import fc from "fast-check";
import type { Call } from "../../src/model/access.ts";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Fault, MemoryRange } from "../../src/model/fault.ts";
import { RegisterFile, type RegisterSet } from "../../src/model/registers.ts";
import type { TraceHeader, TraceRecord } from "../../src/trace/record.ts";

/** Random records of a trace, made so that neighbours share much: that is what a delta trace lives on. */

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: 300n }).map((small) => (1n << 64n) - 1n - small),
);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const optional = <Value>(key: string, value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined }).map((found) => (found === undefined ? {} : { [key]: found }));

/** JSON objects with text that is hard to store: half surrogate pairs, `__proto__`, deep nesting. */
const json = fc
  .dictionary(fc.oneof(fc.string().map((key) => `x${key}`), fc.constantFrom("text", "__proto__", "toJSON", "constructor", "x\ud800", "")), fc.jsonValue({ stringUnit: "binary" }), {
    minKeys: 1,
    maxKeys: 3,
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

const deep = fc.constant(JSON.parse(`${'{"x":['.repeat(100)}1${"]}".repeat(100)}`) as Record<string, unknown>);

const unknownKeys = fc.option(fc.oneof({ arbitrary: json, weight: 20 }, { arbitrary: deep, weight: 1 }, { arbitrary: json.map((fault) => ({ fault })), weight: 4 }), {
  nil: undefined,
  freq: 3,
});

const memory: fc.Arbitrary<MemoryRange[]> = fc.array(fc.record({ address: u64, bytes: bytes(40) }), { maxLength: 2 });

const call: fc.Arbitrary<Call> = fc.record({ write: fc.boolean(), gpa: u64, size: fc.constantFrom(1, 2, 4, 8), value: u64 });

/** Widths under which a register can be named. */
function namedWidths(set: RegisterSet, register: number): number[] {
  const { width, narrower } = set.describe(register);
  return [...(narrower ?? []).map((each) => each.width), width];
}

/** What becomes of one register: a new value under one of its widths, or (0) not captured. */
interface Change {
  readonly register: number;
  readonly width: number;
  readonly value: bigint;
}

function change(set: RegisterSet, anyWidth: boolean): fc.Arbitrary<Change> {
  return fc.nat({ max: set.descriptions.length - 1 }).chain((register) => {
    const { width } = set.describe(register);
    const widths = anyWidth ? fc.integer({ min: 1, max: width }) : fc.constantFrom(...namedWidths(set, register));
    return fc.record({
      register: fc.constant(register),
      width: fc.oneof({ arbitrary: widths, weight: 5 }, { arbitrary: fc.constant(0), weight: 1 }),
      value: fc.oneof(fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n }), fc.bigInt({ min: 0n, max: 1n })),
    });
  });
}

function apply(file: RegisterFile, changes: readonly Change[]): RegisterFile {
  const changed = file.copy();
  for (const { register, width, value } of changes) {
    if (width === 0) changed.forget(register);
    else changed.capture(register, value, width);
  }
  return changed;
}

const facts = fc
  .tuple(
    optional("gpa", u64),
    optional("gva", u64),
    optional("write", fc.boolean()),
    optional("syndrome", u64),
    optional("transformedInstruction", u64),
    optional("exitReason", u64),
    optional("exitQualification", u64),
    optional("vmFault", fc.record({ label: u64, words: fc.array(u64, { maxLength: 6 }), virtualProcessor: fc.boolean() })),
  )
  .map((parts) => Object.assign({}, ...parts) as Partial<Fault>);

/**
 * Records of one trace. Registers differ from one to the next by `changes`; with `anyWidth` part of a register may be captured, which
 * a name in JSON can't tell.
 */
export function records(set: RegisterSet, anyWidth = false): fc.Arbitrary<TraceRecord[]> {
  const changes = fc.oneof(fc.array(change(set, anyWidth), { maxLength: 3 }), fc.array(change(set, anyWidth), { maxLength: 40 }));
  const one = fc.record({
    changes,
    facts,
    pc: u64,
    bytes: fc.oneof(bytes(4), bytes(15), bytes(30)),
    mode: fc.constantFrom<Fault["mode"]>("kernel", "user"),
    memory,
    reads: fc.oneof(fc.array(u64, { maxLength: 2 }), fc.array(u64, { maxLength: 9 })),
    calls: fc.option(fc.array(call, { maxLength: 3 }), { nil: undefined }),
    after: fc.option(fc.record({ pc: fc.option(u64, { nil: undefined }), changes, memory }), { nil: undefined }),
    unknown: unknownKeys,
  });
  return fc.array(one, { maxLength: 12 }).map((faults) => {
    let registers = new RegisterFile(set);
    return faults.map(({ changes: before, facts: known, calls, after, unknown, ...fault }): TraceRecord => {
      registers = apply(registers, before);
      return {
        fault: { ...fault, ...known, registers },
        ...(calls === undefined ? {} : { calls }),
        ...(after === undefined
          ? {}
          : { after: { ...(after.pc === undefined ? {} : { pc: after.pc }), registers: apply(new RegisterFile(set), after.changes), memory: after.memory } }),
        unknown,
      };
    });
  });
}

/** A header with any facts. */
export function headers(architecture: Architecture): fc.Arbitrary<TraceHeader> {
  return fc
    .record({
      source: fc.string({ unit: "binary" }),
      windows: fc.array(fc.record({ gva: u64, gpa: u64, size: u64 }), { maxLength: 2 }),
      sharedBit: fc.option(fc.constantFrom(47, 51), { nil: undefined }),
      kernelStart: fc.option(u64, { nil: undefined }),
      unknown: unknownKeys.map((keys) => (keys !== undefined && "fault" in keys ? undefined : keys)),
    })
    .map(({ source, windows, sharedBit, kernelStart, unknown }) => ({
      architecture,
      source,
      guest: { windows, ...(sharedBit === undefined ? {} : { sharedBit }), ...(kernelStart === undefined ? {} : { kernelStart }) },
      unknown,
    }));
}

/** A record in plain values, for comparison: registers with all that was captured of each. */
export function plain({ fault, after, unknown, ...rest }: TraceRecord): unknown {
  return {
    ...rest,
    fault: { ...fault, registers: plainRegisters(fault.registers) },
    ...(after === undefined ? {} : { after: { ...after, registers: plainRegisters(after.registers) } }),
    // As text: keys such as __proto__ count, and so does the order.
    unknown: JSON.stringify(unknown),
  };
}

function plainRegisters(file: RegisterFile): unknown {
  return [...file.captured()].map((register) => [file.set.describe(register).name, file.capturedWidth(register), file.get(register)]);
}

/** A header in plain values. */
export function plainHeader({ unknown, ...rest }: TraceHeader): unknown {
  return { ...rest, unknown: JSON.stringify(unknown) };
}
