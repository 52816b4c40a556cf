import type { Destination, Move } from "./move.ts";
import type { Random } from "../../model/random.ts";

/** Loads and stores by funct3 (unprivileged manual, "RV32I Base Integer Instruction Set" and "RV64I"): binary logarithm of the size in bits 1:0, unsigned in bit 2. */
const LOADS = [0, 1, 2, 2, 3, 3, 4, 5, 6] as const;
const STORES = [0, 1, 2, 2, 3, 3] as const;

const LOAD = 0x03;
const STORE = 0x23;

/** Lowest register that compressed instructions can name, whose three bits count from it. */
const COMPRESSED_FIRST = 8;

/** A random RV64 load or store of an integer register. Index of register x1 is 0. */
export function riscvMove(random: Random): Move {
  return random.chance(0.3) ? compressed(random) : full(random);
}

function full(random: Random): Move {
  const write = random.chance(0.4);
  const funct3 = write ? random.pick(STORES) : random.pick(LOADS);
  const base = 1 + random.below(31);
  // x0 as well: a store of zero, or a load whose value is lost. Not the base.
  const register = (base + 1 + random.below(31)) % 32;
  const displacement = random.below(4096) - 2048;
  const common = (funct3 << 12) | (base << 15);
  const word = write
    ? common | STORE | ((displacement & 0x1f) << 7) | (register << 20) | ((displacement & 0xfe0) << 20)
    : common | LOAD | (register << 7) | (displacement << 20);
  return {
    bytes: Uint8Array.of(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24),
    write,
    size: (1 << (funct3 & 3)) as Move["size"],
    base: base - 1,
    displacement: BigInt(displacement),
    destinations: [register === 0 ? undefined : destination(register, (funct3 & 4) === 0)],
  };
}

/** C.LW, C.LD, C.SW and C.SD (unprivileged manual, "Register-Based Loads and Stores"). */
function compressed(random: Random): Move {
  const write = random.chance(0.4);
  const wide = random.chance(0.5);
  const base = random.below(8);
  const register = (base + 1 + random.below(7)) % 8;
  const scale = wide ? 3 : 2;
  const scaled = random.below(32);
  const offset = scaled << scale;
  // Bits 5:3 of the offset stand in 12:10; C.LW has bits 2 and 6 in 6 and 5, C.LD bits 7:6 in 6:5.
  const low = wide ? (offset >> 6) & 3 : (((offset >> 2) & 1) << 1) | ((offset >> 6) & 1);
  const half = ((write ? 0b110 : 0b010) << 13) | ((wide ? 1 : 0) << 13) | (((offset >> 3) & 7) << 10) | (base << 7) | (low << 5) | (register << 2);
  return {
    bytes: Uint8Array.of(half & 0xff, half >>> 8),
    write,
    size: wide ? 8 : 4,
    base: COMPRESSED_FIRST + base - 1,
    displacement: BigInt(offset),
    destinations: [destination(COMPRESSED_FIRST + register, true)],
  };
}

function destination(register: number, signed: boolean): Destination {
  return { register: register - 1, extend: signed ? "sign" : "zero", width: 64 };
}
