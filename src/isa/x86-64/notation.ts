import type { Meaning } from "./meaning.ts";

/**
 * One line, or several alike, of the opcode tables of the SDM (volume 2, section 3.1.1 "Instruction Format" says how they read):
 *
 *   ["o16|32|64 01 /r", "ADD r/mO, rO", "MR", "add"]
 *   ["EVEX.128|256|512.F3.0F.W1 6F /r", "VMOVDQU64 vmm1 {k1}{z}, vmm2/mV", "RM", "move", { tuple: "Full Mem", element: 64 }]
 *
 * 1. Opcode. As in the SDM: a mandatory prefix (NP, NFx, 66, F2, F3), operand sizes, the opcode bytes, then /r, /0–/7, +r or a
 *    fixed ModRM byte, then immediates (ib iw id io, iO: imm16 or imm32, cb cw cd, moffs, /is4). `66 67 …` never stand for opcodes.
 *    Operand sizes: `o16|32|64` are those that the instruction has. Without 32, the size without a prefix is 64; without 16,
 *    prefix 66 changes nothing; a single size is always that one. REX.W demands the bit, REX.B0 that the bit is clear. `a32|64` are address sizes.
 *    VEX, EVEX and XOP: as in the SDM (VEX.128.66.0F38.W0) and the APM; EVEX.MAP4 (APX) takes operand sizes as legacy instructions do,
 *    and the bits ND0, ND1, NF0, NF1.
 * 2. Instruction. Operands as in the SDM. Where the opcode has alternatives (`16|32|64`, `128|256|512`, `W0|1`), an operand or mnemonic
 *    may have as many (`xmm1|ymm1`), or use a letter: O is the operand size (r/mO, rO, mO, immO, rAX), A the address size (rA),
 *    vmm1 is xmm1, ymm1 or zmm1, mV memory of that length, mH mQ mE a half, a quarter, an eighth of it, hmm1 a register of half.
 *    {er} and {sae} apply to the last alternative.
 * 3. Where each operand is encoded, a letter each (the column Op/En): M ModRM.rm, R ModRM.reg, V VEX.vvvv, O opcode bits 2:0,
 *    S immediate bits 7:4, I immediate, D relative offset or moffs, X implied.
 * 4. What it does, see `meaning.ts`.
 * 5. Facts that the columns above do not give.
 */
export type Row = readonly [opcode: string, instruction: string, fields: string, does: Meaning, facts?: RowFacts];

export interface RowFacts {
  /** EVEX: tuple type, SDM volume 2, tables 2-34 and 2-35; it gives the factor of an 8-bit displacement. */
  readonly tuple?: TupleType;
  /** Vectors: bits of an element, by which EVEX masking, compress, expand and gather count. */
  readonly element?: 8 | 16 | 32 | 64 | 128;
  /** The memory operand must be aligned to its size. */
  readonly aligned?: true;
  /** An instruction of the other vendor's, or one that only exists in certain modes: refused as undefined with this reason. */
  readonly undefined?: string;
  /** Registers that have to be different, or #UD: the destination from the others, or all. */
  readonly distinct?: "destination" | "all";
  /** Opmask registers: EVEX.aaa = 0 is #UD (gather and scatter). */
  readonly maskRequired?: true;
  /** Bits of a memory access that no operand shows (strings, ENTER, XSAVE …); 0 where registers tell how many. */
  readonly implicit?: number;
  /** Slots of the operand size that it pushes or pops, where the row is only named. */
  readonly stack?: number;
  /** ModRM.mod is ignored, and taken for 3 (MOV to and from control and debug registers). */
  readonly ignoresMod?: true;
  /** APX: NF = 1 keeps the flags as they are. */
  readonly noFlags?: true;
}

export type TupleType =
  /** APX promotions: the displacement is not scaled. */
  | "No Scale"
  | "Full"
  | "Half"
  | "Quarter"
  | "Full Mem"
  | "Tuple1 Scalar"
  | "Tuple1 Fixed"
  | "Tuple1_4X"
  | "Tuple2"
  | "Tuple4"
  | "Tuple8"
  | "Half Mem"
  | "Quarter Mem"
  | "Eighth Mem"
  | "Mem128"
  | "MOVDDUP";

