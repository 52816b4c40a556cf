import type { Row } from "../rows.ts";
import type { DoubleFacts, Facts, MultipleFacts, Offset, OrderedFacts, SingleFacts } from "./facts.ts";
import { MVE_ROWS } from "./mve-table.ts";
import { NOT_15, type Rule } from "./rules.ts";
import { T32_CLASS_ROWS, T32_NARROW_CLASS_ROWS } from "./t32-classes.ts";
import { vectorRows } from "./vector-table.ts";

/**
 * The T32 rows, DDI 0487 F3.1 (encodings) and F6 (instructions). Names end in the manual's encoding name. A 32-bit instruction is
 * its first halfword, then its second, as the manual draws it.
 */

const immediate = (scale: 1 | 2 | 4): Offset => ({ kind: "immediate", scale });
const IMMEDIATE = immediate(1);
const REGISTER: Offset = { kind: "register", shift: "none" };
const SHIFTED: Offset = { kind: "register", shift: "imm2" };

type More = Partial<Pick<SingleFacts, "indexing" | "signed" | "base" | "unprivileged">>;

function load(bytes: SingleFacts["bytes"], offset: Offset, unpredictable: readonly Rule[], more: More = {}): SingleFacts {
  return { kind: "single", access: "load", bytes, offset, indexing: "add", unpredictable, ...more };
}

function store(bytes: SingleFacts["bytes"], offset: Offset, unpredictable: readonly Rule[], more: More = {}): SingleFacts {
  return { kind: "single", access: "store", bytes, offset, indexing: "add", unpredictable, ...more };
}

const SIGNED = { signed: true } as const;
const INDEXED = { indexing: "PUW" } as const;
const NEGATIVE = { indexing: "subtract" } as const;
const LITERAL = { base: 15, indexing: "U" } as const;
const UNPRIVILEGED = { unprivileged: true } as const;

// ---------------------------------------------------------------------------------------------------------------------
// 16-bit

function multiple(access: "load" | "store", mode: MultipleFacts["mode"], writeback: MultipleFacts["writeback"], unpredictable: readonly Rule[]): MultipleFacts {
  return { kind: "multiple", access, mode, writeback, unpredictable };
}

// prettier-ignore
export const T32_NARROW_ROWS: readonly Row<Facts>[] = [
  // F3.1, "16-bit"
  { form: "LDR (literal) T1",     pattern: "01001 Rt:3 imm:8",           facts: load(4, immediate(4), [], { base: 15 }) },
  { form: "STR (register) T1",    pattern: "0101 000 Rm:3 Rn:3 Rt:3",    facts: store(4, REGISTER, []) },
  { form: "STRH (register) T1",   pattern: "0101 001 Rm:3 Rn:3 Rt:3",    facts: store(2, REGISTER, []) },
  { form: "STRB (register) T1",   pattern: "0101 010 Rm:3 Rn:3 Rt:3",    facts: store(1, REGISTER, []) },
  { form: "LDRSB (register) T1",  pattern: "0101 011 Rm:3 Rn:3 Rt:3",    facts: load(1, REGISTER, [], SIGNED) },
  { form: "LDR (register) T1",    pattern: "0101 100 Rm:3 Rn:3 Rt:3",    facts: load(4, REGISTER, []) },
  { form: "LDRH (register) T1",   pattern: "0101 101 Rm:3 Rn:3 Rt:3",    facts: load(2, REGISTER, []) },
  { form: "LDRB (register) T1",   pattern: "0101 110 Rm:3 Rn:3 Rt:3",    facts: load(1, REGISTER, []) },
  { form: "LDRSH (register) T1",  pattern: "0101 111 Rm:3 Rn:3 Rt:3",    facts: load(2, REGISTER, [], SIGNED) },
  { form: "STR (immediate) T1",   pattern: "0110 0 imm:5 Rn:3 Rt:3",     facts: store(4, immediate(4), []) },
  { form: "LDR (immediate) T1",   pattern: "0110 1 imm:5 Rn:3 Rt:3",     facts: load(4, immediate(4), []) },
  { form: "STRB (immediate) T1",  pattern: "0111 0 imm:5 Rn:3 Rt:3",     facts: store(1, immediate(1), []) },
  { form: "LDRB (immediate) T1",  pattern: "0111 1 imm:5 Rn:3 Rt:3",     facts: load(1, immediate(1), []) },
  { form: "STRH (immediate) T1",  pattern: "1000 0 imm:5 Rn:3 Rt:3",     facts: store(2, immediate(2), []) },
  { form: "LDRH (immediate) T1",  pattern: "1000 1 imm:5 Rn:3 Rt:3",     facts: load(2, immediate(2), []) },
  { form: "STR (immediate) T2",   pattern: "1001 0 Rt:3 imm:8",          facts: store(4, immediate(4), [], { base: 13 }) },
  { form: "LDR (immediate) T2",   pattern: "1001 1 Rt:3 imm:8",          facts: load(4, immediate(4), [], { base: 13 }) },
  { form: "PUSH T1",              pattern: "1011 010 registers[14] registers[7:0]", facts: { ...multiple("store", "DB", "always", ["BitCount(registers) < 1"]), base: 13 } },
  { form: "POP T1",               pattern: "1011 110 registers[15] registers[7:0]", facts: { ...multiple("load", "IA", "always", ["BitCount(registers) < 1"]), base: 13 } },
  { form: "STM T1",               pattern: "1100 0 Rn:3 registers:8",    facts: multiple("store", "IA", "always", ["BitCount(registers) < 1", "wback && registers<n> == '1' && n != LowestSetBit(registers)"]) },
  { form: "LDM T1",               pattern: "1100 1 Rn:3 registers:8",    facts: multiple("load", "IA", "unless listed", ["BitCount(registers) < 1"]) },
  ...T32_NARROW_CLASS_ROWS,
];

