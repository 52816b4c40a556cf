import type { Readable } from "node:stream";
import { DEFAULT_POLICY, type Policy } from "../emulate/policy.ts";
import type { Handler } from "../handler.ts";
import type { HostModel } from "../hosts/host.ts";
import { hostOf } from "../hosts/list.ts";
import { loadIsa } from "../isa/list.ts";
import { FileError, openInput, reason } from "../trace/files.ts";
import { type OpenTrace, openBlocks, readTrace } from "../trace/read.ts";
import { type TraceBlocks, TraceError, type TraceHeader, type TraceRecord } from "../trace/record.ts";
import { formSetOf } from "./form-sets.ts";
import { loadHandler } from "./handlers.ts";
import type { ReplaySetup } from "./replay.ts";

/** Opens a trace file, `-` for standard input, in whatever form it is. Errors are {@link TraceError} or FileError and name the file. */
export async function openTrace(path: string, standardInput: Readable = process.stdin): Promise<OpenTrace> {
  const name = path === "-" ? "standard input" : path;
  const bytes = await openInput(path, standardInput);
  const trace = await readTrace(bytes, async (architecture) => (await loadIsa(architecture)).registers).catch((error: unknown) => {
    throw locate(name, error);
  });
  return { ...trace, records: locatedRecords(name, trace.records) };
}

/** Opens a trace file for reading in blocks. Errors are {@link TraceError} or FileError and name the file. */
export async function openTraceBlocks(path: string): Promise<TraceBlocks> {
  const blocks = await openBlocks(path, async (architecture) => (await loadIsa(architecture)).registers).catch((error: unknown) => {
    throw error instanceof Error && "syscall" in error ? new FileError(`${path}: ${reason(error)}`) : locate(path, error);
  });
  return { ...blocks, records: (block) => locatedRecords(path, blocks.records(block)) };
}

/** What a person may choose; all else the trace decides. */
export interface ReplayChoices {
  /** A handler, the name of a built-in one, or the path of a module. Without it the architecture's default. */
  readonly handler?: Handler | string | undefined;
  /** What it leaves out is refused. */
  readonly policy?: Partial<Policy>;
  /** What answers hypercalls: a host, or one that `hostOf` knows by its text. Without it the values that the trace recorded. */
  readonly host?: HostModel | string | undefined;
  /** The instructions that the handler knows, as `formSetOf` reads it, e.g. `io.h`; others are refused. */
  readonly accepts?: string | undefined;
}

/** All that the faults of a trace are replayed with. Throws a HandlerLoadError, HostError or FormSetError where one of them can't be had. */
export async function setUpReplay({ architecture, guest }: TraceHeader, { handler, policy, host, accepts }: ReplayChoices = {}): Promise<ReplaySetup> {
  return {
    isa: await loadIsa(architecture),
    guest,
    handler: typeof handler === "object" ? handler : await loadHandler(handler, architecture),
    policy: { ...DEFAULT_POLICY, ...policy },
    ...(host === undefined ? {} : { host: typeof host === "string" ? hostOf(host) : host }),
    ...(accepts === undefined ? {} : { accepts: formSetOf(accepts, architecture) }),
  };
}

/** A trace's error does not know its file's name. */
function locate(name: string, error: unknown): unknown {
  return error instanceof TraceError ? new TraceError(`${name}: ${error.message}`, error.kept) : error;
}

async function* locatedRecords(name: string, records: AsyncIterable<TraceRecord>): AsyncGenerator<TraceRecord> {
  try {
    for await (const record of records) yield record;
  } catch (error) {
    throw locate(name, error);
  }
}
