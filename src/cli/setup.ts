import { type Command, Option } from "commander";
import { HANDLERS } from "../../handlers/list.ts";
import type { Policy } from "../emulate/policy.ts";
import { HOST_NAMES } from "../hosts/list.ts";
import type { ReplaySetup } from "../replay/replay.ts";
import type { OpenTrace } from "../trace/read.ts";
import type { Trace } from "../trace/record.ts";
import type { Terminal } from "./terminal.ts";

/** Options of every command that replays. */
export interface ReplayOptions {
  readonly handler?: string;
  readonly atomics: Policy["atomics"];
  readonly userMode: Policy["userMode"];
  readonly host?: string;
  readonly accepts?: string;
}

/** Adds {@link ReplayOptions} to a command. */
export function addReplayOptions(command: Command): Command {
  return command
    .option("--handler <name-or-file>", `guest exception handler: a built-in one (${HANDLERS.map(({ name }) => name).join(", ")}) or a module's path; default by architecture`)
    .addOption(new Option("--atomics <policy>", "atomic accesses: refuse them, or split each into a plain read and write").choices(["refuse", "split"]).default("refuse"))
    .addOption(new Option("--user-mode <policy>", "faults of user mode, and of the kernel at user addresses").choices(["refuse", "allow"]).default("refuse"));
}

/** Adds `--host` to a command. */
export function addHostOption(command: Command): Command {
  return command.option("--host <host>", `what answers the hypercalls: ${HOST_NAMES.join(", ")}; recorded by default`);
}

/** A trace with all that it is replayed with. */
export interface Prepared {
  readonly trace: Trace;
  readonly setup: ReplaySetup;
}

/** Opens a trace, `-` for standard input. */
export async function openTrace(path: string, terminal: Terminal): Promise<OpenTrace> {
  return (await import("../replay/open.ts")).openTrace(path, terminal.input);
}

/** Opens a trace and what replays it. */
export async function prepare(path: string, { handler, atomics, userMode, host, accepts }: ReplayOptions, terminal: Terminal): Promise<Prepared> {
  const trace = await openTrace(path, terminal);
  const { setUpReplay } = await import("../replay/open.ts");
  return { trace, setup: await setUpReplay(trace.header, { handler, policy: { atomics, userMode }, host, accepts }) };
}
