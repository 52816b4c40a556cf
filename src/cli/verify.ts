import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { addReplayOptions, prepare, type ReplayOptions } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

interface Options extends ReplayOptions {
  readonly output: string;
}

export const defineVerify: DefineCommand = (program, terminal, finish) => {
  addReplayOptions(
    program
      .command("verify")
      .summary("replay a trace and compare with its own truth")
      .description("Replays a trace and compares accesses, registers, flags, memory and pc with the record's own calls and after, where it has them.")
      .argument("<trace>", "trace file, - for standard input")
      .option("-o, --output <file>", "where the findings go, - for standard output", "-"),
  )
    .addHelpText(
      "after",
      `
Every fault that was refused or differs is a line; the last line counts them all.

Examples:
  $ trapline verify trace.jsonl
  $ trapline verify trace.jsonl --atomics split`,
    )
    .action(async (path: string, options: Options) => finish(await verify(path, options, terminal)));
};

async function verify(path: string, options: Options, terminal: Terminal): Promise<Status> {
  const { trace, setup } = await prepare(path, options, terminal);
  const [{ replayFault }, { compare }, { Tally }, { findingLines, verdictLine }, { writing }] = await Promise.all([
    import("../replay/replay.ts"),
    import("../replay/verify.ts"),
    import("../report/tally.ts"),
    import("../report/findings.ts"),
    import("./writing.ts"),
  ]);
  const tally = new Tally();
  const progress = new Progress(terminal, "faults");
  await writing(options.output, [path], terminal, progress, async (output) => {
    for await (const record of trace.records) {
      const replayed = replayFault(record.fault, setup);
      const { verdict, differences } = compare(record, replayed);
      for (const line of findingLines(record.index ?? tally.faults, record.fault.pc, replayed.outcome, differences)) await output.write(line);
      tally.add(replayed.outcome, verdict);
      progress.step();
    }
    await output.write(verdictLine(tally));
  });
  return tally.refused === 0 && tally.verdicts.different === 0 ? STATUS.ok : STATUS.refused;
}
