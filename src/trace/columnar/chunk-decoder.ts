import type { Call } from "../../model/access.ts";
import { FLAG, MANY_RESPONSES, responseCount } from "../../model/fault-columns.ts";
import type { Fault, MemoryRange, VmFaultMessage } from "../../model/fault.ts";
import { TraceError, type TraceRecord, type TruthAfter, type UnknownKeys } from "../record.ts";
import type { Chunk } from "./chunk.ts";
import { CallPlaces } from "./call-places.ts";
import { ColumnReader } from "./column.ts";
import { CALL, CHUNK_COLUMNS, type ChunkColumn, INSTRUCTION_WIDTH, SLOW, SLOW_MASK } from "./layout.ts";
import { jsonOf } from "./message-pack.ts";
import { readSlots, readWide, RegisterDecoder, ResponseReader } from "./register-decoder.ts";
import type { SlotMap } from "./slots.ts";

/** The faults of a chunk, in order. Throws a {@link TraceError} at the first that its columns do not describe as they should. */
export function* decodeChunk(chunk: Chunk, map: SlotMap): Generator<TraceRecord> {
  yield* new ChunkDecoder(chunk, map).records();
}

class ChunkDecoder {
  readonly #chunk: Chunk;
  readonly #map: SlotMap;
  readonly #columns: Readonly<Record<ChunkColumn, ColumnReader>>;
  readonly #registers: RegisterDecoder;
  #unknown = 0;

  constructor(chunk: Chunk, map: SlotMap) {
    this.#chunk = chunk;
    this.#map = map;
    const source = { bytes: chunk.hot.bytes, where: chunk.where };
    // Instructions of fixed width are no integers; nothing reads them through this.
    const readable = CHUNK_COLUMNS.filter((name) => name !== "instruction" || map.byteInstructions);
    this.#columns = Object.fromEntries(readable.map((name) => [name, new ColumnReader(chunk.columns[name], name, source)])) as Record<ChunkColumn, ColumnReader>;
    this.#registers = new RegisterDecoder(map, chunk.where, this.#columns.head, chunk.hot.captured);
  }

