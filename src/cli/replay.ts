import type { DefineCommand } from "./command.ts";
import { addLineOptions, eachFault, isFastRight, type LineOptions } from "./each-fault.ts";
import { addHostOption } from "./setup.ts";
import { STATUS, type Status, type Terminal, UsageError } from "./terminal.ts";

export const defineReplay: DefineCommand = (program, terminal, finish) => {
  addHostOption(
    addLineOptions(
      program
        .command("replay")
        .summary("emulate every fault of a trace")
        .description("Emulates every fault of a trace and writes one JSON line for each: accesses, registers, memory and hypercalls, or why it was refused."),
      "lines",
    ),
  )
    .option("--accepts <forms>", "the forms that the handler knows, as trapline coverage has them; others are refused")
    .option("--watch", "run again each time the handler's file is saved")
    .addHelpText(
      "after",
      `
Examples:
  $ trapline replay trace.jsonl -o out.jsonl
  $ trapline replay trace.jsonl --atomics split | jq 'select(.status == "refused")'
  $ trapline replay trace.jsonl --handler ./my-handler.ts
  $ trapline replay trace.jsonl --handler ./my-handler.ts --host hostile:7
  $ trapline replay trace.jsonl --handler ./my-handler.ts --watch
  $ trapline replay huge.trapline --shard 3/8 -o part-3.jsonl`,
    )
    .action(async (path: string, options: Options) => finish(await (options.watch === true ? watched(path, options, terminal) : replay(path, options, terminal))));
};

interface Options extends LineOptions {
  readonly watch?: true;
}

/** Replays again and again, until Ctrl-C. */
async function watched(path: string, options: Options, terminal: Terminal): Promise<Status> {
  if (options.handler === undefined) throw new UsageError("--watch waits for a handler's file to be saved: give it with --handler FILE");
  if (path === "-") throw new UsageError("--watch reads the trace again each time, and standard input can be read once; give a file's path");
  const { watching } = await import("./watch.ts");
  return watching(options.handler, () => replay(path, options, terminal), terminal);
}

async function replay(path: string, options: LineOptions, terminal: Terminal): Promise<Status> {
  const account = await eachFault("outcomes", path, options, terminal);
  terminal.talk.write(`${account.tally.describe()}\n`);
  return account.tally.refused === 0 && isFastRight(account) ? STATUS.ok : STATUS.refused;
}
