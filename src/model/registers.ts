import type { Architecture } from "./architecture.ts";
import { mask } from "./bits.ts";

/** A register's index in its architecture's {@link RegisterSet}, or one of the two pseudo-registers below. */
export type Register = number;

/** Reads as zero, discards what is written: XZR/WZR, RISC-V x0. */
export const ZERO_REGISTER: Register = -1;

/**
 * The program counter. As a base it is the instruction's own address: what an architecture adds to it (8 on A32, the
 * instruction's length on x86-64) stands in the displacement. As a destination it branches.
 */
export const PROGRAM_COUNTER: Register = -2;

/** One row of a {@link RegisterSet}. */
export interface RegisterDescription {
  /** Name in the trace format. */
  readonly name: string;
  /** Width in bits. */
  readonly width: number;
  /** General: the integer file. Vector: SIMD, floating point and mask files. System: flags, status and segment bases. */
  readonly file: "general" | "vector" | "system";
  /** Number within its file as instructions encode it; for `sp` on AArch64 31. */
  readonly number: number;
  /** Narrower names of the same register, widest last, e.g. xmm3 (128) and ymm3 (256) of zmm3. */
  readonly narrower?: readonly { readonly name: string; readonly width: number }[];
}

/** The registers of one architecture. The position of a description is the register's index everywhere else. */
export class RegisterSet {
  readonly architecture: Architecture;
  readonly descriptions: readonly RegisterDescription[];
  /** Number by which instructions name the zero register (31 on AArch64, 0 on RISC-V), if there is one. */
  readonly zeroNumber: number | undefined;
  readonly #byName = new Map<string, { readonly register: Register; readonly width: number }>();

  constructor(architecture: Architecture, descriptions: readonly RegisterDescription[], zeroNumber?: number) {
    this.zeroNumber = zeroNumber;
    this.architecture = architecture;
    this.descriptions = descriptions;
    descriptions.forEach((description, register) => {
      for (const { name, width } of [description, ...(description.narrower ?? [])]) {
        if (this.#byName.has(name)) throw new Error(`${architecture} has two registers named ${name}`);
        this.#byName.set(name, { register, width });
      }
    });
  }

  /** Index and width of the register that a trace calls `name`, or undefined. */
  find(name: string): { readonly register: Register; readonly width: number } | undefined {
    return this.#byName.get(name);
  }

  /** Index of a register that is known to exist. */
  index(name: string): Register {
    const found = this.#byName.get(name);
    if (found === undefined) throw new Error(`${this.architecture} has no register ${name}`);
    return found.register;
  }

  describe(register: Register): RegisterDescription {
    const description = this.descriptions[register];
    if (description === undefined) throw new Error(`${this.architecture} has no register ${register}`);
    return description;
  }

  /** Name of the register, in the narrowest form that holds `width` bits. */
  name(register: Register, width = Number.POSITIVE_INFINITY): string {
    if (register === ZERO_REGISTER) return "zero";
    if (register === PROGRAM_COUNTER) return "pc";
    const description = this.describe(register);
    return description.narrower?.find((each) => each.width >= width)?.name ?? description.name;
  }
}

/**
 * Register values as captured. It knows, for each register, how many low bits were captured: none, all, or (x86-64
 * vectors) as many as the trace's name for it holds. What was not captured can't be read.
 */
export class RegisterFile {
  readonly set: RegisterSet;
  /** Both arrays have holes where nothing was captured: a trace's fault names few of the registers of its set. */
  readonly #values: bigint[] = [];
  readonly #widths: number[] = [];

  constructor(set: RegisterSet) {
    this.set = set;
  }

  /** Records the low `width` bits of a register; all of it without `width`. */
  capture(register: Register, value: bigint, width = this.set.describe(register).width): void {
    this.#values[register] = BigInt.asUintN(width, value);
    this.#widths[register] = width;
  }

  /** Makes a register one that was not captured. */
  forget(register: Register): void {
    delete this.#values[register];
    delete this.#widths[register];
  }

  /** The same registers with the same values, to be changed apart from these. */
  copy(): RegisterFile {
    const copy = new RegisterFile(this.set);
    this.#widths.forEach((width, register) => {
      copy.#widths[register] = width;
      copy.#values[register] = this.#values[register]!;
    });
    return copy;
  }

  /** How many low bits of the register were captured; 0 if it was not. */
  capturedWidth(register: Register): number {
    return this.#widths[register] ?? 0;
  }

  /** The captured bits of a register, or undefined if none were. */
  get(register: Register): bigint | undefined {
    return this.capturedWidth(register) === 0 ? undefined : this.#values[register];
  }

  /** Value by the trace's name, for people and tests; undefined if not captured. */
  byName(name: string): bigint | undefined {
    const found = this.set.find(name);
    if (found === undefined || this.capturedWidth(found.register) < found.width) return undefined;
    return this.#values[found.register]! & mask(found.width);
  }

  /** Indices of the captured registers, ascending. */
  *captured(): Iterable<Register> {
    for (let register = 0; register < this.#widths.length; register++) {
      if (this.capturedWidth(register) !== 0) yield register;
    }
  }
}
