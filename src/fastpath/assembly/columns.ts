// Columns of integers relative to a base, see src/model/fault-columns.ts. A kernel's loop does not want to know their widths: they are
// unpacked first, each in a loop of its own, which is a load, an addition and a store an element.
import { COLUMNS, COLUMN_SIZE, FLAGS_OF, GPA, GPAS, GVAS, GVA_OFFSET, INFORMATIONS, LOWEST_ADDRESS, SHARED_BIT } from "./memory";

/** Flag of a fault, src/model/fault-columns.ts. */
@inline const HAS_GPA: u32 = 1 << 2;

@inline export function baseOf(column: u32): u64 {
  return load<u64>(COLUMNS + column * COLUMN_SIZE);
}

@inline export function addressOf(column: u32): u32 {
  return load<u32>(COLUMNS + column * COLUMN_SIZE, 8);
}

@inline export function widthOf(column: u32): u32 {
  return load<u32>(COLUMNS + column * COLUMN_SIZE, 12);
}

@inline export function countOf(column: u32): u32 {
  return load<u32>(COLUMNS + column * COLUMN_SIZE, 16);
}

/** One element, for a column that is looked at now and then. */
export function elementOf(column: u32, index: u32): u64 {
  const at = addressOf(column);
  const base = baseOf(column);
  switch (widthOf(column)) {
    case 0: return base;
    case 1: return base + load<u8>(at + index);
    case 2: return base + load<u16>(at + (index << 1));
    case 4: return base + load<u32>(at + (index << 2));
    case 8: return base + load<u64>(at + (index << 3));
    default: return base + load<u64>(at + (index << 4));
  }
}

/** Which bits of a load of eight bytes are an element, for {@link maskedElement}. */
export function elementMask(column: u32): u64 {
  const width = widthOf(column);
  return width >= 8 ? ~0 : (<u64>1 << (<u64>width << 3)) - 1;
}

/** One element without a branch or a call: what follows it is cut off. */
@inline export function maskedElement(column: u32, index: u32, mask: u64): u64 {
  return (load<u64>(addressOf(column) + index * widthOf(column)) & mask) + baseOf(column);
}

/** Four u32 as u64 plus a base at `to`. */
@inline
function store64(to: u32, words: v128, base: v128): void {
  v128.store(to, i64x2.add(i64x2.extend_low_i32x4_u(words), base));
  v128.store(to, i64x2.add(i64x2.extend_high_i32x4_u(words), base), 16);
}

/**
 * `count` elements as u64 at `to`, eight at a time: up to seven more are read beyond the column, and written beyond what was asked for.
 * There must be room.
 */
export function unpack64(column: u32, count: u32, to: u32): void {
  const base = i64x2.splat(baseOf(column));
  const end = to + (((count + 7) & ~7) << 3);
  let from = addressOf(column);
  switch (widthOf(column)) {
    case 0: {
      for (; to < end; to += 16) v128.store(to, base);
      break;
    }
    case 1: {
      for (; to < end; to += 64, from += 8) {
        const halves = v128.load8x8_u(from);
        store64(to, i32x4.extend_low_i16x8_u(halves), base);
        store64(to + 32, i32x4.extend_high_i16x8_u(halves), base);
      }
      break;
    }
    case 2: {
      for (; to < end; to += 64, from += 16) {
        store64(to, v128.load16x4_u(from), base);
        store64(to + 32, v128.load16x4_u(from, 8), base);
      }
      break;
    }
    case 4: {
      for (; to < end; to += 64, from += 32) {
        store64(to, v128.load(from), base);
        store64(to + 32, v128.load(from, 16), base);
      }
      break;
    }
    case 8: {
      for (; to < end; to += 32, from += 32) {
        v128.store(to, i64x2.add(v128.load(from), base));
        v128.store(to, i64x2.add(v128.load(from, 16), base), 16);
      }
      break;
    }
    // 16: the low eight bytes, of an instruction.
    default: {
      for (; to < end; to += 8, from += 16) store<u64>(to, load<u64>(from) + baseOf(column));
    }
  }
}

