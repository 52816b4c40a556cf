#!/usr/bin/env node
import { isClosedPipe, reason } from "../trace/files.ts";
import { run } from "./run.ts";
import { STATUS } from "./terminal.ts";

process.stdout.on("error", (error) => {
  // The reader of the pipe has gone (`| head`): nobody is left to tell anything.
  if (isClosedPipe(error)) return;
  process.stderr.write(`trapline: standard output: can't be written: ${reason(error)}\n`);
  process.exit(STATUS.unusable);
});
// Talk that nobody hears is no reason to stop.
process.stderr.on("error", () => undefined);
// Interrupted: a command that can end in good order does so once; else the exit handlers remove unfinished output.
let interrupted: (() => void) | undefined;
for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
  process.on(signal, () => {
    if (interrupted === undefined) process.exit(128 + number);
    interrupted();
    interrupted = undefined;
  });
}

let input: typeof process.stdin | undefined;
process.exitCode = await run(process.argv.slice(2), {
  // Opened when a command reads it: most do not.
  get input() {
    return (input ??= process.stdin);
  },
  output: process.stdout,
  talk: process.stderr,
  environment: process.env,
  onInterrupt(action) {
    interrupted = action;
  },
});
// A command that has failed does not wait for whoever writes to it.
input?.destroy();
