import { Packr } from "msgpackr";
import { columnar } from "../../trace/columnar/codec.ts";
import { jsonLines } from "../../trace/json-lines.ts";
import type { RegisterSet } from "../../model/registers.ts";
import type { TraceRecord } from "../../trace/record.ts";

/** Bytes of a fault in each form. */
export interface Sizes {
  readonly faults: number;
  readonly jsonLines: number;
  /** MessagePack objects with integers as integers and bytes as `bin`: the least that a fault needs as an object. */
  readonly objects: number;
  /** The binary trace, its header and index included. */
  readonly binary: number;
}

/** Sizes of these faults, all in one file of each form. */
export function sizesOf(registers: RegisterSet, records: readonly TraceRecord[]): Sizes {
  const packr = new Packr({ useRecords: false });
  const json = jsonLines.encoder(registers);
  const encoder = columnar.encoder(registers);
  let [text, objects] = [0, 0];
  let binary = encoder.header({ architecture: registers.architecture, source: "", guest: { windows: [] }, unknown: undefined }).length;
  for (const record of records) {
    const line = json.record(record);
    text += line.length;
    objects += packr.pack(compact(JSON.parse(Buffer.from(line).toString()))).length;
    binary += encoder.record(record).length;
  }
  binary += encoder.end().length;
  const faults = records.length;
  return { faults, jsonLines: text / faults, objects: objects / faults, binary: binary / faults };
}

/** Integers as integers; instruction bytes, RAM and vector registers as bytes. */
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
