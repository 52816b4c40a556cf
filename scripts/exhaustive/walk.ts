import type { WordClassifier } from "../../src/isa/verdict.ts";
import { agreement, plainName } from "./agreement.ts";
import type { Oracle } from "./oracles.ts";
import { type Findings, Gathering } from "./findings.ts";
import type { OracleId } from "./mine.ts";
import { WORD_SETS, type WordSet } from "./sets.ts";

/** Words are walked in blocks that share their top bits. A shard is made of whole blocks. */
const BLOCK_BITS = 20;
const BLOCK_WORDS = 1 << BLOCK_BITS;
export const BLOCKS = 1 << (32 - BLOCK_BITS);

/** Which words a run looks at. */
export interface Walk {
  readonly set: WordSet;
  /** Number of this shard, from 1, and how many there are. */
  readonly shard: number;
  readonly shards: number;
  /** One word in each run of this many. */
  readonly sample: number;
  /** The top twelve bits that a block must have, as a pattern of `0`, `1` and `x`. */
  readonly only: string;
}

/** Walks the words of a shard. `oracle` names words, in batches; without it only our own verdicts are counted. */
export async function walk(plan: Walk, oracle: Oracle | undefined, progress: (done: number, blocks: number) => void): Promise<Findings> {
  const blocks = blocksOf(plan);
  const tally = new Tally(plan.set, oracle?.id);
  const { set, shard, shards, sample, only } = plan;
  // A sample is thin: its blocks go to the oracle together.
  const together = oracle === undefined ? 1 : sample;
  for (let at = 0; at < blocks.length; at += together) {
    const some = blocks.slice(at, at + together);
    if (oracle === undefined && sample === 1) for (const block of some) tally.countBlock(block);
    else await tally.compare(sampleOf(some, sample), oracle);
    progress(Math.min(at + together, blocks.length), blocks.length);
  }
  return { set, oracle: oracle?.title ?? "none", sample, only, shards: [shard], of: shards, ...tally.lists() };
}

/** The blocks of a shard: every so many of those that the pattern lets through, so that shards are of like work. */
export function blocksOf({ shard, shards, only }: Walk): number[] {
  const all = Array.from({ length: BLOCKS }, (_, block) => block).filter((block) =>
    Array.from(only).every((bit, at) => bit === "x" || Number(bit) === ((block >>> (only.length - 1 - at + (32 - BLOCK_BITS - only.length))) & 1)));
  return all.filter((_, at) => at % shards === shard - 1);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

/** The words of blocks, or one of each run of `sample`. */
function sampleOf(blocks: readonly number[], sample: number): Uint32Array {
  const each = Math.floor(BLOCK_WORDS / sample);
  const words = new Uint32Array(each * blocks.length);
  blocks.forEach((block, position) => {
    for (let at = 0; at < each; at++) words[position * each + at] = block * BLOCK_WORDS + at * sample + (sample === 1 ? 0 : scatter(block * each + at, sample));
  });
  return words;
}

/** A number from 0 to `below` - 1 that looks random and is always the same for `seed` (32-bit multiply and shift rounds). */
function scatter(seed: number, below: number): number {
  let value = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) % below;
}

class Tally {
  readonly #set: WordSet;
  readonly #oracle: OracleId | undefined;
  readonly #classifier: WordClassifier;
  readonly #blocks = new Map<number, ReadonlyMap<number, { count: number; offset: number }>>();
  /** Words and the lowest of them, by verdict. */
  readonly #counts = new Map<number, { count: number; example: number }>();
  /** The same by verdict, variant and the oracle's name. */
  readonly #pairs = new Map<string, Map<number, { count: number; example: number }>>();

  constructor(set: WordSet, oracle: OracleId | undefined) {
    this.#oracle = oracle;
    this.#classifier = WORD_SETS[set];
    this.#set = set;
  }

  /**
   * Classifies the words of a block. Those that differ only in bits that none of the rows they can match reads have one verdict, and are
   * counted at once; blocks that are the same to the instruction set are counted once.
   */
  countBlock(block: number): void {
    const start = block * BLOCK_WORDS;
    const canonical = this.#classifier.canonical(start | 0);
    let counts = this.#blocks.get(canonical);
    if (counts === undefined) this.#blocks.set(canonical, (counts = this.#countsOf(canonical)));
    for (const [verdict, { count, offset }] of counts) this.#add(verdict, count, start + offset);
  }

  #countsOf(start: number): ReadonlyMap<number, { count: number; offset: number }> {
    const { classify, bitsRead } = this.#classifier;
    const bits = bitsRead(-BLOCK_WORDS, start) & (BLOCK_WORDS - 1);
    const each = BLOCK_WORDS / 2 ** bitCount(bits);
    const counts = new Map<number, { count: number; offset: number }>();
    // The subsets of `bits` as numbers, ascending.
    let some = 0;
    do {
      const verdict = classify(start | some);
      const known = counts.get(verdict);
      if (known === undefined) counts.set(verdict, { count: each, offset: some });
      else known.count += each;
      some = (some - bits) & bits;
    } while (some !== 0);
    return counts;
  }

  /** Classifies words and holds each against the oracle. */
  async compare(words: Uint32Array, oracle: Oracle | undefined): Promise<void> {
    const names = oracle === undefined ? undefined : await oracle.name(words);
    const { classify, variant } = this.#classifier;
    words.forEach((word, at) => {
      const verdict = classify(word | 0);
      this.#add(verdict, 1, word);
      if (names === undefined) return;
      const name = names.names[names.numbers[at]!]!;
      let byName = this.#pairs.get(name);
      if (byName === undefined) this.#pairs.set(name, (byName = new Map()));
      const key = 32 * verdict + variant(verdict, word | 0);
      const pair = byName.get(key);
      if (pair === undefined) byName.set(key, { count: 1, example: word });
      else pair.count++;
    });
  }

  #add(verdict: number, count: number, example: number): void {
    const known = this.#counts.get(verdict);
    if (known === undefined) this.#counts.set(verdict, { count, example });
    else known.count += count;
  }

  lists(): Pick<Findings, "words" | "compared" | "differences"> {
    const { judge, mnemonic } = this.#classifier;
    const gathering = new Gathering();
    for (const [verdict, { count, example }] of this.#counts) gathering.addWords(judge(verdict), count, example);
    for (const [name, byName] of this.#pairs) {
      for (const [key, { count, example }] of byName) {
        const verdict = Math.floor(key / 32);
        const mine = { ...judge(verdict), mnemonic: mnemonic(verdict, example | 0), variant: key - 32 * verdict };
        gathering.addPair(mine, plainName(this.#set, mine, name), agreement(this.#set, this.#oracle!, mine, name), count, example);
      }
    }
    return gathering.lists();
  }
}
