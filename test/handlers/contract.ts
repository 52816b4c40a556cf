// What every handler must hold to, the built-in ones, the example and a user's alike. Nothing here knows a handler's interface.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Access,
  type Architecture,
  ARCHITECTURES,
  answerWidths,
  type Device,
  type Exit,
  type Handled,
  type HandledExit,
  type Handler,
  type HandlerContext,
  Refusal,
  REFUSAL_REASONS,
  truncate,
} from "../../src/handler.ts";

export const SIZES = [1, 2, 4, 8] as const;
const WIDE = 0xdead_beef_0bad_f00d_ffff_ffff_ffff_ffffn;

/** A fault at which every handler is ready to work: the address is shared where guests have such a bit. */
export const GPA = (1n << 51n) | 0xfe00_1000n;
export const GVA = 0xffff_8000_4000_1000n;
export const CONTEXT: HandlerContext = {
  architecture: "x86-64",
  guest: { windows: [], sharedBit: 51 },
  fault: { pc: 0x1000n, bytes: Uint8Array.of(), gpa: GPA, gva: GVA, mode: "kernel" },
};

export function accessOf(change: Partial<Access>): Access {
  const target = { register: 3, signExtend: false, sixtyFour: false, ordered: false };
  return { write: false, gva: GVA, gpa: GPA, size: 4, value: 0n, target, instructionLength: 4, ...change };
}

/** A device that notes what reaches it and answers reads and exits from a list, or always the same. */
export class RecordingDevice implements Device {
  readonly seen: unknown[] = [];
  readonly #answer: bigint;

  constructor(answer = 0n) {
    this.#answer = answer;
  }

  read(gpa: bigint, size: 1 | 2 | 4 | 8): bigint {
    this.seen.push({ read: gpa, size });
    return this.#answer;
  }

  write(gpa: bigint, size: 1 | 2 | 4 | 8, value: bigint): void {
    this.seen.push({ write: gpa, size, value });
  }

