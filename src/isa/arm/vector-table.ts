import type { Row } from "../rows.ts";
import type { Facts, LaneFacts, StructureFacts } from "./facts.ts";
import { NOT_15, type Rule } from "./rules.ts";

/**
 * Loads and stores of the floating-point, Advanced SIMD and coprocessor space. A32 and T32 share all but the top byte (DDI 0487
 * F3.1 and F4.1, "Advanced SIMD and floating-point"), so that each row is stated once: `top` is the
 * condition field or 1110.
 */
export function vectorRows(set: "A32" | "T32"): Row<Facts>[] {
  const top = set === "A32" ? "cond:4" : "1110";
  return [...floatingPointRows(set, top), ...coprocessorRows(set, top), ...structureRows(set === "A32" ? "1111 0100" : "1111 1001"), ...laneRows(set === "A32" ? "1111 0100" : "1111 1001")];
}

/** Load, then store: the L bit of a diagram. */
const DIRECTIONS = [
  { access: "load", L: "1", verb: "VLD" },
  { access: "store", L: "0", verb: "VST" },
] as const;

// ---------------------------------------------------------------------------------------------------------------------
// VLDR, VSTR, VLDM, VSTM (with VPUSH, VPOP, which are VSTMDB SP! and VLDM SP!), FLDMX, FSTMX

function floatingPointRows(set: "A32" | "T32", top: string): Row<Facts>[] {
  const half: readonly Rule[] = set === "A32" ? ["cond != '1110'"] : [];
  const storeBase: readonly Rule[] = set === "A32" ? [] : ["n == 15"];
  const multipleBase: Rule = set === "A32" ? "wback && n == 15" : "n == 15";
  const doubles: readonly Rule[] = [multipleBase, "regs == 0", "regs > 16", "d + regs > 32"];
  const singles: readonly Rule[] = [multipleBase, "regs == 0", "d + regs > 32"];
  const legacy: readonly Rule[] = [multipleBase, "regs == 0", "d + regs > 16"];
  // prettier-ignore
  return [
    { form: "VLDR.16", pattern: `${top} 1101 U:1 d[0] 0 1 Rn:4 d[4:1] 10 01 imm:8`, where: { Rn: NOT_15 }, facts: { kind: "vector single", access: "load", bytes: 2, unpredictable: half } },
    { form: "VLDR.32", pattern: `${top} 1101 U:1 d[0] 0 1 Rn:4 d[4:1] 10 10 imm:8`, where: { Rn: NOT_15 }, facts: { kind: "vector single", access: "load", bytes: 4, unpredictable: [] } },
    { form: "VLDR.64", pattern: `${top} 1101 U:1 d[4] 0 1 Rn:4 d[3:0] 10 11 imm:8`, where: { Rn: NOT_15 }, facts: { kind: "vector single", access: "load", bytes: 8, unpredictable: [] } },
    { form: "VLDR.16 (literal)", pattern: `${top} 1101 U:1 d[0] 0 1 1111 d[4:1] 10 01 imm:8`, facts: { kind: "vector single", access: "load", bytes: 2, base: 15, unpredictable: half } },
    { form: "VLDR.32 (literal)", pattern: `${top} 1101 U:1 d[0] 0 1 1111 d[4:1] 10 10 imm:8`, facts: { kind: "vector single", access: "load", bytes: 4, base: 15, unpredictable: [] } },
    { form: "VLDR.64 (literal)", pattern: `${top} 1101 U:1 d[4] 0 1 1111 d[3:0] 10 11 imm:8`, facts: { kind: "vector single", access: "load", bytes: 8, base: 15, unpredictable: [] } },
    { form: "VSTR.16", pattern: `${top} 1101 U:1 d[0] 0 0 Rn:4 d[4:1] 10 01 imm:8`, facts: { kind: "vector single", access: "store", bytes: 2, unpredictable: [...half, ...storeBase] } },
    { form: "VSTR.32", pattern: `${top} 1101 U:1 d[0] 0 0 Rn:4 d[4:1] 10 10 imm:8`, facts: { kind: "vector single", access: "store", bytes: 4, unpredictable: storeBase } },
    { form: "VSTR.64", pattern: `${top} 1101 U:1 d[4] 0 0 Rn:4 d[3:0] 10 11 imm:8`, facts: { kind: "vector single", access: "store", bytes: 8, unpredictable: storeBase } },

    { form: "VLDMIA.32", pattern: `${top} 1100 1 d[0] W:1 1 Rn:4 d[4:1] 1010 regs:8`,   facts: { kind: "vector multiple", access: "load",  bytes: 4, mode: "IA", writeback: "W", unpredictable: singles } },
    { form: "VLDMDB.32", pattern: `${top} 1101 0 d[0] 1 1 Rn:4 d[4:1] 1010 regs:8`,     facts: { kind: "vector multiple", access: "load",  bytes: 4, mode: "DB", writeback: "always", unpredictable: singles } },
    { form: "VLDMIA.64", pattern: `${top} 1100 1 d[4] W:1 1 Rn:4 d[3:0] 1011 regs:7 0`, facts: { kind: "vector multiple", access: "load",  bytes: 8, mode: "IA", writeback: "W", unpredictable: doubles } },
    { form: "VLDMDB.64", pattern: `${top} 1101 0 d[4] 1 1 Rn:4 d[3:0] 1011 regs:7 0`,   facts: { kind: "vector multiple", access: "load",  bytes: 8, mode: "DB", writeback: "always", unpredictable: doubles } },
    { form: "FLDMIAX",   pattern: `${top} 1100 1 d[4] W:1 1 Rn:4 d[3:0] 1011 regs:7 1`, facts: { kind: "vector multiple", access: "load",  bytes: 8, mode: "IA", writeback: "W", extraWord: true, unpredictable: legacy } },
    { form: "FLDMDBX",   pattern: `${top} 1101 0 d[4] 1 1 Rn:4 d[3:0] 1011 regs:7 1`,   facts: { kind: "vector multiple", access: "load",  bytes: 8, mode: "DB", writeback: "always", extraWord: true, unpredictable: legacy } },
    { form: "VSTMIA.32", pattern: `${top} 1100 1 d[0] W:1 0 Rn:4 d[4:1] 1010 regs:8`,   facts: { kind: "vector multiple", access: "store", bytes: 4, mode: "IA", writeback: "W", unpredictable: singles } },
    { form: "VSTMDB.32", pattern: `${top} 1101 0 d[0] 1 0 Rn:4 d[4:1] 1010 regs:8`,     facts: { kind: "vector multiple", access: "store", bytes: 4, mode: "DB", writeback: "always", unpredictable: singles } },
    { form: "VSTMIA.64", pattern: `${top} 1100 1 d[4] W:1 0 Rn:4 d[3:0] 1011 regs:7 0`, facts: { kind: "vector multiple", access: "store", bytes: 8, mode: "IA", writeback: "W", unpredictable: doubles } },
    { form: "VSTMDB.64", pattern: `${top} 1101 0 d[4] 1 0 Rn:4 d[3:0] 1011 regs:7 0`,   facts: { kind: "vector multiple", access: "store", bytes: 8, mode: "DB", writeback: "always", unpredictable: doubles } },
    { form: "FSTMIAX",   pattern: `${top} 1100 1 d[4] W:1 0 Rn:4 d[3:0] 1011 regs:7 1`, facts: { kind: "vector multiple", access: "store", bytes: 8, mode: "IA", writeback: "W", extraWord: true, unpredictable: legacy } },
    { form: "FSTMDBX",   pattern: `${top} 1101 0 d[4] 1 0 Rn:4 d[3:0] 1011 regs:7 1`,   facts: { kind: "vector multiple", access: "store", bytes: 8, mode: "DB", writeback: "always", extraWord: true, unpredictable: legacy } },
  ];
}

