import { mask, truncate } from "../model/bits.ts";
import { FLAGS_OPERATORS, type FlagsOperator, type Operator, type PlainOperator } from "../model/operation.ts";
import type { Refusal } from "../model/refusal.ts";
import { addCrc32c, depositBits, extractBits } from "./x86-bits.ts";
import { checkMxcsr } from "./x86-operators.ts";

const FLAGS: ReadonlySet<Operator> = new Set(FLAGS_OPERATORS);

/** Whether the operator reads or writes the flags register. */
export function usesFlags(operator: Operator): operator is FlagsOperator {
  return FLAGS.has(operator);
}

/** Bits of an operator's result: products and quotients with remainders are twice as wide as their operands. */
export function resultWidth(operator: Operator, width: number): number {
  switch (operator) {
    case "multiply":
    case "x86-mul":
    case "x86-imul":
    case "x86-div":
    case "x86-idiv":
      return 2 * width;
    case "crc32c":
      return 32;
    default:
      return width;
  }
}

/** Applies an operator that knows no flags. The inputs are cut to `width` bits here, the result to {@link resultWidth}. */
export function applyOperator(operator: PlainOperator, width: number, inputs: readonly bigint[]): bigint | Refusal {
  // Too few inputs are a mistake of the decoder's, and throw.
  const [first, second, third] = inputs.map((input) => truncate(input, width)) as [bigint, bigint, bigint];
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  switch (operator) {
    case "copy":
      return first;
    case "add":
      return truncate(first + second, width);
    case "subtract":
      return truncate(first - second, width);
    case "and":
      return first & second;
    case "and-not":
      return first & ~second & mask(width);
    case "or":
      return first | second;
    case "exclusive-or":
      return first ^ second;
    case "not":
      return first ^ mask(width);
    case "signed-maximum":
      return signed(first) >= signed(second) ? first : second;
    case "signed-minimum":
      return signed(first) <= signed(second) ? first : second;
    case "unsigned-maximum":
      return first >= second ? first : second;
    case "unsigned-minimum":
      return first <= second ? first : second;
    case "compare-select":
      return first === second ? third : first;
    case "equal-mask":
      return first === second ? mask(width) : 0n;
    case "greater-mask":
      return signed(first) > signed(second) ? mask(width) : 0n;
    case "not-equal":
      return first === second ? 0n : 1n;
    case "select":
      return (first & 1n) === 1n ? second : third;
    case "multiply":
      return first * second;
    case "shift-left":
      return truncate(first << (second % BigInt(width)), width);
    case "shift-right":
      return first >> (second % BigInt(width));
    case "shift-right-arithmetic":
      return truncate(signed(first) >> (second % BigInt(width)), width);
    case "rotate-right":
      return rotateRight(first, second % BigInt(width), width);
    case "deposit-bits":
      return depositBits(first, second, width);
    case "extract-bits":
      return extractBits(first, second, width);
    case "crc32c":
      return addCrc32c(truncate(inputs[0]!, 32), second, width);
    case "x86-mxcsr":
      return checkMxcsr(first);
    default:
      return operator satisfies never;
  }
}

function rotateRight(value: bigint, count: bigint, width: number): bigint {
  return truncate((value >> count) | (value << (BigInt(width) - count)), width);
}
