import type { RegisterSet } from "../../model/registers.ts";
import type { TraceRecord } from "../record.ts";
import { type Chunk, chunkOf } from "./chunk.ts";
import { contentOf } from "./content.ts";
import { ColumnarEncoder } from "./encoder.ts";
import { readFrames } from "./frame-reader.ts";
import { slotsOf } from "./slots.ts";

/** The chunks of a binary trace that holds these faults, in memory, exactly as the codec writes and reads them. */
export async function* chunksOf(registers: RegisterSet, records: Iterable<TraceRecord> | AsyncIterable<TraceRecord>): AsyncGenerator<Chunk> {
  const map = slotsOf(registers);
  for await (const frame of readFrames(encoded(registers, records))) {
    if (frame.kind === "gap") throw new Error(frame.problem);
    const content = contentOf(frame);
    if (content.get("kind") === "chunk") yield chunkOf(content, frame, map);
  }
}

async function* encoded(registers: RegisterSet, records: Iterable<TraceRecord> | AsyncIterable<TraceRecord>): AsyncGenerator<Uint8Array> {
  const encoder = new ColumnarEncoder(registers);
  yield encoder.header({ architecture: registers.architecture, source: "", guest: { windows: [] }, unknown: undefined });
  for await (const record of records) {
    const bytes = encoder.record(record);
    if (bytes.length > 0) yield bytes;
  }
  yield encoder.end();
}
