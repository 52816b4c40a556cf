import type { Call } from "../model/access.ts";
import type { Architecture } from "../model/architecture.ts";
import { hexadecimal, mask, truncate } from "../model/bits.ts";
import type { Fault } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Address, Destination, Operation, Source } from "../model/operation.ts";
import type { Emulated } from "../model/outcome.ts";
import { Refusal, type RefusalReason } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, ZERO_REGISTER } from "../model/registers.ts";
import type { Difference } from "../replay/differences.ts";
import type { EmulatedAnswer } from "../trace/outcome-lines.ts";

/** A rule of the manuals that an answer breaks. */
export interface Rule {
  /** Name for reports that programs read. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly text: string;
  /** Where the manuals say so. */
  readonly source: string;
}

/** An answer that is not ours, to both of which the instruction was emulated. */
export interface Mistake {
  readonly architecture: Architecture;
  readonly fault: Fault;
  readonly instruction: Instruction;
  readonly ours: Emulated;
  readonly answer: EmulatedAnswer;
  /** At least one. */
  readonly differences: readonly Difference[];
}

/** All that the rows below look at. */
interface Evidence extends Mistake {
  readonly operation: Operation;
  readonly accesses: { readonly expected: readonly Call[]; readonly actual: readonly Call[] } | undefined;
  readonly registers: readonly RegisterEvidence[];
  readonly pc: { readonly expected: bigint; readonly actual: bigint } | undefined;
  readonly memory: boolean;
}

/** A register that differs, in bits that both sides know. */
interface RegisterEvidence {
  readonly register: Register;
  /** Name of its register file. */
  readonly file: "general" | "vector" | "system";
  readonly expected: bigint;
  readonly actual: bigint;
  /** Undefined: not captured. */
  readonly before: bigint | undefined;
  readonly different: bigint;
  /** What the instruction writes to it, in order. */
  readonly destinations: readonly Destination[];
  /** It is the new value of a base, index or count register. */
  readonly update: boolean;
}

interface Row {
  readonly id: string;
  readonly text: string;
  readonly sources: Readonly<Partial<Record<Architecture, string>>>;
  /** Whether the evidence looks like a breach of this rule. */
  applies(evidence: Evidence): boolean;
}

const CONTRACT_CUT = "the trace contract, sections 1 and 4 (how accesses are cut)";

