import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import type { RegisterSet } from "../../src/model/registers.ts";
import { jsonLines } from "../../src/trace/json-lines.ts";
import { readTrace } from "../../src/trace/read.ts";
import type { TraceHeader, TraceRecord } from "../../src/trace/record.ts";
import { BUNDLED, fault, header, pieces, RECORDED, trace, traceFiles } from "../support/traces.ts";

const registersOf = async (architecture: TraceHeader["architecture"]) => (await loadIsa(architecture)).registers;

interface ReadTrace {
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  readonly records: readonly TraceRecord[];
}

async function read(text: string | Uint8Array): Promise<ReadTrace> {
  const opened = await readTrace(pieces(text), registersOf);
  const records: TraceRecord[] = [];
  for await (const record of opened.records) records.push(record);
  return { header: opened.header, registers: opened.registers, records };
}

function write({ header: first, records, registers }: ReadTrace): string {
  const encoder = jsonLines.encoder(registers);
  return [encoder.header(first), ...records.map((record) => encoder.record(record))].map((bytes) => Buffer.from(bytes).toString()).join("");
}

const lines = (regs: object): string => trace(header({ arch: "x86-64" }), fault({ regs, calls: undefined, after: undefined }));
const values = (text: string): unknown[] => text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as unknown);

const one = async (more: object): Promise<TraceRecord> => (await read(trace(header(), fault(more)))).records[0]!;

describe("a trace in JSON lines", () => {
  test("a header with all facts", async () => {
    const guest = { windows: [{ gva: "0x40000000", gpa: "0xa000000", size: "0x1000" }], sharedBit: 47, kernelStart: "0xffff000000000000" };
    expect((await read(trace(header({ guest })))).header).toEqual({
      architecture: "aarch64",
      source: "test",
      guest: { windows: [{ gva: 0x4000_0000n, gpa: 0xa00_0000n, size: 0x1000n }], sharedBit: 47, kernelStart: 0xffff_0000_0000_0000n },
      unknown: undefined,
    });
  });

  test("a fault with all keys", async () => {
    const record = await one({
      fault: { gpa: "0xa000010", gva: "0x40000010", write: true, mode: "user", esr: "0x92000047", htinst: "0x3", exitReason: "0x30", exitQualification: "0x2" },
      memory: [{ address: "0x2000", bytes: "00ff" }],
    });
    const { registers, ...rest } = record.fault;
    expect(rest).toEqual({
      pc: 0x1000n,
      bytes: Uint8Array.of(0x01, 0x44, 0x40, 0xb8),
      gpa: 0xa00_0010n,
      gva: 0x4000_0010n,
      write: true,
      mode: "user",
      syndrome: 0x9200_0047n,
      transformedInstruction: 3n,
      exitReason: 0x30n,
      exitQualification: 2n,
      memory: [{ address: 0x2000n, bytes: Uint8Array.of(0, 0xff) }],
      reads: [0xcafen],
    });
    expect(registers.byName("x0")).toBe(0x4000_0010n);
    expect(registers.byName("x1")).toBeUndefined();
    expect(record.calls).toEqual([{ write: false, gpa: 0xa00_0010n, size: 4, value: 0xcafen }]);
    expect(record.after?.pc).toBe(0x1004n);
    expect(record.after?.registers.byName("x1")).toBe(0xcafen);
  });

  test("what a log does not say may be absent", async () => {
    const { fault: bare, calls, after } = (await read(trace(header(), '{"pc":"0x1000","regs":{},"fault":{}}'))).records[0]!;
    expect(bare).toMatchObject({ bytes: new Uint8Array(0), mode: "kernel", memory: [], reads: [] });
    expect("gpa" in bare || "gva" in bare || "write" in bare || "syndrome" in bare).toBe(false);
    expect([calls, after]).toEqual([undefined, undefined]);
  });

  test("upper case, leading zeros, a byte order mark and carriage returns are read", async () => {
    const text = `\ufeff${trace(header(), fault({ pc: "0X00000000000000000000FFFF", insn: "014440B8" })).replaceAll("\n", "\r\n")}`;
    const { records } = await read(text);
    expect(records[0]!.fault.pc).toBe(0xffffn);
    expect(records[0]!.fault.bytes[3]).toBe(0xb8);
  });

  test("a vector register under two names: the wider one counts, and they must agree", async () => {
    const { fault: both } = (await read(lines({ ymm1: `0x7${"0".repeat(32)}`, xmm1: "0x0" }))).records[0]!;
    expect(both.registers.byName("ymm1")).toBe(7n << 128n);
    await expect(read(lines({ xmm1: "0x1", ymm1: "0x2" }))).rejects.toThrow("regs.ymm1: differs from the value under another name of this register");
  });

  test("unknown keys are kept, wherever they stand", async () => {
    const first = header({ guest: { windows: [{ gva: "0x1", gpa: "0x2", size: "0x3", note: "w" }], board: "b" }, recorder: { version: 7 } });
    const second = fault({ text: "ldr", fault: { gva: "0x40000010", cpu: 3 }, calls: [{ write: false, gpa: "0x1", size: 4, value: "0x2", time: 9 }], __proto__: null });
    const text = trace(first, second, fault());
    const again = write(await read(text));
    expect(values(again)).toEqual(values(text));
  });
});

