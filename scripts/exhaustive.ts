import { readFileSync, writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Findings, mergeFindings } from "./exhaustive/findings.ts";
import { ORACLES } from "./exhaustive/oracles.ts";
import { report } from "./exhaustive/report.ts";
import type { WordSet } from "./exhaustive/sets.ts";
import { type Walk, walk } from "./exhaustive/walk.ts";

/**
 * Sorts every word of a fixed-width instruction set into what the emulator does with it, and holds that against an independent
 * decoder: `npm run exhaustive -- --set a64 --oracle llvm`. Shards of a run are put together with `--merge`.
 * Exit status: 0 all is known; 1 a disagreement that scripts/exhaustive/differences.ts does not know; 2 wrong usage.
 */

function shardOf(text: string): readonly [shard: number, shards: number] {
  const [, shard, shards] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (shard === undefined || Number(shard) < 1 || Number(shard) > Number(shards)) throw new InvalidArgumentError("expected i/n with i from 1 to n, such as 3/16.");
  return [Number(shard), Number(shards)];
}

function sampleOf(text: string): number {
  const sample = Number(text);
  if (!Number.isInteger(sample) || sample < 1 || sample > 1 << 20) throw new InvalidArgumentError("expected a number from 1 to 1048576.");
  return sample;
}

function patternOf(text: string): string {
  if (!/^[01x]{0,12}$/.test(text)) throw new InvalidArgumentError("expected at most twelve of 0, 1 and x.");
  return text;
}

interface Options {
  readonly set: WordSet;
  readonly shard: readonly [number, number];
  readonly oracle: keyof typeof ORACLES;
  readonly sample: number;
  readonly only: string;
  readonly output?: string;
  readonly merge?: readonly string[];
}

const command = new Command("exhaustive")
  .description("sort every 32-bit word of an instruction set, and compare with an independent decoder")
  .addOption(new Option("--set <set>", "instruction set").choices(["a64", "a32"]).default("a64"))
  .addOption(new Option("--shard <i/n>", "walk one of n shards").argParser(shardOf).default([1, 1] as const, "1/1"))
  .addOption(new Option("--oracle <name>", "independent decoder").choices(["none", "capstone", "llvm"]).default("none"))
  .addOption(new Option("--sample <k>", "one word in each run of k, always the same").argParser(sampleOf).default(1))
  .addOption(new Option("--only <bits>", "words whose top bits fit a pattern of 0, 1 and x").argParser(patternOf).default(""))
  .option("-o, --output <file>", "write what was found as JSON, to be merged")
  .option("--merge <files...>", "put the JSON files of a run's shards together instead of walking");

async function main(): Promise<number> {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2)).parse();
  const options = command.opts<Options>();
  const findings = options.merge === undefined ? await run(options) : mergeFindings(options.merge.map((file) => JSON.parse(readFileSync(file, "utf8")) as Findings));
  if (options.output !== undefined) writeFileSync(options.output, `${JSON.stringify(findings)}\n`);
  process.stdout.write(report(findings));
  return findings.differences.some(({ why }) => why === null) ? 1 : 0;
}

async function run({ set, shard: [shard, shards], oracle, sample, only }: Options): Promise<Findings> {
  const plan: Walk = { set, shard, shards, sample, only };
  const opened = await ORACLES[oracle]?.(set);
  const started = process.cpuUsage();
  try {
    let told = 0;
    const findings = await walk(plan, opened, (done, blocks) => {
      if (done < told + blocks / 16 && done < blocks) return;
      told = done;
      process.stderr.write(`${done} of ${blocks} blocks of 2^20 words\n`);
    });
    const { user, system } = process.cpuUsage(started);
    process.stderr.write(`${((user + system) / 1e6).toFixed(1)} s of processor time here, without the oracle's\n`);
    return findings;
  } finally {
    opened?.close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
