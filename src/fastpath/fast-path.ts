import type { FaultColumns } from "../model/fault-columns.ts";
import type { GuestFacts } from "../model/fault.ts";
import type { Kernel, KernelFacts } from "./kernel.ts";

/** What a fast path is told of the guest and by the person who replays; the same facts and policy as the reference has. */
export interface FastPathSettings {
  readonly guest: GuestFacts;
  /** Whether faults of user mode are emulated. */
  readonly userMode: "refuse" | "allow";
}

/** Numbers of one chunk that was run. */
export interface FastRun {
  readonly emulated: number;
  readonly declined: number;
}

/**
 * The fast path of one architecture: emulates chunks of faults in WebAssembly. Of each fault it gives exactly the accesses and register
 * changes of the reference (src/emulate), or declines it. A fault that was declined goes the full way, which may emulate or refuse it.
 */
export interface FastPath {
  /** The kernel: its memory, register file and records. */
  readonly kernel: Kernel;
  /** Names of the registers by slot, as the header of a trace that this fast path can read has them. */
  readonly slots: readonly string[];
  /** Takes a chunk; see {@link Kernel.load}. */
  load(columns: FaultColumns): void;
  /**
   * Emulates the faults `from` up to `to` of the chunk that was loaded, which must be those after the last ones run. Their records are
   * then in the kernel's memory, at their index in the chunk. Throws a RangeError if the chunk's counts do not fit its streams.
   */
  run(from: number, to: number): FastRun;
}

/** The facts in the kernel's terms. */
export function kernelFacts({ guest, userMode }: FastPathSettings): KernelFacts {
  return {
    lowestAddress: userMode === "allow" ? 0n : (guest.kernelStart ?? 0n),
    sharedBit: guest.sharedBit === undefined ? 0n : 1n << BigInt(guest.sharedBit),
  };
}

/** The result of a kernel's run routine: the number declined, or -1. */
export function runResult(declined: number, from: number, to: number): FastRun {
  if (declined < 0) throw new RangeError(`the chunk is damaged: its faults ${from} to ${to - 1} use more values than its streams hold`);
  return { emulated: to - from - declined, declined };
}
