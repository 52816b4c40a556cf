import { type Row, RowTable } from "../rows.ts";
import { INTEGER_ROWS } from "./integer-rows.ts";
import {
  type Facts,
  allBut,
  atomic,
  compareAndSwap,
  fieldsOf,
  floatLoad,
  floatStore,
  load,
  noAccess,
  row,
  store,
  unsupported,
} from "./facts.ts";
import { FLOAT_ROWS } from "./float-rows.ts";
import { VECTOR_CRYPTOGRAPHY_ROWS, VECTOR_ROWS } from "./vector-rows.ts";

const EVEN = Array.from({ length: 16 }, (_, index) => 2 * index);
const SET = [1];

/** rs2, rs1 and rd of SSPUSH x1 and SSPUSH x5 in their place in MOP.RR.7. */
const SSPUSH = [1 << 10, 5 << 10];
/** rs1 and rd of SSPOPCHK x1 and SSPOPCHK x5 in their place in MOP.R.28. */
const SSPOPCHK = [1 << 5, 5 << 5];

const CACHE_MANAGEMENT = noAccess("a cache-block management instruction");
const FENCE = noAccess("a fence");
const BRANCH = noAccess("a branch");
const CONTROL = noAccess("an access to a control and status register");
const SYSTEM = noAccess("a system instruction");
const TRANSLATION = noAccess("an address-translation fence");
const MAY_BE_OPERATION = noAccess("a may-be-operation (Zimop)");

/**
 * The 32-bit instructions of RV64: those that access memory, and the rest, to tell it from what is reserved. Only vector arithmetic is
 * told by its major opcode alone.
 *
 * Source: The RISC-V Instruction Set Manual, volume I (unprivileged) and II (privileged), release 2025: "RV32/64G Instruction Set
 * Listings" and the chapters of the extensions. Zilsd (LD and SD of a register pair) exists on RV32 only: on RV64 its encodings
 * are LD and SD themselves.
 */
