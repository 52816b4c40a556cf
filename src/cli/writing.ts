import { openOutput, type Output } from "../trace/files.ts";
import { TraceError } from "../trace/record.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Opens the output, lets `produce` fill it, and puts it in place. If that fails nothing is left at the path, with one exception: of
 * a trace that was cut off or damaged, what could be read is sound and is kept.
 */
export async function writing(
  path: string,
  inputs: readonly string[],
  terminal: Terminal,
  progress: Progress,
  produce: (output: Output) => Promise<void>,
): Promise<void> {
  const output = await openOutput(path, terminal.output, inputs);
  try {
    await produce(output);
  } catch (error) {
    if (error instanceof TraceError && error.kept !== undefined) await output.commit();
    else await output.discard();
    throw error;
  } finally {
    progress.done();
  }
  await output.commit();
}
