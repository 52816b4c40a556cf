import { describe, expect, test } from "vitest";
import { Connection } from "../../src/capture/connection.ts";
import { CaptureError } from "../../src/capture/error.ts";
import { FakeTransport, fakeStub } from "./fake-stub.ts";

function open(timeout = 50): { transport: FakeTransport; connection: Connection } {
  const transport = new FakeTransport();
  return { transport, connection: new Connection(transport, "here:1", timeout) };
}

describe("a connection", () => {
  test("exchanges packets and acknowledges them", async () => {
    const { transport, connection } = open();
    transport.onWrite = (text) => text.startsWith("$") && transport.arrive("+$OK#9a");
    expect(await connection.exchange("?")).toBe("OK");
    expect(transport.sent).toEqual(["$?#3f", "+"]);
  });
  test("does not acknowledge once that was agreed", async () => {
    const { transport, connection } = open();
    transport.onWrite = (text) => text.startsWith("$") && transport.arrive("$OK#9a");
    await connection.exchange("QStartNoAckMode");
    connection.stopAcknowledging();
    await connection.exchange("?");
    expect(transport.sent.slice(2)).toEqual(["$?#3f"]);
  });
  test("sends again what arrived damaged, and asks again for what did", async () => {
    const { transport, connection } = open();
    let times = 0;
    transport.onWrite = (text) => {
      if (text === "$g#67") transport.arrive(++times === 1 ? "-" : "+$OK#00");
      if (text === "-") transport.arrive("$OK#9a");
    };
    expect(await connection.exchange("g")).toBe("OK");
    expect(transport.sent).toEqual(["$g#67", "$g#67", "-", "+"]);
  });
  test("answers that come before anybody waits are kept in order", async () => {
    const { transport, connection } = open();
    transport.arrive("$S05#b8$OK#9a");
    expect([await connection.receive(50), await connection.receive(50)]).toEqual(["S05", "OK"]);
  });
});

const failing = async (script: (transport: FakeTransport, text: string) => void): Promise<string> => {
  const { transport, connection } = open();
  transport.onWrite = (text) => script(transport, text);
  const error: unknown = await connection.exchange("g").catch((each: unknown) => each);
  expect(error).toBeInstanceOf(CaptureError);
  expect(transport.closed).toBe(true);
  // Whatever comes later is the same failure.
  await expect(connection.exchange("g")).rejects.toThrow((error as Error).message);
  return (error as Error).message;
};

describe("ends with one line", () => {
  test("when nothing answers", async () => {
    expect(await failing(() => undefined)).toBe("here:1: no answer within 0.05 s to the packet g; is it a GDB stub, and does no other debugger use it?");
  });
  test("when the other side speaks something else", async () => {
    expect(await failing((transport) => transport.arrive("SSH_2.0_OpenSSH\r\n"))).toBe('here:1: is no GDB stub: it sent "SSH_2.0_OpenSSH\\r\\n", which is no packet');
  });
  test("when the other side goes", async () => {
    expect(await failing((transport) => transport.end())).toBe("here:1: the connection ended");
    expect(await failing((transport) => transport.end("the other side reset the connection"))).toMatch(/ended: the other side reset/);
  });
  test("when every packet arrives damaged", async () => {
    expect(await failing((transport, text) => text !== "+" && transport.arrive("$OK#00"))).toMatch(/is no GDB stub, or the line is broken: a packet's checksum is "00"/);
  });
  test("when it refuses ours for ever", async () => expect(await failing((transport, text) => text.startsWith("$") && transport.arrive("-"))).toMatch(/refused the same packet 5 times/));
  test("when an interrupt has no effect", async () => {
    const { transport, connection } = open();
    const waiting = connection.receive(undefined);
    connection.interrupt();
    await expect(waiting).rejects.toThrow(/no answer within 0.05 s to the packet that stops the guest/);
    expect(transport.sent).toEqual(["\u0003"]);
  });
});

test("the scripted stub of these tests speaks the protocol", async () => {
  const { connection, log } = fakeStub((data) => `<${data}>`);
  expect(await connection.exchange("a#b")).toBe("<a#b>");
  expect(log).toEqual(["a#b"]);
});