/** The rules, the most particular first: the first that applies names a mistake. */
const ROWS: readonly Row[] = [
  {
    id: "zero-register-load",
    text: "a load to the zero register reads the device all the same, and changes no register",
    sources: { aarch64: "DDI 0487 C1.2.5 and C6.2 (LDR): the access is made, X[31] discards the value", riscv64: "Unprivileged ISA 2.6: a load to x0 must still raise exceptions and cause any side effects" },
    applies: ({ operation, accesses, registers }) =>
      operation.reads.some(({ to }) => to.some(({ register }) => register === ZERO_REGISTER)) &&
      ((accesses !== undefined && reads(accesses.actual) < reads(accesses.expected)) || registers.some(({ destinations, update }) => destinations.length === 0 && !update)),
  },
  {
    id: "failed-condition",
    text: "an instruction whose condition fails makes no access and changes nothing but the program counter and ITSTATE",
    sources: { arm: "DDI 0487 F1.3.1, ConditionHolds()" },
    applies: ({ ours, operation, architecture }) => architecture === "arm" && operation.condition !== undefined && ours.calls.length === 0,
  },
  {
    id: "all-accesses",
    text: "each access is made, in the number and sizes that the instruction has: a pair one a register, 16 bytes as 8 + 8, a read-modify-write as a read and a write",
    sources: {
      aarch64: `DDI 0487 B2.2.1 (single-copy atomicity of pairs and vectors); ${CONTRACT_CUT}`,
      arm: `DDI 0487 E2.2.1 (LDM, STM, LDRD, STRD are words); ${CONTRACT_CUT}`,
      riscv64: CONTRACT_CUT,
      "x86-64": `SDM volume 2, the instruction's Operation (CMPXCHG always writes, a false CMOV reads); ${CONTRACT_CUT}`,
    },
    applies: ({ accesses }) => accesses !== undefined && (accesses.expected.length !== accesses.actual.length || !samePlaces(accesses, ({ size }) => size)),
  },
  {
    id: "access-direction",
    text: "reads come before writes, and each access has the direction that the instruction gives it",
    sources: { "x86-64": "SDM volume 2, the instruction's Operation (CMPS reads [rsi] first)", aarch64: "DDI 0487 C6.2", arm: "DDI 0487 F5.1", riscv64: "Unprivileged ISA 2.6" },
    applies: ({ accesses }) => accesses !== undefined && (!samePlaces(accesses, ({ write }) => (write ? 1 : 0)) || isReordered(accesses)),
  },
  {
    id: "consecutive-addresses",
    text: "the second register of a pair or list goes to the next address, base + size, and not to the base again",
    sources: {
      aarch64: "DDI 0487 C6.2 (LDP, STP: Mem[address + dbytes])",
      arm: "DDI 0487 F5.1 (LDM, STM, LDRD, STRD)",
      "x86-64": "SDM volume 1, 4.1: an operand lies at ascending addresses",
      riscv64: "Unprivileged ISA 2.6",
    },
    applies: ({ accesses }) =>
      accesses !== undefined && accesses.expected.length > 1 && accesses.actual[0]!.gpa === accesses.expected[0]!.gpa && !samePlaces(accesses, ({ gpa }) => gpa),
  },
  {
    id: "post-index-address",
    text: "a post-indexed access uses the base as it was; the offset is added afterwards",
    sources: { aarch64: "DDI 0487 C1.3.3 (post-indexed)", arm: "DDI 0487 F2.6 (post-indexed addressing)", "x86-64": "SDM volume 1, 7.3.9: string instructions step after the access" },
    applies: (evidence) => displacedBy(evidence, (distance, { operation }) => operation.updates.some(({ value }) => value.displacement === distance && value.displacement !== 0n) && firstAddress(operation)?.displacement === 0n),
  },
  {
    id: "pre-index-address",
    text: "a pre-indexed access uses base + offset",
    sources: { aarch64: "DDI 0487 C1.3.3 (pre-indexed)", arm: "DDI 0487 F2.6 (pre-indexed addressing)", "x86-64": "SDM volume 2 (PUSH: RSP is decremented, then the operand is stored)" },
    applies: (evidence) => displacedBy(evidence, (distance, { operation }) => operation.updates.length > 0 && firstAddress(operation)?.displacement === -distance && distance !== 0n),
  },
  {
    id: "rip-relative",
    text: "a RIP-relative address counts from the end of the instruction, immediate included",
    sources: { "x86-64": "SDM volume 2, 2.2.1.6" },
    applies: (evidence) => evidence.architecture === "x86-64" && displacedBy(evidence, (_, { operation }) => firstAddress(operation)?.base === PROGRAM_COUNTER),
  },
  {
    id: "literal-address",
    text: "a literal's address counts from the program counter: the instruction's own address on A64, Align(PC + 8, 4) on A32, Align(PC + 4, 4) on T32",
    sources: { aarch64: "DDI 0487 C1.3.3 (literal)", arm: "DDI 0487 F2.6 (PC-relative) and E1.2.3" },
    applies: (evidence) => displacedBy(evidence, (_, { operation }) => firstAddress(operation)?.base === PROGRAM_COUNTER),
  },
  {
    id: "segment-base",
    text: "FS and GS add their base in 64-bit mode, and no other segment does",
    sources: { "x86-64": "SDM volume 1, 3.4.2.1 and volume 3A, 3.2.4" },
    applies: (evidence) =>
      evidence.architecture === "x86-64" &&
      displacedBy(evidence, (distance, { fault, operation }) => {
        const { segment } = firstAddress(operation) ?? {};
        const names = segment === undefined ? ["fs_base", "gs_base"] : [fault.registers.set.name(segment)];
        return names.some((name) => [distance, -distance].includes(BigInt.asIntN(64, fault.registers.byName(name) ?? 0n)) && distance !== 0n);
      }),
  },
  {
    id: "address-size",
    text: "with the 0x67 prefix the address is computed in 32 bits",
    sources: { "x86-64": "SDM volume 1, 3.6.1" },
    applies: (evidence) => evidence.architecture === "x86-64" && displacedBy(evidence, (_, { operation }) => firstAddress(operation)?.width === 32),
  },
  {
    id: "stack-pointer-base",
    text: "register 31 as a base is SP, not the zero register",
    sources: { aarch64: "DDI 0487 C1.2.5" },
    applies: (evidence) =>
      evidence.architecture === "aarch64" &&
      displacedBy(evidence, (distance, { operation, fault }) => firstAddress(operation)?.base === fault.registers.set.index("sp") && BigInt.asUintN(64, -distance) === fault.registers.byName("sp")),
  },
  {
    id: "index-extension",
    text: "the index register is taken in its width, sign- or zero-extended as the encoding says, and then scaled",
    sources: { aarch64: "DDI 0487 C1.3.3 and ExtendReg()", arm: "DDI 0487 F2.6 and Shift()", "x86-64": "SDM volume 2, 2.1.5 (SIB)" },
    applies: (evidence) => displacedBy(evidence, (_, { operation }) => firstAddress(operation)?.index !== undefined),
  },
  {
    id: "bit-string",
    text: "BT, BTS, BTR and BTC with a register move the address by the signed bit index",
    sources: { "x86-64": "SDM volume 2, 3.1.1.9 (Bit(BitBase, BitOffset)) and BT" },
    applies: (evidence) => displacedBy(evidence, (_, { operation }) => firstAddress(operation)?.bitString !== undefined),
  },
  {
    id: "offset-sign",
    text: "the offset is a signed number",
    sources: { aarch64: "DDI 0487 C6.2 (imm7 and imm9: SignExtend)", arm: "DDI 0487 F5.1 (bit U)", "x86-64": "SDM volume 2, table 2-2 (displacements are sign-extended)", riscv64: "Unprivileged ISA 2.6 (sign-extended 12-bit offset)" },
    applies: (evidence) => displacedBy(evidence, (distance, { operation }) => (firstAddress(operation)?.displacement ?? 0n) < 0n && distance > 0n),
  },
  {
    id: "offset-scale",
    text: "the offset is scaled by the size of the access, where the encoding says so",
    sources: { aarch64: "DDI 0487 C6.2 (LDP: imm7 × size; STGP: × 16; LDR: imm12 × size)", arm: "DDI 0487 F5.1", riscv64: "Unprivileged ISA, C extension (scaled offsets)", "x86-64": "SDM volume 2, 2.7.5 (disp8*N)" },
    applies: (evidence) => displacedBy(evidence, (_, { operation }) => (firstAddress(operation)?.displacement ?? 0n) !== 0n),
  },
  {
    id: "address",
    text: "the address is the sum that the encoding says, of registers as they were before the instruction",
    sources: { aarch64: "DDI 0487 C1.3.3", arm: "DDI 0487 F2.6", riscv64: "Unprivileged ISA 2.6", "x86-64": "SDM volume 1, 3.7.5" },
    applies: ({ accesses }) => accesses !== undefined && !samePlaces(accesses, ({ gpa }) => gpa),
  },
  {
    id: "store-width",
    text: "only the bytes of the access leave the guest: the rest of a wide register is none of the host's business",
    sources: {
      aarch64: "DDI 0487 C6.2 (STR: X[t]<datasize-1:0>)",
      arm: "DDI 0487 F5.1",
      riscv64: "Unprivileged ISA 2.6 (the low bits of rs2)",
      "x86-64": "SDM volume 1, 3.4.1; Linux b6fb565a2d15 and 0f63e656b1c6 leaked the rest",
    },
    applies: ({ accesses }) => accesses?.actual.some(({ write, size, value }) => write && value !== truncate(value, 8 * size)) === true,
  },
  {
    id: "byte-registers",
    text: "without REX the byte registers 4 to 7 are AH, CH, DH and BH, with REX they are SPL, BPL, SIL and DIL",
    sources: { "x86-64": "SDM volume 1, 3.4.1.1 and volume 2, table 3-1" },
    applies: ({ architecture, operation, instruction, accesses, registers }) =>
      architecture === "x86-64" &&
      (accesses !== undefined || registers.length > 0) &&
      instruction.sizes.every((size) => size === 1) &&
      [...operation.reads.flatMap(({ to }) => to), ...operation.writes.map(({ from }) => from), ...operation.computes.flatMap(({ to, inputs }) => [...to, ...inputs])].some(isByteFour),
  },
  {
    id: "zero-register-store",
    text: "register 31 as data is the zero register, not SP",
    sources: { aarch64: "DDI 0487 C1.2.5", riscv64: "Unprivileged ISA 2.1 (x0)" },
    applies: ({ accesses, operation }) => accesses !== undefined && operation.writes.some(({ from }) => from.kind === "register" && from.register === ZERO_REGISTER),
  },
  {
    id: "stored-immediate",
    text: "an immediate is sign-extended to the operand's size (C7 with REX.W: from 4 bytes)",
    sources: { "x86-64": "SDM volume 2, 2.2.1.5 (immediates) and MOV" },
    applies: ({ accesses, operation }) => accesses !== undefined && operation.writes.some(({ from }) => from.kind === "immediate"),
  },
  {
    id: "byte-order",
    text: "data has the byte order that CPSR.E (or MOVBE) says, element by element",
    sources: { arm: "DDI 0487 part E2, Endian support, and BigEndianReverse()", "x86-64": "SDM volume 2 (MOVBE)" },
    applies: ({ accesses, architecture, fault, operation }) =>
      accesses !== undefined && (architecture === "arm" ? ((fault.registers.byName("cpsr") ?? 0n) & (1n << 9n)) !== 0n : [...operation.reads, ...operation.writes].some(({ reversed }) => reversed === true)),
  },
  {
    id: "stored-value",
    text: "a store writes its register as it was before the instruction, a read-modify-write what its operation makes of the value read",
    sources: { aarch64: "DDI 0487 C6.2", arm: "DDI 0487 F5.1", riscv64: "Unprivileged ISA 2.6", "x86-64": "SDM volume 2, the instruction's Operation" },
    applies: ({ accesses }) => accesses !== undefined,
  },
  {
    id: "answer-width",
    text: "of what the device answers only the bytes of the access count, whatever else the host sends",
    sources: {
      aarch64: "DDI 0487 C6.2 (LDR: Mem[address, datasize DIV 8]); Linux 1fe104b048d7",
      arm: "DDI 0487 F5.1",
      riscv64: "Unprivileged ISA 2.6",
      "x86-64": "the trace contract, section 1 (reads); Linux 1fe104b048d7, 941370fc93cc",
    },
    applies: ({ registers, fault, operation }) =>
      fault.reads.some((value, at) => {
        const size = operation.reads[at]?.size ?? 8;
        return value !== truncate(value, 8 * size) && registers.some(({ different, actual }) => {
          return truncate(different, 8 * size) === 0n && truncate(actual ^ value, size < 4 ? 32 : 64) === 0n;
        });
      }),
  },
  {
    id: "upper-half-cleared",
    text: "a result of 32 bits clears bits 63:32 of its register",
    sources: { aarch64: "DDI 0487 C1.2.5 (writing Wn zeroes the upper half)", "x86-64": "SDM volume 1, 3.4.1.1" },
    applies: ({ registers, architecture }) =>
      (architecture === "aarch64" || architecture === "x86-64") &&
      registers.some(({ file, expected, actual, before, different, destinations, update }) =>
        file === "general" && !update && destinations.length > 0 && truncate(different, 32) === 0n && expected >> 32n === 0n && (before === undefined || actual >> 32n === before >> 32n)),
  },
  {
    id: "sign-extension-width",
    text: "a signed load to a 32-bit register sign-extends to 32 bits and clears bits 63:32",
    sources: { aarch64: "DDI 0487 C6.2 (LDRSB, LDRSH: SignExtend(data, regsize)) and C1.2.5", "x86-64": "SDM volume 2 (MOVSX) and volume 1, 3.4.1.1" },
    applies: ({ registers }) => registers.some(({ file, expected, actual, different }) => file === "general" && truncate(different, 32) === 0n && expected >> 32n === 0n && actual >> 32n === mask(32)),
  },
  {
    id: "sign-extension",
    text: "a signed load is extended from the width of its access, by the sign bit of what was read",
    sources: { aarch64: "DDI 0487 C6.2 (LDRSB, LDRSH, LDRSW, LDPSW)", arm: "DDI 0487 F5.1 (LDRSB, LDRSH)", riscv64: "Unprivileged ISA 2.6 (LB, LH, LW)", "x86-64": "SDM volume 2 (MOVSX, MOVSXD)" },
    applies: ({ registers }) =>
      registers.some(({ actual, expected, destinations }) =>
        destinations.some(({ extension, width, bit, extendTo }) => extension === "sign" && extendTo > bit + width && truncate(expected, bit + width) === truncate(actual, bit + width))),
  },
  {
    id: "zero-extension",
    text: "an unsigned load is extended with zeros",
    sources: { aarch64: "DDI 0487 C6.2 (LDRB, LDRH: ZeroExtend)", arm: "DDI 0487 F5.1", riscv64: "Unprivileged ISA 2.6 (LBU, LHU, LWU)", "x86-64": "SDM volume 2 (MOVZX)" },
    applies: ({ registers }) =>
      registers.some(({ file, actual, expected, destinations }) =>
        file === "general" && destinations.some(({ extension, width, bit, extendTo, clearTo }) => extension === "zero" && Math.max(extendTo, clearTo) > bit + width && truncate(expected, bit + width) === truncate(actual, bit + width))),
  },
  {
    id: "nan-boxing",
    text: "a floating-point value narrower than its register is NaN-boxed: all bits above it are ones",
    sources: { riscv64: "Unprivileged ISA, D extension, NaN Boxing of Narrower Values" },
    applies: ({ registers }) => registers.some(({ destinations }) => destinations.some(({ extension }) => extension === "ones")),
  },
  {
    id: "vector-upper-part",
    text: "what a load does with the rest of a vector register is the encoding's: A64 scalar and VEX loads clear it, legacy SSE and single lanes keep it",
    sources: { aarch64: "DDI 0487 C1.2.6 and C7.2", arm: "DDI 0487 F6.1", "x86-64": "SDM volume 2, the instruction's Operation (VEX and EVEX zero the rest, legacy SSE leaves it unmodified)" },
    applies: ({ registers }) => registers.some(({ file, different, destinations }) =>
      file === "vector" && destinations.length > 0 && destinations.every(({ bit, width }) => ((different >> BigInt(bit)) & mask(width)) === 0n)),
  },
  {
    id: "kept-bits",
    text: "a result of 8 or 16 bits keeps all other bits of its register",
    sources: { "x86-64": "SDM volume 1, 3.4.1.1" },
    applies: ({ registers, architecture }) =>
      architecture === "x86-64" && registers.some(({ different, destinations }) => destinations.some(({ bit, width }) => width <= 16 && ((different >> BigInt(bit)) & mask(width)) === 0n)),
  },
  {
    id: "writeback",
    text: "the base, index and count registers get their new values, and an instruction without writeback leaves its base alone",
    sources: {
      aarch64: "DDI 0487 C1.3.3 (writeback) and C6.2",
      arm: "DDI 0487 F2.6 and F5.1",
      "x86-64": "SDM volume 1, 7.3.9 (string operations) and 6.2 (stacks)",
      riscv64: "Unprivileged ISA 2.6",
    },
    applies: ({ registers, operation }) =>
      registers.some(({ register, update, destinations }) => update || (destinations.length === 0 && operation.addresses.some(({ base, index }) => base === register || index?.slice.register === register))),
  },
  {
    id: "flags",
    text: "the flags that the instruction defines get its values, and all others keep theirs",
    sources: { "x86-64": "SDM volume 2, the instruction's Flags Affected; volume 1, appendix A", aarch64: "DDI 0487 C5.2.19: BTYPE and SS are cleared", arm: "DDI 0487 F1.3.4, ITAdvance()" },
    applies: ({ registers }) => registers.some(({ file }) => file === "system"),
  },
  {
    id: "bystanders",
    text: "a register that the instruction does not name keeps its value",
    sources: { aarch64: "DDI 0487 C6.2", arm: "DDI 0487 F5.1", riscv64: "Unprivileged ISA 2.6", "x86-64": "SDM volume 2" },
    applies: ({ registers }) => registers.some(({ destinations, update }) => destinations.length === 0 && !update),
  },
  {
    id: "destination",
    text: "each destination gets what was read or computed, in its bits",
    sources: { aarch64: "DDI 0487 C6.2 and C7.2", arm: "DDI 0487 F5.1 and F6.1", riscv64: "Unprivileged ISA 2.6", "x86-64": "SDM volume 2, the instruction's Operation" },
    applies: ({ registers }) => registers.length > 0,
  },
  {
    id: "memory",
    text: "ordinary RAM that the instruction writes gets its values, at addresses of the registers as the manual says (POP: of the incremented RSP)",
    sources: { "x86-64": "SDM volume 2 (POP, PUSH, MOVS)", aarch64: CONTRACT_CUT, arm: CONTRACT_CUT, riscv64: CONTRACT_CUT },
    applies: ({ memory }) => memory,
  },
  {
    id: "program-counter",
    text: "the program counter moves on by the instruction's length: 4 bytes on A64 and A32, 2 or 4 on T32 and RISC-V, up to 15 on x86-64; a REP stopped short stays; a load to it branches",
    sources: { aarch64: "DDI 0487 C1.2.5", arm: "DDI 0487 F2.5 (BXWritePC) and E1.2.3", riscv64: "Unprivileged ISA 1.5", "x86-64": "SDM volume 1, 3.5 and volume 2, 2.1" },
    applies: ({ pc }) => pc !== undefined,
  },
];

