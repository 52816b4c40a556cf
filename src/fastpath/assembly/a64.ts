// The A64 kernel: loads and stores of general registers, one fault after the other, without a branch that depends on the
// instruction, except for what compilers hardly ever emit for a device.
import { countDeclined, elementOf, place32, unpack32, unpackAddresses } from "./columns";
import {
  BASES, BASE_MASKS, CAPTURED, DATA_AT, DELTA, DELTAS, DELTAS_AT, DESCRIPTORS, DIFFERENT, EQUALS, EXTENSIONS, FIRSTS, FLAGS, FLAGS_OF, FLAG_CHECKS, GPAS, GUARDED, GVAS,
  INFORMATIONS, INSTRUCTION, LOWEST_ADDRESS, NEXT_RESPONSE, NEXT_VALUE, OFFSETS, PC, REGISTERS,
  RESPONSES_END, RESPONSE_MASK, SECONDS, SHARED_BIT, SINGLE_RESPONSES, SLOTS, VALUES_END, VALUE_MASK,
  WORDS, WORDS_AT, ZERO,
} from "./memory";
import { declineBefore, declineShort } from "./decline";
import { DAMAGED, slowFault } from "./registers";

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
@inline const FLAG_CHECK: usize = DESCRIPTORS + 60;
@inline const LAST: usize = DESCRIPTORS + 64;
@inline const DISTINCT: usize = DESCRIPTORS + 68;
@inline const IS_WRITE: usize = DESCRIPTORS + 72;
@inline const KIND: usize = DESCRIPTORS + 76;
@inline const SCALE: usize = DESCRIPTORS + 78;

// Values of KIND: what is more than one access at a register and an immediate. CONDITIONAL: the word must meet a condition. So must those below.
@inline const INDEXED: u32 = 1;
@inline const LITERAL: u32 = 2;
@inline const PAIR: u32 = 3;

// Flags of a fault, src/model/fault-columns.ts.
@inline const SLOW: u32 = 1 << 7;
@inline const ESCAPE: u32 = 1 << 27;

@inline const GENERAL_AND_SP: u64 = 0xffffffff;

/** To be called once. */
export function setUpA64(): void {
  for (let number: u32 = 0; number < 32; number++) {
    store<u32>(number << 3, REGISTERS + (number === 31 ? ZERO : number << 3), DATA_AT);
    // CheckSPAlignment() of the shared pseudocode.
    store<u64>(number << 3, number === 31 ? 15 : 0, BASE_MASKS);
  }
}

/** Sets whether {@link isRuledOutA64} may rule out any fault of the chunk. */
export function guardA64(): void {
  const guarded = (
    (load<u64>(CAPTURED) & GENERAL_AND_SP) !== GENERAL_AND_SP ||
    load<u64>(LOWEST_ADDRESS) !== 0 ||
    load<u64>(SHARED_BIT) !== 0 ||
    (load<u64>(DIFFERENT) & 0xfff) !== 0
  );
  store<u32>(GUARDED, u32(guarded));
}

/**
 * Whether a register that the instruction reads was not captured, the guest's facts rule the addresses out, or virtual and physical
 * address differ within their pages (the second access of a pair might then leave 64 bits).
 */
