import { hexadecimal } from "../model/bits.ts";
import { reportedExit } from "../model/exit.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import { Refusal } from "../model/refusal.ts";
import type { Policy } from "./policy.ts";

/**
 * Checks of the fault itself, before a byte of the instruction is looked at: what a hostile guest or host sends is not
 * parsed when it can be turned away.
 */
export function checkFault(fault: Fault, guest: GuestFacts, policy: Policy): Refusal | undefined {
  const reported = reportedExit(fault);
  if (reported instanceof Refusal) return reported;
  // A fault's address means something only where device memory was accessed.
  const address = reported.kind === "device" ? fault.gva : undefined;
  return checkSyndrome(fault) ?? (address === undefined && fault.mode === "kernel" ? undefined : checkPrivilege(fault, address, guest, policy));
}

/**
 * User-mode faults, and kernel-mode faults at user addresses: a user program could have prepared registers and memory so that
 * the kernel's handler does its access (Linux commits 63e44bc52047 and d4fc4d014715, CVE-2023-46813).
 */
export function checkPrivilege(fault: Fault, address: bigint | undefined, guest: GuestFacts, policy: Policy): Refusal | undefined {
  if (policy.userMode === "allow") return undefined;
  if (fault.mode === "user") {
    return new Refusal("user-mode", "the fault came from user mode", "run with --user-mode allow if this guest lets user programs touch devices");
  }
  if (address !== undefined && guest.kernelStart !== undefined && address < guest.kernelStart) {
    return new Refusal(
      "user-mode",
      `the kernel faulted at ${hexadecimal(address)}, below the lowest kernel address ${hexadecimal(guest.kernelStart)}`,
      "a kernel that reaches a device through a user address is a bug or an attack; --user-mode allow emulates it all the same",
    );
  }
  return undefined;
}

const DATA_ABORT_LOWER = 0x24n;
const DATA_ABORT_SAME = 0x25n;

/** ESR_ELx of a data abort, Arm ARM (DDI 0487) D24.2.40, "ISS encoding for an exception from a Data Abort". */
function checkSyndrome({ syndrome }: Fault): Refusal | undefined {
  if (syndrome === undefined) return undefined;
  const other = (what: string, advice: string): Refusal =>
    new Refusal("not-a-data-abort", `the syndrome ${hexadecimal(syndrome)} says ${what}`, advice);
  const exceptionClass = (syndrome >> 26n) & 0x3fn;
  if (exceptionClass !== DATA_ABORT_LOWER && exceptionClass !== DATA_ABORT_SAME) {
    return other(`exception class ${hexadecimal(exceptionClass)}, not a data abort (0x24 or 0x25)`, "handle that exception where it belongs");
  }
  const status = syndrome & 0x3fn;
  if (((syndrome >> 7n) & 1n) === 1n || (status >= 0x13n && status <= 0x17n) || (status >= 0x1bn && status <= 0x1fn)) {
    return other("that a page table walk aborted (S1PTW or a table-walk status)", "the page tables themselves lie in memory that is not RAM; the instruction is innocent");
  }
  if (((syndrome >> 8n) & 1n) === 1n) {
    return other("that a cache maintenance or address translation instruction aborted (CM)", "it transfers no data: step over it if the guest's policy allows that");
  }
  if (((syndrome >> 9n) & 1n) === 1n) return other("an external abort (EA)", "the bus answered with an error; this is not an emulated device");
  if (((syndrome >> 10n) & 1n) === 1n) return other("that the faulting address is not valid (FnV)", "there is no address to check the instruction against");
  // Translation (04–07), access flag (08–0B) and permission faults (0C–0F) at any level, and level 0/−1 of FEAT_LPA2 (2B, 29).
  if (!((status >= 0x04n && status <= 0x0fn) || status === 0x2bn || status === 0x29n)) {
    return other(`fault status ${hexadecimal(status)}, which is no translation, access flag or permission fault`, "only those mean an emulated device");
  }
  return undefined;
}
