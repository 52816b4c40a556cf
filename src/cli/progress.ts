import { count } from "../report/tally.ts";
import type { Terminal } from "./terminal.ts";

/** Nothing is shown before this time, and then no oftener than every `INTERVAL`. Milliseconds. */
const PATIENCE = 1000;
const INTERVAL = 200;
/** The clock is looked at once in so many steps, where they are short. */
const STEP = 512;

/** A line on standard error that counts while long work runs, if a person is watching. */
export class Progress {
  readonly #talk: Terminal["talk"];
  readonly #what: string;
  readonly #step: number;
  readonly #start = performance.now();
  #shown = 0;
  #count = 0;

  /** `what` is counted, e.g. "faults"; the clock is looked at once in `step` of them. */
  constructor(terminal: Terminal, what: string, step = STEP) {
    this.#talk = terminal.talk;
    this.#what = what;
    this.#step = step;
  }

  /** Counts some more. */
  step(more = 1): void {
    const before = this.#count;
    this.#count += more;
    if (this.#talk.isTTY !== true || Math.floor(before / this.#step) === Math.floor(this.#count / this.#step)) return;
    const now = performance.now();
    if (now - this.#start < PATIENCE || now - this.#shown < INTERVAL) return;
    this.#shown = now;
    const rate = Math.round((this.#count * 1000) / (now - this.#start));
    this.#talk.write(`\r${count(this.#count)} ${this.#what}, ${count(rate)} a second\u001b[K`);
  }

  /** Removes the line. */
  done(): void {
    if (this.#shown !== 0) this.#talk.write("\r\u001b[K");
    this.#shown = 0;
  }
}
