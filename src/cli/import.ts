import { IMPORTERS } from "../import/list.ts";
import type { DefineCommand } from "./command.ts";
import { addImportOptions, importChoices, type ImportOptions } from "./import-options.ts";
import { Progress } from "./progress.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

interface Options extends ImportOptions {
  readonly output: string;
  readonly deduce?: true;
}

export const defineImport: DefineCommand = (program, terminal, finish) => {
  addImportOptions(
    program
      .command("import")
      .summary("make a trace of a log: KVM trace events, a kernel oops, a VMM's register dump")
      .description("Makes a trace of the faults in a log. Its format is found from its content; timestamps, mail quoting and other text around it do no harm. A fault has what the log says of it, and no more.")
      .argument("<file>", "log, - for standard input")
      .option("-o, --output <file>", "trace to write (JSON lines), - for standard output", "-"),
  )
    .option("--deduce", "fill in a base register that the faulting address and the instruction determine")
    .addHelpText(
      "after",
      `
Formats (--as):
${IMPORTERS.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join("\n")}

Exit status: 0 all faults were imported; 1 some were left out; 2 wrong usage, or
no fault of a known format.

Examples:
  $ trapline import oops.txt -o oops.jsonl && trapline replay oops.jsonl
  $ trapline import dmesg.txt --elf vmlinux --load-offset 0x1e000000 -o oops.jsonl
  $ trace-cmd report | trapline import - -o kvm.jsonl --deduce && trapline verify kvm.jsonl
  $ trapline import panic.txt --window 0xffff800012345000:0x9000000:0x1000`,
    )
    .action(async (path: string, options: Options) => finish(await importFile(path, options, terminal)));
};

async function importFile(path: string, options: Options, terminal: Terminal): Promise<Status> {
  const [{ importLog }, { jsonLines }, { writeTrace }, { importLines }] = await Promise.all([
    import("../replay/import.ts"),
    import("../trace/json-lines.ts"),
    import("./write-trace.ts"),
    import("../report/imported.ts"),
  ]);
  const trace = await importLog(path, { ...(await importChoices(options)), deduce: options.deduce }, terminal.input);
  const problem = await writeTrace(trace, jsonLines, options.output, [path], terminal, new Progress(terminal, "faults"));
  const report = trace.report();
  for (const line of importLines(report)) terminal.talk.write(line);
  if (problem !== undefined) throw problem;
  return report.omissions.some(({ fault }) => fault) ? STATUS.refused : STATUS.ok;
}
