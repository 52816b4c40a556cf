import { Kernel } from "../../fastpath/kernel.ts";
import type { FaultColumns } from "../../model/fault-columns.ts";
import { builtModule } from "../fast-path.ts";

/** The part of the WebAssembly API that is used here: the types of Node's library do not declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }; floor(from: number, to: number): number } };
};

const PAGE = 65536;

/** What the kernel's memory holds of a chunk when it has been loaded there: where its columns are, and the registers of its first fault. */
interface Part {
  readonly count: number;
  readonly columns: Uint8Array;
  readonly registers: BigUint64Array;
}

/**
 * The memory-touch floor (bench/assembly/floor.ts): a WebAssembly module with a memory of its own, laid out as the kernel's, that holds the
 * same chunks. Every column is read as it lies there; nothing is unpacked.
 */
export class Floor {
  /** What the touches came to, so that the engine can't leave them out. */
  sum = 0;
  readonly #parts: readonly Part[];
  readonly #place: Kernel["place"];
  readonly #bytes: Uint8Array;
  readonly #registers: BigUint64Array;
  readonly #touch: (from: number, to: number) => number;

  private constructor(module: Uint8Array, parts: readonly Part[], kernel: Kernel) {
    const { memory, floor } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports;
    const { place, bytes } = kernel;
    const missing = bytes.length - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    this.#parts = parts;
    this.#place = place;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#bytes.set(bytes.subarray(place.CHUNK), place.CHUNK);
    this.#registers = new BigUint64Array(memory.buffer, place.REGISTERS, parts[0]!.registers.length);
    this.#touch = floor;
  }

  static async open(chunks: readonly FaultColumns[]): Promise<Floor> {
    const [module, kernelModule] = await Promise.all([builtModule("bench/floor.wasm"), builtModule("src/fastpath/kernel.wasm")]);
    const kernel = new Kernel(kernelModule);
    const { COLUMNS, STATE } = kernel.place;
    const parts = kernel.hold(chunks).map((hot) => {
      kernel.load(hot);
      return { count: hot.count, columns: kernel.bytes.slice(COLUMNS, STATE), registers: kernel.registers.slice() };
    });
    return new Floor(module, parts, kernel);
  }

  /** Touches all faults of a chunk. */
  touch(chunk: number): void {
    const { count, columns, registers } = this.#parts[chunk]!;
    this.#bytes.set(columns, this.#place.COLUMNS);
    this.#registers.set(registers);
    this.sum = (this.sum + this.#touch(0, count)) | 0;
  }
}
