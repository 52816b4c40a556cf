import { type FileHandle, open } from "node:fs/promises";
import { type RegistersOf, TraceError } from "../record.ts";
import { type Chunk, chunkOf } from "./chunk.ts";
import { columnOf, ColumnReader } from "./column.ts";
import { contentOf, fail, mapOf, unsignedOf } from "./content.ts";
import { type Frame, readFrames } from "./frame-reader.ts";
import { CHUNK_LIMIT, END_LENGTH, INDEX_COLUMNS } from "./layout.ts";
import { type ColumnarHeader, readHeader, totals } from "./reader.ts";

/** Where a chunk is. */
export interface ChunkPlace {
  /** Of its frame in the file. */
  readonly offset: number;
  /** Index of its first fault. */
  readonly first: number;
  /** Faults in it. */
  readonly count: number;
}

/** Bytes that are read at once where a frame's length is not known yet. */
const READ_SIZE = 256 * 1024;

/** A whole binary trace in a file: any chunk can be read at once, which is what shards and worker threads need. */
export class ChunkFile implements AsyncDisposable {
  readonly header: ColumnarHeader;
  readonly places: readonly ChunkPlace[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, header: ColumnarHeader, places: readonly ChunkPlace[]) {
    this.#file = file;
    this.header = header;
    this.places = places;
  }

  /** Opens a file. Throws a {@link TraceError} where it is no binary trace, or one without an index; other errors are the file system's. */
  static async open(path: string, registersOf: RegistersOf): Promise<ChunkFile> {
    const file = await open(path);
    try {
      const header = await readHeader(await frameAt(file, 0, "header"), registersOf);
      return new ChunkFile(file, header, await readIndex(file, header));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Faults of the trace. */
  get faults(): number {
    const last = this.places.at(-1);
    return last === undefined ? 0 : last.first + last.count;
  }

  /** Reads chunk `number`. Throws a {@link TraceError} where it is damaged. */
  async chunk(number: number): Promise<Chunk> {
    const place = this.places[number];
    if (place === undefined) throw new Error(`there is no chunk ${number}`);
    const where = `chunk ${number} (faults ${place.first} to ${place.first + place.count - 1})`;
    const frame = await frameAt(this.#file, place.offset, where);
    const content = contentOf(frame);
    if (content.get("kind") !== "chunk" || content.get("header") !== this.header.checksum) fail(`byte ${place.offset}: expected ${where}`);
    const chunk = chunkOf(content, frame, this.header.map);
    if (chunk.number !== number || chunk.first !== place.first || chunk.hot.count !== place.count) fail(`${chunk.where}: is not what the index says`);
    return chunk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readIndex(file: FileHandle, { checksum }: ColumnarHeader): Promise<ChunkPlace[]> {
  const { size } = await file.stat();
  const none = 'has no index at its end: it was cut off or damaged; "trapline recover" makes a whole trace of what is intact';
  const end = size < END_LENGTH ? undefined : await frameAt(file, size - END_LENGTH, "end").catch(asMissing);
  const last = end === undefined ? undefined : contentOf(end);
  if (last?.get("kind") !== "end") throw new TraceError(none);
  const offset = unsignedOf(last, "index", "end");
  if (offset >= BigInt(size)) throw new TraceError(none);
  const frame = await frameAt(file, Number(offset), "index");
  const content = contentOf(frame);
  if (content.get("kind") !== "index" || content.get("header") !== checksum) throw new TraceError(none);
  const where = `index (byte ${offset})`;
  const { chunks, faults } = totals(content, frame);
  const unpacked = mapOf(content.get("columns")) ?? fail(`${where}: "columns" is not a map`);
  const source = { bytes: frame.bytes, where };
  // Nothing is allocated by a count that is only announced: a column of different offsets has its length in bytes.
  const [offsets, firsts, counts] = INDEX_COLUMNS.map((name) => new ColumnReader(columnOf(unpacked.get(name) ?? [0, 0, new Uint8Array(0), new Uint8Array(0)], name, source), name, source)) as [ColumnReader, ColumnReader, ColumnReader];
  const places: ChunkPlace[] = [];
  let first = 0;
  let before = -1;
  for (let number = 0; number < chunks; number++) {
    const place = { offset: Number(offsets.at(number)), first: Number(firsts.at(number)), count: counts.numberAt(number) };
    if (place.first !== first || place.count === 0 || place.count > CHUNK_LIMIT || place.offset <= before || place.offset >= size) {
      fail(`${where}: chunk ${number} can't be where it says`);
    }
    places.push(place);
    first += place.count;
    before = place.offset;
  }
  if (first !== faults) fail(`${where}: counts ${faults} faults; its chunks have ${first}`);
  return places;
}

/** The frame that starts at an offset. Throws a {@link TraceError} where none does. */
async function frameAt(file: FileHandle, offset: number, what: string): Promise<Frame> {
  for await (const frame of readFrames(bytesFrom(file, offset))) {
    if (frame.kind === "frame" && frame.offset === 0) return { ...frame, offset };
    throw new TraceError(`byte ${offset}: ${what} can't be read: ${frame.kind === "gap" ? frame.problem : "it is not there"}`);
  }
  throw new TraceError(`byte ${offset}: ${what} can't be read: the file ends before it`);
}

async function* bytesFrom(file: FileHandle, offset: number): AsyncGenerator<Uint8Array> {
  for (let position = offset; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function asMissing(error: unknown): undefined {
  if (error instanceof TraceError) return undefined;
  throw error;
}
