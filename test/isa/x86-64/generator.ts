// Random x86-64 byte strings: wholly random, random within the instruction format, and mutations of instructions that decode.

/** A small repeatable generator of 32-bit numbers (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let round = 0; round < 8; round++) this.next();
  }

  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** From 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

export const LEGACY_PREFIXES = [0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65] as const;

/** 15 bytes, enough for any instruction. */
const SIZE = 15;

function legacyOpcode(random: Random, bytes: number[]): void {
  if (random.once(3)) bytes.push(0x40 | random.below(16));
  const map = random.below(4);
  if (map >= 1) bytes.push(0x0f);
  if (map === 2) bytes.push(0x38);
  if (map === 3) bytes.push(0x3a);
}

function vexPrefix(random: Random, bytes: number[]): void {
  if (random.once(3)) bytes.push(0xc5, random.below(256));
  else bytes.push(0xc4, (random.below(8) << 5) | (1 + random.below(3)), random.once(3) ? random.below(256) : random.below(256) | 0x78);
}

/** Mostly with the reserved bits as they should be: few would be instructions else. */
function evexPrefix(random: Random, bytes: number[]): void {
  const map = [1, 2, 3, 4, 5, 6, random.below(8)][random.below(7)]!;
  const first = (random.below(16) << 4) | map | (random.once(16) ? 8 : 0);
  const second = (random.below(256) & ~4) | (random.once(16) ? 0 : 4) | (random.once(2) ? 0x78 : 0);
  const third = random.below(256);
  bytes.push(0x62, first, second, random.once(2) ? (third & 0x60) | 8 : random.once(2) ? third & ~0x10 : third);
}

/** One byte string. `known` are byte strings that decode: one in four results is a mutation of one of them. */
export function generateBytes(random: Random, known: readonly Uint8Array[]): Uint8Array {
  if (known.length > 0 && random.once(4)) return mutate(random, known[random.below(known.length)]!);
  const bytes: number[] = [];
  const kind = random.below(12);
  if (kind > 0) {
    for (let count = random.once(3) ? random.below(4) : 0; count > 0; count--)
      bytes.push(LEGACY_PREFIXES[random.below(LEGACY_PREFIXES.length)]!);
    if (kind <= 5) legacyOpcode(random, bytes);
    else if (kind <= 7) vexPrefix(random, bytes);
    else if (kind <= 9) evexPrefix(random, bytes);
    else if (kind === 10) bytes.push(0xd5, random.below(256));
    else bytes.push(0x8f, (random.below(8) << 5) | (8 + random.below(3)), random.once(2) ? random.below(256) : random.below(256) | 0x78);
    bytes.push(random.below(256));
    const modRm = random.below(256);
    bytes.push(random.once(2) ? modRm : (modRm & 0x3f) | (random.below(3) << 6));
  }
  while (bytes.length < SIZE) bytes.push(random.below(256));
  return Uint8Array.from(bytes.slice(0, SIZE));
}

function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let count = 1 + random.below(2); count > 0; count--) copy[random.below(7)]! ^= 1 << random.below(8);
  if (!random.once(8)) return copy;
  const prefix = LEGACY_PREFIXES[random.below(LEGACY_PREFIXES.length)]!;
  return Uint8Array.from([prefix, ...copy.subarray(0, SIZE - 1)]);
}
