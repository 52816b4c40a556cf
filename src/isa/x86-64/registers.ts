import { type Register, type RegisterDescription, RegisterSet } from "../../model/registers.ts";

const LEGACY_NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];

/** With those of APX. */
export const GENERAL_REGISTERS = 32;

const general = Array.from({ length: GENERAL_REGISTERS }, (_, number): RegisterDescription => ({
  name: LEGACY_NAMES[number] ?? `r${number}`,
  width: 64,
  file: "general",
  number,
}));
const system = (name: string, width: number, number: number): RegisterDescription => ({ name, width, file: "system", number });
const vector = Array.from({ length: 32 }, (_, number): RegisterDescription => ({
  name: `zmm${number}`,
  width: 512,
  file: "vector",
  number,
  narrower: [
    { name: `xmm${number}`, width: 128 },
    { name: `ymm${number}`, width: 256 },
  ],
}));
const mask = Array.from({ length: 8 }, (_, number): RegisterDescription => ({ name: `k${number}`, width: 64, file: "vector", number }));

/**
 * General registers in the order in which instructions encode them (SDM volume 2, table 2-2; r16–r31 are APX) at indices 0–31,
 * then rflags, fs_base, gs_base, mxcsr, the vector registers and the mask registers.
 */
export const X86_64_REGISTERS = new RegisterSet("x86-64", [
  ...general,
  system("rflags", 64, 0),
  system("fs_base", 64, 1),
  system("gs_base", 64, 2),
  system("mxcsr", 32, 3),
  ...vector,
  ...mask,
]);

/** Indices of the general registers that instructions use without naming them. */
export const RAX: Register = 0;
export const RCX: Register = 1;
export const RDX: Register = 2;
export const RBX: Register = 3;
export const RSP: Register = 4;
export const RBP: Register = 5;
export const RSI: Register = 6;
export const RDI: Register = 7;
export const RFLAGS: Register = 32;
export const FS_BASE: Register = 33;
export const GS_BASE: Register = 34;
export const MXCSR: Register = 35;
/** Index of zmm0. */
export const ZMM0: Register = 36;
/** Index of k0. */
export const K0: Register = 68;
