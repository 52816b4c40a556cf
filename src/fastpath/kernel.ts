import type { Column, FaultColumns } from "../model/fault-columns.ts";

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
  "SLOTS",
  "DESCRIPTORS",
  "DESCRIPTORS_SIZE",
  "RECORDS",
  "RECORD_SIZE",
  "FAULT_LIMIT",
  "SINGLE",
  "CHUNK",
] as const;
type Place = (typeof PLACES)[number];

/** Columns in the order of assembly/memory.ts. Of the first list each fault has one element, the second are streams. */
const COLUMN_NAMES = ["head", "pc", "instruction", "instructionLength", "gpa", "gvaOffset", "flags", "delta", "values", "escapes", "responses", "responseCounts"] as const;
const ONE_A_FAULT: ReadonlySet<string> = new Set(["pc", "instruction", "instructionLength", "gpa", "gvaOffset", "flags", "delta"]);

const PAGE = 65536;
const COLUMN_SIZE = 24;
const REGISTER_SLOTS = 64;
/** How far counts that do not fit the chunk can lead the kernel beyond it before it sees that: 4,096 of the longest steps, and a last look. */
const STRAY = 512 * 1024;

/** What faults are held against, in the kernel's terms. */
export interface KernelFacts {
  /** Lowest virtual address that may be emulated. */
  readonly lowestAddress: bigint;
  /** Bits that every physical address must have. */
  readonly sharedBit: bigint;
  /** Flags that must be as the instruction wants them. */
  readonly checkedFlags: number;
}

/**
 * One instance of the WebAssembly module, with a memory of its own: whatever the columns hold, it can touch nothing else. It runs
 * in Node and in browsers.
 */
export class Kernel {
  readonly place: Readonly<Record<Place, number>>;
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #memory: Memory;
  #columns = new BigUint64Array();
  #widths = new Uint32Array();
  #state = new DataView(new ArrayBuffer(0));
  #registers = new BigUint64Array();
  #records = new DataView(new ArrayBuffer(0));
  #bytes = new Uint8Array();

  /** `module`: the bytes of kernel.wasm, which the build writes. Throws if they are not a WebAssembly module of this version. */
  constructor(module: Uint8Array) {
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    this.#memory = this.#exports["memory"] as Memory;
    this.place = Object.fromEntries(PLACES.map((name) => [name, (this.#exports[name] as { readonly value: number }).value])) as Record<Place, number>;
    this.#view();
  }

  /** A function that the module exports. */
  routine<Routine extends (...operands: never[]) => unknown>(name: string): Routine {
    return this.#exports[name] as Routine;
  }

  /** All of the memory. Not valid after the next {@link reserve} or {@link load}, which may enlarge it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The live register file: one u64 a slot. Valid as long as {@link bytes}. */
  get registers(): BigUint64Array {
    return this.#registers;
  }

  /** The records of a run, see record.ts. Valid as long as {@link bytes}. */
  get records(): DataView {
    return this.#records;
  }

  /** The state block: cursors, facts and the fault of a single call, see assembly/memory.ts. */
  get state(): DataView {
    return this.#state;
  }

  /** Room for the bytes of a chunk inside the memory: columns that are read right into it need not be copied by {@link load}. */
  reserve(length: number): Uint8Array {
    const needed = this.place.CHUNK + length + STRAY;
    if (needed > this.#bytes.length) {
      this.#memory.grow(Math.ceil((needed - this.#bytes.length) / PAGE));
      this.#view();
    }
    return this.#bytes.subarray(this.place.CHUNK, this.place.CHUNK + length);
  }

  /** What faults are held against from now on. */
  setFacts({ lowestAddress, sharedBit, checkedFlags }: KernelFacts): void {
    this.#state.setBigUint64(24, lowestAddress, true);
    this.#state.setBigUint64(32, sharedBit, true);
    this.#state.setUint32(40, checkedFlags, true);
  }

  /**
   * Takes a chunk: copies its bytes, unless they were read into {@link reserve}, and sets the register file to that of its first fault.
   * Throws a RangeError if a column does not lie in the chunk, or has too few elements.
   */
  load(columns: FaultColumns): void {
    const { bytes, count } = columns;
    if (!(count >= 0 && count <= this.place.FAULT_LIMIT)) throw new RangeError(`a chunk has at most ${this.place.FAULT_LIMIT} faults, not ${count}`);
    for (const name of COLUMN_NAMES) checkColumn(name, columns[name], columns);
    let start = bytes.byteOffset;
    if (bytes.buffer !== this.#bytes.buffer || start < this.place.CHUNK) {
      this.reserve(bytes.length).set(bytes);
      start = this.place.CHUNK;
    }
    this.reserve(start - this.place.CHUNK + bytes.length);
    COLUMN_NAMES.forEach((name, index) => {
      const { base, width, offset } = columns[name];
      this.#columns[3 * index] = base;
      this.#columns[3 * index + 1] = width >= 8 ? 0xffff_ffff_ffff_ffffn : BigInt(2 ** (8 * width) - 1);
      this.#widths[6 * index + 4] = start + offset;
      this.#widths[6 * index + 5] = width;
    });
    const { head, slots } = columns;
    this.#registers.fill(0n);
    if (head.width === 8 && head.base === 0n) {
      this.#registers.set(new BigUint64Array(this.#bytes.buffer, start + head.offset, slots));
    } else {
      const view = new DataView(this.#bytes.buffer, start);
      for (let slot = 0; slot < slots; slot++) this.#registers[slot] = elementOf(view, head, slot);
    }
    const streams = ["values", "escapes", "responses", "responseCounts"] as const;
    streams.forEach((name, index) => {
      this.#state.setUint32(4 * index, start + columns[name].offset, true);
    });
    this.#state.setBigUint64(16, columns.captured, true);
    this.#state.setUint32(44, start + bytes.length, true);
  }

  #view(): void {
    const { buffer } = this.#memory;
    const { COLUMNS, STATE, EXTENSIONS, REGISTERS, RECORDS, RECORD_SIZE, FAULT_LIMIT } = this.place;
    this.#bytes = new Uint8Array(buffer);
    this.#columns = new BigUint64Array(buffer, COLUMNS, 3 * COLUMN_NAMES.length);
    this.#widths = new Uint32Array(buffer, COLUMNS, (COLUMN_SIZE / 4) * COLUMN_NAMES.length);
    this.#state = new DataView(buffer, STATE, EXTENSIONS - STATE);
    this.#registers = new BigUint64Array(buffer, REGISTERS, REGISTER_SLOTS);
    this.#records = new DataView(buffer, RECORDS, FAULT_LIMIT * RECORD_SIZE);
  }
}

function checkColumn(name: string, { width, offset, count }: Column, { bytes, count: faults, slots }: FaultColumns): void {
  if (width === 0) return;
  const least = ONE_A_FAULT.has(name) ? faults : name === "head" ? slots : 0;
  if (!(count >= least)) throw new RangeError(`column ${name} has ${count} elements, and the chunk needs ${least}`);
  if (!(offset >= 0 && offset % 8 === 0 && offset + count * width <= bytes.length)) {
    throw new RangeError(`column ${name} does not lie in the chunk: ${count} elements of ${width} bytes at ${offset} of ${bytes.length}`);
  }
}

function elementOf(view: DataView, { base, width, offset }: Column, index: number): bigint {
  const stored = width === 0 ? 0n : view.getBigUint64(offset + index * width, true) & BigInt.asUintN(8 * width, -1n);
  return BigInt.asUintN(64, base + stored);
}
