import type { Records } from "./record.ts";
import { type Column, DELTA, FAULT_COLUMNS, type FaultColumn, type FaultColumns, MANY_RESPONSES } from "../model/fault-columns.ts";

/** The part of the WebAssembly API that is used here: the types of Node's library do not declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Places in the module's memory, from its own exports (assembly/memory.ts). */
const PLACES = [
  "REGISTERS",
  "COLUMNS",
  "STATE",
  "EXTENSIONS",
  "FLAG_CHECKS",
  "SLOTS",
  "DESCRIPTORS",
  "DESCRIPTORS_SIZE",
  "EQUALS",
  "FAULT_LIMIT",
  "GPAS",
  "OFFSETS",
  "FLAGS_OF",
  "WORDS",
  "FIRSTS",
  "SECONDS",
  "BASES",
  "HEADS",
  "BYTE_MASKS",
  "PLANS",
  "PLAN_SIZE",
  "PLAN_LIMIT",
  "NEEDED",
  "CLASSES",
  "CLASS_SIZE",
  "CLASS_LIMIT",
  "OPERATORS",
  "CPSR",
  "KEY",
  "WANTED",
  "INFORMATIONS",
  "SINGLE",
  "ZEROS",
  "CHUNK",
] as const;
type Place = (typeof PLACES)[number];

/** Of these each fault has one element, the others are streams. Their order is that of assembly/memory.ts as well. */
const ONE_A_FAULT: ReadonlySet<FaultColumn> = new Set<FaultColumn>([
  "pc",
  "instruction",
  "instructionLength",
  "gpa",
  "gvaOffset",
  "flags",
  "delta",
  "syndrome",
  "transformedInstruction",
  "exitReason",
]);

const PAGE = 65536;
const COLUMN_SIZE = 24;
const REGISTER_SLOTS = 64;
/** Streams in the order of their cursors in the state block, and the most elements that a fault takes which is not flagged as slow. */
const STREAMS = [
  { name: "values", most: DELTA.slots },
  { name: "escapes", most: 0 },
  { name: "responses", most: MANY_RESPONSES - 1 },
  { name: "responseCounts", most: 0 },
] as const;
type StreamName = (typeof STREAMS)[number]["name"];
/** Bytes behind a column that a load at its last element may touch. */
const AFTER = 16;
/** Elements that the kernel looks at beyond the last. */
const AHEAD = 4;
/** Elements of a stream that are unpacked at most: more than any chunk's, but for string instructions, which are not the kernel's. */
const STREAM_LIMIT = 1 << 20;
/** How far counts that do not fit the chunk can lead the kernel beyond a stream before it sees that: 4,096 of the longest steps. */
const STRAY = 512 * 1024;

/** What faults are held against, in the kernel's terms. */
export interface KernelFacts {
  /** Lowest virtual address that may be emulated. */
  readonly lowestAddress: bigint;
  /** Bits that every physical address must have. */
  readonly sharedBit: bigint;
}

/**
 * One instance of the WebAssembly module, with a memory of its own: whatever the columns hold, it can touch nothing else. It runs
 * in Node and in browsers.
 */
export class Kernel {
  readonly place: Readonly<Record<Place, number>>;
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #memory: Memory;
  readonly #unpack32: (column: number, count: number, to: number) => void;
  readonly #unpack64: (column: number, count: number, to: number) => void;
  #bases = new BigUint64Array();
  #shapes = new Uint32Array();
  #state = new DataView(new ArrayBuffer(0));
  #registers = new BigUint64Array();
  #records: Records | undefined;
  #bytes = new Uint8Array();
  /** Behind the chunks that are held. */
  #heldEnd: number;
  /** Bytes of an element of a stream as the kernel reads it. */
  #sizes: Readonly<Record<StreamName, 4 | 8>> = { values: 8, escapes: 8, responses: 8, responseCounts: 8 };

