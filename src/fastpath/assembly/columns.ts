// Columns of integers relative to a base, see src/model/fault-columns.ts.
import { COLUMNS, COLUMN_SIZE } from "./memory";

@inline export function baseOf(column: u32): u64 {
  return load<u64>(COLUMNS + column * COLUMN_SIZE);
}

@inline export function maskOf(column: u32): u64 {
  return load<u64>(COLUMNS + column * COLUMN_SIZE, 8);
}

@inline export function addressOf(column: u32): u32 {
  return load<u32>(COLUMNS + column * COLUMN_SIZE, 16);
}

@inline export function widthOf(column: u32): u32 {
  return load<u32>(COLUMNS + column * COLUMN_SIZE, 20);
}
