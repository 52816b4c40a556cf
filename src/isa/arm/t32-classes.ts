import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";
import { NOT_15 } from "./rules.ts";

/**
 * T32 outside the loads and stores: memory hints, and the classes of DDI 0487 F3.1 whose instructions touch no memory. A class
 * row covers what its table allocates; a class's reserved opcodes match no row.
 */

const CLASS: Facts = { kind: "none", what: "class" };
const HINT: Facts = { kind: "none", what: "hint" };

// prettier-ignore
export const T32_NARROW_CLASS_ROWS: readonly Row<Facts>[] = [
  { form: "Shift, add, subtract, move, compare (16-bit)", pattern: "00xx xxxx xxxx xxxx", facts: CLASS },
  { form: "Data-processing (16-bit)",          pattern: "0100 00xx xxxx xxxx", facts: CLASS },
  { form: "Special data, branch and exchange", pattern: "0100 01xx xxxx xxxx", facts: CLASS },
  { form: "ADR, ADD (SP plus immediate)",      pattern: "1010 xxxx xxxx xxxx", facts: CLASS },
  { form: "Adjust SP",                         pattern: "1011 0000 xxxx xxxx", facts: CLASS },
  { form: "CBZ, CBNZ",                         pattern: "1011 x0x1 xxxx xxxx", facts: CLASS },
  { form: "Extend (16-bit)",                   pattern: "1011 0010 xxxx xxxx", facts: CLASS },
  { form: "SETPAN T1",                         pattern: "1011 0110 000x xxxx", facts: CLASS },
  { form: "SETEND T1",                         pattern: "1011 0110 010x xxxx", facts: CLASS },
  { form: "CPS T1",                            pattern: "1011 0110 011x xxxx", facts: CLASS },
  { form: "REV, REV16, HLT, REVSH",            pattern: "1011 1010 xxxx xxxx", facts: CLASS },
  { form: "BKPT T1",                           pattern: "1011 1110 xxxx xxxx", facts: CLASS },
  { form: "IT, hints (16-bit)",                pattern: "1011 1111 xxxx xxxx", facts: CLASS },
  { form: "B T1",                              pattern: "1101 cond:4 xxxx xxxx", where: { cond: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }, facts: CLASS },
  { form: "SVC T1",                            pattern: "1101 1111 xxxx xxxx", facts: CLASS },
  { form: "B T2",                              pattern: "1110 0xxx xxxx xxxx", facts: CLASS },
];

/** AND, BIC, ORR, ORN, EOR, ADD, ADC, SBC, SUB, RSB and what they are with Rn or Rd 15. */
const DATA_OPCODES = [0, 1, 2, 3, 4, 8, 10, 11, 13, 14];

/** Bits 22:20 and 7:4 (or 5:4) of the multiply classes. */
const pairs = (...columns: readonly (readonly [number, readonly number[]])[]): readonly number[] =>
  columns.flatMap(([high, lows]) => lows.map((low) => (high << 4) | low));
const MULTIPLY = pairs([0, [0, 1]], [1, [0, 1, 2, 3]], [2, [0, 1]], [3, [0, 1]], [4, [0, 1]], [5, [0, 1]], [6, [0, 1]], [7, [0]]);
const LONG_MULTIPLY = pairs([0, [0]], [1, [15]], [2, [0]], [3, [15]], [4, [0, 8, 9, 10, 11, 12, 13]], [5, [12, 13]], [6, [0, 6]]);

