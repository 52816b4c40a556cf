import { type Command, InvalidArgumentError, Option } from "commander";
import type { Case, SuiteName } from "../conform/suites.ts";
import type { Policy } from "../emulate/policy.ts";
import type { Architecture } from "../model/architecture.ts";
import type { GuestFacts } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import { architectureOption } from "./architecture.ts";
import { openTrace } from "./setup.ts";
import { type Terminal, UsageError } from "./terminal.ts";

/** Options of the commands that work on a suite of faults. */
export interface SuiteCommandOptions {
  readonly arch: Architecture;
  /** A suite's name, or the path of a trace. */
  readonly suite: string;
  readonly seed: number;
  readonly count?: number;
  readonly forms?: RegExp;
  readonly atomics: Policy["atomics"];
}

/** Adds {@link SuiteCommandOptions} to a command. */
export function addSuiteOptions(command: Command, defaultSuite: SuiteName, defaultCount: string): Command {
  return command
    .addOption(architectureOption())
    .option("--suite <name-or-file>", "forms, traps, hostile or all, or a trace file whose faults are taken", defaultSuite)
    .option("--count <n>", `faults in all; ${defaultCount}`, wholeNumber(1))
    .addOption(new Option("--seed <n>", "another seed gives other faults").argParser(wholeNumber(0)).default(1))
    .option("--forms <regex>", 'only forms with such names, as decode prints them, e.g. "^(LDR|STR) "', parseForms)
    .addOption(new Option("--atomics <policy>", "atomic accesses: to be refused, or to be split into a plain read and write").choices(["refuse", "split"]).default("refuse"));
}

/** A parser of whole numbers from `least` up. */
export function wholeNumber(least: number): (word: string) => number {
  return (word) => {
    const value = Number(word);
    if (!/^\d+$/.test(word) || !Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`Expected a whole number from ${least} up.`);
    return value;
  };
}

function parseForms(word: string): RegExp {
  try {
    return new RegExp(word);
  } catch (error) {
    throw new InvalidArgumentError(`Expected a regular expression: ${(error as Error).message}.`);
  }
}

/** A suite that is open: the faults, and the guest that they come from. */
export interface OpenedSuite {
  readonly isa: Isa;
  readonly guest: GuestFacts;
  readonly cases: AsyncIterable<Case> | Iterable<Case>;
  readonly seed: number | undefined;
}

/** Opens the suite that a person named. Throws a UserError. */
export async function openSuiteOption(options: SuiteCommandOptions, policy: Policy, defaultCount: number, terminal: Terminal): Promise<OpenedSuite> {
  const { arch, suite, seed, count, forms } = options;
  const [{ loadIsa }, { openSuite, SUITES, traceCases }, { generatedGuest }] = await Promise.all([
    import("../isa/list.ts"),
    import("../conform/suites.ts"),
    import("../generate/machine.ts"),
  ]);
  const isa = await loadIsa(arch);
  const name = SUITES.find((each) => each === suite);
  if (name !== undefined) {
    const cases = await openSuite(name, { isa, policy, seed, count: count ?? defaultCount, forms });
    return { isa, guest: generatedGuest(arch), cases, seed };
  }
  if (!/[./\\]|^-$/.test(suite)) throw new UsageError(`--suite ${suite}: no suite of this name; there are ${SUITES.join(", ")}, and a trace file's path works too`);
  const trace = await openTrace(suite, terminal);
  if (trace.header.architecture !== arch) throw new UsageError(`--suite ${suite}: the trace is ${trace.header.architecture}, and --arch says ${arch}`);
  return { isa, guest: trace.header.guest, cases: traceCases(trace, isa, count, forms), seed: undefined };
}
