// Where everything lies in the module's own memory, in bytes. The wrapper reads these places from the module's exports, so
// that they are written down here only.

/** The live register file: one u64 for each slot of the trace (see FaultColumns), then one that always holds zero. */
export const REGISTERS: u32 = 0x400;
/** Byte offset in the register file of the zero register. */
@inline export const ZERO: u32 = 64 * 8;
/** Columns of the chunk: {base u64, mask u64, address u32, width u32} each, in the order of the constants below. */
export const COLUMNS: u32 = 0x700;
/** What else a run needs, see the constants below. */
export const STATE: u32 = 0x900;
/** Extension of an index register: {mask u64, sign u64, shift mask u64, unused u64} for each value of option:S. */
export const EXTENSIONS: u32 = 0xa00;
/** For each value of word bits 31:21 and 11:10: offset of its descriptor from `DESCRIPTORS`, u16. */
export const SLOTS: u32 = 0x1000;
export const DESCRIPTORS: u32 = 0x5000;
export const DESCRIPTORS_SIZE: u32 = 0x10000;
/** One record of RECORD_SIZE bytes for each fault of a chunk, in order. */
export const RECORDS: u32 = 0x15000;
export const RECORD_SIZE: u32 = 40;
export const FAULT_LIMIT: u32 = 4096;
/** The chunk's columns, to the end of the memory. */
export const CHUNK: u32 = 0x40000;

// Columns.
@inline export const COLUMN_SIZE: u32 = 24;
@inline export const HEAD: u32 = 0;
@inline export const PC: u32 = 1;
@inline export const INSTRUCTION: u32 = 2;
@inline export const INSTRUCTION_LENGTH: u32 = 3;
@inline export const GPA: u32 = 4;
@inline export const GVA_OFFSET: u32 = 5;
@inline export const FLAGS: u32 = 6;
@inline export const DELTA: u32 = 7;
@inline export const VALUES: u32 = 8;
@inline export const ESCAPES: u32 = 9;
@inline export const RESPONSES: u32 = 10;
@inline export const RESPONSE_COUNTS: u32 = 11;

// State.
/** Cursors of the streams: addresses, u32. A run goes on where the one before ended. */
@inline export const NEXT_VALUE: u32 = STATE + 0;
@inline export const NEXT_ESCAPE: u32 = STATE + 4;
@inline export const NEXT_RESPONSE: u32 = STATE + 8;
@inline export const NEXT_RESPONSE_COUNT: u32 = STATE + 12;
/** Slots that were captured, u64. */
@inline export const CAPTURED: u32 = STATE + 16;
/** Lowest virtual address that may be emulated, u64. */
@inline export const LOWEST_ADDRESS: u32 = STATE + 24;
/** Bits that every physical address must have, u64. */
@inline export const SHARED_BIT: u32 = STATE + 32;
/** Flags that must be as the instruction wants them, u32. */
@inline export const CHECKED_FLAGS: u32 = STATE + 40;
/** End of the streams' bytes: a cursor beyond it means a damaged chunk. u32. */
@inline export const CHUNK_END: u32 = STATE + 44;
/** Not 0 if the single fault needs the checks that most guests do without, u32. */
@inline export const SINGLE_IS_GUARDED: u32 = STATE + 48;

// The fault of a single call: word u32, flags u32, gpa u64, gva u64, pc u64, two responses u64.
export const SINGLE: u32 = STATE + 64;
@inline export const SINGLE_WORD: u32 = SINGLE + 0;
@inline export const SINGLE_FLAGS: u32 = SINGLE + 4;
@inline export const SINGLE_GPA: u32 = SINGLE + 8;
@inline export const SINGLE_GVA: u32 = SINGLE + 16;
@inline export const SINGLE_PC: u32 = SINGLE + 24;
@inline export const SINGLE_RESPONSES: u32 = SINGLE + 32;
