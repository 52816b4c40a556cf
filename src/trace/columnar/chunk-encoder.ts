import type { Call } from "../../model/access.ts";
import { FLAG, MANY_RESPONSES, RESPONSES_SHIFT, DELTA, EMPTY_DELTA } from "../../model/fault-columns.ts";
import type { MemoryRange, VmFaultMessage } from "../../model/fault.ts";
import type { RegisterFile } from "../../model/registers.ts";
import { TraceError, type TraceRecord, type TruthAfter } from "../record.ts";
import { CallPlaces } from "./call-places.ts";
import { ColumnBuilder, type PackedColumn, writeColumns } from "./column.ts";
import { buildFrame } from "./frame-writer.ts";
import { AFTER, CALL, CHUNK_BYTES, CHUNK_COLUMNS, CHUNK_LIMIT, type ChunkColumn, INSTRUCTION_WIDTH, SLOW } from "./layout.ts";
import { packJson } from "./message-pack.ts";
import { RegisterEncoder } from "./register-encoder.ts";
import { type SlotMap, wholeSlots, type WideValue, wideValues } from "./slots.ts";

/** Columns whose data is not collected as integers. */
type ByteColumn = "head" | "instruction" | "instructionTail" | "memoryBytes";
type IntegerColumn = Exclude<ChunkColumn, ByteColumn>;

/** Collects faults and writes them as one chunk after another. */
export class ChunkEncoder {
  readonly #map: SlotMap;
  readonly #header: number;
  readonly #registers: RegisterEncoder;
  readonly #columns: Readonly<Record<IntegerColumn, ColumnBuilder>>;
  /** Chunks written. */
  #number = 0;
  /** Faults in them. */
  #first = 0;
  #count = 0;
  #head: BigUint64Array<ArrayBuffer> = new BigUint64Array(0);
  #captured = 0n;
  #instructions: Uint8Array[] = [];
  #memory: Uint8Array[] = [];
  #unknown: Uint8Array[] = [];
  /** Bytes of data whose number a fault does not bound. */
  #weight = 0;

  /** `header`: checksum of the header's frame. */
  constructor(map: SlotMap, header: number) {
    this.#map = map;
    this.#header = header;
    this.#registers = new RegisterEncoder(map);
    this.#columns = Object.fromEntries(CHUNK_COLUMNS.map((name) => [name, new ColumnBuilder()])) as Record<IntegerColumn, ColumnBuilder>;
  }

