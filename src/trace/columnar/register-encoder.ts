import { DELTA, DUMMY_SLOT, EMPTY_DELTA } from "../../model/fault-columns.ts";
import type { RegisterFile } from "../../model/registers.ts";
import type { ColumnBuilder } from "./column.ts";
import { type SlotMap, type WideValue, wideValues } from "./slots.ts";

/** The streams that changes of slots are written to. */
export interface DeltaStreams {
  readonly values: ColumnBuilder;
  readonly escapes: ColumnBuilder;
}

/** A delta word that names these slots, at most four. */
function deltaWord(changed: readonly number[]): number {
  let word = EMPTY_DELTA;
  changed.forEach((slot, position) => {
    word ^= (DUMMY_SLOT ^ slot) << (DELTA.slotBits * position);
  });
  return word | (changed.length << DELTA.countShift);
}

function slotMask(slots: Iterable<number>): bigint {
  let mask = 0n;
  for (const slot of slots) mask |= 1n << BigInt(slot);
  return mask;
}

/** Tells of each register file of a sequence what differs from the one before. */
export class RegisterEncoder {
  readonly #map: SlotMap;
  readonly #values: BigUint64Array<ArrayBuffer>;
  readonly #captured: Uint8Array;
  readonly #wide = new Map<number, WideValue>();

  constructor(map: SlotMap) {
    this.#map = map;
    this.#values = new BigUint64Array(map.slots.length);
    this.#captured = new Uint8Array(map.slots.length);
  }

  /** Starts anew with a file that is stored whole: the values of its slots, 0 where not captured, and the mask of those that are. */
  head(file: RegisterFile): { readonly values: BigUint64Array<ArrayBuffer>; readonly captured: bigint } {
    const { slots, widths } = this.#map;
    const captured: number[] = [];
    for (let slot = 0; slot < slots.length; slot++) {
      const whole = file.capturedWidth(slots[slot]!) === widths[slot];
      this.#values[slot] = whole ? file.get(slots[slot]!)! : 0n;
      this.#captured[slot] = whole ? 1 : 0;
      if (whole) captured.push(slot);
    }
    this.#wide.clear();
    return { values: this.#values.slice(), captured: slotMask(captured) };
  }

  /** The delta word of the next file; its values and masks go to `streams`. */
  delta(file: RegisterFile, { values, escapes }: DeltaStreams): number {
    const { slots, widths } = this.#map;
    const changed: number[] = [];
    let sameMask = true;
    for (let slot = 0; slot < slots.length; slot++) {
      const register = slots[slot]!;
      const whole = file.capturedWidth(register) === widths[slot] ? 1 : 0;
      if (whole !== this.#captured[slot]) {
        this.#captured[slot] = whole;
        sameMask = false;
      }
      if (whole === 0) continue;
      const value = file.get(register)!;
      if (value === this.#values[slot]) continue;
      this.#values[slot] = value;
      values.push(value);
      changed.push(slot);
    }
    if (sameMask && changed.length <= DELTA.slots) return deltaWord(changed);
    escapes.push(slotMask([...this.#captured.keys()].filter((slot) => this.#captured[slot] === 1)));
    escapes.push(slotMask(changed));
    return EMPTY_DELTA | DELTA.escape;
  }

  /** Registers of which slots can't tell and that differ from the file before. */
  wide(file: RegisterFile): WideValue[] {
    const now = wideValues(this.#map, file);
    if (now.length === 0 && this.#wide.size === 0) return now;
    const changes = now.filter(({ code, bits, value }) => {
      const before = this.#wide.get(code);
      return before === undefined || before.bits !== bits || before.value !== value;
    });
    const codes = new Set(now.map(({ code }) => code));
    for (const code of this.#wide.keys()) {
      if (codes.has(code)) continue;
      this.#wide.delete(code);
      // One that is captured in full now is told by its slot.
      if (this.#captured[code] !== 1) changes.push({ code, bits: 0, value: 0n });
    }
    for (const change of changes) if (change.bits !== 0) this.#wide.set(change.code, change);
    return changes.toSorted((one, other) => one.code - other.code);
  }
}
