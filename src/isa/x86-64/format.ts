import { Refusal } from "../../model/refusal.ts";
import type { Register } from "../../model/registers.ts";
import type { Space } from "./notation.ts";
import { FS_BASE, GS_BASE } from "./registers.ts";

/** Longest instruction in bytes, SDM volume 2, section 2.3.11: one byte more raises #GP. */
export const LENGTH_LIMIT = 15;

/** Mandatory prefixes by their number in VEX.pp; {@link Variant.prefixes} has a bit for each. */
export type MandatoryPrefix = 0 | 1 | 2 | 3;

/**
 * The fields of an instruction up to its displacement: legacy prefixes, REX, REX2, VEX, EVEX or XOP, the opcode, ModRM and SIB (SDM volume 2,
 * sections 2.1 to 2.7; APX architecture specification, sections 3.1.1 and 3.1.2). Register extensions are 0, 8, 16 or 24: what is added to
 * three bits of ModRM, SIB or opcode.
 */
export interface Encoding {
  /** Why the bytes can't be read on; the fields behind that place are as they are without them. */
  readonly refusal: Refusal | undefined;
  readonly space: Space;
  readonly map: number;
  readonly opcode: number;
  /** Position behind what was read: the opcode, or ModRM, SIB and displacement. */
  readonly end: number;
  readonly lock: boolean;
  /** The last of the prefixes F2 and F3, or 0. */
  readonly repeat: 0 | 0xf2 | 0xf3;
  readonly prefix66: boolean;
  readonly addressSize: 64 | 32;
  readonly segment: Register | undefined;
  /** The mandatory prefix that a row of this space would be chosen by. */
  readonly mandatory: MandatoryPrefix;
  /** A REX or REX2 prefix counts: byte registers 4–7 are SPL, BPL, SIL, DIL. */
  readonly rex: boolean;
  readonly rex2: boolean;
  readonly w: 0 | 1;
  readonly extendReg: number;
  /** Extension of SIB.index. */
  readonly extendIndex: number;
  /** Extension of ModRM.rm and SIB.base as general registers, and of the opcode's register. */
  readonly extendBase: number;
  /** Extension of ModRM.rm as a vector register. */
  readonly extendVector: number;
  /** VEX.vvvv, the right way up, with EVEX.V'. */
  readonly vvvv: number;
  /** Vector length: 0 128, 1 256, 2 512; 3 is reserved. */
  readonly lengthCode: number;
  readonly evex: EvexFields | undefined;
  /** Without a ModRM byte this and the fields below are as they stand here: false and 0. */
  readonly hasModRm: boolean;
  /** ModRM says that its operand is memory. */
  readonly isMemory: boolean;
  readonly reg: number;
  readonly rm: number;
  /** Memory: number of the general register, 0–31; undefined if there is none. */
  readonly base: number | undefined;
  /** Number of SIB.index without the extension of VSIB; undefined if there is none (4 in the SIB byte means none, but not for VSIB). */
  readonly index: number | undefined;
  /** log2 of the index's factor. */
  readonly scale: number;
  readonly displacement: number;
  /** Bytes of the displacement: one byte may be scaled (EVEX). */
  readonly displacementBytes: 0 | 1 | 4;
  /** The displacement counts from the end of the instruction. */
  readonly ripRelative: boolean;
  readonly hasSib: boolean;
}

/** Fields that only EVEX has. */
export interface EvexFields {
  /** aaa: the opmask register; 0 is none. */
  readonly opmask: number;
  readonly zeroing: boolean;
  /** b: broadcast, rounding or exception suppression; ND in map 4. */
  readonly b: boolean;
  /** V', as it extends VSIB.index. */
  readonly extendVectorIndex: number;
  /** The bit U: X4 inverted. */
  readonly u: boolean;
}

/** The refusal of bytes that end too early. */
export function truncated(bytes: Uint8Array, needed: number): Refusal {
  if (needed > LENGTH_LIMIT) return tooLong();
  const missing = needed - bytes.length;
  return new Refusal(
    "truncated-instruction",
    `${bytes.length === 0 ? "there are no bytes" : `there are ${bytes.length} bytes`}, and the instruction has at least ${missing} more`,
    `fetch at least ${missing} more byte${missing === 1 ? "" : "s"} from the address behind them, the next page if need be`,
  );
}

