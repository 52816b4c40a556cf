// The live register file, kept up to date from the chunk's deltas.
import {
  CAPTURED, ESCAPES_END, ESCAPE_STEP, NEXT_ESCAPE, NEXT_RESPONSE_COUNT, REGISTERS, NEXT_RESPONSE, RESPONSES_END, RESPONSE_COUNTS_END, RESPONSE_COUNT_STEP, RESPONSE_STEP,
  VALUES_END, VALUE_MASK, VALUE_STEP,
} from "./memory";

// Of a delta word and of a fault's flags, src/model/fault-columns.ts.
@inline const ESCAPE: u32 = 1 << 27;
@inline const MANY_RESPONSES: u32 = 3 << 5;

/** The same where values have four bytes (arm). */
@inline export function applyNarrowDelta(delta: u32, values: u32): u32 {
  store<u64>((delta << 3) & 0x1f8, <u64>load<u32>(values), REGISTERS);
  store<u64>((delta >> 3) & 0x1f8, <u64>load<u32>(values, 4), REGISTERS);
  store<u64>((delta >> 9) & 0x1f8, <u64>load<u32>(values, 8), REGISTERS);
  store<u64>((delta >> 15) & 0x1f8, <u64>load<u32>(values, 12), REGISTERS);
  return values + ((delta >> 22) & 28);
}

/** Applies a delta: four values, whatever its count is. Gives the address of the next value. */
@inline export function applyDelta(delta: u32, values: u32): u32 {
  store<u64>((delta << 3) & 0x1f8, load<u64>(values), REGISTERS);
  store<u64>((delta >> 3) & 0x1f8, load<u64>(values, 8), REGISTERS);
  store<u64>((delta >> 9) & 0x1f8, load<u64>(values, 16), REGISTERS);
  store<u64>((delta >> 15) & 0x1f8, load<u64>(values, 24), REGISTERS);
  return values + ((delta >> 21) & 56);
}

/**
 * A delta with the escape bit: two masks tell what is captured and what has a new value. Gives the next value's address. Damaged
 * masks lead it beyond the end, and the caller finds it there.
 */
function applyEscape(values: u32): u32 {
  const valuesEnd = load<u32>(VALUES_END);
  const valueStep = load<u32>(VALUE_STEP);
  const valueMask = load<u64>(VALUE_MASK);
  const escapes = load<u32>(NEXT_ESCAPE);
  const escapeStep = load<u32>(ESCAPE_STEP);
  if (escapes + 2 * escapeStep > load<u32>(ESCAPES_END)) return valuesEnd + 1;
  store<u32>(NEXT_ESCAPE, escapes + 2 * escapeStep);
  const captured = load<u64>(escapes);
  let changed = load<u64>(escapes + escapeStep);
  store<u64>(CAPTURED, captured);
  while (changed !== 0) {
    if (values > valuesEnd) return values;
    store<u64>(REGISTERS + (<u32>ctz(changed) << 3), load<u64>(values) & valueMask);
    values += valueStep;
    changed &= changed - 1;
  }
  return values;
}

/** Three responses or more: their number stands in a stream of its own. Gives it, or one that is too large if that is damaged. */
function manyResponses(): u32 {
  const at = load<u32>(NEXT_RESPONSE_COUNT);
  const step = load<u32>(RESPONSE_COUNT_STEP);
  if (at + step > load<u32>(RESPONSE_COUNTS_END)) return i32.MAX_VALUE;
  store<u32>(NEXT_RESPONSE_COUNT, at + step);
  const count = load<u64>(at);
  return count > <u64>i32.MAX_VALUE ? i32.MAX_VALUE : <u32>count;
}

/** What {@link slowFault} gives for a damaged chunk. No address of a value. */
@inline export const DAMAGED: u32 = 0xffffffff;

/**
 * What a fault with the flag "slow" needs before it can be emulated like the others: a delta with the escape bit, and a number of responses
 * that does not fit the flags. Gives the address of the next value, and leaves that of the next response in the state.
 */
export function slowFault(values: u32, responses: u32, flags: u32, delta: u32): u32 {
  let nextResponse = responses + ((flags >> 2) & 24);
  if (delta & ESCAPE) values = applyEscape(values);
  if ((flags & MANY_RESPONSES) === MANY_RESPONSES) {
    const count = manyResponses();
    if (load<u32>(RESPONSE_STEP) !== 0) {
      const end = load<u32>(RESPONSES_END);
      if (responses > end || count > (end - responses) >> 3) return DAMAGED;
      nextResponse = responses + (count << 3);
    }
  }
  store<u32>(NEXT_RESPONSE, nextResponse);
  return values > load<u32>(VALUES_END) ? DAMAGED : values;
}
