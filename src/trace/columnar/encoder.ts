import type { RegisterSet } from "../../model/registers.ts";
import { jsonOfHeader } from "../header-json.ts";
import { TraceError, type TraceEncoder, type TraceHeader, type TraceRecord } from "../record.ts";
import { ChunkEncoder } from "./chunk-encoder.ts";
import { ColumnBuilder, writeColumns } from "./column.ts";
import { buildFrame } from "./frame-writer.ts";
import { VERSION } from "./layout.ts";
import { packJson } from "./message-pack.ts";
import { type SlotMap, slotsOf } from "./slots.ts";

const NOTHING = new Uint8Array(0);

/**
 * Writes a binary trace. What it returns is always whole frames: a file to which they are appended as they come can be read up to the last
 * of them, whenever its writer stops.
 */
export class ColumnarEncoder implements TraceEncoder {
  readonly #map: SlotMap;
  readonly #offsets = new ColumnBuilder();
  readonly #firsts = new ColumnBuilder();
  readonly #counts = new ColumnBuilder();
  #chunks: ChunkEncoder | undefined;
  #header = 0;
  /** Bytes written. */
  #length = 0;

  constructor(registers: RegisterSet) {
    this.#map = slotsOf(registers);
  }

  header(header: TraceHeader): Uint8Array {
    const { set, slots, wide } = this.#map;
    const frame = buildFrame(5, (writer) => {
      writer.value("kind");
      writer.value("header");
      writer.value("version");
      writer.value(VERSION);
      writer.value("slots");
      writer.value(slots.map((register) => set.name(register)));
      writer.value("wide");
      writer.value(wide.map((register) => set.name(register)));
      writer.value("trace");
      writer.raw(packJson(jsonOfHeader(header)));
    });
    if (frame === undefined) throw new TraceError("the header is too large for a binary trace");
    this.#header = frame.checksum;
    this.#chunks = new ChunkEncoder(this.#map, frame.checksum);
    this.#length = frame.bytes.length;
    return frame.bytes;
  }

  record(record: TraceRecord): Uint8Array {
    return this.#encoder().add(record) ? this.flush() : NOTHING;
  }

  /** Closes the chunk that is being filled, however few faults it has: for a capture that must not lose them. */
  flush(): Uint8Array {
    const chunks = this.#encoder();
    if (chunks.pending === 0) return NOTHING;
    this.#offsets.push(BigInt(this.#length));
    this.#firsts.push(BigInt(chunks.written.faults));
    this.#counts.push(BigInt(chunks.pending));
    const bytes = chunks.finish();
    this.#length += bytes.length;
    return bytes;
  }

  end(): Uint8Array {
    const last = this.flush();
    const { chunks, faults } = this.#encoder().written;
    const index = buildFrame(5, (writer) => {
      writer.value("kind");
      writer.value("index");
      writer.value("header");
      writer.value(this.#header);
      writer.value("chunks");
      writer.value(chunks);
      writer.value("faults");
      writer.unsigned(BigInt(faults));
      writer.value("columns");
      writeColumns(writer, [
        ["offset", this.#offsets.pack()],
        ["first", this.#firsts.pack()],
        ["count", this.#counts.pack()],
      ]);
    });
    // Two million chunks would be needed for that.
    if (index === undefined) throw new TraceError("the trace has too many chunks for one index");
    const end = buildFrame(2, (writer) => {
      writer.value("kind");
      writer.value("end");
      writer.value("index");
      writer.longUnsigned(BigInt(this.#length));
    })!;
    return Buffer.concat([last, index.bytes, end.bytes]);
  }

  #encoder(): ChunkEncoder {
    if (this.#chunks === undefined) throw new Error("the header comes first");
    return this.#chunks;
  }
}