export function tooLong(): Refusal {
  return undefinedInstruction(`it would be longer than ${LENGTH_LIMIT} bytes (SDM volume 2, section 2.3.11)`);
}

export function undefinedInstruction(detail: string): Refusal {
  return new Refusal(
    "undefined-instruction",
    detail,
    "the processor raises an exception for these bytes: check that they were captured at the program counter, and not in the middle of an instruction",
  );
}

/** An encoding that is being read: one object from the first prefix to the displacement, so that decoding makes few of them. */
export type OpenEncoding = { -readonly [Key in keyof Encoding]: Encoding[Key] };

function emptyEncoding(): OpenEncoding {
  return {
    refusal: undefined,
    space: "legacy",
    map: 0,
    opcode: 0,
    end: 0,
    lock: false,
    repeat: 0,
    prefix66: false,
    addressSize: 64,
    segment: undefined,
    mandatory: 0,
    rex: false,
    rex2: false,
    w: 0,
    extendReg: 0,
    extendIndex: 0,
    extendBase: 0,
    extendVector: 0,
    vvvv: 0,
    lengthCode: 0,
    evex: undefined,
    hasModRm: false,
    isMemory: false,
    reg: 0,
    rm: 0,
    base: undefined,
    index: undefined,
    scale: 0,
    displacement: 0,
    displacementBytes: 0,
    ripRelative: false,
    hasSib: false,
  };
}

/** Reads prefixes and opcode. */
export function parseEncoding(bytes: Uint8Array): OpenEncoding {
  const draft = emptyEncoding();
  draft.refusal = readPrefixesAndOpcode(bytes, draft);
  return draft;
}

function readPrefixesAndOpcode(bytes: Uint8Array, draft: OpenEncoding): Refusal | undefined {
  let position = 0;
  let rex = 0;
  for (; ; position++) {
    if (position >= LENGTH_LIMIT) return tooLong();
    if (position >= bytes.length) return truncated(bytes, position + 1);
    const byte = bytes[position]!;
    if (byte >= 0x40 && byte <= 0x4f) {
      rex = byte;
      continue;
    }
    if (!takePrefix(draft, byte)) break;
    // A REX that is not the last prefix is ignored (SDM volume 2, section 2.2.1).
    rex = 0;
  }
  const first = bytes[position]!;
  if (first === 0x8f && position + 1 >= bytes.length) return truncated(bytes, position + 2);
  // POP is 8F /0: the low five bits of its ModRM byte are less than 8, and those of XOP, its map, are not.
  if (first === 0xc4 || first === 0xc5 || first === 0x62 || (first === 0x8f && (bytes[position + 1]! & 0x1f) >= 8)) {
    if (draft.lock || draft.repeat !== 0 || draft.prefix66 || rex !== 0) return misplacedVector(first, draft, rex);
    return first === 0x62 ? parseEvex(bytes, position, draft) : parseVex(bytes, position, draft);
  }
  draft.mandatory = draft.repeat === 0xf3 ? 2 : draft.repeat === 0xf2 ? 3 : draft.prefix66 ? 1 : 0;
  if (first !== 0xd5) return parseOpcode(bytes, position, draft, rex);
  if (rex !== 0) return undefinedInstruction("a REX2 prefix must not follow REX (APX specification, section 3.1.1)");
  return parseRex2(bytes, position, draft);
}

/** Notes a legacy prefix; false if the byte is none. */
function takePrefix(draft: OpenEncoding, byte: number): boolean {
  switch (byte) {
    case 0xf0:
      draft.lock = true;
      return true;
    case 0xf2:
    case 0xf3:
      draft.repeat = byte;
      return true;
    case 0x66:
      draft.prefix66 = true;
      return true;
    case 0x67:
      draft.addressSize = 32;
      return true;
    case 0x64:
      draft.segment = FS_BASE;
      return true;
    case 0x65:
      draft.segment = GS_BASE;
      return true;
    // ES, CS, SS and DS overrides do nothing in 64-bit mode (SDM volume 1, section 3.3.7.1; APM volume 1, section 2.2: null prefixes).
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
      return true;
    default:
      return false;
  }
}

