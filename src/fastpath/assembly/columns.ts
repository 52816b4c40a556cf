// Columns of integers relative to a base, see src/model/fault-columns.ts. A kernel's loop does not want to know their widths: they are
// unpacked first, each in a loop of its own, which is a load, an addition and a store an element.
import { COLUMNS, COLUMN_SIZE } from "./memory";

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

@inline
function widen<Stored, Wanted>(from: u32, count: u32, base: Wanted, to: u32): void {
  const end = to + count * sizeof<Wanted>();
  const end4 = to + (count & ~3) * sizeof<Wanted>();
  while (to < end4) {
    store<Wanted>(to, <Wanted>load<Stored>(from) + base);
    store<Wanted>(to, <Wanted>load<Stored>(from, sizeof<Stored>()) + base, sizeof<Wanted>());
    store<Wanted>(to, <Wanted>load<Stored>(from, 2 * sizeof<Stored>()) + base, 2 * sizeof<Wanted>());
    store<Wanted>(to, <Wanted>load<Stored>(from, 3 * sizeof<Stored>()) + base, 3 * sizeof<Wanted>());
    from += 4 * sizeof<Stored>();
    to += 4 * sizeof<Wanted>();
  }
  while (to < end) {
    store<Wanted>(to, <Wanted>load<Stored>(from) + base);
    from += sizeof<Stored>();
    to += sizeof<Wanted>();
  }
}

@inline
function unpack<Wanted>(column: u32, count: u32, to: u32): void {
  let from = addressOf(column);
  const base = <Wanted>baseOf(column);
  switch (widthOf(column)) {
    case 0: {
      const end = to + count * sizeof<Wanted>();
      for (; to < end; to += sizeof<Wanted>()) store<Wanted>(to, base);
      break;
    }
    case 1: widen<u8, Wanted>(from, count, base, to); break;
    case 2: widen<u16, Wanted>(from, count, base, to); break;
    case 4: widen<u32, Wanted>(from, count, base, to); break;
    case 8: widen<u64, Wanted>(from, count, base, to); break;
    // 16: the low eight bytes, of an instruction.
    default: {
      const end = to + count * sizeof<Wanted>();
      for (; to < end; to += sizeof<Wanted>(), from += 16) store<Wanted>(to, <Wanted>load<u64>(from) + base);
    }
  }
}

/** `count` elements as u64 at `to`. */
export function unpack64(column: u32, count: u32, to: u32): void {
  unpack<u64>(column, count, to);
}

/** The low halves of `count` elements as u32 at `to`. */
export function unpack32(column: u32, count: u32, to: u32): void {
  unpack<u32>(column, count, to);
}

/** The same, unless the column is as wanted where it is. Gives the address of the first element. */
export function place32(column: u32, count: u32, to: u32): u32 {
  if (widthOf(column) === 4 && baseOf(column) === 0) return addressOf(column);
  unpack32(column, count, to);
  return to;
}