  /** Chunks that were written so far, and the faults in them. */
  get written(): { readonly chunks: number; readonly faults: number } {
    return { chunks: this.#number, faults: this.#first };
  }

  /** Faults that wait for the chunk's end. */
  get pending(): number {
    return this.#count;
  }

  /** Adds a fault. True: the chunk has reached its size and is to be written. */
  add(record: TraceRecord): boolean {
    const { fault, calls, after, unknown, index: _, ...restOfRecord } = record;
    const { pc, bytes, registers, gpa, gva, write, mode, syndrome, transformedInstruction, exitReason, exitQualification, vmFault, memory, reads, ...restOfFault } = fault;
    // A fact that is new to the record must not be lost in silence: without a column for it, this does not compile.
    restOfRecord satisfies Record<string, never>;
    restOfFault satisfies Record<string, never>;
    const columns = this.#columns;
    const origin = gpa ?? 0n;
    let flags = when(write === true, FLAG.write) | when(write !== undefined, FLAG.direction) | when(mode === "user", FLAG.user);
    let slow = 0;

    columns.pc.push(pc);
    this.#instructions.push(bytes);
    columns.instructionLength.push(BigInt(bytes.length));
    if (bytes.length > INSTRUCTION_WIDTH && !this.#map.byteInstructions) flags |= FLAG.slow;
    flags |= push(columns.gpa, gpa, FLAG.gpa);
    flags |= push(columns.gvaOffset, gva === undefined ? undefined : gva - origin, FLAG.gva);
    flags |= push(columns.syndrome, syndrome, FLAG.syndrome);
    flags |= push(columns.transformedInstruction, transformedInstruction, FLAG.transformedInstruction);
    flags |= push(columns.exitReason, exitReason, FLAG.exitReason);
    flags |= push(columns.exitQualification, exitQualification, FLAG.exitQualification);

    const delta = this.#delta(registers);
    columns.delta.push(BigInt(delta));
    if ((delta & DELTA.escape) !== 0) flags |= FLAG.slow;
    slow |= this.#wide(this.#registers.wide(registers), SLOW.wide);
    slow |= this.#ranges(memory, SLOW.memory);
    flags |= this.#message(vmFault);

    for (const value of reads) columns.responses.push(value);
    this.#weight += 8 * reads.length + bytes.length;
    if (reads.length >= MANY_RESPONSES) {
      columns.responseCounts.push(BigInt(reads.length));
      flags |= FLAG.slow;
    }
    flags |= Math.min(reads.length, MANY_RESPONSES) << RESPONSES_SHIFT;

    if (calls !== undefined) flags |= this.#calls(calls, origin, reads);
    if (after !== undefined) {
      flags |= this.#after(after, pc + BigInt(bytes.length), reads);
      slow |= this.#wide(wideValues(this.#map, after.registers), SLOW.afterWide);
      slow |= this.#ranges(after.memory, SLOW.afterMemory);
    }
    if (slow !== 0) flags |= FLAG.slow;
    if ((flags & FLAG.slow) !== 0) columns.slow.push(BigInt(slow));
    if (unknown !== undefined) {
      flags |= FLAG.unknown;
      const packed = packJson(unknown);
      this.#unknown.push(packed);
      this.#weight += packed.length;
    }
    columns.flags.push(BigInt(flags));
    this.#count++;
    return this.#count === CHUNK_LIMIT || this.#weight >= CHUNK_BYTES;
  }

  /** Writes the faults that were added as a chunk, and starts the next. There must be one. */
  finish(): Uint8Array {
    const frame = buildFrame(this.#unknown.length === 0 ? 7 : 8, (writer) => {
      writer.value("kind");
      writer.value("chunk");
      writer.value("header");
      writer.value(this.#header);
      writer.value("number");
      writer.value(this.#number);
      writer.value("first");
      writer.unsigned(BigInt(this.#first));
      writer.value("faults");
      writer.value(this.#count);
      writer.value("captured");
      writer.unsigned(this.#captured);
      if (this.#unknown.length > 0) {
        writer.value("unknown");
        writer.array(this.#unknown.length);
        for (const packed of this.#unknown) writer.raw(packed);
      }
      writer.value("columns");
      writeColumns(writer, this.#packedColumns());
    });
    if (frame === undefined) {
      throw new TraceError(`faults ${this.#first} to ${this.#first + this.#count - 1}: have more RAM, responses or unknown keys than a chunk of the binary trace may hold`);
    }
    this.#number++;
    this.#first += this.#count;
    this.#clear();
    return frame.bytes;
  }

  #delta(registers: RegisterFile): number {
    if (this.#count > 0) return this.#registers.delta(registers, this.#columns);
    const { values, captured } = this.#registers.head(registers);
    this.#head = values;
    this.#captured = captured;
    return EMPTY_DELTA;
  }

  #wide(values: readonly WideValue[], bit: number): number {
    if (values.length === 0) return 0;
    const { wideCount, wideRegister, wideBits, wideWords } = this.#columns;
    wideCount.push(BigInt(values.length));
    for (const { code, bits, value } of values) {
      wideRegister.push(BigInt(code));
      wideBits.push(BigInt(bits));
      for (let word = 0; 64 * word < bits; word++) wideWords.push(value >> BigInt(64 * word));
    }
    return bit;
  }

  #ranges(ranges: readonly MemoryRange[], bit: number): number {
    if (ranges.length === 0) return 0;
    const { memoryCount, memoryAddress, memoryLength } = this.#columns;
    memoryCount.push(BigInt(ranges.length));
    for (const { address, bytes } of ranges) {
      memoryAddress.push(address);
      memoryLength.push(BigInt(bytes.length));
      this.#memory.push(bytes);
      this.#weight += 16 + bytes.length;
    }
    return bit;
  }

  #message(message: VmFaultMessage | undefined): number {
    if (message === undefined) return 0;
    const { label, words, virtualProcessor } = message;
    const { messageShape, messageWords } = this.#columns;
    messageShape.push(BigInt(2 * words.length + (virtualProcessor ? 1 : 0)));
    for (const word of [label, ...words]) messageWords.push(word);
    this.#weight += 8 * words.length;
    return FLAG.message;
  }

  #calls(calls: readonly Call[], gpa: bigint, reads: readonly bigint[]): number {
    const { callCount, callKind, callOffset, callValue, callValue64 } = this.#columns;
    callCount.push(BigInt(calls.length));
    const places = new CallPlaces(gpa);
    let responses = 0;
    for (const call of calls) {
      const isResponse = !call.write && responses < reads.length && call.value === reads[responses];
      const kind = ((31 - Math.clz32(call.size)) << CALL.sizeShift) | when(call.write, CALL.write) | when(isResponse, CALL.response);
      callKind.push(BigInt(kind));
      callOffset.push(BigInt.asUintN(64, call.gpa - places.expected(call.write)));
      if (isResponse) responses++;
      else (call.size === 8 ? callValue64 : callValue).push(call.value);
      places.next(call);
    }
    this.#weight += 17 * calls.length;
    return FLAG.calls;
  }

  /** `next`: the address behind the captured instruction. */
  #after({ pc, registers }: TruthAfter, next: bigint, reads: readonly bigint[]): number {
    const { afterPcOffset, afterCount, afterSlot, afterValue } = this.#columns;
    const slots = wholeSlots(this.#map, registers);
    afterCount.push(BigInt(slots.length));
    let responses = 0;
    for (const slot of slots) {
      const value = registers.get(this.#map.slots[slot]!)!;
      const isResponse = responses < reads.length && value === reads[responses];
      afterSlot.push(BigInt(slot | when(isResponse, AFTER.response)));
      if (isResponse) responses++;
      else afterValue.push(value);
    }
    if (pc === undefined) return FLAG.after;
    afterPcOffset.push(BigInt.asUintN(64, pc - next));
    return FLAG.after | FLAG.afterPc;
  }

  #packedColumns(): [string, PackedColumn | undefined][] {
    const raw: Readonly<Record<ByteColumn, PackedColumn | undefined>> = {
      head: rawBytes(8, new Uint8Array(this.#head.buffer)),
      instruction: this.#packedInstructions(),
      instructionTail: this.#map.byteInstructions ? undefined : rawBytes(1, Buffer.concat(this.#instructions.map((bytes) => bytes.subarray(INSTRUCTION_WIDTH)))),
      memoryBytes: rawBytes(1, Buffer.concat(this.#memory)),
    };
    return CHUNK_COLUMNS.map((name) => [name, name in raw ? raw[name as ByteColumn] : this.#columns[name as IntegerColumn].pack()]);
  }

  #packedInstructions(): PackedColumn | undefined {
    if (this.#map.byteInstructions) return rawBytes(1, Buffer.concat(this.#instructions));
    const longest = this.#instructions.reduce((length, bytes) => Math.max(length, bytes.length), 0);
    if (longest === 0) return undefined;
    const width = longest <= 4 ? 4 : longest <= 8 ? 8 : INSTRUCTION_WIDTH;
    const data = new Uint8Array(width * this.#count);
    this.#instructions.forEach((bytes, index) => data.set(bytes.subarray(0, width), width * index));
    return rawBytes(width, data);
  }

  #clear(): void {
    this.#count = 0;
    this.#weight = 0;
    this.#instructions = [];
    this.#memory = [];
    this.#unknown = [];
    for (const column of Object.values(this.#columns)) column.clear();
  }
}

/** A column of elements that are stored as they are. */
function rawBytes(width: PackedColumn["width"], data: Uint8Array): PackedColumn | undefined {
  return data.length === 0 ? undefined : { base: 0n, width, data };
}

function when(condition: boolean, bit: number): number {
  return condition ? bit : 0;
}

/** Adds a value that may be unknown, and returns the flag that says which. */
function push(column: ColumnBuilder, value: bigint | undefined, flag: number): number {
  if (value === undefined) {
    column.pushAny();
    return 0;
  }
  column.push(value);
  return flag;
}
