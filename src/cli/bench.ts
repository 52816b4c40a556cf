import { basename, extname, join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { BenchResult } from "../replay/bench/result.ts";
import type { DefineCommand } from "./command.ts";
import { packageRoot } from "./package-root.ts";
import { addReplayOptions, openTrace, type ReplayOptions } from "./setup.ts";
import { StatusLine } from "./status-line.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";
import { writing } from "./writing.ts";
import { Progress } from "./progress.ts";

interface Options extends ReplayOptions {
  readonly json?: string;
  readonly hgrm?: string;
  readonly chart?: string;
  readonly forms?: true;
  readonly rounds: number;
  readonly seed: number;
  readonly generate?: number;
}

/** Faults of the generated trace where no trace is given. */
const GENERATED = 1_000_000;

export const defineBench: DefineCommand = (program, terminal, finish) => {
  addReplayOptions(
    program
      .command("bench")
      .summary("measure decode and emulation latency, against others in the same run")
      .description(
        "Measures what decoding and emulating a fault takes: fast path (batch and single call), reference, your handler, capstone-wasm, iced-x86 and a memory-touch floor, in the same run, in turn; and the ratios that the fast path is held to.",
      )
      .argument("[trace]", "trace file, - for standard input; without it the bundled traces and generated ones"),
  )
    .option("--json <file>", "write all figures as JSON, - for standard output in place of the text")
    .option("--hgrm <file>", "write the distribution of the fast path's batches as an HdrHistogram file")
    .option("--chart <file>", "write a chart as an SVG file")
    .option("--forms", "each form of instruction by itself, too")
    .addOption(new Option("--rounds <n>", "rounds in which each competitor has its turn").argParser(integer(1, 10_000)).default(15))
    .addOption(new Option("--seed <n>", "of what is shuffled and generated").argParser(integer(0, 0xffff_ffff)).default(1))
    .addOption(new Option("--generate <faults>", `faults of each generated trace, 0 for none (default: ${GENERATED} without a trace, else 0)`).argParser(integer(0, 1_000_000)))
    .addHelpText(
      "after",
      `
Percentiles are of batches of faults, whose number stands beside them: the clock is too slow for one. A figure whose answers change
between two rounds is void, and the bench ends with status 2. docs/performance.md tells how to read it.

Examples:
  $ trapline bench
  $ trapline bench trace.jsonl --forms --json figures.json
  $ trapline bench trace.jsonl --handler ./my-handler.ts --rounds 31`,
    )
    .action(async (path: string | undefined, options: Options) => finish(await bench(path, options, terminal)));
};

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected an integer from ${least} to ${most}.`);
    return value;
  };
}

/** Least time of a competitor in a round: long enough for the clock, short enough to take turns within a time slice. */
const MILLISECONDS = 4;

async function bench(path: string | undefined, options: Options, terminal: Terminal): Promise<Status> {
  const [run, { standing }, { benchText }, { benchJson }, { styleFor }] = await Promise.all([
    measured(path, options, terminal),
    import("../replay/bench/goals.ts"),
    import("../report/bench/text.ts"),
    import("../report/bench/json.ts"),
    import("../report/style.ts"),
  ]);
  const { json, hgrm: distribution, chart: picture } = options;
  if (json !== "-") terminal.output.write(benchText(run, standing, styleFor(terminal.output, terminal.environment)));
  if (json !== undefined) await written(json, benchJson(run, standing), terminal);
  if (distribution !== undefined) await written(distribution, (await import("../report/bench/hgrm.ts")).benchHgrm(run), terminal);
  if (picture !== undefined) await written(picture, (await import("../report/bench/chart.ts")).benchChart(run), terminal);
  return STATUS.ok;
}

async function measured(path: string | undefined, options: Options, terminal: Terminal): Promise<BenchResult> {
  const line = new StatusLine(terminal);
  const { handler, atomics, userMode, rounds, seed, forms } = options;
  const [{ bench: run }, { bundledInputs, inputOf }] = await Promise.all([import("../replay/bench/bench.ts"), import("../replay/bench/inputs.ts")]);
  try {
    line.show("reading");
    const inputs = path === undefined ? await bundledInputs(join(packageRoot(), "traces")) : [await inputOf(path === "-" ? "standard input" : basename(path, extname(path)), await openTrace(path, terminal))];
    const generate = options.generate ?? (path === undefined ? GENERATED : 0);
    return await run(inputs, { handler, policy: { atomics, userMode }, rounds, seed, forms: forms === true, generate, milliseconds: MILLISECONDS, onStep: (what) => line.show(what) });
  } finally {
    line.done();
  }
}

async function written(path: string, text: string, terminal: Terminal): Promise<void> {
  await writing(path, [], terminal, new Progress(terminal, "bytes"), async (output) => {
    await output.write(text);
  });
}