describe("every trace survives reading and writing", () => {
  for (const [name, folder] of [["bundled", BUNDLED], ["recorded", RECORDED]] as const) {
    const files = traceFiles(folder);
    test.skipIf(files.length === 0)(`${name} traces${files.length === 0 ? " (skipped: none there)" : ""}`, async () => {
      for (const file of files) {
        const text = readFileSync(file, "utf8");
        const again = write(await read(text));
        expect({ file, lines: values(again) }).toEqual({ file, lines: values(text) });
      }
    });
  }
});

describe("bad input is told in one line: where, what was expected, what was there", () => {
  test.each([
    ["an empty file", "", "is empty; expected a trace"],
    ["blank lines only", "\n\n", "byte 0: is not a trace; expected JSON lines (starts with {)"],
    ["another file", "#!/bin/sh\n", "byte 0: is not a trace; expected JSON lines (starts with {)"],
    ["a JSON file of something else", '{"a":1}\n', 'line 1: is not a trace; expected a header {"format":"trapline-trace","version":1,"arch":"…"}'],
    ["another format", '{"format":"pcap"}\n', 'line 1: format: expected "trapline-trace", got "pcap"'],
    ["another version", trace(header({ version: 2 })), "line 1: version: expected version 1, which is the only one, got 2"],
    ["an unknown architecture", trace(header({ arch: "mips" })), 'line 1: arch: expected "x86-64", "aarch64", "arm", "riscv64", got "mips"'],
    ["a header without architecture", '{"format":"trapline-trace","version":1}\n', "line 1: arch: is missing"],
    ["a wrong guest fact", trace(header({ guest: { sharedBit: 48 } })), "line 1: guest.sharedBit: expected 47 or 51, got 48"],
    ["a line that is not JSON", trace(header(), fault(), "{pc: 1}"), "line 3: fault 1: is not JSON: "],
    ["a line that is no object", trace(header(), "[]"), "line 2: fault 0: expected a JSON object, got []"],
    ["a number where hex is meant", trace(header(), fault({ regs: { x3: 12 } })), 'line 2: fault 0: regs.x3: expected a hex string "0x…", got 12'],
    ["hex without 0x", trace(header(), fault({ pc: "1000" })), 'line 2: fault 0: pc: expected a hex string "0x…", got "1000"'],
    ["a missing key", trace(header(), fault({ pc: undefined })), "line 2: fault 0: pc: is missing"],
    ["odd hex", trace(header(), fault({ insn: "014" })), 'line 2: fault 0: insn: expected two hex digits a byte, got an odd number of digits: "014"'],
    ["bytes that are no hex", trace(header(), fault({ insn: "01 4" })), 'line 2: fault 0: insn: expected bytes as a hex string, got "01 4"'],
    ["an unknown register", trace(header(), fault({ regs: { rax: "0x0" } })), "line 2: fault 0: regs.rax: aarch64 has no register of this name"],
    ["too wide a value", trace(header(), fault({ regs: { x3: "0x10000000000000000" } })), 'line 2: fault 0: regs.x3: expected at most 64 bits, got "0x10000000000000000"'],
    ["too wide an address", trace(header(), fault({ pc: "0x10000000000000000" })), 'line 2: fault 0: pc: expected a hex string "0x…" of at most 64 bits'],
    ["a wrong size", trace(header(), fault({ calls: [{ write: true, gpa: "0x0", size: 3, value: "0x0" }] })), "line 2: fault 0: calls[0].size: expected 1, 2, 4 or 8, got 3"],
    ["a list that is none", trace(header(), fault({ reads: "0x1" })), 'line 2: fault 0: reads: expected an array, got "0x1"'],
    ["a wrong mode", trace(header(), fault({ fault: { mode: "hyp" } })), 'line 2: fault 0: fault.mode: expected "kernel" or "user", got "hyp"'],
    ["a fault that is none", trace(header(), fault({ fault: [] })), "line 2: fault 0: fault: expected an object, got []"],
    ["odd hex in memory", trace(header(), fault(), fault({ memory: [{ address: "0x0", bytes: "0" }] })), "line 3: fault 1: memory[0].bytes: expected two hex digits a byte"],
    ["a truth of the wrong type", trace(header(), fault({ after: { regs: { x0: true } } })), 'line 2: fault 0: after.regs.x0: expected a hex string "0x…", got true'],
  ])("%s", async (_, text, message) => {
    const error = await read(text).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.name).toBe("TraceError");
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain("\n");
    expect(error).toMatchObject({ kept: undefined });
  });

  test("a file that ends in the middle of a fault: all faults before it, then the error", async () => {
    const whole = trace(header(), fault(), fault());
    const opened = await readTrace(pieces(whole.slice(0, -40)), registersOf);
    const records: TraceRecord[] = [];
    const reading = (async () => {
      for await (const record of opened.records) records.push(record);
    })();
    await expect(reading).rejects.toMatchObject({ kept: "start", message: "line 3: fault 1: the file ends in the middle of this line; all before it was read" });
    expect(records).toHaveLength(1);
  });

  test("a last line that is whole but for its line feed is a fault", async () => {
    expect((await read(trace(header(), fault()).slice(0, -1))).records).toHaveLength(1);
  });
});
