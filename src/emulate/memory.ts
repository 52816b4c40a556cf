import { hexadecimal } from "../model/bits.ts";
import type { Fault, GuestFacts, MemoryRange } from "../model/fault.ts";
import { Refusal } from "../model/refusal.ts";

/** Bytes of a page: an access that straddles two is refused (contract, section 1). */
export const PAGE_SIZE = 4096n;

/** The bits of an address that are its offset within a page. */
const PAGE_BITS = 12;

/** Address of the page that holds an address. */
export function pageOf(address: bigint): bigint {
  return address - BigInt.asUintN(PAGE_BITS, address);
}

/** Whether `size` bytes from an address on lie in more than one page. */
export function straddles(address: bigint, size: number): boolean {
  return Number(BigInt.asUintN(PAGE_BITS, address)) + size > Number(PAGE_SIZE);
}

/**
 * Which virtual addresses are device memory, and where: the faulting page by the fault itself, other pages by the windows
 * of the trace's header.
 */
export class DeviceMap {
  /** Page of the fault, and where it is physically; undefined if either is unknown. */
  readonly #page: bigint | undefined;
  readonly #frame: bigint | undefined;
  readonly #guest: GuestFacts;

  /** `gva` and `gpa` as the fault gives them; either may be unknown. */
  constructor(gva: bigint | undefined, gpa: bigint | undefined, guest: GuestFacts) {
    const known = gva !== undefined && gpa !== undefined;
    this.#page = known ? pageOf(gva) : undefined;
    this.#frame = known ? gpa - BigInt.asUintN(PAGE_BITS, gva) : undefined;
    this.#guest = guest;
  }

  /** Guest physical address of a device address, or undefined if it is not one. */
  translate(address: bigint): bigint | undefined {
    const offset = BigInt.asUintN(PAGE_BITS, address);
    if (this.#frame !== undefined && address - offset === this.#page) return this.#frame + offset;
    const window = this.#guest.windows.find(({ gva, size }) => address >= gva && address < gva + size);
    return window === undefined ? undefined : window.gpa + (address - window.gva);
  }
}

/** The ordinary RAM of one fault: what was captured, and what the instruction has written so far. */
export class Ram {
  readonly #captured: readonly MemoryRange[];
  readonly #written = new Map<bigint, number>();

  constructor(fault: Fault) {
    this.#captured = fault.memory;
  }

  /** Little-endian value of `size` bytes, or `missing-memory`. */
  read(address: bigint, size: number): bigint | Refusal {
    let value = 0n;
    for (let index = 0; index < size; index++) {
      const at = BigInt.asUintN(64, address + BigInt(index));
      const byte = this.#written.get(at) ?? this.#capturedByte(at);
      if (byte === undefined) {
        return new Refusal(
          "missing-memory",
          `it reads ${size} bytes of ordinary memory at ${hexadecimal(address)}, and the byte at ${hexadecimal(at)} is not in the trace`,
          "capture that memory with the fault, or name the device window that holds it in the trace's header",
        );
      }
      value |= BigInt(byte) << BigInt(8 * index);
    }
    return value;
  }

  /** Whether all of these bytes were captured or have been written. */
  has(address: bigint, size: number): boolean {
    for (let index = 0; index < size; index++) {
      const at = BigInt.asUintN(64, address + BigInt(index));
      if (!this.#written.has(at) && this.#capturedByte(at) === undefined) return false;
    }
    return true;
  }

  write(address: bigint, size: number, value: bigint): void {
    for (let index = 0; index < size; index++) {
      this.#written.set(BigInt.asUintN(64, address + BigInt(index)), Number((value >> BigInt(8 * index)) & 0xffn));
    }
  }

  /** What was written, by ascending address, adjacent bytes joined. */
  changes(): MemoryRange[] {
    const addresses = [...this.#written.keys()].toSorted((first, second) => (first < second ? -1 : first > second ? 1 : 0));
    const ranges: { address: bigint; bytes: number[] }[] = [];
    for (const address of addresses) {
      const last = ranges.at(-1);
      const byte = this.#written.get(address)!;
      if (last !== undefined && last.address + BigInt(last.bytes.length) === address) last.bytes.push(byte);
      else ranges.push({ address, bytes: [byte] });
    }
    return ranges.map(({ address, bytes }) => ({ address, bytes: Uint8Array.from(bytes) }));
  }

  #capturedByte(at: bigint): number | undefined {
    for (const { address, bytes } of this.#captured) {
      const offset = at - address;
      if (offset >= 0n && offset < BigInt(bytes.length)) return bytes[Number(offset)];
    }
    return undefined;
  }
}
