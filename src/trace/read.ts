import { open } from "node:fs/promises";
import { CODECS } from "./codecs.ts";
import { type RegistersOf, type Trace, type TraceBlocks, type TraceCodec, TraceError } from "./record.ts";

/** Bytes by which a format is recognised. */
const START_LENGTH = 64;

/** An open trace, and what its form was. */
export interface OpenTrace extends Trace {
  readonly codec: TraceCodec;
}

/** Opens a trace in whatever format its first bytes show. Throws a {@link TraceError}. */
export async function readTrace(bytes: AsyncIterable<Uint8Array>, registersOf: RegistersOf): Promise<OpenTrace> {
  const chunks = bytes[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < START_LENGTH) {
    const next = await chunks.next();
    if (next.done === true) break;
    held.push(next.value);
    length += next.value.length;
  }
  const codec = codecOf(Buffer.concat(held).subarray(0, START_LENGTH));
  return { ...(await codec.read(resume(held, chunks), registersOf)), codec };
}

/** Opens a trace file for reading in blocks. Throws a {@link TraceError}; other errors are the file system's. */
export async function openBlocks(path: string, registersOf: RegistersOf): Promise<TraceBlocks> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(START_LENGTH), 0, START_LENGTH, 0).finally(() => file.close());
  return codecOf(buffer.subarray(0, bytesRead)).openBlocks(path, registersOf);
}

/** The codec of a file that starts with these bytes. */
function codecOf(start: Uint8Array): TraceCodec {
  if (start.length === 0) throw new TraceError("is empty; expected a trace");
  const codec = CODECS.find((each) => each.recognises(start));
  if (codec === undefined) {
    const formats = CODECS.map((each) => `${each.name} (starts with ${each.start})`).join(" or ");
    throw new TraceError(`byte 0: is not a trace; expected ${formats}`);
  }
  return codec;
}

/** The chunks already taken, then the rest. */
async function* resume(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
