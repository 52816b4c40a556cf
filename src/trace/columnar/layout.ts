import { FAULT_COLUMNS } from "../../model/fault-columns.ts";

/**
 * The binary trace: layout, version 1. docs/trace-format.md tells the same to readers in other languages.
 *
 * A file is a sequence of MessagePack values, the frames, each an array of four:
 *
 *     [ "trapline", length, checksum, content ]
 *
 * `length` (bytes of the encoded content) and `checksum` (CRC-32 of them) are always five bytes long, so that a frame's prefix has
 * {@link PREFIX_LENGTH} bytes. A frame's length is a multiple of 8, so every frame starts at one, and so does the data of every column:
 * a `bin` of padding before it sees to that. Frames are appended and never changed. Content is a map with a key "kind":
 *
 * - "header", the first frame: "version", "slots" (the names of the registers that are no wider than the general ones, at most 63), "wide" (the names of the wider
 *   ones) and "trace": the header as the JSON-lines form has it (unknown keys included).
 * - "chunk": up to {@link CHUNK_LIMIT} faults. "header" is the checksum of the header's frame, "number" counts the chunks, "first" is the
 *   index of its first fault, "faults" their number, "captured" the slots captured in the first fault, "unknown" (optional) an array of
 *   maps with keys that the format does not define, one for each fault flagged so; "columns" is a map.
 * - "index", after the last chunk: "header", "chunks", "faults", and columns with each chunk's "offset" in the file, "first" and "count".
 * - "end", the last frame, always {@link END_LENGTH} bytes long: "index" is the offset of the index frame.
 *
 * A file without the last two was cut off: its writer was stopped. What comes before is whole.
 *
 * Keys stand in the order of this file's lists, integers in their shortest form: the same faults always give the same bytes.
 *
 * A column is an array of four, [ base, width, padding, data ]: see `Column` in src/model/fault-columns.ts. One that is all zeros, or has no
 * element, is left out. Columns with one element a fault, and streams, from which each fault takes what its flags and counts announce:
 */

/** Version of the layout; another one is refused. */
export const VERSION = 1;

/** The first element of a frame. */
export const MARKER = "trapline";

/** Bytes of a frame before its content. */
export const PREFIX_LENGTH = 20;

/** Bytes of the last frame. */
export const END_LENGTH = 56;

/** Most faults of a chunk. */
export const CHUNK_LIMIT = 4096;

/** A chunk is closed when its data reaches so many bytes, however few its faults are (RAM, string instructions). */
export const CHUNK_BYTES = 4 * 1024 * 1024;

/** Most bytes of a frame's content: nothing longer is written, or read. Four times what one fault of the JSON-lines form can have. */
export const CONTENT_LIMIT = 64 * 1024 * 1024;

/** Columns of a chunk, in the order in which they lie in the file. */
export const CHUNK_COLUMNS = [
  // Of syndrome, transformed instruction and exit reason each is meaningless where its flag is not set.
  ...FAULT_COLUMNS,
  // Stream: what an instruction has beyond its first 16 bytes (no architecture has any that long; a log may). Not on x86-64, where "instruction" is
  // a stream itself.
  "instructionTail",
  // One element a fault; meaningless where the flag is not set.
  "exitQualification",
  // Streams, the truth: for each fault with FLAG.calls a count; for each call its kind (see CALL) and its GPA minus where it is expected: the
  // first at the fault's GPA (0 where that is not known), one in the direction of the call before behind that, and another where the first was; and its value, in the first column for sizes up to 4, in the second for 8. What the
  // device returned is not there again.
  "callCount",
  "callKind",
  "callOffset",
  "callValue",
  "callValue64",
  // For each fault with FLAG.afterPc the new PC minus the end of the captured instruction; for each with FLAG.after the number of slots in it, and for
  // each of these the slot, ascending (see AFTER), and its value.
  "afterPcOffset",
  "afterCount",
  "afterSlot",
  "afterValue",
  // For each fault with FLAG.slow bits of SLOW, which say what of the following streams is its own.
  "slow",
  // Registers that are wider than the general ones, or of which fewer bits were captured than they have: a count; for each its code (the slot, or
  // WIDE_CODE + the position among the wide ones), the number of low bits that were captured (0: no longer captured), and
  // their value in 64-bit words, low first. Only what differs from the fault before is there; the first fault of a chunk has all.
  "wideCount",
  "wideRegister",
  "wideBits",
  "wideWords",
  // RAM: a count; for each range its address, its length, and as many bytes.
  "memoryCount",
  "memoryAddress",
  "memoryLength",
  "memoryBytes",
  // For each fault with FLAG.message, seL4's: twice the number of its words, plus 1 for a virtual processor; its label and its words.
  "messageShape",
  "messageWords",
] as const;

export type ChunkColumn = (typeof CHUNK_COLUMNS)[number];

/** Widest element of the "instruction" column. */
export const INSTRUCTION_WIDTH = 16;

/** Bits of the "slow" column. Where a fault has both, what was before the instruction comes before what is after it. */
export const SLOW = {
  wide: 1 << 0,
  memory: 1 << 1,
  afterWide: 1 << 2,
  afterMemory: 1 << 3,
} as const;

/** All bits of the "slow" column that are defined. */
export const SLOW_MASK = 0xf;

/** Code of the first wide register; lower ones are slots. */
export const WIDE_CODE = 64;

/**
 * The "callKind" column: bit 0 is set for a write, bits 2:1 are the binary logarithm of the size, bit 3 is set where the value is not stored: it is the
 * fault's first response, in the next such call its second, and so on.
 */
export const CALL = { write: 1, sizeShift: 1, sizeMask: 3, response: 8, limit: 15 } as const;

/** The "afterSlot" column: a slot in bits 5:0; bit 6 is set where the value is not stored, as in the kinds of calls. */
export const AFTER = { slotMask: 63, response: 64, limit: 127 } as const;

/** Columns of the index. */
export const INDEX_COLUMNS = ["offset", "first", "count"] as const;
