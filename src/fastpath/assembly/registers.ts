// The live register file, kept up to date from the chunk's deltas.
import { maskOf, baseOf, widthOf } from "./columns";
import { CAPTURED, CHUNK_END, ESCAPES, NEXT_ESCAPE, REGISTERS, RESPONSE_COUNTS, NEXT_RESPONSE_COUNT, VALUES } from "./memory";

/** A delta with the escape bit: two masks tell what is captured and what has a new value. Gives the next value's address. */
export function applyEscape(values: u32): u32 {
  const end = load<u32>(CHUNK_END);
  let escapes = load<u32>(NEXT_ESCAPE);
  const width = widthOf(ESCAPES);
  // Damaged counts lead the cursors astray: they stop at the end of the chunk, and the caller finds them there.
  if (escapes + 2 * width > end) return end + 1;
  const captured = (load<u64>(escapes) & maskOf(ESCAPES)) + baseOf(ESCAPES);
  let changed = (load<u64>(escapes + width) & maskOf(ESCAPES)) + baseOf(ESCAPES);
  store<u32>(NEXT_ESCAPE, escapes + 2 * width);
  store<u64>(CAPTURED, captured);
  const mask = maskOf(VALUES);
  const base = baseOf(VALUES);
  const step = widthOf(VALUES);
  while (changed !== 0) {
    if (values + step > end) return end + 1;
    store<u64>(REGISTERS + (<u32>ctz(changed) << 3), (load<u64>(values) & mask) + base);
    values += step;
    changed &= changed - 1;
  }
  // What is not captured reads as zero, as at the head of a chunk.
  for (let slot: u32 = 0; slot < 63; slot++) {
    if (((captured >> slot) & 1) === 0) store<u64>(REGISTERS + (slot << 3), 0);
  }
  return values;
}

/** Three responses or more: their number stands in a stream of its own. Gives it, or as many as leave the chunk. */
export function manyResponses(): u32 {
  const end = load<u32>(CHUNK_END);
  const at = load<u32>(NEXT_RESPONSE_COUNT);
  const width = widthOf(RESPONSE_COUNTS);
  if (at + width > end) return end;
  store<u32>(NEXT_RESPONSE_COUNT, at + width);
  const count = (load<u64>(at) & maskOf(RESPONSE_COUNTS)) + baseOf(RESPONSE_COUNTS);
  return count > <u64>end ? end : <u32>count;
}
