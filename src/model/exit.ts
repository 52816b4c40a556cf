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
