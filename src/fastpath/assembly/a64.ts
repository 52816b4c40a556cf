// The A64 kernel: loads and stores of general registers, one fault after the other, without a branch that depends on the
// instruction, except for what compilers hardly ever emit for a device.
import { areRuledOut, countDeclined, elementMask, maskedElement, unpack32, unpackAddresses } from "./columns";
import {
  BASES, BASE_MASKS, CAPTURED, DATA_AT, DELTA, DELTAS, DESCRIPTORS, DESCRIPTORS_OF, EQUALS, EXTENSIONS, FIRSTS, FLAGS, FLAGS_OF, FLAG_CHECKS, GPAS, GUARDED, GVAS,
  INFORMATIONS, INSTRUCTION, NEXT_RESPONSE, NEXT_VALUE, OFFSETS, PC, PC_MASK, REGISTERS,
  RESPONSES_END, SECONDS, SINGLE_RESPONSES, SLOTS, VALUES_END,
  WORDS, ZERO,
} from "./memory";
import { declineBefore, declineShort } from "./decline";
import { applyDelta, DAMAGED, slowFault } from "./registers";

// Places in a descriptor, see src/fastpath/a64-descriptors.ts.
@inline const CONDITION_MASK: usize = DESCRIPTORS + 0;
@inline const CONDITION_MATCH: usize = DESCRIPTORS + 4;
@inline const IMMEDIATE_MASK: usize = DESCRIPTORS + 8;
@inline const IMMEDIATE_SHIFT: usize = DESCRIPTORS + 12;
@inline const IMMEDIATE_SIGN: usize = DESCRIPTORS + 16;
@inline const ADDRESS_MASK: usize = DESCRIPTORS + 24;
@inline const CUT: usize = DESCRIPTORS + 32;
@inline const SIGN: usize = DESCRIPTORS + 40;
@inline const RESULT: usize = DESCRIPTORS + 48;
@inline const INFORMATION: usize = DESCRIPTORS + 56;
@inline const CHECKS: usize = DESCRIPTORS + 60;
@inline const LAST: usize = DESCRIPTORS + 64;
@inline const IS_WRITE: usize = DESCRIPTORS + 72;
@inline const KIND: usize = DESCRIPTORS + 76;
@inline const SCALE: usize = DESCRIPTORS + 78;

// Values of KIND: what is more than one access at a register and an immediate. CONDITIONAL: the word must meet a condition. So must those below.
@inline const INDEXED: u32 = 1;
@inline const LITERAL: u32 = 2;

// Flags of a fault, src/model/fault-columns.ts.
@inline const SLOW: u32 = 1 << 7;

@inline const GENERAL_AND_SP: u64 = 0xffffffff;
/** Virtual and physical address must agree within their pages: the second access of a pair might leave 64 bits otherwise. */
@inline const IN_PAGE: u64 = 0xfff;

/** To be called once. */
export function setUpA64(): void {
  for (let number: u32 = 0; number < 32; number++) {
    store<u32>(number << 3, REGISTERS + (number === 31 ? ZERO : number << 3), DATA_AT);
    // CheckSPAlignment() of the shared pseudocode.
    store<u64>(number << 3, number === 31 ? 15 : 0, BASE_MASKS);
  }
}

/** Sets whether {@link lacksRegister} may say so of any fault. */
export function guardA64(): void {
  store<u32>(GUARDED, u32((load<u64>(CAPTURED) & GENERAL_AND_SP) !== GENERAL_AND_SP));
}

/** Whether a register that the instruction reads was not captured. */
export function lacksRegister(word: u32, descriptor: u32): bool {
  const captured = load<u64>(CAPTURED);
  const data = captured | (1 << 31);
  const kind = <u32>load<u8>(descriptor, KIND);
  let missing: u64 = 0;
  if (kind !== LITERAL) missing = ~(captured >> ((word >> 5) & 31));
  if (kind === INDEXED) missing |= ~(data >> ((word >> 16) & 31));
  if (load<u32>(descriptor, IS_WRITE)) {
    missing |= ~(data >> (word & 31));
    if (((load<u32>(descriptor, INFORMATION) >> 8) & 3) === 2) missing |= ~(data >> ((word >> 10) & 31));
  }
  return (missing & 1) !== 0;
}

