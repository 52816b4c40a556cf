import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { UserError } from "../model/user-error.ts";
import { TraceError } from "../trace/record.ts";
import type { BlockFailure, BlockJob, BlockResult } from "./block-worker.ts";
import { packageRoot } from "./package-root.ts";

/** Blocks that are done or under way, for each thread, while an earlier one is not: what bounds the memory. */
const AHEAD = 3;

/** The built file, where this one is a source too: Node runs no TypeScript. */
const WORKER = import.meta.url.endsWith(".ts") ? pathToFileURL(join(packageRoot(), "dist/src/cli/block-worker.js")) : new URL("./block-worker.js", import.meta.url);

/**
 * Runs blocks `from` up to `to` in threads, and gives their results in order. A result with a failure is the last; whoever takes the
 * results throws {@link errorOf} it.
 */
export async function* inThreads(job: BlockJob, { from, to }: { readonly from: number; readonly to: number }, threads: number): AsyncGenerator<BlockResult> {
  const done = new Map<number, BlockResult>();
  const idle: Worker[] = [];
  let start = from;
  let next = from;
  let wake = nobodyWaits;
  let crash: Error | undefined;
  const give = (): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
    while (idle.length > 0 && start < to && start < next + AHEAD * threads) idle.pop()!.postMessage(start++);
  };
  const workers = Array.from({ length: Math.min(threads, to - from) }, () => {
    const worker = new Worker(WORKER, { workerData: job });
    worker.on("message", (result: BlockResult) => {
      done.set(result.block, result);
      idle.push(worker);
      wake();
    });
    worker.on("error", (error) => {
      crash = error;
      wake();
    });
    idle.push(worker);
    return worker;
  });
  try {
    for (; next < to; next++) {
      give();
      while (!done.has(next)) {
        if (crash !== undefined) throw crash;
        await new Promise<void>((resolve) => (wake = resolve));
        give();
      }
      const result = done.get(next)!;
      done.delete(next);
      yield result;
      if (result.failure !== undefined) return;
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

const nobodyWaits = (): void => undefined;

/** The error that ended a block, as if it had been thrown here. */
export function errorOf({ kind, message, kept }: BlockFailure): Error {
  switch (kind) {
    case "trace":
      return new TraceError(message, kept);
    case "user":
      return new UserError(message);
    case "bug":
      return new Error(message);
    default:
      return kind satisfies never;
  }
}
