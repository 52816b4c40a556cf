import { Connection, type Transport } from "../../src/capture/connection.ts";
import { encodePacket, PacketParser } from "../../src/capture/packet.ts";
import { bytesToHexadecimal } from "../../src/model/bits.ts";

/** What a scripted stub does with a packet: answers, or (undefined) keeps silent. */
export type Answering = (data: string) => string | undefined | readonly string[];

/** The stub's end of the line, as bytes. */
export class FakeTransport implements Transport {
  /** Everything that the client sent, as text of one byte a character. */
  readonly sent: string[] = [];
  closed = false;
  onWrite: (text: string) => void = () => undefined;
  #data: (bytes: Uint8Array) => void = () => undefined;
  #end: (problem: string | undefined) => void = () => undefined;

  write(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString("latin1");
    this.sent.push(text);
    queueMicrotask(() => this.onWrite(text));
  }

  listen(data: (bytes: Uint8Array) => void, end: (problem: string | undefined) => void): void {
    this.#data = data;
    this.#end = end;
  }

  close(): void {
    this.closed = true;
  }

  /** Bytes from the stub. */
  arrive(text: string): void {
    this.#data(Buffer.from(text, "latin1"));
  }

  end(problem?: string): void {
    this.#end(problem);
  }
}

/** A stub that acknowledges and answers each packet. `log` has the packets, `\x03` for an interrupt. */
export function fakeStub(answering: Answering, timeout = 200): { readonly connection: Connection; readonly transport: FakeTransport; readonly log: string[] } {
  const transport = new FakeTransport();
  const parser = new PacketParser();
  const log: string[] = [];
  const reply = (data: string): void => {
    const answer = answering(data);
    for (const each of typeof answer === "string" ? [answer] : (answer ?? [])) transport.arrive(Buffer.from(encodePacket(each)).toString("latin1"));
  };
  transport.onWrite = (text) => {
    if (text === "\u0003") {
      log.push(text);
      reply(text);
      return;
    }
    for (const received of parser.push(Buffer.from(text, "latin1"))) {
      if (received.kind !== "packet") continue;
      log.push(received.data);
      transport.arrive("+");
      reply(received.data);
    }
  };
  return { connection: new Connection(transport, "fake:1", timeout), transport, log };
}

const CORE = [
  ...Array.from({ length: 31 }, (_, number) => `<reg name="x${number}" bitsize="64"/>`),
  '<reg name="sp" bitsize="64"/><reg name="pc" bitsize="64"/><reg name="cpsr" bitsize="32"/>',
].join("");

/** An AArch64 machine as QEMU describes it: the vector registers are not in the `g` packet. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  "target.xml": '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target><architecture>aarch64</architecture><xi:include href="core.xml"/><xi:include href="fpu.xml"/></target>',
  "core.xml": `<!-- <reg name="no"/> --><feature name="org.gnu.gdb.aarch64.core">${CORE}</feature>`,
  "fpu.xml": `<feature name="org.gnu.gdb.aarch64.fpu">${Array.from({ length: 32 }, (_, number) => `<reg name="v${number}" bitsize="128"/>`).join("")}</feature>`,
};

const DEVICE = 0x9000000n;

/** The device that {@link FakeMachine} has: every read has another value. */
function deviceValue(read: number): bigint {
  return 0x1000n + BigInt(read);
}

/** An instruction of the program of {@link FakeMachine}. */
interface Step {
  readonly word: number;
  /** Offset in the device window that it touches, and how; undefined: none. */
  readonly access?: { readonly write: boolean; readonly offset: bigint };
}

/** `str w1, [x0]`; `ldr w1, [x0, #4]`; `add x2, x2, #1`; `b .-12`. */
export const PROGRAM: readonly Step[] = [
  { word: 0xb9000001, access: { write: true, offset: 0n } },
  { word: 0xb9400401, access: { write: false, offset: 4n } },
  { word: 0x91000442 },
  { word: 0x17fffffd },
];
const CODE = 0x40000000n;

/** How a {@link FakeMachine} differs from a stub without faults and limits. */
export interface Quirks {
  /** Answer to a packet instead of the machine's own; undefined: the machine's own. */
  readonly override?: (data: string, machine: FakeMachine) => string | undefined;
  /** Threads; the first one runs the program. */
  readonly threads?: readonly string[];
}

