import { bytesToHexadecimal } from "../model/bits.ts";
import { FORM_SETS } from "../replay/form-sets.ts";
import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { addReplayOptions, prepare, type ReplayOptions } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

interface Options extends ReplayOptions {
  readonly accepts: string;
}

export const defineCoverage: DefineCommand = (program, terminal, finish) => {
  const sets = Object.entries(FORM_SETS).map(([name, { description }]) => `  ${name.padEnd(16)} ${description}`);
  addReplayOptions(
    program
      .command("coverage")
      .summary("what would break if a handler knew only some instructions")
      .description("Replays traces and tells how many of their faults and of their distinct instructions a handler with few forms would do, and what it lacks, the heaviest first.")
      .argument("<traces...>", "trace files, - for standard input")
      .option("--accepts <forms>", "the forms that the handler knows: a set below, with +feature and -feature behind it", "io.h"),
  )
    .addHelpText(
      "after",
      `
Sets:
${sets.join("\n")}

Exit status: 0 all faults are covered; 1 some are not.

Examples:
  $ trapline coverage trace.jsonl
  $ trapline coverage trace.jsonl --accepts io.h+writeback+multiple
  $ trapline coverage trace.jsonl --accepts no-vectors --atomics split`,
    )
    .action(async (paths: string[], options: Options) => finish(await coverage(paths, options, terminal)));
};

async function coverage(paths: readonly string[], options: Options, terminal: Terminal): Promise<Status> {
  const [{ Coverage }, { formSetOf }, { coverageText }, { Disassembler }, { styleFor }] = await Promise.all([
    import("../replay/coverage.ts"),
    import("../replay/form-sets.ts"),
    import("../report/coverage.ts"),
    import("../report/assembly.ts"),
    import("../report/style.ts"),
  ]);
  // The set is looked at here: a fault that it has not is still to be emulated, to be told apart from one that nobody does.
  const { accepts, ...replaying } = options;
  const progress = new Progress(terminal, "faults");
  const texts: string[] = [];
  let all = true;
  for (const path of paths) {
    const { trace, setup } = await prepare(path, replaying, terminal);
    const { architecture } = trace.header;
    const found = new Coverage(setup, formSetOf(accepts, architecture));
    try {
      for await (const { fault } of trace.records) {
        found.add(fault);
        progress.step();
      }
    } finally {
      progress.done();
    }
    const disassemblers = new Map<string, Awaited<ReturnType<typeof Disassembler.open>>>();
    const lines = [];
    for (const missing of found.missing) {
      const { bytes, instruction, pc, instructionSet } = missing.example;
      let text = bytesToHexadecimal(bytes);
      if (instruction !== undefined && instructionSet !== undefined) {
        if (!disassemblers.has(instructionSet)) disassemblers.set(instructionSet, await Disassembler.open(instructionSet, trace.registers));
        text = disassemblers.get(instructionSet)!.text(instruction, bytes, pc);
      }
      lines.push({ ...missing, text });
    }
    for (const disassembler of disassemblers.values()) disassembler.close();
    texts.push(coverageText(`${path === "-" ? "standard input" : path} (${architecture})`, found, lines, styleFor(terminal.output, terminal.environment)));
    all &&= found.coveredFaults === found.faults;
  }
  terminal.output.write(texts.join("\n"));
  return all ? STATUS.ok : STATUS.refused;
}