/** What each reason for a refusal demands: a program that emulates such a fault breaks the rule. */
const REFUSAL_RULES: Readonly<Record<RefusalReason, { readonly text: string; readonly source: string }>> = {
  "truncated-instruction": { text: "an instruction of which bytes are missing is not guessed", source: "SDM volume 2, 2.1 (instruction format); the trace contract, section 2" },
  "undefined-instruction": { text: "bytes that are no instruction are not emulated: processors raise an exception", source: "DDI 0487 C4.1 and F3.1, F4.1 (UNALLOCATED is UNDEFINED); SDM volume 3A (#UD); Unprivileged ISA 1.5" },
  "not-memory-access": { text: "an instruction that accesses no memory can't have faulted on a device", source: "the trace contract, section 2" },
  "unsupported-instruction": { text: "a memory access that can't be emulated exactly is refused", source: "the trace contract, section 2" },
  unpredictable: { text: "CONSTRAINED UNPREDICTABLE operands (writeback into a transferred register, a pair load into one register twice) are refused", source: "DDI 0487 C6.2 and F5.1, the instruction's pseudocode; K1.1 and K1.2 (CONSTRAINED UNPREDICTABLE behaviors)" },
  atomic: { text: "an atomic access can't be torn into a read and a write unless the policy says so", source: "DDI 0487 B2.2.1; SDM volume 3A, Locked Atomic Operations; Unprivileged ISA, A extension" },
  "missing-register": { text: "an instruction that needs a register which was not captured is refused, never run with zero", source: "the trace contract, section 1 (regs)" },
  "missing-memory": { text: "RAM that was not captured is not guessed", source: "the trace contract, section 1 (memory)" },
  "missing-read": { text: "a device value that is not there is not made up", source: "the trace contract, section 1 (reads)" },
  "page-crossing": { text: "one access that straddles two pages is refused: the second page may be anything", source: "the trace contract, section 1; Linux 1e7769653b06" },
  "address-mismatch": { text: "the address computed from the registers must be the address that faulted", source: "the trace contract, section 2; edk2 #9259" },
  "direction-mismatch": { text: "the fault's direction must be the instruction's", source: "the trace contract, section 2; SDM volume 3C, exit qualification of EPT violations; DDI 0487 ESR_ELx.WnR" },
  "user-mode": { text: "faults of user mode, and of the kernel at user addresses, are refused unless the policy allows them", source: "CVE-2023-46813; Linux a37cd2a59d0c, 63e44bc52047, d4fc4d014715" },
  "private-address": { text: "a physical address without the shared bit is the guest's private memory", source: "Intel TDX GHCI, TDG.VP.VMCALL<#VE.RequestMMIO>" },
  "not-a-data-abort": { text: "a fault that the syndrome or exit reason says is something else is not a device access", source: "DDI 0487 D24.2.40 (ESR_ELx); Intel TDX module, VE_INFO" },
  "hypercall-failed": { text: "an access that the host refused leaves everything unchanged", source: "the trace contract, section 2" },
};

