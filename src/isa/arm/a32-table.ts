import type { Row } from "../rows.ts";
import { A32_CLASS_ROWS } from "./a32-classes.ts";
import type { DoubleFacts, Facts, MultipleFacts, Offset, OrderedFacts, SingleFacts } from "./facts.ts";
import { NOT_15, type Rule } from "./rules.ts";
import { vectorRows } from "./vector-table.ts";

/** The A32 rows, DDI 0487 F4.1 (encodings) and F5 (instructions). Names end in the manual's encoding name. */

const IMMEDIATE: Offset = { kind: "immediate", scale: 1 };
const REGISTER: Offset = { kind: "register", shift: "none" };
const SHIFTED: Offset = { kind: "register", shift: "imm5" };

/** P = 0 with W = 1 is the unprivileged form. */
const PUW = [0b000, 0b010, 0b100, 0b101, 0b110, 0b111];

function load(bytes: SingleFacts["bytes"], offset: Offset, unpredictable: readonly Rule[]): SingleFacts {
  return { kind: "single", access: "load", bytes, offset, indexing: "PUW", unpredictable };
}

function signedLoad(bytes: SingleFacts["bytes"], offset: Offset, unpredictable: readonly Rule[]): SingleFacts {
  return { ...load(bytes, offset, unpredictable), signed: true };
}

function store(bytes: SingleFacts["bytes"], offset: Offset, unpredictable: readonly Rule[]): SingleFacts {
  return { kind: "single", access: "store", bytes, offset, indexing: "PUW", unpredictable };
}

const literal = (facts: SingleFacts): SingleFacts => ({ ...facts, base: 15 });
/** LDRT and its kin: post-indexed, always with writeback. */
const unprivileged = (facts: SingleFacts): SingleFacts => ({ ...facts, indexing: "post U", unprivileged: true });

function double(access: "load" | "store", offset: Offset, unpredictable: readonly Rule[]): DoubleFacts {
  return { kind: "double", access, second: "Rt + 1", offset, indexing: "PUW", unpredictable };
}

const LOAD_BASE: readonly Rule[] = ["wback && n == 15", "wback && n == t"];
const DOUBLE_BASE: readonly Rule[] = ["Rt<0> == '1'", "P == '0' && W == '1'", "wback && n == 15", "wback && n == t", "wback && n == t2", "t2 == 15"];
const UNPRIVILEGED: readonly Rule[] = ["n == 15", "n == t"];

