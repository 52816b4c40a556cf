import type { Encoding, ModRm } from "./format.ts";
import { compileRow } from "./compile-row.ts";
import { PROMOTED_MAP, type Row, type Space, type Variant } from "./notation.ts";
import { placeOf, spaceOf } from "./opcode-notation.ts";

/** The instructions of one opcode. */
export interface Bucket {
  /** From the narrowest to the widest: the first that matches is the one. */
  readonly variants: readonly Variant[];
  readonly hasModRm: boolean;
  /** ModRM.mod is ignored. */
  readonly ignoresMod: boolean;
  /** 3DNow: the byte behind the operands tells which instruction it is. */
  readonly hasSuffix: boolean;
}

/** The dimensions in which variants of one opcode differ, each a set as a bit mask. */
const DIMENSIONS = ["prefixes", "sizes", "w", "lengths", "addressSizes", "digits", "mods", "rms", "promoted"] as const;

/**
 * Rows by encoding space, map and opcode. A space is put in order when it is first met, and a row compiled, so that a start costs little;
 * {@link compileAll} compiles and checks all of them. A table with a mistake throws an Error that names the rows.
 */
export class OpcodeTable {
  readonly #unsorted: Readonly<Record<Space, readonly Row[]>>;
  readonly #sorted = new Set<Space>();
  readonly #rows = new Map<number, Row[]>();
  readonly #buckets = new Map<number, Bucket>();

  constructor(rows: readonly Row[]) {
    const unsorted: Record<Space, Row[]> = { legacy: [], rex2: [], vex: [], evex: [], xop: [] };
    for (const row of rows) unsorted[spaceOf(row)].push(row);
    this.#unsorted = unsorted;
  }

  /** The instructions of an opcode, or undefined if there are none. */
  bucket(space: Space, map: number, opcode: number): Bucket | undefined {
    const key = keyOf(space, map, opcode);
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    if (!this.#sorted.has(space)) this.#sort(space);
    const rows = this.#rows.get(key);
    if (rows === undefined) return undefined;
    const bucket = compileBucket(rows);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Puts the rows of one space in their places. */
  #sort(space: Space): void {
    for (const row of this.#unsorted[space]) {
      const { map, opcode, span } = placeOf(row);
      for (let each = opcode; each < opcode + span; each++) {
        const key = keyOf(space, map, each);
        const known = this.#rows.get(key);
        if (known === undefined) this.#rows.set(key, [row]);
        else known.push(row);
      }
    }
    this.#sorted.add(space);
  }

  /** Every instruction, all of them compiled and checked. */
  compileAll(): Variant[] {
    for (const space of Object.keys(SPACE_NUMBERS) as Space[]) if (!this.#sorted.has(space)) this.#sort(space);
    const variants = new Set<Variant>();
    for (const rows of this.#rows.values()) {
      const { space, map, opcode } = placeOf(rows[0]!);
      for (const variant of this.bucket(space, map, opcode)!.variants) variants.add(variant);
    }
    const forms = new Map<string, Row>();
    for (const { form, row } of variants) {
      if ((forms.get(form) ?? row) !== row) throw new Error(`two rows are ${form}`);
      forms.set(form, row);
    }
    return [...variants];
  }
}

const SPACE_NUMBERS: Readonly<Record<Space, number>> = { legacy: 0, vex: 1, evex: 2, xop: 3, rex2: 4 };

function keyOf(space: Space, map: number, opcode: number): number {
  return (SPACE_NUMBERS[space] << 13) | (map << 8) | opcode;
}

function compileBucket(rows: readonly Row[]): Bucket {
  const variants = rows.flatMap(compileRow);
  for (const [position, first] of variants.entries()) {
    for (const second of variants.slice(position + 1)) checkPair(first, second);
  }
  const [{ hasModRm, suffix }] = variants as [Variant];
  for (const variant of variants) {
    if (variant.hasModRm !== hasModRm || (variant.suffix === undefined) !== (suffix === undefined)) {
      throw new Error(`${variant.form} and ${variants[0]!.form} share an opcode, and only one of them has a ModRM byte or a suffix`);
    }
  }
  return {
    variants: variants.toSorted((first, second) => breadth(first) - breadth(second)),
    hasModRm,
    hasSuffix: suffix !== undefined,
    ignoresMod: variants[0]!.facts.ignoresMod === true,
  };
}

/** Two variants may match the same bytes only if one of them is the special case of the other. */
function checkPair(first: Variant, second: Variant): void {
  if (first.suffix !== second.suffix) return;
  const shared = DIMENSIONS.every((dimension) => (first[dimension] & second[dimension]) !== 0);
  if (!shared) return;
  const within = (inner: Variant, outer: Variant): boolean => DIMENSIONS.every((dimension) => (inner[dimension] & ~outer[dimension]) === 0);
  const nested = within(first, second);
  if (nested !== within(second, first)) return;
  throw new Error(
    `${first.form} and ${second.form} ${nested ? "are the same encoding" : "match the same bytes, and neither is a special case of the other"}`,
  );
}

/** How many combinations of its dimensions a variant matches. */
function breadth(variant: Variant): number {
  return DIMENSIONS.reduce((product, dimension) => product * countBits(variant[dimension]), 1);
}

function countBits(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The instruction of a bucket that these bytes are, or undefined. */
export function selectVariant(
  bucket: Bucket,
  encoding: Encoding,
  modRm: ModRm | undefined,
  suffix: number | undefined,
): Variant | undefined {
  const prefix = 1 << encoding.mandatory;
  const size = 1 << effectiveSize(encoding);
  const w = 1 << encoding.w;
  const addressSize = encoding.addressSize === 32 ? 1 : 2;
  const isRegister = modRm?.mod === 3;
  // EVEX.b with registers is rounding, which has the length 512 whatever L'L says (SDM volume 2, section 2.7.7).
  const length = encoding.evex?.b === true && isRegister && encoding.map !== PROMOTED_MAP ? 4 : 1 << encoding.lengthCode;
  const digit = modRm === undefined ? 255 : 1 << modRm.reg;
  const mod = modRm === undefined ? 3 : isRegister ? 2 : 1;
  // Without ModRM the dimension holds whether the opcode's register is extended (NOP is XCHG of rAX with itself).
  const rm = modRm === undefined ? (encoding.extendBase === 0 ? 1 : 2) : isRegister ? 1 << modRm.rm : 255;
  const promoted =
    encoding.evex === undefined || encoding.map !== PROMOTED_MAP
      ? 15
      : 1 << ((encoding.evex.b ? 1 : 0) | ((encoding.evex.opmask & 4) >> 1));
  for (const variant of bucket.variants) {
    if (
      (variant.prefixes & prefix) !== 0 &&
      (variant.sizes & size) !== 0 &&
      (variant.w & w) !== 0 &&
      (variant.lengths & length) !== 0 &&
      (variant.addressSizes & addressSize) !== 0 &&
      (variant.digits & digit) !== 0 &&
      (variant.mods & mod) !== 0 &&
      (variant.rms & rm) !== 0 &&
      (variant.promoted & promoted) !== 0 &&
      variant.suffix === suffix
    ) {
      return variant;
    }
  }
  return undefined;
}

/** Operand size that the prefixes ask for: 0 is 16, 1 32, 2 64. In EVEX map 4 66 is a mandatory prefix by its place and a size by its sense. */
function effectiveSize(encoding: Encoding): 0 | 1 | 2 {
  if (encoding.w === 1) return 2;
  const sixteen = encoding.space === "legacy" ? encoding.prefix66 : encoding.mandatory === 1;
  return sixteen ? 0 : 1;
}
