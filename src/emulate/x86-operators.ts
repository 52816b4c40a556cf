import type { FlagsOperator } from "../model/operation.ts";
import type { Refusal } from "../model/refusal.ts";
import { raisedException } from "./exception.ts";
import { add, addWithFlag, compareZero, divide, keepCarry, logical, multiply, subtract } from "./x86-arithmetic.ts";
import { bitField, bitScan, bitTest, countZeros, extractField, populationCount, zeroHigh } from "./x86-bits.ts";
import { ADJUST, CARRY, type FlagsResult, meetsCondition, OVERFLOW, PARITY, SIGN, withFlags, ZERO } from "./x86-flags.ts";
import { rotate, rotateThroughCarry, shiftDouble, shiftLeft, shiftRight, shiftRightArithmetic } from "./x86-shifts.ts";

/**
 * Applies an operator of x86-64 that knows the flags, to inputs of `width` bits. `flags` is RFLAGS. Flags that the SDM leaves
 * undefined get what AMD's Zen processors give (test/oracles/x86-operators.txt was measured on one).
 */
export function applyFlagsOperator(operator: FlagsOperator, width: number, inputs: readonly bigint[], flags: bigint): FlagsResult | Refusal {
  // Too few inputs are a mistake of the decoder's, and throw.
  const [first, second, third] = inputs as readonly [bigint, bigint, bigint];
  const carry = flags & CARRY;
  const ones = (1n << BigInt(width)) - 1n;
  switch (operator) {
    case "x86-add":
      return add(width, first, second, flags, 0n);
    case "x86-adc":
      return add(width, first, second, flags, carry);
    case "x86-sub":
      return subtract(width, first, second, flags, 0n);
    case "x86-sbb":
      return subtract(width, first, second, flags, carry);
    case "x86-and":
      return logical(width, first & second, flags);
    case "x86-or":
      return logical(width, first | second, flags);
    case "x86-xor":
      return logical(width, first ^ second, flags);
    case "x86-adcx":
      return addWithFlag(width, first, second, flags, CARRY);
    case "x86-adox":
      return addWithFlag(width, first, second, flags, OVERFLOW);
    case "x86-inc":
      return keepCarry(add(width, first, 1n, flags, 0n), flags);
    case "x86-dec":
      return keepCarry(subtract(width, first, 1n, flags, 0n), flags);
    case "x86-neg":
      return subtract(width, 0n, first, flags, 0n);
    case "x86-shl":
      return shiftLeft(width, first, second, flags);
    case "x86-shr":
      return shiftRight(width, first, second, flags);
    case "x86-sar":
      return shiftRightArithmetic(width, first, second, flags);
    case "x86-rol":
      return rotate("left", width, first, second, flags);
    case "x86-ror":
      return rotate("right", width, first, second, flags);
    case "x86-rcl":
      return rotateThroughCarry("left", width, first, second, flags);
    case "x86-rcr":
      return rotateThroughCarry("right", width, first, second, flags);
    case "x86-shld":
      return shiftDouble("left", width, first, second, third, flags);
    case "x86-shrd":
      return shiftDouble("right", width, first, second, third, flags);
    case "x86-mul":
      return multiply(width, first, second, flags, false);
    case "x86-imul":
      return multiply(width, first, second, flags, true);
    case "x86-div":
      return divide(width, first, second, third, flags, false);
    case "x86-idiv":
      return divide(width, first, second, third, flags, true);
    case "x86-bt":
      return bitTest(width, first, second, flags, (base) => base);
    case "x86-bts":
      return bitTest(width, first, second, flags, (base, bit) => base | bit);
    case "x86-btr":
      return bitTest(width, first, second, flags, (base, bit) => base & ~bit);
    case "x86-btc":
      return bitTest(width, first, second, flags, (base, bit) => base ^ bit);
    case "x86-bsf":
      return bitScan("forward", width, first, flags);
    case "x86-bsr":
      return bitScan("reverse", width, first, flags);
    case "x86-lzcnt":
      return countZeros("leading", width, first, flags);
    case "x86-tzcnt":
      return countZeros("trailing", width, first, flags);
    case "x86-popcnt":
      return populationCount(first, flags);
    case "x86-andn":
      return bitField(width, ~first & second & ones, false, flags);
    case "x86-bextr":
      return extractField(width, first, second, flags);
    case "x86-bzhi":
      return zeroHigh(width, first, second, flags);
    case "x86-blsi":
      return bitField(width, first & -first, first !== 0n, flags);
    case "x86-blsmsk":
      return bitField(width, (first ^ (first - 1n)) & ones, first === 0n, flags);
    case "x86-blsr":
      return bitField(width, first & (first - 1n) & ones, first === 0n, flags);
    case "x86-compare-zero":
      return compareZero(first, second, flags);
    case "x86-condition":
      return { value: meetsCondition(Number(first), flags) ? 1n : 0n };
    case "x86-default-flags":
      return { value: first, flags: defaultFlags(first, flags) };
    default:
      return operator satisfies never;
  }
}

/** Intel APX architecture specification, "Conditional CMP and TEST": the flags where the source condition is false. */
function defaultFlags(values: bigint, flags: bigint): bigint {
  return withFlags(flags, [
    [OVERFLOW, (values & 8n) !== 0n],
    [SIGN, (values & 4n) !== 0n],
    [ZERO, (values & 2n) !== 0n],
    [CARRY, (values & 1n) !== 0n],
    [PARITY, (values & 1n) !== 0n],
    [ADJUST, false],
  ]);
}

/**
 * Bits of MXCSR that may be set: 15:0 (SDM volume 1, section 10.2.3). Bit 17 exists on some AMD processors only (misaligned SSE
 * mode, APM volume 1, section 4.2.2): setting it is refused like a reserved bit.
 */
const MXCSR_WRITABLE = 0xffffn;

/** LDMXCSR: the new value, or #GP. */
export function checkMxcsr(value: bigint): bigint | Refusal {
  if ((value & ~MXCSR_WRITABLE) === 0n) return value;
  return raisedException("#GP(0)", `it sets reserved bits of MXCSR (0x${value.toString(16)})`);
}
