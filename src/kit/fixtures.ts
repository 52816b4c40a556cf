import { test as base } from "vitest";
import { DEFAULT_POLICY, type Policy } from "../emulate/policy.ts";
import type { GeneratedFault } from "../generate/fault.ts";
import type { Handler } from "../handler.ts";
import type { HostModel } from "../hosts/host.ts";
import { hostOf } from "../hosts/list.ts";
import { openTrace, type ReplayChoices, setUpReplay } from "../replay/open.ts";
import { type Replayed, replayFault, type ReplaySetup } from "../replay/replay.ts";
import type { TraceHeader, TraceRecord } from "../trace/record.ts";
import type { CallText } from "./expectations.ts";

/** A device read, as `toEmit` takes it. */
export function read(gpa: bigint, size: 1 | 2 | 4 | 8, value: bigint): CallText {
  return { write: false, gpa, size, value };
}

/** A device write, as `toEmit` takes it. */
export function write(gpa: bigint, size: 1 | 2 | 4 | 8, value: bigint): CallText {
  return { write: true, gpa, size, value };
}

/** What a generated fault is replayed with besides its handler. */
export interface RunOptions {
  /** Without it what the fault says its device answers. */
  readonly host?: HostModel | string;
  readonly policy?: Partial<Policy>;
}

/**
 * Replays a generated fault with a handler: under the policy that it was made for, with the device values that it holds, unless
 * `options` say otherwise.
 */
export function replayGenerated<Call, Answer>({ isa, guest, fault, wish }: GeneratedFault, handler: Handler<Call, Answer>, options: RunOptions = {}): Replayed {
  const { host } = options;
  const setup: ReplaySetup = {
    isa,
    guest,
    handler: handler as Handler,
    policy: { ...DEFAULT_POLICY, ...wish.policy, ...options.policy },
    ...(host === undefined ? {} : { host: typeof host === "string" ? hostOf(host) : host }),
  };
  return replayFault(fault, setup);
}

/** A trace file in memory, ready for replay. */
export interface LoadedTrace {
  readonly header: TraceHeader;
  readonly records: readonly TraceRecord[];
  /** Replays one of its records. */
  replay(record: TraceRecord): Replayed;
}

/** Reads a whole trace file, in whatever form it is. For traces of a test's size. */
export async function traceFaults<Call = unknown, Answer = unknown>(
  path: string,
  choices: Omit<ReplayChoices, "handler"> & { readonly handler?: Handler<Call, Answer> | string } = {},
): Promise<LoadedTrace> {
  const trace = await openTrace(path);
  const setup = await setUpReplay(trace.header, choices as ReplayChoices);
  const records: TraceRecord[] = [];
  for await (const record of trace.records) records.push(record);
  return { header: trace.header, records, replay: ({ fault }) => replayFault(fault, setup) };
}

/** What {@link test} gives to a test. */
export interface Fixtures {
  /** Opens a trace file: {@link traceFaults}. */
  readonly trace: typeof traceFaults;
  /** A fresh host by its text, e.g. `device:pl011` or `hostile:7`; {@link hostOf}. */
  readonly host: typeof hostOf;
}

/** vitest's `test` with {@link Fixtures}: `test("…", async ({ trace, host }) => { … })`. */
export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads what a fixture needs from this pattern
  trace: async ({}, use) => use(traceFaults),
  // oxlint-disable-next-line no-empty-pattern -- as above
  host: async ({}, use) => use(hostOf),
});