const ROWS: readonly Row<Facts>[] = [
  // LOAD
  row("LB", "imm[11:0] rs1:5 000 rd:5 0000011", load("I", 1, "sign")),
  row("LH", "imm[11:0] rs1:5 001 rd:5 0000011", load("I", 2, "sign")),
  row("LW", "imm[11:0] rs1:5 010 rd:5 0000011", load("I", 4, "sign")),
  row("LD", "imm[11:0] rs1:5 011 rd:5 0000011", load("I", 8, "sign")),
  row("LBU", "imm[11:0] rs1:5 100 rd:5 0000011", load("I", 1, "zero")),
  row("LHU", "imm[11:0] rs1:5 101 rd:5 0000011", load("I", 2, "zero")),
  row("LWU", "imm[11:0] rs1:5 110 rd:5 0000011", load("I", 4, "zero")),
  // LOAD-FP: F, D, Q, Zfh
  row("FLH", "imm[11:0] rs1:5 001 rd:5 0000111", floatLoad("I", 2)),
  row("FLW", "imm[11:0] rs1:5 010 rd:5 0000111", floatLoad("I", 4)),
  row("FLD", "imm[11:0] rs1:5 011 rd:5 0000111", floatLoad("I", 8)),
  row("FLQ", "xxxxxxxxxxxx xxxxx 100 xxxxx 0000111", unsupported("read", [8, 8], "quad")),
  // STORE
  row("SB", "imm[11:5] rs2:5 rs1:5 000 imm[4:0] 0100011", store("S", 1)),
  row("SH", "imm[11:5] rs2:5 rs1:5 001 imm[4:0] 0100011", store("S", 2)),
  row("SW", "imm[11:5] rs2:5 rs1:5 010 imm[4:0] 0100011", store("S", 4)),
  row("SD", "imm[11:5] rs2:5 rs1:5 011 imm[4:0] 0100011", store("S", 8)),
  // STORE-FP
  row("FSH", "imm[11:5] rs2:5 rs1:5 001 imm[4:0] 0100111", floatStore("S", 2)),
  row("FSW", "imm[11:5] rs2:5 rs1:5 010 imm[4:0] 0100111", floatStore("S", 4)),
  row("FSD", "imm[11:5] rs2:5 rs1:5 011 imm[4:0] 0100111", floatStore("S", 8)),
  row("FSQ", "xxxxxxx xxxxx xxxxx 100 xxxxx 0100111", unsupported("write", [8, 8], "quad")),
  // LOAD-FP and STORE-FP: V
  ...VECTOR_ROWS,

  // AMO: Zalrsc
  row("LR.W", "00010 aq:1 rl:1 00000 rs1:5 010 rd:5 0101111", { kind: "load-reserved", size: 4 }),
  row("LR.D", "00010 aq:1 rl:1 00000 rs1:5 011 rd:5 0101111", { kind: "load-reserved", size: 8 }),
  row("SC.W", "00011 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", { kind: "store-conditional", size: 4 }),
  row("SC.D", "00011 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", { kind: "store-conditional", size: 8 }),
  // AMO: Zaamo (W, D) and Zabha (B, H)
  row("AMOSWAP.B", "00001 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("swap", 1)),
  row("AMOSWAP.H", "00001 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("swap", 2)),
  row("AMOSWAP.W", "00001 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("swap", 4)),
  row("AMOSWAP.D", "00001 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("swap", 8)),
  row("AMOADD.B", "00000 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("add", 1)),
  row("AMOADD.H", "00000 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("add", 2)),
  row("AMOADD.W", "00000 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("add", 4)),
  row("AMOADD.D", "00000 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("add", 8)),
  row("AMOXOR.B", "00100 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("exclusive-or", 1)),
  row("AMOXOR.H", "00100 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("exclusive-or", 2)),
  row("AMOXOR.W", "00100 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("exclusive-or", 4)),
  row("AMOXOR.D", "00100 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("exclusive-or", 8)),
  row("AMOAND.B", "01100 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("and", 1)),
  row("AMOAND.H", "01100 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("and", 2)),
  row("AMOAND.W", "01100 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("and", 4)),
  row("AMOAND.D", "01100 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("and", 8)),
  row("AMOOR.B", "01000 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("or", 1)),
  row("AMOOR.H", "01000 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("or", 2)),
  row("AMOOR.W", "01000 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("or", 4)),
  row("AMOOR.D", "01000 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("or", 8)),
  row("AMOMIN.B", "10000 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("signed-minimum", 1)),
  row("AMOMIN.H", "10000 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("signed-minimum", 2)),
  row("AMOMIN.W", "10000 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("signed-minimum", 4)),
  row("AMOMIN.D", "10000 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("signed-minimum", 8)),
  row("AMOMAX.B", "10100 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("signed-maximum", 1)),
  row("AMOMAX.H", "10100 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("signed-maximum", 2)),
  row("AMOMAX.W", "10100 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("signed-maximum", 4)),
  row("AMOMAX.D", "10100 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("signed-maximum", 8)),
  row("AMOMINU.B", "11000 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("unsigned-minimum", 1)),
  row("AMOMINU.H", "11000 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("unsigned-minimum", 2)),
  row("AMOMINU.W", "11000 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("unsigned-minimum", 4)),
  row("AMOMINU.D", "11000 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("unsigned-minimum", 8)),
  row("AMOMAXU.B", "11100 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", atomic("unsigned-maximum", 1)),
  row("AMOMAXU.H", "11100 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", atomic("unsigned-maximum", 2)),
  row("AMOMAXU.W", "11100 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", atomic("unsigned-maximum", 4)),
  row("AMOMAXU.D", "11100 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", atomic("unsigned-maximum", 8)),
  // AMO: Zacas; the register pairs of AMOCAS.Q start at even numbers
  row("AMOCAS.B", "00101 aq:1 rl:1 rs2:5 rs1:5 000 rd:5 0101111", compareAndSwap(1)),
  row("AMOCAS.H", "00101 aq:1 rl:1 rs2:5 rs1:5 001 rd:5 0101111", compareAndSwap(2)),
  row("AMOCAS.W", "00101 aq:1 rl:1 rs2:5 rs1:5 010 rd:5 0101111", compareAndSwap(4)),
  row("AMOCAS.D", "00101 aq:1 rl:1 rs2:5 rs1:5 011 rd:5 0101111", compareAndSwap(8)),
  row("AMOCAS.Q", "00101 aq:1 rl:1 rs2:5 rs1:5 100 rd:5 0101111", compareAndSwap(16), { rs2: EVEN, rd: EVEN }),
  // AMO: Zalasr; a load without aq and a store without rl are reserved
  row("LB.AQ", "00110 aq:1 rl:1 00000 rs1:5 000 rd:5 0101111", { kind: "load-acquire", size: 1 }, { aq: SET }),
  row("LH.AQ", "00110 aq:1 rl:1 00000 rs1:5 001 rd:5 0101111", { kind: "load-acquire", size: 2 }, { aq: SET }),
  row("LW.AQ", "00110 aq:1 rl:1 00000 rs1:5 010 rd:5 0101111", { kind: "load-acquire", size: 4 }, { aq: SET }),
  row("LD.AQ", "00110 aq:1 rl:1 00000 rs1:5 011 rd:5 0101111", { kind: "load-acquire", size: 8 }, { aq: SET }),
  row("SB.RL", "00111 aq:1 rl:1 rs2:5 rs1:5 000 00000 0101111", { kind: "store-release", size: 1 }, { rl: SET }),
  row("SH.RL", "00111 aq:1 rl:1 rs2:5 rs1:5 001 00000 0101111", { kind: "store-release", size: 2 }, { rl: SET }),
  row("SW.RL", "00111 aq:1 rl:1 rs2:5 rs1:5 010 00000 0101111", { kind: "store-release", size: 4 }, { rl: SET }),
  row("SD.RL", "00111 aq:1 rl:1 rs2:5 rs1:5 011 00000 0101111", { kind: "store-release", size: 8 }, { rl: SET }),
  // AMO: Zicfiss
  row("SSAMOSWAP.W", "01001 x x xxxxx xxxxx 010 xxxxx 0101111", unsupported("read-write", [4, 4], "shadow-stack")),
  row("SSAMOSWAP.D", "01001 x x xxxxx xxxxx 011 xxxxx 0101111", unsupported("read-write", [8, 8], "shadow-stack")),

  // MISC-MEM. Fields of FENCE and FENCE.I that have no meaning yet are ignored.
  row("FENCE", "xxxxxxxxxxxx xxxxx 000 xxxxx 0001111", FENCE),
  row("FENCE.I", "xxxxxxxxxxxx xxxxx 001 xxxxx 0001111", FENCE),
  row("CBO.INVAL", "000000000000 xxxxx 010 00000 0001111", CACHE_MANAGEMENT),
  row("CBO.CLEAN", "000000000001 xxxxx 010 00000 0001111", CACHE_MANAGEMENT),
  row("CBO.FLUSH", "000000000010 xxxxx 010 00000 0001111", CACHE_MANAGEMENT),
  row("CBO.ZERO", "000000000100 xxxxx 010 00000 0001111", unsupported("write", [0], "block-zero")),

  // Arithmetic. Of vector instructions the major opcode is enough to know that they access nothing.
  ...INTEGER_ROWS,
  ...FLOAT_ROWS,
  row("OP-V", "xxxxxxx xxxxx xxxxx xxx xxxxx 1010111", noAccess("vector arithmetic or configuration")),
  ...VECTOR_CRYPTOGRAPHY_ROWS,

  // BRANCH, JALR, JAL
  row("BEQ", "xxxxxxx xxxxx xxxxx 000 xxxxx 1100011", BRANCH),
  row("BNE", "xxxxxxx xxxxx xxxxx 001 xxxxx 1100011", BRANCH),
  row("BLT", "xxxxxxx xxxxx xxxxx 100 xxxxx 1100011", BRANCH),
  row("BGE", "xxxxxxx xxxxx xxxxx 101 xxxxx 1100011", BRANCH),
  row("BLTU", "xxxxxxx xxxxx xxxxx 110 xxxxx 1100011", BRANCH),
  row("BGEU", "xxxxxxx xxxxx xxxxx 111 xxxxx 1100011", BRANCH),
  row("JALR", "xxxxxxxxxxxx xxxxx 000 xxxxx 1100111", BRANCH),
  row("JAL", "xxxxxxxxxxxxxxxxxxxx xxxxx 1101111", BRANCH),

  // SYSTEM: traps, waits, fences
  row("ECALL", "000000000000 00000 000 00000 1110011", SYSTEM),
  row("EBREAK", "000000000001 00000 000 00000 1110011", SYSTEM),
  row("WRS.NTO", "000000001101 00000 000 00000 1110011", SYSTEM),
  row("WRS.STO", "000000011101 00000 000 00000 1110011", SYSTEM),
  row("SRET", "000100000010 00000 000 00000 1110011", SYSTEM),
  row("SCTRCLR", "000100000100 00000 000 00000 1110011", SYSTEM),
  row("WFI", "000100000101 00000 000 00000 1110011", SYSTEM),
  row("MRET", "001100000010 00000 000 00000 1110011", SYSTEM),
  row("MNRET", "011100000010 00000 000 00000 1110011", SYSTEM),
  row("DRET", "011110110010 00000 000 00000 1110011", SYSTEM),
  row("SFENCE.VMA", "0001001 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  row("SINVAL.VMA", "0001011 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  row("SFENCE.W.INVAL", "0001100 00000 00000 000 00000 1110011", TRANSLATION),
  row("SFENCE.INVAL.IR", "0001100 00001 00000 000 00000 1110011", TRANSLATION),
  row("HFENCE.VVMA", "0010001 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  row("HINVAL.VVMA", "0010011 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  row("HFENCE.GVMA", "0110001 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  row("HINVAL.GVMA", "0110011 xxxxx xxxxx 000 00000 1110011", TRANSLATION),
  // SYSTEM: Zicsr
  row("CSRRW", "xxxxxxxxxxxx xxxxx 001 xxxxx 1110011", CONTROL),
  row("CSRRS", "xxxxxxxxxxxx xxxxx 010 xxxxx 1110011", CONTROL),
  row("CSRRC", "xxxxxxxxxxxx xxxxx 011 xxxxx 1110011", CONTROL),
  row("CSRRWI", "xxxxxxxxxxxx xxxxx 101 xxxxx 1110011", CONTROL),
  row("CSRRSI", "xxxxxxxxxxxx xxxxx 110 xxxxx 1110011", CONTROL),
  row("CSRRCI", "xxxxxxxxxxxx xxxxx 111 xxxxx 1110011", CONTROL),
  // SYSTEM: the hypervisor's loads and stores
  row("HLV.B", "0110000 00000 xxxxx 100 xxxxx 1110011", unsupported("read", [1], "hypervisor")),
  row("HLV.BU", "0110000 00001 xxxxx 100 xxxxx 1110011", unsupported("read", [1], "hypervisor")),
  row("HLV.H", "0110010 00000 xxxxx 100 xxxxx 1110011", unsupported("read", [2], "hypervisor")),
  row("HLV.HU", "0110010 00001 xxxxx 100 xxxxx 1110011", unsupported("read", [2], "hypervisor")),
  row("HLVX.HU", "0110010 00011 xxxxx 100 xxxxx 1110011", unsupported("read", [2], "hypervisor")),
  row("HLV.W", "0110100 00000 xxxxx 100 xxxxx 1110011", unsupported("read", [4], "hypervisor")),
  row("HLV.WU", "0110100 00001 xxxxx 100 xxxxx 1110011", unsupported("read", [4], "hypervisor")),
  row("HLVX.WU", "0110100 00011 xxxxx 100 xxxxx 1110011", unsupported("read", [4], "hypervisor")),
  row("HLV.D", "0110110 00000 xxxxx 100 xxxxx 1110011", unsupported("read", [8], "hypervisor")),
  row("HSV.B", "0110001 xxxxx xxxxx 100 00000 1110011", unsupported("write", [1], "hypervisor")),
  row("HSV.H", "0110011 xxxxx xxxxx 100 00000 1110011", unsupported("write", [2], "hypervisor")),
  row("HSV.W", "0110101 xxxxx xxxxx 100 00000 1110011", unsupported("write", [4], "hypervisor")),
  row("HSV.D", "0110111 xxxxx xxxxx 100 00000 1110011", unsupported("write", [8], "hypervisor")),
  // SYSTEM: Zimop, and Zicfiss within it
  row("MOP.R.n", "1 n[4] 00 n[3:2] 0111 n[1:0] xxxxx 100 xxxxx 1110011", MAY_BE_OPERATION, { n: allBut(5, 28) }),
  row("MOP.R.28", "110011011100 registers[9:5] 100 registers[4:0] 1110011", MAY_BE_OPERATION, { registers: allBut(10, ...SSPOPCHK) }),
  row("SSPOPCHK", "110011011100 registers[9:5] 100 registers[4:0] 1110011", unsupported("read", [8], "shadow-stack"), { registers: SSPOPCHK }),
  row("MOP.RR.n", "1 n[2] 00 n[1:0] 1 xxxxx xxxxx 100 xxxxx 1110011", MAY_BE_OPERATION, { n: allBut(3, 7) }),
  row("MOP.RR.7", "1100111 registers[14:5] 100 registers[4:0] 1110011", MAY_BE_OPERATION, { registers: allBut(15, ...SSPUSH) }),
  row("SSPUSH", "1100111 registers[14:5] 100 registers[4:0] 1110011", unsupported("write", [8], "shadow-stack"), { registers: SSPUSH }),
];

/** Looked up by major opcode, funct3 and the top of funct7. */
export const TABLE = new RowTable(ROWS, {
  name: "RV64",
  width: 32,
  index: [6, 5, 4, 3, 2, 14, 13, 12, 31, 30, 29, 28],
  fieldsOf,
});
