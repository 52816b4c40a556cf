import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { openTrace } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const defineConvert: DefineCommand = (program, terminal, finish) => {
  program
    .command("convert")
    .summary("turn a JSON-lines trace into a binary one, or back")
    .description("Writes a JSON-lines trace as a binary trace and a binary trace as JSON lines. The form of IN is found from its content; nothing is lost either way.")
    .argument("<in>", "trace file, - for standard input")
    .argument("<out>", "file to write, - for standard output")
    .addHelpText(
      "after",
      `
Of a damaged binary trace all intact chunks are converted; what is lost is told, and the exit status is 1.

Examples:
  $ trapline convert trace.jsonl trace.trapline
  $ trapline convert trace.trapline - | head -3`,
    )
    .action(async (input: string, output: string) => finish(await convert(input, output, terminal)));
};

async function convert(input: string, output: string, terminal: Terminal): Promise<Status> {
  const [trace, { CODECS }, { writeTrace }] = await Promise.all([openTrace(input, terminal), import("../trace/codecs.ts"), import("./write-trace.ts")]);
  const target = CODECS.find((codec) => codec !== trace.codec)!;
  const problem = await writeTrace(trace, target, output, [input], terminal, new Progress(terminal, "faults"));
  if (problem !== undefined) throw problem;
  return STATUS.ok;
}
