import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { openTrace } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const defineRecover: DefineCommand = (program, terminal, finish) => {
  program
    .command("recover")
    .summary("make a whole trace of what is intact in a damaged one")
    .description("Writes a new trace, of the same form, with all faults of a cut or damaged trace that can be read, and says which are lost.")
    .argument("<in>", "trace file, - for standard input")
    .argument("<out>", "file to write, - for standard output")
    .addHelpText(
      "after",
      `
Of a binary trace every intact chunk is kept, of JSON lines all lines before the first that can't be read. The faults are
numbered anew. Exit status: 0 nothing was lost; 1 something was; 2 nothing could be read.

Example:
  $ trapline recover broken.trapline whole.trapline`,
    )
    .action(async (input: string, output: string) => finish(await recover(input, output, terminal)));
};

async function recover(input: string, output: string, terminal: Terminal): Promise<Status> {
  const [trace, { writeTrace }] = await Promise.all([openTrace(input, terminal), import("./write-trace.ts")]);
  let faults = 0;
  const records = (async function* () {
    for await (const record of trace.records) {
      faults++;
      yield record;
    }
  })();
  const problem = await writeTrace({ ...trace, records }, trace.codec, output, [input], terminal, new Progress(terminal, "faults"), true);
  terminal.talk.write(problem === undefined ? `${faults} faults, nothing was lost\n` : `trapline: ${problem.message}\n${faults} faults were kept\n`);
  return problem === undefined ? STATUS.ok : STATUS.refused;
}
