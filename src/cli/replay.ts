import type { DefineCommand } from "./command.ts";
import { addReplayOptions, prepare, type ReplayOptions } from "./setup.ts";
import { Progress } from "./progress.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

interface Options extends ReplayOptions {
  readonly output: string;
}

export const defineReplay: DefineCommand = (program, terminal, finish) => {
  addReplayOptions(
    program
      .command("replay")
      .summary("emulate every fault of a trace")
      .description("Emulates every fault of a trace and writes one JSON line for each: accesses, registers, memory and hypercalls, or why it was refused.")
      .argument("<trace>", "trace file, - for standard input")
      .option("-o, --output <file>", "where the lines go, - for standard output", "-"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ trapline replay trace.jsonl -o out.jsonl
  $ trapline replay trace.jsonl --atomics split | jq 'select(.status == "refused")'
  $ trapline replay trace.jsonl --handler ./my-handler.ts`,
    )
    .action(async (path: string, options: Options) => finish(await replay(path, options, terminal)));
};

async function replay(path: string, options: Options, terminal: Terminal): Promise<Status> {
  const { trace, setup } = await prepare(path, options, terminal);
  const [{ replayFault }, { outcomeLine }, { Tally }, { writing }] = await Promise.all([
    import("../replay/replay.ts"),
    import("../report/outcome-line.ts"),
    import("../report/tally.ts"),
    import("./writing.ts"),
  ]);
  const tally = new Tally();
  const progress = new Progress(terminal, "faults");
  await writing(options.output, [path], terminal, progress, async (output) => {
    for await (const { fault, index = tally.faults } of trace.records) {
      const { outcome } = replayFault(fault, setup);
      const full = output.write(outcomeLine(index, fault.pc, outcome, trace.registers));
      if (full !== undefined) await full;
      tally.add(outcome);
      progress.step();
    }
  });
  terminal.talk.write(`${tally.describe()}\n`);
  return tally.refused === 0 ? STATUS.ok : STATUS.refused;
}
