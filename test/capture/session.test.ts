// A capture from a little machine that speaks the protocol, and from stubs that lack or break something.
import { describe, expect, test } from "vitest";
import { Session, type CaptureRequest } from "../../src/capture/session.ts";
import { Stub } from "../../src/capture/stub.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { analystOf } from "../../src/replay/analyst.ts";
import { setUpReplay } from "../../src/replay/open.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { compare } from "../../src/replay/verify.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { FakeMachine, fakeStub, type Quirks } from "./fake-stub.ts";

const WINDOW = { gva: 0x9000000n, gpa: 0xa000000n, size: 0x1000n };

interface Captured {
  readonly records: TraceRecord[];
  readonly session: Session;
  readonly warnings: string[];
  readonly log: string[];
  readonly machine: FakeMachine;
  readonly error: string | undefined;
}

async function capture(request: Partial<CaptureRequest> = {}, quirks: Quirks = {}): Promise<Captured> {
  const machine = new FakeMachine(quirks);
  const { connection, log } = fakeStub(machine.answer);
  const stub = await Stub.open(connection);
  const windows = request.windows ?? [WINDOW];
  const warnings: string[] = [];
  const full = { windows, truth: true, step: false, count: 3, interrupted: new AbortController().signal, ...request };
  const session = new Session(stub, analystOf(await loadIsa("aarch64"), { windows }), full, (line) => warnings.push(line));
  const records: TraceRecord[] = [];
  try {
    for await (const record of session.records()) records.push(record);
    return { records, session, warnings, log, machine, error: undefined };
  } catch (error) {
    return { records, session, warnings, log, machine, error: (error as Error).message };
  }
}

/** Verdicts of replaying what was captured. */
async function verdicts(records: readonly TraceRecord[], windows = [WINDOW]): Promise<unknown[]> {
  const setup = await setUpReplay({ architecture: "aarch64", source: "", guest: { windows }, unknown: undefined });
  return records.map((record) => compare(record, replayFault(record.fault, setup)).verdict);
}

const unknown = (machine: string) => (data: string) => (data.startsWith(machine) ? "" : undefined);

