import { DELTA, DUMMY_SLOT } from "../../model/fault-columns.ts";
import { RegisterFile } from "../../model/registers.ts";
import { TraceError } from "../record.ts";
import type { ColumnReader } from "./column.ts";
import { AFTER } from "./layout.ts";
import { registerOfCode, type SlotMap } from "./slots.ts";

/** The streams that changes of slots are read from. */
export interface DeltaReaders {
  readonly values: ColumnReader;
  readonly escapes: ColumnReader;
}

/** The streams of registers that slots can't tell. */
export interface WideReaders {
  readonly wideCount: ColumnReader;
  readonly wideRegister: ColumnReader;
  readonly wideBits: ColumnReader;
  readonly wideWords: ColumnReader;
}

/** Rebuilds the register files of a chunk, one after another. */
export class RegisterDecoder {
  readonly #map: SlotMap;
  readonly #where: string;
  readonly #file: RegisterFile;
  /** Last values of all slots, those included that are not captured. */
  readonly #values: bigint[];
  #captured: bigint;

  constructor(map: SlotMap, where: string, head: ColumnReader, captured: bigint) {
    this.#map = map;
    this.#where = where;
    this.#file = new RegisterFile(map.set);
    this.#values = map.slots.map((_, slot) => head.at(slot));
    this.#captured = 0n;
    this.#capture(captured);
  }

  /** A copy of the registers as they are now. */
  file(): RegisterFile {
    return this.#file.copy();
  }

  /** Applies a delta word. */
  delta(word: number, { values, escapes }: DeltaReaders): void {
    if ((word & DELTA.escape) !== 0) {
      const captured = escapes.take();
      const changed = escapes.take();
      if ((changed & ~captured) !== 0n) throw new TraceError(`${this.#where}: a register changes that was not captured`);
      for (const slot of slotsIn(changed, this.#map, this.#where)) this.#values[slot] = values.take();
      this.#capture(captured, changed);
      return;
    }
    for (const slot of slotsOfWord(word, this.#map, this.#where)) {
      if (((this.#captured >> BigInt(slot)) & 1n) === 0n) throw new TraceError(`${this.#where}: a register changes that was not captured`);
      this.#values[slot] = values.take();
      this.#set(slot);
    }
  }

  /** Applies changes of registers that slots can't tell. */
  wide(readers: WideReaders): void {
    readWide(this.#file, this.#map, this.#where, readers);
  }

  /** Makes exactly these slots captured; `changed` have new values. */
  #capture(captured: bigint, changed = captured): void {
    const before = this.#captured;
    this.#captured = captured;
    for (const slot of slotsIn(before & ~captured, this.#map, this.#where)) this.#file.forget(this.#map.slots[slot]!);
    for (const slot of slotsIn(changed | (captured & ~before), this.#map, this.#where)) this.#set(slot);
  }

  #set(slot: number): void {
    capture(this.#file, this.#map, this.#where, slot, this.#values[slot]!);
  }
}

/** The streams of registers that are told one by one. */
export interface SlotReaders {
  readonly afterCount: ColumnReader;
  readonly afterSlot: ColumnReader;
  readonly afterValue: ColumnReader;
}

/** Reads a count and as many slots into a new file; `responses`: values that are not stored again. */
export function readSlots(map: SlotMap, where: string, { afterCount, afterSlot, afterValue }: SlotReaders, responses: ResponseReader): RegisterFile {
  const file = new RegisterFile(map.set);
  for (let left = afterCount.takeNumber(); left > 0; left--) {
    const code = afterSlot.takeNumber();
    const slot = code & AFTER.slotMask;
    if (slot >= map.slots.length || code > AFTER.limit) throw new TraceError(`${where}: there is no slot ${code}`);
    capture(file, map, where, slot, (code & AFTER.response) === 0 ? afterValue.take() : responses.take());
  }
  return file;
}

/** The responses of a fault, in order, where they stand for other values. */
export class ResponseReader {
  readonly #responses: readonly bigint[];
  readonly #where: string;
  #next = 0;

  constructor(responses: readonly bigint[], where: string) {
    this.#responses = responses;
    this.#where = where;
  }

  take(): bigint {
    const value = this.#responses[this.#next++];
    if (value === undefined) throw new TraceError(`${this.#where}: a value is said to be response ${this.#next} of a fault that has ${this.#responses.length}`);
    return value;
  }
}

/** Reads a count and as many registers that slots can't tell into `file`. */
export function readWide(file: RegisterFile, map: SlotMap, where: string, { wideCount, wideRegister, wideBits, wideWords }: WideReaders): void {
  for (let left = wideCount.takeNumber(); left > 0; left--) {
    const code = wideRegister.takeNumber();
    const bits = wideBits.takeNumber();
    const register = registerOfCode(map, code);
    if (register === undefined) throw new TraceError(`${where}: there is no register ${code}`);
    const { name, width } = map.set.describe(register);
    if (bits > width) throw new TraceError(`${where}: ${name} has ${width} bits, of which ${bits} can't have been captured`);
    if (bits === 0) {
      file.forget(register);
      continue;
    }
    let value = 0n;
    for (let word = 0; 64 * word < bits; word++) value |= wideWords.take() << BigInt(64 * word);
    if (value >> BigInt(bits) !== 0n) throw new TraceError(`${where}: the value of ${name} has more than ${bits} bits`);
    file.capture(register, value, bits);
  }
}

function capture(file: RegisterFile, { set, slots, widths }: SlotMap, where: string, slot: number, value: bigint): void {
  const width = widths[slot]!;
  if (width < 64 && value >> BigInt(width) !== 0n) throw new TraceError(`${where}: the value of ${set.name(slots[slot]!)} has more than ${width} bits`);
  file.capture(slots[slot]!, value, width);
}

/** Slots that a delta word without the escape bit names. */
function* slotsOfWord(word: number, { slots }: SlotMap, where: string): Iterable<number> {
  const count = (word >> DELTA.countShift) & DELTA.countMask;
  if (count > DELTA.slots) throw new TraceError(`${where}: a delta word counts ${count} slots; expected at most ${DELTA.slots}`);
  for (let position = 0; position < count; position++) {
    const slot = (word >> (DELTA.slotBits * position)) & DUMMY_SLOT;
    if (slot >= slots.length) throw new TraceError(`${where}: there is no slot ${slot}`);
    yield slot;
  }
}

/** Slots of a mask, ascending. */
function* slotsIn(mask: bigint, { slots }: SlotMap, where: string): Iterable<number> {
  if (mask >> BigInt(slots.length) !== 0n) throw new TraceError(`${where}: a mask of slots has bits beyond slot ${slots.length - 1}`);
  let rest = mask;
  for (let slot = 0; rest !== 0n; slot++, rest >>= 1n) if ((rest & 1n) === 1n) yield slot;
}
