import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { checksum } from "../../src/trace/columnar/checksum.ts";
import { columnar } from "../../src/trace/columnar/codec.ts";
import { CHUNK_LIMIT } from "../../src/trace/columnar/layout.ts";
import { openColumnar } from "../../src/trace/columnar/reader.ts";
import type { TraceHeader, TraceRecord } from "../../src/trace/record.ts";
import { pieces } from "../support/traces.ts";
import { plain, records } from "./arbitrary-record.ts";
import { codecContract, load, registersOf, store } from "./codec-contract.ts";

codecContract(columnar);

const header: TraceHeader = { architecture: "aarch64", source: "a test", guest: { windows: [] }, unknown: undefined };

/** `count` loads, each of which changes one register. */
async function loads(count: number): Promise<TraceRecord[]> {
  const set = await registersOf("aarch64");
  let registers = new RegisterFile(set);
  for (let register = 0; register < 31; register++) registers.capture(register, BigInt(register));
  return Array.from({ length: count }, (_, index): TraceRecord => {
    registers = registers.copy();
    registers.capture(index % 31, BigInt(index) * 0x1_0001_0001n);
    const gpa = 0xa00_0000n + BigInt(4 * (index % 1024));
    return {
      fault: { pc: 0x1000n + BigInt(4 * (index % 64)), bytes: Uint8Array.of(1, 0, 64, 0xb9), registers, gpa, gva: gpa + 0x3000_0000n, write: false, mode: "kernel", memory: [], reads: [BigInt(index)] },
      unknown: undefined,
    };
  });
}

describe("the binary trace", () => {
  test.each(["123456789", "", "a", "The quick brown fox jumps over the lazy dog"])("the checksum is CRC-32 (%j)", (text) => {
    const known: Record<string, number> = { "123456789": 0xcbf4_3926, "": 0, a: 0xe8b7_be43, "The quick brown fox jumps over the lazy dog": 0x414f_a339 };
    expect(checksum(Buffer.from(text))).toBe(known[text]);
  });

  test.each(ARCHITECTURES)("registers of which a part was captured survive (%s)", async (architecture) => {
    const registers = await registersOf(architecture);
    const property = fc.asyncProperty(records(registers, true), async (written) => {
      const read = await load(store(columnar, { header: { ...header, architecture }, registers, records: written }));
      expect(read.records.map(plain)).toEqual(written.map(plain));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("a chunk has at most 4,096 faults, and every frame and column is at a multiple of 8", async () => {
    const written = await loads(2 * CHUNK_LIMIT + 5);
    const registers = await registersOf("aarch64");
    const bytes = store(columnar, { header, registers, records: written });
    expect(bytes.length % 8).toBe(0);
    const counts: number[] = [];
    for await (const { columns, hot, offset } of (await openColumnar(pieces(bytes), registersOf)).chunks) {
      counts.push(hot.count);
      expect(offset % 8).toBe(0);
      expect(hot.bytes.byteOffset % 8).toBe(0);
      for (const [name, column] of Object.entries(columns)) expect([name, column.offset % 8]).toEqual([name, 0]);
      // A load of eight bytes at the last byte of the frame stays in its buffer.
      expect(hot.bytes.buffer.byteLength).toBeGreaterThanOrEqual(hot.bytes.byteOffset + hot.bytes.length + 16);
    }
    expect(counts).toEqual([CHUNK_LIMIT, CHUNK_LIMIT, 5]);
    const read = (await load(bytes)).records;
    expect(read.length).toBe(written.length);
    for (const index of [0, 1, 4095, 4096, 8191, 8192, 8196]) expect(plain(read[index]!)).toEqual(plain(written[index]!));
  });

  test("reading and writing hold no more than a chunk", async () => {
    const set = await registersOf("aarch64");
    const encoder = columnar.encoder(set);
    const sizes = [encoder.header(header).length];
    for (const record of await loads(5 * CHUNK_LIMIT)) sizes.push(encoder.record(record).length);
    const written = sizes.filter((size) => size > 0);
    // The header, and each chunk as soon as it is full.
    expect(written.length).toBe(6);

    const bytes = store(columnar, { header, registers: set, records: await loads(5 * CHUNK_LIMIT) });
    const piece = 1000;
    let handed = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for await (const part of pieces(bytes, piece)) {
        handed += part.length;
        yield part;
      }
    }
    const largest = Math.max(...written);
    let consumed = written[0]!;
    for await (const chunk of (await openColumnar(source(), registersOf)).chunks) {
      expect(handed - consumed).toBeLessThanOrEqual(largest + 2 * piece);
      consumed = chunk.offset + chunk.hot.bytes.length;
    }
    expect(handed).toBe(bytes.length);
  });

  test("a chunk of large faults is closed early", async () => {
    const set = await registersOf("aarch64");
    const large = (await loads(12)).map(({ fault, unknown }) => ({ fault: { ...fault, memory: [{ address: 0n, bytes: new Uint8Array(1 << 20) }] }, unknown }));
    const counts: number[] = [];
    for await (const { hot } of (await openColumnar(pieces(store(columnar, { header, registers: set, records: large })), registersOf)).chunks) counts.push(hot.count);
    expect(counts).toEqual([4, 4, 4]);
  });

  test("a fault of plain columns is not flagged as slow, one beyond them is", async () => {
    const [first, second, third] = (await loads(3)) as [TraceRecord, TraceRecord, TraceRecord];
    const bytes = store(columnar, {
      header,
      registers: await registersOf("aarch64"),
      records: [first, { ...second, unknown: { text: "ldr w1, [x0]" }, calls: [] }, { ...third, fault: { ...third.fault, reads: [1n, 2n, 3n] } }],
    });
    for await (const { hot } of (await openColumnar(pieces(bytes), registersOf)).chunks) {
      const view = new Uint8Array(hot.bytes.buffer, hot.bytes.byteOffset + hot.flags.offset, hot.count * hot.flags.width);
      const flags = Array.from({ length: 3 }, (_, index) => Number(hot.flags.base) + view[index * hot.flags.width]! + (hot.flags.width === 2 ? view[2 * index + 1]! << 8 : 0));
      expect(flags.map((flag) => (flag >> 7) & 1)).toEqual([0, 0, 1]);
    }
  });
});
