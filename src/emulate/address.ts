import { hexadecimal, mask, signExtend, truncate } from "../model/bits.ts";
import type { Address, Index } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";
import type { Transaction } from "./transaction.ts";

/** RFLAGS.DF, SDM volume 1, section 3.4.3.2. */
const DIRECTION_FLAG = 1n << 10n;
/** CPSR.C, Arm ARM (DDI 0487) G8.2.33: shifted in by RRX. */
const CARRY_FLAG_BIT = 29n;

/** Value of an address expression: base + index + displacement cut to its width, then the segment base added. */
export function evaluateAddress(address: Address, transaction: Transaction, registers: RegisterSet): bigint | Refusal {
  let sum = 0n;
  if (address.base !== undefined) {
    const base = transaction.slice({ register: address.base, bit: 0, width: address.width });
    if (base instanceof Refusal) return base;
    if (address.baseMultiple !== undefined && base % BigInt(address.baseMultiple) !== 0n) {
      const name = registers.name(address.base).toUpperCase();
      return new Refusal(
        "address-mismatch",
        `${name} is ${hexadecimal(base)}, no multiple of ${address.baseMultiple}: the processor would have raised an ${name} alignment exception and not this fault`,
        "check that the registers are those of the faulting instruction",
      );
    }
    sum = address.baseOffset === undefined ? base : base + BigInt(address.baseOffset);
    if (address.baseAlignment !== undefined) sum -= sum % BigInt(address.baseAlignment);
  }
  const index = evaluateIndex(address.index, address.width, transaction, registers);
  if (index instanceof Refusal) return index;
  const bitString = evaluateIndex(address.bitString, address.width, transaction, registers);
  if (bitString instanceof Refusal) return bitString;
  sum += index + bitString;
  if (address.directional) {
    const flags = transaction.slice({ register: registers.index("rflags"), bit: 0, width: 64 });
    if (flags instanceof Refusal) return flags;
    sum += (flags & DIRECTION_FLAG) === 0n ? address.displacement : -address.displacement;
  } else {
    sum += address.displacement;
  }
  sum = truncate(sum, address.width);
  if (address.segment === undefined) return sum;
  const segment = transaction.slice({ register: address.segment, bit: 0, width: 64 });
  return segment instanceof Refusal ? segment : truncate(sum + segment, 64);
}

/** What an index adds to an address of `addressWidth` bits: 0 if there is none. */
function evaluateIndex(index: Index | undefined, addressWidth: number, transaction: Transaction, registers: RegisterSet): bigint | Refusal {
  if (index === undefined) return 0n;
  // A register wider than addresses are is shifted before it is cut (BT with a 64-bit offset and 32-bit addresses).
  const width = Math.max(addressWidth, index.slice.width);
  const raw = transaction.slice(index.slice);
  if (raw instanceof Refusal) return raw;
  const extended = index.signed ? signExtend(raw, index.slice.width, width) : raw;
  const amount = BigInt(index.shift.amount);
  let shifted: bigint;
  switch (index.shift.kind) {
    case "lsl":
      shifted = extended << amount;
      break;
    case "lsr":
      shifted = extended >> amount;
      break;
    case "asr":
      shifted = truncate(BigInt.asIntN(width, extended) >> amount, width);
      break;
    case "ror":
      shifted = (extended >> amount) | ((extended & mask(index.shift.amount)) << (BigInt(width) - amount));
      break;
    case "rrx": {
      const status = transaction.slice({ register: registers.index("cpsr"), bit: 0, width: 32 });
      if (status instanceof Refusal) return status;
      shifted = (extended >> 1n) | (((status >> CARRY_FLAG_BIT) & 1n) << BigInt(width - 1));
      break;
    }
    default:
      return index.shift.kind satisfies never;
  }
  const value = index.granule === undefined ? shifted : shifted - (shifted % BigInt(index.granule));
  return index.negative ? -value : value;
}