  exit(exit: Exit): readonly bigint[] {
    this.seen.push(exit);
    return answerWidths(exit).map((_, at) => this.#answer + BigInt(at));
  }
}

/** A device that has no answer left, as a trace without `reads` has none. */
export class EmptyDevice implements Device {
  readonly refusal = new Refusal("missing-read", "the trace holds no value for this read", "capture it");
  read(): Refusal {
    return this.refusal;
  }
  write(): void {}
  exit(): Refusal {
    return this.refusal;
  }
}

export const EXITS: readonly Exit[] = [
  { kind: "cpuid", leaf: 0x4000_0000n, subleaf: 1n },
  { kind: "halt" },
  ...([1, 2, 4] as const).flatMap((size): Exit[] => [
    { kind: "port-read", port: 0x3f8, size },
    { kind: "port-write", port: 0x3f8, size, value: truncate(0x1234_5678n, 8 * size) },
  ]),
  { kind: "msr-read", index: 0xc000_0080n },
  { kind: "msr-write", index: 0xc000_0080n, value: 0x1122_3344_5566_7788n },
];

export interface ContractOptions {
  /** Exits that this handler refuses whatever the host says, by kind. */
  readonly refusedExits?: readonly Exit["kind"][];
}

/** Runs the suite on a handler, under vitest. */
export function describeHandlerContract(handler: Handler, options: ContractOptions = {}): void {
  test(`handler ${handler.name} says who it is`, () => {
    expect(handler.name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(handler.description).toMatch(/^\S.*\S$/);
    expect(handler.architectures.length).toBeGreaterThan(0);
    expect(ARCHITECTURES).toEqual(expect.arrayContaining([...handler.architectures]));
  });
  for (const architecture of handler.architectures) describeOn(architecture, handler, options);
}

function describeOn(architecture: Architecture, handler: Handler, { refusedExits = [] }: ContractOptions): void {
  const context: HandlerContext = { ...CONTEXT, architecture };
  describe(`handler ${handler.name} keeps the contract on ${architecture}`, () => {
    test("has no objection to a plain fault", () => {
      expect(handler.check?.(context)).toBeUndefined();
    });

    test.each(SIZES)("a read of %i bytes reaches the device as it is, and brings back that many bytes", (size) => {
      const device = new RecordingDevice(WIDE - 0x11n);
      const handled = done(handler.handle(accessOf({ size }), handler.host(device), context));
      expect(device.seen).toEqual([{ read: GPA, size }]);
      expect(handled.value).toBe(truncate(WIDE - 0x11n, 8 * size));
    });

    test.each(SIZES)("a write of %i bytes reaches the device as it is", (size) => {
      const device = new RecordingDevice();
      const value = truncate(0x8877_6655_4433_2211n, 8 * size);
      const handled = done(handler.handle(accessOf({ write: true, size, value }), handler.host(device), context));
      expect(device.seen).toEqual([{ write: GPA, size, value }]);
      expect(handled.value).toBe(0n);
    });

    test("any access at any address of the device makes the round trip", () => {
      const accesses = fc.record({
        write: fc.boolean(),
        offset: fc.bigInt(0n, 0xff0n),
        size: fc.constantFrom(...SIZES),
        value: fc.bigInt(0n, (1n << 64n) - 1n),
        target: fc.record({
          register: fc.option(fc.nat(31), { nil: undefined }),
          signExtend: fc.boolean(),
          sixtyFour: fc.boolean(),
          ordered: fc.boolean(),
        }),
        instructionLength: fc.constantFrom(2, 4),
      });
      fc.assert(
        fc.property(accesses, ({ offset, ...rest }) => {
          const access = accessOf({ ...rest, gpa: GPA + offset, gva: GVA + offset });
          const device = new RecordingDevice(rest.value);
          const low = truncate(rest.value, 8 * rest.size);
          const { value } = done(handler.handle(access, handler.host(device), context));
          const seen = rest.write ? { write: access.gpa, size: rest.size, value: low } : { read: access.gpa, size: rest.size };
          expect(device.seen).toEqual([seen]);
          expect(value).toBe(rest.write ? 0n : low);
        }),
      );
    });

    test.each(SIZES)("of a write's value only %i bytes leave the guest", (size) => {
      const clean = callsOf(handler, context, accessOf({ write: true, size, value: truncate(0x1234_5678_9abc_def0n, 8 * size) }));
      const dirty = callsOf(
        handler,
        context,
        accessOf({ write: true, size, value: (WIDE << BigInt(8 * size)) | truncate(0x1234_5678_9abc_def0n, 8 * size) }),
      );
      expect(dirty).toEqual(clean);
    });

    test("of a read no value leaves the guest", () => {
      for (const size of SIZES)
        expect(callsOf(handler, context, accessOf({ size, value: WIDE }))).toEqual(callsOf(handler, context, accessOf({ size })));
    });

    test("the host does not learn which register is used", () => {
      for (const write of [false, true]) {
        const calls = [3, 17, 31, undefined].map((register) =>
          callsOf(handler, context, accessOf({ write, target: { ...accessOf({}).target, register } })),
        );
        for (const each of calls) expect(each).toEqual(calls[0]);
      }
    });

    test("a device's refusal comes back as it is, and nothing else", () => {
      const device = new EmptyDevice();
      expect(handler.handle(accessOf({}), handler.host(device), context)).toBe(device.refusal);
    });

    test("a host's refusal comes back as it is, for reads and writes", () => {
      const refusal = new Refusal("hypercall-failed", "the host is away", "wait");
      for (const write of [false, true]) expect(handler.handle(accessOf({ write }), { call: () => refusal }, context)).toBe(refusal);
    });

    test("records are plain JSON, and the same every time", () => {
      for (const write of [false, true]) {
        for (const size of SIZES) {
          const make = () =>
            done(handler.handle(accessOf({ write, size, value: 0x12n }), handler.host(new RecordingDevice(0x34n)), context)).record;
          expectPlainJson(make());
          expect(JSON.stringify(make())).toBe(JSON.stringify(make()));
        }
      }
    });

    test("whatever a host answers, it is a value of the access's size or a refusal of the list, and nothing throws", () => {
      const cases = fc.record({
        write: fc.boolean(),
        size: fc.constantFrom(...SIZES),
        garbage: fc.array(u64, { minLength: 1, maxLength: 12 }),
        mostlyHonest: fc.boolean(),
      });
      fc.assert(
        fc.property(cases, ({ write, size, garbage, mostlyHonest }) => {
          const result = handler.handle(accessOf({ write, size, value: 1n }), hostile(handler, garbage, mostlyHonest), context);
          const { value, record } = result instanceof Refusal ? { value: 0n, record: { reason: result.reason } } : result;
          expect(value).toBe(truncate(value, 8 * size));
          expectPlainJson(record);
        }),
        { numRuns: 100 },
      );
    });

    if (handler.exit !== undefined) describeExits(handler, context, refusedExits);
  });
}

function describeExits(handler: Handler, context: HandlerContext, refused: readonly Exit["kind"][]): void {
  const exitOf = handler.exit!.bind(handler);
  const served = EXITS.filter(({ kind }) => !refused.includes(kind));

  test.each(titled(served))("exit %s reaches the other side as it is, and brings back answers of its widths", (_, exit) => {
    const device = new RecordingDevice(WIDE - 0x11n);
    const { values } = doneExit(exitOf(exit, handler.host(device), context));
    expect(device.seen).toEqual([exit]);
    expect(values).toEqual(answerWidths(exit).map((width, at) => truncate(WIDE - 0x11n + BigInt(at), width)));
  });

  test.each(titled(served.filter((exit) => answerWidths(exit).length > 0)))("exit %s hands a refusal on as it is", (_, exit) => {
    const device = new EmptyDevice();
    expect(exitOf(exit, handler.host(device), context)).toBe(device.refusal);
  });

  test.each([1, 2, 4] as const)("of a port write's value only %i bytes leave the guest", (size) => {
    const callsOfExit = (value: bigint) => spy(handler, (host) => exitOf({ kind: "port-write", port: 0x80, size, value }, host, context));
    expect(callsOfExit((WIDE << BigInt(8 * size)) | 0x5an)).toEqual(callsOfExit(0x5an));
  });

  test.each(titled(served))("the record of exit %s is plain JSON, and the same every time", (_, exit) => {
    const make = () => doneExit(exitOf(exit, handler.host(new RecordingDevice(0x34n)), context)).record;
    expectPlainJson(make());
    expect(JSON.stringify(make())).toBe(JSON.stringify(make()));
  });

  test("whatever a host answers to an exit, it is answers of its widths or a refusal of the list, and nothing throws", () => {
    const cases = fc.record({
      exit: fc.constantFrom(...EXITS),
      garbage: fc.array(u64, { minLength: 1, maxLength: 12 }),
      mostlyHonest: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ exit, garbage, mostlyHonest }) => {
        const result = exitOf(exit, hostile(handler, garbage, mostlyHonest), context);
        const { values, record } = result instanceof Refusal ? { values: [], record: { reason: result.reason } } : result;
        expect(values).toEqual(
          answerWidths(exit)
            .slice(0, values.length)
            .map((width, at) => truncate(values[at]!, width)),
        );
        expectPlainJson(record);
      }),
      { numRuns: 100 },
    );
  });