// ---------------------------------------------------------------------------------------------------------------------
// LDC, STC

/** P = 0, U = 0, W = 0 is a 64-bit move to a coprocessor, or unallocated. */
const INDEXED = [1, 2, 3, 4, 5, 6, 7];
/** Coprocessors that Armv7 left to the implementation: not 8–11 (floating point), 14 and 15 (system). Armv8 has none of them. */
const GENERIC_COPROCESSORS = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13];
/** Of LDC2 and STC2. 8, 9, 12 and 13 are Advanced SIMD there, and in T32 14 and 15 the M-profile Vector Extension. */
const UNCONDITIONAL_COPROCESSORS = { A32: [0, 1, 2, 3, 4, 5, 6, 7, 14, 15], T32: [0, 1, 2, 3, 4, 5, 6, 7] } as const;
const DEBUG_TRANSFER = "its register is the debug data transfer register (p14, c5), which the trace does not hold";
const GENERIC_TRANSFER = "its data belongs to a coprocessor that the implementation defines (Armv7), and the trace does not hold it; Armv8 has no such coprocessor";

function coprocessorRows(set: "A32" | "T32", top: string): Row<Facts>[] {
  const unconditional = { PUW: INDEXED, coproc: UNCONDITIONAL_COPROCESSORS[set] };
  // prettier-ignore
  return [
    { form: "LDC (p14, c5)",      pattern: `${top} 110 PUW[2:1] 0 PUW[0] 1 xxxx 0101 1110 xxxxxxxx`,     where: { PUW: INDEXED }, facts: { kind: "opaque", access: "load", sizes: [4], unsupported: DEBUG_TRANSFER } },
    { form: "STC (p14, c5)",      pattern: `${top} 110 PUW[2:1] 0 PUW[0] 0 xxxx 0101 1110 xxxxxxxx`,     where: { PUW: INDEXED }, facts: { kind: "opaque", access: "store", sizes: [4], unsupported: DEBUG_TRANSFER } },
    { form: "LDC (coprocessor)",  pattern: `${top} 110 PUW[2:1] x PUW[0] 1 xxxx xxxx coproc:4 xxxxxxxx`, where: { PUW: INDEXED, coproc: GENERIC_COPROCESSORS }, facts: { kind: "opaque", access: "load", sizes: [0], unsupported: GENERIC_TRANSFER } },
    { form: "STC (coprocessor)",  pattern: `${top} 110 PUW[2:1] x PUW[0] 0 xxxx xxxx coproc:4 xxxxxxxx`, where: { PUW: INDEXED, coproc: GENERIC_COPROCESSORS }, facts: { kind: "opaque", access: "store", sizes: [0], unsupported: GENERIC_TRANSFER } },
    { form: "LDC2",               pattern: "1111 110 PUW[2:1] x PUW[0] 1 xxxx xxxx coproc:4 xxxxxxxx",  where: unconditional, facts: { kind: "opaque", access: "load", sizes: [0], unsupported: GENERIC_TRANSFER } },
    { form: "STC2",               pattern: "1111 110 PUW[2:1] x PUW[0] 0 xxxx xxxx coproc:4 xxxxxxxx",  where: unconditional, facts: { kind: "opaque", access: "store", sizes: [0], unsupported: GENERIC_TRANSFER } },
  ];
}

