import type { FaultColumns } from "../../src/model/fault-columns.ts";
import type { RegisterSet } from "../../src/model/registers.ts";
import { chunksOf } from "../../src/trace/columnar/chunks-of.ts";
import type { TraceRecord } from "../../src/trace/record.ts";

/** The hot columns of the chunks of a binary trace that holds these faults. */
export async function columnsOf(registers: RegisterSet, records: Iterable<TraceRecord>): Promise<FaultColumns[]> {
  const chunks: FaultColumns[] = [];
  for await (const { hot } of chunksOf(registers, records)) chunks.push(hot);
  return chunks;
}
