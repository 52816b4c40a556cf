import { hexadecimal } from "../model/bits.ts";
import { SIGNAL_INTERRUPT, SIGNAL_TRAP, type Stop } from "./stop-reply.ts";
import type { Stub } from "./stub.ts";

/** Times that the guest may stop with the same signal, without a stop for another reason between, before that counts as its end. */
const SIGNAL_LIMIT = 3;
/** Milliseconds that one thread of several may take for one instruction: one that waits for an interrupt does not come back. */
const PATIENCE = 200;

/** Lets the guest run and step, until it ends or somebody interrupts. */
export class Runner {
  readonly #stub: Stub;
  readonly #interrupted: AbortSignal;
  #signals = 0;
  #ending: string | undefined;
  #gone = false;

  constructor(stub: Stub, interrupted: AbortSignal) {
    this.#stub = stub;
    this.#interrupted = interrupted;
  }

  /** Why the capture is over, for a person; undefined: it goes on. */
  get ending(): string | undefined {
    return this.#ending ?? (this.#interrupted.aborted ? "interrupted" : undefined);
  }

  /** There is no guest any more. */
  get gone(): boolean {
    return this.#gone;
  }

  end(why: string): void {
    this.#ending ??= why;
  }

  /** Lets all threads run until one stops. A signal that the guest stopped with before is delivered to it. */
  async resume(last: Stop | undefined): Promise<Stop> {
    const signal = last?.kind === "stopped" && last.watchpoint === undefined && isGuestSignal(last.signal) ? last.signal : 0;
    this.#stub.resume(last?.kind === "stopped" ? last.thread : undefined, signal);
    return this.#wait();
  }

  /** Executes one instruction of a thread. `patient`: however long that takes. */
  async step(thread: string | undefined, patient: boolean): Promise<Stop> {
    await this.#stub.step(thread);
    const timer = patient ? undefined : setTimeout(() => this.#stub.interrupt(), PATIENCE);
    try {
      return await this.#wait();
    } finally {
      clearTimeout(timer);
    }
  }

  async #wait(): Promise<Stop> {
    const interrupt = (): void => this.#stub.interrupt();
    this.#interrupted.addEventListener("abort", interrupt, { once: true });
    if (this.#interrupted.aborted) interrupt();
    try {
      return this.#noted(await this.#stub.wait());
    } finally {
      this.#interrupted.removeEventListener("abort", interrupt);
    }
  }

  #noted(stop: Stop): Stop {
    if (stop.kind === "exited") {
      this.#gone = true;
      this.end(`the guest ${stop.how}`);
      return stop;
    }
    this.#signals = isGuestSignal(stop.signal) ? this.#signals + 1 : 0;
    if (this.#signals >= SIGNAL_LIMIT) this.end(`the guest stands still with signal ${stop.signal} (${hexadecimal(BigInt(stop.signal))})`);
    return stop;
  }
}

/** Whether a signal is the guest's own matter, and not that of a debugger. */
function isGuestSignal(signal: number): boolean {
  return signal !== 0 && signal !== SIGNAL_TRAP && signal !== SIGNAL_INTERRUPT;
}
