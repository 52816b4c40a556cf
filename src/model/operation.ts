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
   * and ITSTATE advance. "outside-it-block": ITSTATE advances it, but within an IT block it is CONSTRAINED UNPREDICTABLE.
   */
  readonly condition?: Condition;
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
  /** What an address that breaks `alignment` means: an alignment exception (without it), or CONSTRAINED UNPREDICTABLE. */
  readonly misaligned?: "unpredictable";
  /** Access with the rights of user mode (LDTR, LDRT): the host sees no difference. */
  readonly unprivileged?: true;
}

/** When an A32 or T32 instruction is executed; see `condition` of {@link Operation}. */
export type Condition = number | "it-state" | "outside-it-block";

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

/** A sum: base + index + bit string + displacement, cut to `width` bits, then the segment base added. */
export interface Address {
  /** Absent: no base. PROGRAM_COUNTER: the instruction's own address. */
  readonly base?: Register;
  /** The base is rounded down to a multiple of this first (T32 literals: Align(PC, 4); `displacement` of the PC is in `baseOffset`). */
  readonly baseAlignment?: number;
  /** The processor demands that the base is a multiple of this, or raises an exception of its own (SP on AArch64: 16). */
  readonly baseMultiple?: number;
  /** Added to the base before it is aligned: 4 for the T32 program counter. */
  readonly baseOffset?: number;
  readonly index?: Index;
  /** Added as well: how far into a string of bits the register operand of BT reaches, in whole operands. */
  readonly bitString?: Index;
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

/** x86-64: the condition code (as in the low four bits of Jcc) that RFLAGS must meet (APX CFCMOVcc). */
export interface FlagsCondition {
  readonly condition: number;
}

interface Element {
  /** Index into `addresses`. */
  readonly address: number;
  /** Bytes from that address. */
  readonly offset: number;
  /** Bytes: one device access. */
  readonly size: 1 | 2 | 4 | 8;
  /** Performed only if any of these bits is set, or RFLAGS meets this condition; else it makes no access at all. */
  readonly when?: RegisterSlice | FlagsCondition;
  /** Bytes are in the opposite order of the machine's (MOVBE). */
  readonly reversed?: true;
  /**
   * Big-endian data: the bytes of each `unit` are swapped among themselves, where the access holds several elements. Without it
   * those of the whole access are.
   */
  readonly unit?: 1 | 2 | 4 | 8;
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

/**
 * Arithmetic between the reads and the writes. Computes are done in order. Inputs are cut to `width` bits.
 *
 * An operator has one result. Where the manual has two (products, quotient and remainder) they are the low and the high half of a
 * result of 2 × `width` bits: it goes to a temporary, and `copy` computes take its halves to their destinations. In the same way
 * `copy` puts register pairs (EDX:EAX) together in a temporary.
 */
export interface Compute {
  readonly operator: Operator;
  /** Operand width in bits. */
  readonly width: number;
  readonly inputs: readonly Source[];
  readonly to: readonly Destination[];
  /** The result also goes to this temporary, at bit `temporaryBit` (0 without it). */
  readonly temporary?: number;
  readonly temporaryBit?: number;
  /**
   * Done only if bit 0 of this is set; else no destination, temporary or flag changes (the accumulator of a CMPXCHG that
   * succeeds, BSF of zero, CCMP).
   */
  readonly when?: Source;
  /** The flags keep their values, whatever the operator does to them (APX NF). Not for operators that read them. */
  readonly flags?: "keep";
}

/** Operators that neither read nor write the flags register. */
export type PlainOperator =
  /** Its one input. */
  | "copy"
  | "add"
  /** first - second. */
  | "subtract"
  | "and"
  /** first AND NOT second. */
  | "and-not"
  | "or"
  | "exclusive-or"
  /** All bits inverted (x86-64 NOT). */
  | "not"
  | "signed-maximum"
  | "signed-minimum"
  | "unsigned-maximum"
  | "unsigned-minimum"
  /** Inputs: old, expected, replacement. Result: the replacement where old equals expected, else old. */
  | "compare-select"
  /** 1 where the two inputs differ, else 0. */
  | "not-equal"
  /** All ones where the two inputs are equal, else 0 (PCMPEQB). */
  | "equal-mask"
  /** All ones where the first input is greater than the second, both signed, else 0 (PCMPGTB). */
  | "greater-mask"
  /** Inputs: condition, value, otherwise. Result: the value if bit 0 of the condition is set (CMOVcc). */
  | "select"
  /** Unsigned product of the two inputs, 2 × `width` bits (MULX). */
  | "multiply"
  /** Inputs: value, count; the count is taken modulo `width` (SHLX, SHRX, SARX, RORX). */
  | "shift-left"
  | "shift-right"
  | "shift-right-arithmetic"
  | "rotate-right"
  /** PDEP and PEXT, SDM volume 2B. Inputs: source, mask. */
  | "deposit-bits"
  | "extract-bits"
  /** CRC32, SDM volume 2A: polynomial 11EDC6F41h. Inputs: the sum so far (32 bits whatever the width), `width` bits of data. */
  | "crc32c"
  /** LDMXCSR, SDM volume 2A: its one input of 32 bits; raises #GP if a bit that MXCSR reserves is set. */
  | "x86-mxcsr";

/**
 * Operators that read or write RFLAGS, each as its page of the SDM (volume 2) says; see `src/emulate/x86-operators.ts` for what
 * undefined flags get. They see the flags as the earlier computes of the operation left them.
 */
export const FLAGS_OPERATORS = [
  /** Two inputs: destination, source. CMP, SCAS and CMPS are SUB, TEST is AND, XADD is ADD, without or with other destinations. */
  "x86-add",
  "x86-adc",
  "x86-sub",
  "x86-sbb",
  "x86-and",
  "x86-or",
  "x86-xor",
  /** As x86-adc with CF or OF alone as carry in and out. */
  "x86-adcx",
  "x86-adox",
  /** One input. */
  "x86-inc",
  "x86-dec",
  "x86-neg",
  /** Inputs: value, count. The count is masked to 5 bits, 6 where `width` is 64. A masked count of 0 leaves the flags alone. */
  "x86-shl",
  "x86-shr",
  "x86-sar",
  "x86-rol",
  "x86-ror",
  "x86-rcl",
  "x86-rcr",
  /** Inputs: value, bits that are shifted in, count. */
  "x86-shld",
  "x86-shrd",
  /** Two inputs, result of 2 × `width` bits. The two- and three-operand IMUL take its low half. */
  "x86-mul",
  "x86-imul",
  /** Inputs: high and low half of the dividend, divisor. Result of 2 × `width` bits: remainder : quotient. Raises #DE. */
  "x86-div",
  "x86-idiv",
  /** Inputs: bit base, bit offset (taken modulo `width`). Result: the base with the bit unchanged, set, reset or complemented. */
  "x86-bt",
  "x86-bts",
  "x86-btr",
  "x86-btc",
  /** One input. BSF and BSR of zero leave their destination alone: `when` with not-equal. */
  "x86-bsf",
  "x86-bsr",
  "x86-lzcnt",
  "x86-tzcnt",
  "x86-popcnt",
  /** ANDN: NOT first AND second. */
  "x86-andn",
  /** Inputs: source, control (start in bits 7:0, length in bits 15:8). */
  "x86-bextr",
  /** Inputs: source, index in bits 7:0. */
  "x86-bzhi",
  /** One input. */
  "x86-blsi",
  "x86-blsmsk",
  "x86-blsr",
  /** CMPXCHG8B and CMPXCHG16B: ZF is set if the two inputs are equal, else cleared; no other flag changes. Result: the first input. */
  "x86-compare-zero",
  /** Input: condition code as in the low four bits of Jcc (SDM volume 1, appendix B). Result 1 if RFLAGS meets it, else 0. */
  "x86-condition",
  /** APX CCMP and CTEST, the flags of a false source condition. Input: bits OF, SF, ZF, CF from bit 3 down; PF gets CF, AF gets 0. */
  "x86-default-flags",
] as const;

export type FlagsOperator = (typeof FLAGS_OPERATORS)[number];

/** What a {@link Compute} does. Prefix `x86-`: as that architecture's manual says, its flags among it. */
export type Operator = PlainOperator | FlagsOperator;

/** x86-64 REP prefixes. */
export interface Repeat {
  /** RCX or ECX: counted down by one an iteration; zero means no iteration. */
  readonly counter: Destination;
  /** Ends as well when ZF is not this (REPE: 1, REPNE: 0). */
  readonly whileZero?: 0 | 1;
}
