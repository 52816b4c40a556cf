// The kernel of the architectures whose instructions are not taken apart here: the reference's decoder has made a plan of each
// instruction that was met (src/fastpath/plan.ts), and faults with the same bytes have the same plan. Moves between one general register, or an
// immediate, and memory.
import { addressOf, countOf, elementOf, place32, unpack32, unpack64, widthOf } from "./columns";
import { declineBefore, HAS_TRANSFORMED_INSTRUCTION } from "./decline";
import {
  BYTES_END, BYTES_STEP, BYTE_MASKS, CAPTURED, DECLINED, DELTA, DELTAS, DELTAS_AT, FIRSTS, FLAGS, FLAGS_OF, FLAG_CHECKS, GPA, GPAS, GUARDED, GVA_OFFSET, HEADS, INFORMATIONS,
  INSTRUCTION, INSTRUCTION_LENGTH, KEY, LOWEST_ADDRESS, FAULT_ADDRESS, NEXT_BYTE, NEXT_RESPONSE, NEXT_VALUE, OFFSETS, OFFSET_MASK, PC, PLANS, PROGRAM_COUNTER,
  REGISTERS, RESPONSES_END, RESPONSE_MASK, SHARED_BIT, SINGLE_RESPONSES, TRANSFORMED_INSTRUCTION, TRANSIENT, TRANSIENT_AT, VALUES_END,
  VALUE_MASK, WORDS as LENGTHS, ZERO,
} from "./memory";
import { DAMAGED, slowFault } from "./registers";

// Places in a plan, see src/fastpath/plan.ts.
@inline const LOW: usize = 0;
@inline const HIGH: usize = 8;
@inline const DISPLACEMENT: usize = 16;
@inline const ADDRESS_MASK: usize = 24;
@inline const CUT: usize = 48;
@inline const SIGN: usize = 56;
@inline const RESULT: usize = 64;
@inline const KEEP: usize = 72;
@inline const NEEDED: usize = 80;
@inline const BASE_AT: usize = 96;
@inline const INDEX_AT: usize = 100;
@inline const SEGMENT_AT: usize = 104;
@inline const SOURCE_AT: usize = 108;
@inline const KEPT_AT: usize = 112;
@inline const INFORMATION: usize = 116;
@inline const FLAG_CHECK: usize = 120;
@inline const USES_FAULT: usize = 122;
@inline const INDEX_SHIFT: usize = 124;
@inline const LAST: usize = 126;
@inline const IS_WRITE: usize = 127;

@inline const SLOW: u32 = 1 << 7;
@inline const ESCAPE: u32 = 1 << 27;
/** Two odd numbers without a pattern: 2^64 divided by the golden ratio, and by the square root of 3. */
@inline const SPREAD_LOW: u64 = 0x9e3779b97f4a7c15;
@inline const SPREAD_HIGH: u64 = 0x93cd3a2c8198e269;

@inline
function hashOf(low: u64, high: u64): u64 {
  return (low ^ (low >> 32) ^ (high * SPREAD_HIGH)) * SPREAD_LOW;
}

/** The two places in `HEADS` where the number of the plan of these bytes may be, as byte offsets. */
@inline
function firstHead(hash: u64): u32 {
  return <u32>(hash >> 48) & 0xfffe;
}

@inline
function secondHead(hash: u64): u32 {
  return <u32>(hash >> 32) & 0xfffe;
}

/** Both, for the wrapper: the first in the low half. */
export function headsOf(low: u64, high: u64): u32 {
  const hash = hashOf(low, high);
  return firstHead(hash) | (secondHead(hash) << 16);
}

@inline
function planAt(head: u32): u32 {
  return PLANS + (<u32>load<u16>(head, HEADS) << 7);
}

@inline
function isPlanOf(plan: u32, low: u64, high: u64): bool {
  return ((load<u64>(plan, LOW) ^ low) | (load<u64>(plan, HIGH) ^ high)) === 0;
}

