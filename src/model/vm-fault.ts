import type { Architecture } from "./architecture.ts";
import { hexadecimal } from "./bits.ts";
import type { Fault, VmFaultMessage } from "./fault.ts";
import { Refusal, type RefusalReason } from "./refusal.ts";

/** The label without and with the MCS extensions, which have a timeout fault before it. */
export const VM_FAULT_LABEL = 5n;
export const VM_FAULT_LABEL_MCS = 6n;
export const VM_FAULT_WORDS = 4;

/** What a VM fault message says of a data access. */
export interface VmFault {
  readonly pc: bigint;
  readonly address: bigint;
  readonly write: boolean;
  /** AArch64: FSR is the syndrome, 32 bits. */
  readonly syndrome?: bigint;
}

/** Exception causes of RISC-V that a data access has, FSR's five bits: load and store access faults, page faults, guest-page faults. */
const RISCV_LOAD_CAUSES: ReadonlySet<bigint> = new Set([5n, 13n, 21n]);
const RISCV_STORE_CAUSES: ReadonlySet<bigint> = new Set([7n, 15n, 23n]);
const WNR = 1n << 6n;

/** Reads a VM fault message. Refused with `not-a-data-abort`: another fault's label, an instruction fetch, a cause of another kind. */
export function readVmFault({ label, words }: VmFaultMessage, architecture: Architecture): VmFault | Refusal {
  if (label !== VM_FAULT_LABEL && label !== VM_FAULT_LABEL_MCS) {
    return other(`has label ${hexadecimal(label)}, and a VM fault has 5, or 6 on a kernel with MCS`, "handle that fault where it belongs");
  }
  const [pc, address, prefetch, status] = words;
  if (words.length !== VM_FAULT_WORDS || pc === undefined || address === undefined || prefetch === undefined || status === undefined) {
    return other(`has ${words.length} words, and a VM fault has ${VM_FAULT_WORDS}`, "capture IP, Addr, PrefetchFault and FSR");
  }
  if (prefetch !== 0n)
    return other("says that an instruction fetch faulted (PrefetchFault)", "no instruction can be fetched from an emulated device");
  switch (architecture) {
    case "aarch64":
      return { pc, address, write: (status & WNR) !== 0n, syndrome: status };
    case "riscv64":
      if (RISCV_LOAD_CAUSES.has(status)) return { pc, address, write: false };
      if (RISCV_STORE_CAUSES.has(status)) return { pc, address, write: true };
      return other(`has FSR ${hexadecimal(status)}, which is the cause of no data access`, "handle that fault where it belongs");
    case "arm":
    case "x86-64":
      return other(`comes from ${architecture}, whose FSR this program does not read`, "give fault.gva, fault.gpa and fault.write instead");
    default:
      return architecture satisfies never;
  }
}

/**
 * A fault with what its seL4 message says of it filled in; the fault itself if it has none. Refused like the message, and with
 * `address-mismatch` or `direction-mismatch` where message and fault contradict each other.
 */
export function completeFault(fault: Fault, architecture: Architecture): Fault | Refusal {
  if (fault.vmFault === undefined) return fault;
  const told = readVmFault(fault.vmFault, architecture);
  if (told instanceof Refusal) return told;
  const { pc, address, write, syndrome } = told;
  const known = fault.vmFault.virtualProcessor ? fault.gpa : fault.gva;
  if (pc !== fault.pc) return contradiction("address-mismatch", `has IP ${hexadecimal(pc)}, and the fault PC ${hexadecimal(fault.pc)}`);
  if (known !== undefined && known !== address)
    return contradiction("address-mismatch", `has Addr ${hexadecimal(address)}, and the fault was at ${hexadecimal(known)}`);
  if (fault.write !== undefined && fault.write !== write) {
    return contradiction(
      "direction-mismatch",
      `says that the access was a ${write ? "write" : "read"}, and the fault was a ${fault.write ? "write" : "read"}`,
    );
  }
  if (syndrome !== undefined && fault.syndrome !== undefined && syndrome !== fault.syndrome) {
    return contradiction("not-a-data-abort", `has FSR ${hexadecimal(syndrome)}, and the fault the syndrome ${hexadecimal(fault.syndrome)}`);
  }
  return {
    ...fault,
    ...(fault.vmFault.virtualProcessor ? { gpa: address } : { gva: address }),
    write,
    ...(syndrome === undefined ? {} : { syndrome }),
  };
}

function contradiction(reason: RefusalReason, what: string): Refusal {
  return new Refusal(
    reason,
    `the seL4 fault message ${what}`,
    "message and fault do not belong together: check that they were captured at the same moment",
  );
}

function other(what: string, advice: string): Refusal {
  return new Refusal("not-a-data-abort", `the seL4 fault message ${what}`, advice);
}
