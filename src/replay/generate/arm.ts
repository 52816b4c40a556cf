import type { Destination, Move } from "./move.ts";
import type { Random } from "../../model/random.ts";

/** Always executed: the condition field 1110. */
const ALWAYS = 0xe0000000;

/** Index of the program counter and the stack pointer, which no move here names. */
const GENERAL = 13;

/** Where the offset goes (P and W, bits 24 and 21). */
const MODES = [
  { bits: 1 << 24, before: true, after: false },
  { bits: 1 << 24, before: true, after: false },
  { bits: (1 << 24) | (1 << 21), before: true, after: true },
  { bits: 0, before: false, after: true },
] as const;

/** A random A32 load or store: Arm ARM (DDI 0487) F4.1, "Load/Store Word, Unsigned Byte" and "Extra load/store". Index of a register is its number. */
export function armMove(random: Random): Move {
  const kind = random.pick(["word", "word", "word", "register", "extra", "extra", "pair"] as const);
  switch (kind) {
    case "word":
      return word(random);
    case "register":
      return register(random);
    case "extra":
      return extra(random);
    case "pair":
      return pair(random);
    default:
      return kind satisfies never;
  }
}

/** LDR, STR, LDRB, STRB (immediate). */
function word(random: Random): Move {
  const { rt, base, load, mode, up } = common(random);
  const byte = random.below(2);
  const immediate = random.below(4096);
  const bits = (0b010 << 25) | mode.bits | (up << 23) | (byte << 22) | (load << 20) | (base << 16) | (rt << 12) | immediate;
  return { bytes: littleEndian(bits), write: load === 0, size: byte === 1 ? 1 : 4, base, ...offset(mode, up, immediate), destinations: [whole(rt, "zero")] };
}

/** The same with a register as the offset, shifted left; without writeback. */
function register(random: Random): Move {
  const { rt, base, load } = common(random);
  const byte = random.below(2);
  const index = (base + 1 + random.below(GENERAL - 1)) % GENERAL;
  const shift = random.below(4);
  const bits = (0b011 << 25) | (1 << 24) | (1 << 23) | (byte << 22) | (load << 20) | (base << 16) | (rt << 12) | (shift << 7) | index;
  return { bytes: littleEndian(bits), write: load === 0, size: byte === 1 ? 1 : 4, base, displacement: 0n, index: { register: index, shift }, destinations: [whole(rt, "zero")] };
}

/** LDRH, STRH, LDRSB, LDRSH (immediate). */
function extra(random: Random): Move {
  const { rt, base, mode, up } = common(random);
  const { load, op, size, extend } = random.pick([
    { load: 0, op: 1, size: 2, extend: "zero" },
    { load: 1, op: 1, size: 2, extend: "zero" },
    { load: 1, op: 2, size: 1, extend: "sign" },
    { load: 1, op: 3, size: 2, extend: "sign" },
  ] as const);
  const immediate = random.below(256);
  return { bytes: littleEndian(extraBits(mode.bits, up, load, base, rt, immediate, op)), write: load === 0, size, base, ...offset(mode, up, immediate), destinations: [whole(rt, extend)] };
}

/** LDRD and STRD (immediate): an even register and the next. */
function pair(random: Random): Move {
  const load = random.below(2);
  const { mode, up } = common(random);
  const rt = 2 * random.below(6);
  const base = (rt + 2 + random.below(GENERAL - 2)) % GENERAL;
  // LDRD is told from a store by bits 6:5 alone.
  const immediate = random.below(256);
  const bits = extraBits(mode.bits, up, 0, base, rt, immediate, load === 1 ? 2 : 3);
  return { bytes: littleEndian(bits), write: load === 0, size: 4, base, ...offset(mode, up, immediate), destinations: [whole(rt, "zero"), whole(rt + 1, "zero")] };
}

function extraBits(mode: number, up: number, load: number, base: number, rt: number, immediate: number, op: number): number {
  return mode | (up << 23) | (1 << 22) | (load << 20) | (base << 16) | (rt << 12) | ((immediate >> 4) << 8) | (1 << 7) | (op << 5) | (1 << 4) | (immediate & 15);
}

/** A register, another as the base, and the rest of what all have. */
function common(random: Random) {
  const base = random.below(GENERAL);
  return { rt: (base + 1 + random.below(GENERAL - 1)) % GENERAL, base, load: random.below(2), mode: random.pick(MODES), up: random.below(2) };
}

function offset({ before, after }: (typeof MODES)[number], up: number, immediate: number): Pick<Move, "displacement" | "writeback"> {
  const signed = BigInt(up === 1 ? immediate : -immediate);
  return { displacement: before ? signed : 0n, ...(after && { writeback: signed }) };
}

function whole(number: number, extend: Destination["extend"]): Destination {
  return { register: number, extend, width: 32 };
}

function littleEndian(bits: number): Uint8Array {
  const value = (ALWAYS | bits) >>> 0;
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}