// ---------------------------------------------------------------------------------------------------------------------
// 32-bit: load/store multiple

const LOAD_LIST: readonly Rule[] = ["n == 15", "BitCount(registers) < 2", "P == '1' && M == '1'", "wback && registers<n> == '1'"];
const STORE_LIST: readonly Rule[] = ["n == 15", "BitCount(registers) < 2", "wback && registers<n> == '1'"];
const RETURN_STATE = "it returns from an exception: it loads PC and CPSR with the rights of the mode that it leaves";
const STORE_STATE = "it stores LR and SPSR on the stack of another mode: the trace holds neither SPSR nor that mode's stack pointer";

// prettier-ignore
const MULTIPLE: readonly Row<Facts>[] = [
  { form: "SRSDB T1", pattern: "1110 1000 00 x 0 (1)(1)(0)(1) (1)(1)(0)(0) (0)(0)(0)(0) (0)(0)(0) xxxxx",           facts: { kind: "opaque", access: "store", sizes: [4, 4], unsupported: STORE_STATE } },
  { form: "RFEDB T1", pattern: "1110 1000 00 x 1 xxxx (1)(1)(0)(0) (0)(0)(0)(0) (0)(0)(0)(0) (0)(0)(0)(0)",         facts: { kind: "opaque", access: "load", sizes: [4, 4], unsupported: RETURN_STATE } },
  { form: "STM T2",   pattern: "1110 1000 10 W:1 0 Rn:4 (0) registers[14] (0) registers[12:0]",                     facts: multiple("store", "IA", "W", STORE_LIST) },
  { form: "LDM T2",   pattern: "1110 1000 10 W:1 1 Rn:4 registers[15:14] (0) registers[12:0]",                      facts: multiple("load", "IA", "W", LOAD_LIST) },
  { form: "STMDB T1", pattern: "1110 1001 00 W:1 0 Rn:4 (0) registers[14] (0) registers[12:0]",                     facts: multiple("store", "DB", "W", STORE_LIST) },
  { form: "LDMDB T1", pattern: "1110 1001 00 W:1 1 Rn:4 registers[15:14] (0) registers[12:0]",                      facts: multiple("load", "DB", "W", LOAD_LIST) },
  { form: "SRSIA T2", pattern: "1110 1001 10 x 0 (1)(1)(0)(1) (1)(1)(0)(0) (0)(0)(0)(0) (0)(0)(0) xxxxx",           facts: { kind: "opaque", access: "store", sizes: [4, 4], unsupported: STORE_STATE } },
  { form: "RFEIA T2", pattern: "1110 1001 10 x 1 xxxx (1)(1)(0)(0) (0)(0)(0)(0) (0)(0)(0)(0) (0)(0)(0)(0)",         facts: { kind: "opaque", access: "load", sizes: [4, 4], unsupported: RETURN_STATE } },
];

// ---------------------------------------------------------------------------------------------------------------------
// 32-bit: load/store dual, exclusive, load-acquire/store-release, table branch

/** P = 0 with W = 0 is the exclusive, acquire/release and table branch space. */
const DUAL = [0b001, 0b011, 0b100, 0b101, 0b110, 0b111];

function double(access: "load" | "store", unpredictable: readonly Rule[]): DoubleFacts {
  return { kind: "double", access, second: "Rt2", offset: immediate(4), indexing: "PUW", unpredictable };
}

