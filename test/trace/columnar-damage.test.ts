import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegisterFile } from "../../src/model/registers.ts";
import { columnar } from "../../src/trace/columnar/codec.ts";
import { ColumnarEncoder } from "../../src/trace/columnar/encoder.ts";
import { buildFrame, framePrefix } from "../../src/trace/columnar/frame-writer.ts";
import { CONTENT_LIMIT, PREFIX_LENGTH } from "../../src/trace/columnar/layout.ts";
import type { TraceHeader, TraceRecord } from "../../src/trace/record.ts";
import { TraceError } from "../../src/trace/record.ts";
import { plain, records } from "./arbitrary-record.ts";
import { loadAll, registersOf, store } from "./codec-contract.ts";

const registers = await registersOf("aarch64");
const header: TraceHeader = { architecture: "aarch64", source: "a test", guest: { windows: [] }, unknown: undefined };

function fault(index: number): TraceRecord {
  const file = new RegisterFile(registers);
  file.capture(0, 0x4000_0000n);
  file.capture(1, BigInt(index));
  return { fault: { pc: BigInt(0x1000 + 4 * index), bytes: Uint8Array.of(1, 0, 64, 0xb9), registers: file, gpa: 0xa00_0000n, gva: 0x4000_0000n, write: false, mode: "kernel", memory: [], reads: [5n] }, unknown: undefined };
}

/** Six chunks of ten faults each, and where they are. */
function sixChunks(): { readonly bytes: Buffer; readonly written: TraceRecord[]; readonly starts: number[] } {
  const encoder = new ColumnarEncoder(registers);
  const parts = [encoder.header(header)];
  const written = Array.from({ length: 60 }, (_, index) => fault(index));
  const starts: number[] = [];
  let length = parts[0]!.length;
  for (const [index, record] of written.entries()) {
    encoder.record(record);
    if (index % 10 !== 9) continue;
    const chunk = encoder.flush();
    starts.push(length);
    length += chunk.length;
    parts.push(chunk);
  }
  starts.push(length);
  parts.push(encoder.end());
  return { bytes: Buffer.concat(parts), written, starts };
}

const six = sixChunks();
const [, chunk1, chunk2, chunk3, chunk4] = six.starts as [number, number, number, number, number];
const without = (from: number, to: number): Buffer => Buffer.concat([six.bytes.subarray(0, from), six.bytes.subarray(to)]);

/** The indices that the faults which could be read say they have. */
async function indices(bytes: Uint8Array, size?: number): Promise<{ readonly faults: number[]; readonly failure: TraceError | undefined }> {
  const { records: found, failure } = await loadAll(bytes, size);
  for (const [position, { index = position, ...record }] of found.entries()) expect(plain(record)).toEqual(plain(six.written[index]!));
  return { faults: found.map((record, position) => record.index ?? position), failure };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const all = range(0, 60);

describe("a damaged binary trace", () => {
  test("whole, it has all faults", async () => expect(await indices(six.bytes)).toEqual({ faults: all, failure: undefined }));

  test("a chunk with a wrong byte costs that chunk, and its number, place and faults are told", async () => {
    const bytes = Buffer.from(six.bytes);
    bytes[chunk2 + 100]! ^= 1;
    const { faults, failure } = await indices(bytes);
    expect(faults).toEqual([...range(0, 20), ...range(30, 60)]);
    expect(failure?.kept).toBe("intact");
    expect(failure?.message).toBe(
      `is damaged: chunk 2 is lost (faults 20 to 29; bytes ${chunk2} to ${chunk3 - 1}: its checksum is wrong). 5 intact chunks with 50 faults could be read; "trapline recover" makes a whole trace of them`,
    );
  });

  test("a chunk whose length is wrong costs that chunk", async () => {
    for (const length of [0, 7, 0x7fff_ffff, 0xffff_ffff, CONTENT_LIMIT]) {
      const bytes = Buffer.from(six.bytes);
      bytes.writeUInt32BE(length, chunk2 + 11);
      expect((await indices(bytes)).faults).toEqual([...range(0, 20), ...range(30, 60)]);
    }
  });

  test("bytes that are missing from the middle cost the chunks that they were in", async () => {
    const { faults, failure } = await indices(without(chunk2 - 5, chunk2 + 33));
    expect(faults).toEqual([...range(0, 10), ...range(30, 60)]);
    expect(failure?.message).toContain("chunks 1 to 2 are lost (faults 10 to 29;");
  });

  test("a chunk that is not there at all is missed", async () => {
    const { faults, failure } = await indices(without(chunk1, chunk2));
    expect(faults).toEqual([...range(0, 10), ...range(20, 60)]);
    expect(failure?.message).toContain("chunk 1 is lost (faults 10 to 19; they are not in the file)");
  });

  test("the last chunk that is lost is known from the index", async () => {
    const bytes = Buffer.from(six.bytes);
    bytes[six.starts[5]! + 60]! ^= 0x80;
    const { faults, failure } = await indices(bytes);
    expect(faults).toEqual(range(0, 50));
    expect(failure?.message).toContain("chunk 5 is lost (faults 50 to 59;");
  });

  test("bytes between chunks that belong to none are told", async () => {
    const { faults, failure } = await indices(Buffer.concat([six.bytes.subarray(0, chunk3), Buffer.from("trapline"), six.bytes.subarray(chunk3)]));
    expect(faults).toEqual(all);
    expect(failure?.message).toContain(`no chunk is missing, but there are others than a trace's own bytes (bytes ${chunk3} to ${chunk3 + 7}:`);
  });

  test("a chunk of another trace is not taken for one of this", async () => {
    const other = new ColumnarEncoder(registers);
    other.header({ ...header, source: "another" });
    other.record(fault(7));
    const { faults, failure } = await indices(Buffer.concat([six.bytes.subarray(0, chunk3), other.flush(), six.bytes.subarray(chunk3)]));
    expect(faults).toEqual(all);
    expect(failure?.message).toContain(`the frame at byte ${chunk3} is not one of this trace`);
  });

  test("wherever the writer is stopped, all chunks that were written can be read", async () => {
    for (let length = six.starts[0]!; length < six.bytes.length; length += 13) {
      const whole = six.starts.slice(1).filter((end) => end <= length).length;
      const { faults, failure } = await indices(six.bytes.subarray(0, length), 97);
      expect(faults).toEqual(range(0, 10 * whole));
      expect(failure?.kept).toBe("intact");
    }
  });

  test("stopped between two chunks, it says so", async () => {
    const { failure } = await indices(six.bytes.subarray(0, chunk4));
    expect(failure?.message).toContain(`it ends at byte ${chunk4}, after fault 39, without its index: its writer was stopped`);
  });

  test("without its header nothing can be read, and that is told", async () => {
    const bytes = Buffer.from(six.bytes);
    bytes[30]! ^= 1;
    const { failure } = await loadAll(bytes);
    expect(failure?.message).toContain("the header can't be read (its checksum is wrong), and without it no fault can");
    expect(failure?.kept).toBeUndefined();
  });
});

/** A file whose frames have been changed inside and have right checksums nevertheless. */
function forged(bytes: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const changed = Buffer.from(bytes);
  for (const [position, value] of changes) changed[position] = value;
  let headerSum = 0;
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + PREFIX_LENGTH + bytes.readUInt32BE(offset + 11);
    const content = changed.subarray(offset + PREFIX_LENGTH, end);
    // A changed header: the other frames name its checksum.
    if (offset > 0) renameHeader(bytes, changed, offset, end, headerSum);
    changed.set(framePrefix(content.length, crc(content)), offset);
    if (offset === 0) headerSum = crc(content);
    offset = end;
  }
  return changed;
}

