import type { Meaning } from "./meaning.ts";
import type { RegisterFile, RegisterOperand } from "./register-operands.ts";

/**
 * One line, or several alike, of the opcode tables of the SDM (volume 2, section 3.1.1 "Instruction Format" says how they read):
 *
 *   ["o16|32|64 01 /r", "ADD r/mO, rO", "MR", "add"]
 *   ["EVEX.128|256|512.F3.0F.W1 6F /r", "VMOVDQU64 vmm1 {k1}{z}, vmm2/mV", "RM", "move", { tuple: "Full Mem", element: 64 }]
 *
 * 1. Opcode. As in the SDM: a mandatory prefix (NP, NFx, 66, F2, F3), operand sizes, the opcode bytes, then /r, /0–/7, +r or a
 *    fixed ModRM byte, then immediates (ib iw id io, iO: imm16 or imm32, cb cw cd, moffs, /is4). `66 67 …` never stand for opcodes.
 *    Operand sizes: `o16|32|64` are those that the instruction has. Without 32, the size without a prefix is 64; without 16,
 *    prefix 66 changes nothing; a single size is always that one. REX.W demands the bit, REX.B0 that the bit is clear. `a32|64` are address sizes.
 *    VEX, EVEX and XOP: as in the SDM (VEX.128.66.0F38.W0) and the APM; EVEX.MAP4 (APX) takes operand sizes as legacy instructions do,
 *    and the bits ND0, ND1, NF0, NF1.
 * 2. Instruction. Operands as in the SDM. Where the opcode has alternatives (`16|32|64`, `128|256|512`, `W0|1`), an operand or mnemonic
 *    may have as many (`xmm1|ymm1`), or use a letter: O is the operand size (r/mO, rO, mO, immO, rAX), A the address size (rA),
 *    vmm1 is xmm1, ymm1 or zmm1, mV memory of that length, mH mQ mE a half, a quarter, an eighth of it, hmm1 a register of half.
 *    {er} and {sae} apply to the last alternative.
 * 3. Where each operand is encoded, a letter each (the column Op/En): M ModRM.rm, R ModRM.reg, V VEX.vvvv, O opcode bits 2:0,
 *    S immediate bits 7:4, I immediate, D relative offset or moffs, X implied.
 * 4. What it does, see `meaning.ts`.
 * 5. Facts that the columns above do not give.
 */
export type Row = readonly [opcode: string, instruction: string, fields: string, does: Meaning, facts?: RowFacts];

export interface RowFacts {
  /** EVEX: tuple type, SDM volume 2, tables 2-34 and 2-35; it gives the factor of an 8-bit displacement. */
  readonly tuple?: TupleType;
  /** Vectors: bits of an element, by which EVEX masking, compress, expand and gather count. */
  readonly element?: 8 | 16 | 32 | 64 | 128;
  /** The memory operand must be aligned to its size. */
  readonly aligned?: true;
  /** An instruction of the other vendor's, or one that only exists in certain modes: refused as undefined with this reason. */
  readonly undefined?: string;
  /** Registers that have to be different, or #UD: the destination from the others, or all. */
  readonly distinct?: "destination" | "all";
  /** Opmask registers: EVEX.aaa = 0 is #UD (gather and scatter). */
  readonly maskRequired?: true;
  /** Bits of a memory access that no operand shows (strings, ENTER, XSAVE …); 0 where registers tell how many. */
  readonly implicit?: number;
  /** Slots of the operand size that it pushes or pops, where the row is only named. */
  readonly stack?: number;
  /** ModRM.mod is ignored, and taken for 3 (MOV to and from control and debug registers). */
  readonly ignoresMod?: true;
  /** APX: NF = 1 keeps the flags as they are. */
  readonly noFlags?: true;
}

export type TupleType =
  /** APX promotions: the displacement is not scaled. */
  | "No Scale"
  | "Full"
  | "Half"
  | "Quarter"
  | "Full Mem"
  | "Tuple1 Scalar"
  | "Tuple1 Fixed"
  | "Tuple1_4X"
  | "Tuple2"
  | "Tuple4"
  | "Tuple8"
  | "Half Mem"
  | "Quarter Mem"
  | "Eighth Mem"
  | "Mem128"
  | "MOVDDUP";

/** Encoding spaces: what introduces the opcode. REX2 is legacy but for JMPABS, the one instruction that is its own. */
export type Space = "legacy" | "rex2" | "vex" | "evex" | "xop";

/** Facts of a row, all of them there: objects of one shape are read fastest. */
export type VariantFacts = { readonly [Fact in keyof RowFacts]-?: RowFacts[Fact] | undefined };