function ordered(access: "load" | "store", bytes: OrderedFacts["bytes"]): OrderedFacts {
  return { kind: "ordered", access, bytes, exclusive: false, ordering: true, unpredictable: ["t == 15", "n == 15"] };
}

function exclusive(access: "load" | "store", bytes: OrderedFacts["bytes"], ordering = false): OrderedFacts {
  const pair = bytes === 8;
  const unpredictable: Rule[] =
    access === "load"
      ? ["t == 15", ...(pair ? (["t2 == 15", "t == t2"] as const) : []), "n == 15"]
      : ["d == 15", "t == 15", ...(pair ? (["t2 == 15"] as const) : []), "n == 15", "d == n", "d == t", ...(pair ? (["d == t2"] as const) : [])];
  return { kind: "ordered", access, bytes, exclusive: true, ordering, unpredictable, ...(pair && { second: "Rt2" as const }) };
}

// prettier-ignore
const DUAL_AND_EXCLUSIVE: readonly Row<Facts>[] = [
  { form: "STRD (immediate) T1", pattern: "1110 100 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 Rt2:4 imm:8", where: { PUW: DUAL },             facts: double("store", ["n == 15", "wback && n == t", "wback && n == t2", "t == 15", "t2 == 15"]) },
  { form: "LDRD (immediate) T1", pattern: "1110 100 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 Rt2:4 imm:8", where: { PUW: DUAL, Rn: NOT_15 }, facts: double("load", ["wback && n == t", "wback && n == t2", "t == 15", "t2 == 15", "t == t2"]) },
  { form: "LDRD (literal) T1",   pattern: "1110 100 PUW[2:1] 1 PUW[0] 1 1111 Rt:4 Rt2:4 imm:8", where: { PUW: DUAL },             facts: { ...double("load", ["t == 15", "t2 == 15", "t == t2", "wback"]), base: 15 } },
  { form: "STREX T1",   pattern: "1110 1000 0100 Rn:4 Rt:4 Rd:4 imm:8",                          facts: { ...exclusive("store", 4), offset: true } },
  { form: "LDREX T1",   pattern: "1110 1000 0101 Rn:4 Rt:4 (1)(1)(1)(1) imm:8",                  facts: { ...exclusive("load", 4), offset: true } },
  { form: "STREXB T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 0100 Rd:4",              facts: exclusive("store", 1) },
  { form: "STREXH T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 0101 Rd:4",              facts: exclusive("store", 2) },
  { form: "STREXD T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 Rt2:4 0111 Rd:4",                     facts: exclusive("store", 8) },
  { form: "TBB T1",     pattern: "1110 1000 1101 Rn:4 (1)(1)(1)(1) (0)(0)(0)(0) 0000 Rm:4",      facts: { kind: "table branch", access: "load", bytes: 1, unpredictable: ["m == 15"] } },
  { form: "TBH T1",     pattern: "1110 1000 1101 Rn:4 (1)(1)(1)(1) (0)(0)(0)(0) 0001 Rm:4",      facts: { kind: "table branch", access: "load", bytes: 2, unpredictable: ["m == 15"] } },
  { form: "LDREXB T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 0100 (1)(1)(1)(1)",      facts: exclusive("load", 1) },
  { form: "LDREXH T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 0101 (1)(1)(1)(1)",      facts: exclusive("load", 2) },
  { form: "LDREXD T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 Rt2:4 0111 (1)(1)(1)(1)",             facts: exclusive("load", 8) },
  { form: "STLB T1",    pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1000 (1)(1)(1)(1)",      facts: ordered("store", 1) },
  { form: "STLH T1",    pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1001 (1)(1)(1)(1)",      facts: ordered("store", 2) },
  { form: "STL T1",     pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1010 (1)(1)(1)(1)",      facts: ordered("store", 4) },
  { form: "STLEXB T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1100 Rd:4",              facts: exclusive("store", 1, true) },
  { form: "STLEXH T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1101 Rd:4",              facts: exclusive("store", 2, true) },
  { form: "STLEX T1",   pattern: "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 1110 Rd:4",              facts: exclusive("store", 4, true) },
  { form: "STLEXD T1",  pattern: "1110 1000 1100 Rn:4 Rt:4 Rt2:4 1111 Rd:4",                     facts: exclusive("store", 8, true) },
  { form: "LDAB T1",    pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1000 (1)(1)(1)(1)",      facts: ordered("load", 1) },
  { form: "LDAH T1",    pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1001 (1)(1)(1)(1)",      facts: ordered("load", 2) },
  { form: "LDA T1",     pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1010 (1)(1)(1)(1)",      facts: ordered("load", 4) },
  { form: "LDAEXB T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1100 (1)(1)(1)(1)",      facts: exclusive("load", 1, true) },
  { form: "LDAEXH T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1101 (1)(1)(1)(1)",      facts: exclusive("load", 2, true) },
  { form: "LDAEX T1",   pattern: "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 1110 (1)(1)(1)(1)",      facts: exclusive("load", 4, true) },
  { form: "LDAEXD T1",  pattern: "1110 1000 1101 Rn:4 Rt:4 Rt2:4 1111 (1)(1)(1)(1)",             facts: exclusive("load", 8, true) },
];

// ---------------------------------------------------------------------------------------------------------------------
// 32-bit: load/store single

/** Immediate with eight bits: P = 0 with W = 0 is unallocated, 110 unprivileged, 100 (negative offset) may be a hint if Rt = 15. */
const PUW = [0b001, 0b011, 0b100, 0b101, 0b111];
const WRITEBACK = [0b001, 0b011, 0b101, 0b111];
const WB: readonly Rule[] = ["wback && n == t"];
const T_WB: readonly Rule[] = ["t == 15", "wback && n == t"];
const T: readonly Rule[] = ["t == 15"];
const M: readonly Rule[] = ["m == 15"];
const T_M: readonly Rule[] = ["t == 15", "m == 15"];

// prettier-ignore
const SINGLE: readonly Row<Facts>[] = [
  // F3.1, "Load/store, unsigned (register offset)" and signed
  { form: "STRB (register) T2",   pattern: "1111 1000 0000 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15 },             facts: store(1, SHIFTED, T_M) },
  { form: "LDRB (register) T2",   pattern: "1111 1000 0001 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, SHIFTED, M) },
  { form: "STRH (register) T2",   pattern: "1111 1000 0010 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15 },             facts: store(2, SHIFTED, T_M) },
  { form: "LDRH (register) T2",   pattern: "1111 1000 0011 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, SHIFTED, M) },
  { form: "STR (register) T2",    pattern: "1111 1000 0100 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15 },             facts: store(4, SHIFTED, T_M) },
  { form: "LDR (register) T2",    pattern: "1111 1000 0101 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15 },             facts: load(4, SHIFTED, M) },
  { form: "LDRSB (register) T2",  pattern: "1111 1001 0001 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, SHIFTED, M, SIGNED) },
  { form: "LDRSH (register) T2",  pattern: "1111 1001 0011 Rn:4 Rt:4 0 00000 imm2:2 Rm:4", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, SHIFTED, M, SIGNED) },

  // F3.1, "Load/store, unsigned (immediate, post-indexed)", "(negative immediate)", "(immediate, pre-indexed)" and signed
  { form: "STRB (immediate) T3",  pattern: "1111 1000 0000 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW, Rn: NOT_15 },                  facts: store(1, IMMEDIATE, T_WB, INDEXED) },
  { form: "LDRB (immediate) T3",  pattern: "1111 1000 0001 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW: WRITEBACK, Rn: NOT_15 },       facts: load(1, IMMEDIATE, T_WB, INDEXED) },
  { form: "LDRB (immediate) T3, negative offset",  pattern: "1111 1000 0001 Rn:4 Rt:4 1 100 imm:8", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, IMMEDIATE, [], NEGATIVE) },
  { form: "STRH (immediate) T3",  pattern: "1111 1000 0010 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW, Rn: NOT_15 },                  facts: store(2, IMMEDIATE, T_WB, INDEXED) },
  { form: "LDRH (immediate) T3",  pattern: "1111 1000 0011 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW: WRITEBACK, Rn: NOT_15 },       facts: load(2, IMMEDIATE, T_WB, INDEXED) },
  { form: "LDRH (immediate) T3, negative offset",  pattern: "1111 1000 0011 Rn:4 Rt:4 1 100 imm:8", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, IMMEDIATE, [], NEGATIVE) },
  { form: "STR (immediate) T4",   pattern: "1111 1000 0100 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW, Rn: NOT_15 },                  facts: store(4, IMMEDIATE, T_WB, INDEXED) },
  { form: "LDR (immediate) T4",   pattern: "1111 1000 0101 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW, Rn: NOT_15 },                  facts: load(4, IMMEDIATE, WB, INDEXED) },
  { form: "LDRSB (immediate) T2", pattern: "1111 1001 0001 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW: WRITEBACK, Rn: NOT_15 },       facts: load(1, IMMEDIATE, T_WB, { ...INDEXED, ...SIGNED }) },
  { form: "LDRSB (immediate) T2, negative offset", pattern: "1111 1001 0001 Rn:4 Rt:4 1 100 imm:8", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, IMMEDIATE, [], { ...NEGATIVE, ...SIGNED }) },
  { form: "LDRSH (immediate) T2", pattern: "1111 1001 0011 Rn:4 Rt:4 1 PUW:3 imm:8", where: { PUW: WRITEBACK, Rn: NOT_15 },       facts: load(2, IMMEDIATE, T_WB, { ...INDEXED, ...SIGNED }) },
  { form: "LDRSH (immediate) T2, negative offset", pattern: "1111 1001 0011 Rn:4 Rt:4 1 100 imm:8", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, IMMEDIATE, [], { ...NEGATIVE, ...SIGNED }) },

  // F3.1, "Load/store, unsigned (unprivileged)" and signed
  { form: "STRBT T1",             pattern: "1111 1000 0000 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: store(1, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "LDRBT T1",             pattern: "1111 1000 0001 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: load(1, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "STRHT T1",             pattern: "1111 1000 0010 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: store(2, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "LDRHT T1",             pattern: "1111 1000 0011 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: load(2, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "STRT T1",              pattern: "1111 1000 0100 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: store(4, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "LDRT T1",              pattern: "1111 1000 0101 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: load(4, IMMEDIATE, T, UNPRIVILEGED) },
  { form: "LDRSBT T1",            pattern: "1111 1001 0001 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: load(1, IMMEDIATE, T, { ...UNPRIVILEGED, ...SIGNED }) },
  { form: "LDRSHT T1",            pattern: "1111 1001 0011 Rn:4 Rt:4 1 110 imm:8", where: { Rn: NOT_15 }, facts: load(2, IMMEDIATE, T, { ...UNPRIVILEGED, ...SIGNED }) },

  // F3.1, "Load/store, unsigned (positive immediate)" and signed
  { form: "STRB (immediate) T2",  pattern: "1111 1000 1000 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15 },             facts: store(1, IMMEDIATE, T) },
  { form: "LDRB (immediate) T2",  pattern: "1111 1000 1001 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, IMMEDIATE, []) },
  { form: "STRH (immediate) T2",  pattern: "1111 1000 1010 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15 },             facts: store(2, IMMEDIATE, T) },
  { form: "LDRH (immediate) T2",  pattern: "1111 1000 1011 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, IMMEDIATE, []) },
  { form: "STR (immediate) T3",   pattern: "1111 1000 1100 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15 },             facts: store(4, IMMEDIATE, T) },
  { form: "LDR (immediate) T3",   pattern: "1111 1000 1101 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15 },             facts: load(4, IMMEDIATE, []) },
  { form: "LDRSB (immediate) T1", pattern: "1111 1001 1001 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(1, IMMEDIATE, [], SIGNED) },
  { form: "LDRSH (immediate) T1", pattern: "1111 1001 1011 Rn:4 Rt:4 imm:12", where: { Rn: NOT_15, Rt: NOT_15 }, facts: load(2, IMMEDIATE, [], SIGNED) },

  // F3.1, "Load, unsigned (literal)" and signed
  { form: "LDRB (literal) T1",    pattern: "1111 1000 U:1 001 1111 Rt:4 imm:12", where: { Rt: NOT_15 }, facts: load(1, IMMEDIATE, [], LITERAL) },
  { form: "LDRH (literal) T1",    pattern: "1111 1000 U:1 011 1111 Rt:4 imm:12", where: { Rt: NOT_15 }, facts: load(2, IMMEDIATE, [], LITERAL) },
  { form: "LDR (literal) T2",     pattern: "1111 1000 U:1 101 1111 Rt:4 imm:12",                        facts: load(4, IMMEDIATE, [], LITERAL) },
  { form: "LDRSB (literal) T1",   pattern: "1111 1001 U:1 001 1111 Rt:4 imm:12", where: { Rt: NOT_15 }, facts: load(1, IMMEDIATE, [], { ...LITERAL, ...SIGNED }) },
  { form: "LDRSH (literal) T1",   pattern: "1111 1001 U:1 011 1111 Rt:4 imm:12", where: { Rt: NOT_15 }, facts: load(2, IMMEDIATE, [], { ...LITERAL, ...SIGNED }) },
];

/** All 32-bit T32 rows, loads and stores first. What matches no row is unallocated. */
export const T32_ROWS: readonly Row<Facts>[] = [...MULTIPLE, ...DUAL_AND_EXCLUSIVE, ...SINGLE, ...vectorRows("T32"), ...MVE_ROWS, ...T32_CLASS_ROWS];
