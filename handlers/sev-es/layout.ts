// The Guest-Hypervisor Communication Block: AMD, SEV-ES Guest-Hypervisor Communication Block Standardization (56421), table 1 (layout),
// section 2.6 (SW_EXITINFO1 on return), section 4.1 (exits and what they need); offsets as in Linux, arch/x86/include/asm/svm.h, struct ghcb.
import type { Exit } from "../../src/handler.ts";

/** Quadwords of the save area by their offsets in bytes. A field's bit in the valid bitmap is its offset / 8. */
export const FIELDS = {
  rax: 0x1f8,
  rcx: 0x308,
  rdx: 0x310,
  rbx: 0x318,
  sw_exit_code: 0x390,
  sw_exit_info_1: 0x398,
  sw_exit_info_2: 0x3a0,
  sw_scratch: 0x3a8,
} as const;
export type Field = keyof typeof FIELDS;

export const VALID_BITMAP = 0x3f0;
export const SHARED_BUFFER = 0x800;
export const PROTOCOL_VERSION = 0xffa;
export const USAGE = 0xffc;
export const PAGE_SIZE = 0x1000;

/** Version 2 of the protocol, and usage 0: the layout above. */
export const VERSION = 2;

/** Where this guest has its GHCB: a page shared with the host. Only SW_SCRATCH, which points into it, shows it. */
export const GHCB_ADDRESS = 0x0100_0000n;

/** SW_EXITCODE: those of VMEXIT for intercepted instructions, and those of the GHCB for MMIO. */
export const EXIT_CPUID = 0x72n;
export const EXIT_IOIO = 0x7bn;
export const EXIT_MSR = 0x7cn;
export const EXIT_MMIO_READ = 0x8000_0001n;
export const EXIT_MMIO_WRITE = 0x8000_0002n;

/** EXITINFO1 of an I/O intercept, AMD64 Architecture Programmer's Manual, volume 2, 15.10.2. */
export const IOIO_IN = 1n;
export const IOIO_SIZE_SHIFT = 4n;
export const IOIO_ADDRESS_64 = 1n << 9n;
export const IOIO_PORT_SHIFT = 16n;

/** SW_EXITINFO1, bits 31:0, on return. */
export const NO_ACTION = 0n;
export const INJECT_EVENT = 1n;
export const MALFORMED_INPUT = 2n;
/** SW_EXITINFO2 that goes with MALFORMED_INPUT. */
export const MALFORMED_NAMES = [
  "no reason",
  "GHCB not registered",
  "invalid usage",
  "invalid scratch area",
  "missing input",
  "invalid input",
  "invalid event",
];

/** Reasons that the host gives here. */
export const MISSING_INPUT = 4n;
export const INVALID_INPUT = 5n;

/** The fields that an exit's answer comes back in. */
export function answerFields(exit: Exit): readonly Field[] {
  switch (exit.kind) {
    case "cpuid":
      return ["rax", "rbx", "rcx", "rdx"];
    case "port-read":
      return ["rax"];
    case "msr-read":
      return ["rax", "rdx"];
    case "halt":
    case "port-write":
    case "msr-write":
      return [];
    default:
      return exit satisfies never;
  }
}
