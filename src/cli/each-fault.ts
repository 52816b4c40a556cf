import { type Command, InvalidArgumentError, Option } from "commander";
import type { FastCounts } from "../replay/check-fast.ts";
import { blocksOf, parseShard, type Shard, WHOLE } from "../replay/shard.ts";
import { Tally } from "../report/tally.ts";
import type { Output } from "../trace/files.ts";
import type { TraceBlocks, TraceRecord } from "../trace/record.ts";
import type { Account, Product } from "./lines.ts";
import { Progress } from "./progress.ts";
import { addReplayOptions, prepare, type ReplayOptions } from "./setup.ts";
import { type Terminal, UsageError } from "./terminal.ts";
import { writing } from "./writing.ts";

/** Options of the commands that write lines about faults. */
export interface LineOptions extends ReplayOptions {
  readonly output: string;
  readonly shard?: Shard;
  readonly jobs: number;
  readonly checkFast?: true;
}

/** Most threads of --jobs. */
const JOBS_LIMIT = 256;

/** Adds {@link LineOptions} to a command; `what` goes to the output. */
export function addLineOptions(command: Command, what: string): Command {
  return addReplayOptions(command.argument("<trace>", "trace file, - for standard input").option("-o, --output <file>", `where the ${what} go, - for standard output`, "-"))
    .addOption(new Option("--shard <i/n>", "only part i (from 1) of n of the trace; the parts' outputs, joined, are that of the whole").argParser(shardOf))
    .addOption(new Option("--jobs <threads>", "worker threads that share the trace; the output is the same").argParser(jobsOf).default(1))
    .option("--check-fast", "run each fault through the fast path too: a difference from the reference is an error, told with the fault");
}

function shardOf(text: string): Shard {
  const shard = parseShard(text);
  if (shard === undefined) throw new InvalidArgumentError("Expected i/n with i from 1 to n, e.g. 2/8.");
  return shard;
}

function jobsOf(text: string): number {
  const jobs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (jobs < 1 || jobs > JOBS_LIMIT) throw new InvalidArgumentError(`Expected a number of threads from 1 to ${JOBS_LIMIT}.`);
  return jobs;
}

/** Replays the faults of a trace, or of a part of it, and writes their lines; tells what --check-fast found. */
export async function eachFault(product: Product, path: string, options: LineOptions, terminal: Terminal): Promise<Account> {
  const parts = options.shard !== undefined || options.jobs > 1;
  if (parts && path === "-") throw new UsageError(`${options.shard === undefined ? "--jobs" : "--shard"} reads parts of a file, and standard input has none; give a file's path`);
  if (options.host !== undefined) await checkHost(options.host, parts, options, terminal);
  const progress = new Progress(terminal, "faults");
  const run = parts ? await openParts(product, path, options, terminal, progress) : await openStream(product, path, options, terminal, progress);
  await writing(options.output, [path], terminal, progress, async (output) => {
    try {
      await run.write(output);
    } finally {
      await run.close();
    }
  });
  const { fast } = run.account;
  if (fast !== undefined) terminal.talk.write(fastLine(fast));
  return run.account;
}

/** Names the host, seed included, and refuses what it can't be combined with. */
async function checkHost(text: string, parts: boolean, { checkFast }: LineOptions, { talk }: Terminal): Promise<void> {
  const { hostOf } = await import("../hosts/list.ts");
  const host = hostOf(text);
  if (parts && host.stateful) throw new UsageError(`--host ${text} keeps its state from fault to fault: leave --jobs and --shard out`);
  if (checkFast === true && host.name !== "recorded") throw new UsageError(`--check-fast compares with what the trace recorded: leave --host ${text} out`);
  talk.write(`host ${host.name}\n`);
}

/** Whether all is well with the fast path, where it was asked for. */
export function isFastRight({ fast }: Account): boolean {
  return fast === undefined || fast.different === 0;
}

function fastLine({ emulated, declined, different }: FastCounts): string {
  const verdict = emulated === 0 ? "" : different === 0 ? ", all as by the reference" : `, ${different} of them not as by the reference`;
  return `fast path: ${emulated} emulated${verdict}; ${declined} declined\n`;
}

interface Run {
  readonly account: Account;
  write(output: Output): Promise<void>;
  close(): Promise<void>;
}

async function openStream(product: Product, path: string, options: LineOptions, terminal: Terminal, progress: Progress): Promise<Run> {
  const { trace, setup } = await prepare(path, options, terminal);
  return inThisThread(product, trace, setup, trace.records, options, terminal, progress, () => Promise.resolve());
}

async function openParts(product: Product, path: string, options: LineOptions, terminal: Terminal, progress: Progress): Promise<Run> {
  const { openTraceBlocks, setUpReplay } = await import("../replay/open.ts");
  const blocks = await openTraceBlocks(path);
  const range = blocksOf(options.shard ?? WHOLE, blocks.count);
  const { handler, atomics, userMode, host, accepts, jobs, checkFast } = options;
  const policy = { atomics, userMode };
  // With threads too: a handler that can't be loaded is told once, before anything runs.
  const setup = await setUpReplay(blocks.header, { handler, policy, host, accepts });
  if (jobs === 1) return inThisThread(product, blocks, setup, recordsOf(blocks, range), options, terminal, progress, () => blocks.close());
  const { errorOf, inThreads } = await import("./threads.ts");
  const tally = new Tally();
  const account = { tally, ...(checkFast === true ? { fast: { emulated: 0, declined: 0, different: 0 } } : {}) };
  return {
    account,
    async write(output) {
      for await (const { bytes, tally: more, fast, found, failure } of inThreads({ product, path, handler, policy, host, accepts, checkFast: checkFast === true }, range, jobs)) {
        if (bytes.length > 0) await output.write(bytes);
        for (const line of found) terminal.talk.write(`trapline: ${line}\n`);
        tally.merge(Object.assign(new Tally(), more));
        for (const key of ["emulated", "declined", "different"] as const) if (fast !== undefined) account.fast![key] += fast[key];
        progress.step(more.faults);
        if (failure !== undefined) throw errorOf(failure);
      }
    },
    close: () => blocks.close(),
  };
}

async function inThisThread(
  product: Product,
  { registers }: Pick<TraceBlocks, "registers">,
  setup: Awaited<ReturnType<typeof prepare>>["setup"],
  records: AsyncIterable<TraceRecord>,
  { checkFast }: LineOptions,
  { talk }: Terminal,
  progress: Progress,
  close: () => Promise<void>,
): Promise<Run> {
  const [{ LineMaker }, check] = await Promise.all([
    import("./lines.ts"),
    checkFast === true ? import("../replay/check-fast.ts").then(({ FastPathCheck }) => FastPathCheck.open(setup, registers)) : undefined,
  ]);
  const maker = new LineMaker(product, setup, registers, check);
  const tell = (found: readonly string[]): void => {
    for (const line of found) talk.write(`trapline: ${line}\n`);
  };
  return {
    account: maker,
    async write(output) {
      try {
        for await (const record of records) {
          const index = record.index ?? maker.tally.faults;
          const text = maker.lines(record, index);
          const full = text === "" ? undefined : output.write(text);
          if (full !== undefined) await full;
          const found = maker.check(record, index);
          if (found !== undefined) tell(await found);
          progress.step();
        }
      } finally {
        tell(await maker.finish());
      }
    },
    close,
  };
}

async function* recordsOf(blocks: TraceBlocks, { from, to }: { readonly from: number; readonly to: number }): AsyncGenerator<TraceRecord> {
  for (let block = from; block < to; block++) yield* blocks.records(block);
}
