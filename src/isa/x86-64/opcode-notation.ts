import { PROMOTED_MAP, type Row, type Space, type Variant } from "./notation.ts";

/** Reads the opcode column of a row. */

/** Which opcode bucket a row belongs to, read without compiling it. */
export interface RowPlace {
  readonly space: Space;
  readonly map: number;
  readonly opcode: number;
  readonly span: 1 | 8;
}

const MAPS: Readonly<Record<string, number>> = { "0F": 1, "0F38": 2, "0F3A": 3, MAP4: 4, MAP5: 5, MAP6: 6, MAP7: 7, X8: 8, X9: 9, XA: 10 };
const PLACE =
  /^(?:(VEX|EVEX|XOP)\.\S*?(0F38|0F3A|0F|MAP[4-7]|X[89A])\.\S+ |((?:(?:REX2|NP|NFx|66|F2|F3|REX\.W \+|REX\.B0|[oa][0-9|]+) )*)(0F (?:3[8A] )?)?)([0-9A-F]{2})(\+r)?(?: |$)/;

/** The encoding space of a row, by the first word of its opcode. */
export function spaceOf([opcode]: Row): Space {
  if (opcode.startsWith("VEX.")) return "vex";
  if (opcode.startsWith("EVEX.")) return "evex";
  if (opcode.startsWith("XOP.")) return "xop";
  return opcode.startsWith("REX2 ") ? "rex2" : "legacy";
}

/** Where a row belongs. Throws an Error for an opcode column that does not start as one. */
export function placeOf(row: Row): RowPlace {
  const match = PLACE.exec(row[0]);
  if (match === null) throw new Error(`opcode "${row[0]}" has no prefix and opcode byte that can be read`);
  const [, encoding, map, , escape, opcode, plus] = match;
  const space = spaceOf(row);
  const number = encoding === undefined ? (escape === undefined ? 0 : MAPS[escape.replaceAll(" ", "")]!) : MAPS[map!]!;
  return { space, map: number, opcode: Number.parseInt(opcode!, 16), span: plus === undefined ? 1 : 8 };
}

/** What one of a row's alternatives stands for. */
export interface Alternative {
  readonly kind: "operand" | "address" | "length" | "w" | "only";
  readonly value: number;
  readonly position: number;
  readonly count: number;
  /** All the values, for the rule which effective operand size takes which. */
  readonly all: readonly number[];
}

const LIST = /\b(o|a|W)?(\d+(?:\|\d+)+)\b/g;

/** The alternatives of an opcode column, of which there is one if it has no list. */
export function alternativesOf(opcode: string): Alternative[] {
  const lists = [...opcode.matchAll(LIST)];
  if (lists.length === 0) {
    const single = /(?:^| )(o|a)(16|32|64) /.exec(opcode);
    const value = single === null ? 0 : Number(single[2]);
    return [{ kind: single === null ? "only" : single[1] === "o" ? "operand" : "address", value, position: 0, count: 1, all: [value] }];
  }
  if (lists.length > 1) throw new Error("its opcode has more than one list of alternatives");
  const [, letter, list] = lists[0]!;
  const kind = letter === "o" ? "operand" : letter === "a" ? "address" : letter === "W" ? "w" : "length";
  const all = list!.split("|").map(Number);
  return all.map((value, position) => ({ kind, value, position, count: all.length, all }));
}

/** The opcode column of one alternative. */
export function expandOpcode(opcode: string, { kind, value, position, count }: Alternative): string {
  let text = opcode;
  if (count > 1) {
    text = text.replace(LIST, (_, letter: string | undefined, list: string) => `${letter ?? ""}${list.split("|")[position]!}`);
  }
  if (/\b[ic]O\b/.test(text)) {
    if (kind !== "operand") throw new Error("iO and cO need operand sizes");
    text = text.replace(/\b([ic])O\b/g, (_, letter: string) => `${letter}${value === 16 ? "w" : "d"}`);
  }
  return text;
}

/** The opcode as the SDM prints it: the operand size shows only as REX.W, the address size not at all. */
export function asPrinted(opcode: string, { kind, value, all }: Alternative): string {
  const wide = kind === "operand" && value === 64 && all.includes(32) ? "REX.W + " : "";
  return opcode.startsWith("EVEX") ? opcode : opcode.replace(/\b[oa](16|32|64) /, wide);
}

const PREFIX_SETS: Readonly<Record<string, number>> = { NP: 1, NFx: 3, "66": 2, F3: 4, F2: 8 };
const IMMEDIATE_BYTES: Readonly<Record<string, number>> = { ib: 1, iw: 2, id: 4, io: 8, cb: 1, cw: 2, cd: 4, "/is4": 1 };

/** What the opcode column says of a variant. */
export type OpcodePart = Pick<
  Variant,
  | "prefixes"
  | "sizes"
  | "w"
  | "lengths"
  | "addressSizes"
  | "digits"
  | "mods"
  | "rms"
  | "promoted"
  | "suffix"
  | "hasModRm"
  | "immediateBytes"
  | "operandSize"
  | "vectorLength"
>;

