// The kernel of the architectures whose instructions are not taken apart here: the reference's decoder has made a plan of each
// instruction that was met (src/fastpath/plan.ts), and faults with the same bytes have the same plan. Moves between one general register, or an
// immediate, and memory, x86-64's arithmetic with memory, and A32's and T32's writeback and pairs.
import { addressOf, areRuledOut, countDeclined, countOf, elementMask, maskedElement, unpack32, unpackAddresses, widthOf } from "./columns";
import { compute } from "./flags";
import { declineBefore, HAS_TRANSFORMED_INSTRUCTION } from "./decline";
import {
  BASES, BYTES_END, BYTES_STEP, BYTE_MASKS, CAPTURED, CPSR, DELTA, DELTAS, FAULT_ADDRESS, FIRSTS, FLAGS, FLAGS_OF, FLAG_CHECKS, GPAS, GUARDED, GVAS, HEADS, INFORMATIONS,
  INSTRUCTION, INSTRUCTION_LENGTH, KEY, LONGEST_LENGTH, NEEDED, NEEDED_SLOTS, NEXT_BYTE, NEXT_RESPONSE, NEXT_VALUE, OFFSETS, PC, PC_MASK, PLANS, PLANS_OF, PROGRAM_COUNTER,
  REGISTERS, RESPONSES_END, SECONDS, SET, SET_CHANGED, SINGLE_RESPONSES, TRANSFORMED_INSTRUCTION, TRANSFORMED_MASK, VALUES_END, WANTED,
  WORDS as LENGTHS, ZERO,
} from "./memory";
import { applyDelta, applyNarrowDelta, DAMAGED, slowFault } from "./registers";

// Places in a plan, see src/fastpath/plan.ts.
@inline const LOW: usize = 0;
@inline const HIGH: usize = 8;
@inline const DISPLACEMENT: usize = 16;
@inline const BASE_AT: usize = 32;
@inline const INDEX_AT: usize = 34;
@inline const SEGMENT_AT: usize = 36;
@inline const KEPT_AT: usize = 38;
@inline const SOURCE_AT: usize = 40;
@inline const INFORMATION: usize = 44;
@inline const SECOND_AT: usize = 48;
@inline const MORE: usize = 50;
@inline const INDEX_SHIFT: usize = 51;
@inline const CLASS_AT: usize = 52;
@inline const CHECKS: usize = 58;
@inline const IS_WRITE: usize = 59;
@inline const LAST: usize = 60;
@inline const ALIGNMENT_MASK: usize = 61;
@inline const STEP: usize = 24;

// Places in what it has in common with others.
@inline const CUT: usize = 0;
@inline const SIGN: usize = 8;
@inline const RESULT: usize = 16;
@inline const KEEP: usize = 24;
@inline const ADDRESS_MASK: usize = 32;

// Bits of MORE.
@inline const USES_FAULT: u8 = 1;
@inline const COMPUTES: u8 = 2;

// CPSR, DDI 0487 G8.2.33: the instruction set, and what plans are not for: an IT block, and big-endian data (IT[7:2], IT[1:0] and E).
@inline const CPSR_T: u32 = 1 << 5;
@inline const CPSR_UNUSUAL: u64 = (0x3f << 10) | (3 << 25) | (1 << 9);

// What plans are found by, in two halves. Wide: the captured bytes, and their number in the last byte. Narrow, of instructions of four bytes at most: these
// bytes, and above them their number and whether T32 is meant; the upper half is zero. Bytes behind those captured may be anything: they only make it another
// key of the same instruction. TRANSFORMED: the lower half is a transformed instruction.
@inline const LENGTH_SHIFT: u64 = 32;
@inline const T32_KEY: u64 = 1 << 40;
@inline const TRANSFORMED: u64 = 1;

@inline const SLOW: u32 = 1 << 7;
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
  return PLANS + (<u32>load<u16>(head, HEADS) << 6);
}

@inline
function isPlanOf(plan: u32, low: u64, high: u64): bool {
  return ((load<u64>(plan, LOW) ^ low) | (load<u64>(plan, HIGH) ^ high)) === 0;
}

