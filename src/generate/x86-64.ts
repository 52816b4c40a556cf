import { LENGTH_LIMIT, type MandatoryPrefix } from "../isa/x86-64/format.ts";
import { type OperandShape, PROMOTED_MAP, type Variant } from "../isa/x86-64/notation.ts";
import type { Choices } from "./choices.ts";
import type { EncodingWish, Form } from "./form.ts";

/** The form of a variant of the x86-64 table. */
export function formOfVariant(variant: Variant): Form {
  return { name: variant.form, instructionSet: "x86-64", encode: (choices, wish) => encode(variant, choices, wish) };
}

/** What of an encoding its prefixes have to carry. Register numbers are whole: 0 to 31. */
interface Fields {
  readonly reg: number;
  /** ModRM.rm of a register, or the register in the opcode. */
  readonly rm: number;
  readonly memory: Memory | undefined;
  readonly vvvv: number;
}

/** A memory operand. */
interface Memory {
  /** Undefined: none, or with `ripRelative` the program counter. */
  readonly base: number | undefined;
  readonly index: number | undefined;
  readonly scale: number;
  readonly displacement: number;
  readonly displacementBytes: 0 | 1 | 4;
  readonly ripRelative: boolean;
  readonly sib: boolean;
}

/** Number that means "no index" in a SIB byte. */
const NO_INDEX = 4;
/** Redundant but legal: ES, CS, SS, DS overrides do nothing in 64-bit mode. */
const NULL_SEGMENTS = [0x2e, 0x36, 0x3e, 0x26] as const;

function encode(variant: Variant, choices: Choices, { registersOnly }: EncodingWish): Uint8Array {
  const high = isExtendable(variant) && choices.rarely("encoding high-registers", 12);
  const fields = fieldsOf(variant, choices, registersOnly === true, high);
  const bytes: number[] = [];
  const addressSize = variant.addressSizes === 1 || (variant.addressSizes === 3 && choices.rarely("encoding address-size", 10)) ? 32 : 64;
  if (addressSize === 32) bytes.push(0x67);
  switch (choices.below("encoding segment", 16)) {
    case 13:
      bytes.push(0x64);
      break;
    case 14:
      bytes.push(0x65);
      break;
    case 15:
      bytes.push(choices.pick("encoding null-segment", NULL_SEGMENTS));
      break;
    default:
  }
  const opcode = variant.span === 8 ? variant.opcode + (fields.rm & 7) : variant.opcode;
  switch (variant.space) {
    case "legacy":
    case "rex2":
      bytes.push(...legacyHead(variant, fields, choices, high || variant.space === "rex2"), opcode);
      break;
    case "vex":
    case "xop":
      bytes.push(...vexHead(variant, fields, choices), opcode);
      break;
    case "evex":
      bytes.push(...evexHead(variant, fields, choices), opcode);
      break;
    default:
      variant.space satisfies never;
  }
  if (variant.hasModRm) bytes.push(...modRm(fields));
  bytes.push(...immediates(variant, addressSize, choices));
  return Uint8Array.from(bytes.slice(0, LENGTH_LIMIT));
}

/** APX: REX2 and EVEX reach registers 16 to 31; without APX EVEX reaches vector registers. */
function isExtendable({ space, map }: Variant): boolean {
  return space === "evex" || (space === "legacy" && map <= 1);
}

function fieldsOf(variant: Variant, choices: Choices, registersOnly: boolean, high: boolean): Fields {
  const limit = high ? 32 : 16;
  const has = (field: OperandShape["field"]): OperandShape | undefined => variant.operands.find((operand) => operand.field === field);
  const digits = Array.from({ length: 8 }, (_, digit) => digit).filter((digit) => ((variant.digits >> digit) & 1) === 1);
  const reg = has("R") === undefined ? choices.pick("encoding digit", digits) : registerNumber("reg", has("R")!, limit, choices);
  const isRegister = (variant.mods & 1) === 0 || (registersOnly && (variant.mods & 2) !== 0);
  const memory = variant.hasModRm && !isRegister ? memoryOf(has("M"), high, choices) : undefined;
  const rms = Array.from({ length: 8 }, (_, rm) => rm).filter((rm) => ((variant.rms >> rm) & 1) === 1);
  let rm = 0;
  if (variant.span === 8) rm = variant.rms === 1 ? choices.below("encoding rm", 8) : choices.below("encoding rm", limit);
  else if (memory === undefined) rm = rms.length === 8 ? registerNumber("rm", has("M"), limit, choices) : choices.pick("encoding rm", rms);
  return { reg, rm, memory, vvvv: has("V") === undefined ? unusedRegister(variant, choices) : registerNumber("vvvv", has("V"), limit, choices) };
}

/** CCMP and CTEST have the flags of a false condition in vvvv, and a bit of their condition in V4. */
function unusedRegister({ does }: Variant, choices: Choices): number {
  return does === "compare-if" || does === "test-if" ? choices.below("encoding vvvv", 32) : 0;
}

