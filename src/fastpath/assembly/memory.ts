// Where everything lies in the module's own memory, in bytes. The wrapper reads these places from the module's exports, so
// that they are written down here only.

/** For the number of each A64 data register, times eight: the address of its value, u32; and the bits that a base must not have, u64. */
export const DATA_AT: u32 = 0x100;
export const BASE_MASKS: u32 = 0x200;
/** The live register file: one u64 for each slot of the trace (see FaultColumns), then one that always holds zero. */
export const REGISTERS: u32 = 0x400;
/** Byte offset in the register file of the zero register. */
@inline export const ZERO: u32 = 64 * 8;
/** Byte offset in the register file of the program counter, where an instruction's address is relative to it. */
@inline export const PROGRAM_COUNTER: u32 = 65 * 8;
/** Byte offset in the register file of the fault's virtual address, from which a transformed instruction's counts. */
@inline export const FAULT_ADDRESS: u32 = 66 * 8;
/** Columns of the chunk: {base u64, address u32, width u32, count u32, 0 u32} each, in the order of the constants below. */
export const COLUMNS: u32 = 0x700;
/** What else a run needs, see the constants below. */
export const STATE: u32 = 0x900;
/** Extension of an index register: {mask u64, sign u64, shift mask u64, unused u64} for each value of option:S. */
export const EXTENSIONS: u32 = 0xa00;
/** For each kind of access, and the low seven bits of a fault's flags, whether they go together: u8, 0 if so. */
export const FLAG_CHECKS: u32 = 0xc00;
/** For each value of word bits 31:21 and 11:10: offset of its descriptor from `DESCRIPTORS`, u16. */
export const SLOTS: u32 = 0x1000;
export const DESCRIPTORS: u32 = 0x5000;
export const DESCRIPTORS_SIZE: u32 = 0xb000;
/** For each value of word bits 14:0, which of Rt, Rn and Rt2 are the same, u8. */
export const EQUALS: u32 = 0x10000;

export const FAULT_LIMIT: u32 = 4096;
/** Columns with one element a fault, unpacked: GPA and GVA, u64; flags, delta and instruction, u32. */
export const GPAS: u32 = 0x20000;
export const GVAS: u32 = 0x28000;
export const FLAGS_OF: u32 = 0x30000;
export const DELTAS: u32 = 0x34000;
export const WORDS: u32 = 0x38000;
/** The address of each fault's plan, u32; of its descriptor, from `DESCRIPTORS`. */
export const PLANS_OF: u32 = 0x3c000;
@inline export const DESCRIPTORS_OF: u32 = PLANS_OF;
/** Columns of the answer: first value, second value and new base, u64; information, u32. See src/fastpath/record.ts. */
export const FIRSTS: u32 = 0x40000;
export const SECONDS: u32 = 0x48000;
export const BASES: u32 = 0x50000;
export const INFORMATIONS: u32 = 0x58000;
/** Plans, for the architectures that have them: for each hash of instruction bytes, of 15 bits, the number of a plan, u16; the plans. */
export const HEADS: u32 = 0x10000;
/** For each number of bytes up to 15, which bits of two u64 they are. */
export const BYTE_MASKS: u32 = EXTENSIONS;
export const PLANS: u32 = 0x60000;
export const PLAN_SIZE: u32 = 64;
export const PLAN_LIMIT: u32 = 8192;
/** For each plan the slots that it needs, u64. */
export const NEEDED: u32 = 0xe0000;
/** What plans have in common, see src/fastpath/plan.ts. */
export const CLASSES: u32 = 0xf0000;
export const CLASS_SIZE: u32 = 64;
export const CLASS_LIMIT: u32 = 512;
/** The masks of x86-64's operators, see src/fastpath/plan.ts. */
export const OPERATORS: u32 = 0xf8000;
/** Instruction bytes of a single call, and what there is no plan for yet, as two u64 each, the number of captured bytes in the last byte. */
export const KEY: u32 = STATE + 152;
export const WANTED: u32 = STATE + 200;
/** Not 0 if plans are looked for that are of T32, and if that has to begin anew because CPSR.T has changed, u32. */
@inline export const SET: u32 = STATE + 216;
@inline export const SET_CHANGED: u32 = STATE + 220;
/** For streams whose elements are all zero: as many as 4,096 faults without the flag "slow" can take, 4 each, and a load of 4 at the end. */
export const ZEROS: u32 = 0x100000;
/** The chunk as it was read, then its streams unpacked, to the end of the memory. */
export const CHUNK: u32 = 0x121000;

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
@inline export const SYNDROME: u32 = 12;
@inline export const TRANSFORMED_INSTRUCTION: u32 = 13;
@inline export const EXIT_REASON: u32 = 14;

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
/** Not 0 if not all registers were captured that instructions may need, u32. */
@inline export const GUARDED: u32 = STATE + 44;
/** Ends of the streams: a cursor beyond its end means a damaged chunk. u32. */
@inline export const VALUES_END: u32 = STATE + 48;
@inline export const ESCAPES_END: u32 = STATE + 52;
@inline export const RESPONSES_END: u32 = STATE + 56;
@inline export const RESPONSE_COUNTS_END: u32 = STATE + 60;
/** Which bits of a load of eight bytes are a value: all, or on arm 32, u64. */
@inline export const VALUE_MASK: u32 = STATE + 80;
/** Bytes by which a cursor of a slow fault moves an element, u32: 8, or 4 for arm's values, or 0 if all elements are equal. */
@inline export const VALUE_STEP: u32 = STATE + 64;
@inline export const ESCAPE_STEP: u32 = STATE + 68;
@inline export const RESPONSE_STEP: u32 = STATE + 72;
@inline export const RESPONSE_COUNT_STEP: u32 = STATE + 76;
/** GVA minus GPA of a single fault, u64. */
export const OFFSETS: u32 = STATE + 168;
/** Address of the next fault's instruction bytes, their end, and the bytes of an element, 0 for a stream: u32. */
@inline export const NEXT_BYTE: u32 = STATE + 140;
@inline export const BYTES_END: u32 = STATE + 144;
@inline export const BYTES_STEP: u32 = STATE + 148;
/** Byte offset in the register file of RFLAGS, u32. */
@inline export const RFLAGS_AT: u32 = STATE + 176;
/** Byte offset in the register file of arm's CPSR. */
export const CPSR: u32 = 16 * 8;
/** Which bits of a load of eight bytes are an element of the columns of PCs and transformed instructions, u64. */
@inline export const PC_MASK: u32 = STATE + 184;
@inline export const TRANSFORMED_MASK: u32 = STATE + 192;
/** The longest instruction of the chunk, in bytes, u32. */
@inline export const LONGEST_LENGTH: u32 = STATE + 136;
/** Slots that any plan needs, u64. */
@inline export const NEEDED_SLOTS: u32 = STATE + 128;
/** The PC and two responses of a single fault, u64 each. */
@inline export const SINGLE_PC: u32 = STATE + 96;
export const SINGLE: u32 = SINGLE_PC;
@inline export const SINGLE_RESPONSES: u32 = STATE + 104;
