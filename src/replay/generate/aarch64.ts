import type { Destination, Move } from "./move.ts";
import type { Random } from "../../model/random.ts";

/** Register number 31 as Rt: the zero register. */
const ZERO = 31;

/** A random A64 load or store: Arm ARM C4.1.94, "Loads and Stores". Index of a register is its number. */
export function aarch64Move(random: Random): Move {
  return random.chance(0.2) ? pair(random) : single(random);
}

/** Load/store register: unsigned offset, unscaled, post-index, pre-index, register offset. */
function single(random: Random): Move {
  const size = random.below(4);
  // opc: 00 store, 01 load, 10 sign-extending load to 64 bits, 11 to 32 bits.
  const opc = random.below(size === 3 ? 2 : size === 2 ? 3 : 4);
  const [rt, base] = different(random);
  const form = random.pick(["unsigned", "unsigned", "unsigned", "unscaled", "post", "pre", "register"] as const);
  const common = (size << 30) | (0b111 << 27) | (opc << 22) | (base << 5) | rt;
  const destinations: readonly (Destination | undefined)[] =
    rt === ZERO ? [undefined] : [{ register: rt, extend: opc >= 2 ? "sign" : "zero", width: opc === 2 || size === 3 ? 64 : 32 }];
  const rest = { write: opc === 0, size: (1 << size) as Move["size"], base, destinations };
  switch (form) {
    case "unsigned": {
      const immediate = random.below(64);
      return { ...rest, bytes: word(common | (1 << 24) | (immediate << 10)), displacement: BigInt(immediate << size) };
    }
    case "register": {
      const index = (base + 1 + random.below(30)) % 31;
      const scaled = random.below(2);
      // option 011: LSL.
      return { ...rest, bytes: word(common | (1 << 21) | (index << 16) | (0b011 << 13) | (scaled << 12) | (0b10 << 10)), displacement: 0n, index: { register: index, shift: scaled * size } };
    }
    default: {
      const immediate = random.below(512) - 256;
      const mode = form === "unscaled" ? 0b00 : form === "post" ? 0b01 : 0b11;
      return {
        ...rest,
        bytes: word(common | ((immediate & 0x1ff) << 12) | (mode << 10)),
        displacement: form === "post" ? 0n : BigInt(immediate),
        ...(form === "unscaled" ? {} : { writeback: BigInt(immediate) }),
      };
    }
  }
}

/** Load/store pair: offset, post-index, pre-index; W and X. */
function pair(random: Random): Move {
  const wide = random.below(2);
  const load = random.below(2);
  const mode = random.pick([0b001, 0b010, 0b010, 0b011]);
  const [rt, base] = different(random);
  // Neither the base nor the first register: with writeback, or for a load, that would be CONSTRAINED UNPREDICTABLE.
  const rt2 = Array.from({ length: 31 }, (_, number) => number).filter((number) => number !== rt && number !== base)[random.below(29)]!;
  const immediate = random.below(128) - 64;
  const size = wide === 1 ? 8 : 4;
  const offset = BigInt(immediate * size);
  const destination = (register: number): Destination | undefined => (register === ZERO ? undefined : { register, extend: "zero", width: wide === 1 ? 64 : 32 });
  return {
    bytes: word((wide << 31) | (0b101 << 27) | (mode << 23) | (load << 22) | ((immediate & 0x7f) << 15) | (rt2 << 10) | (base << 5) | rt),
    write: load === 0,
    size,
    base,
    displacement: mode === 0b001 ? 0n : offset,
    ...(mode === 0b010 ? {} : { writeback: offset }),
    destinations: [destination(rt), destination(rt2)],
  };
}

/** A register to load or store (perhaps the zero register), and another as the base. */
function different(random: Random): [rt: number, base: number] {
  const base = random.below(31);
  const rt = (base + 1 + random.below(31)) % 32;
  return [rt, base];
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}