export function isRuledOutA64(at: u32, word: u32, descriptor: u32): bool {
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
  const shared = load<u64>(SHARED_BIT);
  const gpa = load<u64>(at, GPAS);
  const gva = load<u64>(at, GVAS);
  return (missing & 1) !== 0 || gva < load<u64>(LOWEST_ADDRESS) || (gpa & shared) !== shared || ((gva - gpa) & 0xfff) !== 0;
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
function valueOf(field: u32, response: u32, descriptor: u32): u64 {
  const from = select<u32>(load<u32>(field, DATA_AT), response, load<u32>(descriptor, IS_WRITE));
  const sign = load<u64>(descriptor, SIGN);
  return (((load<u64>(from) & load<u64>(descriptor, CUT)) ^ sign) - sign) & load<u64>(descriptor, RESULT);
}

/** Emulates one fault with the registers as they are; `at` is eight times its index. The information word of its record is 0 if it is declined. */
@inline
function emulate(at: u32, flags: u32, responses: u32): void {
  const word = load<u32>(load<u32>(WORDS_AT) + (at >> 1));
  const descriptor = <u32>load<u16>(((word >> 18) & 0x3ff8) | ((word >> 9) & 6), SLOTS);

  store<u64>(at, valueOf((word << 3) & 0xf8, responses, descriptor), FIRSTS);

  const baseField = (word >> 2) & 0xf8;
  let base = load<u64>(baseField, REGISTERS);
  let wrong = base & load<u64>(baseField, BASE_MASKS);
  const immediateSign = load<u64>(descriptor, IMMEDIATE_SIGN);
  let moved = (<u64>((word & load<u32>(descriptor, IMMEDIATE_MASK)) >> load<u32>(descriptor, IMMEDIATE_SHIFT)) ^ immediateSign) - immediateSign;
  const kind = <u32>load<u8>(descriptor, KIND);
  if (kind) {
    if (kind === PAIR) store<u64>(at, valueOf((word >> 7) & 0xf8, responses + 8, descriptor), SECONDS);
    if (kind === INDEXED) moved = indexOf(word, descriptor);
    if (kind === LITERAL) {
      base = elementOf(PC, at >> 3);
      wrong = 0;
    }
    wrong |= <u64>((word & load<u32>(descriptor, CONDITION_MASK)) ^ load<u32>(descriptor, CONDITION_MATCH));
  }
  store<u64>(at, base + moved, BASES);

  const gva = load<u64>(at, GVAS);
  wrong |= (base + (moved & load<u64>(descriptor, ADDRESS_MASK))) ^ gva;
  let bad = ((<u32>gva & 0xfff) + load<u32>(descriptor, LAST)) & 0x1000;
  bad |= <u32>load<u8>((flags & 0x7f) + load<u32>(descriptor, FLAG_CHECK), FLAG_CHECKS);
  bad |= <u32>load<u8>(word & 0x7fff, EQUALS) & load<u32>(descriptor, DISTINCT);
  wrong |= <u64>bad;
  if (load<u32>(GUARDED)) wrong |= <u64>isRuledOutA64(at, word, descriptor);
  const information = load<u32>(descriptor, INFORMATION) | ((word & 0x7fff) << 16);
  store<u32>(at >> 1, select<u32>(information, 0, wrong === 0), INFORMATIONS);
}

/** To be called before single faults, and when the state that they are held against has changed. */
export function prepareSingleA64(): void {
  store<u64>(ZERO, 0, REGISTERS);
  store<u32>(WORDS_AT, WORDS);
  store<u64>(DIFFERENT, 0);
  guardA64();
}

/** Emulates the fault at index 0 of the columns, with the responses in the state block. Gives its information, 0: declined. */
export function singleA64(): u32 {
  const offset = load<u64>(OFFSETS);
  store<u64>(GVAS, load<u64>(GPAS) + offset);
  // Of addresses that differ within their pages the batch has a check; here they are nothing that happens.
  if ((offset & 0xfff) !== 0) {
    store<u32>(INFORMATIONS, 0);
    return 0;
  }
  emulate(0, load<u32>(FLAGS_OF), SINGLE_RESPONSES);
  return load<u32>(INFORMATIONS);
}

/** To be called when a chunk was loaded: unpacks its columns. */
export function unpackA64(count: u32): void {
  store<u64>(ZERO, 0, REGISTERS);
  unpackAddresses(count);
  unpack32(FLAGS, count, FLAGS_OF);
  store<u32>(DELTAS_AT, place32(DELTA, count, DELTAS));
  store<u32>(WORDS_AT, place32(INSTRUCTION, count, WORDS));
  guardA64();
  declineShort(count, 4);
  declineBefore(count);
}

/** Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the number declined, or -1 if the chunk is damaged. */
export function runA64(from: u32, to: u32): i32 {
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  for (let at = from << 3; at < to << 3; at += 8) {
    const flags = load<u32>(at >> 1, FLAGS_OF);
    const delta = load<u32>(load<u32>(DELTAS_AT) + (at >> 1));
    let nextResponse = responses + ((flags >> 2) & load<u32>(RESPONSE_MASK));
    if (flags & SLOW) {
      values = slowFault(values, responses, nextResponse, (delta & ESCAPE) !== 0, (flags & 0x60) === 0x60);
      if (values === DAMAGED) return -1;
      nextResponse = load<u32>(NEXT_RESPONSE);
      guardA64();
    }
    store<u64>((delta << 3) & 0x1f8, load<u64>(values), REGISTERS);
    store<u64>((delta >> 3) & 0x1f8, load<u64>(values, 8), REGISTERS);
    store<u64>((delta >> 9) & 0x1f8, load<u64>(values, 16), REGISTERS);
    store<u64>((delta >> 15) & 0x1f8, load<u64>(values, 24), REGISTERS);
    values += (delta >> 21) & load<u32>(VALUE_MASK);
    emulate(at, flags, responses);
    responses = nextResponse;
  }
  if (values > load<u32>(VALUES_END) || responses > load<u32>(RESPONSES_END)) return -1;
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  return countDeclined(from, to);
}
