import type { DefineCommand } from "./command.ts";
import { addLineOptions, eachFault, isFastRight, type LineOptions } from "./each-fault.ts";
import { addHostOption } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

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
    .addHelpText(
      "after",
      `
Examples:
  $ trapline replay trace.jsonl -o out.jsonl
  $ trapline replay trace.jsonl --atomics split | jq 'select(.status == "refused")'
  $ trapline replay trace.jsonl --handler ./my-handler.ts
  $ trapline replay trace.jsonl --handler ./my-handler.ts --host hostile:7
  $ trapline replay huge.trapline --shard 3/8 -o part-3.jsonl`,
    )
    .action(async (path: string, options: LineOptions) => finish(await replay(path, options, terminal)));
};

async function replay(path: string, options: LineOptions, terminal: Terminal): Promise<Status> {
  const account = await eachFault("outcomes", path, options, terminal);
  terminal.talk.write(`${account.tally.describe()}\n`);
  return account.tally.refused === 0 && isFastRight(account) ? STATUS.ok : STATUS.refused;
}
