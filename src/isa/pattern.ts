/**
 * Encoding patterns as the manuals draw them, most significant bit first:
 *
 * - `0`, `1`: a fixed bit;
 * - `(0)`, `(1)`: a should-be bit: other values are CONSTRAINED UNPREDICTABLE on Arm;
 * - `x`: a bit that may be anything and that nobody reads;
 * - `Rn:5`: a field of five bits;
 * - `imm[4:3|8:6]`: bits 4, 3, 8, 7, 6 of a field `imm`, most significant first, as RISC-V draws scattered immediates;
 * - spaces separate and mean nothing else.
 */
export interface Pattern {
  /** Bits that are fixed, and their values. 32-bit integers as JavaScript's bit operators give them. */
  readonly mask: number;
  readonly match: number;
  /** Should-be bits, and their values. */
  readonly shouldMask: number;
  readonly shouldMatch: number;
  readonly fields: ReadonlyMap<string, readonly FieldPart[]>;
}

/** `width` bits of the word from bit `from` up are bits of the field from bit `to` up. */
export interface FieldPart {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

const NAME = /([A-Za-z][A-Za-z0-9]*'?)(?::(\d+)|\[([\d:|]+)\])/y;
const [SPACE, ZERO, ONE, X, OPEN, CLOSE, COLON, BRACKET] = Array.from(" 01x():[", (character) => character.charCodeAt(0)) as [number, number, number, number, number, number, number, number];

/** Whether a character goes on with a name: what tells the field `xs:1` from the bit `x`. The digits 0 and 1 and `x` are bits of their own. */
function goesOn(code: number): boolean {
  return code === COLON || code === BRACKET || (code >= 0x41 && code !== X) || (code > ONE && code < COLON);
}

/** Compiles a pattern of `width` bits. Throws an Error that names the fault of a pattern which is not one. */
export function compilePattern(text: string, width: number): Pattern {
  let mask = 0;
  let match = 0;
  let shouldMask = 0;
  let shouldMatch = 0;
  const fields = new Map<string, FieldPart[]>();
  let left = width;
  const take = (bits: number): number => {
    left -= bits;
    if (left < 0) throw new Error(`pattern "${text}" has more than ${width} bits`);
    return left;
  };
  const addPart = (name: string, part: FieldPart): void => {
    const parts = fields.get(name);
    if (parts === undefined) {
      fields.set(name, [part]);
      return;
    }
    if (parts.some((each) => each.to < part.to + part.width && part.to < each.to + each.width)) {
      throw new Error(`pattern "${text}" gives bits of field ${name} twice`);
    }
    parts.push(part);
  };
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const alone = !goesOn(text.charCodeAt(at + 1));
    if (code === SPACE) {
      at++;
    } else if ((code === ZERO || code === ONE) && alone) {
      const bit = take(1);
      mask |= 1 << bit;
      if (code === ONE) match |= 1 << bit;
      at++;
    } else if (code === X && alone) {
      take(1);
      at++;
    } else if (code === OPEN && text.charCodeAt(at + 2) === CLOSE && (text[at + 1] === "0" || text[at + 1] === "1")) {
      const bit = take(1);
      shouldMask |= 1 << bit;
      if (text[at + 1] === "1") shouldMatch |= 1 << bit;
      at += 3;
    } else {
      NAME.lastIndex = at;
      const token = NAME.exec(text);
      if (token === null) throw new Error(`pattern "${text}" can't be read from column ${at + 1}`);
      const [whole, name, wide, slices] = token;
      at += whole.length;
      if (wide !== undefined) {
        const bits = Number(wide);
        if (fields.has(name!)) throw new Error(`pattern "${text}" gives bits of field ${name!} twice`);
        addPart(name!, { from: take(bits), to: 0, width: bits });
      } else {
        for (const slice of slices!.split("|")) {
          const [high, low = high] = slice.split(":").map(Number);
          const bits = high! - low! + 1;
          if (!(bits >= 1)) throw new Error(`pattern "${text}" has a slice [${slice}] that is not high:low`);
          addPart(name!, { from: take(bits), to: low!, width: bits });
        }
      }
    }
  }
  if (left !== 0) throw new Error(`pattern "${text}" has ${width - left} bits instead of ${width}`);
  return { mask, match, shouldMask, shouldMatch, fields };
}

/** Value of a field in a word, unsigned. */
export function fieldValue(parts: readonly FieldPart[], word: number): number {
  if (parts.length === 1) {
    const { from, to, width } = parts[0]!;
    return width === 32 ? word >>> 0 : ((word >>> from) & ((1 << width) - 1)) << to;
  }
  let value = 0;
  for (const { from, to, width } of parts) value |= ((word >>> from) & (width === 32 ? -1 : (1 << width) - 1)) << to;
  return value >>> 0;
}

const NO_PART: FieldPart = { from: 0, to: 0, width: 0 };

/**
 * A field ready to be read from many words by {@link readField}: the sum of `added` and one run of bits, or two, or more; then the bits
 * within `within`. A class, so that all have one shape: the engine reads them without a call, and without asking which shape it is.
 */
export class Field {
  readonly from: number;
  readonly mask: number;
  readonly to: number;
  readonly otherFrom: number;
  readonly otherMask: number;
  readonly otherTo: number;
  /** The parts beyond the second. */
  readonly rest: readonly FieldPart[] | undefined;
  readonly added: number;
  readonly within: number;
  readonly #parts: readonly FieldPart[];

  /** A field of at most 31 bits. No parts: `added` alone. */
  constructor(parts: readonly FieldPart[], added = 0, within = -1) {
    const [first = NO_PART, other = NO_PART, ...rest] = parts;
    this.from = first.from;
    this.mask = (1 << first.width) - 1;
    this.to = first.to;
    this.otherFrom = other.from;
    this.otherMask = (1 << other.width) - 1;
    this.otherTo = other.to;
    this.rest = rest.length === 0 ? undefined : rest;
    this.added = added;
    this.within = within;
    this.#parts = parts;
  }

  /** The bits of the word that the field is read from. */
  get bits(): number {
    return this.#parts.reduce((bits, { from, width }) => bits | (((1 << width) - 1) << from), 0);
  }

  /** The same bits with `more` added, then cut. */
  plus(more: number, within = this.within): Field {
    return new Field(this.#parts, this.added + more, within);
  }

  /** A field that is always `value`. */
  static constant(value: number): Field {
    return new Field([], value);
  }
}

/** Value of a compiled field in a word. */
export function readField(field: Field, word: number): number {
  const bits = (((word >>> field.from) & field.mask) << field.to) | (((word >>> field.otherFrom) & field.otherMask) << field.otherTo);
  return ((field.rest === undefined ? bits : bits | fieldValue(field.rest, word)) + field.added) & field.within;
}
