/** The four architectures of the trace format (contract, section 1). */
export const ARCHITECTURES = ["x86-64", "aarch64", "arm", "riscv64"] as const;

/** `arm` is A32 and T32: bit 5 of `cpsr` tells which. */
export type Architecture = (typeof ARCHITECTURES)[number];

/** Which of an architecture's instruction sets the bytes belong to. Only `arm` has two. */
export type InstructionSet = "x86-64" | "a64" | "a32" | "t32" | "rv64";
