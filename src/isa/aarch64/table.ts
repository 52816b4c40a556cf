import type { Row } from "../rows.ts";
import { classes } from "./classes.ts";
import type { AddressMode, Facts, LaneFacts, MultipleFacts, PairFacts, RegisterView, SingleFacts } from "./facts.ts";
import { SCALABLE_ROWS } from "./scalable.ts";

/**
 * The A64 load/store encoding space, in the order of the Arm ARM (DDI 0487), C4.1.94 "Loads and Stores". Rows of one
 * encoding class share its diagram; the columns before the name are the class's opcode fields, as in the manual's tables.
 */

/** Fills the named placeholders of an encoding diagram with a row's opcode columns. */
function encode(diagram: string, columns: Readonly<Record<string, string>>): string {
  return diagram.replace(/\{(\w+)\}/g, (_, column: string) => columns[column]!);
}

const VIEW_NAMES: Readonly<Record<number, string>> = { 1: "Bt", 2: "Ht", 4: "St", 8: "Dt", 16: "Qt" };

/** How a form names the register: "Wt", "Xt", "Bt" … "Qt". */
function view(register: RegisterView, bytes: number): string {
  return register === "v" ? VIEW_NAMES[bytes]! : `${register.toUpperCase()}t`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Load/store register: unscaled immediate, immediate post-indexed, unprivileged, immediate pre-indexed, register offset,
// unsigned immediate. The six classes have the same opcode columns.

interface RegisterLine {
  readonly size: string;
  readonly V: string;
  readonly opc: string;
  /** Mnemonic with `*` where the class's letter stands: ld*rb is ldrb, ldurb or ldtrb. */
  readonly mnemonic: string;
  readonly access: "load" | "store";
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  readonly register: RegisterView;
  readonly signed?: true;
}

// prettier-ignore
const REGISTER_LINES: readonly RegisterLine[] = [
  { size: "00", V: "0", opc: "00", mnemonic: "st*rb",  access: "store", bytes: 1,  register: "w" },
  { size: "00", V: "0", opc: "01", mnemonic: "ld*rb",  access: "load",  bytes: 1,  register: "w" },
  { size: "00", V: "0", opc: "10", mnemonic: "ld*rsb", access: "load",  bytes: 1,  register: "x", signed: true },
  { size: "00", V: "0", opc: "11", mnemonic: "ld*rsb", access: "load",  bytes: 1,  register: "w", signed: true },
  { size: "00", V: "1", opc: "00", mnemonic: "st*r",   access: "store", bytes: 1,  register: "v" },
  { size: "00", V: "1", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 1,  register: "v" },
  { size: "00", V: "1", opc: "10", mnemonic: "st*r",   access: "store", bytes: 16, register: "v" },
  { size: "00", V: "1", opc: "11", mnemonic: "ld*r",   access: "load",  bytes: 16, register: "v" },
  { size: "01", V: "0", opc: "00", mnemonic: "st*rh",  access: "store", bytes: 2,  register: "w" },
  { size: "01", V: "0", opc: "01", mnemonic: "ld*rh",  access: "load",  bytes: 2,  register: "w" },
  { size: "01", V: "0", opc: "10", mnemonic: "ld*rsh", access: "load",  bytes: 2,  register: "x", signed: true },
  { size: "01", V: "0", opc: "11", mnemonic: "ld*rsh", access: "load",  bytes: 2,  register: "w", signed: true },
  { size: "01", V: "1", opc: "00", mnemonic: "st*r",   access: "store", bytes: 2,  register: "v" },
  { size: "01", V: "1", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 2,  register: "v" },
  { size: "10", V: "0", opc: "00", mnemonic: "st*r",   access: "store", bytes: 4,  register: "w" },
  { size: "10", V: "0", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 4,  register: "w" },
  { size: "10", V: "0", opc: "10", mnemonic: "ld*rsw", access: "load",  bytes: 4,  register: "x", signed: true },
  { size: "10", V: "1", opc: "00", mnemonic: "st*r",   access: "store", bytes: 4,  register: "v" },
  { size: "10", V: "1", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 4,  register: "v" },
  { size: "11", V: "0", opc: "00", mnemonic: "st*r",   access: "store", bytes: 8,  register: "x" },
  { size: "11", V: "0", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 8,  register: "x" },
  { size: "11", V: "1", opc: "00", mnemonic: "st*r",   access: "store", bytes: 8,  register: "v" },
  { size: "11", V: "1", opc: "01", mnemonic: "ld*r",   access: "load",  bytes: 8,  register: "v" },
];

interface RegisterClass {
  readonly name: string;
  readonly diagram: string;
  readonly address: AddressMode;
  readonly letter?: "u" | "t";
  readonly where?: Readonly<Record<string, readonly number[]>>;
  /** The class exists for general registers only. */
  readonly generalOnly?: true;
}

// prettier-ignore
const REGISTER_CLASSES: readonly RegisterClass[] = [
  { name: "unscaled",        diagram: "{size} 111 {V} 00 {opc} 0 imm9:9 00 Rn:5 Rt:5",                   address: "unscaled", letter: "u" },
  { name: "post-index",      diagram: "{size} 111 {V} 00 {opc} 0 imm9:9 01 Rn:5 Rt:5",                   address: "post-index" },
  { name: "unprivileged",    diagram: "{size} 111 {V} 00 {opc} 0 imm9:9 10 Rn:5 Rt:5",                   address: "unscaled", letter: "t", generalOnly: true },
  { name: "pre-index",       diagram: "{size} 111 {V} 00 {opc} 0 imm9:9 11 Rn:5 Rt:5",                   address: "pre-index" },
  { name: "register offset", diagram: "{size} 111 {V} 00 {opc} 1 Rm:5 option:3 S:1 10 Rn:5 Rt:5",        address: "register", where: { option: [2, 3, 6, 7] } },
  { name: "unsigned offset", diagram: "{size} 111 {V} 01 {opc} imm12:12 Rn:5 Rt:5",                      address: "unsigned-offset" },
];

function registerRows({ name, diagram, address, letter, where, generalOnly }: RegisterClass): Row<Facts>[] {
  return REGISTER_LINES.filter(({ V }) => !generalOnly || V === "0").map(({ size, V, opc, mnemonic, access, bytes, register, signed }) => {
    const facts: SingleFacts = {
      kind: "single",
      mnemonic: mnemonic.replace("*", letter ?? ""),
      access,
      bytes,
      register,
      address,
      ...(signed && { signed }),
      ...(letter === "t" && { unprivileged: true as const }),
    };
    return {
      form: `${facts.mnemonic.toUpperCase()} ${view(register, bytes)}, ${name}`,
      pattern: encode(diagram, { size, V, opc }),
      ...(where && { where }),
      facts,
    };
  });
}

/** PRFM and its relatives: hints, which never fault. */
function prefetch(form: string, pattern: string, where?: Row<Facts>["where"]): Row<Facts> {
  return {
    form,
    pattern,
    ...(where && { where }),
    facts: {
      kind: "refused",
      mnemonic: form.split(" ")[0]!.toLowerCase(),
      access: "none",
      sizes: [],
      reason: "not-memory-access",
      why: "a prefetch is a hint: it transfers nothing and never faults",
      advice: "the captured PC or bytes are not those of the faulting instruction",
    },
  };
}

// ---------------------------------------------------------------------------------------------------------------------
// Load register (literal)

const LITERAL = "{opc} 011 {V} 00 imm19:19 Rt:5";
// prettier-ignore
const LITERAL_ROWS: readonly Row<Facts>[] = ([
  ["00", "0", "ldr",   4,  "w", false],
  ["00", "1", "ldr",   4,  "v", false],
  ["01", "0", "ldr",   8,  "x", false],
  ["01", "1", "ldr",   8,  "v", false],
  ["10", "0", "ldrsw", 4,  "x", true],
  ["10", "1", "ldr",   16, "v", false],
] as const).map(([opc, V, mnemonic, bytes, register, signed]) => ({
  form: `${mnemonic.toUpperCase()} ${view(register, bytes)}, literal`,
  pattern: encode(LITERAL, { opc, V }),
  facts: { kind: "single", mnemonic, access: "load", bytes, register, address: "literal", ...(signed && { signed }) },
}));

// ---------------------------------------------------------------------------------------------------------------------
// Load/store pair: no-allocate, post-indexed, offset, pre-indexed

const PAIR = "{opc} 101 {V} 0 {mode} {L} imm7:7 Rt2:5 Rn:5 Rt:5";
// prettier-ignore
const PAIR_LINES = [
  // opc   V    L    access   bytes register signed, unprivileged (FEAT_LSUI)
  ["00", "0", "0", "store", 4,  "w", false, false],
  ["00", "0", "1", "load",  4,  "w", false, false],
  ["00", "1", "0", "store", 4,  "v", false, false],
  ["00", "1", "1", "load",  4,  "v", false, false],
  ["01", "0", "1", "load",  4,  "x", true,  false],
  ["01", "1", "0", "store", 8,  "v", false, false],
  ["01", "1", "1", "load",  8,  "v", false, false],
  ["10", "0", "0", "store", 8,  "x", false, false],
  ["10", "0", "1", "load",  8,  "x", false, false],
  ["10", "1", "0", "store", 16, "v", false, false],
  ["10", "1", "1", "load",  16, "v", false, false],
  ["11", "0", "0", "store", 8,  "x", false, true],
  ["11", "0", "1", "load",  8,  "x", false, true],
  ["11", "1", "0", "store", 16, "v", false, true],
  ["11", "1", "1", "load",  16, "v", false, true],
] as const;

const PAIR_ROWS: readonly Row<Facts>[] = (
  [
    ["00", "offset", "np", "no-allocate"],
    ["01", "post-index", "p", "post-index"],
    ["10", "offset", "p", "offset"],
    ["11", "pre-index", "p", "pre-index"],
  ] as const
).flatMap(([mode, index, suffix, name]) =>
  PAIR_LINES.filter(([, , , , , , signed]) => !(signed && suffix === "np")).map(([opc, V, L, access, bytes, register, signed, unprivileged]) => {
    const mnemonic = `${access === "load" ? "ld" : "st"}${unprivileged ? "t" : ""}${suffix}${signed ? "sw" : ""}`;
    const facts: PairFacts = { kind: "pair", mnemonic, access, bytes, register, index, ...(signed && { signed }), ...(unprivileged && { unprivileged }) };
    return {
      form: `${mnemonic.toUpperCase()} ${view(register, bytes)}, ${name}`,
      pattern: encode(PAIR, { opc, V, L, mode }),
      facts,
    };
  }),
);

const TAG_PAIR_ROWS: readonly Row<Facts>[] = (
  [
    ["01", "post-index"],
    ["10", "offset"],
    ["11", "pre-index"],
  ] as const
).map(([mode, index]) => ({
  form: `STGP, ${index}`,
  pattern: encode(PAIR, { opc: "01", V: "0", L: "0", mode }),
  facts: { kind: "tag-pair", mnemonic: "stgp", index },
}));

// ---------------------------------------------------------------------------------------------------------------------
// Advanced SIMD load/store multiple structures, and the same post-indexed

const MULTIPLE = "0 arrangement[2] 001100 0 {L} 000000 {opcode} arrangement[1:0] Rn:5 Rt:5";
const MULTIPLE_POST = "0 arrangement[2] 001100 1 {L} 0 Rm:5 {opcode} arrangement[1:0] Rn:5 Rt:5";
/** Q:size without 1D, which only LD1 and ST1 have. */
const INTERLEAVED_ARRANGEMENTS = [0, 1, 2, 4, 5, 6, 7];
// prettier-ignore
const MULTIPLE_LINES = [
  // opcode  structure registers
  ["0000", 4, 4],
  ["0010", 1, 4],
  ["0100", 3, 3],
  ["0110", 1, 3],
  ["0111", 1, 1],
  ["1000", 2, 2],
  ["1010", 1, 2],
] as const;

const MULTIPLE_ROWS: readonly Row<Facts>[] = [false, true].flatMap((postIndex) =>
  (["store", "load"] as const).flatMap((access) =>
    MULTIPLE_LINES.map(([opcode, structure, registers]) => {
      const mnemonic = `${access === "load" ? "ld" : "st"}${structure}`;
      const facts: MultipleFacts = { kind: "multiple", mnemonic, access, registers, interleaved: structure > 1, postIndex };
      return {
        form: `${mnemonic.toUpperCase()} ${registers === 1 ? "one register" : `${registers} registers`}${postIndex ? ", post-index" : ""}`,
        pattern: encode(postIndex ? MULTIPLE_POST : MULTIPLE, { L: access === "load" ? "1" : "0", opcode }),
        ...(structure > 1 && { where: { arrangement: INTERLEAVED_ARRANGEMENTS } }),
        facts,
      };
    }),
  ),
);

// ---------------------------------------------------------------------------------------------------------------------
// Advanced SIMD load/store single structure, and the same post-indexed. The lane number is scattered over Q, S and size.

const LANE = "0 {Q} 001101 0 {L} {R} 00000 {scale} {o} {S} {size} Rn:5 Rt:5";
const LANE_POST = "0 {Q} 001101 1 {L} {R} Rm:5 {scale} {o} {S} {size} Rn:5 Rt:5";
// prettier-ignore
const LANE_LINES = [
  // bytes, scale, Q, S, size
  [1, "00", "lane[3]", "lane[2]", "lane[1:0]"],
  [2, "01", "lane[2]", "lane[1]", "lane[0] 0"],
  [4, "10", "lane[1]", "lane[0]", "00"],
  [8, "10", "lane[0]", "0",       "01"],
] as const;
/** Structures of one to four registers: R and the low bit of opcode. */
const STRUCTURES = [
  [1, "0", "0"],
  [2, "1", "0"],
  [3, "0", "1"],
  [4, "1", "1"],
] as const;
const LANE_NAMES: Readonly<Record<number, string>> = { 1: "B", 2: "H", 4: "S", 8: "D" };

const LANE_ROWS: readonly Row<Facts>[] = [false, true].flatMap((postIndex) =>
  (["store", "load"] as const).flatMap((access) =>
    STRUCTURES.flatMap(([registers, R, o]) =>
      LANE_LINES.map(([bytes, scale, Q, S, size]) => {
        const mnemonic = `${access === "load" ? "ld" : "st"}${registers}`;
        const facts: LaneFacts = { kind: "lane", mnemonic, access, registers, bytes, postIndex };
        return {
          form: `${mnemonic.toUpperCase()} one lane ${LANE_NAMES[bytes]!}${postIndex ? ", post-index" : ""}`,
          pattern: encode(postIndex ? LANE_POST : LANE, { L: access === "load" ? "1" : "0", R, scale, o, Q, S, size }),
          facts,
        };
      }),
    ),
  ),
);

const REPLICATE = "0 arrangement[2] 001101 0 1 {R} 00000 11 {o} 0 arrangement[1:0] Rn:5 Rt:5";
const REPLICATE_POST = "0 arrangement[2] 001101 1 1 {R} Rm:5 11 {o} 0 arrangement[1:0] Rn:5 Rt:5";
const REPLICATE_ROWS: readonly Row<Facts>[] = [false, true].flatMap((postIndex) =>
  STRUCTURES.map(([registers, R, o]) => ({
    form: `LD${registers}R${postIndex ? ", post-index" : ""}`,
    pattern: encode(postIndex ? REPLICATE_POST : REPLICATE, { R, o }),
    facts: { kind: "replicate", mnemonic: `ld${registers}r`, registers, postIndex } as const,
  })),
);

/** LDAP1, STL1 (FEAT_LRCPC3): one D lane with ordering. */
const ORDERED_LANE_ROWS: readonly Row<Facts>[] = [
  {
    form: "STL1 one lane D",
    pattern: "0 lane[0] 001101 000 00001 100 0 01 Rn:5 Rt:5",
    facts: { kind: "lane", mnemonic: "stl1", access: "store", registers: 1, bytes: 8, postIndex: false, ordering: "release" },
  },
  {
    form: "LDAP1 one lane D",
    pattern: "0 lane[0] 001101 010 00001 100 0 01 Rn:5 Rt:5",
    facts: { kind: "lane", mnemonic: "ldap1", access: "load", registers: 1, bytes: 8, postIndex: false, ordering: "acquire" },
  },
];

// ---------------------------------------------------------------------------------------------------------------------
// Load/store exclusive register, exclusive pair, ordered; LDAPR; LDAPR/STLR (unscaled immediate), general and SIMD&FP

const SIZES = [
  ["00", 1, "b"],
  ["01", 2, "h"],
  ["10", 4, ""],
  ["11", 8, ""],
] as const;

/** Forms of 4 and 8 bytes share a mnemonic: their names say W or X. */
function sized(mnemonic: string, bytes: number): string {
  return bytes === 4 ? `${mnemonic.toUpperCase()} Wt` : bytes === 8 ? `${mnemonic.toUpperCase()} Xt` : mnemonic.toUpperCase();
}

const general = (bytes: number): "w" | "x" => (bytes === 8 ? "x" : "w");

const EXCLUSIVE_ROWS: readonly Row<Facts>[] = SIZES.flatMap(([size, bytes, suffix]) =>
  (
    [
      // L, o0, mnemonic
      ["0", "0", "stxr", undefined],
      ["0", "1", "stlxr", "release"],
      ["1", "0", "ldxr", undefined],
      ["1", "1", "ldaxr", "acquire"],
    ] as const
  ).map(([L, o0, name, ordering]) => {
    const mnemonic = name + suffix;
    const access = L === "1" ? ("load" as const) : ("store" as const);
    return {
      form: sized(mnemonic, bytes),
      pattern: `${size} 001000 0 ${L} 0 ${access === "load" ? "(1)(1)(1)(1)(1)" : "Rs:5"} ${o0} (1)(1)(1)(1)(1) Rn:5 Rt:5`,
      facts: { kind: "exclusive", mnemonic, access, bytes, pair: false, ...(ordering && { ordering }) } as const,
    };
  }),
);

const EXCLUSIVE_PAIR_ROWS: readonly Row<Facts>[] = (
  [
    ["0", 4],
    ["1", 8],
  ] as const
).flatMap(([sz, bytes]) =>
  (
    [
      ["0", "0", "stxp", undefined],
      ["0", "1", "stlxp", "release"],
      ["1", "0", "ldxp", undefined],
      ["1", "1", "ldaxp", "acquire"],
    ] as const
  ).map(([L, o0, mnemonic, ordering]) => {
    const access = L === "1" ? ("load" as const) : ("store" as const);
    return {
      form: sized(mnemonic, bytes),
      pattern: `1 ${sz} 001000 0 ${L} 1 ${access === "load" ? "(1)(1)(1)(1)(1)" : "Rs:5"} ${o0} Rt2:5 Rn:5 Rt:5`,
      facts: { kind: "exclusive", mnemonic, access, bytes, pair: true, ...(ordering && { ordering }) } as const,
    };
  }),
);

const ORDERED_ROWS: readonly Row<Facts>[] = SIZES.flatMap(([size, bytes, suffix]) => [
  ...(
    [
      ["0", "0", "stllr", "store"],
      ["0", "1", "stlr", "store"],
      ["1", "0", "ldlar", "load"],
      ["1", "1", "ldar", "load"],
    ] as const
  ).map(([L, o0, name, access]) => ordered(name + suffix, access, bytes, `${size} 001000 1 ${L} 0 (1)(1)(1)(1)(1) ${o0} (1)(1)(1)(1)(1) Rn:5 Rt:5`)),
  ordered(`ldapr${suffix}`, "load", bytes, `${size} 111 0 00 1 0 1 (1)(1)(1)(1)(1) 1 100 00 Rn:5 Rt:5`),
]);

function ordered(mnemonic: string, access: "load" | "store", bytes: 1 | 2 | 4 | 8, pattern: string): Row<Facts> {
  const ordering = access === "load" ? "acquire" : "release";
  return {
    form: sized(mnemonic, bytes),
    pattern,
    facts: { kind: "single", mnemonic, access, bytes, register: general(bytes), address: "base", ordering },
  };
}

const ORDERED_UNSCALED_ROWS: readonly Row<Facts>[] = [
  ...REGISTER_LINES.filter(({ V }) => V === "0").map(({ size, opc, mnemonic, access, bytes, register, signed }): Row<Facts> => {
    const name = access === "load" ? mnemonic.replace("ld*r", "ldapur") : mnemonic.replace("st*r", "stlur");
    return {
      form: `${name.toUpperCase()} ${view(register, bytes)}`,
      pattern: `${size} 011 0 01 ${opc} 0 imm9:9 00 Rn:5 Rt:5`,
      facts: {
        kind: "single",
        mnemonic: name,
        access,
        bytes,
        register,
        address: "unscaled",
        ordering: access === "load" ? "acquire" : "release",
        ...(signed && { signed }),
      },
    };
  }),
  ...REGISTER_LINES.filter(({ V }) => V === "1").map(({ size, opc, access, bytes, register }): Row<Facts> => {
    const mnemonic = access === "load" ? "ldapur" : "stlur";
    return {
      form: `${mnemonic.toUpperCase()} ${view(register, bytes)}`,
      pattern: `${size} 011 1 01 ${opc} 0 imm9:9 10 Rn:5 Rt:5`,
      facts: {
        kind: "single",
        mnemonic,
        access,
        bytes,
        register,
        address: "unscaled",
        ordering: access === "load" ? "acquire" : "release",
      },
    };
  }),
];

/** FEAT_LRCPC3: LDIAPP/STILP, and LDAPR/STLR with write-back. */
const LRCPC3_ROWS: readonly Row<Facts>[] = (
  [
    ["10", 4],
    ["11", 8],
  ] as const
).flatMap(([size, bytes]) => [
  ...(
    [
      ["0", "stilp", "store"],
      ["1", "ldiapp", "load"],
    ] as const
  ).flatMap(([L, mnemonic, access]) =>
    (
      [
        ["0000", true],
        ["0001", false],
      ] as const
    ).map(([opc2, writeback]): Row<Facts> => ({
      form: `${sized(mnemonic, bytes)}${writeback ? (access === "load" ? ", post-index" : ", pre-index") : ""}`,
      pattern: `${size} 011001 0 ${L} 0 Rt2:5 ${opc2} 10 Rn:5 Rt:5`,
      facts: { kind: "ordered-pair", mnemonic, access, bytes, writeback },
    })),
  ),
  {
    form: `${sized("stlr", bytes)}, pre-index`,
    pattern: `${size} 011001 10 0 00000 0000 10 Rn:5 Rt:5`,
    facts: { kind: "ordered-writeback", mnemonic: "stlr", access: "store", bytes },
  },
  {
    form: `${sized("ldapr", bytes)}, post-index`,
    pattern: `${size} 011001 11 0 00000 0000 10 Rn:5 Rt:5`,
    facts: { kind: "ordered-writeback", mnemonic: "ldapr", access: "load", bytes },
  },
]);

/** FEAT_LSCP: pairs of doublewords with ordering. */
// prettier-ignore
const LSCP_ROWS: readonly Row<Facts>[] = [
  { form: "STLP",  pattern: "11 011001 0 0 0 Rt2:5 0101 10 Rn:5 Rt:5", facts: { kind: "ordered-pair", mnemonic: "stlp",  access: "store", bytes: 8, writeback: false } },
  { form: "LDAP",  pattern: "11 011001 0 1 0 Rt2:5 0101 10 Rn:5 Rt:5", facts: { kind: "ordered-pair", mnemonic: "ldap",  access: "load",  bytes: 8, writeback: false } },
  { form: "LDAPP", pattern: "11 011001 0 1 0 Rt2:5 0111 10 Rn:5 Rt:5", facts: { kind: "ordered-pair", mnemonic: "ldapp", access: "load",  bytes: 8, writeback: false } },
];

// ---------------------------------------------------------------------------------------------------------------------
// Atomic memory operations, compare and swap

const ATOMIC_ROWS: readonly Row<Facts>[] = SIZES.flatMap(([size, bytes, suffix]) => [
  ...(
    [
      // o3, opc, mnemonic, operator(memory, Rs)
      ["0", "000", "ldadd", "add"],
      ["0", "001", "ldclr", "and-not"],
      ["0", "010", "ldeor", "exclusive-or"],
      ["0", "011", "ldset", "or"],
      ["0", "100", "ldsmax", "signed-maximum"],
      ["0", "101", "ldsmin", "signed-minimum"],
      ["0", "110", "ldumax", "unsigned-maximum"],
      ["0", "111", "ldumin", "unsigned-minimum"],
      ["1", "000", "swp", "exchange"],
    ] as const
  ).map(([o3, opc, name, operator]): Row<Facts> => ({
    form: sized(name + suffix, bytes),
    pattern: `${size} 111 0 00 A:1 R:1 1 Rs:5 ${o3} ${opc} 00 Rn:5 Rt:5`,
    facts: { kind: "atomic", mnemonic: `${name}*${suffix}`, bytes, operator },
  })),
  {
    form: sized(`cas${suffix}`, bytes),
    pattern: `${size} 001000 1 A:1 1 Rs:5 R:1 11111 Rn:5 Rt:5`,
    facts: { kind: "compare-and-swap", mnemonic: `cas*${suffix}`, bytes },
  },
]);

const COMPARE_PAIR_ROWS: readonly Row<Facts>[] = (
  [
    ["0", 4],
    ["1", 8],
  ] as const
).map(([sz, bytes]) => ({
  form: sized("casp", bytes),
  pattern: `0 ${sz} 001000 0 A:1 1 Rs:5 R:1 11111 Rn:5 Rt:5`,
  facts: { kind: "compare-and-swap-pair", mnemonic: "casp*", bytes },
}));

/** FEAT_LSE128. */
const ATOMIC_PAIR_ROWS: readonly Row<Facts>[] = (
  [
    ["0", "001", "ldclrp", "and-not"],
    ["0", "011", "ldsetp", "or"],
    ["1", "000", "swpp", "exchange"],
  ] as const
).map(([o3, opc, mnemonic, operator]) => ({
  form: mnemonic.toUpperCase(),
  pattern: `00 011001 A:1 R:1 1 Rt2:5 ${o3} ${opc} 00 Rn:5 Rt:5`,
  facts: { kind: "atomic-pair", mnemonic: `${mnemonic}*`, operator },
}));

/** FEAT_LSUI: exclusives and atomics with the rights of user mode, on words and doublewords. */
// prettier-ignore
const UNPRIVILEGED_ROWS: readonly Row<Facts>[] = [
  ...([["10", "0", 4], ["11", "1", 8]] as const).flatMap(([size, sz, bytes]): Row<Facts>[] => [
    ...([["0", "0", "sttxr", undefined], ["0", "1", "stltxr", "release"], ["1", "0", "ldtxr", undefined], ["1", "1", "ldatxr", "acquire"]] as const).map(([L, o0, mnemonic, ordering]): Row<Facts> => ({
      form: sized(mnemonic, bytes),
      pattern: `${size} 001001 0 ${L} 0 ${L === "1" ? "(1)(1)(1)(1)(1)" : "Rs:5"} ${o0} (1)(1)(1)(1)(1) Rn:5 Rt:5`,
      facts: { kind: "exclusive", mnemonic, access: L === "1" ? "load" : "store", bytes, pair: false, unprivileged: true, ...(ordering && { ordering }) },
    })),
    ...([["0", "000", "ldtadd", "add"], ["0", "001", "ldtclr", "and-not"], ["0", "011", "ldtset", "or"], ["1", "000", "swpt", "exchange"]] as const).map(([o3, opc, mnemonic, operator]): Row<Facts> => ({
      form: sized(mnemonic, bytes),
      pattern: `0 ${sz} 011001 A:1 R:1 1 Rs:5 ${o3} ${opc} 01 Rn:5 Rt:5`,
      facts: { kind: "atomic", mnemonic: `${mnemonic}*`, bytes, operator, unprivileged: true },
    })),
  ]),
  { form: "CAST Xt",  pattern: "11 001001 1 A:1 0 Rs:5 R:1 11111 Rn:5 Rt:5", facts: { kind: "compare-and-swap", mnemonic: "cas*t", bytes: 8, unprivileged: true } },
  { form: "CASPT Xt", pattern: "01 001001 1 A:1 0 Rs:5 R:1 11111 Rn:5 Rt:5", facts: { kind: "compare-and-swap-pair", mnemonic: "casp*t", bytes: 8, unprivileged: true } },
];

/** FEAT_LS64: LD64B and ST64B move eight registers. */
const SIXTY_FOUR_BYTES_ROWS: readonly Row<Facts>[] = [
  { form: "ST64B", pattern: "11 111 0 00 0 0 1 11111 1 001 00 Rn:5 Rt:5", facts: { kind: "sixty-four-bytes", mnemonic: "st64b", access: "store" } },
  { form: "LD64B", pattern: "11 111 0 00 0 0 1 11111 1 101 00 Rn:5 Rt:5", facts: { kind: "sixty-four-bytes", mnemonic: "ld64b", access: "load" } },
];

/** Every row of the A64 table. */
export const A64_ROWS: readonly Row<Facts>[] = [
  ...MULTIPLE_ROWS,
  ...LANE_ROWS,
  ...REPLICATE_ROWS,
  ...ORDERED_LANE_ROWS,
  ...EXCLUSIVE_ROWS,
  ...EXCLUSIVE_PAIR_ROWS,
  ...ORDERED_ROWS,
  ...COMPARE_PAIR_ROWS,
  ...ATOMIC_PAIR_ROWS,
  ...LRCPC3_ROWS,
  ...LSCP_ROWS,
  ...ORDERED_UNSCALED_ROWS,
  ...LITERAL_ROWS,
  prefetch("PRFM literal", "11 011 0 00 xxxxxxxxxxxxxxxxxxx xxxxx"),
  ...PAIR_ROWS,
  ...TAG_PAIR_ROWS,
  ...REGISTER_CLASSES.flatMap(registerRows),
  prefetch("PRFUM unscaled", "11 111 0 00 10 0 xxxxxxxxx 00 xxxxx xxxxx"),
  prefetch("PRFM register offset", "11 111 0 00 10 1 xxxxx x1x x 10 xxxxx Rt[4:3] xxx", { Rt: [0, 8, 16] }),
  prefetch("RPRFM", "11 111 0 00 10 1 xxxxx x1x x 10 xxxxx 11 xxx"),
  prefetch("PRFM unsigned offset", "11 111 0 01 10 xxxxxxxxxxxx xxxxx xxxxx"),
  ...ATOMIC_ROWS,
  ...UNPRIVILEGED_ROWS,
  ...SIXTY_FOUR_BYTES_ROWS,
  ...classes,
  ...SCALABLE_ROWS,
];
