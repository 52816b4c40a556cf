import { hexadecimal } from "./bits.ts";
import type { Fault } from "./fault.ts";
import type { Address, Repeat, Update } from "./operation.ts";
import { Refusal } from "./refusal.ts";

/**
 * What an instruction that leaves to the hypervisor asks of it: a fact of its encoding. Registers that are the same in every
 * encoding are not named: EAX, ECX of CPUID; ECX, EDX:EAX of RDMSR and WRMSR; DX, AL/AX/EAX of port I/O.
 */
export type ExitInstruction =
  { readonly kind: "cpuid" } | { readonly kind: "halt" } | { readonly kind: "msr-read" } | { readonly kind: "msr-write" } | PortInstruction;

/** IN, OUT, INS and OUTS. */
export interface PortInstruction {
  readonly kind: "port";
  /** OUT and OUTS. */
  readonly write: boolean;
  /** Bytes. */
  readonly size: 1 | 2 | 4;
  /** Port number in the instruction; undefined: DX holds it. */
  readonly immediate?: number;
  /** INS and OUTS: the element of the string in ordinary memory, the step of its pointer, and REP. */
  readonly string?: { readonly address: Address; readonly update: Update; readonly repeat?: Repeat };
}

/**
 * What an x86-64 guest asks of its hypervisor other than an access to device memory: all that a handler sees of the
 * instruction. Numbers are cut to the widths given.
 */
export type Exit =
  /** CPUID: 32-bit leaf (EAX) and sub-leaf (ECX). */
  | { readonly kind: "cpuid"; readonly leaf: bigint; readonly subleaf: bigint }
  /** HLT with interrupts blocked. */
  | { readonly kind: "halt" }
  /** IN, or one iteration of INS. */
  | { readonly kind: "port-read"; readonly port: number; readonly size: 1 | 2 | 4 }
  /** OUT, or one iteration of OUTS; `value` is `size` bytes. */
  | { readonly kind: "port-write"; readonly port: number; readonly size: 1 | 2 | 4; readonly value: bigint }
  /** RDMSR: 32-bit index (ECX). */
  | { readonly kind: "msr-read"; readonly index: bigint }
  /** WRMSR: `value` is EDX:EAX. */
  | { readonly kind: "msr-write"; readonly index: bigint; readonly value: bigint };

/** Widths in bits of the values that an exit's answer consists of, in order: EAX EBX ECX EDX for CPUID. */
export function answerWidths(exit: Exit): readonly number[] {
  switch (exit.kind) {
    case "cpuid":
      return [32, 32, 32, 32];
    case "port-read":
      return [8 * exit.size];
    case "msr-read":
      return [64];
    case "halt":
    case "port-write":
    case "msr-write":
      return [];
    default:
      return exit satisfies never;
  }
}

/** What the exit reason and qualification of a fault claim. A fact that they do not tell is absent. */
export type ReportedExit =
  | { readonly kind: "device" }
  | { readonly kind: "cpuid" }
  | { readonly kind: "halt" }
  | { readonly kind: "msr"; readonly write?: boolean }
  | { readonly kind: "port"; readonly port?: ReportedPort };

/** An I/O qualification taken apart. */
export interface ReportedPort {
  readonly write: boolean;
  readonly size: number;
  readonly string: boolean;
  readonly repeat: boolean;
  readonly immediate?: boolean;
  readonly port: number;
}

/**
 * What kind of exit a fault is. Without an exit reason it is an access to device memory. The reasons are those of a #VE (VMX, SDM
 * volume 3, appendix C) and of a #VC (SVM, AMD64 Architecture Programmer's Manual, volume 2, appendix C), which have no number in common.
 * Refused with `not-a-data-abort`: every other reason.
 */
export function reportedExit({
  exitReason,
  exitQualification: qualification,
}: Pick<Fault, "exitReason" | "exitQualification">): ReportedExit | Refusal {
  switch (exitReason) {
    case undefined:
    // EPT violation; nested page fault.
    case 48n:
    case 0x400n:
      return { kind: "device" };
    case 10n:
    case 0x72n:
      return { kind: "cpuid" };
    case 12n:
    case 0x78n:
      return { kind: "halt" };
    case 31n:
      return { kind: "msr", write: false };
    case 32n:
      return { kind: "msr", write: true };
    case 0x7cn:
      return qualification === undefined ? { kind: "msr" } : { kind: "msr", write: bit(qualification, 0) };
    case 30n:
      return qualification === undefined ? { kind: "port" } : { kind: "port", port: vmxPort(qualification) };
    case 0x7bn:
      return qualification === undefined ? { kind: "port" } : { kind: "port", port: svmPort(qualification) };
    default:
      return new Refusal(
        "not-a-data-abort",
        `exit reason ${hexadecimal(exitReason)} (${exitReason}) is none of device access, CPUID, HLT, port I/O, RDMSR and WRMSR`,
        "handle that exit where it belongs",
      );
  }
}

function bit(value: bigint, position: number): boolean {
  return ((value >> BigInt(position)) & 1n) === 1n;
}

/** SDM volume 3, table 28-5: bits 2:0 size - 1, 3 IN, 4 string, 5 REP, 6 immediate, 31:16 port. */
function vmxPort(qualification: bigint): ReportedPort {
  return {
    write: !bit(qualification, 3),
    size: Number(qualification & 7n) + 1,
    string: bit(qualification, 4),
    repeat: bit(qualification, 5),
    immediate: bit(qualification, 6),
    port: Number((qualification >> 16n) & 0xffffn),
  };
}

/** AMD64 Architecture Programmer's Manual, volume 2, 15.10.2, EXITINFO1: bits 0 IN, 2 string, 3 REP, 6:4 size, 31:16 port. */
function svmPort(information: bigint): ReportedPort {
  return {
    write: !bit(information, 0),
    size: Number((information >> 4n) & 7n),
    string: bit(information, 2),
    repeat: bit(information, 3),
    port: Number((information >> 16n) & 0xffffn),
  };
}
