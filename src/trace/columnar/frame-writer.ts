import { checksum } from "./checksum.ts";
import { CONTENT_LIMIT, MARKER, PREFIX_LENGTH } from "./layout.ts";
import { MessagePackWriter } from "./message-pack.ts";

/** A finished frame. */
export interface WrittenFrame {
  readonly bytes: Uint8Array;
  readonly checksum: number;
}

/**
 * Builds a frame: a map of `entries` (padding not counted) that `write` fills, key and value in turn. The frame's length becomes a multiple of 8.
 * Undefined if it would be longer than a reader accepts.
 */
export function buildFrame(entries: number, write: (writer: MessagePackWriter) => void): WrittenFrame | undefined {
  const writer = new MessagePackWriter(64 * 1024);
  // The prefix is filled in when the content is known.
  writer.raw(new Uint8Array(PREFIX_LENGTH));
  writer.map(entries + 1);
  write(writer);
  writer.value("padding");
  writer.binary(new Uint8Array(-(writer.length + 2) & 7));
  const bytes = writer.bytes();
  const content = bytes.subarray(PREFIX_LENGTH);
  if (content.length > CONTENT_LIMIT) return undefined;
  const sum = checksum(content);
  bytes.set(framePrefix(content.length, sum));
  return { bytes, checksum: sum };
}

/** The bytes before a frame's content. */
export function framePrefix(length: number, sum: number): Uint8Array {
  const prefix = new MessagePackWriter(PREFIX_LENGTH);
  prefix.array(4);
  prefix.value(MARKER);
  prefix.longNumber(length);
  prefix.longNumber(sum);
  return prefix.bytes();
}
