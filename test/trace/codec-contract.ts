import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES, type Architecture } from "../../src/model/architecture.ts";
import type { RegisterSet } from "../../src/model/registers.ts";
import { CODECS } from "../../src/trace/codecs.ts";
import { jsonLines } from "../../src/trace/json-lines.ts";
import { type OpenTrace, readTrace } from "../../src/trace/read.ts";
import { type TraceCodec, TraceError, type TraceHeader, type TraceRecord } from "../../src/trace/record.ts";
import { BUNDLED, pieces, RECORDED, traceFiles } from "../support/traces.ts";
import { headers, plain, plainHeader, records } from "./arbitrary-record.ts";

/** What every way to store a trace must do. Each codec's test file runs it. */

export const registersOf = async (architecture: Architecture): Promise<RegisterSet> => (await loadIsa(architecture)).registers;

export interface Stored {
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  readonly records: readonly TraceRecord[];
}

export function store(codec: TraceCodec, { header, registers, records: each }: Stored): Buffer {
  const encoder = codec.encoder(registers);
  return Buffer.concat([encoder.header(header), ...each.map((record) => encoder.record(record)), encoder.end()]);
}

export async function load(bytes: Uint8Array, size?: number): Promise<Stored & { readonly codec: TraceCodec }> {
  const { records: found, failure, trace } = await loadAll(bytes, size);
  if (failure !== undefined) throw failure;
  return { ...trace!, records: found };
}

/** All records up to where the file can't be read further, and what is wrong there. */
export async function loadAll(bytes: Uint8Array, size?: number): Promise<{ readonly trace?: OpenTrace; readonly records: TraceRecord[]; readonly failure?: TraceError }> {
  const found: TraceRecord[] = [];
  let trace: OpenTrace | undefined;
  try {
    trace = await readTrace(pieces(bytes, size), registersOf);
    for await (const record of trace.records) found.push(record);
    return { trace, records: found };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { ...(trace === undefined ? {} : { trace }), records: found, failure: error };
  }
}

const ONE: TraceHeader = { architecture: "aarch64", source: "a test", guest: { windows: [] }, unknown: undefined };

export function codecContract(codec: TraceCodec): void {
  describe(`${codec.name}: the contract of all codecs`, () => {
    test("is in the list", () => expect(CODECS).toContain(codec));

    test.each(ARCHITECTURES)("everything of a record survives (%s)", async (architecture) => {
      const registers = await registersOf(architecture);
      const property = fc.asyncProperty(headers(architecture), records(registers), async (header, written) => {
        const bytes = store(codec, { header, registers, records: written });
        const read = await load(bytes);
        expect(read.codec).toBe(codec);
        expect(plainHeader(read.header)).toEqual(plainHeader(header));
        expect(read.records.map(plain)).toEqual(written.map(plain));
        // And what was read is written as the same bytes again.
        expect(store(codec, read).equals(bytes)).toBe(true);
      });
      await fc.assert(property, { numRuns: 30 });
    });

    test("the size of the pieces that a file comes in does not matter", async () => {
      const registers = await registersOf("x86-64");
      const property = fc.asyncProperty(records(registers), fc.integer({ min: 1, max: 200 }), async (written, size) => {
        const bytes = store(codec, { header: { ...ONE, architecture: "x86-64" }, registers, records: written });
        expect((await load(bytes, size)).records.map(plain)).toEqual(written.map(plain));
      });
      await fc.assert(property, { numRuns: 15 });
    });

    test("a trace without faults", async () => {
      const read = await load(store(codec, { header: ONE, registers: await registersOf("aarch64"), records: [] }));
      expect(read.records).toEqual([]);
      expect(read.header).toEqual(ONE);
    });

    test("only its own files are recognised", async () => {
      const registers = await registersOf("aarch64");
      for (const other of CODECS) {
        const start = store(other, { header: ONE, registers, records: [] }).subarray(0, 64);
        expect(codec.recognises(start)).toBe(other === codec);
      }
    });

    test("wherever a file is cut, no fault is read that was not written, and the cut is told", async () => {
      const registers = await registersOf("aarch64");
      const property = fc.asyncProperty(records(registers), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (written, part) => {
        const bytes = store(codec, { header: ONE, registers, records: written });
        const cut = await loadAll(bytes.subarray(0, Math.floor(part * bytes.length)));
        expect(cut.records.map(plain)).toEqual(written.slice(0, cut.records.length).map(plain));
        // At the end of a line JSON lines have no way to tell that more should follow.
        const told = cut.failure !== undefined || codec === jsonLines;
        expect(told).toBe(true);
      });
      await fc.assert(property, { numRuns: 30 });
    });

    const bundled = traceFiles(BUNDLED);
    const files = bundled.length > 0 ? bundled : traceFiles(RECORDED);
    test.skipIf(files.length === 0)(`recorded traces survive the way through JSON lines${files.length === 0 ? " (skipped: there is no folder of traces)" : ""}`, async () => {
      const changed: string[] = [];
      for (const file of files) {
        const name = `${basename(dirname(file))}/${basename(file)}`;
        const original = await load(readFileSync(file));
        const canonical = store(jsonLines, original);
        const bytes = store(codec, original);
        const read = await load(bytes);
        if (!store(jsonLines, read).equals(canonical) || !store(codec, await load(canonical)).equals(bytes)) changed.push(name);
      }
      expect(changed).toEqual([]);
    });
  });
}
