import { type RegisterDescription, RegisterSet } from "../../model/registers.ts";

const general = Array.from({ length: 16 }, (_, number): RegisterDescription => ({ name: `r${number}`, width: 32, file: "general", number }));
const vector = Array.from({ length: 32 }, (_, number): RegisterDescription => ({ name: `d${number}`, width: 64, file: "vector", number }));

/**
 * r0–r15 are indices 0–15, cpsr 16, d0–d31 from 17. r15 is there because traces hold it: no operation names it, the program
 * counter of an operation is PROGRAM_COUNTER.
 */
export const ARM_REGISTERS = new RegisterSet("arm", [...general, { name: "cpsr", width: 32, file: "system", number: 0 }, ...vector]);

/** Number by which instructions name the program counter. */
export const PC = 15;
/** Number and index of the stack pointer. */
export const SP = 13;
/** Index of the status register. */
export const CPSR = 16;
/** Index of d0. S registers are halves of d0–d15. */
export const D0 = 17;
