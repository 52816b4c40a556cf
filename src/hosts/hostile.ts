import { type Device, type Host, Refusal, type SharedMemory } from "../handler.ts";
import type { Fault } from "../model/fault.ts";
import type { Random } from "../model/random.ts";
import type { HostModel } from "./host.ts";
import { RandomDevice } from "./random.ts";
import { randomOf } from "./seed.ts";

/** What a hostile host does to the answers of an honest one. */
export const ATTACKS = [
  /** Nothing: an attacker is honest until it pays not to be. */
  "honest",
  /** Bits above those that were asked for. */
  "wide",
  /** Any bits at all, in every part of the answer. */
  "garbage",
  /** One part of the answer is a value at an edge: another status, another size, a length that is none. */
  "edge",
  /** The same, for every call of the fault: "try again", for ever. */
  "stuck",
  /** A shared page holds other bytes at each look after the first. */
  "late",
  /** Bytes of a shared page are changed once, before the guest looks. */
  "page",
  /** A list is shorter or longer than it should be. */
  "length",
] as const;

export type Attack = (typeof ATTACKS)[number];

/** Values that interfaces give a meaning to: statuses, sizes, lengths, the signs of integers. */
const EDGES = [0n, 1n, 2n, 3n, 4n, 5n, 8n, 0xffn, 0x1000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n, (1n << 63n) | 2n, (1n << 64n) - 1n] as const;

/** Small statuses are those that interfaces use for "try again". */
const AGAIN = [1n, 1n, 1n, 2n, 3n, 1n << 63n] as const;

/**
 * A host that attacks, without knowing the handler's interface: it lets the handler's own honest host answer with random device values,
 * then changes what lies between them, integers, lists and shared pages alike. `attacks` are those that it may choose from. A fault is
 * attacked in the same way for the same seed, whatever stood before it.
 */
export function hostileHost(seed: number, attacks: readonly Attack[] = ATTACKS): HostModel {
  return {
    name: `hostile:${seed}`,
    connect(honest: (device: Device) => Host<unknown, unknown>, fault: Fault) {
      const random = randomOf(seed, fault);
      return new HostileHost(honest(new RandomDevice(random)), random, random.pick(attacks));
    },
  };
}

class HostileHost implements Host<unknown, unknown> {
  readonly #honest: Host<unknown, unknown>;
  readonly #random: Random;
  readonly #attack: Attack;
  readonly #pages: HostilePage[] = [];
  /** The part of an answer and the value that "stuck" goes on with. */
  readonly #stuck: { readonly part: number; readonly value: bigint };

  constructor(honest: Host<unknown, unknown>, random: Random, attack: Attack) {
    this.#honest = honest;
    this.#random = random;
    this.#attack = attack;
    this.#stuck = { part: random.below(16), value: random.pick(AGAIN) };
  }

  call(call: unknown): unknown {
    for (const page of this.#pages) page.behave();
    const answer = this.#honest.call(call);
    // That the recorded device has no value is not the host's word.
    if (answer instanceof Refusal) return answer;
    const attack = this.#attack;
    if (attack === "late" || attack === "page") {
      for (const page of this.#pages) page.attack(attack);
      // A page that the call itself hands over.
      for (const memory of memoriesIn(call)) scribble(memory, this.#random);
      return answer;
    }
    return attack === "honest" ? answer : this.#change(answer);
  }

  share(length: number): SharedMemory {
    const page = new HostilePage(length, this.#random);
    this.#pages.push(page);
    return page.memory;
  }

  /** The answer with its integers changed; its shape, which registers have and a host can't choose, stays. */
  #change(answer: unknown): unknown {
    const parts = countIntegers(answer);
    let at = 0;
    const edge = this.#attack === "stuck" ? this.#stuck : { part: this.#random.below(Math.max(parts, 1)), value: this.#random.pick(EDGES) };
    const integer = (value: bigint): bigint => {
      const mine = at++ === edge.part % Math.max(parts, 1);
      switch (this.#attack) {
        case "wide":
          return value | (this.#random.bits(64) << this.#random.pick([8n, 16n, 32n, 64n]));
        case "garbage":
          return this.#random.bits(64);
        case "edge":
        case "stuck":
          return mine ? edge.value : value;
        default:
          return value;
      }
    };
    const walk = (value: unknown): unknown => {
      if (typeof value === "bigint") return integer(value);
      if (typeof value === "number") return Number(integer(BigInt(Math.trunc(value))) & 0xffff_ffffn);
      if (Array.isArray(value)) return this.#lengthened(value.map(walk));
      if (value instanceof Uint8Array) return this.#attack === "garbage" ? value.map(() => this.#random.below(256)) : value;
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, walk(part)]));
    };
    return walk(answer);
  }

  #lengthened(list: unknown[]): unknown[] {
    if (this.#attack !== "length") return list;
    const length = this.#random.below(2 * list.length + 2);
    return Array.from({ length }, (_, at) => list[at] ?? this.#random.bits(64));
  }
}

function countIntegers(value: unknown): number {
  if (typeof value === "bigint" || typeof value === "number") return 1;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + countIntegers(part), 0);
}

/** Pages within what a handler hands to a call. */
function memoriesIn(call: unknown): SharedMemory[] {
  if (typeof call !== "object" || call === null) return [];
  if (call instanceof Uint8Array) return [call as unknown as SharedMemory];
  if (Array.isArray(call)) return call.flatMap(memoriesIn);
  return Object.values(call).flatMap((part) => (part instanceof Uint8Array ? [part as unknown as SharedMemory] : []));
}

function scribble(memory: SharedMemory, random: Random): void {
  for (let times = 1 + random.below(64); times > 0; times--) memory[random.below(memory.length)] = random.below(256);
}

/** A page that the host goes on writing to while the guest reads it. */
class HostilePage {
  readonly memory: SharedMemory;
  readonly #bytes: Uint8Array;
  readonly #random: Random;
  #late = false;

  constructor(length: number, random: Random) {
    this.#bytes = new Uint8Array(length);
    this.#random = random;
    this.memory = new Proxy(this.#bytes as unknown as SharedMemory, { get: (_, key) => this.#get(key), set: (_, key, value) => this.#set(key, value as number) });
  }

  /** While the honest host works with it the page is only memory. */
  behave(): void {
    this.#late = false;
  }

  attack(attack: "late" | "page"): void {
    if (attack === "page") scribble(this.memory, this.#random);
    else this.#late = true;
  }

  #get(key: string | symbol): unknown {
    if (typeof key === "symbol" || !/^\d+$/.test(key)) return key === "length" ? this.#bytes.length : undefined;
    const at = Number(key);
    const value = this.#bytes[at];
    // What was looked at is another the next time.
    if (this.#late && value !== undefined) this.#bytes[at] = this.#random.below(256);
    return value;
  }

  #set(key: string | symbol, value: number): boolean {
    if (typeof key === "string" && /^\d+$/.test(key)) this.#bytes[Number(key)] = value;
    return true;
  }
}