/** The low halves of `count` elements as u32 at `to`, like {@link unpack64}. */
export function unpack32(column: u32, count: u32, to: u32): void {
  const base = i32x4.splat(<u32>baseOf(column));
  const end = to + (((count + 7) & ~7) << 2);
  let from = addressOf(column);
  const width = widthOf(column);
  switch (width) {
    case 0: {
      for (; to < end; to += 16) v128.store(to, base);
      break;
    }
    case 1: {
      for (; to < end; to += 32, from += 8) {
        const halves = v128.load8x8_u(from);
        v128.store(to, i32x4.add(i32x4.extend_low_i16x8_u(halves), base));
        v128.store(to, i32x4.add(i32x4.extend_high_i16x8_u(halves), base), 16);
      }
      break;
    }
    case 2: {
      for (; to < end; to += 32, from += 16) {
        v128.store(to, i32x4.add(v128.load16x4_u(from), base));
        v128.store(to, i32x4.add(v128.load16x4_u(from, 8), base), 16);
      }
      break;
    }
    case 4: {
      for (; to < end; to += 32, from += 32) {
        v128.store(to, i32x4.add(v128.load(from), base));
        v128.store(to, i32x4.add(v128.load(from, 16), base), 16);
      }
      break;
    }
    default: {
      for (; to < end; to += 4, from += width) store<u32>(to, load<u32>(from) + <u32>baseOf(column));
    }
  }
}

/**
 * Unpacks the physical and virtual addresses of `count` faults, and declines those that the guest's facts rule out. `mask`: bits in which the two
 * addresses must not differ.
 */
export function unpackAddresses(count: u32, mask: u64): void {
  const end = ((count + 7) & ~7) << 3;
  if (widthOf(GVA_OFFSET) === 0) {
    unpackBoth(end);
  } else {
    unpack64(GPA, count, GPAS);
    unpack64(GVA_OFFSET, count, GVAS);
    for (let at: u32 = 0; at < end; at += 16) v128.store(at, i64x2.add(v128.load(at, GPAS), v128.load(at, GVAS)), GVAS);
  }
  const lowest = load<u64>(LOWEST_ADDRESS);
  const shared = load<u64>(SHARED_BIT);
  const differ = widthOf(GVA_OFFSET) !== 0 || (baseOf(GVA_OFFSET) & mask) !== 0;
  if (lowest === 0 && shared === 0 && !differ) return;
  for (let at: u32 = 0; at < count << 3; at += 8) {
    if (areRuledOut(load<u64>(at, GPAS), load<u64>(at, GVAS), mask)) decline(at >> 1);
  }
}

/** Whether the guest's facts rule a fault's addresses out. */
@inline export function areRuledOut(gpa: u64, gva: u64, mask: u64): bool {
  const shared = load<u64>(SHARED_BIT);
  return gva < load<u64>(LOWEST_ADDRESS) || (gpa & shared) !== shared || ((gva - gpa) & mask) !== 0;
}

/** Both addresses where they differ by the same offset everywhere. `end`: eight times the number of faults. */
@inline
function unpackBoth(end: u32): void {
  const offset = i64x2.splat(baseOf(GVA_OFFSET));
  if (widthOf(GPA) === 4) {
    const base = i64x2.splat(baseOf(GPA));
    let from = addressOf(GPA);
    for (let at: u32 = 0; at < end; at += 32, from += 16) {
      const words = v128.load(from);
      const low = i64x2.add(i64x2.extend_low_i32x4_u(words), base);
      const high = i64x2.add(i64x2.extend_high_i32x4_u(words), base);
      v128.store(at, low, GPAS);
      v128.store(at, high, GPAS + 16);
      v128.store(at, i64x2.add(low, offset), GVAS);
      v128.store(at, i64x2.add(high, offset), GVAS + 16);
    }
    return;
  }
  unpack64(GPA, end >> 3, GPAS);
  for (let at: u32 = 0; at < end; at += 16) v128.store(at, i64x2.add(v128.load(at, GPAS), offset), GVAS);
}

/** Takes from a fault's flags, four times its index, that its physical address is known: no instruction wants such a fault. */
export function decline(at: u32): void {
  store<u32>(at, load<u32>(at, FLAGS_OF) & ~HAS_GPA, FLAGS_OF);
}

/** Of the faults `from` up to `to` the number that were declined. */
export function countDeclined(from: u32, to: u32): u32 {
  let counts = i32x4.splat(0);
  for (; from + 4 <= to; from += 4) counts = i32x4.sub(counts, i32x4.eq(v128.load(from << 2, INFORMATIONS), i32x4.splat(0)));
  let declined = i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
  for (; from < to; from++) declined += i32(load<u32>(from << 2, INFORMATIONS) === 0);
  return declined;
}
