import { hexadecimal } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Operation } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { checkPrivilege } from "./checks.ts";
import { DeviceMap, PAGE_SIZE, pageOf } from "./memory.ts";
import type { Plan, PlannedAccess } from "./plan.ts";
import type { Policy } from "./policy.ts";

const MISMATCH_ADVICE = "the registers, the instruction bytes and the fault do not belong together: check that they were captured at the same moment";

/**
 * Holds a plan against the fault: no device access over a page end, the processor's own alignment rule, the address and direction
 * that faulted among the accesses, and no device access of a kernel at a user address. Undefined: all is well.
 */
export function matchFault(operation: Operation, plan: Plan, fault: Fault, guest: GuestFacts, policy: Policy, map: DeviceMap): Refusal | undefined {
  if (plan.accesses.length === 0) {
    return new Refusal("address-mismatch", "with these registers it makes no access at all", MISMATCH_ADVICE);
  }
  return (
    checkPages(plan) ??
    checkAlignment(operation, plan) ??
    checkAddress(operation, plan, fault, map) ??
    checkDirection(plan, fault) ??
    checkUserAddresses(plan, fault, guest, policy)
  );
}

/**
 * A log may give the physical address of a fault only: the access that agrees with it in its offset within the page, and in its
 * direction, tells the page. Refused where none or more than one does.
 */
export function mapFromPhysicalAddress(plan: Plan, gpa: bigint, fault: Fault, guest: GuestFacts, map: DeviceMap): DeviceMap | Refusal {
  if (plan.accesses.some((each) => each.gpa === gpa)) return map;
  // What a window places elsewhere is not it.
  const agreeing = plan.accesses.filter((each) => each.gpa === undefined && each.gva % PAGE_SIZE === gpa % PAGE_SIZE);
  const sameDirection = agreeing.filter(({ write }) => write === fault.write);
  const candidates = sameDirection.length > 0 ? sameDirection : agreeing;
  const [first] = candidates;
  if (first === undefined) {
    return new Refusal("address-mismatch", `it accesses ${list(plan.accesses)}, and the fault's physical address is ${hexadecimal(gpa)}`, MISMATCH_ADVICE);
  }
  if (candidates.some(({ gva }) => pageOf(gva) !== pageOf(first.gva))) {
    return new Refusal(
      "address-mismatch",
      `it accesses ${list(candidates)}, and the fault's physical address ${hexadecimal(gpa)} may belong to any of these`,
      "give fault.gva, or guest.windows in the trace's header",
    );
  }
  return new DeviceMap(first.gva, gpa, guest);
}

/** Refuses device accesses at user addresses, where policy and facts about the guest forbid them. */
export function checkUserAddresses(plan: Plan, fault: Fault, guest: GuestFacts, policy: Policy): Refusal | undefined {
  for (const { gva, gpa } of plan.accesses) {
    const refusal = gpa === undefined ? undefined : checkPrivilege(fault, gva, guest, policy);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function checkPages(plan: Plan): Refusal | undefined {
  const crossing = plan.accesses.find(({ crossesPages }) => crossesPages);
  if (crossing === undefined) return undefined;
  return new Refusal(
    "page-crossing",
    `its access of ${crossing.element.size} bytes at ${hexadecimal(crossing.gva)} straddles two pages`,
    "split or align the access in the guest's driver: a hypercall covers one page",
  );
}

function checkAlignment({ alignment, misaligned }: Operation, { starts }: Plan): Refusal | undefined {
  if (alignment === undefined || starts[0]! % BigInt(alignment) === 0n) return undefined;
  if (misaligned === "unpredictable") {
    return new Refusal(
      "unpredictable",
      `with the address ${hexadecimal(starts[0]!)}, no multiple of ${alignment}, it is CONSTRAINED UNPREDICTABLE`,
      "correct the guest's code, or check that the registers are those of the faulting instruction",
    );
  }
  return new Refusal(
    "address-mismatch",
    `the processor demands ${alignment}-byte alignment, and ${hexadecimal(starts[0]!)} is not: it would have raised an alignment exception and not this fault`,
    "deliver that exception to the guest, or check that the registers are those of the faulting instruction",
  );
}

function checkAddress(operation: Operation, plan: Plan, { gva, gpa }: Fault, map: DeviceMap): Refusal | undefined {
  const devices = plan.accesses.filter((each) => each.gpa !== undefined);
  if (gva === undefined && gpa === undefined) {
    if (devices.length > 0) return undefined;
    return new Refusal(
      "address-mismatch",
      `it accesses ${list(plan.accesses)}; the trace gives neither the faulting address nor a device window there`,
      "give fault.gva and fault.gpa, or guest.windows in the trace's header",
    );
  }
  if (gva !== undefined && map.translate(gva) === undefined) {
    return new Refusal(
      "address-mismatch",
      `the fault at ${hexadecimal(gva)} has no physical address, and no device window holds it`,
      "give fault.gpa, or guest.windows in the trace's header",
    );
  }
  // The machine reports the first device access; of an instruction with two memory operands either operand's first.
  for (let operand = 0; operand < operation.addresses.length; operand++) {
    const first = devices.find(({ element }) => element.address === operand);
    if (first !== undefined && (gva === undefined ? first.gpa === gpa : first.gva === gva)) return undefined;
  }
  const reported = gva === undefined ? `physical address ${hexadecimal(gpa!)}` : hexadecimal(gva);
  return new Refusal("address-mismatch", `it accesses ${list(plan.accesses)}, and the fault was at ${reported}`, MISMATCH_ADVICE);
}

function checkDirection(plan: Plan, { gva, write }: Fault): Refusal | undefined {
  if (write === undefined) return undefined;
  const there = plan.accesses.filter((each) => each.gpa !== undefined && (gva === undefined || each.gva === gva));
  if (there.some((each) => each.write === write)) return undefined;
  return new Refusal(
    "direction-mismatch",
    `the fault was a ${write ? "write" : "read"}, and the instruction only ${write ? "reads" : "writes"} there`,
    "the instruction bytes and the fault do not belong together: another processor may have changed the code, or the PC is wrong",
  );
}

function list(accesses: readonly PlannedAccess[]): string {
  const addresses = [...new Set(accesses.map(({ gva }) => hexadecimal(gva)))];
  return addresses.length <= 4 ? addresses.join(", ") : `${addresses.slice(0, 3).join(", ")} … ${addresses.at(-1)}`;
}
