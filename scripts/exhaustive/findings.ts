import type { Judgement } from "../../src/isa/verdict.ts";
import type { Disagreement, Kind, Mine } from "./mine.ts";
import type { WordSet } from "./sets.ts";

/** Words of one form and outcome. */
export interface WordCount extends Judgement {
  count: number;
  /** The lowest of them. */
  example: number;
}

/** Words on which we and an oracle differ in the same way. */
export interface Difference extends WordCount {
  readonly kind: Kind;
  readonly why: string | null;
  readonly mnemonic: string;
  readonly theirs: string;
}

/** What a run found, as its JSON file holds it. Merging shards adds counts and keeps the lowest examples. */
export interface Findings {
  readonly set: WordSet;
  /** Title of the oracle, or "none". */
  readonly oracle: string;
  readonly sample: number;
  readonly only: string;
  /** Shards that are in here, and how many there are. */
  readonly shards: readonly number[];
  readonly of: number;
  readonly words: readonly WordCount[];
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** Gathers words and differences under keys, in any order; lists come out sorted. */
export class Gathering {
  readonly #words = new Map<string, WordCount>();
  readonly #differences = new Map<string, Difference>();
  #compared = 0;

  addWords({ form, outcome }: Judgement, count: number, example: number): void {
    merge(this.#words, `${outcome}\t${form}`, { form, outcome, count, example });
  }

  /** A pair of our verdict and an oracle's name that `count` words have. */
  addPair({ form, outcome, mnemonic }: Mine, theirs: string, disagreement: Disagreement | undefined, count: number, example: number): void {
    this.#compared += count;
    if (disagreement === undefined) return;
    this.#addDifference({ form, outcome, mnemonic, theirs, kind: disagreement.kind, why: disagreement.why ?? null, count, example });
  }

  add(findings: Findings): void {
    this.#compared += findings.compared;
    for (const words of findings.words) this.addWords(words, words.count, words.example);
    for (const difference of findings.differences) this.#addDifference(difference);
  }

  #addDifference(difference: Difference): void {
    const { kind, form, outcome, mnemonic, theirs, why } = difference;
    merge(this.#differences, [why ?? "", kind, form, outcome, mnemonic, theirs].join("\t"), { ...difference });
  }

  lists(): Pick<Findings, "words" | "compared" | "differences"> {
    return { words: sorted(this.#words), compared: this.#compared, differences: sorted(this.#differences) };
  }
}

function merge<T extends WordCount>(into: Map<string, T>, key: string, each: T): void {
  const known = into.get(key);
  if (known === undefined) {
    into.set(key, each);
    return;
  }
  known.count += each.count;
  known.example = Math.min(known.example, each.example);
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].toSorted(([first], [second]) => (first < second ? -1 : 1)).map(([, each]) => each);
}

/** Puts the shards of one run together. Throws an Error that says what does not fit. */
export function mergeFindings(all: readonly Findings[]): Findings {
  const [first] = all;
  if (first === undefined) throw new Error("there is nothing to merge");
  const gathering = new Gathering();
  const shards = new Set<number>();
  for (const findings of all) {
    for (const key of ["set", "oracle", "sample", "only", "of"] as const) {
      if (findings[key] !== first[key]) throw new Error(`the shards are of different runs: ${key} is ${first[key]} in one and ${findings[key]} in another`);
    }
    for (const shard of findings.shards) {
      if (shards.has(shard)) throw new Error(`shard ${shard}/${first.of} is there twice`);
      shards.add(shard);
    }
    gathering.add(findings);
  }
  const { set, oracle, sample, only, of } = first;
  return { set, oracle, sample, only, shards: [...shards].toSorted((one, other) => one - other), of, ...gathering.lists() };
}
