import { type Column, DELTA, FAULT_COLUMNS, type FaultColumn, type FaultColumns, FLAG, FLAG_MASK, MANY_RESPONSES, RESPONSES_SHIFT } from "../../model/fault-columns.ts";
import { ABSENT, columnOf, ColumnReader, CONSTANT_LIMIT } from "./column.ts";
import { type Content, fail, mapOf, numberOf, unsignedOf } from "./content.ts";
import type { Frame } from "./frame-reader.ts";
import { CHUNK_COLUMNS, CHUNK_LIMIT, type ChunkColumn } from "./layout.ts";
import type { SlotMap } from "./slots.ts";

/** A chunk as it was read: its columns are checked for their lengths, its faults are not built yet. */
export interface Chunk {
  /** Position among the trace's chunks. */
  readonly number: number;
  /** Index of its first fault. */
  readonly first: number;
  /** Of its frame in the file. */
  readonly offset: number;
  readonly columns: Readonly<Record<ChunkColumn, Column>>;
  /** The columns that a fast path needs. */
  readonly hot: FaultColumns;
  /** One map for each fault with keys that the format does not define. */
  readonly unknown: readonly unknown[];
  /** Text that says which chunk this is. */
  readonly where: string;
}

/** Columns with one element a fault, which must have exactly as many. */
const ONE_A_FAULT: readonly ChunkColumn[] = [
  "pc",
  "instructionLength",
  "gpa",
  "gvaOffset",
  "flags",
  "delta",
  "syndrome",
  "transformedInstruction",
  "exitReason",
  "exitQualification",
];

/** Reads the content of a frame of kind "chunk". Throws a `TraceError`. */
export function chunkOf(content: Content, frame: Frame, map: SlotMap): Chunk {
  const number = numberOf(content, "number", `chunk at byte ${frame.offset}`, 0xffffffff);
  const where = `chunk ${number} (byte ${frame.offset})`;
  const count = numberOf(content, "faults", where, CHUNK_LIMIT);
  if (count === 0) fail(`${where}: holds no fault`);
  const first = numberOf(content, "first", where, Number.MAX_SAFE_INTEGER - CHUNK_LIMIT);
  const source = { bytes: frame.bytes, where };
  const unpacked = mapOf(content.get("columns")) ?? fail(`${where}: "columns" is not a map`);
  for (const name of unpacked.keys()) {
    if (!CHUNK_COLUMNS.some((each) => each === name)) fail(`${where}: has a column "${name}", which this version does not know; a newer trapline may read it`);
  }
  const columns = Object.fromEntries(
    CHUNK_COLUMNS.map((name) => [name, unpacked.has(name) ? columnOf(unpacked.get(name), name, source) : ABSENT]),
  ) as Record<ChunkColumn, Column>;
  for (const name of ONE_A_FAULT) checkLength(name, columns[name], count, where);
  checkLength("head", columns.head, map.slots.length, where);
  checkInstructions(columns.instruction, count, map, where);
  if (columns.head.width !== 8 && columns.head.width !== 0) fail(`${where}: column "head" has elements of ${columns.head.width} bytes; expected 8`);
  const captured = unsignedOf(content, "captured", where);
  if (captured >> BigInt(map.slots.length) !== 0n) fail(`${where}: "captured" names more slots than there are`);
  const unknown = content.get("unknown") ?? [];
  if (!Array.isArray(unknown)) fail(`${where}: "unknown" is not an array`);
  const hot: FaultColumns = { bytes: frame.bytes, count, slots: map.slots.length, captured, ...columnsOf(columns) };
  checkHotStreams(hot, map, where);
  return { number, first, offset: frame.offset, columns, hot, unknown: unknown as unknown[], where };
}

/** Those that a fast path needs. */
function columnsOf(columns: Readonly<Record<ChunkColumn, Column>>): Readonly<Record<FaultColumn, Column>> {
  return Object.fromEntries(FAULT_COLUMNS.map((name) => [name, columns[name]])) as Record<FaultColumn, Column>;
}

