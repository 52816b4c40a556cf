import type { Recipe } from "./builder.ts";
import { type Check, checksOf } from "./checks.ts";
import { compileRow } from "./compile-row.ts";
import type { Encoding } from "./format.ts";
import { PROMOTED_MAP, type Row, type Space, type Variant } from "./notation.ts";
import { placeOf, spaceOf } from "./opcode-notation.ts";
import { recipeOf } from "./recipes.ts";

/** The instructions of one opcode. */
export interface Bucket {
  readonly variants: readonly Variant[];
  /**
   * By ModRM.reg, all of them under 0 without a ModRM byte. Each list goes from the narrowest to the widest: the first that matches is the
   * one.
   */
  readonly candidates: readonly (readonly Candidate[])[];
  readonly hasModRm: boolean;
  /** ModRM.mod is ignored. */
  readonly ignoresMod: boolean;
  /** 3DNow: the byte behind the operands tells which instruction it is. */
  readonly hasSuffix: boolean;
}

/** A variant that an instruction may be, and what it alone decides. */
export interface Candidate {
  readonly variant: Variant;
  /** Its dimensions but the digits side by side, see {@link PLACES}. */
  readonly dimensions: number;
  readonly suffix: number | undefined;
  readonly checks: readonly Check[];
  /** Undefined: it is only named. */
  readonly recipe: Recipe | undefined;
}

/** The dimensions in which variants of one opcode differ, each a set as a bit mask. */
const DIMENSIONS = ["prefixes", "sizes", "w", "lengths", "addressSizes", "digits", "mods", "rms", "promoted"] as const;

/** Where each dimension lies in {@link Candidate.dimensions}: its lowest bit. */
const PLACES = { prefixes: 0, sizes: 4, w: 7, lengths: 9, addressSizes: 13, mods: 15, rms: 17, promoted: 25 } as const;

/**
 * Rows by encoding space, map and opcode. A space is put in order when it is first met, and a row compiled, so that a start costs little;
 * {@link compileAll} compiles and checks all of them. A table with a mistake throws an Error that names the rows.
 */
export class OpcodeTable {
  readonly #unsorted: Readonly<Record<Space, readonly Row[]>>;
  readonly #sorted = new Set<Space>();
  readonly #rows = new Map<number, Row[]>();
  /** By space and map, then by opcode; what has not been met yet is undefined. */
  readonly #pages: (Bucket | undefined)[][] = [];

  constructor(rows: readonly Row[]) {
    const unsorted: Record<Space, Row[]> = { legacy: [], rex2: [], vex: [], evex: [], xop: [] };
    for (const row of rows) unsorted[spaceOf(row)].push(row);
    this.#unsorted = unsorted;
  }

  /** The instructions of an opcode, or undefined if there are none. */
  bucket(space: Space, map: number, opcode: number): Bucket | undefined {
    return this.#pages[pageOf(space, map)]?.[opcode] ?? this.#compile(space, map, opcode);
  }

  #compile(space: Space, map: number, opcode: number): Bucket | undefined {
    if (!this.#sorted.has(space)) this.#sort(space);
    const rows = this.#rows.get(keyOf(space, map, opcode));
    if (rows === undefined) return undefined;
    const bucket = compileBucket(rows);
    const page = (this.#pages[pageOf(space, map)] ??= Array.from({ length: OPCODES }, (): undefined => undefined));
    page[opcode] = bucket;
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
    for (const space of SPACES) if (!this.#sorted.has(space)) this.#sort(space);
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

const SPACES: readonly Space[] = ["legacy", "vex", "evex", "xop", "rex2"];
/** Opcodes of a map, and maps of a space (five bits of VEX). */
const OPCODES = 256;
const MAPS = 32;

function pageOf(space: Space, map: number): number {
  return (space === "legacy" ? 0 : SPACES.indexOf(space) * MAPS) + map;
}

function keyOf(space: Space, map: number, opcode: number): number {
  return pageOf(space, map) * OPCODES + opcode;
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
  const sorted = variants.toSorted((first, second) => breadth(first) - breadth(second));
  const candidates = sorted.map(
    (variant): Candidate => ({
      variant,
      dimensions: dimensionsOf(variant),
      suffix: variant.suffix,
      checks: checksOf(variant),
      recipe: recipeOf(variant.does),
    }),
  );
  return {
    variants: sorted,
    candidates: Array.from({ length: hasModRm ? 8 : 1 }, (_, digit) => candidates.filter(({ variant }) => ((variant.digits >> digit) & 1) === 1)),
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

function dimensionsOf(variant: Variant): number {
  let dimensions = 0;
  for (const [dimension, place] of Object.entries(PLACES) as [keyof typeof PLACES, number][]) dimensions |= variant[dimension] << place;
  return dimensions;
}

/**
 * The candidate of a bucket that these bytes are, or undefined. They have one value in each dimension: a variant matches if all those
 * bits are in its sets. What they leave open (ModRM.rm of memory) demands no bit.
 */
export function selectCandidate(bucket: Bucket, encoding: Encoding, suffix: number | undefined): Candidate | undefined {
  const { evex, hasModRm, isMemory } = encoding;
  const isRegister = hasModRm && !isMemory;
  const isPromoted = evex !== undefined && encoding.map === PROMOTED_MAP;
  // EVEX.b with registers is rounding, which has the length 512 whatever L'L says (SDM volume 2, section 2.7.7).
  const length = evex?.b === true && isRegister && !isPromoted ? 2 : encoding.lengthCode;
  let wanted =
    (1 << (PLACES.prefixes + encoding.mandatory)) |
    (1 << (PLACES.sizes + effectiveSize(encoding))) |
    (1 << (PLACES.w + encoding.w)) |
    (1 << (PLACES.lengths + length)) |
    (1 << (PLACES.addressSizes + (encoding.addressSize === 32 ? 0 : 1)));
  if (hasModRm) wanted |= 1 << (PLACES.mods + (isMemory ? 0 : 1));
  if (isRegister) wanted |= 1 << (PLACES.rms + encoding.rm);
  // Without ModRM the dimension holds whether the opcode's register is extended (NOP is XCHG of rAX with itself).
  if (!hasModRm) wanted |= 1 << (PLACES.rms + (encoding.extendBase === 0 ? 0 : 1));
  if (isPromoted) wanted |= 1 << (PLACES.promoted + ((evex.b ? 1 : 0) | ((evex.opmask & 4) >> 1)));
  const candidates = bucket.candidates[encoding.reg]!;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    if ((candidate.dimensions & wanted) === wanted && candidate.suffix === suffix) return candidate;
  }
  return undefined;
}

/** Operand size that the prefixes ask for: 0 is 16, 1 32, 2 64. In EVEX map 4 66 is a mandatory prefix by its place and a size by its sense. */
function effectiveSize(encoding: Encoding): 0 | 1 | 2 {
  if (encoding.w === 1) return 2;
  const sixteen = encoding.space === "legacy" ? encoding.prefix66 : encoding.mandatory === 1;
  return sixteen ? 0 : 1;
}
