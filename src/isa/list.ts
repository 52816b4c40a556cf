import type { Architecture } from "../model/architecture.ts";
import type { Isa } from "../model/instruction.ts";

/** The one list of instruction set architectures. Each is loaded when it is first asked for: the tables of others cost nothing. */
const ISAS: Readonly<Record<Architecture, () => Promise<Isa>>> = {
  aarch64: async () => (await import("./aarch64/index.ts")).AARCH64,
  arm: async () => (await import("./arm/index.ts")).ARM,
  riscv64: async () => (await import("./riscv64/index.ts")).RISCV64,
  "x86-64": async () => (await import("./x86-64/index.ts")).X86_64,
};

/** The decoder and registers of an architecture. */
export function loadIsa(architecture: Architecture): Promise<Isa> {
  return ISAS[architecture]();
}