/** The index register of a register offset, extended and shifted. */
@inline
function indexOf(word: u32, descriptor: u32): u64 {
  const extension = (word >> 7) & 0x1e0;
  const sign = load<u64>(extension, EXTENSIONS + 8);
  const raw = load<u64>(load<u32>((word >> 13) & 0xf8, DATA_AT)) & load<u64>(extension, EXTENSIONS);
  return ((raw ^ sign) - sign) << (<u64>load<u8>(descriptor, SCALE) & load<u64>(extension, EXTENSIONS + 16));
}

/** A value to be written or that was read, cut and extended as the register or the bus wants it. `field`: eight times the register's number. */
@inline
function valueOf(field: u32, response: u32, write: u32, cut: u64, sign: u64): u64 {
  return ((load<u64>(select<u32>(load<u32>(field, DATA_AT), response, write)) & cut) ^ sign) - sign;
}

/** Where the descriptor of a word is. */
@inline
function descriptorOf(word: u32): u32 {
  return <u32>load<u16>(((word >> 18) & 0x3ff8) | ((word >> 9) & 6), SLOTS);
}

/**
 * Emulates one fault with the registers as they are; `at` is eight times its index. The information word of its record is 0 if it is declined.
 * Its addresses have passed already; whether its registers were captured {@link declineLacking} says.
 *
 * It calls nothing (a call would have everything spilled), and has a branch only for what is seldom among others: a second value costs
 * less than not knowing whether there is one.
 */
@inline
function emulate(at: u32, word: u32, descriptor: u32, gva: u64, flags: u32, responses: u32): u32 {
  const write = load<u32>(descriptor, IS_WRITE);
  const cut = load<u64>(descriptor, CUT);
  const sign = load<u64>(descriptor, SIGN);
  store<u64>(at, valueOf((word << 3) & 0xf8, responses, write, cut, sign) & load<u64>(descriptor, RESULT), FIRSTS);
  store<u64>(at, valueOf((word >> 7) & 0xf8, responses + 8, write, cut, sign), SECONDS);

  const baseField = (word >> 2) & 0xf8;
  let base = load<u64>(baseField, REGISTERS);
  let wrong = base & load<u64>(baseField, BASE_MASKS);
  const immediateSign = load<u64>(descriptor, IMMEDIATE_SIGN);
  let moved = (<u64>((word & load<u32>(descriptor, IMMEDIATE_MASK)) >> load<u32>(descriptor, IMMEDIATE_SHIFT)) ^ immediateSign) - immediateSign;
  const kind = <u32>load<u8>(descriptor, KIND);
  if (kind) {
    if (kind === INDEXED) moved = indexOf(word, descriptor);
    if (kind === LITERAL) {
      base = maskedElement(PC, at >> 3, load<u64>(PC_MASK));
      wrong = 0;
    }
    wrong |= <u64>((word & load<u32>(descriptor, CONDITION_MASK)) ^ load<u32>(descriptor, CONDITION_MATCH));
  }
  store<u64>(at, base + moved, BASES);

  wrong |= (base + (moved & load<u64>(descriptor, ADDRESS_MASK))) ^ gva;
  // The last byte must lie in the same page.
  wrong |= ((gva + <u64>load<u32>(descriptor, LAST)) ^ gva) & ~0xfff;
  wrong |= <u64>((<u32>load<u8>(flags & 0x7f, FLAG_CHECKS) | <u32>load<u8>(word & 0x7fff, EQUALS)) & load<u32>(descriptor, CHECKS));
  const information = load<u32>(descriptor, INFORMATION) | ((word & 0x7fff) << 16);
  return select<u32>(information, 0, wrong === 0);
}

/** The same for a fault of the chunk, and writes its information. */
@inline
function emulateAt(at: u32, flags: u32, responses: u32): void {
  const information = emulate(at, load<u32>(at >> 1, WORDS), load<u32>(at >> 1, DESCRIPTORS_OF), load<u64>(at, GVAS), flags, responses);
  store<u32>(at >> 1, information, INFORMATIONS);
}

