/**
 * One device access of 1, 2, 4 or 8 bytes: all that a handler sees of an instruction.
 * A handler never sees a register that it does not need: a value to be written is already cut to `size` bytes.
 */
export interface Access {
  readonly write: boolean;
  /** Guest virtual address. */
  readonly gva: bigint;
  /** Guest physical address as the guest's page tables have it (with the TDX shared bit, if there is one). */
  readonly gpa: bigint;
  readonly size: 1 | 2 | 4 | 8;
  /** Value of a write, `size` bytes; 0 for a read. */
  readonly value: bigint;
  readonly target: AccessTarget;
  /** Bytes of the instruction: a syndrome tells 16-bit ones from 32-bit ones. */
  readonly instructionLength: number;
}

/** What a hypervisor with a valid syndrome would know of the register that takes or gives the value. */
export interface AccessTarget {
  /** Number of the general register as the instruction encodes it; undefined for vector, immediate and computed values. */
  readonly register: number | undefined;
  /** A load that sign-extends. */
  readonly signExtend: boolean;
  /** The register is 64 bits wide. */
  readonly sixtyFour: boolean;
  /** Acquire or release semantics were asked for. */
  readonly ordered: boolean;
}

/** A device access as the trace and the replay output hold it. */
export interface Call {
  readonly write: boolean;
  readonly gpa: bigint;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: bigint;
}
