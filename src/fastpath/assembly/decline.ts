// Faults of which more is to be known than the kernels do. They lose the flag that says that their physical address is known, and no
// instruction wants such a fault.
import { baseOf, elementOf, widthOf } from "./columns";
import { FLAGS, FLAGS_OF, INSTRUCTION_LENGTH } from "./memory";

// Flags of a fault, src/model/fault-columns.ts.
@inline const HAS_GPA: u32 = 1 << 2;
/** A syndrome, exit reason, exit qualification or transformed instruction. */
@inline const HAS_MORE: u32 = (7 << 8) | (1 << 15);

function decline(fault: u32): void {
  store<u32>(fault << 2, load<u32>(fault << 2, FLAGS_OF) & ~HAS_GPA, FLAGS_OF);
}

/** Faults with fewer than `least` bytes of the instruction. `count` faults of the chunk. */
export function declineShort(count: u32, least: u64): void {
  if (widthOf(INSTRUCTION_LENGTH) === 0 && baseOf(INSTRUCTION_LENGTH) >= least) return;
  for (let fault: u32 = 0; fault < count; fault++) {
    if (elementOf(INSTRUCTION_LENGTH, fault) < least) decline(fault);
  }
}

/** Faults that come with facts which the reference checks first. */
export function declineFlagged(count: u32): void {
  if (widthOf(FLAGS) <= 1 && baseOf(FLAGS) <= 0xff) {
    // Elements of one byte with a small base may still sum up to more.
    if (baseOf(FLAGS) === 0 || widthOf(FLAGS) === 0) return;
  }
  for (let fault: u32 = 0; fault < count; fault++) {
    if (load<u32>(fault << 2, FLAGS_OF) & HAS_MORE) decline(fault);
  }
}
