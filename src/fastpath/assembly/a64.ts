// The A64 kernel: loads and stores of general registers, one fault after the other, without a branch that depends on the
// instruction, except for what compilers hardly ever emit for a device.
import { addressOf, baseOf, maskOf, widthOf } from "./columns";
import {
  CAPTURED, CHECKED_FLAGS, CHUNK_END, DELTA, DESCRIPTORS, EXTENSIONS, FLAGS, GPA, GVA_OFFSET, INSTRUCTION, INSTRUCTION_LENGTH,
  LOWEST_ADDRESS, NEXT_RESPONSE, NEXT_VALUE, PC, RECORDS, RECORD_SIZE, REGISTERS, RESPONSES, SHARED_BIT, SINGLE_FLAGS, SINGLE_GPA,
  SINGLE_GVA, SINGLE_IS_GUARDED, SINGLE_PC, SINGLE_RESPONSES, SINGLE_WORD, SLOTS, VALUES, ZERO,
} from "./memory";
import { applyEscape, manyResponses } from "./registers";

// Places in a descriptor, see src/fastpath/a64-descriptors.ts.
@inline const CONDITION_MASK: usize = DESCRIPTORS + 0;
@inline const CONDITION_MATCH: usize = DESCRIPTORS + 4;
@inline const IMMEDIATE_MASK: usize = DESCRIPTORS + 8;
@inline const IMMEDIATE_LEFT: usize = DESCRIPTORS + 12;
@inline const IMMEDIATE_RIGHT: usize = DESCRIPTORS + 13;
@inline const SCALE: usize = DESCRIPTORS + 14;
@inline const LAST: usize = DESCRIPTORS + 15;
@inline const ADDRESS_MASK: usize = DESCRIPTORS + 16;
@inline const INDEX_MASK: usize = DESCRIPTORS + 24;
@inline const CUT: usize = DESCRIPTORS + 32;
@inline const SIGN: usize = DESCRIPTORS + 40;
@inline const RESULT: usize = DESCRIPTORS + 48;
@inline const EXPECTED_FLAGS: usize = DESCRIPTORS + 56;
@inline const INFORMATION: usize = DESCRIPTORS + 60;
@inline const DISTINCT: usize = DESCRIPTORS + 64;
@inline const REQUIRED_RESPONSES: usize = DESCRIPTORS + 68;
@inline const IS_WRITE: usize = DESCRIPTORS + 72;
@inline const IS_LITERAL: usize = DESCRIPTORS + 76;

// Flags of a fault, src/model/fault-columns.ts.
@inline const HAS_GPA: u32 = 1 << 2;
@inline const SLOW: u32 = 1 << 7;
@inline const ESCAPE: u32 = 1 << 27;
@inline const PSTATE: u32 = 32 * 8;
/** Bits of PSTATE that the instruction would clear: BTYPE and SS, DDI 0487 C5.2.19. */
@inline const PSTATE_TRANSIENT: u64 = (3 << 10) | (1 << 21);
@inline const GENERAL_AND_SP: u64 = 0xffffffff;
/** In place of a fault's index: the fault of a single call. */
@inline const SINGLE: u32 = 0xffffffff;

function pcOf(fault: u32): u64 {
  if (fault === SINGLE) return load<u64>(SINGLE_PC);
  return (load<u64>(addressOf(PC) + fault * widthOf(PC)) & maskOf(PC)) + baseOf(PC);
}

/** What {@link isRuledOut} looks at, of the whole chunk: whether it may rule out any fault. */
function isGuarded(): bool {
  return (load<u64>(CAPTURED) & GENERAL_AND_SP) !== GENERAL_AND_SP || load<u64>(LOWEST_ADDRESS) !== 0 || load<u64>(SHARED_BIT) !== 0;
}

/** Whether a register that the instruction reads was not captured, or the guest's facts rule the addresses out. */
function isRuledOut(word: u32, descriptor: u32, gpa: u64, gva: u64): bool {
  const captured = load<u64>(CAPTURED);
  const data = captured | (1 << 31);
  let missing: u64 = 0;
  if (!load<u32>(descriptor, IS_LITERAL)) missing = ~(captured >> ((word >> 5) & 31));
  if (load<u64>(descriptor, INDEX_MASK) !== 0) missing |= ~(data >> ((word >> 16) & 31));
  if (load<u32>(descriptor, IS_WRITE)) {
    missing |= ~(data >> (word & 31));
    if (((load<u32>(descriptor, INFORMATION) >> 8) & 3) === 2) missing |= ~(data >> ((word >> 10) & 31));
  }
  const shared = load<u64>(SHARED_BIT);
  return (missing & 1) !== 0 || gva < load<u64>(LOWEST_ADDRESS) || (gpa & shared) !== shared;
}