/** Makes the plan of the instruction whose bytes are in `WANTED`; the addresses of others may change by that. The wrapper does it. */
@external("wrapper", "learn")
declare function learn(): void;

/** In place of a plan: there is none of these bytes yet. */
@inline const MISSING_PLAN: u32 = 0;

/** The plan of these bytes, or {@link MISSING_PLAN}. */
@inline
function planOf(low: u64, high: u64): u32 {
  const hash = hashOf(low, high);
  const first = planAt(firstHead(hash));
  if (isPlanOf(first, low, high)) return first;
  const second = planAt(secondHead(hash));
  return isPlanOf(second, low, high) ? second : MISSING_PLAN;
}

/** Whether CPSR says that the instruction is one of T32. */
@inline
function isT32(): bool {
  return (load<u32>(CPSR, REGISTERS) & CPSR_T) !== 0;
}

@inline
function want(low: u64, high: u64): void {
  store<u64>(WANTED, low);
  store<u64>(WANTED + 8, high);
}

/** The same, which is made if it is missing. */
@inline
function learnedPlanOf(low: u64, high: u64): u32 {
  const plan = planOf(low, high);
  if (plan !== MISSING_PLAN) return plan;
  want(low, high);
  learn();
  return planOf(low, high);
}

/** The plan of a narrow key, or {@link MISSING_PLAN}. */
@inline
function narrowPlanOf(key: u64): u32 {
  const hash = hashOf(key, 0);
  const first = planAt(firstHead(hash));
  if (((load<u64>(first, LOW) ^ key) | load<u64>(first, HIGH)) === 0) return first;
  const second = planAt(secondHead(hash));
  return ((load<u64>(second, LOW) ^ key) | load<u64>(second, HIGH)) === 0 ? second : MISSING_PLAN;
}

@inline
function narrowKey(word: u32, length: u32, t32: bool): u64 {
  return <u64>word | (<u64>min<u32>(length, 4) << LENGTH_SHIFT) | (t32 ? T32_KEY : 0);
}

/** Sets whether a register that a plan needs may not have been captured. */
export function guardPlanned(): void {
  const needed = load<u64>(NEEDED_SLOTS);
  store<u32>(GUARDED, u32((load<u64>(CAPTURED) & needed) !== needed));
}

/**
 * Emulates one fault with the registers as they are; `at` is eight times its index. Gives the information word of its record, 0 if it is declined. Its
 * addresses have passed already. It calls nothing: a call would have everything spilled. `arm`: with what only A32 and T32 have.
 */
