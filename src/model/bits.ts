/** The low `width` bits set. `width` is 0 or more. */
export function mask(width: number): bigint {
  return (masks[width] ??= (1n << BigInt(width)) - 1n);
}

/** By width: a bigint costs more to make than to find. */
const masks: (bigint | undefined)[] = [];

/** The low `width` bits of `value`, as an unsigned number. */
export function truncate(value: bigint, width: number): bigint {
  return BigInt.asUintN(width, value);
}

/** The low `from` bits of `value` sign-extended, as an unsigned number of `to` bits. */
export function signExtend(value: bigint, from: number, to: number): bigint {
  return BigInt.asUintN(to, BigInt.asIntN(from, value));
}

/** `value` as `0x…`, lower case, no leading zeros (contract, section 1). */
export function hexadecimal(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** The value of `bytes` bytes with the bytes of each `unit` of them in the opposite order; all of them without it. */
export function reverseBytes(value: bigint, bytes: number, unit = bytes): bigint {
  let result = 0n;
  for (let index = 0; index < bytes; index++) {
    const to = index - (index % unit) + (unit - 1 - (index % unit));
    result |= ((value >> BigInt(8 * index)) & 0xffn) << BigInt(8 * to);
  }
  return result;
}

/** `bytes` as hex, two digits a byte, in memory order. */
export function bytesToHexadecimal(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
