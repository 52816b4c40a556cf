import type { RegisterFile } from "./registers.ts";

/** Bytes of ordinary memory at a virtual address. */
export interface MemoryRange {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** A range of guest virtual addresses behind which device memory lies. */
export interface Window {
  readonly gva: bigint;
  readonly gpa: bigint;
  /** Bytes. */
  readonly size: bigint;
}

/** Facts about the guest, from the trace's header. A check whose fact is absent is skipped, never guessed. */
export interface GuestFacts {
  readonly windows: readonly Window[];
  /** TDX: position of the bit of a GPA that marks memory shared with the host. */
  readonly sharedBit?: number;
  /** Lowest kernel virtual address. */
  readonly kernelStart?: bigint;
}

/**
 * seL4's VM fault message, the numbers of libsel4 (sel4/shared_types.h, `seL4_Fault_VMFault`; sel4_arch/constants.h, `seL4_VMFault_Msg`):
 * message registers 0 IP, 1 Addr, 2 PrefetchFault, 3 FSR.
 */
export interface VmFaultMessage {
  readonly label: bigint;
  readonly words: readonly bigint[];
  /** The thread is a virtual processor: Addr is a guest physical address. Of other threads it is a virtual one. */
  readonly virtualProcessor: boolean;
}

/** One captured fault: the state in which the guest's exception handler finds the machine. */
export interface Fault {
  /** Virtual address of the faulting instruction. */
  readonly pc: bigint;
  /** What could be fetched from there, in memory order. */
  readonly bytes: Uint8Array;
  /** As they were before the instruction. */
  readonly registers: RegisterFile;
  /** Guest physical and virtual address that faulted, and the direction, where the source knows them. */
  readonly gpa?: bigint;
  readonly gva?: bigint;
  readonly write?: boolean;
  readonly mode: "kernel" | "user";
  /** Arm: the syndrome (ESR_ELx). */
  readonly syndrome?: bigint;
  /** RISC-V: htinst, the transformed instruction, where the hart gave one. It counts where there are no bytes. */
  readonly transformedInstruction?: bigint;
  /** TDX: VE_INFO exit reason and qualification. */
  readonly exitReason?: bigint;
  readonly exitQualification?: bigint;
  /** seL4: the kernel's message about the fault. What it says counts where the fields above do not. */
  readonly vmFault?: VmFaultMessage;
  /** Ordinary RAM that the instruction may read. */
  readonly memory: readonly MemoryRange[];
  /** What the device returned, one for each read access, in order. */
  readonly reads: readonly bigint[];
}