/** Reads an opcode without alternatives. Throws an Error that names the word that is not part of one. */
export function readOpcode(opcode: string, place: RowPlace, alternative: Alternative): OpcodePart {
  const match = PLACE.exec(opcode)!;
  const [whole, , , prefixes = ""] = match;
  const tail = opcode
    .slice(whole.length)
    .split(" ")
    .filter((word) => word !== "");
  const part = {
    prefixes: 15,
    sizes: 7,
    w: 3,
    lengths: 7,
    addressSizes: 3,
    digits: 255,
    mods: 3,
    rms: 255,
    promoted: 15,
    suffix: undefined as number | undefined,
    hasModRm: false,
    immediateBytes: 0,
    operandSize: undefined as 16 | 32 | 64 | undefined,
    vectorLength: undefined as 128 | 256 | 512 | undefined,
  };
  if (place.space === "legacy" || place.space === "rex2") readLegacyHead(prefixes.split(" "), part, alternative);
  else readVectorHead(whole.split(" ")[0]!, part, place, alternative);
  let explicitModRm = false;
  for (const word of tail) {
    if (word === "/r") explicitModRm = true;
    else if (/^\/[0-7]$/.test(word)) {
      explicitModRm = true;
      part.digits = 1 << Number(word[1]);
    } else if (/^[0-9A-F]{2}(\+i)?$/.test(word)) {
      const byte = Number.parseInt(word.slice(0, 2), 16);
      if (explicitModRm) {
        part.suffix = byte;
        part.immediateBytes = 1;
      } else {
        if (byte < 0xc0) throw new Error(`the fixed ModRM byte ${word} is not a register form`);
        explicitModRm = true;
        part.mods = 2;
        part.digits = 1 << ((byte >> 3) & 7);
        if (!word.endsWith("+i")) part.rms = 1 << (byte & 7);
      }
    } else if (word === "mod=11" || word === "mod!=11") part.mods = word === "mod=11" ? 2 : 1;
    else if (/^rm=[0-7]$/.test(word)) part.rms = 1 << Number(word[3]);
    else if (word === "moffs") part.immediateBytes = -1;
    else if (IMMEDIATE_BYTES[word] !== undefined) part.immediateBytes += IMMEDIATE_BYTES[word];
    else throw new Error(`"${word}" is not part of an opcode`);
  }
  if (explicitModRm) part.hasModRm = true;
  return part;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function readLegacyHead(head: readonly string[], part: Mutable<OpcodePart>, { kind, value, all }: Alternative): void {
  for (const word of head) {
    if (PREFIX_SETS[word] !== undefined) part.prefixes = PREFIX_SETS[word];
    else if (word === "REX.W") part.sizes = 4;
    else if (word === "REX.B0") part.rms = 1;
  }
  if (kind === "operand") {
    takeSizes(part, value, all);
  } else if (part.sizes === 4) part.operandSize = 64;
  if (kind === "address") part.addressSizes = value === 32 ? 1 : 2;
}

function takeSizes(part: Mutable<OpcodePart>, value: number, all: readonly number[]): void {
  part.operandSize = value as 16 | 32 | 64;
  part.sizes = 0;
  [16, 32, 64].forEach((effective, bit) => {
    if (takenSize(effective, all) === value) part.sizes |= 1 << bit;
  });
}

/** Which of an instruction's operand sizes the size that the prefixes ask for selects. */
function takenSize(effective: number, all: readonly number[]): number {
  if (all.includes(effective)) return effective;
  const order = effective === 64 ? [32, 16] : effective === 32 ? [64, 16] : [32, 64];
  return order.find((size) => all.includes(size))!;
}

function readVectorHead(word: string, part: Mutable<OpcodePart>, { space, map }: RowPlace, { kind, value, all }: Alternative): void {
  const words = word.split(".").slice(1);
  part.prefixes = 1;
  for (const each of words) {
    if (each === "66" || each === "F2" || each === "F3" || each === "NP") part.prefixes = PREFIX_SETS[each]!;
    else if (each === "128" || each === "256" || each === "512") {
      part.vectorLength = Number(each) as 128 | 256 | 512;
      part.lengths = part.vectorLength >> 7 === 4 ? 4 : part.vectorLength >> 7;
    } else if (each === "L0" || each === "LZ") part.lengths = 1;
    else if (each === "L1") part.lengths = 2;
    else if (each === "W0" || each === "W1") part.w = each === "W0" ? 1 : 2;
    else if (NEW_DATA[each] !== undefined && map === PROMOTED_MAP) part.promoted &= NEW_DATA[each];
    else if (/^o(16|32|64)$/.test(each) && map === PROMOTED_MAP) continue;
    else if (each !== "LIG" && each !== "WIG" && MAPS[each] === undefined)
      throw new Error(`"${each}" is not part of a ${space.toUpperCase()} prefix`);
  }
  if (kind === "w") part.operandSize = value === 0 ? 32 : 64;
  if (map !== PROMOTED_MAP) return;
  // APX promotes legacy instructions: operand sizes as there, 66 in the field pp, vector length 0.
  part.lengths = 1;
  if (kind === "operand" && (part.prefixes & 1) !== 0) part.prefixes |= PREFIX_SETS["66"]!;
  if (kind === "operand") takeSizes(part, value, all);
}

/** ND and NF in EVEX map 4, as sets of ND + 2 NF. */
const NEW_DATA: Readonly<Record<string, number>> = { ND0: 0b0101, ND1: 0b1010, NF0: 0b0011, NF1: 0b1100 };