/** Emulates one fault with the registers as they are; the record is written at `record`. Gives its information, 0: declined. */
@inline
function emulate(
  fault: u32, word: u32, flags: u32, checkedFlags: u32, gpa: u64, offset: u64, responseCount: u32, firstResponse: u64, secondResponse: u64,
  guarded: bool, record: u32,
): u32 {
  const descriptor = <u32>load<u16>(SLOTS + (((word >> 18) & 0x3ff8) | ((word >> 9) & 6)));
  let bad = (word & load<u32>(descriptor, CONDITION_MASK)) ^ load<u32>(descriptor, CONDITION_MATCH);
  bad |= (flags & checkedFlags) ^ load<u32>(descriptor, EXPECTED_FLAGS);
  bad |= (responseCount - load<u32>(descriptor, REQUIRED_RESPONSES)) & 0x80000000;

  // Registers that must differ: Rt^Rn, Rn^Rt2 and Rt^Rt2, five bits each; one that is zero and not masked is found as a
  // borrow. CONSTRAINED UNPREDICTABLE, DDI 0487 K1.2.
  const differences = ((word ^ (word >> 5)) & 0x3ff) | (((word ^ (word >> 10)) & 31) << 10) | load<u32>(descriptor, DISTINCT);
  bad |= (differences - 0x421) & ~differences & 0x4210;

  const baseField = (word >> 2) & 0xf8;
  let base = load<u64>(REGISTERS + baseField);
  const immediate = <i64>(
    (<i32>((word & load<u32>(descriptor, IMMEDIATE_MASK)) << load<u8>(descriptor, IMMEDIATE_LEFT)) >> <i32>load<u8>(descriptor, IMMEDIATE_RIGHT))
  );
  if (load<u32>(descriptor, IS_LITERAL)) {
    base = pcOf(fault);
  } else if (baseField === 0xf8) {
    // CheckSPAlignment() of the shared pseudocode.
    bad |= <u32>base & 15;
  }
  const extension = (word >> 7) & 0x1e0;
  const indexField = (word >> 13) & 0xf8;
  const raw = load<u64>(REGISTERS + (indexField === 0xf8 ? ZERO : indexField)) & load<u64>(extension, EXTENSIONS);
  const sign = load<u64>(extension, EXTENSIONS + 8);
  const scale = <u64>load<u8>(descriptor, SCALE) & load<u64>(extension, EXTENSIONS + 16);
  const moved = immediate + ((((raw ^ sign) - sign) << scale) & load<u64>(descriptor, INDEX_MASK));
  const address = base + (moved & load<u64>(descriptor, ADDRESS_MASK));

  const gva = gpa + offset;
  bad |= <u32>offset & 0xfff;
  bad |= ((<u32>gva & 0xfff) + <u32>load<u8>(descriptor, LAST)) & 0x1000;
  let wrong = (address ^ gva) | <u64>bad | (load<u64>(REGISTERS + PSTATE) & PSTATE_TRANSIENT);
  if (guarded) wrong |= <u64>isRuledOut(word, descriptor, gpa, gva);

  const isWrite = load<u32>(descriptor, IS_WRITE);
  const firstField = (word << 3) & 0xf8;
  const secondField = (word >> 7) & 0xf8;
  const first = load<u64>(REGISTERS + (firstField === 0xf8 ? ZERO : firstField));
  const second = load<u64>(REGISTERS + (secondField === 0xf8 ? ZERO : secondField));
  const cut = load<u64>(descriptor, CUT);
  const signBit = load<u64>(descriptor, SIGN);
  const result = load<u64>(descriptor, RESULT);
  const information = wrong === 0 ? load<u32>(descriptor, INFORMATION) | ((word & 0x7fff) << 16) : 0;
  store<u64>(record, gpa);
  store<u64>(record, ((((isWrite ? first : firstResponse) & cut) ^ signBit) - signBit) & result, 8);
  store<u64>(record, ((((isWrite ? second : secondResponse) & cut) ^ signBit) - signBit) & result, 16);
  store<u64>(record, base + moved, 24);
  store<u64>(record, <u64>information, 32);
  return information;
}

/** Emulates the fault of a single call. Gives the information of its record, 0: declined. */
export function singleA64(): u32 {
  const flags = load<u32>(SINGLE_FLAGS);
  const gpa = load<u64>(SINGLE_GPA);
  return emulate(
    SINGLE, load<u32>(SINGLE_WORD), flags, load<u32>(CHECKED_FLAGS), gpa, load<u64>(SINGLE_GVA) - gpa, (flags >> 5) & 3,
    load<u64>(SINGLE_RESPONSES), load<u64>(SINGLE_RESPONSES + 8), load<u32>(SINGLE_IS_GUARDED) !== 0, RECORDS,
  );
}

/** To be called when what a single fault is held against has changed. */
export function prepareSingleA64(): void {
  store<u64>(REGISTERS + ZERO, 0);
  store<u32>(SINGLE_IS_GUARDED, isGuarded());
}

