import type { Destination, Source } from "../../model/operation.ts";
import { type Register, ZERO_REGISTER } from "../../model/registers.ts";
import { GENERAL_REGISTERS, K0, ZMM0 } from "./registers.ts";

/** Registers that instructions number in the same way. */
export type RegisterFile = "general" | "vector" | "mask" | "mmx" | "x87" | "segment" | "control" | "debug" | "bound" | "tile";

/** A register as an operand: the same object wherever an instruction names it. */
export interface RegisterOperand {
  readonly kind: "register";
  readonly file: RegisterFile;
  /** Number within its file. */
  readonly number: number;
  /** Index in the register set; undefined for the files that a trace does not hold (MMX, x87, segment, control, debug, bounds, tiles). */
  readonly register: Register | undefined;
  /** Lowest bit: 8 for AH, CH, DH and BH. */
  readonly bit: number;
  readonly width: number;
  /** Its value. Of a register that a trace does not hold it is never used: instructions that name one are refused. */
  readonly source: Source & { readonly kind: "register" };
  /** It alone gets a value of its width, see {@link generalDestination}. */
  readonly destinations: readonly [Destination];
}

/** Registers of each file; instructions that name a higher number are undefined. */
const FILE_SIZES: Readonly<Record<RegisterFile, number>> = {
  general: GENERAL_REGISTERS,
  vector: 32,
  mask: 8,
  mmx: 8,
  x87: 8,
  segment: 6,
  control: 16,
  debug: 8,
  bound: 4,
  tile: 8,
};

/** Numbers that fields can hold. */
const NUMBERS = 32;

/**
 * Where a value of `width` bits goes in a general register: 32 bits clear the upper half, 8 and 16 keep the rest (SDM volume 1,
 * section 3.4.1.1). `whole`: 8 and 16 clear the rest as well (APX new data destinations).
 */
export function generalDestination(register: Register, width: number, bit = 0, whole = false): Destination {
  const end = bit + width;
  return { register, bit, width, extension: "zero", extendTo: end, clearTo: whole || width === 32 ? 64 : end };
}

function registerOperand(file: RegisterFile, number: number, width: number, high = false): RegisterOperand {
  const first = file === "general" ? 0 : file === "vector" ? ZMM0 : file === "mask" ? K0 : undefined;
  const register = first === undefined ? undefined : high ? number - 4 : first + number;
  const bit = high ? 8 : 0;
  const slice = { register: register ?? ZERO_REGISTER, bit, width };
  return {
    kind: "register",
    file,
    number,
    register,
    bit,
    width,
    source: { kind: "register", ...slice },
    destinations: [generalDestination(slice.register, width, bit)],
  };
}

const known = new Map<string, readonly (RegisterOperand | undefined)[]>();

/** The registers of a file in one width, by number. */
export function registerOperands(file: RegisterFile, width: number): readonly (RegisterOperand | undefined)[] {
  const key = `${file}, ${width}`;
  let operands = known.get(key);
  if (operands === undefined) {
    operands = Array.from({ length: NUMBERS }, (_, number) => (number < FILE_SIZES[file] ? registerOperand(file, number, width) : undefined));
    known.set(key, operands);
  }
  return operands;
}

/** AH, CH, DH and BH, by number: 4 to 7. */
export const HIGH_BYTES: readonly (RegisterOperand | undefined)[] = Array.from({ length: 8 }, (_, number) =>
  number < 4 ? undefined : registerOperand("general", number, 8, true),
);