/** Emulates one fault with the registers as they are. Gives the information word of its record, 0: declined. */
@inline
function emulate(fault: u32, plan: u32, flags: u32, responses: u32): u32 {
  const gpa = load<u64>(fault << 3, GPAS);
  const gva = gpa + load<u64>((fault << 3) & load<u32>(OFFSET_MASK), OFFSETS);
  if (load<u8>(plan, USES_FAULT)) {
    store<u64>(PROGRAM_COUNTER, elementOf(PC, fault), REGISTERS);
    store<u64>(FAULT_ADDRESS, gva, REGISTERS);
  }
  const index = load<u64>(load<u32>(plan, INDEX_AT), REGISTERS) << <u64>load<u8>(plan, INDEX_SHIFT);
  const sum = load<u64>(load<u32>(plan, BASE_AT), REGISTERS) + index + load<u64>(plan, DISPLACEMENT);
  const address = (sum & load<u64>(plan, ADDRESS_MASK)) + load<u64>(load<u32>(plan, SEGMENT_AT), REGISTERS);
  let wrong = (address ^ gva) | (load<u64>(plan, NEEDED) & ~load<u64>(CAPTURED));
  let bad = ((<u32>gva & 0xfff) + <u32>load<u8>(plan, LAST)) & 0x1000;
  bad |= <u32>load<u8>((flags & 0x7f) + <u32>load<u16>(plan, FLAG_CHECK), FLAG_CHECKS);
  wrong |= <u64>bad;
  wrong |= load<u64>(load<u32>(TRANSIENT_AT), REGISTERS) & load<u64>(TRANSIENT);
  if (load<u32>(GUARDED)) {
    wrong |= <u64>(gva < load<u64>(LOWEST_ADDRESS)) | (~gpa & load<u64>(SHARED_BIT));
  }

  const from = select<u32>(load<u32>(plan, SOURCE_AT), responses, load<u8>(plan, IS_WRITE));
  const sign = load<u64>(plan, SIGN);
  const value = (((load<u64>(from) & load<u64>(plan, CUT)) ^ sign) - sign) & load<u64>(plan, RESULT);
  store<u64>(fault << 3, value | (load<u64>(load<u32>(plan, KEPT_AT), REGISTERS) & load<u64>(plan, KEEP)), FIRSTS);
  if (wrong !== 0) {
    store<u32>(fault << 2, 0, INFORMATIONS);
    return 0;
  }
  const information = load<u32>(plan, INFORMATION);
  store<u32>(fault << 2, information, INFORMATIONS);
  return information;
}

/** Most bytes of an instruction by which the stream is followed: 4,096 times as many are within the memory behind the chunk. */
@inline const LONGEST: u32 = 64;

/** In place of the information of a single fault: its bytes have no plan yet. */
@inline const MISSING: u32 = 0xffffffff;

/** Emulates the fault at index 0 of the columns, with its bytes and responses in the state block. Gives its information, 0: declined. */
export function singlePlanned(): u32 {
  const low = load<u64>(KEY);
  const high = load<u64>(KEY + 8);
  const hash = hashOf(low, high);
  let plan = planAt(firstHead(hash));
  if (!isPlanOf(plan, low, high)) {
    plan = planAt(secondHead(hash));
    if (!isPlanOf(plan, low, high)) return MISSING;
  }
  return emulate(0, plan, load<u32>(FLAGS_OF), SINGLE_RESPONSES);
}