/** Encoding spaces: what introduces the opcode. REX2 is legacy but for JMPABS, the one instruction that is its own. */
export type Space = "legacy" | "rex2" | "vex" | "evex" | "xop";

export type RegisterFile =
  | "general"
  | "vector"
  | "mask"
  | "mmx"
  | "x87"
  | "segment"
  | "control"
  | "debug"
  | "bound"
  | "tile";

/** One operand of a {@link Variant}: it may be a register, memory, or either. */
export interface OperandShape {
  readonly text: string;
  readonly field: "M" | "R" | "V" | "O" | "S" | "I" | "D" | "X";
  readonly register?: { readonly file: RegisterFile; readonly width: number };
  readonly memory?: {
    /** 0: what is accessed is not in the operand's text. */
    readonly bits: number;
    /** EVEX.b: one element of this many bits is broadcast. */
    readonly broadcast?: number;
    /** VSIB: bits of one index, and of the index register. */
    readonly vectorIndex?: { readonly bits: number; readonly register: number };
    /** The address is not a RIP-relative one, and has a SIB byte (AMX). */
    readonly tile?: true;
  };
  readonly immediate?: number;
  /** Registers that are not encoded: AL, CL …; the number in its file. */
  readonly fixed?: number;
}

/** One instruction of one operand size or vector length: what a {@link Row} expands to. */
export interface Variant {
  readonly row: Row;
  /** Instruction and opcode as the SDM writes them, e.g. `MOV r64, r/m64 [REX.W + 8B /r]`. */
  readonly form: string;
  readonly mnemonic: string;
  readonly space: Space;
  readonly map: number;
  readonly opcode: number;
  /** How many opcodes from `opcode` up: 8 for +r. */
  readonly span: 1 | 8;
  /** Sets as bit masks. Mandatory prefixes: bit 0 none, 1 66, 2 F3, 3 F2. */
  readonly prefixes: number;
  /** Operand size from the prefixes: bit 0 16, 1 32, 2 64. */
  readonly sizes: number;
  /** VEX.W and the like. */
  readonly w: number;
  /** Vector length: bit 0 128, 1 256, 2 512. */
  readonly lengths: number;
  /** Address size: bit 0 32, 1 64. */
  readonly addressSizes: number;
  /** ModRM.reg. */
  readonly digits: number;
  /** ModRM.mod: bit 0 memory, 1 register. */
  readonly mods: number;
  /** ModRM.rm, of registers. */
  readonly rms: number;
  /** EVEX map 4: bit ND + 2 NF. */
  readonly promoted: number;
  /** 3DNow: the byte behind the operands. */
  readonly suffix: number | undefined;
  readonly hasModRm: boolean;
  /** Bytes behind the operands. */
  readonly immediateBytes: number;
  readonly operandSize: 16 | 32 | 64 | undefined;
  readonly vectorLength: 128 | 256 | 512 | undefined;
  readonly operands: readonly OperandShape[];
  readonly masking: boolean;
  readonly zeroing: boolean;
  readonly rounding: boolean;
  readonly does: Meaning;
  readonly facts: RowFacts;
}

/** Which opcode bucket a row belongs to, read without compiling it. */
export interface RowPlace {
  readonly space: Space;
  readonly map: number;
  readonly opcode: number;
  readonly span: 1 | 8;
}

/** The map of EVEX in which APX has promoted legacy instructions. */
export const PROMOTED_MAP = 4;
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
interface Alternative {
  readonly kind: "operand" | "address" | "length" | "w" | "only";
  readonly value: number;
  readonly position: number;
  readonly count: number;
  /** All the values, for the rule which effective operand size takes which. */
  readonly all: readonly number[];
}

/** Compiles a row. Throws an Error that says what in it can't be read. */
export function compileRow(row: Row): Variant[] {
  const [opcode, instruction] = row;
  try {
    return alternativesOf(opcode).map((alternative) => compileVariant(row, alternative));
  } catch (error) {
    throw new Error(`row "${opcode}" "${instruction}": ${(error as Error).message}`, { cause: error });
  }
}

