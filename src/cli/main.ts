#!/usr/bin/env node
import { run } from "./run.ts";

// The reader of a pipe has gone (`| head`): nobody is left to tell anything.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
// Interrupted: the exit handlers remove unfinished output.
for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]] as const) {
  process.once(signal, () => process.exit(128 + number));
}

process.exitCode = await run(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  talk: process.stderr,
  environment: process.env,
});
