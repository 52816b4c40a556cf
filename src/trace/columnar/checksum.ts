import { crc32 } from "node:zlib";

/**
 * CRC-32 (ISO 3309, the one of gzip, PNG and `zlib.crc32` in Python): polynomial 0x04c11db7, reflected. Chosen over CRC-32C because the
 * standard libraries of most languages have it, so that a reader needs nothing else.
 */
export function checksum(bytes: Uint8Array): number {
  return crc32(bytes);
}
