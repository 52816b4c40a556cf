import type { Access } from "./model/access.ts";
import type { Architecture } from "./model/architecture.ts";
import type { Exit } from "./model/exit.ts";
import type { Fault, GuestFacts } from "./model/fault.ts";
import type { Refusal } from "./model/refusal.ts";
import type { SharedMemory } from "./model/shared-page.ts";

export type { Access, AccessTarget } from "./model/access.ts";
export { ARCHITECTURES, type Architecture } from "./model/architecture.ts";
export { bytesToHexadecimal, hexadecimal, mask, signExtend, truncate } from "./model/bits.ts";
export { answerWidths, type Exit } from "./model/exit.ts";
export type { Fault, GuestFacts, Window } from "./model/fault.ts";
export { REFUSAL_REASONS, Refusal, type RefusalReason } from "./model/refusal.ts";
export { checkFaultShared, checkShared } from "./model/shared-bit.ts";
export { type PageReader, type PageWriter, type SharedMemory, SharedPages } from "./model/shared-page.ts";

/** What stands behind the hypervisor: the emulated device, or the values that a trace recorded. */
export interface Device {
  /** The device's value, or a refusal (a trace that has no more values says `missing-read`). May be wider than `size`. */
  read(gpa: bigint, size: 1 | 2 | 4 | 8): bigint | Refusal;
  write(gpa: bigint, size: 1 | 2 | 4 | 8, value: bigint): void;
  /** x86-64: the answers to an exit that is no access to device memory, one for each of {@link answerWidths}. May be wider. */
  exit(exit: Exit): readonly bigint[] | Refusal;
}

/**
 * The untrusted other side of a hypercall. A `Call` is what the guest exposes (registers, or a shared page); the `Answer`
 * is what comes back, and a hostile host may put anything into it.
 */
export interface Host<Call, Answer> {
  call(call: Call): Answer | Refusal;
  /**
   * Where a page shared with this host lies, `length` bytes, all zero. Without it the handler allocates the page. A host has the page
   * before its eyes all the time, and a test's hostile host hands out memory that changes between two reads.
   */
  share?(length: number): SharedMemory;
}

/** One access done: the value read (its low `size` bytes count; 0 for a write) and the hypercall as a JSON object. */
export interface Handled {
  readonly value: bigint;
  readonly record: HypercallRecord;
}

/** One exit done: its answers, one for each of {@link answerWidths} and of that width, and the hypercall as a JSON object. */
export interface HandledExit {
  readonly values: readonly bigint[];
  readonly record: HypercallRecord;
}

/** A hypercall as a JSON object: what left the guest, and what the guest took of the answer. Integers are strings "0x…". */
export type HypercallRecord = Readonly<Record<string, unknown>>;

/** What a handler knows besides the access. */
export interface HandlerContext {
  readonly architecture: Architecture;
  readonly guest: GuestFacts;
  readonly fault: VisibleFault;
}

/** The fault that is being handled, without its registers and RAM: the access has what may leave the guest. */
export type VisibleFault = Omit<Fault, "registers" | "memory" | "reads">;

/**
 * A guest-side exception handler's second half: it turns a device access into a hypercall and its answer into a value.
 * Built-in handlers and a user's alike are such objects, the default export of their module.
 */
export interface Handler<Call = unknown, Answer = unknown> {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly description: string;
  readonly architectures: readonly Architecture[];
  /** Checks before anything is emulated, e.g. the TDX shared bit. Undefined: go on. */
  check?(context: HandlerContext): Refusal | undefined;
  /** Makes the hypercall for one access. Called in the order of the accesses; a refusal leaves the whole fault uncommitted. */
  handle(access: Access, host: Host<Call, Answer>, context: HandlerContext): Handled | Refusal;
  /**
   * Makes the hypercall for an exit other than a device access (x86-64: CPUID, HLT, port I/O, RDMSR, WRMSR). A handler without it
   * serves device accesses only.
   */
  exit?(exit: Exit, host: Host<Call, Answer>, context: HandlerContext): HandledExit | Refusal;
  /** An honest host of this hypercall interface in front of `device`: what replay and the tests call. */
  host(device: Device): Host<Call, Answer>;
}

/** Type-checks a handler module's default export and infers its call and answer. */
export function defineHandler<Call, Answer>(handler: Handler<Call, Answer>): Handler<Call, Answer> {
  return handler;
}
