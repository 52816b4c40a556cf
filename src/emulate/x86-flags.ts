/** Status flags of RFLAGS, SDM volume 1, section 3.4.3.1, and the direction flag, 3.4.3.2. */
export const CARRY = 1n << 0n;
export const PARITY = 1n << 2n;
export const ADJUST = 1n << 4n;
export const ZERO = 1n << 6n;
export const SIGN = 1n << 7n;
export const DIRECTION = 1n << 10n;
export const OVERFLOW = 1n << 11n;

/** What an operator that knows the flags makes of its inputs. Without `flags` they keep their values. */
export interface FlagsResult {
  readonly value: bigint;
  readonly flags?: bigint;
}

/** RFLAGS with each named flag set or cleared, all other bits as in `flags`. */
export function withFlags(flags: bigint, changes: readonly (readonly [flag: bigint, set: boolean])[]): bigint {
  let result = flags;
  for (const [flag, set] of changes) result = set ? result | flag : result & ~flag;
  return result;
}

/** Whether the most significant of `width` bits is set. */
export function signBit(value: bigint, width: number): boolean {
  return ((value >> BigInt(width - 1)) & 1n) === 1n;
}

/** PF: the low eight bits have an even number of ones. */
export function parityEven(value: bigint): boolean {
  let byte = Number(value & 0xffn);
  byte ^= byte >> 4;
  return ((0x6996 >> (byte & 0xf)) & 1) === 0;
}

/** SF, ZF and PF of a result of `width` bits. */
export function resultFlags(value: bigint, width: number): (readonly [bigint, boolean])[] {
  return [
    [SIGN, signBit(value, width)],
    [ZERO, value === 0n],
    [PARITY, parityEven(value)],
  ];
}

/** Whether RFLAGS meets a condition code of four bits, SDM volume 1, appendix B.1: the low bit inverts. */
export function meetsCondition(condition: number, flags: bigint): boolean {
  const carry = (flags & CARRY) !== 0n;
  const zero = (flags & ZERO) !== 0n;
  const sign = (flags & SIGN) !== 0n;
  const overflow = (flags & OVERFLOW) !== 0n;
  const parity = (flags & PARITY) !== 0n;
  const base = [overflow, carry, zero, carry || zero, sign, parity, sign !== overflow, zero || sign !== overflow][(condition & 0xf) >> 1]!;
  return (condition & 1) === 1 ? !base : base;
}
