import { type Row, RowTable } from "../rows.ts";
import { type Facts, allBut, fieldsOf, floatLoad, floatStore, load, noAccess, row, store, unsupported } from "./facts.ts";

const ARITHMETIC = noAccess("arithmetic on registers");
const IMMEDIATE = noAccess("arithmetic on a register and an immediate");
const BRANCH = noAccess("a branch");
const HINT = noAccess("a hint");
const MAY_BE_OPERATION = noAccess("a may-be-operation (Zcmop)");

const NONZERO = allBut(5, 0);

/**
 * The 16-bit instructions of RV64GC, all of them, with Zcb and Zcmop. What no row matches is reserved.
 *
 * Source: The RISC-V Instruction Set Manual, volume I, release 2025: chapters "C" and "Zc*". Zclsd is RV32's (its encodings are
 * RV64's C.LD, C.SD, C.LDSP and C.SDSP), Zcf likewise; Zcmp and Zcmt use the encodings of C.FSDSP and exclude the D extension.
 */
const ROWS: readonly Row<Facts>[] = [
  // Quadrant 0
  row("C.ADDI4SPN", "000 nzuimm[5:4|9:6|2|3] xxx 00", IMMEDIATE, { nzuimm: allBut(10, 0) }),
  row("C.FLD", "001 uimm[5:3] rs1':3 uimm[7:6] rd':3 00", floatLoad("CL", 8)),
  row("C.LW", "010 uimm[5:3] rs1':3 uimm[2|6] rd':3 00", load("CL", 4, "sign")),
  row("C.LD", "011 uimm[5:3] rs1':3 uimm[7:6] rd':3 00", load("CL", 8, "sign")),
  row("C.LBU", "100000 rs1':3 uimm[0|1] rd':3 00", load("CL", 1, "zero")),
  row("C.LHU", "100001 rs1':3 0 uimm[1] rd':3 00", load("CL", 2, "zero")),
  row("C.LH", "100001 rs1':3 1 uimm[1] rd':3 00", load("CL", 2, "sign")),
  row("C.SB", "100010 rs1':3 uimm[0|1] rs2':3 00", store("CS", 1)),
  row("C.SH", "100011 rs1':3 0 uimm[1] rs2':3 00", store("CS", 2)),
  row("C.FSD", "101 uimm[5:3] rs1':3 uimm[7:6] rs2':3 00", floatStore("CS", 8)),
  row("C.SW", "110 uimm[5:3] rs1':3 uimm[2|6] rs2':3 00", store("CS", 4)),
  row("C.SD", "111 uimm[5:3] rs1':3 uimm[7:6] rs2':3 00", store("CS", 8)),

  // Quadrant 1
  row("C.NOP", "000 x 00000 xxxxx 01", HINT),
  row("C.ADDI", "000 x rd:5 xxxxx 01", IMMEDIATE, { rd: NONZERO }),
  row("C.ADDIW", "001 x rd:5 xxxxx 01", IMMEDIATE, { rd: NONZERO }),
  row("C.LI", "010 x xxxxx xxxxx 01", IMMEDIATE),
  row("C.ADDI16SP", "011 nzimm[9] rd:5 nzimm[4|6|8:7|5] 01", IMMEDIATE, { rd: [2], nzimm: allBut(10, 0) }),
  row("C.LUI", "011 nzimm[5] rd:5 nzimm[4:0] 01", IMMEDIATE, { rd: allBut(5, 2), nzimm: allBut(6, 0) }),
  row("C.SSPUSH", "011 0 0 000 1 00000 01", unsupported("write", [8], "shadow-stack")),
  row("C.SSPOPCHK", "011 0 0 010 1 00000 01", unsupported("read", [8], "shadow-stack")),
  row("C.MOP.n", "011 0 0 n[3:1] 1 00000 01", MAY_BE_OPERATION, { n: [2, 6, 8, 10, 12, 14] }),
  row("C.SRLI", "100 x 00 xxx xxxxx 01", IMMEDIATE),
  row("C.SRAI", "100 x 01 xxx xxxxx 01", IMMEDIATE),
  row("C.ANDI", "100 x 10 xxx xxxxx 01", IMMEDIATE),
  row("C.SUB", "100 0 11 xxx 00 xxx 01", ARITHMETIC),
  row("C.XOR", "100 0 11 xxx 01 xxx 01", ARITHMETIC),
  row("C.OR", "100 0 11 xxx 10 xxx 01", ARITHMETIC),
  row("C.AND", "100 0 11 xxx 11 xxx 01", ARITHMETIC),
  row("C.SUBW", "100 1 11 xxx 00 xxx 01", ARITHMETIC),
  row("C.ADDW", "100 1 11 xxx 01 xxx 01", ARITHMETIC),
  row("C.MUL", "100 1 11 xxx 10 xxx 01", ARITHMETIC),
  row("C.ZEXT.B", "100 1 11 xxx 11 000 01", ARITHMETIC),
  row("C.SEXT.B", "100 1 11 xxx 11 001 01", ARITHMETIC),
  row("C.ZEXT.H", "100 1 11 xxx 11 010 01", ARITHMETIC),
  row("C.SEXT.H", "100 1 11 xxx 11 011 01", ARITHMETIC),
  row("C.ZEXT.W", "100 1 11 xxx 11 100 01", ARITHMETIC),
  row("C.NOT", "100 1 11 xxx 11 101 01", ARITHMETIC),
  row("C.J", "101 xxxxxxxxxxx 01", BRANCH),
  row("C.BEQZ", "110 xxx xxx xxxxx 01", BRANCH),
  row("C.BNEZ", "111 xxx xxx xxxxx 01", BRANCH),

  // Quadrant 2
  row("C.SLLI", "000 x xxxxx xxxxx 10", IMMEDIATE),
  row("C.FLDSP", "001 uimm[5] rd:5 uimm[4:3|8:6] 10", floatLoad("CI", 8)),
  row("C.LWSP", "010 uimm[5] rd:5 uimm[4:2|7:6] 10", load("CI", 4, "sign"), { rd: NONZERO }),
  row("C.LDSP", "011 uimm[5] rd:5 uimm[4:3|8:6] 10", load("CI", 8, "sign"), { rd: NONZERO }),
  row("C.JR", "100 0 rs1:5 00000 10", BRANCH, { rs1: NONZERO }),
  row("C.MV", "100 0 xxxxx rs2:5 10", ARITHMETIC, { rs2: NONZERO }),
  row("C.EBREAK", "100 1 00000 00000 10", noAccess("a system instruction")),
  row("C.JALR", "100 1 rs1:5 00000 10", BRANCH, { rs1: NONZERO }),
  row("C.ADD", "100 1 xxxxx rs2:5 10", ARITHMETIC, { rs2: NONZERO }),
  row("C.FSDSP", "101 uimm[5:3|8:6] rs2:5 10", floatStore("CSS", 8)),
  row("C.SWSP", "110 uimm[5:2|7:6] rs2:5 10", store("CSS", 4)),
  row("C.SDSP", "111 uimm[5:3|8:6] rs2:5 10", store("CSS", 8)),
];

/** Looked up by quadrant, funct3 and the bits that split quadrants 0 and 1 further. */
export const COMPRESSED_TABLE = new RowTable(ROWS, {
  name: "RV64 compressed",
  width: 16,
  index: [1, 0, 15, 14, 13, 12, 11, 10],
  fieldsOf,
});
