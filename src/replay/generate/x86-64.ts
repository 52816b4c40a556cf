import type { Destination, Move } from "./move.ts";
import type { Random } from "../../model/random.ts";

/** Register number 4 as an index: none. */
const NO_INDEX = 4;

/** A row of moves: opcode bytes, direction, bytes of the access, and what becomes of the register. */
interface Form {
  readonly opcode: readonly number[];
  readonly write: boolean;
  /** 0: as the operand size. */
  readonly size: 0 | 1 | 2 | 4;
  readonly extend?: "zero" | "sign";
  /** Bytes of an immediate operand, as many as the access up to 4. */
  readonly immediate?: true;
}

/** SDM volume 2: MOV, MOVZX, MOVSX, MOVSXD. */
const FORMS: readonly Form[] = [
  { opcode: [0x88], write: true, size: 1 },
  { opcode: [0x89], write: true, size: 0 },
  { opcode: [0x89], write: true, size: 0 },
  { opcode: [0x8a], write: false, size: 1 },
  { opcode: [0x8b], write: false, size: 0 },
  { opcode: [0x8b], write: false, size: 0 },
  { opcode: [0x8b], write: false, size: 0 },
  { opcode: [0xc6], write: true, size: 1, immediate: true },
  { opcode: [0xc7], write: true, size: 0, immediate: true },
  { opcode: [0x0f, 0xb6], write: false, size: 1, extend: "zero" },
  { opcode: [0x0f, 0xb7], write: false, size: 2, extend: "zero" },
  { opcode: [0x0f, 0xbe], write: false, size: 1, extend: "sign" },
  { opcode: [0x0f, 0xbf], write: false, size: 2, extend: "sign" },
];

/** A random x86-64 move. Index of a register is its number. */
export function x86Move(random: Random): Move {
  const form = random.pick(FORMS);
  // An extending move of 16 bits would only merge: real code has none.
  const operand = random.pick(form.extend === undefined ? ([4, 4, 4, 8, 2] as const) : ([4, 4, 8] as const));
  const size = form.size === 0 ? operand : form.size;
  const register = random.below(16);
  const base = (register + 1 + random.below(15)) % 16;
  const indexed = random.chance(0.15);
  const index = indexed ? pickIndex(random, base) : undefined;
  const shift = random.below(4);
  const displacement = random.pick([0, random.below(256) - 128, random.below(256) - 128, random.below(1 << 20) - (1 << 19)]);
  // An immediate has 000 in place of a register.
  const reg = form.immediate === true ? 0 : register;
  const rex = 0x40 | (operand === 8 ? 8 : 0) | ((reg >> 3) << 2) | (((index ?? 0) >> 3) << 1) | (base >> 3);
  // REX also keeps byte registers 4 to 7 from being AH, CH, DH and BH.
  const needed = rex !== 0x40 || (size === 1 && reg >= 4);
  const bytes = [...(operand === 2 ? [0x66] : []), ...(needed ? [rex] : []), ...form.opcode, ...address(reg, base, index, shift, displacement)];
  if (form.immediate === true) for (let byte = 0; byte < Math.min(size, 4); byte++) bytes.push(random.below(256));
  const extend: Destination["extend"] = form.extend ?? (size < 4 ? "merge" : "zero");
  return {
    bytes: Uint8Array.from(bytes),
    write: form.write,
    size,
    base,
    displacement: BigInt(displacement),
    ...(index === undefined ? {} : { index: { register: index, shift } }),
    destinations: [{ register, extend, width: operand === 8 ? 64 : 32 }],
  };
}

function pickIndex(random: Random, base: number): number {
  const candidates = Array.from({ length: 16 }, (_, number) => number).filter((number) => number !== NO_INDEX && number !== base);
  return random.pick(candidates);
}

/** ModRM, SIB and displacement (SDM volume 2, tables 2-2 and 2-3). */
function address(reg: number, base: number, index: number | undefined, shift: number, displacement: number): number[] {
  const low = base & 7;
  // mod 00 with base 101 means something else.
  const mod = displacement === 0 && low !== 5 ? 0 : displacement >= -128 && displacement <= 127 ? 1 : 2;
  const bytes = [(mod << 6) | ((reg & 7) << 3) | (index === undefined && low !== 4 ? low : 4)];
  if (index !== undefined || low === 4) bytes.push((index === undefined ? 0 : shift << 6) | (((index ?? NO_INDEX) & 7) << 3) | low);
  for (let byte = 0; byte < (mod === 0 ? 0 : mod === 1 ? 1 : 4); byte++) bytes.push((displacement >> (8 * byte)) & 0xff);
  return bytes;
}
