import { type Trace, type TraceCodec, TraceError } from "../trace/record.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { writing } from "./writing.ts";

/**
 * Writes a trace to `path` in the form of `codec`. Where its faults can't be read to the end, what was read becomes a whole trace if it is
 * sound (see `Kept`), or in any case with `keepAll`, and the problem is returned.
 */
export async function writeTrace(
  trace: Trace,
  codec: TraceCodec,
  path: string,
  inputs: readonly string[],
  terminal: Terminal,
  progress: Progress,
  keepAll = false,
): Promise<TraceError | undefined> {
  let problem: TraceError | undefined;
  await writing(path, inputs, terminal, progress, async (output) => {
    const encoder = codec.encoder(trace.registers);
    await output.write(encoder.header(trace.header));
    try {
      for await (const record of trace.records) {
        const bytes = encoder.record(record);
        const full = bytes.length === 0 ? undefined : output.write(bytes);
        if (full !== undefined) await full;
        progress.step();
      }
    } catch (error) {
      if (!(error instanceof TraceError) || (error.kept === undefined && !keepAll)) throw error;
      problem = error;
    }
    await output.write(encoder.end());
  });
  return problem;
}