  /**
   * `module`: the bytes of kernel.wasm, which the build writes. Throws if they are not a WebAssembly module of this version. `learn` is called where a plan is
   * missing (assembly/plans.ts).
   */
  constructor(module: Uint8Array, learn: () => void = noPlans) {
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(module), { wrapper: { learn } }).exports;
    this.#memory = this.#exports["memory"] as Memory;
    this.place = Object.fromEntries(PLACES.map((name) => [name, (this.#exports[name] as { readonly value: number }).value])) as Record<Place, number>;
    this.#unpack32 = this.routine("unpack32");
    this.#unpack64 = this.routine("unpack64");
    this.#heldEnd = this.place.CHUNK;
    this.#view();
    this.setValueSize(8);
  }

  /** A function that the module exports. */
  routine<Routine extends (...operands: never[]) => unknown>(name: string): Routine {
    return this.#exports[name] as Routine;
  }

  /** All of the memory. Not valid after the next {@link hold} or {@link load}, which may enlarge it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The live register file: one u64 a slot. Valid as long as {@link bytes}. */
  get registers(): BigUint64Array {
    return this.#registers;
  }

  /** The records of a run. Valid as long as {@link bytes}. */
  get records(): Records {
    return this.#records!;
  }

  /** Bytes of a register's value: 8, or 4 where all that have a slot are of 32 bits. */
  setValueSize(size: 4 | 8): void {
    this.#sizes = { ...this.#sizes, values: size };
    this.#state.setBigUint64(80, BigInt.asUintN(8 * size, -1n), true);
  }

  /** The slot of RFLAGS, for arithmetic. */
  setFlagsSlot(slot: number): void {
    this.#state.setUint32(176, 8 * slot, true);
  }

  /** Slots that any plan needs: a chunk that has them all requires no check of that. */
  setNeeded(slots: bigint): void {
    this.#state.setBigUint64(128, slots, true);
  }

  /** For single calls: all these slots are captured, and element 0 of the columns that are not unpacked is at `place.SINGLE`. */
  prepareSingle(captured: bigint): void {
    this.#state.setBigUint64(16, captured, true);
    const pc = FAULT_COLUMNS.indexOf("pc");
    this.#bases[3 * pc] = 0n;
    this.#shapes.set([this.place.SINGLE, 8, 1], 6 * pc + 2);
  }

  /**
   * Takes chunks into the memory, where they stay until this is called again: {@link load} copies none of the columns that this gives. They are valid until
   * another chunk is loaded that needs more room than these. Throws a RangeError as {@link load} does.
   */
  hold(chunks: readonly FaultColumns[]): FaultColumns[] {
    const lengths = chunks.map((chunk) => (hotLength(chunk) + AFTER + 7) & ~7);
    this.#heldEnd = lengths.reduce((sum, length) => sum + length, this.place.CHUNK);
    // Behind them there is room for one more, which is copied.
    this.#enlarge(this.#heldEnd + chunks.reduce((most, chunk, index) => Math.max(most, lengths[index]! + streamsRoom(chunk, this.#sizes)), 0));
    let at = this.place.CHUNK;
    return chunks.map((chunk, index) => {
      const bytes = this.#bytes.subarray(at, at + lengths[index]!);
      bytes.set(chunk.bytes.subarray(0, bytes.length));
      at += bytes.length;
      return { ...chunk, bytes };
    });
  }

  /** What faults are held against from now on. */
  setFacts({ lowestAddress, sharedBit }: KernelFacts): void {
    this.#state.setBigUint64(24, lowestAddress, true);
    this.#state.setBigUint64(32, sharedBit, true);
  }

  /**
   * Takes a chunk: copies its bytes up to the end of the last column of {@link FaultColumns}, unless it is held ({@link hold}), and sets the register file
   * to that of its first fault. Throws a RangeError if a column does not lie in the chunk, or has too few elements.
   */
  load(columns: FaultColumns): void {
    const { bytes, count } = columns;
    if (!(count >= 0 && count <= this.place.FAULT_LIMIT)) throw new RangeError(`a chunk has at most ${this.place.FAULT_LIMIT} faults, not ${count}`);
    const length = hotLength(columns);
    const isHeld = bytes.buffer === this.#bytes.buffer && bytes.byteOffset >= this.place.CHUNK && bytes.byteOffset + length <= this.#heldEnd;
    const start = isHeld ? bytes.byteOffset : this.#heldEnd;
    let scratch = isHeld ? this.#heldEnd : (start + length + 7) & ~7;
    this.#enlarge(scratch + streamsRoom(columns, this.#sizes));
    if (!isHeld) this.#bytes.set(bytes.subarray(0, length), start);
    FAULT_COLUMNS.forEach((name, index) => {
      const { base, width, offset, count: elements } = columns[name];
      this.#bases[3 * index] = base;
      this.#shapes.set([start + offset, width, elements], 6 * index + 2);
    });
    this.#setHead(columns, start);
    STREAMS.forEach(({ name, most }, index) => {
      const { base, width, offset, count: elements } = columns[name];
      const size = this.#sizes[name];
      const room = streamRoom(columns[name], most * count, size);
      let at = start + offset;
      if (width === 0 && base === 0n) {
        at = this.place.ZEROS;
      } else if (room > 0) {
        at = scratch;
        scratch += 8 * room;
        (size === 8 ? this.#unpack64 : this.#unpack32)(FAULT_COLUMNS.indexOf(name), room, at);
      }
      this.#state.setUint32(4 * index, at, true);
      this.#state.setUint32(48 + 4 * index, at + size * (width === 0 ? most * count : elements), true);
      // A slow fault takes as many as it says: of a stream of equal values, which has no end, its cursor stays where it is.
      this.#state.setUint32(64 + 4 * index, width === 0 ? 0 : size, true);
    });
    this.#state.setBigUint64(16, columns.captured, true);
  }

  #setHead({ head, slots }: FaultColumns, start: number): void {
    this.#registers.fill(0n);
    if (head.width === 8 && head.base === 0n) {
      this.#registers.set(new BigUint64Array(this.#bytes.buffer, start + head.offset, slots));
    } else {
      this.#unpack64(0, slots, this.place.REGISTERS);
    }
  }

  /** Makes the memory so long, and {@link STRAY} longer. */
  #enlarge(length: number): void {
    const needed = length + STRAY;
    if (needed <= this.#bytes.length) return;
    this.#memory.grow(Math.ceil((needed - this.#bytes.length) / PAGE));
    this.#view();
  }

  #view(): void {
    const { buffer } = this.#memory;
    const { COLUMNS, STATE, EXTENSIONS, REGISTERS, GPAS, FIRSTS, SECONDS, BASES, INFORMATIONS, FAULT_LIMIT } = this.place;
    this.#bytes = new Uint8Array(buffer);
    this.#bases = new BigUint64Array(buffer, COLUMNS, (COLUMN_SIZE / 8) * FAULT_COLUMNS.length);
    this.#shapes = new Uint32Array(buffer, COLUMNS, (COLUMN_SIZE / 4) * FAULT_COLUMNS.length);
    this.#state = new DataView(buffer, STATE, EXTENSIONS - STATE);
    this.#registers = new BigUint64Array(buffer, REGISTERS, REGISTER_SLOTS);
    this.#records = {
      gpas: new BigUint64Array(buffer, GPAS, FAULT_LIMIT),
      firsts: new BigUint64Array(buffer, FIRSTS, FAULT_LIMIT),
      seconds: new BigUint64Array(buffer, SECONDS, FAULT_LIMIT),
      bases: new BigUint64Array(buffer, BASES, FAULT_LIMIT),
      information: new Uint32Array(buffer, INFORMATIONS, FAULT_LIMIT),
    };
  }
}

function noPlans(): never {
  throw new Error("this fast path has no plans");
}

/** Bytes of a chunk up to the end of its last column here. Throws a RangeError if a column does not lie in the chunk, or has too few elements. */
export function hotLength(columns: FaultColumns): number {
  let end = 0;
  for (const name of FAULT_COLUMNS) {
    const column = columns[name];
    checkColumn(name, column, columns);
    if (column.width !== 0) end = Math.max(end, column.offset + column.count * column.width);
  }
  return end;
}

function checkColumn(name: FaultColumn, { width, offset, count }: Column, { bytes, count: faults, slots }: FaultColumns): void {
  if (width === 0) return;
  // Instructions of one byte an element are a stream.
  const least = ONE_A_FAULT.has(name) && !(name === "instruction" && width === 1) ? faults : name === "head" ? slots : 0;
  if (!(count >= least)) throw new RangeError(`column ${name} has ${count} elements, and the chunk needs ${least}`);
  if (!(offset >= 0 && offset % 8 === 0 && offset + count * width <= bytes.length)) {
    throw new RangeError(`column ${name} does not lie in the chunk: ${count} elements of ${width} bytes at ${offset} of ${bytes.length}`);
  }
}

/** Bytes that the streams of a chunk need where they are unpacked. */
function streamsRoom(columns: FaultColumns, sizes: Readonly<Record<StreamName, 4 | 8>>): number {
  return 8 * STREAMS.reduce((sum, { name, most }) => sum + streamRoom(columns[name], most * columns.count, sizes[name]), 0);
}

/** Elements for which a stream needs room where it is unpacked, if the faults that are not slow take `most` of it. */
function streamRoom({ base, width, count }: Column, most: number, size: 4 | 8): number {
  if (base === 0n && (width === size || width === 0)) return 0;
  return width === 0 ? most + AHEAD : Math.min(count, STREAM_LIMIT);
}
