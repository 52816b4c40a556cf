import type { DefineCommand } from "./command.ts";
import { addLineOptions, eachFault, isFastRight, type LineOptions } from "./each-fault.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const defineVerify: DefineCommand = (program, terminal, finish) => {
  addLineOptions(
    program
      .command("verify")
      .summary("replay a trace and compare with its own truth")
      .description("Replays a trace and compares accesses, registers, flags, memory and pc with the record's own calls and after, where it has them."),
    "findings",
  )
    .addHelpText(
      "after",
      `
Every fault that was refused or differs is a line; their numbers are told on standard error.

Examples:
  $ trapline verify trace.jsonl
  $ trapline verify trace.jsonl --atomics split
  $ trapline verify trace.jsonl --check-fast`,
    )
    .action(async (path: string, options: LineOptions) => finish(await verify(path, options, terminal)));
};

async function verify(path: string, options: LineOptions, terminal: Terminal): Promise<Status> {
  const account = await eachFault("findings", path, options, terminal);
  const { tally } = account;
  const { verdictLine } = await import("../report/findings.ts");
  terminal.talk.write(verdictLine(tally));
  return tally.refused === 0 && tally.verdicts.different === 0 && isFastRight(account) ? STATUS.ok : STATUS.refused;
}
