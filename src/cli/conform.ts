import { Option } from "commander";
import type { Conformance, Specimen } from "../conform/conform.ts";
import type { Disassembler } from "../report/assembly.ts";
import type { ConformanceContext } from "../report/conformance/context.ts";
import type { InstructionSet } from "../model/architecture.ts";
import type { Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { addSuiteOptions, openSuiteOption, type SuiteCommandOptions, wholeNumber } from "./suite.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";
import { writing } from "./writing.ts";

interface Options extends SuiteCommandOptions {
  readonly report: "text" | "json" | "junit" | "tap";
  readonly output: string;
  readonly timeout: number;
  readonly timeLimit: number;
}

const DEFAULT_COUNT = 20_000;

export const defineConform: DefineCommand = (program, terminal, finish) => {
  addSuiteOptions(
    program
      .command("conform")
      .summary("hold a handler in any language to what the manuals say")
      .description(
        "Starts a program, sends it faults as JSON lines on its standard input, takes outcome lines from its standard output, and compares them with what the manuals say.",
      )
      .argument("<command...>", "the program and its arguments, after --"),
    "all",
    `without it ${DEFAULT_COUNT}, of a trace all`,
  )
    .addOption(new Option("--report <form>", "form of the report").choices(["text", "json", "junit", "tap"]).default("text"))
    .option("-o, --output <file>", "where the report goes, - for standard output", "-")
    .addOption(new Option("--timeout <s>", "seconds that one answer may take").argParser(wholeNumber(1)).default(5))
    .addOption(new Option("--time-limit <s>", "seconds that the whole may take").argParser(wholeNumber(1)).default(600))
    .addHelpText(
      "after",
      `
The program reads a header line, then one fault a line, and writes one outcome line for each, before it waits for more input
(docs/conformance.md has the protocol and a complete harness in C). One that hangs, ends or writes nonsense is started again.

Exit status: 0 all exact; 1 some answer was wrong, refused or missing; 2 wrong usage, or the program can't be started.

Examples:
  $ trapline conform --arch aarch64 -- ./my-decoder
  $ trapline conform --arch x86-64 --suite traps --report junit -o report.xml -- ./my-decoder --quiet
  $ trapline conform --arch riscv64 --suite captured.jsonl -- python3 peer.py`,
    )
    .action(async (command: string[], options: Options) => finish(await run(command, options, terminal)));
};

async function run(command: readonly string[], options: Options, terminal: Terminal): Promise<Status> {
  const policy = { atomics: options.atomics, userMode: "refuse" } as const;
  const [{ conform }, { isa, guest, cases, seed }] = await Promise.all([import("../conform/conform.ts"), openSuiteOption(options, policy, DEFAULT_COUNT, terminal)]);
  const progress = new Progress(terminal, "faults");
  let result: Conformance | undefined;
  await writing(options.output, [options.suite], terminal, progress, async (output) => {
    result = await conform({ isa, guest, policy, cases, command, patience: 1000 * options.timeout, timeLimit: 1000 * options.timeLimit, progress: () => progress.step() });
    await output.write(await report(result, command, options, isa, seed, terminal));
  });
  return result!.findings.length === 0 && result!.remarks.length === 0 ? STATUS.ok : STATUS.refused;
}

async function report(result: Conformance, command: readonly string[], { arch, suite, report: form, output }: Options, isa: Isa, seed: number | undefined, terminal: Terminal): Promise<string> {
  const { assembly, close } = await assembler(result, isa);
  const { jsonLines } = await import("../trace/json-lines.ts");
  const encoder = jsonLines.encoder(isa.registers);
  const faultLine = ({ fault }: Specimen): string => Buffer.from(encoder.record({ fault, unknown: undefined })).toString("utf8").trimEnd();
  const context: ConformanceContext = { architecture: arch, command, suite, seed, assembly, faultLine };
  try {
    switch (form) {
      case "text": {
        const [{ conformanceText }, { styleFor }] = await Promise.all([import("../report/conformance/text.ts"), import("../report/style.ts")]);
        return conformanceText(result, context, output === "-" ? styleFor(terminal.output, terminal.environment) : (_, text) => text);
      }
      case "json":
        return (await import("../report/conformance/json.ts")).conformanceJson(result, context);
      case "junit":
        return (await import("../report/conformance/junit.ts")).conformanceJunit(result, context);
      case "tap":
        return (await import("../report/conformance/tap.ts")).conformanceTap(result, context);
      default:
        return form satisfies never;
    }
  } finally {
    close();
  }
}

/** Assembly text of specimens. */
async function assembler({ findings }: Conformance, isa: Isa): Promise<{ assembly(specimen: Specimen): string; close(): void }> {
  const { Disassembler: Opener } = await import("../report/assembly.ts");
  const setOf = ({ fault }: Specimen): InstructionSet | undefined => {
    const set = isa.instructionSet(fault.registers);
    return set instanceof Refusal ? undefined : set;
  };
  const open = new Map<InstructionSet, Disassembler>();
  for (const { smallest } of findings) {
    const set = setOf(smallest);
    if (set !== undefined && !open.has(set)) open.set(set, await Opener.open(set, isa.registers));
  }
  return {
    assembly(specimen) {
      const set = setOf(specimen);
      const { instruction } = specimen.ours;
      return set === undefined || instruction === undefined ? "" : open.get(set)!.text(instruction, specimen.fault.bytes, specimen.fault.pc);
    },
    close() {
      for (const each of open.values()) each.close();
    },
  };
}
