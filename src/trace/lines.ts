import { isUtf8 } from "node:buffer";
import { TraceError } from "./record.ts";

/** A line of a text file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Offset of its first byte from where the bytes begin. */
  readonly start: number;
  readonly text: string;
  /** The file ends here, without a line feed. */
  readonly unfinished: boolean;
}

/**
 * Longest line in bytes. A fault with every register and a page of RAM has less than 20,000; without a limit a file
 * without line feeds would be read into memory whole.
 */
export const LINE_LIMIT = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Splits bytes into lines; a carriage return before the line feed is dropped, lines of nothing but white space are skipped. `passed`: lines
 * that come before these bytes.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, passed = 0): AsyncGenerator<Line> {
  let number = passed;
  /** Where the line begins, and the chunk. */
  let begin = 0;
  let position = 0;
  let parts: Uint8Array[] = [];
  let pending = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      number++;
      const last = chunk.subarray(start, end);
      const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
      if (bytes.length > LINE_LIMIT) throw tooLong(number);
      parts = [];
      pending = 0;
      start = end + 1;
      const text = decode(bytes, number);
      if (text !== "") yield { number, start: begin, text, unfinished: false };
      begin = position + start;
    }
    position += chunk.length;
    if (start === chunk.length) continue;
    pending += chunk.length - start;
    if (pending > LINE_LIMIT) throw tooLong(number + 1);
    parts.push(chunk.subarray(start));
  }
  const text = decode(Buffer.concat(parts), number + 1, true);
  if (text !== "") yield { number: number + 1, start: begin, text, unfinished: true };
}

function tooLong(number: number): TraceError {
  return new TraceError(`line ${number}: longer than ${LINE_LIMIT} bytes; expected one JSON object a line`);
}

/** Text of a line without white space (and byte order mark) at its ends. A cut may fall inside a character: `unfinished` lets that pass. */
function decode(bytes: Uint8Array, number: number, unfinished = false): string {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  if (!unfinished && !isUtf8(line)) throw new TraceError(`line ${number}: is not UTF-8 text`);
  return line.toString("utf8").trim();
}
