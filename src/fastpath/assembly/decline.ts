// Faults that are turned away, or of which more is to be known than the kernels do, before a byte of the instruction is looked at: the same
// as src/emulate/checks.ts and src/model/exit.ts, in loops of their own. They lose the flag that says that their physical address is known,
// and no instruction wants such a fault.
import { baseOf, decline, elementOf, unpack64, widthOf } from "./columns";
import { EXIT_REASON, FIRSTS, FLAGS, FLAGS_OF, INSTRUCTION_LENGTH, SYNDROME, TRANSFORMED_INSTRUCTION } from "./memory";

// Flags of a fault, src/model/fault-columns.ts.
@inline const HAS_SYNDROME: u32 = 1 << 8;
@inline const HAS_EXIT_REASON: u32 = 1 << 9;
@inline export const HAS_TRANSFORMED_INSTRUCTION: u32 = 1 << 15;
@inline const HAS_MESSAGE: u32 = 1 << 16;

/** ESR_ELx, DDI 0487 D24.2.40: exception classes 0x24 and 0x25, and none of FnV, EA, CM and S1PTW. */
@inline const DATA_ABORT_MASK: u32 = (0x3e << 26) | (1 << 10) | (1 << 9) | (1 << 8) | (1 << 7);
@inline const DATA_ABORT: u32 = 0x24 << 26;
/** Its fault status codes that mean an emulated device: translation, access flag and permission faults, one bit each. */
@inline const DEVICE_STATUS: u64 = 0xfff0 | (<u64>1 << 0x29) | (<u64>1 << 0x2b);

/** Exit reasons of an access to device memory: EPT violation (SDM volume 3, appendix C), nested page fault (AMD64 APM volume 2, appendix C). */
@inline const EPT_VIOLATION: u64 = 48;
@inline const NESTED_PAGE_FAULT: u64 = 0x400;

/** Faults with fewer than `least` bytes of the instruction. `count` faults of the chunk. */
export function declineShort(count: u32, least: u64): void {
  if (widthOf(INSTRUCTION_LENGTH) === 0 && baseOf(INSTRUCTION_LENGTH) >= least) return;
  for (let fault: u32 = 0; fault < count; fault++) {
    if (elementOf(INSTRUCTION_LENGTH, fault) < least) decline(fault << 2);
  }
}

@inline
function isDeviceAbort(syndrome: u64): bool {
  return (<u32>syndrome & DATA_ABORT_MASK) === DATA_ABORT && ((DEVICE_STATUS >> (syndrome & 0x3f)) & 1) !== 0;
}

@inline
function isDeviceExit(reason: u64): bool {
  return reason === EPT_VIOLATION || reason === NESTED_PAGE_FAULT;
}

/** htinst of 0x2000, 0x2020, 0x3000 or 0x3020: a page table walk (privileged manual, "Transformed Instruction or Pseudoinstruction for mtinst or htinst"). */
@inline
function isNoWalk(transformed: u64): bool {
  return (transformed & ~0x1020) !== 0x2000;
}

/**
 * Faults whose syndrome, exit reason or transformed instruction says that no device was accessed, and those with a seL4 message. The columns of
 * answers serve as scratch memory.
 */
export function declineBefore(count: u32): void {
  // Elements of one byte with a small base may still sum up to more.
  if (widthOf(FLAGS) <= 1 && baseOf(FLAGS) <= 0xff && (baseOf(FLAGS) === 0 || widthOf(FLAGS) === 0)) return;
  let found: u32 = 0;
  for (let fault: u32 = 0; fault < count; fault++) found |= load<u32>(fault << 2, FLAGS_OF);
  if (found & HAS_MESSAGE) declineFlagged(count, HAS_MESSAGE);
  if (found & HAS_SYNDROME) {
    if (widthOf(SYNDROME) !== 0) {
      unpack64(SYNDROME, count, FIRSTS);
      for (let fault: u32 = 0; fault < count; fault++) {
        if (!isDeviceAbort(load<u64>(fault << 3, FIRSTS)) && (load<u32>(fault << 2, FLAGS_OF) & HAS_SYNDROME) !== 0) decline(fault << 2);
      }
    } else if (!isDeviceAbort(baseOf(SYNDROME))) declineFlagged(count, HAS_SYNDROME);
  }
  if (found & HAS_EXIT_REASON) {
    if (widthOf(EXIT_REASON) !== 0) {
      unpack64(EXIT_REASON, count, FIRSTS);
      for (let fault: u32 = 0; fault < count; fault++) {
        if (!isDeviceExit(load<u64>(fault << 3, FIRSTS)) && (load<u32>(fault << 2, FLAGS_OF) & HAS_EXIT_REASON) !== 0) decline(fault << 2);
      }
    } else if (!isDeviceExit(baseOf(EXIT_REASON))) declineFlagged(count, HAS_EXIT_REASON);
  }
  if (found & HAS_TRANSFORMED_INSTRUCTION) {
    if (widthOf(TRANSFORMED_INSTRUCTION) !== 0) {
      unpack64(TRANSFORMED_INSTRUCTION, count, FIRSTS);
      for (let fault: u32 = 0; fault < count; fault++) {
        if (!isNoWalk(load<u64>(fault << 3, FIRSTS)) && (load<u32>(fault << 2, FLAGS_OF) & HAS_TRANSFORMED_INSTRUCTION) !== 0) decline(fault << 2);
      }
    } else if (!isNoWalk(baseOf(TRANSFORMED_INSTRUCTION))) declineFlagged(count, HAS_TRANSFORMED_INSTRUCTION);
  }
}

function declineFlagged(count: u32, flag: u32): void {
  for (let fault: u32 = 0; fault < count; fault++) {
    if (load<u32>(fault << 2, FLAGS_OF) & flag) decline(fault << 2);
  }
}