@inline
function emulate(at: u32, plan: u32, gva: u64, flags: u32, responses: u32, arm: bool): u32 {
  const common = load<u32>(plan, CLASS_AT);
  const more = load<u8>(plan, MORE);
  let wrong: u64 = 0;
  if (more) {
    if (arm) {
      // A pair, which wants to be aligned.
      wrong = gva & <u64>load<u8>(plan, ALIGNMENT_MASK);
      const second = select<u32>(REGISTERS + <u32>load<u16>(plan, SECOND_AT), responses + 8, load<u8>(plan, IS_WRITE));
      store<u64>(at, load<u64>(second) & load<u64>(common, CUT), SECONDS);
    } else if (more & USES_FAULT) {
      store<u64>(PROGRAM_COUNTER, maskedElement(PC, at >> 3, load<u64>(PC_MASK)), REGISTERS);
      store<u64>(FAULT_ADDRESS, gva, REGISTERS);
    }
    if (!arm && (more & COMPUTES) !== 0) compute(at, plan, common, responses);
  }
  const index = load<u64>(<u32>load<u16>(plan, INDEX_AT), REGISTERS) << <u64>load<u8>(plan, INDEX_SHIFT);
  const base = load<u64>(<u32>load<u16>(plan, BASE_AT), REGISTERS);
  const sum = base + index + load<u64>(plan, DISPLACEMENT);
  const address = (sum & load<u64>(common, ADDRESS_MASK)) + load<u64>(<u32>load<u16>(plan, SEGMENT_AT), REGISTERS);
  wrong |= address ^ gva;
  if (arm) {
    wrong |= load<u64>(CPSR, REGISTERS) & CPSR_UNUSUAL;
    store<u64>(at, (base + load<u64>(plan, STEP)) & 0xffffffff, BASES);
  }
  // The last byte must lie in the same page.
  wrong |= ((gva + <u64>load<u8>(plan, LAST)) ^ gva) & ~0xfff;
  wrong |= <u64>(<u32>load<u8>(flags & 0x7f, FLAG_CHECKS) & <u32>load<u8>(plan, CHECKS));
  if (load<u32>(GUARDED)) wrong |= load<u64>((plan - PLANS) >> 3, NEEDED) & ~load<u64>(CAPTURED);

  const from = select<u32>(load<u32>(plan, SOURCE_AT), responses, load<u8>(plan, IS_WRITE));
  const sign = load<u64>(common, SIGN);
  const value = (((load<u64>(from) & load<u64>(common, CUT)) ^ sign) - sign) & load<u64>(common, RESULT);
  store<u64>(at, value | (load<u64>(<u32>load<u16>(plan, KEPT_AT), REGISTERS) & load<u64>(common, KEEP)), FIRSTS);
  return select<u32>(load<u32>(plan, INFORMATION), 0, wrong === 0);
}

/** The same for a fault of the chunk, and writes its information. */
@inline
function emulateAt(at: u32, flags: u32, responses: u32, arm: bool): void {
  store<u32>(at >> 1, emulate(at, load<u32>(at >> 1, PLANS_OF), load<u64>(at, GVAS), flags, responses, arm), INFORMATIONS);
}

/** Most bytes of an instruction by which the stream is followed: 4,096 times as many are within the memory behind the chunk. */
@inline const LONGEST: u32 = 64;

/** To be called before single faults. */
export function prepareSinglePlanned(): void {
  store<u64>(ZERO, 0, REGISTERS);
  store<u64>(PC_MASK, elementMask(PC));
  guardPlanned();
}

/** Emulates the fault at index 0 of the columns, with its bytes and responses in the state block. Gives its information, 0: declined. */
export function singlePlanned(): u32 {
  return single(false);
}

/** The same for arm. */
export function singleArm(): u32 {
  return single(true);
}

@inline
function single(arm: bool): u32 {
  let low = load<u64>(KEY);
  let high = load<u64>(KEY + 8);
  if (arm) {
    low = narrowKey(<u32>low, <u32>(high >> 56), isT32());
    high = 0;
  }
  const plan = learnedPlanOf(low, high);
  const gpa = load<u64>(GPAS);
  const gva = gpa + load<u64>(OFFSETS);
  let information = emulate(0, plan, gva, load<u32>(FLAGS_OF), SINGLE_RESPONSES, arm);
  if (areRuledOut(gpa, gva, 0)) information = 0;
  store<u32>(INFORMATIONS, information);
  return information;
}

