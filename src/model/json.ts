import type { Call } from "./access.ts";
import { bytesToHexadecimal, hexadecimal } from "./bits.ts";
import type { MemoryRange } from "./fault.ts";

/** The nouns as JSON values: the shapes that trace and replay output share (contract, section 1). */

/** A device access. */
export interface CallJson {
  readonly write: boolean;
  readonly gpa: string;
  readonly size: number;
  readonly value: string;
}

/** Bytes of RAM. */
export interface MemoryJson {
  readonly address: string;
  readonly bytes: string;
}

export function callJson({ write, gpa, size, value }: Call): CallJson {
  return { write, gpa: hexadecimal(gpa), size, value: hexadecimal(value) };
}

export function memoryJson({ address, bytes }: MemoryRange): MemoryJson {
  return { address: hexadecimal(address), bytes: bytesToHexadecimal(bytes) };
}

/** The value of a register of `width` bits: vectors show all their digits, other registers no leading zeros. */
export function registerJson(value: bigint, width: number): string {
  return width <= 64 ? hexadecimal(value) : `0x${value.toString(16).padStart(width / 4, "0")}`;
}
