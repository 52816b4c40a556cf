import { Readable, Writable } from "node:stream";
import { run } from "../../src/cli/run.ts";
import type { Status, Terminal } from "../../src/cli/terminal.ts";

/** What a command left behind. */
export interface Finished {
  readonly status: Status;
  readonly output: string;
  readonly talk: string;
}

class Memory extends Writable {
  text = "";
  isTTY = false;
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs the command line in this process. */
export async function trapline(words: readonly string[], more: { input?: string | Uint8Array; environment?: Terminal["environment"]; tty?: boolean; onInterrupt?: (action: () => void) => void } = {}): Promise<Finished> {
  const output = new Memory();
  const talk = new Memory();
  output.isTTY = talk.isTTY = more.tty === true;
  const input = Readable.from(more.input === undefined ? [] : [Buffer.from(more.input)]);
  const { onInterrupt } = more;
  const status = await run(words, { input, output, talk, environment: more.environment ?? {}, ...(onInterrupt === undefined ? {} : { onInterrupt }) });
  return { status, output: output.text, talk: talk.text };
}
