import { type RegisterDescription, RegisterSet } from "../../model/registers.ts";

const general = Array.from({ length: 31 }, (_, number): RegisterDescription => ({ name: `x${number}`, width: 64, file: "general", number }));
const vector = Array.from({ length: 32 }, (_, number): RegisterDescription => ({ name: `v${number}`, width: 128, file: "vector", number }));

/** x0–x30 are indices 0–30, sp 31, pstate 32, v0–v31 from 33. */
export const AARCH64_REGISTERS = new RegisterSet(
  "aarch64",
  [...general, { name: "sp", width: 64, file: "general", number: 31 }, { name: "pstate", width: 64, file: "system", number: 0 }, ...vector],
  31,
);

/** Index of the stack pointer. */
export const SP = 31;
/** Index of v0. */
export const V0 = 33;
