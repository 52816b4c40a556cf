// Cases for the suite (few) and for scripts/fuzz-capture.ts (many): damaged packets, and stubs that answer with garbage.
import { CaptureError } from "../../src/capture/error.ts";
import { encodePacket, PACKET_LIMIT, PacketParser } from "../../src/capture/packet.ts";
import { architectureOf } from "../../src/capture/registers.ts";
import { Session } from "../../src/capture/session.ts";
import { parseStop } from "../../src/capture/stop-reply.ts";
import { Stub } from "../../src/capture/stub.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { analystOf } from "../../src/replay/analyst.ts";
import { jsonLines } from "../../src/trace/json-lines.ts";
import { FakeMachine, fakeStub } from "./fake-stub.ts";

/** Numbers below a bound, the same for the same seed (xorshift, Marsaglia 2003). */
export function randomBelow(seed: number): (bound: number) => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

type Below = ReturnType<typeof randomBelow>;

const SEEDS = ["OK", "", "T05thread:01;watch:9000000;", "W00", "E01", 'l<target><reg name="a" bitsize="64"/></target>', "m1,2", "0*~0*~", "}\u0003}]", "vCont;c;C;s;S"];
const BYTES = "$#%+-*}0aTSWX:;,\u0000\u007f\u00ff ~";

/** A text with a few bytes changed, removed, doubled or put in. */
function mutate(text: string, below: Below): string {
  let result = text;
  for (let times = below(4); times >= 0; times--) {
    const at = below(result.length + 1);
    const byte = below(2) === 0 ? BYTES[below(BYTES.length)]! : String.fromCharCode(below(256));
    const cut = below(3);
    result = result.slice(0, at) + (below(4) === 0 ? result.slice(at, at + cut).repeat(2) : byte) + result.slice(at + cut);
  }
  return result;
}

/** Damaged packets into one parser after another: whatever arrives, a sound packet behind it is found. Returns what was seen. */
export function fuzzPackets(cases: number, seed: number): string {
  const below = randomBelow(seed);
  const seen = new Map<string, number>();
  for (let index = 0; index < cases; index++) {
    const parser = new PacketParser();
    const wire = mutate(Buffer.from(encodePacket(SEEDS[below(SEEDS.length)]!)).toString("latin1"), below);
    const cut = below(wire.length + 1);
    const received = [wire.slice(0, cut), wire.slice(cut), "#00#00$OK#9a"].flatMap((piece) => parser.push(Buffer.from(piece, "latin1")));
    for (const each of received) {
      seen.set(each.kind, (seen.get(each.kind) ?? 0) + 1);
      if ("data" in each && each.data.length > PACKET_LIMIT) throw new Error(`seed ${seed}, case ${index}: a packet longer than the limit`);
      if (each.kind === "packet") parseStop(each.data);
    }
    const last = received.at(-1);
    if (last?.kind !== "packet" || last.data !== "OK") throw new Error(`seed ${seed}, case ${index}: ${JSON.stringify(wire)} hides the packet behind it`);
  }
  return [...seen].map(([kind, count]) => `${kind} ${count}`).join(", ");
}

/** Captures from a machine some of whose answers are garbage. Returns how they ended. */
export async function fuzzSessions(cases: number, seed: number): Promise<string> {
  const below = randomBelow(seed);
  const windows = [{ gva: 0x9000000n, gpa: 0xa000000n, size: 0x1000n }];
  const analyst = analystOf(await loadIsa("aarch64"), { windows });
  const encoder = jsonLines.encoder(analyst.registers);
  const ends = { whole: 0, "one line": 0, faults: 0 };
  for (let index = 0; index < cases; index++) {
    const ending = new AbortController();
    const machine = new FakeMachine();
    const rate = 1 + below(40);
    let packets = 0;
    const { connection } = fakeStub((data) => {
      // A stub that keeps a capture busy for ever is a stub that works: somebody interrupts it.
      if (++packets > 300) ending.abort();
      if (data === "\u0003") return "T02thread:1;";
      const answer = machine.answer(data);
      if (below(rate) !== 0) return answer;
      const garbled = mutate(typeof answer === "string" ? answer : SEEDS[below(SEEDS.length)]!, below);
      return below(8) === 0 ? [garbled, SEEDS[below(SEEDS.length)]!] : garbled;
    }, 20);
    try {
      const stub = await Stub.open(connection);
      architectureOf(stub.description);
      const session = new Session(stub, analyst, { windows, truth: below(2) === 0, step: below(2) === 0, count: 6, interrupted: ending.signal }, () => undefined);
      for await (const record of session.records()) {
        encoder.record(record);
        ends.faults++;
      }
      ends.whole++;
    } catch (error) {
      if (!(error instanceof CaptureError) || error.message.includes("\n")) throw new Error(`seed ${seed}, capture ${index}: ${String(error)}`, { cause: error });
      ends["one line"]++;
    } finally {
      connection.close();
    }
  }
  return Object.entries(ends).map(([end, count]) => `${end} ${count}`).join(", ");
}
