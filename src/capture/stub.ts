import { bytesToHexadecimal } from "../model/bits.ts";
import type { Connection } from "./connection.ts";
import { parseStop, type Stop, THREAD } from "./stop-reply.ts";
import { readTargetDescription, type StubRegister, type TargetDescription } from "./target-description.ts";

/** Kinds of Z packets ("Debugging with GDB", appendix E.2): what stops the guest. */
export const POINT = { hardwareBreakpoint: 1, writeWatchpoint: 2, readWatchpoint: 3, accessWatchpoint: 4 } as const;

/** A breakpoint or watchpoint that is set. */
export interface Point {
  readonly kind: (typeof POINT)[keyof typeof POINT];
  readonly address: bigint;
  /** Bytes that are watched; of a breakpoint what the architecture's GDB gives as kind. */
  readonly length: number;
}

/** Answer of a stub to a request that it may refuse: "unsupported" is the empty packet. */
export type Answer = "ok" | "refused" | "unsupported";

/** A register's value in a `g` packet; undefined: the stub does not know it at this moment. */
export type RegisterValues = ReadonlyMap<StubRegister, bigint | undefined>;

/** Bytes that a stub certainly takes in one packet. */
const SMALLEST_PACKET = 400;
/** How long a document is that is fetched at most, in characters. */
const DOCUMENT_LIMIT = 1 << 20;
/** Register values in memory order; "xx" stands for a byte that is not available. */
const REGISTERS = /^(?:[0-9a-f]{2}|xx)+$/i;

/** A GDB stub (QEMU, gdbserver, OpenOCD) as a debugger's side uses it. Each method is one request of the protocol. */
export class Stub {
  readonly #connection: Connection;
  readonly description: TargetDescription;
  readonly #packetSize: number;
  readonly #resumes: boolean;
  /** The thread that `Hg` has selected; undefined: the stub's own choice. */
  #selected: string | undefined;

  private constructor(connection: Connection, description: TargetDescription, packetSize: number, resumes: boolean) {
    this.#connection = connection;
    this.description = description;
    this.#packetSize = packetSize;
    this.#resumes = resumes;
  }

  /** Agrees on features and reads the target description. Throws a CaptureError where the stub can't serve a capture. */
  static async open(connection: Connection): Promise<Stub> {
    let answer = await connection.exchange("qSupported:swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386");
    // QEMU tells a new debugger of the stop that its coming made.
    while (parseStop(answer) !== undefined) answer = await connection.receive(connection.replyTimeout, "qSupported");
    const features = new Map(answer.split(";").map((each): [string, string] => {
      const [, name, value] = /^([^=]*?)(?:=(.*)|[+?-])?$/.exec(each) ?? [];
      return [name ?? each, value ?? each.slice(-1)];
    }));
    if (features.get("QStartNoAckMode") === "+" && (await connection.exchange("QStartNoAckMode")) === "OK") connection.stopAcknowledging();
    // gdbserver describes the machine of the thread that is selected, and fails without one.
    await connection.exchange("Hg0");
    const packetSize = Number.parseInt(features.get("PacketSize") ?? "", 16);
    const usable = Number.isInteger(packetSize) && packetSize >= SMALLEST_PACKET ? Math.min(packetSize, 1 << 16) : SMALLEST_PACKET;
    if (features.get("qXfer:features:read") !== "+") {
      throw connection.error("the stub has no target description (qXfer:features:read), so its registers can't be told apart");
    }
    const description = await readTargetDescription((document) => fetchDocument(connection, document, usable)).catch((error: unknown) => {
      throw error instanceof Error && error.name === "Error" ? connection.error(error.message) : error;
    });
    if (description === undefined) throw connection.error("the stub announces a target description and does not have it");
    const actions = await connection.exchange("vCont?");
    const resumes = actions.startsWith("vCont") && /;s(;|$)/.test(actions) && /;c(;|$)/.test(actions);
    return new Stub(connection, description, usable, resumes);
  }

  /** Why the guest stands still now. */
  async stopReason(): Promise<Stop> {
    return this.#stop(await this.#connection.exchange("?"), "?");
  }

  /** Threads (processors of a machine), in the stub's order. Empty: it does not tell. */
  async threads(): Promise<string[]> {
    const threads: string[] = [];
    for (let answer = await this.#connection.exchange("qfThreadInfo"); answer.startsWith("m"); answer = await this.#connection.exchange("qsThreadInfo")) {
      for (const thread of answer.slice(1).split(",")) {
        if (!THREAD.test(thread)) throw this.error(`the list of threads has ${shown(thread)}, which is no thread`);
        threads.push(thread);
      }
      if (threads.length > DOCUMENT_LIMIT) throw this.error("the list of threads does not end");
    }
    return threads;
  }