// prettier-ignore
const SINGLE: readonly Row<Facts>[] = [
  // F4.1, "Load/Store Word, Unsigned Byte (immediate, literal)"
  { form: "STR (immediate) A1",   pattern: "cond:4 010 PUW[2:1] 0 PUW[0] 0 Rn:4 Rt:4 imm:12", where: { PUW },             facts: store(4, IMMEDIATE, LOAD_BASE) },
  { form: "LDR (immediate) A1",   pattern: "cond:4 010 PUW[2:1] 0 PUW[0] 1 Rn:4 Rt:4 imm:12", where: { PUW, Rn: NOT_15 }, facts: load(4, IMMEDIATE, ["wback && n == t"]) },
  { form: "LDR (literal) A1",     pattern: "cond:4 010 PUW[2:1] 0 PUW[0] 1 1111 Rt:4 imm:12", where: { PUW },             facts: literal(load(4, IMMEDIATE, ["wback"])) },
  { form: "STRB (immediate) A1",  pattern: "cond:4 010 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 imm:12", where: { PUW },             facts: store(1, IMMEDIATE, ["t == 15", ...LOAD_BASE]) },
  { form: "LDRB (immediate) A1",  pattern: "cond:4 010 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 imm:12", where: { PUW, Rn: NOT_15 }, facts: load(1, IMMEDIATE, ["t == 15", "wback && n == t"]) },
  { form: "LDRB (literal) A1",    pattern: "cond:4 010 PUW[2:1] 1 PUW[0] 1 1111 Rt:4 imm:12", where: { PUW },             facts: literal(load(1, IMMEDIATE, ["t == 15", "wback"])) },
  { form: "STRT A1",              pattern: "cond:4 010 0 U:1 0 1 0 Rn:4 Rt:4 imm:12",         facts: unprivileged(store(4, IMMEDIATE, UNPRIVILEGED)) },
  { form: "LDRT A1",              pattern: "cond:4 010 0 U:1 0 1 1 Rn:4 Rt:4 imm:12",         facts: unprivileged(load(4, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
  { form: "STRBT A1",             pattern: "cond:4 010 0 U:1 1 1 0 Rn:4 Rt:4 imm:12",         facts: unprivileged(store(1, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
  { form: "LDRBT A1",             pattern: "cond:4 010 0 U:1 1 1 1 Rn:4 Rt:4 imm:12",         facts: unprivileged(load(1, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },

  // F4.1, "Load/Store Word, Unsigned Byte (register)"
  { form: "STR (register) A1",    pattern: "cond:4 011 PUW[2:1] 0 PUW[0] 0 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", where: { PUW }, facts: store(4, SHIFTED, ["m == 15", ...LOAD_BASE]) },
  { form: "LDR (register) A1",    pattern: "cond:4 011 PUW[2:1] 0 PUW[0] 1 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", where: { PUW }, facts: load(4, SHIFTED, ["m == 15", ...LOAD_BASE]) },
  { form: "STRB (register) A1",   pattern: "cond:4 011 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", where: { PUW }, facts: store(1, SHIFTED, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "LDRB (register) A1",   pattern: "cond:4 011 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", where: { PUW }, facts: load(1, SHIFTED, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "STRT A2",              pattern: "cond:4 011 0 U:1 0 1 0 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", facts: unprivileged(store(4, SHIFTED, [...UNPRIVILEGED, "m == 15"])) },
  { form: "LDRT A2",              pattern: "cond:4 011 0 U:1 0 1 1 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", facts: unprivileged(load(4, SHIFTED, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
  { form: "STRBT A2",             pattern: "cond:4 011 0 U:1 1 1 0 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", facts: unprivileged(store(1, SHIFTED, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
  { form: "LDRBT A2",             pattern: "cond:4 011 0 U:1 1 1 1 Rn:4 Rt:4 imm5:5 type:2 0 Rm:4", facts: unprivileged(load(1, SHIFTED, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
];

// prettier-ignore
const EXTRA: readonly Row<Facts>[] = [
  // F4.1, "Load/Store Dual, Half, Signed Byte (register)"
  { form: "STRH (register) A1",   pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 0 Rn:4 Rt:4 (0)(0)(0)(0) 1011 Rm:4", where: { PUW }, facts: store(2, REGISTER, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "LDRD (register) A1",   pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 0 Rn:4 Rt:4 (0)(0)(0)(0) 1101 Rm:4", facts: double("load", REGISTER, [...DOUBLE_BASE, "m == 15", "m == t", "m == t2"]) },
  { form: "STRD (register) A1",   pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 0 Rn:4 Rt:4 (0)(0)(0)(0) 1111 Rm:4", facts: double("store", REGISTER, [...DOUBLE_BASE, "m == 15"]) },
  { form: "LDRH (register) A1",   pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 1 Rn:4 Rt:4 (0)(0)(0)(0) 1011 Rm:4", where: { PUW }, facts: load(2, REGISTER, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "LDRSB (register) A1",  pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 1 Rn:4 Rt:4 (0)(0)(0)(0) 1101 Rm:4", where: { PUW }, facts: signedLoad(1, REGISTER, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "LDRSH (register) A1",  pattern: "cond:4 000 PUW[2:1] 0 PUW[0] 1 Rn:4 Rt:4 (0)(0)(0)(0) 1111 Rm:4", where: { PUW }, facts: signedLoad(2, REGISTER, ["t == 15", "m == 15", ...LOAD_BASE]) },
  { form: "STRHT A2",             pattern: "cond:4 000 0 U:1 0 1 0 Rn:4 Rt:4 (0)(0)(0)(0) 1011 Rm:4", facts: unprivileged(store(2, REGISTER, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
  { form: "LDRHT A2",             pattern: "cond:4 000 0 U:1 0 1 1 Rn:4 Rt:4 (0)(0)(0)(0) 1011 Rm:4", facts: unprivileged(load(2, REGISTER, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
  { form: "LDRSBT A2",            pattern: "cond:4 000 0 U:1 0 1 1 Rn:4 Rt:4 (0)(0)(0)(0) 1101 Rm:4", facts: unprivileged(signedLoad(1, REGISTER, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },
  { form: "LDRSHT A2",            pattern: "cond:4 000 0 U:1 0 1 1 Rn:4 Rt:4 (0)(0)(0)(0) 1111 Rm:4", facts: unprivileged(signedLoad(2, REGISTER, ["t == 15", ...UNPRIVILEGED, "m == 15"])) },

  // F4.1, "Load/Store Dual, Half, Signed Byte (immediate, literal)"
  { form: "STRH (immediate) A1",  pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 imm[7:4] 1011 imm[3:0]", where: { PUW },             facts: store(2, IMMEDIATE, ["t == 15", ...LOAD_BASE]) },
  { form: "LDRD (immediate) A1",  pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 imm[7:4] 1101 imm[3:0]", where: { Rn: NOT_15 },      facts: double("load", IMMEDIATE, DOUBLE_BASE) },
  { form: "LDRD (literal) A1",    pattern: "cond:4 000 (1) U:1 1 (0) 0 1111 Rt:4 imm[7:4] 1101 imm[3:0]",                                facts: { ...double("load", IMMEDIATE, ["Rt<0> == '1'", "t2 == 15"]), indexing: "U", base: 15 } },
  { form: "STRD (immediate) A1",  pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 0 Rn:4 Rt:4 imm[7:4] 1111 imm[3:0]",                            facts: double("store", IMMEDIATE, DOUBLE_BASE) },
  { form: "LDRH (immediate) A1",  pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 imm[7:4] 1011 imm[3:0]", where: { PUW, Rn: NOT_15 }, facts: load(2, IMMEDIATE, ["t == 15", "wback && n == t"]) },
  { form: "LDRH (literal) A1",    pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 1111 Rt:4 imm[7:4] 1011 imm[3:0]", where: { PUW },             facts: literal(load(2, IMMEDIATE, ["t == 15", "wback"])) },
  { form: "LDRSB (immediate) A1", pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 imm[7:4] 1101 imm[3:0]", where: { PUW, Rn: NOT_15 }, facts: signedLoad(1, IMMEDIATE, ["t == 15", "wback && n == t"]) },
  { form: "LDRSB (literal) A1",   pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 1111 Rt:4 imm[7:4] 1101 imm[3:0]", where: { PUW },             facts: literal(signedLoad(1, IMMEDIATE, ["t == 15", "wback"])) },
  { form: "LDRSH (immediate) A1", pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 Rn:4 Rt:4 imm[7:4] 1111 imm[3:0]", where: { PUW, Rn: NOT_15 }, facts: signedLoad(2, IMMEDIATE, ["t == 15", "wback && n == t"]) },
  { form: "LDRSH (literal) A1",   pattern: "cond:4 000 PUW[2:1] 1 PUW[0] 1 1111 Rt:4 imm[7:4] 1111 imm[3:0]", where: { PUW },             facts: literal(signedLoad(2, IMMEDIATE, ["t == 15", "wback"])) },
  { form: "STRHT A1",             pattern: "cond:4 000 0 U:1 1 1 0 Rn:4 Rt:4 imm[7:4] 1011 imm[3:0]", facts: unprivileged(store(2, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
  { form: "LDRHT A1",             pattern: "cond:4 000 0 U:1 1 1 1 Rn:4 Rt:4 imm[7:4] 1011 imm[3:0]", facts: unprivileged(load(2, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
  { form: "LDRSBT A1",            pattern: "cond:4 000 0 U:1 1 1 1 Rn:4 Rt:4 imm[7:4] 1101 imm[3:0]", facts: unprivileged(signedLoad(1, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
  { form: "LDRSHT A1",            pattern: "cond:4 000 0 U:1 1 1 1 Rn:4 Rt:4 imm[7:4] 1111 imm[3:0]", facts: unprivileged(signedLoad(2, IMMEDIATE, ["t == 15", ...UNPRIVILEGED])) },
];

function ordered(access: "load" | "store", bytes: OrderedFacts["bytes"], unpredictable: readonly Rule[]): OrderedFacts {
  return { kind: "ordered", access, bytes, exclusive: false, ordering: true, unpredictable };
}

function exclusive(access: "load" | "store", bytes: OrderedFacts["bytes"], ordering: boolean, unpredictable: readonly Rule[]): OrderedFacts {
  return { kind: "ordered", access, bytes, exclusive: true, ordering, unpredictable, ...(bytes === 8 && { second: "Rt + 1" as const }) };
}

const T_N: readonly Rule[] = ["t == 15", "n == 15"];
const D_T_N: readonly Rule[] = ["d == 15", "t == 15", "n == 15", "d == n", "d == t"];
const PAIR_LOAD: readonly Rule[] = ["Rt<0> == '1'", "t2 == 15", "n == 15"];
const PAIR_STORE: readonly Rule[] = ["d == 15", "Rt<0> == '1'", "t2 == 15", "n == 15", "d == n", "d == t", "d == t2"];
const SWAP: readonly Rule[] = ["t == 15", "m == 15", "n == 15", "n == t", "n == m"];

// prettier-ignore
const SYNCHRONIZATION: readonly Row<Facts>[] = [
  // Armv7 only: DDI 0406 A8.8, SWP, SWPB. Armv8 leaves the encoding unallocated.
  { form: "SWP A1",     pattern: "cond:4 0001 0000 Rn:4 Rt:4 (0)(0)(0)(0) 1001 Rm:4", facts: { kind: "swap", access: "load", bytes: 4, unpredictable: SWAP } },
  { form: "SWPB A1",    pattern: "cond:4 0001 0100 Rn:4 Rt:4 (0)(0)(0)(0) 1001 Rm:4", facts: { kind: "swap", access: "load", bytes: 1, unpredictable: SWAP } },
  // F4.1, "Load/Store Exclusive and Load-Acquire/Store-Release"
  { form: "STL A1",     pattern: "cond:4 0001 1000 Rn:4 (1)(1)(1)(1) (1)(1)00 1001 Rt:4", facts: ordered("store", 4, T_N) },
  { form: "STLEX A1",   pattern: "cond:4 0001 1000 Rn:4 Rd:4 (1)(1)10 1001 Rt:4",         facts: exclusive("store", 4, true, D_T_N) },
  { form: "STREX A1",   pattern: "cond:4 0001 1000 Rn:4 Rd:4 (1)(1)11 1001 Rt:4",         facts: exclusive("store", 4, false, D_T_N) },
  { form: "LDA A1",     pattern: "cond:4 0001 1001 Rn:4 Rt:4 (1)(1)00 1001 (1)(1)(1)(1)", facts: ordered("load", 4, T_N) },
  { form: "LDAEX A1",   pattern: "cond:4 0001 1001 Rn:4 Rt:4 (1)(1)10 1001 (1)(1)(1)(1)", facts: exclusive("load", 4, true, T_N) },
  { form: "LDREX A1",   pattern: "cond:4 0001 1001 Rn:4 Rt:4 (1)(1)11 1001 (1)(1)(1)(1)", facts: exclusive("load", 4, false, T_N) },
  { form: "STLEXD A1",  pattern: "cond:4 0001 1010 Rn:4 Rd:4 (1)(1)10 1001 Rt:4",         facts: exclusive("store", 8, true, PAIR_STORE) },
  { form: "STREXD A1",  pattern: "cond:4 0001 1010 Rn:4 Rd:4 (1)(1)11 1001 Rt:4",         facts: exclusive("store", 8, false, PAIR_STORE) },
  { form: "LDAEXD A1",  pattern: "cond:4 0001 1011 Rn:4 Rt:4 (1)(1)10 1001 (1)(1)(1)(1)", facts: exclusive("load", 8, true, PAIR_LOAD) },
  { form: "LDREXD A1",  pattern: "cond:4 0001 1011 Rn:4 Rt:4 (1)(1)11 1001 (1)(1)(1)(1)", facts: exclusive("load", 8, false, PAIR_LOAD) },
  { form: "STLB A1",    pattern: "cond:4 0001 1100 Rn:4 (1)(1)(1)(1) (1)(1)00 1001 Rt:4", facts: ordered("store", 1, T_N) },
  { form: "STLEXB A1",  pattern: "cond:4 0001 1100 Rn:4 Rd:4 (1)(1)10 1001 Rt:4",         facts: exclusive("store", 1, true, D_T_N) },
  { form: "STREXB A1",  pattern: "cond:4 0001 1100 Rn:4 Rd:4 (1)(1)11 1001 Rt:4",         facts: exclusive("store", 1, false, D_T_N) },
  { form: "LDAB A1",    pattern: "cond:4 0001 1101 Rn:4 Rt:4 (1)(1)00 1001 (1)(1)(1)(1)", facts: ordered("load", 1, T_N) },
  { form: "LDAEXB A1",  pattern: "cond:4 0001 1101 Rn:4 Rt:4 (1)(1)10 1001 (1)(1)(1)(1)", facts: exclusive("load", 1, true, T_N) },
  { form: "LDREXB A1",  pattern: "cond:4 0001 1101 Rn:4 Rt:4 (1)(1)11 1001 (1)(1)(1)(1)", facts: exclusive("load", 1, false, T_N) },
  { form: "STLH A1",    pattern: "cond:4 0001 1110 Rn:4 (1)(1)(1)(1) (1)(1)00 1001 Rt:4", facts: ordered("store", 2, T_N) },
  { form: "STLEXH A1",  pattern: "cond:4 0001 1110 Rn:4 Rd:4 (1)(1)10 1001 Rt:4",         facts: exclusive("store", 2, true, D_T_N) },
  { form: "STREXH A1",  pattern: "cond:4 0001 1110 Rn:4 Rd:4 (1)(1)11 1001 Rt:4",         facts: exclusive("store", 2, false, D_T_N) },
  { form: "LDAH A1",    pattern: "cond:4 0001 1111 Rn:4 Rt:4 (1)(1)00 1001 (1)(1)(1)(1)", facts: ordered("load", 2, T_N) },
  { form: "LDAEXH A1",  pattern: "cond:4 0001 1111 Rn:4 Rt:4 (1)(1)10 1001 (1)(1)(1)(1)", facts: exclusive("load", 2, true, T_N) },
  { form: "LDREXH A1",  pattern: "cond:4 0001 1111 Rn:4 Rt:4 (1)(1)11 1001 (1)(1)(1)(1)", facts: exclusive("load", 2, false, T_N) },
];

function multiple(access: "load" | "store", mode: MultipleFacts["mode"]): MultipleFacts {
  const list: Rule = access === "load" ? "wback && registers<n> == '1'" : "wback && registers<n> == '1' && n != LowestSetBit(registers)";
  return { kind: "multiple", access, mode, writeback: "W", unpredictable: ["n == 15", "BitCount(registers) < 1", list] };
}

const USER_BANK = "it transfers User mode registers, which are banked: the trace holds those of the mode that faulted";
const EXCEPTION_RETURN = "it returns from an exception: it copies SPSR to CPSR, and the trace does not hold SPSR";

function banked(access: "load" | "store", mode: MultipleFacts["mode"], writeback: "W" | "never", unsupported: string): MultipleFacts {
  return { kind: "multiple", access, mode, writeback, unsupported, unpredictable: ["n == 15", "BitCount(registers) < 1"] };
}

/** Modes by P and U, as the diagrams have them. */
const MODES = [
  { bits: "00", mode: "DA" },
  { bits: "01", mode: "IA" },
  { bits: "10", mode: "DB" },
  { bits: "11", mode: "IB" },
] as const;

// prettier-ignore
const MULTIPLE: readonly Row<Facts>[] = MODES.flatMap(({ bits, mode }): Row<Facts>[] => [
  { form: `STM${mode} A1`,                    pattern: `cond:4 100 ${bits} 0 W:1 0 Rn:4 registers:16`,   facts: multiple("store", mode) },
  { form: `LDM${mode} A1`,                    pattern: `cond:4 100 ${bits} 0 W:1 1 Rn:4 registers:16`,   facts: multiple("load", mode) },
  { form: `STM${mode} (User registers) A1`,   pattern: `cond:4 100 ${bits} 1 (0) 0 Rn:4 registers:16`,   facts: banked("store", mode, "never", USER_BANK) },
  { form: `LDM${mode} (User registers) A1`,   pattern: `cond:4 100 ${bits} 1 (0) 1 Rn:4 0 registers:15`, facts: banked("load", mode, "never", USER_BANK) },
  { form: `LDM${mode} (exception return) A1`, pattern: `cond:4 100 ${bits} 1 W:1 1 Rn:4 1 registers:15`, facts: { ...banked("load", mode, "W", EXCEPTION_RETURN), alsoPc: true } },
]);

const RETURN_STATE = "it returns from an exception: it loads PC and CPSR with the rights of the mode that it leaves";
const STORE_STATE = "it stores LR and SPSR on the stack of another mode: the trace holds neither SPSR nor that mode's stack pointer";

// prettier-ignore
const UNCONDITIONAL: readonly Row<Facts>[] = MODES.flatMap(({ bits, mode }): Row<Facts>[] => [
  { form: `RFE${mode} A1`, pattern: `1111 100 ${bits} 0 x 1 xxxx (0)(0)(0)(0) (1)(0)(1)(0) (0)(0)(0)(0) (0)(0)(0)(0)`, facts: { kind: "opaque", access: "load", sizes: [4, 4], unsupported: RETURN_STATE } },
  { form: `SRS${mode} A1`, pattern: `1111 100 ${bits} 1 x 0 (1)(1)(0)(1) (0)(0)(0)(0) (0)(1)(0)(1) (0)(0)(0) xxxxx`,   facts: { kind: "opaque", access: "store", sizes: [4, 4], unsupported: STORE_STATE } },
]);

/** The condition field of a conditional instruction: 1111 is another part of the encoding space. */
const CONDITIONS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/** All of A32, loads and stores first. What matches no row is unallocated. */
export const A32_ROWS: readonly Row<Facts>[] = [
  ...SINGLE,
  ...EXTRA,
  ...SYNCHRONIZATION,
  ...MULTIPLE,
  ...UNCONDITIONAL,
  ...vectorRows("A32"),
  ...A32_CLASS_ROWS,
].map((row) => (row.pattern.startsWith("cond:4") ? { ...row, where: { ...row.where, cond: CONDITIONS } } : row));
