import type { Column, ElementWidth } from "../../model/fault-columns.ts";
import { TraceError } from "../record.ts";
import type { MessagePackWriter } from "./message-pack.ts";

/** A column that is left out: all zeros, or no element. */
export const ABSENT: Column = { base: 0n, width: 0, offset: 0, count: 0 };

const ALL = (1n << 64n) - 1n;
const SIGN = 1n << 63n;

/**
 * Most elements that a column of width 0 may stand for: a few bytes of a file can't claim more. It is enough for one element a fault and
 * for streams of sixteen; a longer stream of equal values is stored one byte each.
 */
export const CONSTANT_LIMIT = 65536;

/** Collects unsigned 64-bit integers for one column. */
export class ColumnBuilder {
  #values = new BigUint64Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Values beyond 64 bits are cut to them, so that a difference may be negative. */
  push(value: bigint): void {
    if (this.#count === this.#values.length) {
      const grown = new BigUint64Array(2 * this.#count);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  /** A value that means nothing: it is stored in whatever way takes no room. */
  pushAny(): void {
    this.push(this.#count === 0 ? 0n : this.#values[this.#count - 1]!);
  }

  clear(): void {
    this.#count = 0;
  }

  /** What is to be stored, or undefined where the column can be left out. Valid until the next value is added. */
  pack(): PackedColumn | undefined {
    const values = this.#values.subarray(0, this.#count);
    const { base, width: least } = narrowest(values);
    const width = least === 0 && this.#count > CONSTANT_LIMIT ? 1 : least;
    if (this.#count === 0 || (width === 0 && base === 0n)) return undefined;
    return { base, width, data: narrow(values, base, width) };
  }
}

/** A column as it is stored. */
export interface PackedColumn {
  readonly base: bigint;
  readonly width: ElementWidth;
  readonly data: Uint8Array;
}

/** Writes a map of columns by name, in this order. Those that are undefined are left out. */
export function writeColumns(writer: MessagePackWriter, columns: readonly (readonly [name: string, column: PackedColumn | undefined])[]): void {
  const present = columns.filter(([, column]) => column !== undefined);
  writer.longMap(present.length);
  for (const [name, column] of present) {
    const { base, width, data } = column!;
    writer.value(name);
    writer.array(4);
    writer.unsigned(base);
    writer.value(width);
    writer.alignedBinary(data);
  }
}

/**
 * The base and width that need fewest bytes: a base of 0 where another would save nothing, so that values are stored as they are. Numbers around zero are
 * close together only as signed ones.
 */
function narrowest(values: BigUint64Array): { readonly base: bigint; readonly width: ElementWidth } {
  let low = values[0] ?? 0n;
  let high = low;
  for (const value of values) {
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  const width = widthOf(high - low);
  if (width > 0 && width < 8 && width === widthOf(high)) return { base: 0n, width };
  if (width < 8 || low >= SIGN || high < SIGN) return { base: width === 8 ? 0n : low, width };
  let least = values[0]! ^ SIGN;
  let most = least;
  for (const value of values) {
    const signed = value ^ SIGN;
    if (signed < least) least = signed;
    else if (signed > most) most = signed;
  }
  const signedWidth = widthOf(most - least);
  return signedWidth === 8 ? { base: 0n, width: 8 } : { base: least ^ SIGN, width: signedWidth };
}

function widthOf(range: bigint): ElementWidth {
  if (range === 0n) return 0;
  if (range < 1n << 8n) return 1;
  if (range < 1n << 16n) return 2;
  return range < 1n << 32n ? 4 : 8;
}

function narrow(values: BigUint64Array, base: bigint, width: ElementWidth): Uint8Array {
  if (width === 0) return new Uint8Array(0);
  if (width === 8) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const data = new Uint8Array(values.length * width);
  const narrowed = width === 1 ? data : width === 2 ? new Uint16Array(data.buffer) : new Uint32Array(data.buffer);
  for (let index = 0; index < values.length; index++) narrowed[index] = Number((values[index]! - base) & ALL);
  return data;
}

/** Where the columns of a frame were found. */
export interface ColumnSource {
  readonly bytes: Uint8Array;
  /** Text that says which chunk or index this is, for errors. */
  readonly where: string;
}

/** Checks a column as it was unpacked from `source`. Throws a {@link TraceError}. */
export function columnOf(unpacked: unknown, name: string, { bytes, where }: ColumnSource): Column {
  const [base, width, padding, data] = Array.isArray(unpacked) && unpacked.length === 4 ? (unpacked as unknown[]) : [];
  const large = typeof base === "number" && Number.isInteger(base) ? BigInt(base) : base;
  if (typeof large !== "bigint" || large < 0n || large > ALL || !isWidth(width) || !(padding instanceof Uint8Array) || !(data instanceof Uint8Array)) {
    throw new TraceError(`${where}: column "${name}" is not [ base, width, padding, data ]`);
  }
  if (width === 16 && name !== "instruction") throw new TraceError(`${where}: column "${name}" has elements of 16 bytes; only "instruction" may`);
  const offset = data.byteOffset - bytes.byteOffset;
  if (offset % 8 !== 0 && data.length > 0) throw new TraceError(`${where}: column "${name}" does not start at a multiple of 8 bytes`);
  if (width === 0 ? data.length !== 0 : data.length % width !== 0) {
    throw new TraceError(`${where}: column "${name}" has ${data.length} bytes, which are no whole elements of ${width}`);
  }
  return width === 0 ? { base: large, width, offset: 0, count: 0 } : { base: large, width, offset, count: data.length / width };
}

function isWidth(value: unknown): value is ElementWidth {
  return value === 0 || value === 1 || value === 2 || value === 4 || value === 8 || value === 16;
}

/** Reads the elements of a column: by position, or in order as a stream. Never beyond its end. */
export class ColumnReader {
  readonly #base: bigint;
  readonly #small: number;
  readonly #wide: BigUint64Array | undefined;
  readonly #narrow: Uint8Array | Uint16Array | Uint32Array | undefined;
  readonly #stored: boolean;
  readonly #count: number;
  readonly #name: string;
  readonly #where: string;
  #next = 0;

  /** `column` lies in `source.bytes`, which start at a multiple of 8 of their buffer. */
  constructor({ base, width, offset, count }: Column, name: string, { bytes, where }: ColumnSource) {
    this.#base = base;
    this.#small = base <= 0xffffffffn ? Number(base) : Number.NaN;
    this.#stored = width > 0;
    this.#count = width === 0 ? CONSTANT_LIMIT : count;
    this.#name = name;
    this.#where = where;
    const { buffer } = bytes;
    const at = bytes.byteOffset + offset;
    if (width === 8) this.#wide = new BigUint64Array(buffer, at, count);
    if (width === 4) this.#narrow = new Uint32Array(buffer, at, count);
    if (width === 2) this.#narrow = new Uint16Array(buffer, at, count);
    if (width === 1) this.#narrow = new Uint8Array(buffer, at, count);
  }

  /** Element `index`. */
  at(index: number): bigint {
    if (index >= this.#count) throw this.#tooShort();
    if (this.#wide !== undefined) {
      const value = this.#wide[index]!;
      return this.#base === 0n ? value : (value + this.#base) & ALL;
    }
    if (this.#narrow === undefined) return this.#base;
    const value = this.#base + BigInt(this.#narrow[index]!);
    return value > ALL ? value & ALL : value;
  }

  /** Element `index`, which must be less than 2^32. */
  numberAt(index: number): number {
    if (index >= this.#count) throw this.#tooShort();
    const value = this.#wide === undefined ? this.#small + (this.#narrow === undefined ? 0 : this.#narrow[index]!) : Number(this.at(index));
    if (!(value <= 0xffffffff)) throw new TraceError(`${this.#where}: column "${this.#name}", element ${index}: expected less than 2^32`);
    return value;
  }

  /** The next element of a stream. */
  take(): bigint {
    return this.at(this.#next++);
  }

  /** The next element of a stream, which must be less than 2^32. */
  takeNumber(): number {
    return this.numberAt(this.#next++);
  }

  /** The next `count` elements of a stream. */
  takeMany(count: number): bigint[] {
    this.#need(count);
    const values: bigint[] = [];
    for (let left = count; left > 0; left--) values.push(this.take());
    return values;
  }

  /** A copy of the next `count` elements of a stream of bytes. */
  takeBytes(count: number): Uint8Array {
    this.#need(count);
    if (count === 0) return new Uint8Array(0);
    if (!(this.#narrow instanceof Uint8Array) || this.#base !== 0n) throw new TraceError(`${this.#where}: column "${this.#name}" does not hold bytes as they are`);
    this.#next += count;
    return this.#narrow.slice(this.#next - count, this.#next);
  }

  /** Makes sure that the stream has `count` elements more, before room is made for them. */
  #need(count: number): void {
    if (count > this.#count - this.#next) throw this.#tooShort();
  }

  /** All of a stream must have been taken. */
  finish(): void {
    if (this.#stored && this.#next !== this.#count) {
      throw new TraceError(`${this.#where}: column "${this.#name}" has ${this.#count} elements, of which the faults use ${this.#next}`);
    }
  }

  #tooShort(): TraceError {
    return new TraceError(`${this.#where}: column "${this.#name}" has too few elements (${this.#stored ? this.#count : 0})`);
  }
}
