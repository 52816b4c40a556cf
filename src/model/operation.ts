import type { Register } from "./registers.ts";

/**
 * What an instruction does, free of its encoding: the only thing that passes from decoding to execution.
 *
 * An operation has three phases: it reads memory, computes, writes memory; then its register changes, updates of base
 * registers and the program counter are committed together. Every source is a register as it was BEFORE the
 * instruction, an immediate, or a temporary that an earlier phase filled. No instruction of the four architectures needs
 * another order: an exchange reads memory into a register and writes that register's old value.
 */
export interface Operation {
  /** Effective addresses, all computed from the registers as they were before the instruction. */
  readonly addresses: readonly Address[];
  /** Memory reads, in the order in which the machine makes them. */
  readonly reads: readonly Read[];
  readonly computes: readonly Compute[];
  /** Memory writes, in the order in which the machine makes them; all follow the reads. */
  readonly writes: readonly Write[];
  /** Writeback of base registers, and the steps of string and stack instructions. */
  readonly updates: readonly Update[];
  /**
   * A32 and T32: the condition field (0 EQ … 14 AL), or that ITSTATE decides. When it fails only the program counter
   * and ITSTATE advance.
   */
  readonly condition?: number | "it-state";
  /** Must not be torn: refused, or done as a plain read and write, by policy. */
  readonly atomic?: Atomic;
  /** The ordering that the instruction asks for, which a handler may have to pass on. */
  readonly ordering?: "acquire" | "release" | "acquire-release";
  /** Repeats the whole of it: x86-64 REP. */
  readonly repeat?: Repeat;
  /**
   * Elements whose `when` is false take no room in memory: the offset of an element is counted in elements performed
   * (EVEX compress and expand).
   */
  readonly packed?: true;
  /** The processor demands that addresses[0] is a multiple of this many bytes. */
  readonly alignment?: number;
  /** Access with the rights of user mode (LDTR, LDRT): the host sees no difference. */
  readonly unprivileged?: true;
}

/** Kinds of atomicity. `exclusive` is a load or store that uses a monitor or reservation. */
export type Atomic = "exclusive-load" | "exclusive-store" | "read-modify-write";

/** `width` bits of a register from bit `bit` up. AH is bits 15:8 of RAX, a vector lane its own slice. */
export interface RegisterSlice {
  readonly register: Register;
  readonly bit: number;
  readonly width: number;
}

/**
 * Where a value goes. The value fills `width` bits from `bit`; from there to bit `extendTo` (exclusive) it is extended; from
 * there to bit `clearTo` (exclusive) the register becomes zero; all other bits keep their value.
 *
 * Examples: LDRSB Wt {0, 8, sign, 32, 64}; MOVZX r16 {0, 8, zero, 16, 16}; FLW {0, 32, ones, 64, 64}.
 */
export interface Destination extends RegisterSlice {
  readonly extension: "zero" | "sign" | "ones";
  readonly extendTo: number;
  readonly clearTo: number;
}

/** Where a value comes from. A temporary may be cut: `bit` counts from its low end. */
export type Source =
  | ({ readonly kind: "register" } & RegisterSlice)
  | { readonly kind: "immediate"; readonly value: bigint }
  | { readonly kind: "temporary"; readonly index: number; readonly bit?: number };

/** A sum: base + index + displacement, cut to `width` bits, then the segment base added. */
export interface Address {
  /** Absent: no base. PROGRAM_COUNTER: the instruction's own address. */
  readonly base?: Register;
  /** The base is rounded down to a multiple of this first (T32 literals: Align(PC, 4); `displacement` of the PC is in `baseOffset`). */
  readonly baseAlignment?: number;
  /** Added to the base before it is aligned: 4 for the T32 program counter. */
  readonly baseOffset?: number;
  readonly index?: Index;
  readonly displacement: bigint;
  /** The displacement is negated while RFLAGS.DF is set (string instructions). */
  readonly directional?: true;
  /** FS or GS base. */
  readonly segment?: Register;
  /** Address size in bits. */
  readonly width: 64 | 32;
}

/** The index part of an address. */
export interface Index {
  readonly slice: RegisterSlice;
  /** The slice is sign-extended before it is shifted. */
  readonly signed: boolean;
  readonly shift: { readonly kind: "lsl" | "lsr" | "asr" | "ror" | "rrx"; readonly amount: number };
  /** Rounded down to a multiple of this many bytes after the shift (bit strings of BT). */
  readonly granule?: number;
  /** Subtracted instead of added. */
  readonly negative?: true;
}

interface Element {
  /** Index into `addresses`. */
  readonly address: number;
  /** Bytes from that address. */
  readonly offset: number;
  /** Bytes: one device access. */
  readonly size: 1 | 2 | 4 | 8;
  /** Performed only if this one bit is set; a false bit makes no access at all. */
  readonly when?: RegisterSlice;
  /** Bytes are in the opposite order of the machine's (MOVBE). */
  readonly reversed?: true;
}

/** One memory read. */
export interface Read extends Element {
  readonly to: readonly Destination[];
  /** The value also goes to this temporary, at bit `temporaryBit` (wide operands are read in pieces). */
  readonly temporary?: number;
  readonly temporaryBit?: number;
  /** What the destinations get when `when` is false: zero, or (without it) they keep their value. */
  readonly otherwise?: "zero";
}

/** One memory write. The source's low `size` bytes are written. */
export interface Write extends Element {
  readonly from: Source;
}

/** A base register's new value: an address expression, without its segment. */
export interface Update {
  readonly to: Destination;
  readonly value: Address;
}

/** Arithmetic between the reads and the writes. Flags are read from and written to the flags register by the operator. */
export interface Compute {
  readonly operator: Operator;
  /** Operand width in bits. */
  readonly width: number;
  readonly inputs: readonly Source[];
  readonly to: readonly Destination[];
  readonly temporary?: number;
}

/**
 * Operators. Those without a prefix touch no flags; `x86-` ones set RFLAGS as the SDM says. `copy` hands its one input on.
 */
export type Operator =
  | "copy"
  | "add"
  | "and-not"
  | "exclusive-or"
  | "or"
  | "and"
  | "signed-maximum"
  | "signed-minimum"
  | "unsigned-maximum"
  | "unsigned-minimum"
  /** Inputs: old, expected, replacement. Result: the replacement where old equals expected, else old. */
  | "compare-select";

/** x86-64 REP prefixes. */
export interface Repeat {
  /** RCX or ECX: counted down by one an iteration; zero means no iteration. */
  readonly counter: Destination;
  /** Ends as well when ZF is not this (REPE: 1, REPNE: 0). */
  readonly whileZero?: 0 | 1;
}