describe("a capture", () => {
  test("records the state before, and the truth", async () => {
    const { records, session, log, machine, error } = await capture();
    expect(error).toBeUndefined();
    expect(records.map(({ fault: { pc, gva, gpa, write } }) => ({ pc, gva, gpa, write }))).toEqual([
      { pc: 0x40000000n, gva: 0x9000000n, gpa: 0xa000000n, write: true },
      { pc: 0x40000004n, gva: 0x9000004n, gpa: 0xa000004n, write: false },
      { pc: 0x40000000n, gva: 0x9000000n, gpa: 0xa000000n, write: true },
    ]);
    expect(records.map(({ calls }) => calls)).toEqual([
      [{ write: true, gpa: 0xa000000n, size: 4, value: 0x55n }],
      [{ write: false, gpa: 0xa000004n, size: 4, value: 0x1000n }],
      [{ write: true, gpa: 0xa000000n, size: 4, value: 0x1000n }],
    ]);
    expect(records[1]!.fault.reads).toEqual([0x1000n]);
    expect(records[1]!.after?.registers.byName("x1")).toBe(0x1000n);
    expect(await verdicts(records)).toEqual(["exact", "exact", "exact"]);
    expect(session.ending).toBe("3 asked for");
    // The guest is left as it was found.
    expect(machine.points.size).toBe(0);
    expect(log.at(-1)).toBe("D");
  });
  test("by stepping is the same", async () => {
    const watched = await capture();
    const stepped = await capture({ step: true });
    expect(stepped.records).toEqual(watched.records);
    expect(stepped.log.filter((data) => /^[Zz]/.test(data))).toEqual([]);
  });
  test("without truth holds the fault alone", async () => {
    const { records } = await capture({ truth: false });
    expect(records).toHaveLength(3);
    expect(records.every(({ calls, after, fault }) => calls === undefined && after === undefined && fault.reads.length === 0)).toBe(true);
  });
  test("ends where it is told to, before that instruction", async () => {
    const { records, session } = await capture({ count: 100, until: 0x40000008n });
    expect(records).toHaveLength(2);
    expect(session.ending).toBe("the guest came to 0x40000008");
    expect((await capture({ count: 100, until: 0x40000008n, step: true })).records).toHaveLength(2);
  });
  test("begins where it is told to", async () => {
    const { records } = await capture({ count: 1, from: 0x40000008n });
    expect(records[0]!.fault.registers.byName("x1")).toBe(0x1000n);
  });
  test("has only the window's accesses", async () => {
    const { records } = await capture({ windows: [{ ...WINDOW, gva: 0x9000004n, size: 4n }], count: 2 });
    expect(records.map(({ fault }) => fault.gva)).toEqual([0x9000004n, 0x9000004n]);
  });
  test("ends by an interrupt, with what it has", async () => {
    const ending = new AbortController();
    let hits = 0;
    const override = (data: string): string | undefined => {
      if (data === "\u0003") return "T02thread:1;";
      // The third time the guest runs on without another access.
      if (data.startsWith("vCont;c") && ++hits === 3) return setTimeout(() => ending.abort(), 5), "(silence)";
      return undefined;
    };
    const { records, session, log, error } = await capture({ count: 100, interrupted: ending.signal }, { override });
    expect({ error, faults: records.length, ending: session.ending }).toEqual({ error: undefined, faults: 2, ending: "interrupted" });
    expect(log.at(-1)).toBe("D");
  });
  test("steps the thread that made the access, and no other", async () => {
    const { log, records } = await capture({ count: 2 }, { threads: ["3", "4"] });
    expect(records).toHaveLength(2);
    expect(log.filter((data) => data.startsWith("vCont;s"))).toEqual(["vCont;s:3", "vCont;s:3"]);
  });
  test("hands the guest's own signals on", async () => {
    let stops = 0;
    const override = (data: string): string | undefined => (data.startsWith("vCont;c") && ++stops === 1 ? "T0ethread:1;" : undefined);
    const { log, records } = await capture({ count: 1 }, { override });
    expect(records).toHaveLength(1);
    expect(log).toContain("vCont;C0e:1;c");
  });
  test("ends with the guest", async () => {
    let stops = 0;
    const override = (data: string): string | undefined => (data.startsWith("vCont;c") && ++stops === 3 ? "W07" : undefined);
    const { records, session, error, log } = await capture({ count: 100 }, { override });
    expect({ error, faults: records.length, ending: session.ending, last: log.at(-1) }).toEqual({ error: undefined, faults: 2, ending: "the guest ended with status 7", last: "vCont;c" });
  });
  test("does without vCont", async () => {
    const { log, records } = await capture({}, {
      override(data, machine) {
        if (data === "vCont?") return "";
        return data === "s" || data === "c" ? (machine.answer(`vCont;${data}`) as string) : undefined;
      },
    });
    expect(records).toHaveLength(3);
    expect(log).toEqual(expect.arrayContaining(["Hc1", "s", "c"]));
  });
});

test("a stub that tells unasked of the stop that a connection makes", async () => {
  const machine = new FakeMachine();
  const { connection } = fakeStub((data) => (data.startsWith("qSupported") ? ["T02thread:1;", machine.answer(data) as string] : machine.answer(data)));
  expect((await Stub.open(connection)).description.architecture).toBe("aarch64");
});

test("a list of threads that holds something else", async () => {
  const { error } = await capture({ step: true }, { override: (data) => (data === "qfThreadInfo" ? "m1,\n" : undefined) });
  expect(error).toBe('fake:1: the list of threads has "\\n", which is no thread');
});

describe("a stub with fewer watchpoints", () => {
  test("that has one kind only", async () => {
    const { records, error } = await capture({}, { override: unknown("Z3") });
    expect(error).toBeUndefined();
    expect(await verdicts(records)).toEqual(["exact", "exact", "exact"]);
  });
  test("that watches 8 bytes at a time covers a window's start, and says so", async () => {
    const { warnings, records, machine } = await capture({}, {
      override: (data, { points }) => (/^Z[234],/.test(data) && (!data.endsWith(",8") || points.size >= 2) ? "E01" : undefined),
    });
    expect(warnings).toEqual(["window 0x9000000: the stub's watchpoints cover 16 of 4096 bytes, 0x9000000 to 0x900000f; accesses behind that are not seen (--step sees them all)"]);
    expect(records).toHaveLength(3);
    expect(machine.points.size).toBe(0);
  });
  test("that has none", async () => {
    expect((await capture({}, { override: unknown("Z") })).error).toMatch(/fake:1: the stub has no watchpoints for reads and writes \(Z4\); --step finds/);
    expect((await capture({}, { override: (data) => (data.startsWith("Z") ? "E22" : undefined) })).error).toMatch(/refuses a watchpoint on window 0x9000000 \(4096 bytes\)/);
  });
});

