// The capture command: wrong usage and stubs that can't be used. Captures from real machines are in test/capture/guests.test.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { encodePacket, PacketParser } from "../../src/capture/packet.ts";
import { FakeMachine, type Quirks } from "../capture/fake-stub.ts";
import { trapline } from "../support/terminal.ts";

const WINDOW = ["--window", "0x9000000:0xa000000:0x1000"];
const GDB = ["--gdb", "localhost:1"];

let folder = "";
const servers: Server[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-capture-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server on a port of its own, as HOST:PORT. */
function serve(accept: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer(accept);
    servers.push(server);
    server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as { port: number }).port}`));
  });
}

/** The little machine of test/capture behind a real socket. */
function serveMachine(quirks: Quirks = {}): Promise<string> {
  return serve((socket) => {
    const machine = new FakeMachine(quirks);
    const parser = new PacketParser();
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      for (const received of parser.push(bytes)) {
        if (received.kind !== "packet") continue;
        socket.write("+");
        const answer = machine.answer(received.data);
        if (answer === "(gone)") socket.destroy();
        else if (typeof answer === "string") socket.write(encodePacket(answer));
      }
    });
  });
}

describe("a capture over a socket", () => {
  test.each(["jsonl", "binary"])("is written as %s, and verifies", async (format) => {
    const file = join(folder, `trace-${format}`);
    const finished = await trapline(["capture", "--gdb", await serveMachine(), ...WINDOW, "--truth", "--count", "4", "--format", format, "-o", file]);
    expect(finished).toEqual({ status: 0, output: "", talk: "4 faults captured; 4 asked for\n" });
    const verified = await trapline(["verify", file]);
    expect({ ...verified, both: verified.output + verified.talk }).toMatchObject({ status: 0, both: "4 faults: 4 exact, 0 different, 0 refused\n" });
    expect(readFileSync(file).subarray(0, 1).toString() === "{").toBe(format === "jsonl");
  });
  test("goes to standard output without -o, with the windows and the source in its header", async () => {
    const { output } = await trapline(["capture", "--gdb", await serveMachine(), ...WINDOW, "--count", "1", "--source", "a little machine"]);
    expect(JSON.parse(output.split("\n")[0]!)).toEqual({
      format: "trapline-trace",
      version: 1,
      arch: "aarch64",
      source: "a little machine",
      guest: { windows: [{ gva: "0x9000000", gpa: "0xa000000", size: "0x1000" }] },
    });
  });
  test("keeps what it had when the machine goes: status 2, and a whole trace", async () => {
    let stops = 0;
    const endpoint = await serveMachine({ override: (data) => (data.startsWith("vCont;c") && ++stops === 4 ? "(gone)" : undefined) });
    const file = join(folder, "gone.jsonl");
    const { status, talk } = await trapline(["capture", "--gdb", endpoint, ...WINDOW, "--truth", "-o", file]);
    expect({ status, talk }).toEqual({ status: 2, talk: `trapline: ${endpoint}: the connection ended (3 faults captured before that, and kept)\n` });
    expect((await trapline(["verify", file])).status).toBe(0);
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(4);
  });
  test("leaves no file where nothing was captured", async () => {
    const endpoint = await serveMachine({ override: (data) => (data.startsWith("Z") ? "" : undefined) });
    const { status, talk } = await trapline(["capture", "--gdb", endpoint, ...WINDOW, "-o", join(folder, "nothing.jsonl")]);
    expect({ status, talk }).toEqual({ status: 2, talk: expect.stringMatching(/^trapline: \S+ the stub has no watchpoints .*\n$/) as string });
    expect(readdirSync(folder).filter((name) => name.includes("nothing"))).toEqual([]);
  });
});

/** What the command says, in one line, where it can't capture. */
async function failing(words: readonly string[]): Promise<string> {
  const { status, output, talk } = await trapline(["capture", ...words]);
  expect({ status, output, lines: talk.trimEnd().split("\n").length }).toEqual({ status: 2, output: "", lines: 1 });
  return talk;
}

describe("one line for", () => {
  test("a port where nothing listens", async () => {
    expect(await failing([...GDB, ...WINDOW])).toMatch(/^trapline: localhost:1: connection refused: nothing listens there; start QEMU with -S -gdb tcp::PORT/);
  });
  test("a host that does not exist", async () => expect(await failing(["--gdb", "no-such-host.invalid:1", ...WINDOW])).toMatch(/^trapline: no-such-host.invalid:1: no such host/));
  test("a server that closes", async () => expect(await failing(["--gdb", await serve((socket) => socket.destroy()), ...WINDOW])).toMatch(/the connection ended|reset the connection/));
  test("a machine of another architecture", async () => {
    const xml = 'l<target><architecture>mips</architecture><feature name="a"><reg name="pc" bitsize="32"/></feature></target>';
    const endpoint = await serveMachine({ override: (data) => (data.startsWith("qXfer") ? xml : undefined) });
    expect(await failing(["--gdb", endpoint, ...WINDOW])).toMatch(/the stub's machine is mips, and a capture knows x86-64, aarch64, arm, riscv64/);
  });
  test.each([
    ["no stub", WINDOW, /required option '--gdb <host:port>' not specified/],
    ["no window", GDB, /required option '--window <gva:gpa:size>' not specified/],
    ["a port that is none", ["--gdb", "localhost", ...WINDOW], /Expected HOST:PORT/],
    ["a window that is none", [...GDB, "--window", "0x1000:0x1000"], /Expected GVA:GPA:SIZE/],
    ["an empty window", [...GDB, "--window", "0x1000:0x1000:0"], /of 1 byte or more/],
    ["a window past the end", [...GDB, "--window", "0xffffffffffffffff:0:2"], /within 64 bits/],
    ["a count that is none", [...GDB, ...WINDOW, "--count", "0"], /Expected a number, 1 or more/],
    ["a time that is none", [...GDB, ...WINDOW, "--seconds", "soon"], /Expected a number of seconds/],
    ["a format that is none", [...GDB, ...WINDOW, "--format", "csv"], /Allowed choices are jsonl, binary/],
    ["a symbol without an image", [...GDB, ...WINDOW, "--until", "main"], /--until main: expected an address, e\.g\. 0x40080000; symbols need --elf FILE/],
    ["an image that is not there", [...GDB, ...WINDOW, "--elf", "/nowhere.elf"], /\/nowhere\.elf/],
  ])("%s", async (_, words, problem) => expect(await failing(words)).toMatch(problem));
});