/** The rule by which a fault had to be refused for this reason. */
export function refusalRule(reason: RefusalReason): Rule {
  return { id: `refuse-${reason}`, ...REFUSAL_RULES[reason] };
}

/** The rule that a wrong answer breaks. */
export function brokenRule(mistake: Mistake): Rule {
  const evidence = gather(mistake);
  const row = ROWS.find(({ applies }) => applies(evidence));
  if (row === undefined) throw new Error(`no rule for the differences of ${mistake.instruction.form}`);
  return { id: row.id, text: row.text, source: row.sources[mistake.architecture] ?? CONTRACT_CUT };
}

/** Identifiers of all rules that a wrong answer can break. */
export const RULE_IDS: readonly string[] = [...ROWS.map(({ id }) => id), ...Object.keys(REFUSAL_RULES).map((reason) => `refuse-${reason}`)];

function gather(mistake: Mistake): Evidence {
  const { instruction, differences, fault } = mistake;
  const { operation } = instruction;
  if (operation instanceof Refusal) throw new Error(`${instruction.form} is refused and can't differ`);
  const written = [...operation.reads.flatMap(({ to }) => to), ...operation.computes.flatMap(({ to }) => to)];
  const updated = [...operation.updates.map(({ to }) => to.register), ...(operation.repeat === undefined ? [] : [operation.repeat.counter.register])];
  const registers: RegisterEvidence[] = [];
  for (const difference of differences) {
    if (difference.kind !== "register") continue;
    const { register, expected, actual } = difference;
    const compared = mask(Math.min(expected?.width ?? 512, actual?.width ?? 512));
    registers.push({
      register,
      file: fault.registers.set.describe(register).file,
      expected: expected?.value ?? 0n,
      actual: actual?.value ?? 0n,
      before: fault.registers.get(register),
      different: ((expected?.value ?? 0n) ^ (actual?.value ?? 0n)) & compared,
      destinations: written.filter((to) => to.register === register),
      update: updated.includes(register),
    });
  }
  return {
    ...mistake,
    operation,
    accesses: differences.find(({ kind }) => kind === "accesses") as Evidence["accesses"],
    registers,
    pc: differences.find(({ kind }) => kind === "pc") as Evidence["pc"],
    memory: differences.some(({ kind }) => kind === "memory"),
  };
}

