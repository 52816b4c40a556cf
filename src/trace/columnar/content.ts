import { TraceError } from "../record.ts";
import { type Frame } from "./frame-reader.ts";
import { PREFIX_LENGTH } from "./layout.ts";
import { unpack } from "./message-pack.ts";

/** The content of a frame: a map with text for keys. */
export type Content = ReadonlyMap<string, unknown>;

/** Unpacks a frame. Throws a {@link TraceError}. */
export function contentOf({ bytes, offset }: Frame): Content {
  const content = unpack(bytes.subarray(PREFIX_LENGTH), offset + PREFIX_LENGTH);
  return mapOf(content) ?? fail(`byte ${offset}: the content of a frame is not a map`);
}

/** A map with text for keys, or undefined. */
export function mapOf(value: unknown): Content | undefined {
  if (!(value instanceof Map)) return undefined;
  for (const key of value.keys()) if (typeof key !== "string") return undefined;
  return value as Content;
}

/** A number of an unpacked map, an integer from 0 to `limit`. */
export function numberOf(content: Content, key: string, where: string, limit: number): number {
  const value = content.get(key);
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= limit) return value;
  const large = typeof value === "bigint" && value <= BigInt(limit) ? Number(value) : undefined;
  return large ?? fail(`${where}: "${key}" is not an integer from 0 to ${limit}`);
}

/** An unsigned integer of 64 bits of an unpacked map. */
export function unsignedOf(content: Content, key: string, where: string): bigint {
  const value = content.get(key);
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return value;
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? BigInt(value) : fail(`${where}: "${key}" is not an unsigned integer`);
}

export function fail(message: string): never {
  throw new TraceError(message);
}
