import { jsonLines } from "../trace/json-lines.ts";
import { type Answer, outcomeReader } from "../trace/outcome-lines.ts";
import type { TraceHeader } from "../trace/record.ts";
import type { Fault } from "../model/fault.ts";
import type { RegisterSet } from "../model/registers.ts";
import { Peer, type PeerFailure, shown } from "./peer.ts";

/** How a program is asked. */
export interface InterviewOptions {
  readonly command: readonly string[];
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  /** Milliseconds that one answer may take. */
  readonly patience: number;
}

/** What became of one question. */
export type Reply = Answer | PeerFailure;

/** Faults that are sent ahead of the answers, at most: few enough that pipes and memory never fill up. */
const WINDOW = 128;
/** A program that fails so often without doing it again when asked alone is not worth a longer talk. */
const FLUKE_LIMIT = 20;
/** A program's very first answer may take longer by this factor: it starts up first. Later starts get what the first one took, twice. */
const START_FACTOR = 4;

/** Whether a reply is a failure to answer. */
export function isFailure(reply: Reply): reply is PeerFailure {
  return "kind" in reply;
}

/**
 * Questions and answers with a program, which is started again whenever it fails. A run of faults is sent ahead of the answers. When
 * the program fails, what it left unanswered is asked again one by one, so that the fault that kills it is known and all others get their
 * answer: the replies are the same whatever the timing.
 */
export class Interview {
  readonly #options: InterviewOptions;
  readonly #encoder;
  readonly #read;
  #peer: Peer | undefined;
  #answered = 0;
  /** Milliseconds until the first answer, once there was one. */
  #startTime: number | undefined;
  #startedAt = 0;
  /** Failures that did not happen again when the fault was asked alone. */
  readonly flukes: string[] = [];

  constructor(options: InterviewOptions) {
    this.#options = options;
    this.#encoder = jsonLines.encoder(options.registers);
    this.#read = outcomeReader(options.registers);
  }

  /** Whether the program fails for reasons of its own, again and again. */
  get hopeless(): boolean {
    return this.flukes.length >= FLUKE_LIMIT;
  }

  /** Asks about one fault. */
  async ask(fault: Fault): Promise<Reply> {
    const peer = (this.#peer ??= await this.#start());
    this.#send(peer, [fault]);
    return this.#receive(peer, fault);
  }

  /** Asks about all of them, in order. `skip` is asked right before a fault's turn comes. Ends early if it becomes {@link hopeless}. */
  async *askAll<Item extends { readonly fault: Fault }>(items: AsyncIterable<Item> | Iterable<Item>, skip: (item: Item) => boolean): AsyncGenerator<readonly [Item, Reply]> {
    const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    let waiting: Item[] = [];
    let exhausted = false;
    for (;;) {
      const peer = (this.#peer ??= await this.#start());
      const more: Item[] = [];
      // Refilled by halves: many small writes cost more than a few larger ones.
      if (!exhausted && waiting.length <= WINDOW / 2) {
        while (waiting.length + more.length < WINDOW) {
          const next = await source.next();
          if (next.done === true) {
            exhausted = true;
            break;
          }
          if (!skip(next.value)) more.push(next.value);
        }
        if (more.length > 0) this.#send(peer, more.map(({ fault }) => fault));
        waiting.push(...more);
      }
      const item = waiting[0];
      if (item === undefined) return;
      const reply = await this.#receive(peer, item.fault);
      if (!isFailure(reply)) {
        waiting.shift();
        // Sent before it was known that it should not be asked.
        if (!skip(item)) yield [item, reply];
        continue;
      }
      yield* this.#askAgain(waiting, reply, skip);
      waiting = [];
      if (this.hopeless) return;
    }
  }

  /** Lets the program end. What it wrote beyond its answers, if it did. */
  async finish(): Promise<string | undefined> {
    const failure = await this.#peer?.finish(this.#options.patience);
    this.#peer = undefined;
    return failure?.detail;
  }

  async kill(): Promise<void> {
    await this.#peer?.kill();
    this.#peer = undefined;
    this.#answered = 0;
  }

  /** One by one: the program fails at some of these, or, if that was an accident of its own, at none. */
  async *#askAgain<Item extends { readonly fault: Fault }>(items: readonly Item[], first: PeerFailure, skip: (item: Item) => boolean): AsyncGenerator<readonly [Item, Reply]> {
    let failed = false;
    for (const item of items) {
      if (skip(item)) continue;
      const fresh = this.#answered === 0;
      let reply = await this.ask(item.fault);
      if (isFailure(reply) && !fresh) {
        // It may have been the number of questions and not this one: a program that has just started knows of no other.
        const again = await this.ask(item.fault);
        if (!isFailure(again)) this.flukes.push(reply.detail);
        reply = again;
      }
      failed ||= isFailure(reply);
      yield [item, reply];
      if (this.hopeless) return;
    }
    if (!failed) this.flukes.push(first.detail);
  }

  async #start(): Promise<Peer> {
    this.#startedAt = performance.now();
    const peer = await Peer.start(this.#options.command);
    peer.tell(this.#encoder.header(this.#options.header));
    this.#answered = 0;
    return peer;
  }

  #send(peer: Peer, faults: readonly Fault[]): void {
    peer.ask(faults.map((fault) => this.#encoder.record({ fault, unknown: undefined })));
  }

  #patience(): number {
    const { patience } = this.#options;
    if (this.#answered > 0) return patience;
    return this.#startTime === undefined ? START_FACTOR * patience : patience + Math.round(2 * this.#startTime);
  }

  async #receive(peer: Peer, { pc }: Fault): Promise<Reply> {
    const line = await peer.answer(this.#patience());
    if (typeof line === "string") this.#startTime ??= performance.now() - this.#startedAt;
    const answer = typeof line === "string" ? this.#read(line) : line;
    const index = this.#answered++;
    const nonsense = (detail: string): PeerFailure => ({ kind: "nonsense", detail: `${detail}: ${shown(String(line))}` });
    const reply: Reply =
      typeof answer === "string"
        ? nonsense(`wrote a line that ${answer.startsWith("is ") ? "" : "is no outcome: "}${answer}`)
        : isFailure(answer)
          ? answer
          : answer.index !== index
            ? nonsense(`answered fault ${answer.index} where fault ${index} was next`)
            : answer.pc !== undefined && answer.pc !== pc
              ? nonsense("answered with the pc of another instruction")
              : answer;
    if (isFailure(reply)) await this.kill();
    return reply;
  }
}