describe("what is wrong is one line", () => {
  test("windows that overlap", async () => {
    await expect(capture({ windows: [WINDOW, { ...WINDOW, gva: 0x9000800n }] })).rejects.toThrow("the windows at 0x9000000 and 0x9000800 overlap");
  });
  test("a window that the guest maps elsewhere", async () => {
    const machine = new FakeMachine();
    const question = `qRcmd,${Buffer.from("gva2gpa 0x9000000").toString("hex")}`;
    const { connection } = fakeStub((data) => (data === question ? [`O${Buffer.from("gpa: 0xb000000\r\n").toString("hex")}`, "OK"] : machine.answer(data)));
    const stub = await Stub.open(connection);
    const session = new Session(stub, analystOf(await loadIsa("aarch64"), { windows: [WINDOW] }), { windows: [WINDOW], truth: true, step: false, interrupted: new AbortController().signal }, () => undefined);
    await expect(session.records().next()).rejects.toThrow("fake:1: the guest maps 0x9000000 to 0xb000000, and --window says 0xa000000; give 0x9000000:0xb000000:…");
  });
  test("a window where nothing is mapped", async () => {
    const machine = new FakeMachine();
    const { connection } = fakeStub((data) => {
      if (data.startsWith("qRcmd")) return [`O${Buffer.from("Unmapped\r\n").toString("hex")}`, "OK"];
      return data.startsWith("vCont;c") ? "W00" : machine.answer(data);
    });
    const ending = new AbortController();
    ending.abort();
    const stub = await Stub.open(connection);
    const warnings: string[] = [];
    const session = new Session(stub, analystOf(await loadIsa("aarch64"), { windows: [WINDOW] }), { windows: [WINDOW], truth: true, step: false, interrupted: ending.signal }, (line) => warnings.push(line));
    for await (const _ of session.records()) throw new Error("there is nothing to capture");
    expect(warnings).toEqual(["window 0x9000000: nothing is mapped there in the guest's page tables"]);
  });
  test.each([
    ["a stub without a target description", (data: string) => (data.startsWith("qSupported") ? "PacketSize=400" : undefined), /no target description/],
    ["one that announces it only", unknown("qXfer"), /announces a target description and does not have it/],
    ["a description that never ends", (data: string) => (data.startsWith("qXfer") ? "m" : undefined), /does not end/],
  ])("%s", async (_, override, problem) => expect(capture({}, { override })).rejects.toThrow(problem));
  test.each([
    ["registers that are none", (data: string) => (data === "g" ? "E01" : undefined), /registers can't be read: the stub answered "E01"/],
    ["a stop reply that is none", (data: string) => (data.startsWith("vCont;c") ? "what?" : undefined), /expected a stop reply to the packet of resuming, got "what\?"/],
    ["an answer that never comes", (data: string) => (data.startsWith("Z") ? "(silence)" : undefined), /no answer within 0.2 s to the packet Z/],
    ["a program that has ended", (data: string) => (data === "?" ? "W01" : undefined), /nothing to capture: the program ended with status 1/],
    ["semihosting", (data: string) => (data.startsWith("vCont;c") ? "Fwrite,1,2,3" : undefined), /semihosting/],
  ])("%s", async (_, override, problem) => expect((await capture({}, { override })).error).toMatch(problem));
  test("a peer that goes: what was captured before stays", async () => {
    const machine = new FakeMachine();
    let stops = 0;
    const { connection, transport } = fakeStub((data) => {
      if (data.startsWith("vCont;c") && ++stops === 3) return transport.end("the other side reset the connection"), undefined;
      return machine.answer(data);
    });
    const stub = await Stub.open(connection);
    const session = new Session(stub, analystOf(await loadIsa("aarch64"), { windows: [WINDOW] }), { windows: [WINDOW], truth: true, step: false, interrupted: new AbortController().signal }, () => undefined);
    const records: TraceRecord[] = [];
    await expect(async () => {
      for await (const record of session.records()) records.push(record);
    }).rejects.toThrow("fake:1: the connection ended: the other side reset the connection");
    expect(records).toHaveLength(2);
  });
});