/** One operand of a {@link Variant}: it may be a register, memory, or either. */
export interface OperandShape {
  readonly text: string;
  readonly field: "M" | "R" | "V" | "O" | "S" | "I" | "D" | "X";
  readonly register: RegisterShape | undefined;
  readonly memory: MemoryShape | undefined;
  /** Bits of an immediate. */
  readonly immediate: number | undefined;
  /** Where an immediate's bytes are, counted from the first byte behind ModRM, SIB and displacement. */
  readonly immediateOffset: number;
  /** Registers that are not encoded: AL, CL …; the number in its file. */
  readonly fixed: number | undefined;
}

export interface RegisterShape {
  readonly file: RegisterFile;
  readonly width: number;
  /** By number; undefined where there is no such register. */
  readonly operands: readonly (RegisterOperand | undefined)[];
}

export interface MemoryShape {
  /** 0: what is accessed is not in the operand's text. */
  readonly bits: number;
  /** EVEX.b: one element of this many bits is broadcast. */
  readonly broadcast: number | undefined;
  /** VSIB: bits of one index, and of the index register. */
  readonly vectorIndex: { readonly bits: number; readonly register: number } | undefined;
  /** The address is not a RIP-relative one, and has a SIB byte (AMX). */
  readonly tile: boolean;
}

/** One instruction of one operand size or vector length: what a {@link Row} expands to. */
export interface Variant {
  readonly row: Row;
  /** Instruction and opcode as the SDM writes them, e.g. `MOV r64, r/m64 [REX.W + 8B /r]`. */
  readonly form: string;
  readonly mnemonic: string;
  readonly space: Space;
  readonly map: number;
  readonly opcode: number;
  /** How many opcodes from `opcode` up: 8 for +r. */
  readonly span: 1 | 8;
  /** Sets as bit masks. Mandatory prefixes: bit 0 none, 1 66, 2 F3, 3 F2. */
  readonly prefixes: number;
  /** Operand size from the prefixes: bit 0 16, 1 32, 2 64. */
  readonly sizes: number;
  /** VEX.W and the like. */
  readonly w: number;
  /** Vector length: bit 0 128, 1 256, 2 512. */
  readonly lengths: number;
  /** Address size: bit 0 32, 1 64. */
  readonly addressSizes: number;
  /** ModRM.reg. */
  readonly digits: number;
  /** ModRM.mod: bit 0 memory, 1 register. */
  readonly mods: number;
  /** ModRM.rm, of registers. */
  readonly rms: number;
  /** EVEX map 4: bit ND + 2 NF. */
  readonly promoted: number;
  /** 3DNow: the byte behind the operands. */
  readonly suffix: number | undefined;
  readonly hasModRm: boolean;
  /** Bytes behind the operands. */
  readonly immediateBytes: number;
  readonly operandSize: 16 | 32 | 64 | undefined;
  readonly vectorLength: 128 | 256 | 512 | undefined;
  readonly operands: readonly OperandShape[];
  readonly masking: boolean;
  readonly zeroing: boolean;
  readonly rounding: boolean;
  readonly does: Meaning;
  readonly facts: VariantFacts;
  /** The operand that may be memory. */
  readonly memory: MemoryShape | undefined;
  /** EVEX: factor of an 8-bit displacement without broadcast; 1 with other prefixes. */
  readonly displacementFactor: number;
}

/** The map of EVEX in which APX has promoted legacy instructions. */
export const PROMOTED_MAP = 4;

/**
 * The factor N of an 8-bit displacement (SDM volume 2, tables 2-34 and 2-35), without broadcast; undefined if the tuple type does not fit
 * the memory operand.
 */
export function tupleFactor(
  tuple: TupleType,
  operands: readonly OperandShape[],
  vectorLength: number | undefined,
  element: number | undefined,
): number | undefined {
  const memory = operands.find((operand) => operand.memory !== undefined)?.memory;
  if (memory === undefined) return undefined;
  const length = (vectorLength ?? 0) / 8;
  const must = (bytes: number): number | undefined => (memory.bits === 8 * bytes ? bytes : undefined);
  switch (tuple) {
    case "Full":
    case "Full Mem":
      return must(length);
    case "Half":
    case "Half Mem":
      return must(length / 2);
    case "Quarter":
    case "Quarter Mem":
      return must(length / 4);
    case "Eighth Mem":
      return must(length / 8);
    case "No Scale":
      return 1;
    case "Mem128":
    case "Tuple1_4X":
      return must(16);
    case "MOVDDUP":
      return must(vectorLength === 128 ? 8 : length);
    // Compress, expand, gather and scatter touch many elements, and the factor is one.
    case "Tuple1 Scalar":
      return element === undefined ? memory.bits / 8 : element / 8;
    case "Tuple1 Fixed":
    case "Tuple2":
    case "Tuple4":
    case "Tuple8":
      return memory.bits / 8;
    default:
      return tuple satisfies never;
  }
}