/** Declines of the faults `from` up to `to`, eight times their index, those whose registers were not captured. */
function declineLacking(from: u32, to: u32): void {
  for (let at = from; at < to; at += 8) {
    const word = load<u32>(at >> 1, WORDS);
    if (lacksRegister(word, load<u32>(at >> 1, DESCRIPTORS_OF))) store<u32>(at >> 1, 0, INFORMATIONS);
  }
}

/** To be called before single faults, and when the state that they are held against has changed. */
export function prepareSingleA64(): void {
  store<u64>(ZERO, 0, REGISTERS);
  store<u64>(PC_MASK, elementMask(PC));
  guardA64();
}

/** Emulates the fault at index 0 of the columns, with the responses in the state block. Gives its information, 0: declined. */
export function singleA64(): u32 {
  const gpa = load<u64>(GPAS);
  const gva = gpa + load<u64>(OFFSETS);
  const word = load<u32>(WORDS);
  const descriptor = descriptorOf(word);
  let information = emulate(0, word, descriptor, gva, load<u32>(FLAGS_OF), SINGLE_RESPONSES);
  if (areRuledOut(gpa, gva, IN_PAGE) || (load<u32>(GUARDED) !== 0 && lacksRegister(word, descriptor))) information = 0;
  store<u32>(INFORMATIONS, information);
  return information;
}

/**
 * Finds the descriptors of `count` faults, in a loop of its own: what depends on them waits for two loads, and here many faults wait at the same time. Up
 * to three more are looked at.
 */
function findDescriptors(count: u32): void {
  for (let at: u32 = 0; at < count << 2; at += 16) {
    store<u32>(at, descriptorOf(load<u32>(at, WORDS)), DESCRIPTORS_OF);
    store<u32>(at, descriptorOf(load<u32>(at, WORDS + 4)), DESCRIPTORS_OF + 4);
    store<u32>(at, descriptorOf(load<u32>(at, WORDS + 8)), DESCRIPTORS_OF + 8);
    store<u32>(at, descriptorOf(load<u32>(at, WORDS + 12)), DESCRIPTORS_OF + 12);
  }
}

/** To be called when a chunk was loaded: unpacks its columns. */
export function unpackA64(count: u32): void {
  store<u64>(ZERO, 0, REGISTERS);
  unpack32(FLAGS, count, FLAGS_OF);
  unpackAddresses(count, IN_PAGE);
  unpack32(DELTA, count, DELTAS);
  unpack32(INSTRUCTION, count, WORDS);
  findDescriptors(count);
  store<u64>(PC_MASK, elementMask(PC));
  guardA64();
  declineShort(count, 4);
  declineBefore(count);
}

/** Emulates faults from `from` (eight times the index) up to the first that is flagged as slow, or `to`. Gives where it stopped. */
function runPlain(from: u32, to: u32): u32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let at = from;
  for (; at < to; at += 8) {
    const flags = load<u32>(at >> 1, FLAGS_OF);
    if (flags & SLOW) break;
    values = applyDelta(load<u32>(at >> 1, DELTAS), values);
    emulateAt(at, flags, responses);
    responses += (flags >> 2) & 24;
  }
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  if (load<u32>(GUARDED)) declineLacking(from, at);
  return at;
}

/** The same, up to the first that is not. Gives {@link DAMAGED} if the chunk is. */
function runSlow(from: u32, to: u32): u32 {
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
    if (load<u64>(CAPTURED) !== captured) guardA64();
    values = applyDelta(delta, values);
    emulateAt(at, flags, responses);
    if (load<u32>(GUARDED)) declineLacking(at, at + 8);
    responses = load<u32>(NEXT_RESPONSE);
  }
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  return at;
}

/** Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the number declined, or -1 if the chunk is damaged. */
export function runA64(from: u32, to: u32): i32 {
  const end = to << 3;
  for (let at = from << 3; at < end;) {
    at = runPlain(at, end);
    if (at < end) at = runSlow(at, end);
    if (at === DAMAGED) return -1;
  }
  if (load<u32>(NEXT_VALUE) > load<u32>(VALUES_END) || load<u32>(NEXT_RESPONSE) > load<u32>(RESPONSES_END)) return -1;
  return countDeclined(from, to);
}
