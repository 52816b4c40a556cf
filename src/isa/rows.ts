import { Field, compilePattern, fieldValue, type FieldPart, type Pattern } from "./pattern.ts";

/** One instruction: a row of the table of a fixed-width instruction set. It states facts, never code. */
export interface Row<Facts> {
  /** Name of the row, unique in its table. */
  readonly form: string;
  /** Encoding, see {@link Pattern}. */
  readonly pattern: string;
  /** Allowed values of a field, where not all are an encoding of this instruction. */
  readonly where?: Readonly<Record<string, readonly number[]>>;
  readonly facts: Facts;
}

/** A row ready for matching. */
export interface CompiledRow<Facts> extends Pattern {
  readonly form: string;
  readonly facts: Facts;
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly field: string;
  readonly parts: readonly FieldPart[];
  readonly allowed: ReadonlySet<number>;
  /** Bits of the word that the field takes. */
  readonly bits: number;
}

/** Fields of a word by name. */
export type Fields = Readonly<Record<string, number>>;

export interface RowTableOptions<Facts> {
  /** For error messages. */
  readonly name: string;
  /** Bits of an instruction. */
  readonly width: 16 | 32;
  /** Bit positions by which rows are looked up, most significant first; at most 12. */
  readonly index: readonly number[];
  /** The fields that the decoder reads for these facts. Each must be in the pattern, and the pattern may have no others. */
  fieldsOf(facts: Facts): readonly string[];
}

/**
 * The rows of an instruction set, checked against each other when they load: widths, names, fields that nobody reads or
 * that are missing, and rows that overlap. A table with a mistake throws an Error that names the row.
 */
export class RowTable<Facts> {
  /** For messages. */
  readonly name: string;
  readonly rows: readonly CompiledRow<Facts>[];
  readonly #slots: Slots;
  readonly #index: readonly BitRun[];
  /** Fixed bits of each row, and their values. */
  readonly #masks: Int32Array;
  readonly #matches: Int32Array;
  /** What the conditions of each row rule out, see {@link exclusionsOf}: found when a word first has the row's fixed bits. */
  readonly #exclusions: (Int32Array | undefined)[];

