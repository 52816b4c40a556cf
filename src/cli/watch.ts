import { watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { UserError } from "../model/user-error.ts";
import { type Status, type Terminal, UsageError } from "./terminal.ts";

/** Editors write a file in several steps: it is read once it has been still for so long. Milliseconds. */
const STILL = 100;

/**
 * Runs `run` now and after each save of `file`, for ever. An error is told and survived: the next save may mend it. Whoever wants to
 * stop presses Ctrl-C.
 */
export async function watching(file: string, run: () => Promise<Status>, { talk }: Terminal): Promise<never> {
  if ((await stat(file).catch(() => undefined))?.isFile() !== true) throw new UsageError(`--watch needs a handler's file, and ${file} is none`);
  let wake: () => void = nobodyWaits;
  let saves = 0;
  // The folder is watched: an editor may put a new file in the place of the old one.
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== basename(file)) return;
    saves++;
    wake();
  });
  watcher.on("error", (error) => {
    talk.write(`trapline: ${file} can't be watched any more: ${error.message}\n`);
    process.exitCode = 2;
    watcher.close();
  });
  const count = (): number => saves;
  const saved = async (known: number): Promise<void> => {
    if (count() === known) await new Promise<void>((resolve) => (wake = resolve));
    for (let before = known; before !== count(); ) {
      before = count();
      await new Promise((resolve) => setTimeout(resolve, STILL));
    }
  };
  for (;;) {
    const known = saves;
    try {
      await run();
    } catch (error) {
      talk.write(`trapline: ${error instanceof UserError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
    talk.write(`watching ${file}, Ctrl-C ends\n`);
    await saved(known);
    talk.write(`\n${basename(file)} was saved\n`);
  }
}

const nobodyWaits = (): void => undefined;