function misplacedVector(first: number, { lock, prefix66 }: OpenEncoding, rex: number): Refusal {
  const name = first === 0x62 ? "an EVEX" : first === 0x8f ? "an XOP" : "a VEX";
  const before = lock ? "LOCK" : rex !== 0 ? "REX" : prefix66 ? "66" : "F2 or F3";
  return undefinedInstruction(`${name} prefix must not follow ${before} (SDM volume 2, sections 2.3.2 and 2.7.1)`);
}

/** One-, two- and three-byte opcodes, with or without REX. */
function parseOpcode(bytes: Uint8Array, position: number, draft: OpenEncoding, rex: number): Refusal | undefined {
  let at = position;
  if (bytes[at] === 0x0f) {
    at++;
    draft.map = 1;
    if (at < bytes.length && (bytes[at] === 0x38 || bytes[at] === 0x3a)) {
      draft.map = bytes[at] === 0x38 ? 2 : 3;
      at++;
    }
  }
  if (at >= LENGTH_LIMIT) return tooLong();
  if (at >= bytes.length) return truncated(bytes, at + 1);
  draft.opcode = bytes[at]!;
  draft.end = at + 1;
  draft.rex = rex !== 0;
  draft.w = ((rex >> 3) & 1) as 0 | 1;
  draft.extendReg = (rex & 4) << 1;
  draft.extendIndex = (rex & 2) << 2;
  draft.extendBase = (rex & 1) << 3;
  draft.extendVector = draft.extendBase;
  return undefined;
}

/** Opcode rows that REX2 can't reach, APX specification, section 3.1.1.1: one bit for each high digit of the opcode. */
const NO_REX2 = [(1 << 4) | (1 << 7) | (1 << 0xa) | (1 << 0xe), (1 << 3) | (1 << 8)] as const;
/** What is no opcode of map 0, but a prefix or an escape. */
const PREFIX_BYTES: ReadonlySet<number> = new Set([
  0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67, 0xc4, 0xc5, 0xd5, 0xf0, 0xf2, 0xf3,
]);

/** REX2: M0 R4 X4 B4 W R3 X3 B3. */
function parseRex2(bytes: Uint8Array, position: number, draft: OpenEncoding): Refusal | undefined {
  const payload = bytes[position + 1];
  const opcode = bytes[position + 2];
  if (position + 3 > LENGTH_LIMIT) return tooLong();
  if (payload === undefined || opcode === undefined) return truncated(bytes, position + 3);
  const map = payload >> 7;
  // JMPABS (REX2 with W = 0 and opcode A1) is the one exception in its row.
  const absolute = map === 0 && opcode === 0xa1 && (payload & 8) === 0;
  const unreachable = ((NO_REX2[map as 0 | 1] >> (opcode >> 4)) & 1) !== 0 && !absolute;
  if (unreachable || (map === 0 && PREFIX_BYTES.has(opcode))) {
    return undefinedInstruction("REX2 does not go with this opcode (APX specification, section 3.1.1.1)");
  }
  if (absolute) draft.space = "rex2";
  draft.map = map;
  draft.opcode = opcode;
  draft.end = position + 3;
  draft.rex = true;
  draft.rex2 = true;
  draft.w = ((payload >> 3) & 1) as 0 | 1;
  draft.extendReg = ((payload & 4) << 1) | ((payload & 0x40) >> 2);
  draft.extendIndex = ((payload & 2) << 2) | ((payload & 0x20) >> 1);
  draft.extendBase = ((payload & 1) << 3) | (payload & 0x10);
  draft.extendVector = draft.extendBase;
  return undefined;
}

/** VEX of two or three bytes, and XOP, which is laid out like the latter. */
function parseVex(bytes: Uint8Array, position: number, draft: OpenEncoding): Refusal | undefined {
  const short = bytes[position] === 0xc5;
  const end = position + (short ? 3 : 4);
  if (end > LENGTH_LIMIT) return tooLong();
  if (bytes.length < end) return truncated(bytes, end);
  const first = bytes[position + 1]!;
  const last = short ? first : bytes[position + 2]!;
  const inverted = ~first;
  draft.space = bytes[position] === 0x8f ? "xop" : "vex";
  draft.map = short ? 1 : first & 0x1f;
  draft.opcode = bytes[end - 1]!;
  draft.end = end;
  draft.mandatory = (last & 3) as MandatoryPrefix;
  draft.rex = true;
  draft.w = short ? 0 : ((last >> 7) as 0 | 1);
  draft.extendReg = (inverted & 0x80) >> 4;
  draft.extendIndex = short ? 0 : (inverted & 0x40) >> 3;
  draft.extendBase = short ? 0 : (inverted & 0x20) >> 2;
  draft.extendVector = draft.extendBase;
  draft.vvvv = (~last >> 3) & 15;
  draft.lengthCode = (last >> 2) & 1;
  return undefined;
}

