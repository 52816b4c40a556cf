import { type Command, Option } from "commander";
import { HANDLERS } from "../../handlers/list.ts";
import type { Policy } from "../emulate/policy.ts";
import type { ReplaySetup } from "../replay/replay.ts";
import type { OpenTrace } from "../trace/read.ts";
import { type Trace, TraceError, type TraceRecord } from "../trace/record.ts";
import type { Terminal } from "./terminal.ts";

/** Options of every command that replays. */
export interface ReplayOptions {
  readonly handler?: string;
  readonly atomics: Policy["atomics"];
  readonly userMode: Policy["userMode"];
}

/** Adds {@link ReplayOptions} to a command. */
export function addReplayOptions(command: Command): Command {
  return command
    .option("--handler <name-or-file>", `guest exception handler: a built-in one (${HANDLERS.map(({ name }) => name).join(", ")}) or a module's path; default by architecture`)
    .addOption(new Option("--atomics <policy>", "atomic accesses: refuse them, or split each into a plain read and write").choices(["refuse", "split"]).default("refuse"))
    .addOption(new Option("--user-mode <policy>", "faults of user mode, and of the kernel at user addresses").choices(["refuse", "allow"]).default("refuse"));
}

/** A trace with all that it is replayed with. */
export interface Prepared {
  readonly trace: Trace;
  readonly setup: ReplaySetup;
}

/** Opens a trace (`-`: standard input). Errors name the file. */
export async function openTrace(path: string, terminal: Terminal): Promise<OpenTrace> {
  const [{ openInput }, { readTrace }, { loadIsa }] = await Promise.all([import("../trace/files.ts"), import("../trace/read.ts"), import("../isa/list.ts")]);
  const name = path === "-" ? "standard input" : path;
  const bytes = await openInput(path, terminal.input);
  const trace = await readTrace(bytes, async (architecture) => (await loadIsa(architecture)).registers).catch((error: unknown) => {
    throw locate(name, error);
  });
  return { ...trace, records: locatedRecords(name, trace.records) };
}

/** Opens a trace and what replays it. Errors name the file. */
export async function prepare(path: string, options: ReplayOptions, terminal: Terminal): Promise<Prepared> {
  const [trace, { loadHandler }, { loadIsa }] = await Promise.all([openTrace(path, terminal), import("../replay/handlers.ts"), import("../isa/list.ts")]);
  const { architecture, guest } = trace.header;
  const [isa, handler] = await Promise.all([loadIsa(architecture), loadHandler(options.handler, architecture)]);
  return { trace, setup: { isa, guest, handler, policy: { atomics: options.atomics, userMode: options.userMode } } };
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
