import { mask } from "../model/bits.ts";
import type { Random } from "../model/random.ts";

/** What was chosen, by label. Labels that are absent stand for 0. */
export type Chosen = ReadonlyMap<string, bigint>;

/**
 * The choices that make a generated fault, each with a label. Zero is always the simplest: what is generated again with smaller choices
 * is a simpler fault of the same kind. That is all that shrinking needs to know.
 */
export class Choices {
  readonly #random: Random | undefined;
  readonly #given: Chosen;
  readonly #taken = new Map<string, bigint>();

  /** Fresh choices from `random`, or those of `given` again. */
  constructor(from: { readonly random: Random } | { readonly given: Chosen }) {
    this.#random = "random" in from ? from.random : undefined;
    this.#given = "given" in from ? from.given : NOTHING;
  }

  /** What was asked for so far; zeros are left out. */
  get taken(): Chosen {
    return this.#taken;
  }

  /** An integer from 0 to `limit` - 1. */
  below(label: string, limit: number): number {
    const value = this.#random === undefined ? Math.min(Number(this.#given.get(label) ?? 0n), limit - 1) : this.#random.below(limit);
    if (value !== 0) this.#taken.set(label, BigInt(value));
    return value;
  }

  /** `width` bits, at most 512. */
  bits(label: string, width: number): bigint {
    let value = 0n;
    if (this.#random === undefined) value = (this.#given.get(label) ?? 0n) & mask(width);
    else for (let done = 0; done < width; done += 64) value |= this.#random.bits(Math.min(64, width - done)) << BigInt(done);
    if (value !== 0n) this.#taken.set(label, value);
    return value;
  }

  /** One of `items`; the first is the simplest. */
  pick<Item>(label: string, items: readonly Item[]): Item {
    return items[this.below(label, items.length)]!;
  }

  /** True once in `times`; false is the simpler. */
  rarely(label: string, times: number): boolean {
    return this.below(label, times) === times - 1;
  }

  /** A register's or device's value of `width` bits. Four in ten are at an edge: 0, 1, the sign bit, the largest positive, all ones. */
  value(label: string, width: number): bigint {
    // The value itself is what was chosen, so that one at an edge shrinks as any other does.
    const edge = this.#random === undefined ? undefined : EDGES[this.#random.below(12)];
    if (edge === undefined) return this.bits(label, width);
    const value = edge(width);
    if (value !== 0n) this.#taken.set(label, value);
    return value;
  }
}

/** Values at an edge, by width. */
const EDGES: readonly ((width: number) => bigint)[] = [
  () => 0n,
  () => 1n,
  (width) => 1n << BigInt(width - 1),
  (width) => mask(width - 1),
  (width) => mask(width),
];

const NOTHING: Chosen = new Map();

/**
 * Simpler choices than these, the boldest first: all but the encoding at zero, groups at zero, each label at zero, and each closer to
 * zero by halves, single bits and ones.
 */
export function* simplerChoices(chosen: Chosen): Generator<Chosen> {
  const without = (drop: (label: string) => boolean): Chosen => new Map([...chosen].filter(([label]) => !drop(label)));
  const groups = new Set([...chosen.keys()].map(groupOf));
  if (groups.size > 1) {
    yield without((label) => groupOf(label) !== "encoding");
    for (const group of groups) yield without((label) => groupOf(label) === group);
  }
  for (const label of chosen.keys()) yield without((each) => each === label);
  for (const [label, value] of chosen) {
    for (const smaller of smallerValues(value)) {
      const next = new Map(chosen);
      next.set(label, smaller);
      yield next;
    }
  }
}

/** Labels are `group rest`, e.g. `encoding Rt`, `register x3`. */
function groupOf(label: string): string {
  return label.split(" ", 1)[0]!;
}

/** Values between zero and this, exclusive, from small to large. */
function* smallerValues(value: bigint): Generator<bigint> {
  const length = value.toString(2).length;
  const seen = new Set<bigint>([0n, value]);
  const candidates: bigint[] = [1n];
  for (let bits = 1; bits < length; bits *= 2) candidates.push(value & mask(bits), value >> BigInt(length - bits));
  for (let bit = length - 1; bit >= 0; bit--) if (((value >> BigInt(bit)) & 1n) === 1n) candidates.push(value & ~(1n << BigInt(bit)));
  candidates.push(value - 1n);
  for (const candidate of candidates) {
    if (seen.has(candidate) || candidate >= value) continue;
    seen.add(candidate);
    yield candidate;
  }
}