  *records(): Generator<TraceRecord> {
    const { hot, unknown, where } = this.#chunk;
    for (let index = 0; index < hot.count; index++) yield this.#record(index);
    for (const column of STREAMS) this.#columns[column].finish();
    if (this.#unknown !== unknown.length) throw new TraceError(`${where}: "unknown" has ${unknown.length} maps, of which the faults use ${this.#unknown}`);
  }

  #record(index: number): TraceRecord {
    const columns = this.#columns;
    const flags = columns.flags.numberAt(index);
    const slow = (flags & FLAG.slow) === 0 ? 0 : columns.slow.takeNumber();
    if (slow > SLOW_MASK) throw this.#error(`fault ${index} of it is slow in a way (0x${slow.toString(16)}) that this version does not know`);
    const pc = columns.pc.at(index);
    const bytes = this.#instruction(index);
    const gpa = (flags & FLAG.gpa) === 0 ? undefined : columns.gpa.at(index);
    const origin = gpa ?? 0n;

    const word = columns.delta.numberAt(index);
    this.#registers.delta(word, columns);
    if ((slow & SLOW.wide) !== 0) this.#registers.wide(columns);
    const registers = this.#registers.file();
    const memory = (slow & SLOW.memory) === 0 ? [] : this.#ranges();
    const vmFault = (flags & FLAG.message) === 0 ? undefined : this.#message();
    const responses = responseCount(flags);

    const reads = columns.responses.takeMany(responses === MANY_RESPONSES ? columns.responseCounts.takeNumber() : responses);

    const known = (flag: number, column: ChunkColumn): bigint | undefined => ((flags & flag) === 0 ? undefined : columns[column].at(index));
    const syndrome = known(FLAG.syndrome, "syndrome");
    const transformedInstruction = known(FLAG.transformedInstruction, "transformedInstruction");
    const exitReason = known(FLAG.exitReason, "exitReason");
    const exitQualification = known(FLAG.exitQualification, "exitQualification");
    const fault: Fault = {
      pc,
      bytes,
      registers,
      ...(gpa === undefined ? {} : { gpa }),
      ...((flags & FLAG.gva) === 0 ? {} : { gva: BigInt.asUintN(64, origin + columns.gvaOffset.at(index)) }),
      ...((flags & FLAG.direction) === 0 ? {} : { write: (flags & FLAG.write) !== 0 }),
      mode: (flags & FLAG.user) === 0 ? "kernel" : "user",
      ...(syndrome === undefined ? {} : { syndrome }),
      ...(transformedInstruction === undefined ? {} : { transformedInstruction }),
      ...(exitReason === undefined ? {} : { exitReason }),
      ...(exitQualification === undefined ? {} : { exitQualification }),
      ...(vmFault === undefined ? {} : { vmFault }),
      memory,
      reads,
    };
    return {
      fault,
      ...((flags & FLAG.calls) === 0 ? {} : { calls: this.#calls(origin, reads) }),
      ...((flags & FLAG.after) === 0 ? {} : { after: this.#after(flags, slow, pc + BigInt(bytes.length), reads) }),
      unknown: (flags & FLAG.unknown) === 0 ? undefined : this.#unknownKeys(),
    };
  }

  #instruction(index: number): Uint8Array {
    const { bytes, instruction } = this.#chunk.hot;
    const length = this.#columns.instructionLength.numberAt(index);
    if (this.#map.byteInstructions) return this.#columns.instruction.takeBytes(length);
    if (length > INSTRUCTION_WIDTH) {
      const tail = this.#columns.instructionTail.takeBytes(length - INSTRUCTION_WIDTH);
      if (instruction.width !== INSTRUCTION_WIDTH) throw this.#error(`an instruction of ${length} bytes needs elements of ${INSTRUCTION_WIDTH}`);
      const start = instruction.offset + INSTRUCTION_WIDTH * index;
      return Uint8Array.from([...bytes.subarray(start, start + INSTRUCTION_WIDTH), ...tail]);
    }
    if (length > instruction.width) throw this.#error(`an instruction of ${length} bytes is in a column of ${instruction.width}`);
    const start = instruction.offset + instruction.width * index;
    return bytes.slice(start, start + length);
  }

  #ranges(): MemoryRange[] {
    const { memoryCount, memoryAddress, memoryLength, memoryBytes } = this.#columns;
    const ranges: MemoryRange[] = [];
    for (let left = memoryCount.takeNumber(); left > 0; left--) {
      ranges.push({ address: memoryAddress.take(), bytes: memoryBytes.takeBytes(memoryLength.takeNumber()) });
    }
    return ranges;
  }

  #message(): VmFaultMessage {
    const { messageShape, messageWords } = this.#columns;
    const shape = messageShape.takeNumber();
    return { label: messageWords.take(), words: messageWords.takeMany(shape >>> 1), virtualProcessor: (shape & 1) === 1 };
  }

  #calls(origin: bigint, reads: readonly bigint[]): Call[] {
    const { callCount, callKind, callOffset, callValue, callValue64 } = this.#columns;
    const responses = new ResponseReader(reads, this.#chunk.where);
    const calls: Call[] = [];
    const places = new CallPlaces(origin);
    for (let left = callCount.takeNumber(); left > 0; left--) {
      const kind = callKind.takeNumber();
      if (kind > CALL.limit) throw this.#error(`there is no call of kind ${kind}`);
      const size = (1 << ((kind >> CALL.sizeShift) & CALL.sizeMask)) as Call["size"];
      const write = (kind & CALL.write) !== 0;
      const gpa = BigInt.asUintN(64, places.expected(write) + callOffset.take());
      const value = (kind & CALL.response) !== 0 ? responses.take() : (size === 8 ? callValue64 : callValue).take();
      calls.push(places.next({ write, gpa, size, value }));
    }
    return calls;
  }

  /** `next`: the address behind the captured instruction. */
  #after(flags: number, slow: number, next: bigint, reads: readonly bigint[]): TruthAfter {
    const columns = this.#columns;
    const { where } = this.#chunk;
    const registers = readSlots(this.#map, where, columns, new ResponseReader(reads, where));
    if ((slow & SLOW.afterWide) !== 0) readWide(registers, this.#map, where, columns);
    return {
      ...((flags & FLAG.afterPc) === 0 ? {} : { pc: BigInt.asUintN(64, next + columns.afterPcOffset.take()) }),
      registers,
      memory: (slow & SLOW.afterMemory) === 0 ? [] : this.#ranges(),
    };
  }

  #unknownKeys(): UnknownKeys {
    const object = jsonOf(this.#chunk.unknown[this.#unknown++]);
    if (object === undefined) throw this.#error('"unknown" holds what is no JSON object');
    return object as UnknownKeys;
  }

  #error(problem: string): TraceError {
    return new TraceError(`${this.#chunk.where}: ${problem}`);
  }
}

/** Columns that the faults must use up. */
const STREAMS: readonly ChunkColumn[] = CHUNK_COLUMNS.slice(CHUNK_COLUMNS.indexOf("values")).filter(
  (name) => !["syndrome", "transformedInstruction", "exitReason", "exitQualification"].includes(name),
);