const FILE_LIMITS: Readonly<Partial<Record<string, number>>> = { mask: 8, mmx: 8, x87: 8, segment: 6, debug: 8, bound: 4, tile: 8 };

function registerNumber(name: string, shape: OperandShape | undefined, limit: number, choices: Choices): number {
  return choices.below(`encoding ${name}`, Math.min(limit, FILE_LIMITS[shape?.register?.file ?? "general"] ?? 32));
}

function memoryOf(shape: OperandShape | undefined, high: boolean, choices: Choices): Memory {
  const limit = high ? 32 : 16;
  const vector = shape?.memory?.vectorIndex !== undefined;
  const sibNeeded = vector || shape?.memory?.tile === true;
  // 0 to 5 a base alone, 6 to 9 with an index, then: an index alone, an absolute address, relative to RIP.
  const kind = choices.below("encoding address", 13);
  const indexed = vector || (kind >= 6 && kind <= 10);
  const base = kind <= 9 ? choices.below("encoding base", limit) : undefined;
  const ripRelative = kind === 12 && !sibNeeded;
  const index = indexed ? choices.below("encoding index", limit) : undefined;
  const sib = sibNeeded || indexed || (base === undefined && !ripRelative) || (base !== undefined && (base & 7) === 4) || choices.rarely("encoding sib", 8);
  let displacementBytes: 0 | 1 | 4 = 4;
  if (base !== undefined) {
    displacementBytes = choices.pick("encoding displacement-bytes", [0, 1, 1, 4]);
    // mod 00 with base 101 means something else.
    if (displacementBytes === 0 && (base & 7) === 5) displacementBytes = 1;
  }
  const displacement = displacementBytes === 0 ? 0 : Number(choices.value("encoding displacement", 8 * displacementBytes));
  return { base, index, scale: indexed ? choices.below("encoding scale", 4) : 0, displacement, displacementBytes, ripRelative, sib };
}

function modRm({ reg, rm, memory }: Fields): number[] {
  const low = (reg & 7) << 3;
  if (memory === undefined) return [0xc0 | low | (rm & 7)];
  const { base, index, scale, displacement, displacementBytes, ripRelative, sib } = memory;
  const mod = base === undefined || displacementBytes === 0 ? 0 : displacementBytes === 1 ? 0x40 : 0x80;
  const bytes = [mod | low | (sib ? 4 : base === undefined || ripRelative ? 5 : base & 7)];
  if (sib) bytes.push((scale << 6) | (((index ?? NO_INDEX) & 7) << 3) | (base === undefined ? 5 : base & 7));
  return [...bytes, ...littleEndian(displacement, displacementBytes)];
}

function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 0xff);
}

/** Mandatory prefix and operand size that select the variant, the plainest first. */
function selections(variant: Variant): readonly (readonly [MandatoryPrefix, 0 | 1 | 2])[] {
  const found: (readonly [MandatoryPrefix, 0 | 1 | 2])[] = [];
  for (const mandatory of [0, 1, 2, 3] as const) {
    for (const size of [1, 0, 2] as const) {
      if (((variant.prefixes >> mandatory) & 1) === 0 || ((variant.sizes >> size) & 1) === 0) continue;
      // 66 is both: without REX.W it makes the operand size 16.
      if (mandatory === 0 && size === 0) continue;
      if (mandatory === 1 && size === 1) continue;
      found.push([mandatory, size]);
    }
  }
  return found;
}

/** Legacy prefixes, REX or REX2, and the escape bytes of the opcode map. */
function legacyHead(variant: Variant, fields: Fields, choices: Choices, wide: boolean): number[] {
  const all = selections(variant);
  // A repeat prefix that the row does not ask for is redundant: rare, and behind the others.
  const plain = all.filter(([mandatory]) => mandatory <= 1);
  const [mandatory, size] = choices.pick("encoding prefix", plain.length === 0 || choices.rarely("encoding redundant", 12) ? all : plain) ?? [0, 1];
  const bytes: number[] = [];
  if (choices.rarely("encoding lock", 16)) bytes.push(0xf0);
  if (mandatory >= 2) bytes.push(mandatory === 2 ? 0xf3 : 0xf2);
  if (mandatory === 1 || size === 0) bytes.push(0x66);
  const rex = extensionBits(fields, (variant.w === 2 || size === 2) ? 1 : 0);
  if (wide) return [...bytes, 0xd5, (variant.map << 7) | (rex.high << 4) | rex.low];
  if (rex.low !== 0 || choices.rarely("encoding rex", 4)) bytes.push(0x40 | rex.low);
  const escapes = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][variant.map]!;
  return [...bytes, ...escapes];
}

/** W R X B of REX, and R4 X4 B4. */
function extensionBits({ reg, rm, memory }: Fields, w: 0 | 1): { readonly low: number; readonly high: number } {
  const index = memory?.index ?? 0;
  const base = memory === undefined ? rm : (memory.base ?? 0);
  const bits = (position: number): number => (((reg >> position) & 1) << 2) | (((index >> position) & 1) << 1) | ((base >> position) & 1);
  return { low: (w << 3) | bits(3), high: bits(4) };
}

