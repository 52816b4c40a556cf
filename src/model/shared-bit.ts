import { hexadecimal } from "./bits.ts";
import { reportedExit } from "./exit.ts";
import type { Fault, GuestFacts } from "./fault.ts";
import { Refusal } from "./refusal.ts";

/**
 * Refuses a guest physical address whose shared bit is clear, with `private-address`: an access to it would let the host serve the
 * guest's private memory as if it were a device. Skipped where the guest has no such bit.
 */
export function checkShared(gpa: bigint, { sharedBit }: GuestFacts): Refusal | undefined {
  if (sharedBit === undefined || ((gpa >> BigInt(sharedBit)) & 1n) === 1n) return undefined;
  return new Refusal(
    "private-address",
    `the shared bit (bit ${sharedBit}) of the physical address ${hexadecimal(gpa)} is clear: this is the guest's private memory`,
    "map the device shared (ioremap), or check guest.sharedBit in the trace's header; private memory is never served by the host",
  );
}

/** {@link checkShared} for the address that faulted, if the fault is an access to device memory and tells its address. */
export function checkFaultShared(fault: Pick<Fault, "gpa" | "exitReason" | "exitQualification">, guest: GuestFacts): Refusal | undefined {
  const reported = reportedExit(fault);
  if (reported instanceof Refusal) return reported;
  return reported.kind !== "device" || fault.gpa === undefined ? undefined : checkShared(fault.gpa, guest);
}