function checkLength(name: string, { width, count }: Column, expected: number, where: string): void {
  if (width !== 0 && count !== expected) fail(`${where}: column "${name}" has ${count} elements; expected ${expected}`);
}

function checkInstructions(column: Column, count: number, { byteInstructions, set }: SlotMap, where: string): void {
  if (column.base !== 0n) fail(`${where}: column "instruction" has a base; expected 0`);
  const fits = column.width === 0 || (byteInstructions ? column.width === 1 : column.width >= 4);
  if (!fits) fail(`${where}: column "instruction" has elements of ${column.width} bytes, which those of ${set.architecture} have not`);
  if (!byteInstructions) checkLength("instruction", column, count, where);
}

/**
 * Flags and delta words must announce exactly as much as their streams have, so that a fast path need not look. This is done for every chunk that is
 * read: a loop over plain numbers, some nanoseconds a fault.
 */
function checkHotStreams(hot: FaultColumns, { byteInstructions }: SlotMap, where: string): void {
  const source = { bytes: hot.bytes, where };
  const reader = (name: "escapes" | "responseCounts"): ColumnReader => new ColumnReader(hot[name], name, source);
  const escapes = reader("escapes");
  const counts = reader("responseCounts");
  const flags = numbersOf(hot, "flags", where);
  const delta = numbersOf(hot, "delta", where);
  let values = 0;
  let responses = 0;
  for (let index = 0; index < hot.count; index++) {
    const flag = flags.base + flags.elements[index * flags.step]!;
    const word = delta.base + delta.elements[index * delta.step]!;
    const escaped = (word & DELTA.escape) !== 0;
    const announced = (flag >> RESPONSES_SHIFT) & MANY_RESPONSES;
    if (flag > FLAG_MASK) fail(`${where}: fault ${index} of it has flags 0x${flag.toString(16)}, which this version does not know`);
    if ((flag & FLAG.slow) === 0 && (escaped || announced === MANY_RESPONSES)) fail(`${where}: fault ${index} of it is not flagged as one that goes the full way`);
    responses += announced === MANY_RESPONSES ? counts.takeNumber() : announced;
    if (!escaped) {
      values += (word >> DELTA.countShift) & DELTA.countMask;
      continue;
    }
    escapes.take();
    for (let changed = escapes.take(); changed !== 0n; changed &= changed - 1n) values++;
  }
  escapes.finish();
  counts.finish();
  checkTotal("values", hot.values, values, where);
  checkTotal("responses", hot.responses, responses, where);
  if (!byteInstructions) return;
  const lengths = numbersOf(hot, "instructionLength", where);
  let bytes = 0;
  for (let index = 0; index < hot.count; index++) bytes += lengths.base + lengths.elements[index * lengths.step]!;
  checkTotal("instruction", hot.instruction, bytes, where);
}

/** The stream must have as many elements as are announced. */
function checkTotal(name: string, { width, count }: Column, announced: number, where: string): void {
  if (width === 0 ? announced > CONSTANT_LIMIT : announced !== count) {
    fail(`${where}: column "${name}" has ${width === 0 ? `room for ${CONSTANT_LIMIT}` : count} elements; its faults announce ${announced}`);
  }
}

/** A column of numbers below 2^32 as element `index * step` plus the base. */
function numbersOf(hot: FaultColumns, name: "flags" | "delta" | "instructionLength", where: string): { readonly elements: Uint8Array | Uint16Array | Uint32Array; readonly step: 0 | 1; readonly base: number } {
  const { base, width, offset, count } = hot[name];
  if (width > 4 || base > 0xffff_ffffn) fail(`${where}: column "${name}" holds numbers of more than 32 bits`);
  const { buffer } = hot.bytes;
  const start = hot.bytes.byteOffset + offset;
  if (width === 0) return { elements: NO_OFFSET, step: 0, base: Number(base) };
  const elements = width === 1 ? new Uint8Array(buffer, start, count) : width === 2 ? new Uint16Array(buffer, start, count) : new Uint32Array(buffer, start, count);
  return { elements, step: 1, base: Number(base) };
}

/** The one element of a column in which all are equal to the base. */
const NO_OFFSET = new Uint8Array(1);
