// The kernel of the architectures whose instructions are not taken apart here: the reference's decoder has made a plan of each
// instruction that was met (src/fastpath/plan.ts), and faults with the same bytes have the same plan. Moves between one general register, or an
// immediate, and memory.
import { addressOf, countOf, elementOf, place32, unpack32, unpackAddresses, widthOf } from "./columns";
import { compute } from "./flags";
import { declineBefore, HAS_TRANSFORMED_INSTRUCTION } from "./decline";
import {
  BYTES_END, BYTES_STEP, BYTE_MASKS, CAPTURED, DELTA, DELTAS, DELTAS_AT, FAULT_ADDRESS, FIRSTS, FLAGS, FLAGS_OF, FLAG_CHECKS, GPAS, GUARDED, GVAS, HEADS, INFORMATIONS,
  INSTRUCTION, INSTRUCTION_LENGTH, KEY, LONGEST_LENGTH, LOWEST_ADDRESS, NEEDED_SLOTS, NEXT_BYTE, NEXT_RESPONSE, NEXT_VALUE, OFFSETS, PC, PLANS, PROGRAM_COUNTER,
  REGISTERS, RESPONSES_END, RESPONSE_MASK, SHARED_BIT, SINGLE_RESPONSES, TRANSFORMED_INSTRUCTION, VALUES_END,
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
@inline const MORE: usize = 122;
@inline const INDEX_SHIFT: usize = 124;
@inline const LAST: usize = 126;
@inline const IS_WRITE: usize = 127;

// Bits of MORE.
@inline const USES_FAULT: u8 = 1;
@inline const COMPUTES: u8 = 2;

@inline const SLOW: u32 = 1 << 7;
@inline const ESCAPE: u32 = 1 << 27;
/** An odd number without a pattern: 2^64 divided by the golden ratio. */
@inline const SPREAD: u64 = 0x9e3779b97f4a7c15;

@inline
function hashOf(low: u64, high: u64): u64 {
  const all = low ^ rotr<u64>(high, 24);
  return (all ^ (all >> 32)) * SPREAD;
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

/** Sets whether {@link isRuledOut} may rule out any fault of the chunk. */
export function guardPlanned(): void {
  const needed = load<u64>(NEEDED_SLOTS);
  store<u32>(GUARDED, u32((load<u64>(CAPTURED) & needed) !== needed || load<u64>(LOWEST_ADDRESS) !== 0 || load<u64>(SHARED_BIT) !== 0));
}

/** Whether a register that the instruction needs was not captured, or the guest's facts rule the addresses out. */
export function isRuledOut(at: u32, plan: u32): bool {
  const missing = load<u64>(plan, NEEDED) & ~load<u64>(CAPTURED);
  return (missing | (~load<u64>(at, GPAS) & load<u64>(SHARED_BIT))) !== 0 || load<u64>(at, GVAS) < load<u64>(LOWEST_ADDRESS);
}

/** Emulates one fault with the registers as they are; `at` is eight times its index. The information word of its record is 0 if it is declined. */
@inline
function emulate(at: u32, plan: u32, flags: u32, responses: u32): void {
  const gva = load<u64>(at, GVAS);
  const more = load<u8>(plan, MORE);
  if (more) {
    if (more & USES_FAULT) {
      store<u64>(PROGRAM_COUNTER, elementOf(PC, at >> 3), REGISTERS);
      store<u64>(FAULT_ADDRESS, gva, REGISTERS);
    }
    if (more & COMPUTES) compute(at, plan, responses);
  }
  const index = load<u64>(load<u32>(plan, INDEX_AT), REGISTERS) << <u64>load<u8>(plan, INDEX_SHIFT);
  const sum = load<u64>(load<u32>(plan, BASE_AT), REGISTERS) + index + load<u64>(plan, DISPLACEMENT);
  const address = (sum & load<u64>(plan, ADDRESS_MASK)) + load<u64>(load<u32>(plan, SEGMENT_AT), REGISTERS);
  let bad = ((<u32>gva & 0xfff) + <u32>load<u8>(plan, LAST)) & 0x1000;
  bad |= <u32>load<u8>((flags & 0x7f) + <u32>load<u16>(plan, FLAG_CHECK), FLAG_CHECKS);
  let wrong = (address ^ gva) | <u64>bad;
  if (load<u32>(GUARDED)) wrong |= <u64>isRuledOut(at, plan);

  const from = select<u32>(load<u32>(plan, SOURCE_AT), responses, load<u8>(plan, IS_WRITE));
  const sign = load<u64>(plan, SIGN);
  const value = (((load<u64>(from) & load<u64>(plan, CUT)) ^ sign) - sign) & load<u64>(plan, RESULT);
  store<u64>(at, value | (load<u64>(load<u32>(plan, KEPT_AT), REGISTERS) & load<u64>(plan, KEEP)), FIRSTS);
  store<u32>(at >> 1, select<u32>(load<u32>(plan, INFORMATION), 0, wrong === 0), INFORMATIONS);
}

/** Most bytes of an instruction by which the stream is followed: 4,096 times as many are within the memory behind the chunk. */
@inline const LONGEST: u32 = 64;

/** In place of the information of a single fault: its bytes have no plan yet. */
@inline const MISSING: u32 = 0xffffffff;

/** To be called before single faults. */
export function prepareSinglePlanned(): void {
  store<u64>(ZERO, 0, REGISTERS);
  guardPlanned();
}

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
  store<u64>(GVAS, load<u64>(GPAS) + load<u64>(OFFSETS));
  emulate(0, plan, load<u32>(FLAGS_OF), SINGLE_RESPONSES);
  return load<u32>(INFORMATIONS);
}

/** To be called when a chunk was loaded: unpacks its columns. */
export function unpackPlanned(count: u32): void {
  store<u64>(ZERO, 0, REGISTERS);
  guardPlanned();
  unpackAddresses(count);
  unpack32(FLAGS, count, FLAGS_OF);
  store<u32>(DELTAS_AT, place32(DELTA, count, DELTAS));
  unpack32(INSTRUCTION_LENGTH, count, LENGTHS);
  limitLengths(count);
  const width = widthOf(INSTRUCTION);
  store<u32>(NEXT_BYTE, addressOf(INSTRUCTION));
  store<u32>(BYTES_END, addressOf(INSTRUCTION) + countOf(INSTRUCTION) * width);
  store<u32>(BYTES_STEP, width === 1 ? 0 : width);
  declineBefore(count);
}

/** Lengths that lead astray do so by no more than fits the memory behind the chunk, and are found at the end. */
function limitLengths(count: u32): void {
  const most = i32x4.splat(LONGEST);
  let longest = i32x4.splat(0);
  for (let at: u32 = 0; at < count << 2; at += 16) {
    const length = i32x4.min_u(v128.load(at, LENGTHS), most);
    longest = i32x4.max_u(longest, length);
    v128.store(at, length, LENGTHS);
  }
  store<u32>(LONGEST_LENGTH, max(max(i32x4.extract_lane(longest, 0), i32x4.extract_lane(longest, 1)), max(i32x4.extract_lane(longest, 2), i32x4.extract_lane(longest, 3))));
}

/**
 * Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the index of the first whose bytes (then in `KEY`) have no plan yet, and
 * from where it wants to go on; `to`, if all are done; or -1 if the chunk is damaged.
 */
export function runPlanned(from: u32, to: u32): i32 {
  const width = load<u32>(BYTES_STEP);
  // A stream has what the lengths say, a column of elements as many bytes as they have. Lengths that need no limit are the common case.
  if (load<u32>(LONGEST_LENGTH) <= <u32>(width === 4 ? 4 : 15)) {
    if (width === 0) return run(from, to, 0, ANY);
    if (width === 4) return run(from, to, 4, ANY);
  }
  return run(from, to, width, width === 0 || width > 15 ? 15 : width);
}

/** In place of the bytes of an instruction that its column can hold: as many as the lengths say, 15 at most. */
@inline const ANY: u32 = 0xffffffff;

/** `step`: bytes of an element of the instruction column, 0: a stream. `most`: bytes of an instruction that it can hold, or {@link ANY}. */
@inline
function run(from: u32, to: u32, step: u32, most: u32): i32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let next = load<u32>(NEXT_BYTE);
  let at = from << 3;
  for (; at < to << 3; at += 8) {
    const length = load<u32>(at >> 1, LENGTHS);
    const used = most === ANY ? length : min<u32>(length, 15);
    const held = (most === ANY ? length : min<u32>(used, most)) << 4;
    let low = (step === 4 ? <u64>load<u32>(next) : load<u64>(next)) & load<u64>(held, BYTE_MASKS);
    const high = (step === 4 ? 0 : load<u64>(next, 8) & load<u64>(held, BYTE_MASKS + 8)) | (<u64>used << 56);
    const flags = load<u32>(at >> 1, FLAGS_OF);
    // What the hart said of the instruction counts where there are no bytes.
    if (length === 0 && (flags & HAS_TRANSFORMED_INSTRUCTION) !== 0) low = elementOf(TRANSFORMED_INSTRUCTION, at >> 3);
    const hash = hashOf(low, high);
    let plan = planAt(firstHead(hash));
    if (!isPlanOf(plan, low, high)) {
      plan = planAt(secondHead(hash));
      if (!isPlanOf(plan, low, high)) {
        if (next > load<u32>(BYTES_END)) return -1;
        store<u64>(KEY, low);
        store<u64>(KEY + 8, high);
        break;
      }
    }
    next += step === 0 ? length : step;
    const delta = load<u32>(load<u32>(DELTAS_AT) + (at >> 1));
    let nextResponse = responses + ((flags >> 2) & load<u32>(RESPONSE_MASK));
    if (flags & SLOW) {
      values = slowFault(values, responses, nextResponse, (delta & ESCAPE) !== 0, (flags & 0x60) === 0x60);
      if (values === DAMAGED) return -1;
      nextResponse = load<u32>(NEXT_RESPONSE);
      guardPlanned();
    }
    store<u64>((delta << 3) & 0x1f8, load<u64>(values), REGISTERS);
    store<u64>((delta >> 3) & 0x1f8, load<u64>(values, 8), REGISTERS);
    store<u64>((delta >> 9) & 0x1f8, load<u64>(values, 16), REGISTERS);
    store<u64>((delta >> 15) & 0x1f8, load<u64>(values, 24), REGISTERS);
    values += (delta >> 21) & load<u32>(VALUE_MASK);
    emulate(at, plan, flags, responses);
    responses = nextResponse;
  }
  if (values > load<u32>(VALUES_END) || responses > load<u32>(RESPONSES_END)) return -1;
  if (step === 0 && next > load<u32>(BYTES_END)) return -1;
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  store<u32>(NEXT_BYTE, next);
  return at >> 3;
}