/** Emulates faults `from` up to `to` (exclusive) of the chunk. Gives the number emulated, or -1 if the chunk is damaged. */
export function runA64(from: u32, to: u32): i32 {
  const instructionAddress = addressOf(INSTRUCTION);
  const instructionWidth = widthOf(INSTRUCTION);
  const flagsAddress = addressOf(FLAGS);
  const flagsWidth = widthOf(FLAGS);
  const flagsMask = <u32>maskOf(FLAGS);
  const flagsBase = <u32>baseOf(FLAGS);
  const deltaAddress = addressOf(DELTA);
  const deltaWidth = widthOf(DELTA);
  const deltaMask = <u32>maskOf(DELTA);
  const deltaBase = <u32>baseOf(DELTA);
  const valuesWidth = widthOf(VALUES);
  const valuesMask = maskOf(VALUES);
  const valuesBase = baseOf(VALUES);
  const responsesWidth = widthOf(RESPONSES);
  const responsesMask = maskOf(RESPONSES);
  const responsesBase = baseOf(RESPONSES);
  const gpaAddress = addressOf(GPA);
  const gpaWidth = widthOf(GPA);
  const gpaMask = maskOf(GPA);
  const gpaBase = baseOf(GPA);
  const offsetAddress = addressOf(GVA_OFFSET);
  const offsetWidth = widthOf(GVA_OFFSET);
  const offsetMask = maskOf(GVA_OFFSET);
  const offsetBase = baseOf(GVA_OFFSET);
  const checkedFlags = load<u32>(CHECKED_FLAGS);
  const end = load<u32>(CHUNK_END);
  const lengthsDiffer = widthOf(INSTRUCTION_LENGTH) !== 0 || baseOf(INSTRUCTION_LENGTH) < 4;
  let values = load<u32>(NEXT_VALUE);
  let responses = load<u32>(NEXT_RESPONSE);
  let guarded = isGuarded();
  let emulated: i32 = 0;
  store<u64>(REGISTERS + ZERO, 0);

  for (let fault = from; fault < to; fault++) {
    let flags = (load<u32>(flagsAddress + fault * flagsWidth) & flagsMask) + flagsBase;
    const delta = (load<u32>(deltaAddress + fault * deltaWidth) & deltaMask) + deltaBase;
    let responseCount = (flags >> 5) & 3;
    if (flags & SLOW) {
      if (delta & ESCAPE) {
        values = applyEscape(values);
        guarded = isGuarded();
      }
      if (responseCount === 3) responseCount = manyResponses();
      if (values > end || <u64>responses + <u64>responseCount * responsesWidth > end) return -1;
    }
    store<u64>(REGISTERS + ((delta << 3) & 0x1f8), (load<u64>(values) & valuesMask) + valuesBase);
    store<u64>(REGISTERS + ((delta >> 3) & 0x1f8), (load<u64>(values + valuesWidth) & valuesMask) + valuesBase);
    store<u64>(REGISTERS + ((delta >> 9) & 0x1f8), (load<u64>(values + 2 * valuesWidth) & valuesMask) + valuesBase);
    store<u64>(REGISTERS + ((delta >> 15) & 0x1f8), (load<u64>(values + 3 * valuesWidth) & valuesMask) + valuesBase);
    values += ((delta >> 24) & 7) * valuesWidth;
    // Fewer than four bytes of the instruction: no instruction wants a fault that has no address.
    if (lengthsDiffer && isShort(fault)) flags &= ~HAS_GPA;
    const firstResponse = (load<u64>(responses) & responsesMask) + responsesBase;
    const secondResponse = (load<u64>(responses + responsesWidth) & responsesMask) + responsesBase;
    responses += responseCount * responsesWidth;
    const information = emulate(
      fault,
      load<u32>(instructionAddress + fault * instructionWidth),
      flags,
      checkedFlags,
      (load<u64>(gpaAddress + fault * gpaWidth) & gpaMask) + gpaBase,
      (load<u64>(offsetAddress + fault * offsetWidth) & offsetMask) + offsetBase,
      responseCount,
      firstResponse,
      secondResponse,
      guarded,
      RECORDS + fault * RECORD_SIZE,
    );
    emulated += i32(information !== 0);
  }
  if (values > end || responses > end) return -1;
  store<u32>(NEXT_VALUE, values);
  store<u32>(NEXT_RESPONSE, responses);
  return emulated;
}

/** Whether fewer than four bytes of the instruction were captured. */
function isShort(fault: u32): bool {
  const at = addressOf(INSTRUCTION_LENGTH) + fault * widthOf(INSTRUCTION_LENGTH);
  return (load<u64>(at) & maskOf(INSTRUCTION_LENGTH)) + baseOf(INSTRUCTION_LENGTH) < 4;
}