/** To be called when a chunk was loaded: unpacks its columns. */
export function unpackPlanned(count: u32): void {
  store<u64>(ZERO, 0, REGISTERS);
  guardPlanned();
  unpack32(FLAGS, count, FLAGS_OF);
  unpackAddresses(count, 0);
  unpack32(DELTA, count, DELTAS);
  unpack32(INSTRUCTION_LENGTH, count, LENGTHS);
  limitLengths(count);
  store<u64>(PC_MASK, elementMask(PC));
  store<u64>(TRANSFORMED_MASK, elementMask(TRANSFORMED_INSTRUCTION));
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

/** Faults of which plans are looked for where the set has changed, times eight. */
@inline const LEAST_WINDOW: u32 = 4 << 3;

/** In place of the bytes of an instruction that its column can hold: as many as the lengths say, 15 at most. */
@inline const ANY: u32 = 0xffffffff;

/**
 * Finds the plans of faults from `from` (eight times the index) up to `to`, in a loop of its own: what depends on a plan waits for a multiplication and
 * three loads, and here many faults wait at the same time. Gives the first that has none yet, and leaves its bytes in `WANTED`. `step`: bytes of an element of
 * the instruction column, 0: a stream. `most`: bytes of an instruction that it can hold, or {@link ANY}.
 */
@inline
function findPlans(from: u32, to: u32, step: u32, most: u32): u32 {
  let next = load<u32>(NEXT_BYTE);
  let at = from;
  for (; at < to; at += 8) {
    const length = load<u32>(at >> 1, LENGTHS);
    const used = most === ANY ? length : min<u32>(length, 15);
    const held = (most === ANY ? length : min<u32>(used, most)) << 4;
    let low = load<u64>(next) & load<u64>(held, BYTE_MASKS);
    let high = (load<u64>(next, 8) & load<u64>(held, BYTE_MASKS + 8)) | (<u64>used << 56);
    // What the hart said of the instruction counts where there are no bytes.
    if (length === 0 && (load<u32>(at >> 1, FLAGS_OF) & HAS_TRANSFORMED_INSTRUCTION) !== 0) {
      low = maskedElement(TRANSFORMED_INSTRUCTION, at >> 3, load<u64>(TRANSFORMED_MASK));
      high = TRANSFORMED;
    }
    const plan = planOf(low, high);
    if (plan === MISSING_PLAN) {
      want(low, high);
      break;
    }
    store<u32>(at >> 1, plan, PLANS_OF);
    next += step === 0 ? length : step;
  }
  store<u32>(NEXT_BYTE, next);
  return at;
}

/** The same by narrow keys: of arm, and of columns of four bytes. `arm`: of the set that the first fault has; who runs them stops where it changes. */
@inline
function findNarrowPlans(from: u32, to: u32, step: u32, arm: bool): u32 {
  const t32 = arm && load<u32>(SET) !== 0;
  let next = load<u32>(NEXT_BYTE);
  let at = from;
  for (; at < to; at += 8) {
    const length = load<u32>(at >> 1, LENGTHS);
    const key = narrowKey(load<u32>(next), length, t32);
    let plan: u32;
    if (!arm && length === 0 && (load<u32>(at >> 1, FLAGS_OF) & HAS_TRANSFORMED_INSTRUCTION) !== 0) {
      const transformed = maskedElement(TRANSFORMED_INSTRUCTION, at >> 3, load<u64>(TRANSFORMED_MASK));
      plan = planOf(transformed, TRANSFORMED);
      if (plan === MISSING_PLAN) {
        want(transformed, TRANSFORMED);
        break;
      }
    } else {
      plan = narrowPlanOf(key);
      if (plan === MISSING_PLAN) {
        want(key, 0);
        break;
      }
    }
    store<u32>(at >> 1, plan, PLANS_OF);
    next += step;
  }
  store<u32>(NEXT_BYTE, next);
  return at;
}

/** Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the number declined, or -1 if the chunk is damaged. */
export function runPlanned(from: u32, to: u32): i32 {
  return run(from, to, false);
}

/** The same for arm. */
export function runArm(from: u32, to: u32): i32 {
  return run(from, to, true);
}

@inline
function run(from: u32, to: u32, arm: bool): i32 {
  const step = load<u32>(BYTES_STEP);
  const end = to << 3;
  // A stream has what the lengths say, a column of elements as many bytes as they have. Lengths that need no limit are the common case.
  const limited = load<u32>(LONGEST_LENGTH) > <u32>(step === 4 ? 4 : 15) || (step !== 0 && step !== 4);
  // Where the set has just changed it may do so again: plans are looked for of few faults first, then of more and more.
  let window = end;
  for (let at = from << 3; at < end;) {
    const until = arm ? min(at + window, end) : end;
    let found: u32;
    if (arm) found = findNarrowPlans(at, until, step, true);
    else if (limited) found = findPlans(at, until, step, step === 0 || step > 15 ? 15 : step);
    else found = step === 4 ? findNarrowPlans(at, until, 4, false) : findPlans(at, until, 0, ANY);
    if (step === 0 && load<u32>(NEXT_BYTE) > load<u32>(BYTES_END)) return -1;
    while (at < found) {
      at = arm ? runPlainArm(at, found) : runPlain(at, found);
      if (at < found && (!arm || load<u32>(SET_CHANGED) === 0)) at = arm ? runSlowArm(at, found) : runSlow(at, found);
      if (at === DAMAGED) return -1;
      if (arm && load<u32>(SET_CHANGED) !== 0) break;
    }
    if (arm && load<u32>(SET_CHANGED) !== 0) {
      store<u32>(SET_CHANGED, 0);
      window = LEAST_WINDOW;
      store<u32>(NEXT_BYTE, addressOf(INSTRUCTION) + (at >> 3) * step);
      continue;
    }
    // Those before are done: they need their plans no more.
    if (found < until) learn();
    else if (arm) window = min(window << 1, end);
  }
  if (load<u32>(NEXT_VALUE) > load<u32>(VALUES_END) || load<u32>(NEXT_RESPONSE) > load<u32>(RESPONSES_END)) return -1;
  return countDeclined(from, to);
}

/** Whether CPSR says another set than plans were looked for; from then on they are looked for in that. */
@inline
function setChanges(): bool {
  const set = <u32>isT32();
  if (set === load<u32>(SET)) return false;
  store<u32>(SET, set);
  store<u32>(SET_CHANGED, 1);
  return true;
}

/** The plan of the arm instruction of a fault, in the set that CPSR says. */
function planAtIndex(index: u32): u32 {
  const word = load<u32>(addressOf(INSTRUCTION) + index * load<u32>(BYTES_STEP));
  return learnedPlanOf(narrowKey(word, load<u32>(index << 2, LENGTHS), isT32()), 0);
}

/** Emulates faults from `from` (eight times the index) up to the first that is flagged as slow, or `to`. Gives where it stopped. */
export function runPlain(from: u32, to: u32): u32 {
  return plainLoop(from, to, false);
}

export function runPlainArm(from: u32, to: u32): u32 {
  return plainLoop(from, to, true);
}

@inline
function plainLoop(from: u32, to: u32, arm: bool): u32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let at = from;
  for (; at < to; at += 8) {
    const flags = load<u32>(at >> 1, FLAGS_OF);
    if (flags & SLOW) break;
    const next = arm ? applyNarrowDelta(load<u32>(at >> 1, DELTAS), values) : applyDelta(load<u32>(at >> 1, DELTAS), values);
    // The fault's plan is of the other set: it starts anew there, with the same values.
    if (arm && setChanges()) break;
    values = next;
    emulateAt(at, flags, responses, arm);
    responses += (flags >> 2) & 24;
  }
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  return at;
}

/** The same, up to the first that is not. Gives {@link DAMAGED} if the chunk is. */
export function runSlow(from: u32, to: u32): u32 {
  return slowLoop(from, to, false);
}

export function runSlowArm(from: u32, to: u32): u32 {
  return slowLoop(from, to, true);
}

@inline
function slowLoop(from: u32, to: u32, arm: bool): u32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let at = from;
  for (; at < to; at += 8) {
    const flags = load<u32>(at >> 1, FLAGS_OF);
    if ((flags & SLOW) === 0) break;
    const delta = load<u32>(at >> 1, DELTAS);
    const captured = load<u64>(CAPTURED);
    values = slowFault(values, responses, flags, delta);
    if (values === DAMAGED) return DAMAGED;
    if (load<u64>(CAPTURED) !== captured) guardPlanned();
    values = arm ? applyNarrowDelta(delta, values) : applyDelta(delta, values);
    const changes = arm && setChanges();
    if (changes) store<u32>(at >> 1, planAtIndex(at >> 3), PLANS_OF);
    emulateAt(at, flags, responses, arm);
    responses = load<u32>(NEXT_RESPONSE);
    if (changes) {
      at += 8;
      break;
    }
  }
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  return at;
}