/** EVEX: R3 X3 B3 R4 B4 M2 M1 M0, W V3–V0 X4 P1 P0, Z L' L B V4 A2 A1 A0 (B4 and X4 since APX; X4 was a bit of value 1). */
function parseEvex(bytes: Uint8Array, position: number, draft: OpenEncoding): Refusal | undefined {
  const end = position + 5;
  if (end > LENGTH_LIMIT) return tooLong();
  if (bytes.length < end) return truncated(bytes, end);
  const first = bytes[position + 1]!;
  const second = bytes[position + 2]!;
  const third = bytes[position + 3]!;
  const inverted = ~first;
  const extendVectorHigh = (~third & 8) << 1;
  const low = (inverted & 0x20) >> 2;
  const index3 = (inverted & 0x40) >> 3;
  const u = (second & 4) !== 0;
  draft.space = "evex";
  draft.map = first & 7;
  draft.opcode = bytes[end - 1]!;
  draft.end = end;
  draft.mandatory = (second & 3) as MandatoryPrefix;
  draft.rex = true;
  draft.w = (second >> 7) as 0 | 1;
  draft.extendReg = ((inverted & 0x80) >> 4) | (inverted & 0x10);
  draft.extendIndex = index3 | (u ? 0 : 16);
  draft.extendBase = low | ((first & 8) << 1);
  draft.extendVector = low | (index3 << 1);
  draft.vvvv = ((~second >> 3) & 15) | extendVectorHigh;
  draft.lengthCode = (third >> 5) & 3;
  draft.evex = { opmask: third & 7, zeroing: (third & 0x80) !== 0, b: (third & 0x10) !== 0, extendVectorIndex: extendVectorHigh, u };
  return undefined;
}

/**
 * Reads ModRM, SIB and displacement (SDM volume 2, tables 2-2, 2-3 and 2-7). `ignoresMod`: whatever ModRM.mod says, it is a register. Gives
 * a refusal where the bytes end too early.
 */
export function readModRm(bytes: Uint8Array, draft: OpenEncoding, ignoresMod: boolean): Refusal | undefined {
  let position = draft.end;
  if (position >= bytes.length) return truncated(bytes, position + 1);
  const byte = bytes[position++]!;
  const mod = ignoresMod ? 3 : byte >> 6;
  const rm = byte & 7;
  draft.hasModRm = true;
  draft.reg = (byte >> 3) & 7;
  draft.rm = rm;
  draft.end = position;
  if (mod === 3) return undefined;
  draft.isMemory = true;
  let low = rm;
  if (rm === 4) {
    if (position >= bytes.length) return truncated(bytes, position + 1 + (mod === 1 ? 1 : mod === 2 ? 4 : 0));
    const sib = bytes[position++]!;
    low = sib & 7;
    draft.hasSib = true;
    draft.index = ((sib >> 3) & 7) | draft.extendIndex;
    draft.scale = sib >> 6;
  }
  // Whatever REX.B says: the three bits of ModRM or SIB decide.
  const absolute = mod === 0 && low === 5;
  if (absolute) draft.ripRelative = rm !== 4;
  else draft.base = low | draft.extendBase;
  const size = absolute || mod === 2 ? 4 : mod;
  if (position + size > bytes.length) return truncated(bytes, position + size);
  draft.displacement = readSigned(bytes, position, size as 0 | 1 | 4);
  draft.displacementBytes = size as 0 | 1 | 4;
  draft.end = position + size;
  return undefined;
}

/** A signed number of this many bytes. */
export function readSigned(bytes: Uint8Array, position: number, size: 0 | 1 | 2 | 4): number {
  switch (size) {
    case 0:
      return 0;
    case 1:
      return (bytes[position]! << 24) >> 24;
    case 2:
      return ((bytes[position]! << 16) | (bytes[position + 1]! << 24)) >> 16;
    case 4:
      return bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24);
    default:
      return size satisfies never;
  }
}
