import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import { generate } from "../../src/replay/generate/generate.ts";
import { decodeChunk } from "../../src/trace/columnar/chunk-decoder.ts";
import { ChunkFile } from "../../src/trace/columnar/chunk-file.ts";
import { columnar } from "../../src/trace/columnar/codec.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { plain } from "./arbitrary-record.ts";
import { registersOf, store } from "./codec-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "trapline-chunks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { registers } = await loadIsa("x86-64");
const { header, records } = generate(registers, "x86-64", { faults: 9000, seed: 1 });
const written = [...records];
const bytes = store(columnar, { header, registers, records: written });

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("a binary trace as a file of chunks", () => {
  test("any chunk can be read at once", async () => {
    const chunks = await ChunkFile.open(file("whole", bytes), registersOf);
    expect(chunks.faults).toBe(9000);
    expect(chunks.places.map(({ first, count }) => [first, count])).toEqual([[0, 4096], [4096, 4096], [8192, 808]]);
    const found: TraceRecord[] = [];
    for (const number of [2, 0, 1]) found.push(...decodeChunk(await chunks.chunk(number), chunks.header.map));
    expect(found.map(plain)).toEqual([...written.slice(8192), ...written.slice(0, 8192)].map(plain));
    await chunks.close();
  });

  test("one without faults has no chunk", async () => {
    const chunks = await ChunkFile.open(file("empty", store(columnar, { header, registers, records: [] })), registersOf);
    expect([chunks.places, chunks.faults]).toEqual([[], 0]);
    await chunks.close();
  });

  test("one that was cut off has no index, and says what to do", async () => {
    const path = file("cut", bytes.subarray(0, bytes.length - 8));
    await expect(ChunkFile.open(path, registersOf)).rejects.toThrow('has no index at its end: it was cut off or damaged; "trapline recover" makes a whole trace');
  });

  test("a damaged chunk is refused, the others can be read", async () => {
    const damaged = Buffer.from(bytes);
    const whole = await ChunkFile.open(file("whole", bytes), registersOf);
    damaged[whole.places[1]!.offset + 50]! ^= 4;
    await whole.close();
    const chunks = await ChunkFile.open(file("damaged", damaged), registersOf);
    await expect(chunks.chunk(1)).rejects.toThrow(/chunk 1 \(faults 4096 to 8191\) can't be read: its checksum is wrong/);
    expect((await chunks.chunk(2)).hot.count).toBe(808);
    await chunks.close();
  });
});