// prettier-ignore
export const T32_CLASS_ROWS: readonly Row<Facts>[] = [
  // Memory hints: loads of the load/store single classes with Rt = 15
  { form: "PLD, PLDW (register) T1",   pattern: "1111 1000 00x1 Rn:4 1111 0 00000 xx xxxx", where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLI (register) T1",         pattern: "1111 1001 0001 Rn:4 1111 0 00000 xx xxxx", where: { Rn: NOT_15 }, facts: HINT },
  { form: "Reserved hint (register)",  pattern: "1111 1001 0011 Rn:4 1111 0 00000 xx xxxx", where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLD, PLDW (immediate) T2",  pattern: "1111 1000 00x1 Rn:4 1111 1 100 xxxxxxxx",  where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLI (immediate) T2",        pattern: "1111 1001 0001 Rn:4 1111 1 100 xxxxxxxx",  where: { Rn: NOT_15 }, facts: HINT },
  { form: "Reserved hint (negative immediate)", pattern: "1111 1001 0011 Rn:4 1111 1 100 xxxxxxxx", where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLD, PLDW (immediate) T1",  pattern: "1111 1000 10x1 Rn:4 1111 xxxxxxxxxxxx",    where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLI (immediate) T1",        pattern: "1111 1001 1001 Rn:4 1111 xxxxxxxxxxxx",    where: { Rn: NOT_15 }, facts: HINT },
  { form: "Reserved hint (immediate)", pattern: "1111 1001 1011 Rn:4 1111 xxxxxxxxxxxx",    where: { Rn: NOT_15 }, facts: HINT },
  { form: "PLD (literal) T1",          pattern: "1111 1000 x0x1 1111 1111 xxxxxxxxxxxx",    facts: HINT },
  { form: "PLI (literal) T3",          pattern: "1111 1001 x001 1111 1111 xxxxxxxxxxxx",    facts: HINT },
  { form: "Reserved hint (literal)",   pattern: "1111 1001 x011 1111 1111 xxxxxxxxxxxx",    facts: HINT },

  // "Data-processing (shifted register)", "(modified immediate)", "(plain binary immediate)"
  { form: "Data-processing (shifted register)",   pattern: "1110 101 opcode:4 x xxxx xxxx xxxx xxxx xxxx", where: { opcode: DATA_OPCODES }, facts: CLASS },
  { form: "PKH T1",                               pattern: "1110 101 0110 0 xxxx xxxx xxxx xxx 0 xxxx", facts: CLASS },
  { form: "Data-processing (modified immediate)", pattern: "1111 0x0 opcode:4 x xxxx 0 xxx xxxx xxxx xxxx", where: { opcode: DATA_OPCODES }, facts: CLASS },
  { form: "Data-processing (plain immediate)",    pattern: "1111 0x1 op:5 xxxx 0 xxx xxxx xxxx xxxx", where: { op: [0, 4, 10, 12, 16, 18, 20, 22, 24, 26, 28] }, facts: CLASS },

  // "Branches and miscellaneous control"
  { form: "B T3",                      pattern: "1111 0x cond:4 xxxxxx 10 x 0 x xxxxxxxxxxx", where: { cond: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }, facts: CLASS },
  { form: "B T4",                      pattern: "1111 0x xxxx xxxxxx 10 x 1 x xxxxxxxxxxx", facts: CLASS },
  { form: "BL T1",                     pattern: "1111 0x xxxx xxxxxx 11 x 1 x xxxxxxxxxxx", facts: CLASS },
  { form: "BLX (immediate) T2",        pattern: "1111 0x xxxx xxxxxx 11 x 0 x xxxxxxxxxx 0", facts: CLASS },
  { form: "MSR (register) T1",         pattern: "1111 0 011100x xxxx 10 x 0 xxxx xxxxxxxx", facts: CLASS },
  { form: "CPS, hints (32-bit)",       pattern: "1111 0 0111010 xxxx 10 x 0 xxxx xxxxxxxx", facts: CLASS },
  { form: "CLREX, DSB, DMB, ISB, SB",  pattern: "1111 0 0111011 xxxx 10 x 0 xxxx op:4 xxxx", where: { op: [2, 4, 5, 6, 7] }, facts: CLASS },
  { form: "BXJ T1",                    pattern: "1111 0 0111100 xxxx 10 x 0 xxxx xxxxxxxx", facts: CLASS },
  { form: "SUBS PC, LR, ERET",         pattern: "1111 0 0111101 xxxx 10 x 0 xxxx xxxxxxxx", facts: CLASS },
  { form: "MRS T1",                    pattern: "1111 0 011111x xxxx 10 x 0 xxxx xxxxxxxx", facts: CLASS },
  { form: "DCPS1, DCPS2, DCPS3",       pattern: "1111 0 1111000 xxxx 10 0 0 xxxx xxxxxx op:2", where: { op: [1, 2, 3] }, facts: CLASS },
  { form: "HVC, SMC T1",               pattern: "1111 0 111111x xxxx 10 0 0 xxxx xxxxxxxx", facts: CLASS },

  // "Data-processing (register)", "Multiply, multiply accumulate, and absolute difference", "Long multiply and divide"
  { form: "Shift (register)",          pattern: "1111 1010 0xxx xxxx 1111 xxxx 0000 xxxx", facts: CLASS },
  { form: "Extend (32-bit)",           pattern: "1111 1010 0 op:3 xxxx 1111 xxxx 1 x xx xxxx", where: { op: [0, 1, 2, 3, 4, 5] }, facts: CLASS },
  { form: "Parallel add and subtract", pattern: "1111 1010 1 op:3 xxxx 1111 xxxx 0 op2:3 xxxx", where: { op: [0, 1, 2, 4, 5, 6], op2: [0, 1, 2, 4, 5, 6] }, facts: CLASS },
  { form: "QADD, REV and their kin",   pattern: "1111 1010 100x xxxx 1111 xxxx 10 xx xxxx", facts: CLASS },
  { form: "SEL T1, CLZ T1",            pattern: "1111 1010 101x xxxx 1111 xxxx 10 00 xxxx", facts: CLASS },
  { form: "CRC32 T1",                  pattern: "1111 1010 110x xxxx 1111 xxxx 10 size:2 xxxx", where: { size: [0, 1, 2] }, facts: CLASS },
  { form: "Multiply",                  pattern: "1111 1011 0 op[6:4] xxxx xxxx xxxx 00 op[1:0] xxxx", where: { op: MULTIPLY }, facts: CLASS },
  { form: "Long multiply, divide",     pattern: "1111 1011 1 op[6:4] xxxx xxxx xxxx op[3:0] xxxx", where: { op: LONG_MULTIPLY }, facts: CLASS },

  // "System register access, Advanced SIMD, and floating-point"
  { form: "MCRR, MRRC",                         pattern: "1110 1100 010x xxxx xxxx coproc:4 xxxx xxxx", where: { coproc: [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15] }, facts: CLASS },
  { form: "VMOV (64-bit)",                      pattern: "1110 1100 010x xxxx xxxx 101x 00x1 xxxx", facts: CLASS },
  { form: "Coprocessor or floating-point data", pattern: "1110 1110 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "MCRR2, MRRC2",                       pattern: "1111 1100 010x xxxx xxxx coproc:4 xxxx xxxx", where: { coproc: [0, 1, 2, 3, 4, 5, 6, 7, 14, 15] }, facts: CLASS },
  { form: "VCADD",                              pattern: "1111 110x 1x0x xxxx xxxx 1000 xxx0 xxxx", facts: CLASS },
  { form: "VCMLA",                              pattern: "1111 110x xx1x xxxx xxxx 1000 xxx0 xxxx", facts: CLASS },
  { form: "VFMAL, VFMSL",                       pattern: "1111 1100 xx10 xxxx xxxx 1000 xxx1 xxxx", facts: CLASS },
  { form: "VFMAB, VFMAT",                       pattern: "1111 1100 0x11 xxxx xxxx 1000 xxx1 xxxx", facts: CLASS },
  { form: "VDOT, VMMLA",                        pattern: "1111 1100 0x00 xxxx xxxx 110x xxx0 xxxx", facts: CLASS },
  { form: "Integer dot product, matrix multiply",pattern: "1111 1100 xx10 xxxx xxxx 110x xxxx xxxx", facts: CLASS },
  { form: "Unconditional coprocessor or floating-point data", pattern: "1111 1110 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
  { form: "Advanced SIMD data-processing",      pattern: "111x 1111 xxxx xxxx xxxx xxxx xxxx xxxx", facts: CLASS },
];
