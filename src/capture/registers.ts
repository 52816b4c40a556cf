import type { Architecture } from "../model/architecture.ts";
import { mask } from "../model/bits.ts";
import { type Register, RegisterFile, type RegisterSet } from "../model/registers.ts";
import type { RegisterValues, Stub } from "./stub.ts";
import type { StubRegister, TargetDescription } from "./target-description.ts";

/** What one register of a stub is for us. */
type Meaning =
  | { readonly kind: "register"; readonly register: Register; /** Bit of the register at which the stub's value stands. */ readonly bit: number; readonly width: number }
  | { readonly kind: "program-counter" }
  /** Tells the processor's mode: see {@link Dialect}. */
  | { readonly kind: "mode" };

/** How the stubs of an architecture name its registers ("Debugging with GDB", appendix G.5), where the trace's names differ. */
interface Dialect {
  /** Values of `<architecture>`. */
  readonly names: RegExp;
  /** A feature that tells the architecture where there is no such element. */
  readonly feature: RegExp;
  readonly programCounter: string;
  /** A register of another name: the trace's name, and the bits that it holds. */
  rename(name: string): { readonly name: string; readonly bit?: number; readonly width?: number } | undefined;
  /** The register that tells user mode, and how. */
  readonly privilege: string;
  isUser(value: bigint): boolean;
  /** The register that tells that the processor executes another instruction set, and which. */
  readonly foreign?: { readonly register: string; readonly what: string; is(value: bigint): boolean };
}

const RISCV_NAMES = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", ...range("a", 0, 7), ...range("s", 2, 11), ...range("t", 3, 6)];
const RISCV_FLOAT_NAMES = [...range("ft", 0, 7), "fs0", "fs1", ...range("fa", 0, 7), ...range("fs", 2, 11), ...range("ft", 8, 11)];

