import type { GuestFacts } from "../../model/fault.ts";
import { Random } from "../../model/random.ts";
import type { RegisterSet } from "../../model/registers.ts";
import type { Chunk } from "../../trace/columnar/chunk.ts";
import { decodeChunk } from "../../trace/columnar/chunk-decoder.ts";
import { chunksOf } from "../../trace/columnar/chunks-of.ts";
import { slotsOf } from "../../trace/columnar/slots.ts";
import { BLOCK_FAULTS, type TraceRecord } from "../../trace/record.ts";

/** In which order the faults come. */
export type Order = "as recorded" | "shuffled" | "generated";

/** Faults that are benched together, in memory. */
export interface Subject {
  readonly name: string;
  readonly order: Order;
  readonly registers: RegisterSet;
  readonly guest: GuestFacts;
  readonly chunks: readonly Chunk[];
  readonly faults: number;
  /** Faults from all over the trace, for competitors that are too slow for all of them. */
  readonly sample: readonly TraceRecord[];
}

/** Most faults of a trace that are benched: they are held in memory. */
export const FAULT_LIMIT = 1_000_000;
/** Faults of a sample. */
const SAMPLE = 1024;
/** Chunks of which a sample is taken. */
const SAMPLED_CHUNKS = 3;

/**
 * A subject of these faults. A trace of less than a chunk is repeated until one is full: what is measured then is a loop of real code, in the
 * caches and known to every predictor ("hot").
 */
export async function subjectOf(name: string, order: Order, registers: RegisterSet, guest: GuestFacts, records: Iterable<TraceRecord> | readonly TraceRecord[]): Promise<Subject> {
  const all = Array.isArray(records) && records.length < BLOCK_FAULTS ? Array.from({ length: BLOCK_FAULTS }, (_, index) => records[index % records.length] as TraceRecord) : records;
  const chunks: Chunk[] = [];
  for await (const chunk of chunksOf(registers, all)) chunks.push(chunk);
  return { name, order, registers, guest, chunks, faults: chunks.reduce((sum, { hot }) => sum + hot.count, 0), sample: sampleOf(chunks, registers) };
}

/** The same faults in another order. No fault knows of another, so that each has the same answer. */
export function shuffled(records: readonly TraceRecord[], seed: number): TraceRecord[] {
  const random = new Random(seed);
  const mixed = [...records];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

function sampleOf(chunks: readonly Chunk[], registers: RegisterSet): TraceRecord[] {
  const map = slotsOf(registers);
  const numbers = [...new Set(Array.from({ length: SAMPLED_CHUNKS }, (_, index) => Math.floor((index * (chunks.length - 1)) / (SAMPLED_CHUNKS - 1))))];
  const records = numbers.flatMap((number) => [...decodeChunk(chunks[number]!, map)]);
  const step = Math.max(1, records.length / SAMPLE);
  return Array.from({ length: Math.min(SAMPLE, records.length) }, (_, index) => records[Math.floor(index * step)]!);
}

/** Registers whose value changes between two faults, on average. */
export function changesAFault({ chunks, faults }: Subject): number {
  return chunks.reduce((sum, { hot: { values } }) => sum + (values.width === 0 ? 0 : values.count), 0) / faults;
}

/** Bytes of the binary trace, a fault. */
export function bytesAFault({ chunks, faults }: Subject): number {
  return chunks.reduce((sum, { hot }) => sum + hot.bytes.length, 0) / faults;
}
