import { mask, truncate } from "../model/bits.ts";
import type { Refusal } from "../model/refusal.ts";
import { raisedException } from "./exception.ts";
import { ADJUST, CARRY, type FlagsResult, OVERFLOW, PARITY, resultFlags, SIGN, signBit, withFlags, ZERO } from "./x86-flags.ts";

/** ADD, and ADC with a carry in: SDM volume 2A. */
export function add(width: number, first: bigint, second: bigint, flags: bigint, carry: bigint): FlagsResult {
  const sum = first + second + carry;
  const value = truncate(sum, width);
  return {
    value,
    flags: withFlags(flags, [
      ...resultFlags(value, width),
      [CARRY, sum > mask(width)],
      [ADJUST, ((first ^ second ^ value) & 0x10n) !== 0n],
      [OVERFLOW, signBit((first ^ value) & (second ^ value), width)],
    ]),
  };
}

/** SUB, CMP, and SBB with a borrow in: SDM volume 2B. */
export function subtract(width: number, first: bigint, second: bigint, flags: bigint, borrow: bigint): FlagsResult {
  const value = truncate(first - second - borrow, width);
  return {
    value,
    flags: withFlags(flags, [
      ...resultFlags(value, width),
      [CARRY, first < second + borrow],
      [ADJUST, ((first ^ second ^ value) & 0x10n) !== 0n],
      [OVERFLOW, signBit((first ^ second) & (first ^ value), width)],
    ]),
  };
}

/** ADCX and ADOX: the one flag is carry in and carry out, SDM volume 2A. */
export function addWithFlag(width: number, first: bigint, second: bigint, flags: bigint, flag: bigint): FlagsResult {
  const sum = first + second + ((flags & flag) === 0n ? 0n : 1n);
  return { value: truncate(sum, width), flags: withFlags(flags, [[flag, sum > mask(width)]]) };
}

/** Flags of AND, OR, XOR and TEST. AF is undefined; processors of both makers clear it. */
export function logical(width: number, value: bigint, flags: bigint): FlagsResult {
  return {
    value,
    flags: withFlags(flags, [...resultFlags(value, width), [CARRY, false], [OVERFLOW, false], [ADJUST, false]]),
  };
}

/** INC and DEC: as ADD and SUB of 1, but CF keeps its value. */
export function keepCarry(result: FlagsResult, flags: bigint): FlagsResult {
  return { value: result.value, flags: (result.flags! & ~CARRY) | (flags & CARRY) };
}

/**
 * MUL and IMUL: the product of 2 × `width` bits. CF and OF tell that the high half is needed; SF, ZF, AF and PF are undefined
 * (SDM volumes 2A and 2B).
 */
export function multiply(width: number, first: bigint, second: bigint, flags: bigint, signed: boolean): FlagsResult {
  const product = signed ? BigInt.asIntN(width, first) * BigInt.asIntN(width, second) : first * second;
  const fits = product === (signed ? BigInt.asIntN(width, product) : truncate(product, width));
  return {
    value: truncate(product, 2 * width),
    flags: withFlags(flags, [
      [CARRY, !fits],
      [OVERFLOW, !fits],
    ]),
  };
}

/** DIV and IDIV: remainder : quotient, truncated towards zero; all flags are undefined. SDM volume 2A. */
export function divide(
  width: number,
  high: bigint,
  low: bigint,
  divisor: bigint,
  flags: bigint,
  signed: boolean,
): FlagsResult | Refusal {
  if (divisor === 0n) return raisedException("#DE", "it divides by zero");
  const whole = (high << BigInt(width)) | low;
  const dividend = signed ? BigInt.asIntN(2 * width, whole) : whole;
  const by = signed ? BigInt.asIntN(width, divisor) : divisor;
  const quotient = dividend / by;
  const fits = quotient === (signed ? BigInt.asIntN(width, quotient) : truncate(quotient, width));
  if (!fits) return raisedException("#DE", `the quotient does not fit into ${width} bits`);
  return {
    value: (truncate(dividend % by, width) << BigInt(width)) | truncate(quotient, width),
    flags: withFlags(flags, [
      [ADJUST, true],
      [PARITY, false],
      [ZERO, false],
      [SIGN, false],
    ]),
  };
}

/** CMPXCHG8B, CMPXCHG16B: ZF alone. SDM volume 2A. */
export function compareZero(first: bigint, second: bigint, flags: bigint): FlagsResult {
  return { value: first, flags: withFlags(flags, [[ZERO, first === second]]) };
}
