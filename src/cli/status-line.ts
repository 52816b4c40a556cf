import type { Terminal } from "./terminal.ts";

/** The line is not written oftener than this, in milliseconds. */
const INTERVAL = 100;

/** A line on standard error that says what is being done, if a person is watching. */
export class StatusLine {
  readonly #talk: Terminal["talk"];
  #shown = Number.NEGATIVE_INFINITY;

  constructor({ talk }: Terminal) {
    this.#talk = talk;
  }

  show(what: string): void {
    const now = performance.now();
    if (this.#talk.isTTY !== true || now - this.#shown < INTERVAL) return;
    this.#shown = now;
    const columns = this.#talk.columns ?? 80;
    this.#talk.write(`\r${what.slice(0, columns - 1)}\u001b[K`);
  }

  /** Removes the line. */
  done(): void {
    if (this.#shown !== Number.NEGATIVE_INFINITY) this.#talk.write("\r\u001b[K");
    this.#shown = Number.NEGATIVE_INFINITY;
  }
}
