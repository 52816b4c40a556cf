import { type Chunk, chunkOf } from "./chunk.ts";
import { decodeChunk } from "./chunk-decoder.ts";
import { type Content, contentOf, fail, numberOf } from "./content.ts";
import { type Frame, type Gap, readFrames } from "./frame-reader.ts";
import { headerOfJson } from "../header-json.ts";
import { VERSION } from "./layout.ts";
import { Losses } from "./losses.ts";
import { jsonOf } from "./message-pack.ts";
import { type RegistersOf, TraceError, type TraceHeader, type TraceRecord } from "../record.ts";
import { type SlotMap, slotsByName } from "./slots.ts";

/** What a header frame tells. */
export interface ColumnarHeader {
  readonly header: TraceHeader;
  readonly map: SlotMap;
  /** Of the frame: all other frames of the file name it. */
  readonly checksum: number;
}

/** A binary trace that is open for reading chunk by chunk. */
export interface ColumnarTrace extends ColumnarHeader {
  /**
   * The intact chunks, in order. Can be iterated once. At the end, or where the file ends too early, throws a {@link TraceError} that lists
   * what is missing, if something is.
   */
  readonly chunks: AsyncIterable<Chunk>;
}

/** Opens a binary trace. Throws a {@link TraceError}. */
export async function openColumnar(bytes: AsyncIterable<Uint8Array>, registersOf: RegistersOf): Promise<ColumnarTrace> {
  const frames = readFrames(bytes);
  const { value: first } = await frames.next();
  if (first === undefined) throw new TraceError("is empty; expected a trace");
  if (first.kind === "gap") {
    throw new TraceError(`bytes 0 to ${first.length - 1}: the header can't be read (${first.problem}), and without it no fault can`);
  }
  const header = await readHeader(first, registersOf);
  return { ...header, chunks: chunks(frames, header) };
}

/** Reads the first frame of a file. Throws a {@link TraceError}. */
export async function readHeader(frame: Frame, registersOf: RegistersOf): Promise<ColumnarHeader> {
  const content = contentOf(frame);
  if (content.get("kind") !== "header") throw new TraceError(`byte 0: expected a header, got ${shown(content.get("kind"))}`);
  const version = content.get("version");
  if (version !== VERSION) throw new TraceError(`byte 0: is a binary trace of version ${shown(version)}; expected ${VERSION}, which is the only one`);
  const header = headerOfJson(jsonOf(content.get("trace")), 'byte 0: "trace"');
  const set = await registersOf(header.architecture);
  return { header, map: slotsByName(set, content.get("slots"), content.get("wide")), checksum: frame.checksum };
}

async function* chunks(frames: AsyncIterable<Frame | Gap>, { map, checksum }: ColumnarHeader): AsyncGenerator<Chunk> {
  const losses = new Losses();
  /** What comes next if nothing is missing. */
  let number = 0;
  let fault = 0;
  let read = { chunks: 0, faults: 0 };
  let gaps: Gap[] = [];
  let ended: "index" | "end" | undefined;
  let position = 0;
  for await (const frame of frames) {
    if (frame.kind === "gap") {
      if (gaps.length < GAP_LIMIT) gaps.push(frame);
      position = frame.offset + frame.length;
      continue;
    }
    position = frame.offset + frame.bytes.length;
    const content = contentOf(frame);
    const kind = content.get("kind");
    if (ended === "end" || (kind !== "end" && content.get("header") !== checksum)) {
      losses.add(`the frame at byte ${frame.offset} is not one of this trace`);
      continue;
    }
    if (kind === "chunk" && ended === undefined) {
      const chunk = chunkOf(content, frame, map);
      const { first, hot } = chunk;
      const behind = chunk.number < number || first < fault || (chunk.number === number) !== (first === fault);
      if (behind) fail(`${chunk.where}: says that it starts with fault ${first}; expected chunk ${number} with fault ${fault}, or later ones`);
      if (chunk.number > number) losses.chunks(number, chunk.number, fault, first, gaps);
      else losses.foreign(gaps);
      gaps = [];
      number = chunk.number + 1;
      fault = first + hot.count;
      read = { chunks: read.chunks + 1, faults: read.faults + hot.count };
      yield chunk;
    } else if (kind === "index" && ended === undefined) {
      const total = totals(content, frame);
      if (total.chunks < number || total.faults < fault) fail(`byte ${frame.offset}: the index counts ${total.chunks} chunks and ${total.faults} faults; there are more`);
      if (total.chunks > number) losses.chunks(number, total.chunks, fault, total.faults, gaps);
      else losses.foreign(gaps);
      gaps = [];
      ended = "index";
    } else if (kind === "end" && ended === "index") {
      losses.foreign(gaps);
      gaps = [];
      ended = "end";
    } else {
      // An "end" whose index is lost: what is missing is told below.
      if (kind !== "end") fail(`byte ${frame.offset}: did not expect a frame of kind ${shown(kind)} here`);
    }
  }
  if (ended === undefined) losses.tail(number, fault, gaps, position);
  else if (ended === "index") losses.add(`no fault is missing, but the last frame is (after byte ${position - 1})`);
  else losses.foreign(gaps);
  if (losses.any) throw new TraceError(losses.describe(read.chunks, read.faults), "intact");
}

/** Gaps between two frames that are told; there are few, or the file is of another kind. */
const GAP_LIMIT = 100;

/** What the index says of the whole trace. */
export function totals(content: Content, { offset }: Frame): { readonly chunks: number; readonly faults: number } {
  const where = `index (byte ${offset})`;
  return { chunks: numberOf(content, "chunks", where, 0xffffffff), faults: numberOf(content, "faults", where, Number.MAX_SAFE_INTEGER) };
}

/** The faults of all chunks. */
export async function* records({ map, chunks: each }: ColumnarTrace): AsyncGenerator<TraceRecord> {
  let count = 0;
  for await (const chunk of each) {
    let index = chunk.first;
    for (const record of decodeChunk(chunk, map)) {
      yield index === count ? record : { ...record, index };
      index++;
      count++;
    }
  }
}

function shown(value: unknown): string {
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "nothing").slice(0, 40);
}
