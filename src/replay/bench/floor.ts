import { hotLength, Kernel } from "../../fastpath/kernel.ts";
import type { FaultColumns } from "../../model/fault-columns.ts";
import { builtModule } from "../fast-path.ts";

/** The part of the WebAssembly API that is used here: the types of Node's library do not declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }; floor(from: number, to: number): number } };
};

const PAGE = 65536;
/** What a load at the last element may touch beyond a chunk. */
const SLACK = 64;

/** A chunk, and what the kernel's memory holds of it when it has been loaded there: where its columns are, and the registers of its first fault. */
interface Part {
  readonly hot: FaultColumns;
  /** What the kernel would copy of it. */
  readonly bytes: Uint8Array;
  readonly columns: Uint8Array;
  readonly registers: BigUint64Array;
}

/**
 * The memory-touch floor (bench/assembly/floor.ts): a WebAssembly module with a memory of its own, laid out as the kernel's. Each chunk is copied
 * into it, and every column read there as it lies in the chunk; nothing is unpacked.
 */
export class Floor {
  /** What the touches came to, so that the engine can't leave them out. */
  sum = 0;
  readonly #parts: readonly Part[];
  readonly #place: Kernel["place"];
  readonly #bytes: Uint8Array;
  readonly #registers: BigUint64Array;
  readonly #touch: (from: number, to: number) => number;

  private constructor(module: Uint8Array, parts: readonly Part[], place: Kernel["place"]) {
    const { memory, floor } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    const needed = place.CHUNK + Math.max(...parts.map(({ bytes }) => bytes.length)) + SLACK;
    if (needed > memory.buffer.byteLength) memory.grow(Math.ceil((needed - memory.buffer.byteLength) / PAGE));
    this.#parts = parts;
    this.#place = place;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#registers = new BigUint64Array(memory.buffer, place.REGISTERS, parts[0]!.registers.length);
    this.#touch = floor;
  }

  static async open(chunks: readonly FaultColumns[]): Promise<Floor> {
    const [module, kernelModule] = await Promise.all([builtModule("bench/floor.wasm"), builtModule("src/fastpath/kernel.wasm")]);
    const kernel = new Kernel(kernelModule);
    const { COLUMNS, STATE } = kernel.place;
    const parts = chunks.map((hot) => {
      kernel.load(hot);
      return { hot, bytes: hot.bytes.subarray(0, hotLength(hot)), columns: kernel.bytes.slice(COLUMNS, STATE), registers: kernel.registers.slice() };
    });
    return new Floor(module, parts, kernel.place);
  }

  /** Touches all faults of a chunk. */
  touch(chunk: number): void {
    const { hot, bytes, columns, registers } = this.#parts[chunk]!;
    this.#bytes.set(bytes, this.#place.CHUNK);
    this.#bytes.set(columns, this.#place.COLUMNS);
    this.#registers.set(registers);
    this.sum = (this.sum + this.#touch(0, hot.count)) | 0;
  }
}