/** To be called when a chunk was loaded: unpacks its columns. */
export function unpackPlanned(count: u32): void {
  store<u64>(ZERO, 0, REGISTERS);
  store<u32>(GUARDED, u32(load<u64>(LOWEST_ADDRESS) !== 0 || load<u64>(SHARED_BIT) !== 0));
  unpack64(GPA, count, GPAS);
  unpack64(GVA_OFFSET, widthOf(GVA_OFFSET) === 0 ? 1 : count, OFFSETS);
  unpack32(FLAGS, count, FLAGS_OF);
  store<u32>(DELTAS_AT, place32(DELTA, count, DELTAS));
  unpack32(INSTRUCTION_LENGTH, count, LENGTHS);
  const width = widthOf(INSTRUCTION);
  store<u32>(NEXT_BYTE, addressOf(INSTRUCTION));
  store<u32>(BYTES_END, addressOf(INSTRUCTION) + countOf(INSTRUCTION) * width);
  store<u32>(BYTES_STEP, width === 1 ? 0 : width);
  declineBefore(count);
  store<u32>(DECLINED, 0);
}

/**
 * Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the index of the first whose bytes (then in `KEY`) have no plan yet, and
 * from where it wants to go on; `to`, if all are done; or -1 if the chunk is damaged.
 */
export function runPlanned(from: u32, to: u32): i32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let at = load<u32>(NEXT_BYTE);
  // A stream has what the lengths say, a column of elements as many bytes as they have.
  const stream = load<u32>(BYTES_STEP) === 0;
  const most: u32 = stream ? 15 : min<u32>(widthOf(INSTRUCTION), 15);
  let fault = from;
  for (; fault < to; fault++) {
    const length = load<u32>(fault << 2, LENGTHS);
    const used = min<u32>(length, 15);
    const held = min<u32>(used, most) << 4;
    let low = load<u64>(at) & load<u64>(held, BYTE_MASKS);
    const high = (load<u64>(at, 8) & load<u64>(held, BYTE_MASKS + 8)) | (<u64>used << 56);
    const flags = load<u32>(fault << 2, FLAGS_OF);
    // What the hart said of the instruction counts where there are no bytes.
    if (length === 0 && (flags & HAS_TRANSFORMED_INSTRUCTION) !== 0) low = elementOf(TRANSFORMED_INSTRUCTION, fault);
    const hash = hashOf(low, high);
    let plan = planAt(firstHead(hash));
    if (!isPlanOf(plan, low, high)) {
      plan = planAt(secondHead(hash));
      if (!isPlanOf(plan, low, high)) {
        if (at > load<u32>(BYTES_END)) return -1;
        store<u64>(KEY, low);
        store<u64>(KEY + 8, high);
        break;
      }
    }
    // Lengths that lead astray do so by no more than fits the memory behind the chunk, and are found at the end.
    at += stream ? min<u32>(length, LONGEST) : load<u32>(BYTES_STEP);
    const delta = load<u32>(load<u32>(DELTAS_AT) + (fault << 2));
    let nextResponse = responses + ((flags >> 2) & load<u32>(RESPONSE_MASK));
    if (flags & SLOW) {
      values = slowFault(values, responses, nextResponse, (delta & ESCAPE) !== 0, (flags & 0x60) === 0x60);
      if (values === DAMAGED) return -1;
      nextResponse = load<u32>(NEXT_RESPONSE);
    }
    store<u64>((delta << 3) & 0x1f8, load<u64>(values), REGISTERS);
    store<u64>((delta >> 3) & 0x1f8, load<u64>(values, 8), REGISTERS);
    store<u64>((delta >> 9) & 0x1f8, load<u64>(values, 16), REGISTERS);
    store<u64>((delta >> 15) & 0x1f8, load<u64>(values, 24), REGISTERS);
    values += (delta >> 21) & load<u32>(VALUE_MASK);
    if (emulate(fault, plan, flags, responses) === 0) store<u32>(DECLINED, load<u32>(DECLINED) + 1);
    responses = nextResponse;
  }
  if (values > load<u32>(VALUES_END) || responses > load<u32>(RESPONSES_END)) return -1;
  if (at > load<u32>(BYTES_END) && stream) return -1;
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  store<u32>(NEXT_BYTE, at);
  return fault;
}