function range(prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${prefix}${first + index}`);
}

const DIALECTS: Readonly<Record<Architecture, Dialect>> = {
  aarch64: {
    names: /^aarch64\b/,
    feature: /^org\.gnu\.gdb\.aarch64\.core$/,
    programCounter: "pc",
    rename(name) {
      if (name === "cpsr") return { name: "pstate" };
      const scalable = /^z(\d+)$/.exec(name)?.[1];
      return scalable === undefined ? undefined : { name: `v${scalable}`, width: 128 };
    },
    privilege: "cpsr",
    // PSTATE.M[3:2] is the exception level (DDI 0487 C5.2.19, SPSR_EL1).
    isUser: (pstate) => (pstate & 0b11111n) === 0n,
    foreign: { register: "cpsr", what: "the processor is in AArch32 state", is: (pstate) => (pstate & 0b10000n) !== 0n },
  },
  arm: {
    names: /^(?:arm|armv\w+|iwmmxt)$/,
    feature: /^org\.gnu\.gdb\.arm\.core$/,
    programCounter: "pc",
    rename: (name) => ({ name: ({ sp: "r13", lr: "r14" } as Record<string, string>)[name] ?? name }),
    privilege: "cpsr",
    // CPSR.M, DDI 0487 G8.2.33.
    isUser: (cpsr) => (cpsr & 0b11111n) === 0b10000n,
  },
  riscv64: {
    names: /^riscv:rv64$/,
    feature: /^org\.gnu\.gdb\.riscv\.cpu$/,
    programCounter: "pc",
    rename(name) {
      const integer = name === "fp" ? 8 : RISCV_NAMES.indexOf(name);
      const float = RISCV_FLOAT_NAMES.indexOf(name);
      return integer >= 0 ? { name: `x${integer}` } : float >= 0 ? { name: `f${float}` } : undefined;
    },
    privilege: "priv",
    isUser: (privilege) => privilege === 0n,
  },
  "x86-64": {
    names: /^i386:x86-64$/,
    feature: /^$/,
    programCounter: "rip",
    rename(name) {
      if (name === "eflags") return { name: "rflags" };
      const [, wide, number] = /^([yz])mm(\d+)h$/.exec(name) ?? [];
      return wide === undefined ? undefined : { name: `zmm${number}`, bit: wide === "y" ? 128 : 256, width: wide === "y" ? 128 : 256 };
    },
    privilege: "cs",
    // The two low bits of CS are the privilege level (SDM volume 3, 5.5).
    isUser: (selector) => (selector & 3n) === 3n,
    // EFER.LMA (SDM volume 3, 2.2.1). gdbserver, which does not have it, serves a program of its own architecture.
    foreign: { register: "efer", what: "the processor is not in 64-bit mode", is: (efer) => (efer & (1n << 10n)) === 0n },
  },
};

/** The architecture that a target description is of; undefined: none of ours. */
export function architectureOf({ architecture, features, registers }: TargetDescription): Architecture | undefined {
  const known = (Object.entries(DIALECTS) as [Architecture, Dialect][]).find(([, { names, feature }]) =>
    architecture === undefined ? features.some((each) => feature.test(each)) : names.test(architecture),
  )?.[0];
  // An Arm M-profile has xPSR in place of CPSR, and RV32 may not say more than "riscv".
  if (known === "arm" && !registers.some(({ name }) => name === "cpsr")) return undefined;
  if (known === "riscv64" && !registers.some(({ name, width }) => name === "pc" && width === 64)) return undefined;
  return known;
}

/** Registers and program counter of one thread at one moment. */
export interface State {
  readonly pc: bigint;
  /** The general and system registers, and those others that were asked for. */
  readonly registers: RegisterFile;
  /** Undefined: the stub does not tell. */
  readonly mode: "kernel" | "user" | undefined;
  /** Why the bytes at the program counter are of another instruction set than the architecture's own; undefined: they are not. */
  readonly foreign: string | undefined;
}

/** Reads the registers of the four architectures from a stub. */
export class RegisterReader {
  readonly #stub: Stub;
  readonly #set: RegisterSet;
  readonly #dialect: Dialect;
  readonly #meanings = new Map<StubRegister, Meaning>();
  /** Stub's registers that `g` does not hold and that every state needs. */
  #apart: StubRegister[] | undefined;

  constructor(stub: Stub, set: RegisterSet) {
    this.#stub = stub;
    this.#set = set;
    this.#dialect = DIALECTS[set.architecture];
    for (const each of stub.description.registers) {
      const meaning = this.#meaningOf(each);
      // The first of two counts: v0 is the low part of z0.
      if (meaning !== undefined) this.#meanings.set(each, meaning);
    }
  }

  /** The state of the selected thread. `wanted` are registers besides the general and the system ones. */
  async read(wanted: ReadonlySet<Register>): Promise<State> {
    const values = new Map(await this.#stub.registers());
    this.#apart ??= [...this.#meanings].filter(([each, meaning]) => !values.has(each) && this.#isAlwaysRead(meaning)).map(([each]) => each);
    for (const each of this.#apart) values.set(each, await this.#stub.register(each));
    for (const [each, meaning] of this.#meanings) {
      if (!values.has(each) && meaning.kind === "register" && wanted.has(meaning.register)) values.set(each, await this.#stub.register(each));
    }
    return this.#state(values, wanted);
  }

  #state(values: RegisterValues, wanted: ReadonlySet<Register>): State {
    const registers = new RegisterFile(this.#set);
    let pc: bigint | undefined;
    let mode: State["mode"];
    let foreign: string | undefined;
    for (const [each, meaning] of this.#meanings) {
      const value = values.get(each);
      if (value === undefined) continue;
      if (each.name === this.#dialect.privilege) mode = this.#dialect.isUser(value) ? "user" : "kernel";
      if (each.name === this.#dialect.foreign?.register && this.#dialect.foreign.is(value)) foreign = this.#dialect.foreign.what;
      switch (meaning.kind) {
        case "program-counter":
          pc = value;
          break;
        case "mode":
          break;
        case "register": {
          const { register, bit, width } = meaning;
          if (!this.#isAlwaysRead(meaning) && !wanted.has(register)) break;
          // A part whose lower part is not known can't be told apart from a whole.
          if (registers.capturedWidth(register) < bit) break;
          const lower = bit === 0 ? 0n : registers.get(register)!;
          if (registers.capturedWidth(register) < bit + width) registers.capture(register, lower | ((value & mask(width)) << BigInt(bit)), bit + width);
          break;
        }
        default:
          meaning satisfies never;
      }
    }
    if (pc === undefined) throw this.#stub.error("the stub does not tell the program counter");
    if (this.#set.architecture === "arm") registers.capture(this.#set.index("r15"), pc);
    return { pc, registers, mode, foreign };
  }

  #meaningOf({ name, width }: StubRegister): Meaning | undefined {
    if (name === this.#dialect.programCounter) return { kind: "program-counter" };
    const renamed = this.#dialect.rename(name) ?? { name };
    const found = this.#set.find(renamed.name);
    if (found === undefined) return name === this.#dialect.privilege || name === this.#dialect.foreign?.register ? { kind: "mode" } : undefined;
    const bit = renamed.bit ?? 0;
    const held = Math.min(renamed.width ?? width, width, found.width - bit);
    // rflags is 32 bits at a stub: the upper half is reserved, and reads as 0 (SDM volume 1, 3.4.3).
    return { kind: "register", register: found.register, bit, width: renamed.name === "rflags" ? found.width : held };
  }

  #isAlwaysRead(meaning: Meaning): boolean {
    if (meaning.kind !== "register") return true;
    const { file, name } = this.#set.describe(meaning.register);
    return file === "general" || (file === "system" && name !== "mxcsr");
  }
}