// ---------------------------------------------------------------------------------------------------------------------
// VLD1–VLD4, VST1–VST4 (multiple structures)

interface StructureLine {
  readonly elements: StructureFacts["elements"];
  readonly name: string;
  readonly type: string;
  readonly groups: StructureFacts["groups"];
  readonly spacing: 1 | 2;
  readonly align: readonly number[];
}

/** Column `align`: its allowed values. VLD1 alone has elements of 8 bytes. */
// prettier-ignore
const STRUCTURE_LINES: readonly StructureLine[] = [
  { elements: 1, name: "one register",              type: "0111", groups: 1, spacing: 1, align: [0, 1] },
  { elements: 1, name: "two registers",             type: "1010", groups: 2, spacing: 1, align: [0, 1, 2] },
  { elements: 1, name: "three registers",           type: "0110", groups: 3, spacing: 1, align: [0, 1] },
  { elements: 1, name: "four registers",            type: "0010", groups: 4, spacing: 1, align: [0, 1, 2, 3] },
  { elements: 2, name: "two registers",             type: "1000", groups: 1, spacing: 1, align: [0, 1, 2] },
  { elements: 2, name: "two registers two apart",   type: "1001", groups: 1, spacing: 2, align: [0, 1, 2] },
  { elements: 2, name: "four registers",            type: "0011", groups: 2, spacing: 2, align: [0, 1, 2, 3] },
  { elements: 3, name: "three registers",           type: "0100", groups: 1, spacing: 1, align: [0, 1] },
  { elements: 3, name: "three registers two apart", type: "0101", groups: 1, spacing: 2, align: [0, 1] },
  { elements: 4, name: "four registers",            type: "0000", groups: 1, spacing: 1, align: [0, 1, 2, 3] },
  { elements: 4, name: "four registers two apart",  type: "0001", groups: 1, spacing: 2, align: [0, 1, 2, 3] },
];

const STRUCTURE_RULES: readonly Rule[] = ["n == 15", "last register > d31"];

function structureRows(top: string): Row<Facts>[] {
  return DIRECTIONS.flatMap(({ access, L, verb }) =>
    STRUCTURE_LINES.map(({ elements, name, type, groups, spacing, align }) => ({
      form: `${verb}${elements} (multiple, ${name})`,
      pattern: `${top} 0 d[4] ${L} 0 Rn:4 d[3:0] ${type} size:2 align:2 Rm:4`,
      where: { align, ...(elements === 1 ? {} : { size: [0, 1, 2] }) },
      facts: { kind: "structure", access, elements, groups, spacing, alignments: [1, 8, 16, 32], unpredictable: STRUCTURE_RULES },
    })),
  );
}

// ---------------------------------------------------------------------------------------------------------------------
// VLD1–VLD4, VST1–VST4 (single structure to one lane, to all lanes)

