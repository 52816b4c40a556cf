// The memory-touch floor: reads every element of a chunk's columns, keeps the register file up to date and writes a record of the
// same size as the kernel's, and does nothing else: no decoding, no check, and bases and masks only for the words by which the streams are
// followed. What the kernel takes beyond this is its own work.
import { addressOf, baseOf, elementMask, widthOf } from "../../src/fastpath/assembly/columns";
import {
  BASES, DELTA, FIRSTS, FLAGS, GPA, GPAS, GVA_OFFSET, INFORMATIONS, INSTRUCTION, REGISTERS, RESPONSES, SECONDS, VALUES,
} from "../../src/fastpath/assembly/memory";
export {
  BASES, BYTE_MASKS, CHUNK, COLUMNS, DESCRIPTORS, DESCRIPTORS_SIZE, EQUALS, EXTENSIONS, FAULT_LIMIT, FIRSTS, FLAGS_OF, FLAG_CHECKS, GPAS, HEADS, INFORMATIONS, CPSR, KEY, WANTED,
  CLASSES, CLASS_LIMIT, CLASS_SIZE, NEEDED, OPERATORS, PLANS, PLAN_LIMIT, PLAN_SIZE, OFFSETS, REGISTERS, SECONDS, SINGLE, SLOTS, STATE, WORDS, ZEROS,
} from "../../src/fastpath/assembly/memory";

export { unpack64 } from "../../src/fastpath/assembly/columns";

export function floor(from: u32, to: u32): u32 {
  const instruction = addressOf(INSTRUCTION);
  const instructionWidth = widthOf(INSTRUCTION);
  const flags = addressOf(FLAGS);
  const flagsWidth = widthOf(FLAGS);
  const deltas = addressOf(DELTA);
  const deltaWidth = widthOf(DELTA);
  const flagsBase = <u32>baseOf(FLAGS);
  const flagsMask = <u32>elementMask(FLAGS);
  const deltaBase = <u32>baseOf(DELTA);
  const deltaMask = <u32>elementMask(DELTA);
  const gpa = addressOf(GPA);
  const gpaWidth = widthOf(GPA);
  const offset = addressOf(GVA_OFFSET);
  const offsetWidth = widthOf(GVA_OFFSET);
  const valuesWidth = widthOf(VALUES);
  const responsesWidth = widthOf(RESPONSES);
  let values = addressOf(VALUES);
  let responses = addressOf(RESPONSES);
  let sum: u64 = 0;
  for (let fault = from; fault < to; fault++) {
    const delta = (load<u32>(deltas + fault * deltaWidth) & deltaMask) + deltaBase;
    store<u64>((delta << 3) & 0x1f8, load<u64>(values), REGISTERS);
    store<u64>((delta >> 3) & 0x1f8, load<u64>(values + valuesWidth), REGISTERS);
    store<u64>((delta >> 9) & 0x1f8, load<u64>(values + 2 * valuesWidth), REGISTERS);
    store<u64>((delta >> 15) & 0x1f8, load<u64>(values + 3 * valuesWidth), REGISTERS);
    values += ((delta >> 24) & 7) * valuesWidth;
    const flag = (load<u32>(flags + fault * flagsWidth) & flagsMask) + flagsBase;
    store<u64>(fault << 3, load<u64>(gpa + fault * gpaWidth), GPAS);
    store<u64>(fault << 3, load<u64>(responses), FIRSTS);
    store<u64>(fault << 3, load<u64>(responses + responsesWidth), SECONDS);
    store<u64>(fault << 3, load<u64>(offset + fault * offsetWidth), BASES);
    store<u32>(fault << 2, load<u32>(instruction + fault * instructionWidth), INFORMATIONS);
    responses += ((flag >> 5) & 3) * responsesWidth;
    sum += flag;
  }
  return <u32>sum;
}

/** An empty call. */
export function nothing(): u32 {
  return 0;
}
