/** A sequence of numbers that is the same for the same seed, on every machine (xorshift32, Marsaglia 2003). Not for secrets. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Zero is the one state that it never leaves.
    this.#state = (Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995) >>> 0 || 1;
    for (let round = 0; round < 8; round++) this.#next();
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  /** An unsigned integer of `width` bits, at most 64. */
  bits(width: number): bigint {
    return BigInt.asUintN(width, (BigInt(this.#next()) << 32n) | BigInt(this.#next()));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
