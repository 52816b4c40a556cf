import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { UserError } from "../model/user-error.ts";

/** How a program failed to answer. */
export interface PeerFailure {
  readonly kind: "silent" | "ended" | "nonsense" | "flood";
  /** For a person: what it did instead of answering. */
  readonly detail: string;
}

/** A program that can't be started at all. */
export class PeerStartError extends UserError {
  override readonly name = "PeerStartError";
}

/** Longest line that is read: a page of REP iterations has some 400,000 bytes. Whoever writes more without a line feed floods. */
const LINE_LIMIT = 4 * 1024 * 1024;
/** Lines beyond those asked for that are held back: the next question tells better which answer was one too many. */
const SURPLUS_LIMIT = 64;
/** Of what the program says on standard error the end is kept, for people. */
const TALK_LIMIT = 2048;
const LINE_FEED = 0x0a;

/** Process groups that are alive: none outlives this program. */
const alive = new Set<number>();
process.once("exit", () => {
  for (const group of alive) killGroup(group);
});

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has gone already.
  }
}

/**
 * One run of somebody's program: lines in, lines out. It is never waited for longer than it was given, and what it writes is held only
 * as long as it was asked for. After its first failure it is dead and every further answer is that failure.
 */
export class Peer {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  #parts: Buffer[] = [];
  #length = 0;
  #talk = "";
  #failure: PeerFailure | undefined;
  #wake: (() => void) | undefined;
  /** Lines that get an answer, and lines that the program wrote. */
  #asked = 0;
  #received = 0;
  readonly #closed: Promise<void>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    const { stdin, stdout, stderr, pid } = process;
    alive.add(pid!);
    // A program that ended says so by its exit, not by a broken pipe.
    stdin!.on("error", () => undefined);
    stdout!.on("data", (chunk: Buffer) => this.#receive(chunk));
    stdout!.on("error", () => undefined);
    stderr!.on("data", (chunk: Buffer) => {
      this.#talk = (this.#talk + chunk.toString("latin1")).slice(-TALK_LIMIT);
    });
    stderr!.on("error", () => undefined);
    this.#closed = new Promise((done) => {
      process.once("close", (code, signal) => {
        alive.delete(pid!);
        this.#fail({ kind: "ended", detail: `${describeEnd(code, signal)}${this.#lastWords()}` });
        done();
      });
    });
  }

  /** Starts the program in a process group of its own. Throws a {@link PeerStartError}. */
  static async start(command: readonly string[]): Promise<Peer> {
    const [file, ...words] = command as [string, ...string[]];
    const process = spawn(file, words, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    await new Promise<void>((done, fail) => {
      process.once("spawn", done);
      process.once("error", (error) => fail(new PeerStartError(`${file}: can't be started: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "no such program" : error.message}`)));
    });
    return new Peer(process);
  }

  /** Sends a line that gets no answer. */
  tell(line: Uint8Array): void {
    if (this.#failure === undefined) this.#process.stdin!.write(line);
  }

  /** Sends lines that get an answer each. */
  ask(lines: readonly Uint8Array[]): void {
    this.#asked += lines.length;
    this.tell(lines.length === 1 ? lines[0]! : Buffer.concat(lines));
  }

  /** The next line that the program writes, or, after `patience` milliseconds without one, its failure. */
  async answer(patience: number): Promise<string | PeerFailure> {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    if (this.#failure !== undefined) return this.#failure;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((done) => {
      this.#wake = done;
      timer = setTimeout(() => {
        this.#fail({ kind: "silent", detail: `gave no answer in time${this.#lastWords()}` });
        done();
      }, patience);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    return this.#lines.shift() ?? this.#failure!;
  }

  /** Closes its standard input and waits until it has ended; one that goes on is killed. Tells of answers that nobody asked for. */
  async finish(patience: number): Promise<PeerFailure | undefined> {
    this.#process.stdin!.end();
    const timer = setTimeout(() => killGroup(this.#process.pid!), patience);
    await this.#closed;
    clearTimeout(timer);
    const surplus = this.#lines.shift();
    if (this.#failure?.kind === "flood") return this.#failure;
    return surplus === undefined ? undefined : { kind: "flood", detail: `wrote a line more than there were faults: ${shown(surplus)}` };
  }

  async kill(): Promise<void> {
    killGroup(this.#process.pid!);
    // A child that left the group may hold the pipes open.
    this.#process.stdout!.destroy();
    this.#process.stderr!.destroy();
    this.#process.stdin!.destroy();
    await this.#closed;
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const last = chunk.subarray(start, end);
      const text = (this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last])).toString("utf8").trim();
      this.#parts = [];
      this.#length = 0;
      start = end + 1;
      if (text === "") continue;
      this.#lines.push(text);
      if (++this.#received > this.#asked + SURPLUS_LIMIT) {
        this.#fail({ kind: "flood", detail: `wrote lines that no fault was sent for: ${shown(text)}` });
        return;
      }
    }
    if (start < chunk.length) {
      this.#parts.push(chunk.subarray(start));
      this.#length += chunk.length - start;
      if (this.#length > LINE_LIMIT) this.#fail({ kind: "flood", detail: `wrote a line longer than ${LINE_LIMIT} bytes` });
    }
    if (this.#lines.length > 0) this.#wake?.();
  }

  #fail(failure: PeerFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#parts = [];
    if (failure.kind !== "ended") killGroup(this.#process.pid!);
    this.#wake?.();
  }

  #lastWords(): string {
    const line = this.#talk.trim().split("\n").at(-1)!.trim();
    return line === "" ? "" : `; the last it said was: ${shown(line)}`;
  }
}

/** Text of a foreign program, safe to print and cut to a length that fits a line. */
export function shown(text: string): string {
  const printable = text.replaceAll(/[^\u0020-\u007e\u00a0-\uffff]/g, "?");
  return printable.length <= 100 ? printable : `${printable.slice(0, 97)}…`;
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `was ended by ${signal} (signal ${constants.signals[signal]})`;
  return `ended with status ${code}`;
}
