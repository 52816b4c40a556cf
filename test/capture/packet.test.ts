import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePacket, PACKET_LIMIT, PacketParser, type Received } from "../../src/capture/packet.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const parse = (text: string): Received[] => new PacketParser().push(bytes(text));

describe("encoding", () => {
  test.each([
    ["OK", "$OK#9a"],
    ["", "$#00"],
    ["m0,4", "$m0,4#fd"],
    ["a$b#c}d*e", "$a}\u0004b}\u0003c}]d}\ne#51"],
  ])("%j is %j", (data, wire) => expect(Buffer.from(encodePacket(data)).toString("latin1")).toBe(wire));
});

describe("decoding", () => {
  test("the documented example of a run: 0* is 0000", () => expect(parse('$0* #7a')).toEqual([{ kind: "packet", data: "0000" }]));
  test("a run of the longest length, and one after another", () => {
    const data = `a*~b*"c`;
    const sum = [...bytes(data)].reduce((total, byte) => total + byte, 0) & 0xff;
    expect(parse(`$${data}#${sum.toString(16)}`)).toEqual([{ kind: "packet", data: `${"a".repeat(98)}${"b".repeat(6)}c` }]);
  });
  test("escapes", () => expect(parse("$}\u0003}\u0004}]}\n#62")).toEqual([{ kind: "packet", data: "#$}*" }]));
  test("upper-case checksums", () => expect(parse("$OK#9A")).toEqual([{ kind: "packet", data: "OK" }]));
  test("acknowledgements, notifications, and what is neither", () => {
    expect(parse("+-%Stop:T05#99 rest")).toEqual([
      { kind: "acknowledged" },
      { kind: "resend" },
      { kind: "notification", data: "Stop:T05" },
      { kind: "garbage", data: " rest" },
    ]);
  });
  test.each([
    ["a wrong checksum", "$OK#00", /checksum is "00", and its data adds up to "9a"/],
    ["a checksum that is none", "$OK#zz", /checksum is "zz"/],
    ["a run of nothing", "$*  #6a", /run-length/],
    ["a run without a count", "$a*#8b", /run-length/],
    ["a count that is not printable", "$a*\u0019#a4", /run-length/],
    ["an escape of nothing", "$a}#de", /escape/],
  ])("%s is damage", (_, text, problem) => expect(parse(text)).toEqual([{ kind: "damaged", problem: expect.stringMatching(problem) as string }]));
  test("a packet that begins in another", () => {
    expect(parse("$abc$OK#9a")).toEqual([{ kind: "damaged", problem: "a packet began in the middle of another" }, { kind: "packet", data: "OK" }]);
  });
  test("a packet without end takes no memory without end", () => {
    const parser = new PacketParser();
    const block = bytes("x".repeat(1 << 16));
    parser.push(bytes("$"));
    for (let sent = 0; sent <= PACKET_LIMIT; sent += block.length) expect(parser.push(block)).toEqual([]);
    expect(parser.push(bytes("#00$OK#9a"))).toEqual([{ kind: "damaged", problem: expect.stringMatching(/longer/) as string }, { kind: "packet", data: "OK" }]);
  });
  test("nor do runs", () => {
    const data = "a*~".repeat(PACKET_LIMIT / 64);
    const sum = [...bytes(data)].reduce((total, byte) => total + byte, 0) & 0xff;
    expect(parse(`$${data}#${sum.toString(16).padStart(2, "0")}`)[0]).toMatchObject({ kind: "damaged" });
  });
});

describe("properties", () => {
  const text = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString("latin1"));
  test("what was encoded is decoded, however the line splits it", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (packets, cuts) => {
        const wire = Buffer.concat(packets.map((data) => Buffer.from(encodePacket(data))));
        const parser = new PacketParser();
        const received: Received[] = [];
        for (let start = 0, cut = 0; start < wire.length; cut++) {
          const end = start + cuts[cut % cuts.length]!;
          received.push(...parser.push(wire.subarray(start, end)));
          start = end;
        }
        expect(received).toEqual(packets.map((data) => ({ kind: "packet", data })));
      }),
    );
  });
  test("garbage never throws, and the next packet is found behind it", () => {
    fc.assert(
      fc.property(text, (garbage) => {
        const parser = new PacketParser();
        parser.push(bytes(garbage));
        // An end for whatever began, and a whole packet.
        const received = parser.push(bytes("#00#00$OK#9a"));
        expect(received.at(-1)).toEqual({ kind: "packet", data: "OK" });
      }),
    );
  });
});
