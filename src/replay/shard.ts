/** Part `number` (from 1) of `of` parts of a trace. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

/** A whole trace. */
export const WHOLE: Shard = { number: 1, of: 1 };

/** Reads `i/n`; undefined if it is none. */
export function parseShard(text: string): Shard | undefined {
  const [, number, of] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { number: Number(number), of: Number(of) };
  return shard.number >= 1 && shard.number <= shard.of ? shard : undefined;
}

/**
 * The blocks `from` up to `to` (exclusive) that belong to a shard: neighbours, so that the shards' outputs in their order are the output of
 * the whole. Sizes differ by one block at most; where there are fewer blocks than shards some have none.
 */
export function blocksOf({ number, of }: Shard, count: number): { readonly from: number; readonly to: number } {
  return { from: Math.floor((count * (number - 1)) / of), to: Math.floor((count * number) / of) };
}
