import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { createHistogram } from "node:perf_hooks";
import type { TraceSummary } from "../report/summary.ts";
import type { DefineCommand } from "./command.ts";
import { packageRoot } from "./package-root.ts";
import { Progress } from "./progress.ts";
import { addHostOption, addReplayOptions, prepare, type ReplayOptions } from "./setup.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";

export const defineSummary: DefineCommand = (program, terminal, finish) => {
  addHostOption(
    addReplayOptions(
      program
        .command("summary")
        .summary("replay traces and print a table (without arguments: the bundled traces)")
        .description("Replays traces, compares them with their own truth and prints a table: faults, distinct forms, accesses, refusals, and the time a fault takes.")
        .argument("[traces...]", "trace files; the bundled ones if none is given"),
    ),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ trapline summary
  $ trapline summary --atomics split mine/*.jsonl
  $ trapline summary --host hostile:7 mine/*.jsonl`,
    )
    .action(async (paths: string[], options: ReplayOptions) => finish(await summary(paths, options, terminal)));
};

async function summary(paths: readonly string[], options: ReplayOptions, terminal: Terminal): Promise<Status> {
  const [{ summaryTable }, { styleFor }] = await Promise.all([import("../report/summary.ts"), import("../report/style.ts")]);
  const progress = new Progress(terminal, "faults");
  const traces: TraceSummary[] = [];
  try {
    for (const path of paths.length > 0 ? paths : await bundledTraces()) traces.push(await summarise(path, options, terminal, progress));
  } finally {
    progress.done();
  }
  terminal.output.write(summaryTable(traces, styleFor(terminal.output, terminal.environment)));
  return traces.every(({ tally }) => tally.refused === 0 && tally.verdicts.different === 0) ? STATUS.ok : STATUS.refused;
}

async function summarise(path: string, options: ReplayOptions, terminal: Terminal, progress: Progress): Promise<TraceSummary> {
  const { trace, setup } = await prepare(path, options, terminal);
  const [{ replayFault }, { compare }, { Tally }] = await Promise.all([
    import("../replay/replay.ts"),
    import("../replay/verify.ts"),
    import("../report/tally.ts"),
  ]);
  const tally = new Tally();
  const times = createHistogram();
  for await (const record of trace.records) {
    const start = process.hrtime.bigint();
    const replayed = replayFault(record.fault, setup);
    times.record(process.hrtime.bigint() - start);
    tally.add(replayed.outcome, compare(record, replayed).verdict);
    progress.step();
  }
  return { name: basename(path, extname(path)), architecture: trace.header.architecture, handler: setup.handler.name, tally, times };
}

/** Traces that come with the package, by architecture and name. */
async function bundledTraces(): Promise<string[]> {
  const folder = join(packageRoot(), "traces");
  const files = await readdir(folder, { recursive: true });
  return files
    .filter((file) => file.endsWith(".jsonl"))
    .toSorted()
    .map((file) => join(folder, file));
}