function reads(calls: readonly Call[]): number {
  return calls.filter(({ write }) => !write).length;
}

function samePlaces({ expected, actual }: NonNullable<Evidence["accesses"]>, of: (call: Call) => bigint | number): boolean {
  return expected.every((call, at) => actual[at] !== undefined && of(call) === of(actual[at]));
}

/** The same accesses in another order. */
function isReordered({ expected, actual }: NonNullable<Evidence["accesses"]>): boolean {
  const [ours, theirs] = [expected.map(placeOf), actual.map(placeOf)];
  return ours.join() !== theirs.join() && ours.toSorted().join() === theirs.toSorted().join();
}

function placeOf({ write, gpa, size }: Call): string {
  return `${write} ${hexadecimal(gpa)} ${size}`;
}

/** Whether the first access lies elsewhere, and `holds` for the distance from where it should be. */
function displacedBy(evidence: Evidence, holds: (distance: bigint, evidence: Evidence) => boolean): boolean {
  const expected = evidence.accesses?.expected[0];
  const actual = evidence.accesses?.actual[0];
  if (expected === undefined || actual === undefined || expected.gpa === actual.gpa) return false;
  return holds(BigInt.asIntN(64, actual.gpa - expected.gpa), evidence);
}

/** The address of the operation's first access. */
function firstAddress({ reads: first, writes, addresses }: Operation): Address | undefined {
  const element = first[0] ?? writes[0];
  return element === undefined ? undefined : addresses[element.address];
}

/** A byte operand that instructions encode as 4 to 7: AH to BH, or SPL to DIL. */
function isByteFour(operand: Destination | Source): boolean {
  if ("kind" in operand && operand.kind !== "register") return false;
  const { register, bit, width } = operand as Destination;
  return width === 8 && ((bit === 8 && register >= 0 && register < 4) || (bit === 0 && register >= 4 && register < 8));
}
