import { CaptureError } from "./error.ts";
import { encodePacket, PacketParser, type Received } from "./packet.ts";

/** The way to the other side: a socket, or a test's scripted stub. */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** Called once, before the first byte: where what arrives goes, and what is told when nothing more will. */
  listen(data: (bytes: Uint8Array) => void, end: (problem: string | undefined) => void): void;
  close(): void;
}

/** Milliseconds that an answer may take. What runs the guest may take forever. */
const REPLY_TIMEOUT = 10_000;
/** A packet is sent at most so many times, and so many damaged ones in a row are asked for again. */
const ATTEMPTS = 5;
/** How much of what was no packet is shown to a person. */
const SHOWN = 40;

interface Waiter {
  readonly resolve: (data: string) => void;
  readonly reject: (error: CaptureError) => void;
}

/** Exchanges packets, one at a time, with acknowledgements until the other side agrees to go without. */
export class Connection {
  readonly #transport: Transport;
  readonly #name: string;
  readonly #timeout: number;
  readonly #parser = new PacketParser();
  readonly #arrived: string[] = [];
  #waiter: Waiter | undefined;
  #failure: CaptureError | undefined;
  #acknowledge = true;
  #sent: Uint8Array = new Uint8Array(0);
  #attempts = 0;
  #interrupting: NodeJS.Timeout | undefined;
  #damaged = 0;
  #garbage = "";

  /** `name` stands for the other side in messages, e.g. "localhost:1234". `timeout` is in milliseconds. */
  constructor(transport: Transport, name: string, timeout = REPLY_TIMEOUT) {
    this.#transport = transport;
    this.#name = name;
    this.#timeout = timeout;
    transport.listen(
      (bytes) => {
        for (const each of this.#parser.push(bytes)) this.#receive(each);
      },
      (problem) => this.#fail(`the connection ended${problem === undefined ? "" : `: ${problem}`}`),
    );
  }

  /** Sends a packet and returns the answer. Throws a {@link CaptureError}, also when it takes too long. */
  async exchange(data: string): Promise<string> {
    this.send(data);
    return this.receive(this.#timeout, data);
  }

  /** Sends a packet whose answer comes later, or not at all. */
  send(data: string): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#sent = encodePacket(data);
    this.#attempts = 1;
    this.#transport.write(this.#sent);
  }

  /** The next packet. Without a timeout (milliseconds) it may take forever. `asked` is shown if it does not come in time. */
  async receive(timeout: number | undefined, asked = ""): Promise<string> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return arrived;
    if (this.#failure !== undefined) throw this.#failure;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#waiter = { resolve, reject };
        if (timeout !== undefined) timer = setTimeout(() => this.#fail(this.#silence(asked)), timeout);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops the guest: the byte of Ctrl-C, outside any packet. From now on an answer must come in time. */
  interrupt(): void {
    if (this.#failure !== undefined) return;
    this.#transport.write(Uint8Array.of(0x03));
    clearTimeout(this.#interrupting);
    this.#interrupting = setTimeout(() => this.#fail(this.#silence("that stops the guest")), this.#timeout);
  }

  /** From now on neither side acknowledges. */
  stopAcknowledging(): void {
    this.#acknowledge = false;
  }

  get replyTimeout(): number {
    return this.#timeout;
  }

  close(): void {
    this.#failure ??= this.error("the connection is closed");
    clearTimeout(this.#interrupting);
    this.#transport.close();
  }

  /** An error about this stub: one line, whatever the stub said. */
  error(problem: string): CaptureError {
    return new CaptureError(`${this.#name}: ${problem.replaceAll(/\p{Cc}+/gu, " ")}`);
  }

  #receive(received: Received): void {
    switch (received.kind) {
      case "packet":
        if (this.#acknowledge) this.#transport.write(Buffer.from("+"));
        this.#damaged = 0;
        this.#deliver(received.data);
        return;
      case "damaged":
        this.#damaged++;
        // Without acknowledgements the transport is trusted, so nobody would send it again.
        if (!this.#acknowledge || this.#damaged >= ATTEMPTS) this.#fail(`is no GDB stub, or the line is broken: ${received.problem}`);
        else this.#transport.write(Buffer.from("-"));
        return;
      case "resend":
        if (this.#attempts === 0) return;
        if (this.#attempts++ >= ATTEMPTS) this.#fail(`the stub refused the same packet ${ATTEMPTS} times`);
        else this.#transport.write(this.#sent);
        return;
      case "acknowledged":
      // Nothing that non-stop mode announces was asked for.
      case "notification":
        return;
      case "garbage":
        if (this.#garbage.length < SHOWN) this.#garbage += received.data.slice(0, SHOWN);
        return;
      default:
        received satisfies never;
    }
  }

  #deliver(data: string): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    clearTimeout(this.#interrupting);
    if (waiter === undefined) this.#arrived.push(data);
    else waiter.resolve(data);
  }

  #fail(problem: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = this.error(problem);
    clearTimeout(this.#interrupting);
    this.#transport.close();
    this.#waiter?.reject(this.#failure);
    this.#waiter = undefined;
  }

  #silence(asked: string): string {
    const seconds = this.#timeout / 1000;
    const kind = /^[a-zA-Z? ]*/.exec(asked)?.[0] ?? "";
    if (this.#garbage !== "") return `is no GDB stub: it sent ${JSON.stringify(this.#garbage.slice(0, SHOWN))}, which is no packet`;
    return `no answer within ${seconds} s${kind === "" ? "" : ` to the packet ${kind}`}; is it a GDB stub, and does no other debugger use it?`;
  }
}
