import type { RegistersOf, TraceBlocks, TraceCodec } from "../record.ts";
import { decodeChunk } from "./chunk-decoder.ts";
import { ChunkFile } from "./chunk-file.ts";
import { ColumnarEncoder } from "./encoder.ts";
import { startsLikeFrame } from "./frame-reader.ts";
import { openColumnar, records } from "./reader.ts";

/** The binary trace: columns of register changes in chunks of 4,096 faults, about a seventh of the size of MessagePack objects. See layout.ts. */
export const columnar: TraceCodec = {
  name: "binary trace",
  start: 'a MessagePack array with "trapline" as its first element',
  recognises: startsLikeFrame,
  async read(bytes, registersOf) {
    const trace = await openColumnar(bytes, registersOf);
    return { header: trace.header, registers: trace.map.set, records: records(trace) };
  },
  encoder: (registers) => new ColumnarEncoder(registers),
  openBlocks,
};

async function openBlocks(path: string, registersOf: RegistersOf): Promise<TraceBlocks> {
  const file = await ChunkFile.open(path, registersOf);
  const { header, map } = file.header;
  return {
    header,
    registers: map.set,
    count: file.places.length,
    async *records(block) {
      const chunk = await file.chunk(block);
      let index = chunk.first;
      for (const record of decodeChunk(chunk, map)) yield { ...record, index: index++ };
    },
    close: () => file.close(),
  };
}