interface LaneLine {
  readonly elements: LaneFacts["elements"];
  readonly bytes: LaneFacts["bytes"];
  /** Bits 11:4. */
  readonly bits: string;
  readonly alignments: readonly number[];
  readonly spacing?: true;
  readonly pair?: true;
  readonly align?: readonly number[];
}

// prettier-ignore
const LANE_LINES: readonly LaneLine[] = [
  { elements: 1, bytes: 1, bits: "00 00 index:3 0",                 alignments: [1] },
  { elements: 1, bytes: 2, bits: "01 00 index:2 0 align:1",         alignments: [1, 2] },
  { elements: 1, bytes: 4, bits: "10 00 index:1 0 align:2",         alignments: [1, 1, 1, 4], align: [0, 3] },
  { elements: 2, bytes: 1, bits: "00 01 index:3 align:1",           alignments: [1, 2] },
  { elements: 2, bytes: 2, bits: "01 01 index:2 spacing:1 align:1", alignments: [1, 4], spacing: true },
  { elements: 2, bytes: 4, bits: "10 01 index:1 spacing:1 0 align:1", alignments: [1, 8], spacing: true },
  { elements: 3, bytes: 1, bits: "00 10 index:3 0",                 alignments: [1] },
  { elements: 3, bytes: 2, bits: "01 10 index:2 spacing:1 0",       alignments: [1], spacing: true },
  { elements: 3, bytes: 4, bits: "10 10 index:1 spacing:1 00",      alignments: [1], spacing: true },
  { elements: 4, bytes: 1, bits: "00 11 index:3 align:1",           alignments: [1, 4] },
  { elements: 4, bytes: 2, bits: "01 11 index:2 spacing:1 align:1", alignments: [1, 8], spacing: true },
  { elements: 4, bytes: 4, bits: "10 11 index:1 spacing:1 align:2", alignments: [1, 8, 16], spacing: true, align: [0, 1, 2] },
];

// prettier-ignore
const ALL_LANES_LINES: readonly LaneLine[] = [
  { elements: 1, bytes: 1, bits: "11 00 00 T:1 0",             alignments: [1], pair: true },
  { elements: 1, bytes: 2, bits: "11 00 01 T:1 align:1",       alignments: [1, 2], pair: true },
  { elements: 1, bytes: 4, bits: "11 00 10 T:1 align:1",       alignments: [1, 4], pair: true },
  { elements: 2, bytes: 1, bits: "11 01 00 spacing:1 align:1", alignments: [1, 2], spacing: true },
  { elements: 2, bytes: 2, bits: "11 01 01 spacing:1 align:1", alignments: [1, 4], spacing: true },
  { elements: 2, bytes: 4, bits: "11 01 10 spacing:1 align:1", alignments: [1, 8], spacing: true },
  { elements: 3, bytes: 1, bits: "11 10 00 spacing:1 0",       alignments: [1], spacing: true },
  { elements: 3, bytes: 2, bits: "11 10 01 spacing:1 0",       alignments: [1], spacing: true },
  { elements: 3, bytes: 4, bits: "11 10 10 spacing:1 0",       alignments: [1], spacing: true },
  { elements: 4, bytes: 1, bits: "11 11 00 spacing:1 align:1", alignments: [1, 4], spacing: true },
  { elements: 4, bytes: 2, bits: "11 11 01 spacing:1 align:1", alignments: [1, 8], spacing: true },
  { elements: 4, bytes: 4, bits: "11 11 10 spacing:1 align:1", alignments: [1, 8], spacing: true },
  // Size 11 is 32-bit elements at an address aligned to all four.
  { elements: 4, bytes: 4, bits: "11 11 11 spacing:1 1",       alignments: [16], spacing: true },
];

function laneRows(top: string): Row<Facts>[] {
  const row = (kind: LaneFacts["kind"], { access, L, verb }: (typeof DIRECTIONS)[number], line: LaneLine): Row<Facts> => ({
    form: `${verb}${line.elements}.${8 * line.bytes} (${kind === "lane" ? "one lane" : "all lanes"}${line.alignments[0] === 16 ? ", 128-bit aligned" : ""})`,
    pattern: `${top} 1 d[4] ${L} 0 Rn:4 d[3:0] ${line.bits} Rm:4`,
    ...(line.align && { where: { align: line.align } }),
    facts: {
      kind,
      access,
      elements: line.elements,
      bytes: line.bytes,
      alignments: line.alignments,
      unpredictable: STRUCTURE_RULES,
      ...(line.spacing && { spacing: true as const }),
      ...(line.pair && { pair: true as const }),
    },
  });
  return [
    ...DIRECTIONS.flatMap((direction) => LANE_LINES.map((line) => row("lane", direction, line))),
    ...ALL_LANES_LINES.map((line) => row("all lanes", DIRECTIONS[0], line)),
  ];
}