  /** Makes `thread` the one whose registers and memory are read. */
  async select(thread: string | undefined): Promise<void> {
    if (thread === undefined || thread === this.#selected) return;
    const answer = await this.#connection.exchange(`Hg${thread}`);
    if (answer !== "OK") throw this.error(`thread ${thread} can't be selected: the stub answered ${shown(answer)}`);
    this.#selected = thread;
  }

  /** All registers that one `g` packet holds. */
  async registers(): Promise<RegisterValues> {
    const answer = await this.#connection.exchange("g");
    if (!REGISTERS.test(answer)) throw this.error(`the registers can't be read: the stub answered ${shown(answer)}`);
    const values = new Map<StubRegister, bigint | undefined>();
    let offset = 0;
    for (const register of this.description.registers) {
      const end = offset + Math.ceil(register.width / 8) * 2;
      if (end > answer.length) break;
      values.set(register, littleEndian(answer.slice(offset, end)));
      offset = end;
    }
    return values;
  }

  /** One register; undefined where the stub does not know it. */
  async register({ number, width }: StubRegister): Promise<bigint | undefined> {
    const answer = await this.#connection.exchange(`p${number.toString(16)}`);
    return answer.length === Math.ceil(width / 8) * 2 && REGISTERS.test(answer) ? littleEndian(answer) : undefined;
  }

  /** Bytes of memory at a virtual address of the selected thread; fewer where it can't be read to the end. */
  async memory(address: bigint, length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    const piece = Math.floor((this.#packetSize - 8) / 2);
    for (let done = 0; done < length; ) {
      const wanted = Math.min(piece, length - done);
      const answer = await this.#connection.exchange(`m${(address + BigInt(done)).toString(16)},${wanted.toString(16)}`);
      if (!/^(?:[0-9a-f]{2})+$/i.test(answer) || answer.length > 2 * wanted) break;
      const bytes = Uint8Array.from(Buffer.from(answer, "hex"));
      pieces.push(bytes);
      done += bytes.length;
      if (bytes.length < wanted) break;
    }
    return Uint8Array.from(Buffer.concat(pieces));
  }

  async insert(point: Point): Promise<Answer> {
    return answerOf(await this.#connection.exchange(`Z${pointText(point)}`));
  }

  async remove(point: Point): Promise<void> {
    const answer = await this.#connection.exchange(`z${pointText(point)}`);
    if (answer !== "OK") throw this.error(`a watchpoint or breakpoint at 0x${point.address.toString(16)} can't be removed: the stub answered ${shown(answer)}`);
  }

  /** Lets every thread run. A signal (as GDB counts them) is handed to the thread that stopped with it. {@link wait} tells how it ends. */
  resume(thread: string | undefined, signal = 0): void {
    const deliver = signal === 0 ? "" : signal.toString(16).padStart(2, "0");
    if (!this.#resumes) this.#connection.send(signal === 0 ? "c" : `C${deliver}`);
    else if (signal === 0 || thread === undefined) this.#connection.send(signal === 0 ? "vCont;c" : `vCont;C${deliver}`);
    else this.#connection.send(`vCont;C${deliver}:${thread};c`);
  }

  /** Executes one instruction of one thread; the others stand still. {@link wait} tells how it ends. */
  async step(thread: string | undefined): Promise<void> {
    if (this.#resumes) {
      this.#connection.send(thread === undefined ? "vCont;s" : `vCont;s:${thread}`);
      return;
    }
    if (thread !== undefined) await this.#connection.exchange(`Hc${thread}`);
    this.#connection.send("s");
  }

  /** Waits until the guest stops, which may take forever. */
  async wait(timeout?: number): Promise<Stop> {
    for (;;) {
      const data = await this.#connection.receive(timeout, "of resuming");
      // "O" and hex digits: what the program prints.
      if (/^O(?:[0-9a-f]{2})*$/i.test(data)) continue;
      if (data.startsWith("F")) {
        throw this.error("the guest asks the debugger for a file operation (semihosting), which is not served; QEMU: -semihosting-config target=native");
      }
      const stop = this.#stop(data, "of resuming");
      // The stub has selected the thread that stopped.
      this.#selected = stop.kind === "stopped" ? stop.thread : undefined;
      return stop;
    }
  }

  /** Stops the guest while it runs: {@link wait} returns soon. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  /** What QEMU's monitor prints for a command; undefined where the stub has none. */
  async monitor(command: string): Promise<string | undefined> {
    let text = "";
    let answer = await this.#connection.exchange(`qRcmd,${Buffer.from(command).toString("hex")}`);
    for (; /^O(?:[0-9a-f]{2})+$/i.test(answer) && text.length < DOCUMENT_LIMIT; answer = await this.#connection.receive(this.#connection.replyTimeout, "qRcmd")) {
      text += Buffer.from(answer.slice(1), "hex").toString();
    }
    return answer === "OK" ? text : undefined;
  }

  /** Takes leave: the guest runs on. */
  async detach(): Promise<void> {
    await this.#connection.exchange("D");
  }

  /** An error about this stub. */
  error(problem: string): Error {
    return this.#connection.error(problem);
  }

  #stop(data: string, asked: string): Stop {
    const stop = parseStop(data);
    if (stop === undefined) throw this.error(`expected a stop reply to the packet ${asked}, got ${shown(data)}`);
    return stop;
  }
}

async function fetchDocument(connection: Connection, name: string, packetSize: number): Promise<string | undefined> {
  let text = "";
  for (;;) {
    const answer = await connection.exchange(`qXfer:features:read:${name}:${text.length.toString(16)},${(packetSize - 8).toString(16)}`);
    const more = answer.startsWith("m");
    if (!more && !answer.startsWith("l")) return undefined;
    text += answer.slice(1);
    if (!more) return text;
    if (answer.length === 1 || text.length > DOCUMENT_LIMIT) throw connection.error(`the document ${name} of its target description does not end`);
  }
}

function answerOf(data: string): Answer {
  return data === "OK" ? "ok" : data === "" ? "unsupported" : "refused";
}

function pointText({ kind, address, length }: Point): string {
  return `${kind},${address.toString(16)},${length.toString(16)}`;
}

/** Value of hex digits in memory order; undefined for "xx…", a register that is not available. */
function littleEndian(digits: string): bigint | undefined {
  if (/x/i.test(digits)) return undefined;
  return BigInt(`0x0${bytesToHexadecimal(Buffer.from(digits, "hex").toReversed())}`);
}

function shown(answer: string): string {
  return answer === "" ? "that it does not know this packet" : JSON.stringify(answer.slice(0, 40));
}
