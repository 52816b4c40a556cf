import { answerWidths, type Device, type Exit } from "../handler.ts";
import type { Random } from "../model/random.ts";
import type { HostModel } from "./host.ts";
import { randomOf } from "./seed.ts";

/** A device that answers every read and exit with 64 random bits, so that whoever does not cut to size is found out. Writes vanish. */
export class RandomDevice implements Device {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  read(): bigint {
    return this.#random.bits(64);
  }

  write(): void {}

  exit(exit: Exit): readonly bigint[] {
    return answerWidths(exit).map(() => this.#random.bits(64));
  }
}

/** An honest host in front of a {@link RandomDevice}. A fault has the same answers for the same seed, whatever stood before it. */
export function randomHost(seed: number): HostModel {
  return { name: `random:${seed}`, connect: (honest, fault) => honest(new RandomDevice(randomOf(seed, fault))) };
}