const LIST = /\b(o|a|W)?(\d+(?:\|\d+)+)\b/g;

function alternativesOf(opcode: string): Alternative[] {
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

function compileVariant(row: Row, alternative: Alternative): Variant {
  const [, , fields, does, facts = {}] = row;
  const place = placeOf(row);
  const opcode = expandOpcode(row[0], alternative);
  const instruction = expandInstruction(row[1], alternative);
  const encoding = readOpcode(opcode, place, alternative);
  const space = instruction.indexOf(" ");
  const mnemonic = (space < 0 ? instruction : instruction.slice(0, space)).toLowerCase();
  const texts = space < 0 ? [] : instruction.slice(space + 1).split(", ");
  if (texts.length !== fields.length) throw new Error(`it has ${texts.length} operands, and places for ${fields.length} ("${fields}")`);
  const operands = texts.map((text, index) => readOperand(text, fields[index]!));
  const modRm = operands.find(({ field }) => field === "M");
  if (encoding.hasModRm === false && operands.some(({ field }) => field === "M" || field === "R")) {
    throw new Error("an operand is in a ModRM byte that the opcode does not have");
  }
  let mods = encoding.mods;
  if (modRm !== undefined) {
    const possible = (modRm.memory === undefined ? 0 : 1) | (modRm.register === undefined ? 0 : 2);
    mods &= possible;
    if (mods === 0) throw new Error(`operand ${modRm.text} does not fit the ModRM byte`);
  }
  if (place.space === "evex" && operands.some(({ memory }) => memory !== undefined) && facts.tuple === undefined && place.map !== 4) {
    throw new Error("an EVEX row with a memory operand must state its tuple type");
  }
  const tupleFits = facts.tuple === undefined || tupleFactor(facts.tuple, operands, encoding.vectorLength, facts.element) !== undefined;
  if (!tupleFits) throw new Error(`tuple type ${facts.tuple} does not fit its memory operand`);
  return {
    row,
    form: `${instruction} [${asPrinted(opcode, alternative)}]`,
    mnemonic,
    ...place,
    ...encoding,
    mods,
    operands,
    masking: /\{k\d\}/.test(row[1]),
    zeroing: row[1].includes("{z}"),
    rounding: /\{(er|sae)\}/.test(instruction),
    does,
    facts,
  };
}

function expandOpcode(opcode: string, { kind, value, position, count }: Alternative): string {
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
function asPrinted(opcode: string, { kind, value, all }: Alternative): string {
  const wide = kind === "operand" && value === 64 && all.includes(32) ? "REX.W + " : "";
  return opcode.startsWith("EVEX") ? opcode : opcode.replace(/\b[oa](16|32|64) /, wide);
}

const LENGTH_LETTER: Readonly<Record<number, string>> = { 128: "x", 256: "y", 512: "z" };

function expandInstruction(instruction: string, alternative: Alternative): string {
  const { kind, value, position, count } = alternative;
  const last = position === count - 1;
  const size = kind === "w" ? [32, 64][value] : kind === "operand" || kind === "address" ? value : undefined;
  const length = kind === "length" ? value : undefined;
  const substitute = (word: string): string => {
    const choice = word.split("|");
    let text = word;
    if (choice.length > 1) {
      if (choice.length !== count) throw new Error(`"${word}" has ${choice.length} alternatives, the opcode ${count}`);
      text = choice[position]!;
    }
    if (!last) text = text.replace(/\{(er|sae)\}/, "");
    return text.replace(/(^|\/)(vmm|hmm|m[VHQE]|r[OA]|mO|immO|moffsO|relO|rAX)(?=[\d/{+]|$)/g, (whole, before: string, letters: string) => {
      const expanded = expandLetters(letters, size, length);
      if (expanded === undefined) throw new Error(`"${whole}" has no meaning with the alternatives of this opcode`);
      return before + expanded;
    });
  };
  return instruction
    .split(/(, | )/)
    .map((word) => (word === ", " || word === " " ? word : substitute(word)))
    .join("");
}

function expandLetters(letters: string, size: number | undefined, length: number | undefined): string | undefined {
  if (length !== undefined) {
    switch (letters) {
      case "vmm":
        return `${LENGTH_LETTER[length]!}mm`;
      case "hmm":
        return `${LENGTH_LETTER[Math.max(128, length / 2)]!}mm`;
      case "mV":
      case "mH":
      case "mQ":
      case "mE":
        return `m${length / { V: 1, H: 2, Q: 4, E: 8 }[letters[1] as "V" | "H" | "Q" | "E"]}`;
      default:
        return undefined;
    }
  }
  if (size === undefined) return undefined;
  switch (letters) {
    case "rO":
    case "rA":
      return `r${size}`;
    case "mO":
      return `m${size}`;
    case "immO":
      return size === 16 ? "imm16" : "imm32";
    case "relO":
      return size === 16 ? "rel16" : "rel32";
    case "moffsO":
      return `moffs${size}`;
    case "rAX":
      return { 16: "AX", 32: "EAX", 64: "RAX" }[size];
    default:
      return undefined;
  }
}

const PREFIX_SETS: Readonly<Record<string, number>> = { NP: 1, NFx: 3, "66": 2, F3: 4, F2: 8 };
const IMMEDIATE_BYTES: Readonly<Record<string, number>> = { ib: 1, iw: 2, id: 4, io: 8, cb: 1, cw: 2, cd: 4, "/is4": 1 };

type OpcodePart = Pick<
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

function readOpcode(opcode: string, place: RowPlace, alternative: Alternative): OpcodePart {
  const match = PLACE.exec(opcode)!;
  const [whole, , , prefixes = ""] = match;
  const tail = opcode.slice(whole.length).split(" ").filter((word) => word !== "");
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
    else if (each !== "LIG" && each !== "WIG" && MAPS[each] === undefined) throw new Error(`"${each}" is not part of a ${space.toUpperCase()} prefix`);
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

const NAMED: Readonly<Record<string, Pick<OperandShape, "register" | "fixed">>> = {
  AL: { register: { file: "general", width: 8 }, fixed: 0 },
  AX: { register: { file: "general", width: 16 }, fixed: 0 },
  EAX: { register: { file: "general", width: 32 }, fixed: 0 },
  RAX: { register: { file: "general", width: 64 }, fixed: 0 },
  CL: { register: { file: "general", width: 8 }, fixed: 1 },
  DX: { register: { file: "general", width: 16 }, fixed: 2 },
  FS: { register: { file: "segment", width: 16 }, fixed: 4 },
  GS: { register: { file: "segment", width: 16 }, fixed: 5 },
  "<XMM0>": { register: { file: "vector", width: 128 }, fixed: 0 },
  "ST(0)": { register: { file: "x87", width: 80 }, fixed: 0 },
};

const REGISTERS: readonly (readonly [RegExp, RegisterFile, number])[] = [
  [/^r8$/, "general", 8],
  [/^r16$/, "general", 16],
  [/^r32[ab]?$/, "general", 32],
  [/^r64[ab]?$/, "general", 64],
  [/^xmm\d?$/, "vector", 128],
  [/^ymm\d?$/, "vector", 256],
  [/^zmm\d?$/, "vector", 512],
  [/^[xz]mm2\+3$/, "vector", 128],
  [/^mm\d?$/, "mmx", 64],
  [/^k\d(\+1)?$/, "mask", 64],
  [/^bnd\d?$/, "bound", 128],
  [/^tmm\d$/, "tile", 8192],
  [/^Sreg$/, "segment", 16],
  [/^cr$/, "control", 64],
  [/^dr$/, "debug", 64],
  [/^ST\(i\)$/, "x87", 80],
];

/** Bits of the memory operands that are more than a number: SDM volume 2, section 3.1.1.3. */
const MEMORY_BITS: Readonly<Record<string, number>> = {
  m: 0,
  mem: 0,
  mib: 0,
  "m16&64": 80,
  "m16:16": 32,
  "m16:32": 48,
  "m16:64": 80,
  m80bcd: 80,
  m2byte: 16,
  m14byte: 112,
  m28byte: 224,
  m94byte: 752,
  m108byte: 864,
  m512byte: 4096,
};

function readOperand(text: string, field: string): OperandShape {
  if (!/^[MRVOSIDX]$/.test(field)) throw new Error(`"${field}" is not a place of an operand`);
  const shape: Mutable<OperandShape> = { text, field: field as OperandShape["field"] };
  const bare = text.replace(/ ?\{[^}]*\}/g, "");
  if (bare === "1") return { ...shape, immediate: 8, fixed: 1 };
  const named = NAMED[bare];
  if (named !== undefined) {
    if (field !== "X") throw new Error(`${bare} is implied, and its place says "${field}"`);
    return { ...shape, ...named };
  }
  const immediate = /^imm(4|8|16|32|64)$/.exec(bare) ?? /^rel(8|16|32)$/.exec(bare) ?? undefined;
  if (immediate !== undefined) return { ...shape, immediate: Number(immediate[1]) };
  const offset = /^moffs(8|16|32|64)$/.exec(bare);
  if (offset !== null) return { ...shape, memory: { bits: Number(offset[1]) } };
  const parts = bare.split("/");
  parts.forEach((part, at) => readOperandPart(part, parts, at, shape));
  return shape;
}

function readOperandPart(part: string, parts: readonly string[], at: number, shape: Mutable<OperandShape>): void {
  if (part === "r" && at === 0 && /^m(8|16|32|64)$/.test(parts[1] ?? "")) {
    shape.register = { file: "general", width: Number(parts[1]!.slice(1)) };
    return;
  }
  const register = REGISTERS.find(([pattern]) => pattern.test(part));
  if (register !== undefined && at === 0) {
    shape.register = { file: register[1], width: register[2] };
    return;
  }
  const vector = /^vm(32|64)([xyz])$/.exec(part);
  if (vector !== null) {
    shape.memory = { bits: 0, vectorIndex: { bits: Number(vector[1]), register: { x: 128, y: 256, z: 512 }[vector[2] as "x" | "y" | "z"] } };
    return;
  }
  if (part === "sibmem") {
    shape.memory = { bits: 0, tile: true };
    return;
  }
  const broadcast = /^m(16|32|64)bcst$/.exec(part);
  if (broadcast !== null && shape.memory !== undefined) {
    shape.memory = { ...shape.memory, broadcast: Number(broadcast[1]) };
    return;
  }
  const bits = MEMORY_BITS[part] ?? /^m(\d+)(?:fp|int)?$/.exec(part)?.[1];
  if (bits === undefined || shape.memory !== undefined) throw new Error(`operand kind "${part}" is unknown`);
  shape.memory = { bits: Number(bits) };
}

/**
 * The factor N of an 8-bit displacement (SDM volume 2, tables 2-34 and 2-35), without broadcast; undefined if the tuple type does not fit
 * the memory operand.
 */
export function tupleFactor(
  tuple: TupleType,
  operands: readonly OperandShape[],
  vectorLength: number | undefined,
  element: number | undefined,
): number | undefined {
  const memory = operands.find((operand) => operand.memory !== undefined)?.memory;
  if (memory === undefined) return undefined;
  const length = (vectorLength ?? 0) / 8;
  const must = (bytes: number): number | undefined => (memory.bits === 8 * bytes ? bytes : undefined);
  switch (tuple) {
    case "Full":
    case "Full Mem":
      return must(length);
    case "Half":
    case "Half Mem":
      return must(length / 2);
    case "Quarter":
    case "Quarter Mem":
      return must(length / 4);
    case "Eighth Mem":
      return must(length / 8);
    case "No Scale":
      return 1;
    case "Mem128":
    case "Tuple1_4X":
      return must(16);
    case "MOVDDUP":
      return must(vectorLength === 128 ? 8 : length);
    // Compress, expand, gather and scatter touch many elements, and the factor is one.
    case "Tuple1 Scalar":
      return element === undefined ? memory.bits / 8 : element / 8;
    case "Tuple1 Fixed":
    case "Tuple2":
    case "Tuple4":
    case "Tuple8":
      return memory.bits / 8;
    default:
      return tuple satisfies never;
  }
}
