import type { DeviceModel } from "./model.ts";

/** Registers that hold what was written to them, byte by byte, little-endian; zero at first. */
export class RegisterBlock implements DeviceModel {
  readonly name = "registers";
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(size = 0x1000) {
    this.size = size;
    this.#bytes = new Uint8Array(size);
  }

  read(offset: number, size: number): bigint {
    let value = 0n;
    for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(this.#bytes[offset + at] ?? 0);
    return value;
  }

  write(offset: number, size: number, value: bigint): void {
    for (let at = 0; at < size; at++) this.#bytes[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
  }
}