  constructor(rows: readonly Row<Facts>[], options: RowTableOptions<Facts>) {
    this.name = options.name;
    const forms = new Set<string>();
    this.rows = rows.map((row) => {
      if (forms.has(row.form)) throw new Error(`${options.name}: two rows are named ${row.form}`);
      forms.add(row.form);
      try {
        return compileRow(row, options);
      } catch (error) {
        throw new Error(`${options.name}: row ${row.form}: ${(error as Error).message}`, { cause: error });
      }
    });
    this.#index = runsOf(options.index);
    this.#slots = fillSlots(this.rows, options.index);
    this.#masks = Int32Array.from(this.rows, ({ mask }) => mask);
    this.#matches = Int32Array.from(this.rows, ({ match }) => match);
    this.#exclusions = this.rows.map(() => undefined);
    const pair = overlappingPair(this.rows, this.#slots);
    if (pair !== undefined) throw new Error(`${options.name}: rows ${pair[0].form} and ${pair[1].form} match the same word`);
  }

  /** The row that a word matches, or undefined. */
  find(word: number): CompiledRow<Facts> | undefined {
    const at = this.findNumber(word);
    return at < 0 ? undefined : this.rows[at];
  }

  /** The position in `rows` of the row that a word matches, or -1. */
  findNumber(word: number): number {
    const slot = this.#slotOf(word);
    const { starts, numbers } = this.#slots;
    const end = starts[slot + 1]!;
    for (let at = starts[slot]!; at < end; at++) {
      const number = numbers[at]!;
      if (((word & this.#masks[number]!) ^ this.#matches[number]!) === 0 && !excluded((this.#exclusions[number] ??= exclusionsOf(this.rows[number]!)), word)) return number;
    }
    return -1;
  }

  /**
   * The bits that decide which row a word matches, of words that have the bits `known` as `word` has them. `more` gives bits of a row
   * besides those of its encoding, its should-be bits and its conditions.
   */
  bitsRead(known: number, word: number, more: (row: CompiledRow<Facts>) => number): number {
    let bits = 0;
    for (const row of this.rows) {
      if ((row.mask & known & (row.match ^ word)) !== 0) continue;
      bits |= row.mask | row.shouldMask | more(row);
      for (const condition of row.conditions) bits |= condition.bits;
    }
    return bits;
  }

  #slotOf(word: number): number {
    const index = this.#index;
    let slot = 0;
    for (let run = 0; run < index.length; run++) {
      const { from, width } = index[run]!;
      slot = (slot << width) | ((word >>> from) & ((1 << width) - 1));
    }
    return slot;
  }
}

/** What a decoder derives from the rows of a table, by position: from each when it is first asked for. */
export function perRow<Facts, Derived>({ rows }: RowTable<Facts>, derive: (row: CompiledRow<Facts>) => Derived): (number: number) => Derived {
  const all: (Derived | undefined)[] = rows.map(() => undefined);
  return (number) => (all[number] ??= derive(rows[number]!));
}

/** Whether a word has all bits of one of these pairs of mask and match. */
function excluded(pairs: Int32Array, word: number): boolean {
  for (let at = 0; at < pairs.length; at += 2) if (((word & pairs[at]!) ^ pairs[at + 1]!) === 0) return true;
  return false;
}

const NO_EXCLUSIONS = new Int32Array(0);

/**
 * The values that a row's conditions rule out as pairs of mask and match, few of them: nearly all conditions are "not 15", or "not P = 0
 * with W = 1". A word that has the row's fixed bits is its instruction unless it matches a pair.
 */
function exclusionsOf<Facts>({ conditions }: CompiledRow<Facts>): Int32Array {
  return conditions.length === 0 ? NO_EXCLUSIONS : Int32Array.from(conditions.flatMap(ruledOut).flatMap(({ mask, match }) => [mask, match]));
}

interface MaskedBits {
  readonly mask: number;
  readonly match: number;
}

/** What a condition rules out: one pair for each value, then two that differ in one bit made one for as long as there are such. */
function ruledOut({ parts, allowed, bits }: Condition): MaskedBits[] {
  const pairs: MaskedBits[] = [];
  const values = 1 << Math.max(...parts.map(({ to, width }) => to + width));
  for (let value = 0; value < values; value++) if (!allowed.has(value) && fieldValue(parts, spread(parts, value)) === value) pairs.push({ mask: bits, match: spread(parts, value) });
  for (let at = 0; at < pairs.length; at++) {
    const { mask, match } = pairs[at]!;
    const other = pairs.findIndex((pair, index) => index < at && pair.mask === mask && isOneBit(pair.match ^ match));
    if (other < 0) continue;
    const differing = pairs[other]!.match ^ match;
    pairs.splice(at, 1);
    pairs.splice(other, 1);
    pairs.push({ mask: mask & ~differing, match: match & ~differing });
    at = -1;
  }
  return pairs;
}

const isOneBit = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;

/** A field's value in its place in a word. */
function spread(parts: readonly FieldPart[], value: number): number {
  let word = 0;
  for (const { from, to, width } of parts) word |= ((value >>> to) & ((1 << width) - 1)) << from;
  return word;
}

/** The fields of a word that matched a row. */
export function extractFields<Facts>(row: CompiledRow<Facts>, word: number): Fields {
  const fields: Record<string, number> = {};
  for (const [name, parts] of row.fields) fields[name] = fieldValue(parts, word);
  return fields;
}

/** A field of a row, or undefined where the row has no such field. */
export function fieldOf<Facts>({ fields }: CompiledRow<Facts>, name: string): Field | undefined {
  const parts = fields.get(name);
  return parts === undefined ? undefined : new Field(parts);
}

/** Whether the word has a should-be bit that is not what it should be. */
export function violatesShouldBe<Facts>(row: CompiledRow<Facts>, word: number): boolean {
  return ((word & row.shouldMask) ^ row.shouldMatch) !== 0;
}

function compileRow<Facts>(row: Row<Facts>, options: RowTableOptions<Facts>): CompiledRow<Facts> {
  const pattern = compilePattern(row.pattern, options.width);
  const read = options.fieldsOf(row.facts);
  for (const field of pattern.fields.keys()) {
    if (!read.includes(field) && row.where?.[field] === undefined) throw new Error(`nobody reads the field ${field}`);
  }
  for (const field of read) {
    if (!pattern.fields.has(field)) throw new Error(`its facts need a field ${field}, which the pattern does not have`);
  }
  const conditions = row.where === undefined ? NO_CONDITIONS : compileConditions(row.where, pattern);
  const { mask, match, shouldMask, shouldMatch, fields } = pattern;
  return { mask, match, shouldMask, shouldMatch, fields, form: row.form, facts: row.facts, conditions };
}

const NO_CONDITIONS: readonly Condition[] = [];

function compileConditions(where: Readonly<Record<string, readonly number[]>>, pattern: Pattern): Condition[] {
  return Object.entries(where).map(([field, allowed]) => {
    const parts = pattern.fields.get(field);
    if (parts === undefined) throw new Error(`"where" names the field ${field}, which the pattern does not have`);
    if (allowed.length === 0) throw new Error(`"where" allows no value of field ${field}`);
    return { field, parts, allowed: new Set(allowed), bits: wordBits(parts) };
  });
}

/** Bits of the word that a field takes. */
function wordBits(parts: readonly FieldPart[]): number {
  let bits = 0;
  for (const { from, width } of parts) bits |= width === 32 ? -1 : ((1 << width) - 1) << from;
  return bits;
}

/** `width` bits from bit `from` up. */
interface BitRun {
  readonly from: number;
  readonly width: number;
}

/** Positions of bits, most significant first, as runs of neighbours. */
function runsOf(positions: readonly number[]): BitRun[] {
  const runs: { from: number; width: number }[] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last !== undefined && last.from === position + 1) {
      last.from = position;
      last.width++;
    } else {
      runs.push({ from: position, width: 1 });
    }
  }
  return runs;
}

/** For each value of the index bits the rows that may match: `numbers` from `starts[value]` up to `starts[value + 1]`. */
interface Slots {
  readonly starts: Uint32Array;
  readonly numbers: Uint16Array;
}

function fillSlots<Facts>(rows: readonly CompiledRow<Facts>[], index: readonly number[]): Slots {
  const size = index.length;
  const fixed = new Uint16Array(rows.length);
  const free = new Uint16Array(rows.length);
  const starts = new Uint32Array((1 << size) + 1);
  rows.forEach(({ mask, match }, number) => {
    for (let position = 0; position < size; position++) {
      const bit = index[position]!;
      const slotBit = 1 << (size - 1 - position);
      if (((mask >>> bit) & 1) === 0) free[number]! |= slotBit;
      else if (((match >>> bit) & 1) === 1) fixed[number]! |= slotBit;
    }
  });
  // A row is in the slot of its fixed bits and any subset of its free bits. Counted first, then filled from each slot's end.
  for (let number = 0; number < rows.length; number++) {
    for (let subset = free[number]!; ; subset = (subset - 1) & free[number]!) {
      starts[fixed[number]! | subset]!++;
      if (subset === 0) break;
    }
  }
  for (let slot = 0; slot < 1 << size; slot++) starts[slot + 1]! += starts[slot]!;
  const numbers = new Uint16Array(starts[1 << size]!);
  for (let number = rows.length - 1; number >= 0; number--) {
    for (let subset = free[number]!; ; subset = (subset - 1) & free[number]!) {
      numbers[--starts[fixed[number]! | subset]!] = number;
      if (subset === 0) break;
    }
  }
  return { starts, numbers };
}

/**
 * The first two rows, if any, that some word may match both. Their index bits agree in that word, so that they share a slot. Pairs whose
 * fixed bits differ, by far the most, cost one integer test.
 */
function overlappingPair<Facts>(rows: readonly CompiledRow<Facts>[], { starts, numbers }: Slots): readonly [CompiledRow<Facts>, CompiledRow<Facts>] | undefined {
  const masks = Int32Array.from(rows, ({ mask }) => mask);
  const values = Int32Array.from(rows, ({ match }) => match);
  for (let slot = 0; slot + 1 < starts.length; slot++) {
    const end = starts[slot + 1]!;
    for (let at = starts[slot]!; at + 1 < end; at++) {
      const first = numbers[at]!;
      const mask = masks[first]!;
      const match = values[first]!;
      for (let other = at + 1; other < end; other++) {
        const second = numbers[other]!;
        if ((mask & masks[second]! & (match ^ values[second]!)) === 0 && overlaps(rows[first]!, rows[second]!)) return [rows[first]!, rows[second]!];
      }
    }
  }
  return undefined;
}

/** Whether some word may match both rows, whose fixed bits agree. It answers true where it can't tell. */
function overlaps<Facts>(first: CompiledRow<Facts>, second: CompiledRow<Facts>): boolean {
  return !(excludes(first, second) || excludes(second, first));
}

/** Whether a condition of `first` rules out every word of `second`. */
function excludes<Facts>(first: CompiledRow<Facts>, second: CompiledRow<Facts>): boolean {
  return first.conditions.some(({ parts, allowed, bits }) => {
    const free = bits & ~second.mask;
    const other = second.conditions.find((each) => samePlace(each.parts, parts));
    if (other !== undefined) return [...allowed].every((value) => !other.allowed.has(value));
    if (free === 0) return !allowed.has(fieldValue(parts, second.match));
    // Part of the field is fixed in the other row: the allowed values that agree with the fixed part remain.
    return [...allowed].every((value) => {
      return ((spread(parts, value) ^ second.match) & bits & second.mask) !== 0;
    });
  });
}

function samePlace(first: readonly FieldPart[], second: readonly FieldPart[]): boolean {
  return (
    first.length === second.length &&
    first.every((part, at) => part.from === second[at]!.from && part.to === second[at]!.to && part.width === second[at]!.width)
  );
}
