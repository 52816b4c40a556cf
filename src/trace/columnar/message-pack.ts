import { Packr, Unpackr } from "msgpackr";
import { TraceError } from "../record.ts";

/** MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) as far as the binary trace uses it. */

/** Deepest nesting of arrays and maps. */
const DEPTH_LIMIT = 64;

const packr = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: false });
/** Maps are read as `Map`: a key such as `__proto__` is a key like any other there. */
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false });

/** Writes MessagePack values one after another. Unlike a packer of whole objects it knows at which offset it is. */
export class MessagePackWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = Buffer.alloc(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written; valid until more is. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Bytes that are already MessagePack. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A map of so many entries follows, key and value in turn. At most 15. */
  map(entries: number): void {
    this.raw(Uint8Array.of(0x80 | entries));
  }

  /** An array of so many elements follows. */
  array(elements: number): void {
    if (elements < 16) this.raw(Uint8Array.of(0x90 | elements));
    else this.raw(Uint8Array.of(0xdc, elements >> 8, elements & 0xff));
  }

  /** A map of so many entries, in 16 bits. */
  longMap(entries: number): void {
    this.raw(Uint8Array.of(0xde, entries >> 8, entries & 0xff));
  }

  /** Text, a number below 2^32 or a list of such, in their shortest form. */
  value(value: string | number | readonly string[]): void {
    this.raw(packr.pack(value));
  }

  /** An unsigned integer of 64 bits in its shortest form. */
  unsigned(value: bigint): void {
    if (value <= 0xffffffffn) this.value(Number(value));
    else this.longUnsigned(value);
  }

  /** An unsigned integer that always takes nine bytes. */
  longUnsigned(value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#length] = 0xcf;
    this.#bytes.writeBigUInt64BE(value, this.#length + 1);
    this.#length += 9;
  }

  /** An unsigned integer that always takes five bytes. */
  longNumber(value: number): void {
    this.#reserve(5);
    this.#bytes[this.#length] = 0xce;
    this.#bytes.writeUInt32BE(value, this.#length + 1);
    this.#length += 5;
  }

  binary(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length <= 0xff) this.raw(Uint8Array.of(0xc4, length));
    else if (length <= 0xffff) this.raw(Uint8Array.of(0xc5, length >> 8, length & 0xff));
    else this.raw(Uint8Array.of(0xc6, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff));
    this.raw(bytes);
  }

  /** Two values: a `bin` of zeros and `bytes`, whose first byte so gets an offset that is a multiple of 8. */
  alignedBinary(bytes: Uint8Array): void {
    const header = bytes.length <= 0xff ? 2 : bytes.length <= 0xffff ? 3 : 5;
    this.binary(new Uint8Array(bytes.length === 0 ? 0 : -(this.#length + 2 + header) & 7));
    this.binary(bytes);
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#length + length));
    grown.set(this.bytes());
    this.#bytes = grown;
  }
}

/**
 * A JSON value as MessagePack: an object becomes a map with its keys in order. One that MessagePack can't hold as it is (text with half of
 * a surrogate pair, which is no UTF-8, or nesting beyond the limit) becomes a `str` of JSON text instead.
 */
export function packJson(value: object): Uint8Array {
  return packr.pack(holds(value, DEPTH_LIMIT - 8) ? withMaps(value) : JSON.stringify(value));
}

/** The value that {@link packJson} packed, from what {@link unpack} made of it; undefined if that is no object. */
export function jsonOf(unpacked: unknown): object | undefined {
  let value: unknown;
  try {
    value = typeof unpacked === "string" ? JSON.parse(unpacked) : withoutMaps(unpacked);
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function holds(value: unknown, depth: number): boolean {
  if (typeof value === "string") return !/\p{Surrogate}/u.test(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((element) => holds(element, depth - 1));
  return Object.entries(value).every(([key, inner]) => holds(key, 0) && holds(inner, depth - 1));
}

function withMaps(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withMaps);
  return new Map(Object.entries(value).map(([key, inner]) => [key, withMaps(inner)]));
}

/** What JSON.parse would have made of it. Throws where it is not JSON. */
function withoutMaps(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
      return value;
    case "bigint":
      return Number(value);
    default:
      break;
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(withoutMaps);
  if (!(value instanceof Map)) throw new TypeError("not JSON");
  const object: Record<string, unknown> = {};
  for (const [key, inner] of value as Map<unknown, unknown>) {
    if (typeof key !== "string") throw new TypeError("not JSON");
    // Assigning to __proto__ would change the prototype.
    Object.defineProperty(object, key, { value: withoutMaps(inner), configurable: true, enumerable: true, writable: true });
  }
  return object;
}

/**
 * Unpacks one MessagePack value that fills `bytes`. Maps become `Map`, `bin` a view of `bytes`. Nothing but nil, booleans, numbers, text,
 * `bin`, arrays and maps may be in it, no length may exceed what is there, nothing may be nested deeper than 64: that is checked before any
 * of it is built. Throws a {@link TraceError} that says at which byte (`start` is the offset of the first) it is not so.
 */
export function unpack(bytes: Uint8Array, start: number): unknown {
  const end = new Checker(bytes, start).check();
  if (end !== bytes.length) throw new TraceError(`byte ${start + end}: expected the end of a MessagePack value`);
  return unpackr.unpack(bytes);
}

/** Walks a MessagePack value without building it. */
class Checker {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;
  #position = 0;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#start = start;
  }

  /** Returns where the value ends. */
  check(): number {
    /** Values that are still to come in each array and map around. */
    const open: number[] = [1];
    while (open.length > 0) {
      const left = open.at(-1)!;
      if (left === 0) {
        open.pop();
        continue;
      }
      open[open.length - 1] = left - 1;
      const inside = this.#one();
      if (inside === 0) continue;
      // Each value has a byte at least.
      if (inside > this.#bytes.length - this.#position) throw this.#error("an array or map is longer than the rest of the value");
      if (open.length > DEPTH_LIMIT) throw this.#error(`arrays and maps are nested deeper than ${DEPTH_LIMIT}`);
      open.push(inside);
    }
    return this.#position;
  }

  /** Passes one value without what is inside of it, and returns how many values that is. */
  #one(): number {
    const type = this.#unsigned(1);
    if (type <= 0x7f || type >= 0xe0) return 0;
    if (type <= 0x8f) return 2 * (type & 0x0f);
    if (type <= 0x9f) return type & 0x0f;
    if (type <= 0xbf) return this.#skip(type & 0x1f);
    switch (type) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return 0;
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#unsigned(1));
      case 0xc5:
      case 0xda:
        return this.#skip(this.#unsigned(2));
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#unsigned(4));
      case 0xca:
      case 0xcb:
        return this.#skip(type === 0xca ? 4 : 8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#skip(1 << (type & 3));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#skip(1 << (type & 3));
      case 0xdc:
        return this.#unsigned(2);
      case 0xdd:
        return this.#unsigned(4);
      case 0xde:
        return 2 * this.#unsigned(2);
      case 0xdf:
        return 2 * this.#unsigned(4);
      default:
        this.#position--;
        throw this.#error(`type 0x${type.toString(16)} is none that a trace may hold`);
    }
  }

  #skip(length: number): 0 {
    this.#need(length);
    this.#position += length;
    return 0;
  }

  #unsigned(length: 1 | 2 | 4): number {
    this.#need(length);
    const at = this.#position;
    this.#position += length;
    return length === 1 ? this.#view.getUint8(at) : length === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.#position) throw this.#error("a MessagePack value is longer than what holds it");
  }

  #error(problem: string): TraceError {
    return new TraceError(`byte ${this.#start + this.#position}: ${problem}`);
  }
}