  test.each(titled(EXITS.filter(({ kind }) => refused.includes(kind))))("exit %s is refused without a call", (_, exit) => {
    const calls: unknown[] = [];
    const result = exitOf(exit, { call: (call) => calls.push(call) }, context);
    expect(REFUSAL_REASONS).toContain(refusalOf(result).reason);
    expect(calls).toEqual([]);
  });
}

const u64 = fc.oneof(fc.bigInt(0n, (1n << 64n) - 1n), fc.constantFrom(0n, 1n, 2n, 1n << 63n, (1n << 64n) - 1n));

/**
 * A host that puts garbage over what the honest one answers: over its registers, and over the pages that it was given. `mostlyHonest`: over
 * one of each only, so that the rest gets as far as it can.
 */
function hostile(handler: Handler, garbage: readonly bigint[], mostlyHonest: boolean): ReturnType<Handler["host"]> {
  const honest = handler.host(new RecordingDevice(0x1122_3344_5566_7788n));
  let next = 0;
  const take = (): bigint => garbage[next++ % garbage.length]!;
  return {
    call: (call) => {
      const answer = honest.call(call);
      for (const page of pagesOf(call)) {
        const positions = mostlyHonest ? [Number(take() % BigInt(page.length))] : Array.from(page, (_, at) => at);
        for (const at of positions) page[at] = Number(take() & 0xffn);
      }
      if (typeof answer !== "object" || answer === null || answer instanceof Refusal) return answer;
      const names = Object.keys(answer);
      const changed = mostlyHonest ? [names[Number(take() % BigInt(names.length))]!] : names;
      return { ...answer, ...Object.fromEntries(changed.map((name) => [name, take()])) };
    },
  };
}

/** The shared pages in a call. */
function pagesOf(call: unknown): Uint8Array[] {
  if (call instanceof Uint8Array) return [call];
  return typeof call === "object" && call !== null ? Object.values(call).flatMap(pagesOf) : [];
}

/** What the host was given in each call, copied while the call was under way. */
function callsOf(handler: Handler, context: HandlerContext, access: Access): unknown[] {
  return spy(handler, (host) => handler.handle(access, host, context));
}

function spy(handler: Handler, run: (host: ReturnType<Handler["host"]>) => unknown): unknown[] {
  const calls: unknown[] = [];
  const honest = handler.host(new RecordingDevice(0n));
  run({
    call: (call) => {
      calls.push(structuredClone(call));
      return honest.call(call);
    },
  });
  expect(calls.length).toBeGreaterThan(0);
  return calls;
}

export function done(result: Handled | Refusal): Handled {
  if (result instanceof Refusal) throw new Error(`refused: ${result.reason}: ${result.detail}`);
  return result;
}

export function doneExit(result: HandledExit | Refusal): HandledExit {
  if (result instanceof Refusal) throw new Error(`refused: ${result.reason}: ${result.detail}`);
  return result;
}

/** The refusal that a result must be. */
export function refusalOf(result: unknown): Refusal {
  if (!(result instanceof Refusal)) throw new Error(`not refused: ${String(result)}`);
  return result;
}

function expectPlainJson(record: Readonly<Record<string, unknown>>): void {
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  const leaves: unknown[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
    else leaves.push(value);
  };
  walk(record);
  expect(leaves.filter((leaf) => !["string", "number", "boolean"].includes(typeof leaf))).toEqual([]);
  expect(leaves.filter((leaf) => typeof leaf === "string" && /^0x/i.test(leaf) && !/^0x[0-9a-f]+$/.test(leaf))).toEqual([]);
}

/** A name for an exit in a test's title. */
function titled<Each extends Exit>(exits: readonly Each[]): [string, Each][] {
  return exits.map((exit) => ["size" in exit ? `${exit.kind} of ${exit.size} bytes` : exit.kind, exit]);
}
