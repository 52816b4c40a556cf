import { truncate } from "../model/bits.ts";
import { ADJUST, CARRY, type FlagsResult, OVERFLOW, resultFlags, signBit, withFlags } from "./x86-flags.ts";

/** A count as shifts and rotates take it: five bits, six for 64-bit operands (SDM volume 2B, SAL/SAR/SHL/SHR). */
export function maskedCount(width: number, count: bigint): bigint {
  return count & (width === 64 ? 0x3fn : 0x1fn);
}

function bitAt(value: bigint, bit: bigint): boolean {
  return ((value >> bit) & 1n) === 1n;
}

/** OF of shifts and rotates to the right: for a count of 1 that is a change of sign. */
function topBitsDiffer(result: bigint, width: number): boolean {
  return signBit(result ^ (result << 1n), width);
}

/**
 * SHL. Of this and the next two, OF for counts other than 1 is undefined and gets what the rule for a count of 1 gives; AF is
 * undefined, and set.
 */
export function shiftLeft(width: number, value: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const count = maskedCount(width, rawCount);
  if (count === 0n) return { value };
  const shifted = value << count;
  const result = truncate(shifted, width);
  const carry = bitAt(shifted, BigInt(width));
  return { value: result, flags: shiftFlags(width, result, carry, signBit(result, width) !== carry, flags) };
}

/** SHR. */
export function shiftRight(width: number, value: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const count = maskedCount(width, rawCount);
  if (count === 0n) return { value };
  const result = value >> count;
  const carry = bitAt(value, count - 1n);
  return { value: result, flags: shiftFlags(width, result, carry, topBitsDiffer(result, width), flags) };
}

/** SAR. OF is 0. */
export function shiftRightArithmetic(width: number, value: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const count = maskedCount(width, rawCount);
  if (count === 0n) return { value };
  const signed = BigInt.asIntN(width, value);
  const result = truncate(signed >> count, width);
  return { value: result, flags: shiftFlags(width, result, bitAt(signed, count - 1n), false, flags) };
}

function shiftFlags(width: number, result: bigint, carry: boolean, overflow: boolean, flags: bigint): bigint {
  return withFlags(flags, [...resultFlags(result, width), [CARRY, carry], [OVERFLOW, overflow], [ADJUST, true]]);
}

/** ROL and ROR. They change CF and OF only; a count that is a multiple of `width` but not 0 still sets them. */
export function rotate(direction: "left" | "right", width: number, value: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const count = maskedCount(width, rawCount);
  if (count === 0n) return { value };
  const room = BigInt(width);
  const by = count % room;
  const left = direction === "left" ? by : room - by;
  const result = truncate((value << left) | (value >> (room - left)), width);
  const carry = direction === "left" ? bitAt(result, 0n) : signBit(result, width);
  const overflow = direction === "left" ? signBit(result, width) !== carry : topBitsDiffer(result, width);
  return { value: result, flags: rotateFlags(carry, overflow, flags) };
}

/** RCL and RCR: a rotation of `width` + 1 bits, CF above the operand. */
export function rotateThroughCarry(direction: "left" | "right", width: number, value: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const room = BigInt(width + 1);
  const masked = maskedCount(width, rawCount);
  if (masked === 0n) return { value };
  const by = masked % room;
  const left = direction === "left" ? by : room - by;
  const whole = value | ((flags & CARRY) === 0n ? 0n : 1n << BigInt(width));
  const rotated = truncate((whole << left) | (whole >> (room - left)), width + 1);
  const result = truncate(rotated, width);
  const carry = bitAt(rotated, BigInt(width));
  const overflow = direction === "left" ? signBit(result, width) !== carry : topBitsDiffer(result, width);
  return { value: result, flags: rotateFlags(carry, overflow, flags) };
}

function rotateFlags(carry: boolean, overflow: boolean, flags: bigint): bigint {
  return withFlags(flags, [
    [CARRY, carry],
    [OVERFLOW, overflow],
  ]);
}

/**
 * SHLD and SHRD. For 16-bit operands and counts above 16 result and flags are undefined (SDM volume 2B): more copies of the filler
 * follow the first, and CF is 0.
 */
export function shiftDouble(direction: "left" | "right", width: number, value: bigint, filler: bigint, rawCount: bigint, flags: bigint): FlagsResult {
  const count = maskedCount(width, rawCount);
  if (count === 0n) return { value };
  const room = BigInt(width);
  const twice = (filler << room) | filler;
  const whole = direction === "left" ? (value << (2n * room)) | twice : (twice << room) | value;
  const shifted = direction === "left" ? whole << count : whole >> count;
  const result = truncate(direction === "left" ? shifted >> (2n * room) : shifted, width);
  const carry = count <= room && (direction === "left" ? bitAt(shifted, 3n * room) : bitAt(whole, count - 1n));
  const overflow = direction === "left" ? signBit(value << count, width) !== carry : topBitsDiffer(result, width);
  return { value: result, flags: shiftFlags(width, result, carry, overflow, flags) };
}
