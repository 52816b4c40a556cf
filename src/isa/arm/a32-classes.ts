import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";

/**
 * A32 outside the loads and stores: memory hints, and the classes of DDI 0487 F4.1 whose instructions touch no memory. A class
 * row covers what its table allocates; a class's reserved opcodes match no row.
 */

const CLASS: Facts = { kind: "none", what: "class" };
const HINT: Facts = { kind: "none", what: "hint" };

/** Opcode and S bit of data-processing: TST, TEQ, CMP and CMN without S are other classes. */
const OPCODE_S = Array.from({ length: 32 }, (_, value) => value).filter((value) => (value & 0b11001) !== 0b10000);

// prettier-ignore
export const A32_CLASS_ROWS: readonly Row<Facts>[] = [
  // "Data-processing and miscellaneous instructions"
  { form: "Data-processing (immediate shift)",       pattern: "cond:4 000 opS:5 xxxx xxxx xxxxx xx 0 xxxx", where: { opS: OPCODE_S }, facts: CLASS },
  { form: "Data-processing (register shift)",        pattern: "cond:4 000 opS:5 xxxx xxxx xxxx 0 xx 1 xxxx", where: { opS: OPCODE_S }, facts: CLASS },
  { form: "Data-processing (immediate)",             pattern: "cond:4 001 opS:5 xxxx xxxx xxxxxxxxxxxx", where: { opS: OPCODE_S }, facts: CLASS },
  { form: "MOVW, MOVT",                              pattern: "cond:4 0011 0x00 xxxx xxxx xxxxxxxxxxxx", facts: CLASS },
  { form: "MSR (immediate), hints",                  pattern: "cond:4 0011 0x10 xxxx xxxx xxxxxxxxxxxx", facts: CLASS },
  { form: "MUL, MLA",                                pattern: "cond:4 0000 00xx xxxx xxxx xxxx 1001 xxxx", facts: CLASS },
  { form: "UMAAL",                                   pattern: "cond:4 0000 0100 xxxx xxxx xxxx 1001 xxxx", facts: CLASS },
  { form: "MLS",                                     pattern: "cond:4 0000 0110 xxxx xxxx xxxx 1001 xxxx", facts: CLASS },
  { form: "Long multiply",                           pattern: "cond:4 0000 1xxx xxxx xxxx xxxx 1001 xxxx", facts: CLASS },
  { form: "Halfword multiply",                       pattern: "cond:4 0001 0xx0 xxxx xxxx xxxx 1xx0 xxxx", facts: CLASS },
  { form: "MRS, MSR (register)",                     pattern: "cond:4 0001 0xx0 xxxx xxxx xxxx 0000 xxxx", facts: CLASS },
  { form: "BX",                                      pattern: "cond:4 0001 0010 xxxx xxxx xxxx 0001 xxxx", facts: CLASS },
  { form: "CLZ",                                     pattern: "cond:4 0001 0110 xxxx xxxx xxxx 0001 xxxx", facts: CLASS },
  { form: "BXJ",                                     pattern: "cond:4 0001 0010 xxxx xxxx xxxx 0010 xxxx", facts: CLASS },
  { form: "BLX (register)",                          pattern: "cond:4 0001 0010 xxxx xxxx xxxx 0011 xxxx", facts: CLASS },
  { form: "CRC32",                                   pattern: "cond:4 0001 0 size:2 0 xxxx xxxx xxxx 0100 xxxx", where: { size: [0, 1, 2] }, facts: CLASS },
  { form: "Saturating add and subtract",             pattern: "cond:4 0001 0xx0 xxxx xxxx xxxx 0101 xxxx", facts: CLASS },
  { form: "ERET",                                    pattern: "cond:4 0001 0110 xxxx xxxx xxxx 0110 xxxx", facts: CLASS },
  { form: "HLT, BKPT, HVC, SMC",                     pattern: "cond:4 0001 0xx0 xxxx xxxx xxxx 0111 xxxx", facts: CLASS },

  // "Media instructions"
  { form: "Parallel add and subtract",               pattern: "cond:4 0110 0 op:3 xxxx xxxx xxxx op2:3 1 xxxx", where: { op: [1, 2, 3, 5, 6, 7], op2: [0, 1, 2, 3, 4, 7] }, facts: CLASS },
  { form: "PKH",                                     pattern: "cond:4 0110 1000 xxxx xxxx xxxx xx01 xxxx", facts: CLASS },
  { form: "SEL",                                     pattern: "cond:4 0110 1000 xxxx xxxx xxxx 1011 xxxx", facts: CLASS },
  { form: "SSAT, USAT",                              pattern: "cond:4 0110 1x1x xxxx xxxx xxxx xx01 xxxx", facts: CLASS },
  { form: "SSAT16, USAT16",                          pattern: "cond:4 0110 1x10 xxxx xxxx xxxx 0011 xxxx", facts: CLASS },
  { form: "Extend and add",                          pattern: "cond:4 0110 1x op:2 xxxx xxxx xxxx 0111 xxxx", where: { op: [0, 2, 3] }, facts: CLASS },
  { form: "REV, RBIT",                               pattern: "cond:4 0110 1x11 xxxx xxxx xxxx 0011 xxxx", facts: CLASS },
  { form: "REV16, REVSH",                            pattern: "cond:4 0110 1x11 xxxx xxxx xxxx 1011 xxxx", facts: CLASS },
  { form: "SMLAD, SMLSD",                            pattern: "cond:4 0111 0000 xxxx xxxx xxxx 0xx1 xxxx", facts: CLASS },
  { form: "SDIV, UDIV",                              pattern: "cond:4 0111 00x1 xxxx xxxx xxxx 0001 xxxx", facts: CLASS },
  { form: "SMLALD, SMLSLD",                          pattern: "cond:4 0111 0100 xxxx xxxx xxxx 0xx1 xxxx", facts: CLASS },
  { form: "SMMLA, SMMUL",                            pattern: "cond:4 0111 0101 xxxx xxxx xxxx 00x1 xxxx", facts: CLASS },
  { form: "SMMLS",                                   pattern: "cond:4 0111 0101 xxxx xxxx xxxx 11x1 xxxx", facts: CLASS },
  { form: "USAD8, USADA8",                           pattern: "cond:4 0111 1000 xxxx xxxx xxxx 0001 xxxx", facts: CLASS },
  { form: "SBFX",                                    pattern: "cond:4 0111 101x xxxx xxxx xxxx x101 xxxx", facts: CLASS },
  { form: "BFC, BFI",                                pattern: "cond:4 0111 110x xxxx xxxx xxxx x001 xxxx", facts: CLASS },
  { form: "UBFX",                                    pattern: "cond:4 0111 111x xxxx xxxx xxxx x101 xxxx", facts: CLASS },

  // "Branch, branch with link, and block data transfer", "System register access, Advanced SIMD, floating-point, and Supervisor call"
  { form: "B, BL",                                   pattern: "cond:4 101x xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "SVC",                                     pattern: "cond:4 1111 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "MCRR, MRRC",                              pattern: "cond:4 1100 010x xxxx xxxx coproc:4 xxxx xxxx", where: { coproc: [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15] }, facts: CLASS },
  { form: "VMOV (64-bit)",                           pattern: "cond:4 1100 010x xxxx xxxx 101x 00x1 xxxx", facts: CLASS },
  { form: "Coprocessor or floating-point data",      pattern: "cond:4 1110 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },

  // "Unconditional instructions"
  { form: "CPS",                                     pattern: "1111 0001 0000 xxx 0 xxxxxxxxxx 0 xxxxx", facts: CLASS },
  { form: "SETEND",                                  pattern: "1111 0001 0000 xxx 1 xxxxxxxx 0000 xxxx", facts: CLASS },
  { form: "SETPAN",                                  pattern: "1111 0001 0001 xxxx xxxxxxxx 0000 xxxx", facts: CLASS },
  { form: "Advanced SIMD data-processing",           pattern: "1111 001x xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "Reserved hint (immediate)",               pattern: "1111 0100 x001 xxxx xxxx xxxx xxxx xxxx", facts: HINT },
  { form: "PLI (immediate, literal)",                pattern: "1111 0100 x101 xxxx xxxx xxxx xxxx xxxx", facts: HINT },
  { form: "PLD, PLDW (immediate, literal)",          pattern: "1111 0101 xx01 xxxx xxxx xxxx xxxx xxxx", facts: HINT },
  { form: "CLREX, DSB, DMB, ISB, SB",                pattern: "1111 0101 0111 xxxx xxxx xxxx op:4 xxxx", where: { op: [1, 4, 5, 6, 7] }, facts: CLASS },
  { form: "Reserved hint (register)",                pattern: "1111 0110 x001 xxxx xxxx xxxx xxx0 xxxx", facts: HINT },
  { form: "PLI (register)",                          pattern: "1111 0110 x101 xxxx xxxx xxxx xxx0 xxxx", facts: HINT },
  { form: "PLD, PLDW (register)",                    pattern: "1111 0111 xx01 xxxx xxxx xxxx xxx0 xxxx", facts: HINT },
  { form: "BLX (immediate)",                         pattern: "1111 101x xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "MCRR2, MRRC2",                            pattern: "1111 1100 010x xxxx xxxx coproc:4 xxxx xxxx", where: { coproc: [0, 1, 2, 3, 4, 5, 6, 7, 14, 15] }, facts: CLASS },
  { form: "VCADD",                                   pattern: "1111 110x 1x0x xxxx xxxx 1000 xxx0 xxxx", facts: CLASS },
  { form: "VCMLA",                                   pattern: "1111 110x xx1x xxxx xxxx 1000 xxx0 xxxx", facts: CLASS },
  { form: "VFMAL, VFMSL",                            pattern: "1111 1100 xx10 xxxx xxxx 1000 xxx1 xxxx", facts: CLASS },
  { form: "VFMAB, VFMAT",                            pattern: "1111 1100 0x11 xxxx xxxx 1000 xxx1 xxxx", facts: CLASS },
  { form: "VDOT, VMMLA",                             pattern: "1111 1100 0x00 xxxx xxxx 110x xxx0 xxxx", facts: CLASS },
  { form: "Integer dot product, matrix multiply",    pattern: "1111 1100 xx10 xxxx xxxx 110x xxxx xxxx", facts: CLASS },
  { form: "Unconditional coprocessor or floating-point data", pattern: "1111 1110 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
];
