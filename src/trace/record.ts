import type { Architecture } from "../model/architecture.ts";
import type { Call } from "../model/access.ts";
import type { Fault, GuestFacts, MemoryRange } from "../model/fault.ts";
import type { RegisterFile, RegisterSet } from "../model/registers.ts";
import { UserError } from "../model/user-error.ts";

/** Facts that hold for all faults of a trace (contract, section 1, "Header"). */
export interface TraceHeader {
  readonly architecture: Architecture;
  /** Free text: which machine, emulator or log the faults came from. */
  readonly source: string;
  readonly guest: GuestFacts;
  readonly unknown: UnknownKeys;
}

/** One captured fault, with the truth about it where the source knew it. */
export interface TraceRecord {
  readonly fault: Fault;
  /** Every device access that the machine made, in order. */
  readonly calls?: readonly Call[];
  readonly after?: TruthAfter;
  readonly unknown: UnknownKeys;
  /** Position in the trace as it was written, where that is not the position among the records read: faults before it are lost. */
  readonly index?: number;
}

/** The machine's state after the instruction, as far as the source knew it. */
export interface TruthAfter {
  readonly pc?: bigint;
  /** Registers that changed. */
  readonly registers: RegisterFile;
  /** RAM that changed. */
  readonly memory: readonly MemoryRange[];
}

/**
 * Keys of a JSON object that the format does not define, kept for whoever writes the record again. It has the shape of
 * the record with all known values left out; an array's elements stand under their index. Undefined: there are none.
 */
export type UnknownKeys = Readonly<Record<string, unknown>> | undefined;

/** A trace that is open for reading: the header is read, the faults are read as they are asked for. */
export interface Trace {
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  /**
   * Can be iterated once. Throws a {@link TraceError} at the first fault that can't be read; where a format can go on behind lost ones, at
   * the end.
   */
  readonly records: AsyncIterable<TraceRecord>;
}

/** Turns header, faults and the end into the bytes of a file, in this order. Bytes may come later than the faults that are in them. */
export interface TraceEncoder {
  header(header: TraceHeader): Uint8Array;
  record(record: TraceRecord): Uint8Array;
  end(): Uint8Array;
}

/** The registers of an architecture. */
export type RegistersOf = (architecture: Architecture) => Promise<RegisterSet>;

/** One way to store a trace as bytes. */
export interface TraceCodec {
  readonly name: string;
  /** What a file of this format starts with, for error messages. */
  readonly start: string;
  /** Whether a file that starts with these bytes (the first 64 or fewer) is of this format. */
  recognises(start: Uint8Array): boolean;
  read(bytes: AsyncIterable<Uint8Array>, registersOf: RegistersOf): Promise<Trace>;
  encoder(registers: RegisterSet): TraceEncoder;
  /** Opens a file for reading in blocks. Throws a {@link TraceError}; other errors are the file system's. */
  openBlocks(path: string, registersOf: RegistersOf): Promise<TraceBlocks>;
}

/** Faults of a block of JSON lines. A chunk of the binary trace, which is a block too, has at most as many. */
export const BLOCK_FAULTS = 4096;

/** A trace in a file, of which any part can be read by itself: for shards and worker threads. */
export interface TraceBlocks {
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  /** Number of blocks. */
  readonly count: number;
  /** The faults of one block, each with its `index` in the trace. Throws a {@link TraceError} at the first that can't be read. */
  records(block: number): AsyncIterable<TraceRecord>;
  close(): Promise<void>;
}

/**
 * "start": the input ends in the middle of a fault, everything before it is sound. "intact": some parts of the input are lost, all faults of
 * the intact ones were read, and the message says which are missing.
 */
export type Kept = "start" | "intact";

/** Input that is not what it should be. The message says where, and what was expected; the file's name is not in it. */
export class TraceError extends UserError {
  override readonly name = "TraceError";
  /** What could be read nevertheless; undefined: nothing that should be used. */
  readonly kept: Kept | undefined;

  constructor(message: string, kept?: Kept) {
    super(message);
    this.kept = kept;
  }
}
