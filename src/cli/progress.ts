import { count } from "../report/tally.ts";
import type { Terminal } from "./terminal.ts";

/** Nothing is shown before this time, and then no oftener than every `INTERVAL`. Milliseconds. */
const PATIENCE = 1000;
const INTERVAL = 200;
/** The clock is looked at once in so many steps. */
const STEP = 512;

/** A line on standard error that counts while long work runs, if a person is watching. */
export class Progress {
  readonly #talk: Terminal["talk"];
  readonly #what: string;
  readonly #start = performance.now();
  #shown = 0;
  #count = 0;

  /** `what` is counted, e.g. "faults". */
  constructor(terminal: Terminal, what: string) {
    this.#talk = terminal.talk;
    this.#what = what;
  }

  step(): void {
    if (++this.#count % STEP !== 0 || this.#talk.isTTY !== true) return;
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
