// Bytes a fault of each form of a trace: the bundled traces by architecture and kind, and generated ones. Run: npx jiti bench/trace-size.ts
//
// Two kinds of MessagePack objects stand beside the binary trace: the JSON objects as they are ("0x…" strings), and the same with
// integers as integers and bytes as `bin`, which is the least that a fault needs as an object. Ratios are given for both. "alone": each
// file by itself, as it is bundled (20 to 330 faults); "together": all faults of the row in one file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Packr } from "msgpackr";
import { loadIsa } from "../src/isa/list.ts";
import { ARCHITECTURES } from "../src/model/architecture.ts";
import type { RegisterSet } from "../src/model/registers.ts";
import { generate } from "../src/replay/generate/generate.ts";
import { columnar } from "../src/trace/columnar/codec.ts";
import { jsonLines } from "../src/trace/json-lines.ts";
import { readTrace } from "../src/trace/read.ts";
import type { TraceHeader, TraceRecord } from "../src/trace/record.ts";

const packr = new Packr({ useRecords: false });

/** A trace in memory. */
interface Loaded {
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  readonly records: readonly TraceRecord[];
}

/** Integers as integers, bytes and vector registers as bytes. */
function compact(value: unknown, key = ""): unknown {
  if (typeof value === "string") {
    if (key === "insn" || key === "bytes") return Buffer.from(value, "hex");
    if (!/^0x[0-9a-f]+$/.test(value)) return value;
    if (value.length > 18) return Buffer.from(value.slice(2), "hex");
    const integer = BigInt(value);
    return integer <= 0xffff_ffffn ? Number(integer) : integer;
  }
  if (Array.isArray(value)) return value.map((element) => compact(element));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, each]) => [inner, compact(each, inner)]));
}

function binarySize({ header, registers, records }: Loaded): number {
  const encoder = columnar.encoder(registers);
  let length = encoder.header(header).length;
  for (const record of records) length += encoder.record(record).length;
  return length + encoder.end().length;
}

function row(name: string, traces: readonly Loaded[]): Record<string, string | number> {
  let [faults, json, text, integers, alone] = [0, 0, 0, 0, 0];
  for (const trace of traces) {
    const encoder = jsonLines.encoder(trace.registers);
    for (const record of trace.records) {
      const line = encoder.record(record);
      const object: unknown = JSON.parse(Buffer.from(line).toString());
      json += line.length;
      text += packr.pack(object).length;
      integers += packr.pack(compact(object)).length;
      faults++;
    }
    alone += binarySize(trace);
  }
  const together = binarySize({ ...traces[0]!, records: traces.flatMap(({ records }) => records) });
  const each = (bytes: number): string => (bytes / faults).toFixed(1);
  return {
    trace: name,
    faults,
    "JSON lines": each(json),
    "objects, text": each(text),
    "objects, integers": each(integers),
    "binary alone": each(alone),
    "binary together": each(together),
    "text ÷ alone": (text / alone).toFixed(1),
    "integers ÷ alone": (integers / alone).toFixed(1),
    "integers ÷ together": (integers / together).toFixed(1),
  };
}

async function load(path: string): Promise<Loaded> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield readFileSync(path);
  }
  const { header, registers, records } = await readTrace(bytes(), async (architecture) => (await loadIsa(architecture)).registers);
  return { header, registers, records: await collect(records) };
}

async function collect(records: AsyncIterable<TraceRecord>): Promise<TraceRecord[]> {
  const all: TraceRecord[] = [];
  for await (const record of records) all.push(record);
  return all;
}

const rows: Record<string, string | number>[] = [];
const folder = fileURLToPath(new URL("../traces", import.meta.url));
for (const architecture of ARCHITECTURES) {
  const files = readdirSync(join(folder, architecture)).filter((name) => name.endsWith(".jsonl"));
  for (const [kind, chosen] of [["programs", true], ["random registers", false]] as const) {
    const traces: Loaded[] = [];
    for (const name of files) if (name.startsWith("program-") === chosen) traces.push(await load(join(folder, architecture, name)));
    if (traces.length > 0) rows.push(row(`${architecture}, ${kind}`, traces));
  }
}
for (const architecture of ARCHITECTURES) {
  const { registers } = await loadIsa(architecture);
  const { header, records } = generate(registers, architecture, { faults: 40_960, seed: 1 });
  rows.push(row(`${architecture}, generated`, [{ header, registers, records: [...records] }]));
}
console.table(rows);
