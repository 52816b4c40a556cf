import { type Register, type RegisterDescription, RegisterSet, ZERO_REGISTER } from "../../model/registers.ts";

const general = Array.from({ length: 32 }, (_, number): RegisterDescription => ({ name: `x${number}`, width: 64, file: "general", number })).slice(1);
const float = Array.from({ length: 32 }, (_, number): RegisterDescription => ({ name: `f${number}`, width: 64, file: "vector", number }));

/** x1–x31 are indices 0–30, f0–f31 from 31. x0 is the zero register. FLEN is 64: the D extension without Q. */
export const RISCV64_REGISTERS = new RegisterSet("riscv64", [...general, ...float], 0);

/** The stack pointer's number, which C.LWSP and its like imply. */
export const STACK_POINTER = 2;

/** Index of the integer register x`number`. */
export function integerRegister(number: number): Register {
  return number === 0 ? ZERO_REGISTER : number - 1;
}

/** Index of the floating-point register f`number`. */
export function floatRegister(number: number): Register {
  return general.length + number;
}
