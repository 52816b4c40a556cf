import { mask, truncate } from "../model/bits.ts";
import type { Operator } from "../model/operation.ts";

/** What an operator makes of its inputs. */
export interface Computed {
  readonly value: bigint;
  /** New value of the flags register; undefined if the operator leaves it alone. */
  readonly flags?: bigint;
}

/**
 * Applies an operator to inputs already cut to `width` bits. `flags` is the flags register before the instruction; operators that
 * touch no flags do not need it. The result is cut to `width` bits.
 */
export function applyOperator(operator: Operator, width: number, inputs: readonly bigint[]): Computed {
  const [first = 0n, second = 0n, third = 0n] = inputs;
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  switch (operator) {
    case "copy":
      return { value: first };
    case "add":
      return { value: truncate(first + second, width) };
    case "and":
      return { value: first & second };
    case "and-not":
      return { value: first & ~second & mask(width) };
    case "or":
      return { value: first | second };
    case "exclusive-or":
      return { value: first ^ second };
    case "signed-maximum":
      return { value: signed(first) >= signed(second) ? first : second };
    case "signed-minimum":
      return { value: signed(first) <= signed(second) ? first : second };
    case "unsigned-maximum":
      return { value: first >= second ? first : second };
    case "unsigned-minimum":
      return { value: first <= second ? first : second };
    case "compare-select":
      return { value: first === second ? third : first };
    default:
      return operator satisfies never;
  }
}
