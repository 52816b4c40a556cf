import { mask, truncate } from "../model/bits.ts";
import { ADJUST, CARRY, type FlagsResult, OVERFLOW, PARITY, parityEven, resultFlags, SIGN, withFlags, ZERO } from "./x86-flags.ts";

/** BT, BTS, BTR, BTC: CF gets the bit; ZF keeps its value; OF, SF, AF and PF are undefined. SDM volume 2A. */
export function bitTest(width: number, base: bigint, offset: bigint, flags: bigint, change: (base: bigint, bit: bigint) => bigint): FlagsResult {
  const bit = 1n << (offset % BigInt(width));
  return { value: change(base, bit), flags: withFlags(flags, [[CARRY, (base & bit) !== 0n]]) };
}

/** Position of the lowest set bit; `width` for 0. */
function trailingZeros(value: bigint, width: number): bigint {
  for (let bit = 0; bit < width; bit++) if (((value >> BigInt(bit)) & 1n) === 1n) return BigInt(bit);
  return BigInt(width);
}

/** Number of zeros above the highest set bit; `width` for 0. */
function leadingZeros(value: bigint, width: number): bigint {
  return BigInt(width - (value === 0n ? 0 : value.toString(2).length));
}

function onesIn(value: bigint): bigint {
  let count = 0n;
  for (let rest = value; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

/** BSF and BSR: ZF tells a source of 0; CF, OF, SF, AF and PF are undefined. SDM volume 2A. */
export function bitScan(direction: "forward" | "reverse", width: number, source: bigint, flags: bigint): FlagsResult {
  const position = direction === "forward" ? trailingZeros(source, width) : BigInt(width - 1) - leadingZeros(source, width);
  return {
    value: source === 0n ? 0n : position,
    flags: withFlags(resetStatus(flags), [
      [ZERO, source === 0n],
      [PARITY, parityEven(source === 0n ? 0n : position)],
    ]),
  };
}

/** TZCNT and LZCNT: CF tells a source of 0, ZF a result of 0; OF, SF, PF and AF are undefined. SDM volumes 2A and 2B. */
export function countZeros(end: "trailing" | "leading", width: number, source: bigint, flags: bigint): FlagsResult {
  const value = end === "trailing" ? trailingZeros(source, width) : leadingZeros(source, width);
  return {
    value,
    flags: withFlags(flags, [
      [CARRY, source === 0n],
      [ZERO, value === 0n],
      [SIGN, false],
      [PARITY, false],
      [ADJUST, false],
    ]),
  };
}

/** POPCNT: ZF tells a source of 0, the other status flags are cleared. SDM volume 2B. */
export function populationCount(source: bigint, flags: bigint): FlagsResult {
  return { value: onesIn(source), flags: withFlags(resetStatus(flags), [[ZERO, source === 0n]]) };
}

function resetStatus(flags: bigint): bigint {
  return flags & ~(OVERFLOW | SIGN | ZERO | ADJUST | PARITY | CARRY);
}

/** ANDN, BLSI, BLSMSK, BLSR, BZHI: SF and ZF of the result, OF 0, and the CF given; AF and PF are undefined. SDM volume 2A. */
export function bitField(width: number, value: bigint, carry: boolean, flags: bigint): FlagsResult {
  return { value, flags: withFlags(flags, [...resultFlags(value, width), [CARRY, carry], [OVERFLOW, false], [ADJUST, false]]) };
}

/** BEXTR: bits of `source` from `control`[7:0] up, `control`[15:8] of them. ZF of the result; CF and OF 0; AF, SF, PF undefined. */
export function extractField(width: number, source: bigint, control: bigint, flags: bigint): FlagsResult {
  const value = (source >> (control & 0xffn)) & mask(Number((control >> 8n) & 0xffn));
  return { value, flags: withFlags(flags, [...resultFlags(value, width), [SIGN, false], [CARRY, false], [OVERFLOW, false], [ADJUST, true]]) };
}

/** BZHI: CF tells that the index is beyond the operand, which then stays whole. SDM volume 2A. */
export function zeroHigh(width: number, source: bigint, index: bigint, flags: bigint): FlagsResult {
  const from = Number(index & 0xffn);
  return bitField(width, from < width ? source & mask(from) : source, from > width - 1, flags);
}

/** PDEP: the low bits of `source` go, in order, to the positions that `positions` has set. SDM volume 2B. */
export function depositBits(source: bigint, positions: bigint, width: number): bigint {
  let result = 0n;
  let next = 0n;
  for (let bit = 0n; bit < BigInt(width); bit++) {
    if (((positions >> bit) & 1n) === 0n) continue;
    result |= ((source >> next++) & 1n) << bit;
  }
  return result;
}

/** PEXT: the bits of `source` at the positions that `positions` has set, gathered at the low end. SDM volume 2B. */
export function extractBits(source: bigint, positions: bigint, width: number): bigint {
  let result = 0n;
  let next = 0n;
  for (let bit = 0n; bit < BigInt(width); bit++) {
    if (((positions >> bit) & 1n) === 0n) continue;
    result |= ((source >> bit) & 1n) << next++;
  }
  return result;
}

/** Polynomial 11EDC6F41h of CRC32 in the reflected order in which the instruction works. */
const CRC32C_REFLECTED = 0x82f63b78n;

/** CRC32, SDM volume 2A: `width` bits of `data`, lowest first, added to the sum. */
export function addCrc32c(sum: bigint, data: bigint, width: number): bigint {
  let crc = sum ^ data;
  for (let bit = 0; bit < width; bit++) crc = (crc >> 1n) ^ ((crc & 1n) === 0n ? 0n : CRC32C_REFLECTED);
  return truncate(crc, 32);
}
