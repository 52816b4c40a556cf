import { Command, CommanderError } from "commander";
import { UserError } from "../model/user-error.ts";
import { isClosedPipe } from "../trace/files.ts";
import { TraceError } from "../trace/record.ts";
import { defineBench } from "./bench.ts";
import { defineCapture } from "./capture.ts";
import type { DefineCommand } from "./command.ts";
import { defineConform } from "./conform.ts";
import { defineConvert } from "./convert.ts";
import { defineCoverage } from "./coverage.ts";
import { defineDecode } from "./decode.ts";
import { defineExplain } from "./explain.ts";
import { defineImport } from "./import.ts";
import { defineNewHandler } from "./new-handler.ts";
import { packageVersion } from "./package-root.ts";
import { defineRecover } from "./recover.ts";
import { defineReplay } from "./replay.ts";
import { defineSummary } from "./summary.ts";
import { STATUS, type Status, type Terminal } from "./terminal.ts";
import { defineVectors } from "./vectors.ts";
import { defineVerify } from "./verify.ts";

/** The commands, in the order in which the help lists them. */
const COMMANDS: readonly DefineCommand[] = [defineReplay, defineVerify, defineDecode, defineImport, defineExplain, defineConvert, defineRecover, defineCapture, defineConform, defineVectors, defineSummary, defineCoverage, defineNewHandler, defineBench];

/** Runs the command line and returns the exit status. Everything that can go wrong ends here as one line for a person. */
export async function run(words: readonly string[], terminal: Terminal): Promise<Status> {
  let status: Status = STATUS.ok;
  const program = new Command("trapline")
    .description("Decodes and emulates the instructions behind trapped memory accesses: captured faults in, hypercalls and register effects out.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.output.write(text),
      writeErr: (text) => terminal.talk.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`trapline: ${oneLine(text)}\n`),
    })
    .addHelpText(
      "after",
      `
Exit status: 0 all well; 1 some fault was refused, or differs from the trace's truth; 2 wrong usage or unreadable input.

Examples:
  $ trapline summary                              replay the bundled traces and print a table
  $ trapline replay trace.jsonl -o out.jsonl      emulate every fault of a trace
  $ trapline decode --arch aarch64 014440b8       what is this instruction, and would it need emulation?`,
    );
  for (const define of COMMANDS) {
    define(program, terminal, (result) => {
      status = result;
    });
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return status;
  } catch (error) {
    return explain(error, terminal);
  }
}

/** Says what ended the command, and returns its exit status. */
function explain(error: unknown, { talk }: Terminal): Status {
  // Commander has already written its line, or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS.ok : STATUS.unusable;
  // A closed pipe (`| head`) is no error: whoever read has had enough.
  if (isClosedPipe(error)) return STATUS.ok;
  if (error instanceof UserError) talk.write(`trapline: ${oneLine(error.message)}\n`);
  else talk.write(`trapline: this is a bug in trapline, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // Parts of the input are lost, and all the rest was done.
  return error instanceof TraceError && error.kept === "intact" ? STATUS.refused : STATUS.unusable;
}

function oneLine(text: string): string {
  return text.replace(/^error: /, "").trim().replaceAll(/\s*\n\s*/g, " ");
}
