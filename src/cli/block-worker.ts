// A worker thread of --jobs: is told the numbers of blocks, and gives what its faults' lines are.
import { parentPort, workerData } from "node:worker_threads";
import { FastPathCheck, type FastCounts } from "../replay/check-fast.ts";
import { openTraceBlocks, setUpReplay } from "../replay/open.ts";
import type { Tally } from "../report/tally.ts";
import type { Policy } from "../emulate/policy.ts";
import { UserError } from "../model/user-error.ts";
import { type Kept, TraceError } from "../trace/record.ts";
import { LineMaker, type Product } from "./lines.ts";

/** What a worker is started with. */
export interface BlockJob {
  readonly product: Product;
  readonly path: string;
  readonly handler: string | undefined;
  readonly policy: Policy;
  readonly host: string | undefined;
  readonly accepts: string | undefined;
  readonly checkFast: boolean;
}

/** What became of a block. */
export interface BlockResult {
  readonly block: number;
  /** All lines, or, after a failure, those before it. */
  readonly bytes: Uint8Array;
  /** Its counts, as structured cloning leaves them. */
  readonly tally: Tally;
  readonly fast?: FastCounts;
  readonly found: readonly string[];
  readonly failure?: BlockFailure;
}

/** An error, in a form that goes from thread to thread. */
export interface BlockFailure {
  readonly kind: "trace" | "user" | "bug";
  readonly message: string;
  readonly kept: Kept | undefined;
}

const { product, path, handler, policy, host, accepts, checkFast } = workerData as BlockJob;
const blocks = await openTraceBlocks(path);
const setup = await setUpReplay(blocks.header, { handler, policy, host, accepts });

async function run(block: number): Promise<BlockResult> {
  const maker = new LineMaker(product, setup, blocks.registers, checkFast ? await FastPathCheck.open(setup, blocks.registers) : undefined);
  const parts: string[] = [];
  const found: string[] = [];
  let failure: BlockFailure | undefined;
  try {
    for await (const record of blocks.records(block)) {
      parts.push(maker.lines(record, record.index!));
      const lines = maker.check(record, record.index!);
      if (lines !== undefined) found.push(...(await lines));
    }
    found.push(...(await maker.finish()));
  } catch (error) {
    failure = failureOf(error);
  }
  const { tally, fast } = maker;
  return { block, bytes: new TextEncoder().encode(parts.join("")), tally, ...(fast === undefined ? {} : { fast }), found, ...(failure === undefined ? {} : { failure }) };
}

function failureOf(error: unknown): BlockFailure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof TraceError) return { kind: "trace", message, kept: error.kept };
  if (error instanceof UserError) return { kind: "user", message, kept: undefined };
  return { kind: "bug", message: stack ?? message, kept: undefined };
}

parentPort!.on("message", (block: number) => {
  void run(block).then((result) => {
    parentPort!.postMessage(result, [result.bytes.buffer as ArrayBuffer]);
    return undefined;
  });
});