function vexHead(variant: Variant, fields: Fields, choices: Choices): number[] {
  const w = variant.w === 2 ? 1 : variant.w === 1 ? 0 : choices.below("encoding W", 2);
  const length = choices.pick("encoding L", [0, 1].filter((code) => ((variant.lengths >> code) & 1) === 1)) ?? 0;
  const prefix = choices.pick("encoding prefix", [0, 1, 2, 3].filter((each) => ((variant.prefixes >> each) & 1) === 1));
  const { low } = extensionBits(fields, 0);
  const last = ((~fields.vvvv & 15) << 3) | (length << 2) | prefix;
  const short = variant.space === "vex" && variant.map === 1 && w === 0 && (low & 3) === 0;
  if (short && !choices.rarely("encoding long", 3)) return [0xc5, ((~low & 4) << 5) | last];
  return [variant.space === "xop" ? 0x8f : 0xc4, ((~low & 7) << 5) | variant.map, (w << 7) | last];
}

function evexHead(variant: Variant, fields: Fields, choices: Choices): number[] {
  const promoted = variant.map === PROMOTED_MAP;
  const sizes = promoted ? [1, 0, 2].filter((size) => ((variant.sizes >> size) & 1) === 1) : [1];
  const size = choices.pick("encoding size", sizes);
  const w = variant.w === 2 || size === 2 ? 1 : variant.w === 1 || promoted ? 0 : choices.below("encoding W", 2);
  const prefixes = [0, 1, 2, 3].filter((each) => ((variant.prefixes >> each) & 1) === 1 && (!promoted || sizes.length === 3 || size === 2 || (each === 1) === (size === 0)));
  const prefix = choices.pick("encoding prefix", promoted && size === 0 ? [1] : prefixes) ?? 0;
  const length = choices.pick("encoding L", [0, 1, 2].filter((code) => ((variant.lengths >> code) & 1) === 1)) ?? 0;
  const { low, high } = extensionBits(fields, 0);
  const mask = evexMask(variant, fields, choices);
  // Of a vector register in ModRM.rm the bit X3 is bit 4.
  const vectorRm = fields.memory === undefined && variant.operands.some(({ field, register }) => field === "M" && register?.file === "vector");
  const index = vectorRm ? fields.rm >> 4 : (low >> 1) & 1;
  const inverted = ((low & 4) << 5) | (index << 6) | ((low & 1) << 5) | ((high & 4) << 2);
  const base4 = vectorRm ? 0 : high & 1;
  const vectorIndex = variant.operands.some(({ memory }) => memory?.vectorIndex !== undefined) ? (fields.memory?.index ?? 0) >> 4 : undefined;
  const index4 = vectorIndex === undefined && !vectorRm ? (high >> 1) & 1 : 0;
  const v4 = vectorIndex ?? fields.vvvv >> 4;
  return [
    0x62,
    (~inverted & 0xf0) | (base4 << 3) | variant.map,
    (w << 7) | ((~fields.vvvv & 15) << 3) | (index4 === 1 ? 0 : 4) | prefix,
    (mask.zeroing << 7) | (length << 5) | (mask.b << 4) | ((~v4 & 1) << 3) | mask.aaa,
  ];
}

/** z, b and aaa; in map 4 ND and NF. */
function evexMask(variant: Variant, { memory }: Fields, choices: Choices): { readonly aaa: number; readonly zeroing: number; readonly b: number } {
  if (variant.map === PROMOTED_MAP) {
    const conditional = variant.does === "compare-if" || variant.does === "test-if";
    const [nd, nf] = choices.pick("encoding promoted", [[0, 0], [1, 0], [0, 1], [1, 1]].filter(([d, f]) => ((variant.promoted >> (d! | (f! << 1))) & 1) === 1)) as [number, number];
    return conditional ? { aaa: choices.below("encoding condition", 8), zeroing: 0, b: nd } : { aaa: nf << 2, zeroing: 0, b: nd };
  }
  const required = variant.facts.maskRequired === true;
  const aaa = !variant.masking ? 0 : required ? 1 + choices.below("encoding mask", 7) : choices.rarely("encoding masked", 2) ? choices.below("encoding mask", 8) : 0;
  const storing = memory !== undefined && variant.operands[0]?.field === "M";
  const zeroing = variant.zeroing && aaa !== 0 && !storing && choices.rarely("encoding zeroing", 2) ? 1 : 0;
  const canBroadcast = memory === undefined ? variant.rounding : variant.operands.some((operand) => operand.memory?.broadcast !== undefined);
  return { aaa, zeroing, b: canBroadcast && choices.rarely("encoding broadcast", 3) ? 1 : 0 };
}

function immediates(variant: Variant, addressSize: 32 | 64, choices: Choices): number[] {
  if (variant.suffix !== undefined) return [variant.suffix];
  const size = variant.immediateBytes < 0 ? addressSize / 8 : variant.immediateBytes;
  const value = size === 0 ? 0n : choices.value("encoding immediate", 8 * size);
  return Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}