function crc(content: Uint8Array): number {
  let sum = ~0;
  for (const byte of content) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

function renameHeader(bytes: Buffer, changed: Buffer, offset: number, end: number, sum: number): void {
  const key = bytes.subarray(offset, end).indexOf("\xa6header\xce", 0, "latin1");
  if (key !== -1) changed.writeUInt32BE(sum, offset + key + 8);
}

describe("a hostile binary trace", () => {
  test("any changed bytes: clear errors, and no fault that was not written", async () => {
    const change = fc.tuple(fc.nat({ max: six.bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));
    const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const bytes = Buffer.from(six.bytes);
      for (const [position, bits] of changes) bytes[position]! ^= bits;
      const { faults } = await indices(bytes);
      expect(faults.length).toBeLessThanOrEqual(60);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("any changed bytes behind right checksums: an error or other faults, never a crash", async () => {
    const property = fc.asyncProperty(records(registers, true), fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }), async (written, places) => {
      const bytes = store(columnar, { header, registers, records: written });
      const changes = places.map(([part, value]) => [Math.floor(part * bytes.length), value] as const).filter(([position]) => position >= PREFIX_LENGTH);
      // Anything but a TraceError is thrown on by loadAll.
      const { records: found } = await loadAll(forged(bytes, changes));
      expect(found.length).toBeLessThanOrEqual(4096);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  test("announced lengths make no room", async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (const content of [
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [0xdf, 0x7f, 0xff, 0xff, 0xff],
      [0xc6, 0xff, 0xff, 0xff, 0xf0],
      [0xdb, 0xff, 0xff, 0xff, 0xf0],
      [0xc9, 0xff, 0xff, 0xff, 0xf0, 0x72],
      [0xd4, 0x72, 0x40],
      Array.from({ length: 5000 }, () => 0x91),
    ]) {
      const bytes = Buffer.concat([framePrefix(content.length, crc(Uint8Array.from(content))), Buffer.from(content)]);
      const { failure } = await loadAll(bytes);
      expect(failure?.message).toMatch(/^byte \d+: /);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  test("constant columns stand for no more than their limit", async () => {
    const written = [{ ...fault(0), fault: { ...fault(0).fault, reads: Array.from({ length: 70_000 }, () => 7n) } }];
    const bytes = store(columnar, { header, registers, records: written });
    expect((await loadAll(bytes)).records.map(plain)).toEqual(written.map(plain));
    const claim = buildFrame(1, (writer) => {
      writer.value("kind");
      writer.value("chunk");
    })!;
    const { failure } = await loadAll(Buffer.concat([new ColumnarEncoder(registers).header(header), claim.bytes]));
    expect(failure).toBeInstanceOf(TraceError);
  });

  test("false beginnings of frames cost no more than their bytes", async () => {
    const prefix = framePrefix(4 << 20, 0);
    const bytes = Buffer.concat([six.bytes.subarray(0, chunk1), ...Array.from({ length: 400_000 }, () => prefix)]);
    const start = performance.now();
    const { faults, failure } = await indices(bytes, 1 << 18);
    expect(faults).toEqual(range(0, 10));
    expect(failure?.kept).toBe("intact");
    // Without the limit the checksums alone would take five minutes.
    expect(performance.now() - start).toBeLessThan(25_000);
  });
});
