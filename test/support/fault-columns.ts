import type { FaultColumns } from "../../src/model/fault-columns.ts";
import type { RegisterSet } from "../../src/model/registers.ts";
import { chunkOf } from "../../src/trace/columnar/chunk.ts";
import { contentOf } from "../../src/trace/columnar/content.ts";
import { ColumnarEncoder } from "../../src/trace/columnar/encoder.ts";
import { readFrames } from "../../src/trace/columnar/frame-reader.ts";
import { slotsOf } from "../../src/trace/columnar/slots.ts";
import type { TraceRecord } from "../../src/trace/record.ts";

/** The chunks of a binary trace that holds these faults, as the codec writes and reads them. */
export async function columnsOf(registers: RegisterSet, records: Iterable<TraceRecord>): Promise<FaultColumns[]> {
  const encoder = new ColumnarEncoder(registers);
  const parts = [encoder.header({ architecture: registers.architecture, source: "test", guest: { windows: [] }, unknown: undefined })];
  for (const record of records) parts.push(encoder.record(record));
  parts.push(encoder.end());
  const chunks: FaultColumns[] = [];
  async function* file(): AsyncGenerator<Uint8Array> {
    yield Buffer.concat(parts);
  }
  for await (const frame of readFrames(file())) {
    if (frame.kind === "gap") throw new Error(frame.problem);
    const content = contentOf(frame);
    if (content.get("kind") === "chunk") chunks.push(chunkOf(content, frame, slotsOf(registers)).hot);
  }
  return chunks;
}
