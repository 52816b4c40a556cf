import { compilePattern, fieldValue, type FieldPart, type Pattern } from "./pattern.ts";

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
  readonly #buckets: readonly (readonly CompiledRow<Facts>[])[];
  readonly #index: readonly number[];

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
    this.#index = options.index;
    this.#buckets = fillBuckets(this.rows, options.index);
    // Each pair once: by bucket a pair would come up as often as its rows leave index bits free.
    this.rows.forEach((first, position) => {
      for (let other = position + 1; other < this.rows.length; other++) {
        const second = this.rows[other]!;
        if (overlaps(first, second)) throw new Error(`${options.name}: rows ${first.form} and ${second.form} match the same word`);
      }
    });
  }

  /** The row that a word matches, or undefined. */
  find(word: number): CompiledRow<Facts> | undefined {
    for (const row of this.candidates(word)) if (matches(row, word)) return row;
    return undefined;
  }

  /** The rows that a word can match as far as its index bits tell. */
  candidates(word: number): readonly CompiledRow<Facts>[] {
    let slot = 0;
    for (const bit of this.#index) slot = (slot << 1) | ((word >>> bit) & 1);
    return this.#buckets[slot]!;
  }
}

/** Whether a word is this row's instruction. */
export function matches<Facts>(row: CompiledRow<Facts>, word: number): boolean {
  if (((word & row.mask) ^ row.match) !== 0) return false;
  for (const { parts, allowed } of row.conditions) if (!allowed.has(fieldValue(parts, word))) return false;
  return true;
}

/** The fields of a word that matched a row. */
export function extractFields<Facts>(row: CompiledRow<Facts>, word: number): Fields {
  const fields: Record<string, number> = {};
  for (const [name, parts] of row.fields) fields[name] = fieldValue(parts, word);
  return fields;
}

/** Whether the word has a should-be bit that is not what it should be. */
export function violatesShouldBe<Facts>(row: CompiledRow<Facts>, word: number): boolean {
  return ((word & row.shouldMask) ^ row.shouldMatch) !== 0;
}

function compileRow<Facts>(row: Row<Facts>, options: RowTableOptions<Facts>): CompiledRow<Facts> {
  const pattern = compilePattern(row.pattern, options.width);
  const conditions: Condition[] = [];
  for (const [field, allowed] of Object.entries(row.where ?? {})) {
    const parts = pattern.fields.get(field);
    if (parts === undefined) throw new Error(`"where" names the field ${field}, which the pattern does not have`);
    if (allowed.length === 0) throw new Error(`"where" allows no value of field ${field}`);
    conditions.push({ field, parts, allowed: new Set(allowed) });
  }
  const read = new Set(options.fieldsOf(row.facts));
  for (const field of pattern.fields.keys()) {
    if (!read.has(field) && row.where?.[field] === undefined) throw new Error(`nobody reads the field ${field}`);
  }
  for (const field of read) {
    if (!pattern.fields.has(field)) throw new Error(`its facts need a field ${field}, which the pattern does not have`);
  }
  return { ...pattern, form: row.form, facts: row.facts, conditions };
}

function fillBuckets<Facts>(rows: readonly CompiledRow<Facts>[], index: readonly number[]): CompiledRow<Facts>[][] {
  const buckets: CompiledRow<Facts>[][] = Array.from({ length: 1 << index.length }, () => []);
  const size = index.length;
  for (const row of rows) {
    let fixed = 0;
    let free = 0;
    index.forEach((bit, position) => {
      const slotBit = 1 << (size - 1 - position);
      if (((row.mask >>> bit) & 1) === 0) free |= slotBit;
      else if (((row.match >>> bit) & 1) === 1) fixed |= slotBit;
    });
    // All subsets of the free bits, from all of them down to none.
    for (let subset = free; ; subset = (subset - 1) & free) {
      buckets[fixed | subset]!.push(row);
      if (subset === 0) break;
    }
  }
  return buckets;
}

/** Whether some word may match both rows. It answers true where it can't tell. */
function overlaps<Facts>(first: CompiledRow<Facts>, second: CompiledRow<Facts>): boolean {
  if ((first.mask & second.mask & (first.match ^ second.match)) !== 0) return false;
  return !(excludes(first, second) || excludes(second, first));
}

/** Whether a condition of `first` rules out every word of `second`. */
function excludes<Facts>(first: CompiledRow<Facts>, second: CompiledRow<Facts>): boolean {
  return first.conditions.some(({ parts, allowed }) => {
    const bits = parts.reduce((sum, { from, width }) => sum | (width === 32 ? -1 : ((1 << width) - 1) << from), 0);
    const free = bits & ~second.mask;
    const other = second.conditions.find((each) => samePlace(each.parts, parts));
    if (other !== undefined) return [...allowed].every((value) => !other.allowed.has(value));
    if (free === 0) return !allowed.has(fieldValue(parts, second.match));
    // Part of the field is fixed in the other row: the allowed values that agree with the fixed part remain.
    return [...allowed].every((value) => {
      const spread = parts.reduce((sum, { from, to, width }) => sum | (((value >>> to) & ((1 << width) - 1)) << from), 0);
      return ((spread ^ second.match) & bits & second.mask) !== 0;
    });
  });
}

function samePlace(first: readonly FieldPart[], second: readonly FieldPart[]): boolean {
  return (
    first.length === second.length &&
    first.every((part, at) => part.from === second[at]!.from && part.to === second[at]!.to && part.width === second[at]!.width)
  );
}