/** A little AArch64 machine behind the protocol: it loops over {@link PROGRAM}. */
export class FakeMachine {
  readonly registers: bigint[] = Array.from({ length: 31 }, () => 0n);
  pc = CODE;
  reads = 0;
  readonly points = new Set<string>();
  readonly #quirks: Quirks;

  constructor(quirks: Quirks = {}) {
    this.#quirks = quirks;
    this.registers[0] = DEVICE;
    this.registers[1] = 0x55n;
  }

  readonly answer: Answering = (data) => {
    const override = this.#quirks.override?.(data, this);
    if (override === "(silence)") return undefined;
    if (override !== undefined) return override;
    const threads = this.#quirks.threads ?? ["1"];
    const stopped = `T05thread:${threads[0]};`;
    if (data.startsWith("qSupported")) return "PacketSize=400;qXfer:features:read+;vContSupported+";
    if (data.startsWith("qXfer:features:read:")) return this.#document(data);
    if (data === "vCont?") return "vCont;c;C;s;S";
    if (data === "?") return stopped;
    if (data === "qfThreadInfo") return `m${threads.join(",")}`;
    if (data === "qsThreadInfo") return "l";
    if (data.startsWith("H") || data === "D") return "OK";
    if (data === "g") return [...this.registers, 0x40100000n, this.pc].map((value) => littleEndian(value, 8)).join("") + littleEndian(0x3c5n, 4);
    if (data.startsWith("p")) return littleEndian(0n, 16);
    if (data.startsWith("m")) return this.#memory(data);
    if (data.startsWith("Z")) return this.points.add(data.slice(1)), "OK";
    if (data.startsWith("z")) return this.points.delete(data.slice(1)) ? "OK" : "E01";
    if (data.startsWith("vCont;s")) return this.#step(), stopped;
    if (data.startsWith("vCont;c") || data.startsWith("vCont;C")) return this.#run(stopped);
    return "";
  };

  #document(data: string): string {
    const [, name, offset, length] = /^qXfer:features:read:(.*):([0-9a-f]+),([0-9a-f]+)$/.exec(data)!;
    const text = DOCUMENTS[name!];
    if (text === undefined) return "E00";
    const start = Number.parseInt(offset!, 16);
    const end = start + Number.parseInt(length!, 16);
    return `${end < text.length ? "m" : "l"}${text.slice(start, end)}`;
  }

  #memory(data: string): string {
    const [address, length] = data.slice(1).split(",").map((part) => BigInt(`0x${part}`)) as [bigint, bigint];
    if (address >= DEVICE && address < DEVICE + 0x1000n) throw new Error("a capture must never read device memory");
    const code = Buffer.concat(PROGRAM.map(({ word }) => Buffer.from(Uint32Array.of(word).buffer))).subarray(Number(address - CODE));
    return address < CODE || code.length === 0 ? "E14" : code.subarray(0, Number(length)).toString("hex");
  }

  #current(): Step {
    return PROGRAM[Number(this.pc - CODE) / 4]!;
  }

  #step(): void {
    switch (this.#current().word) {
      case 0xb9400401:
        this.registers[1] = deviceValue(this.reads++);
        break;
      case 0x91000442:
        this.registers[2]! += 1n;
        break;
      default:
    }
    this.pc = this.#current().word === 0x17fffffd ? CODE : this.pc + 4n;
  }

  /** Runs until a point is hit: watchpoints before the access, as Arm has it. */
  #run(stopped: string): string {
    for (let steps = 0; steps < 100; steps++) {
      if (this.points.has(`1,${this.pc.toString(16)},4`) && steps > 0) return stopped;
      const { access } = this.#current();
      const hit = access === undefined ? undefined : this.#watched(access.write, DEVICE + access.offset);
      if (hit !== undefined) return `${stopped}${hit};`;
      this.#step();
    }
    return "(runs)";
  }

  #watched(write: boolean, address: bigint): string | undefined {
    for (const point of this.points) {
      const [kind, start, length] = point.split(",") as [string, string, string];
      const first = BigInt(`0x${start}`);
      if (address + 4n <= first || address >= first + BigInt(`0x${length}`)) continue;
      if (kind === (write ? "2" : "3")) return `${write ? "watch" : "rwatch"}:${start}`;
      if (kind === "4") return `awatch:${start}`;
    }
    return undefined;
  }
}

function littleEndian(value: bigint, bytes: number): string {
  return bytesToHexadecimal(Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex").toReversed());
}
