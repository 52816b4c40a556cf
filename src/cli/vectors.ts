import { Option } from "commander";
import type { VectorFormat } from "../report/vectors/format.ts";
import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { addSuiteOptions, openSuiteOption, type SuiteCommandOptions } from "./suite.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";
import { writing } from "./writing.ts";

interface Options extends SuiteCommandOptions {
  readonly format: "c" | "rust" | "json";
  readonly output: string;
}

const DEFAULT_COUNT = 1000;

export const defineVectors: DefineCommand = (program, terminal, finish) => {
  addSuiteOptions(
    program
      .command("vectors")
      .summary("write test vectors for a handler that can't be run as a process")
      .description("Writes faults and what must come of them as a table to include: bytes, registers and device values, and then accesses, registers and pc, or the reason of a refusal."),
    "all",
    `without it ${DEFAULT_COUNT}, of a trace all`,
  )
    .addOption(new Option("--format <form>", "language of the table").choices(["c", "rust", "json"]).makeOptionMandatory())
    .option("-o, --output <file>", "where the table goes, - for standard output", "-")
    .addHelpText(
      "after",
      `
Faults whose outcome is not one thing (forms that are not emulated here, Arm's compare-and-swap) are left out of the count.

Examples:
  $ trapline vectors --arch aarch64 --format c -o vectors.h
  $ trapline vectors --arch riscv64 --format rust --suite forms --count 5000 -o vectors.rs`,
    )
    .action(async (options: Options) => finish(await vectors(options, terminal)));
};

const FORMATS: Readonly<Record<Options["format"], () => Promise<VectorFormat>>> = {
  c: async () => (await import("../report/vectors/c.ts")).cVectors,
  rust: async () => (await import("../report/vectors/rust.ts")).rustVectors,
  json: async () => (await import("../report/vectors/json.ts")).jsonVectors,
};

async function vectors(options: Options, terminal: Terminal): Promise<Status> {
  const { atomics, arch, suite, output: path } = options;
  const policy = { atomics, userMode: "refuse" } as const;
  const [{ Reference }, { vectorsOf }, format, { isa, guest, cases, seed }] = await Promise.all([
    import("../conform/reference.ts"),
    import("../conform/vectors.ts"),
    FORMATS[options.format](),
    openSuiteOption(options, policy, DEFAULT_COUNT, terminal),
  ]);
  const source = `trapline vectors, suite ${suite}${seed === undefined ? "" : `, seed ${seed}`}, atomics ${atomics === "refuse" ? "refused" : "split"}`;
  const progress = new Progress(terminal, "vectors");
  await writing(path, [suite], terminal, progress, async (output) => {
    await output.write(format.start({ architecture: arch, source, guest }));
    let first = true;
    for await (const vector of vectorsOf(cases, new Reference(isa, guest, policy))) {
      const full = output.write(format.vector(vector, first));
      if (full !== undefined) await full;
      first = false;
      progress.step();
    }
    await output.write(format.end());
  });
  return STATUS.ok;
}
