import type { Direction } from "../../model/instruction.ts";
import type { RefusalReason } from "../../model/refusal.ts";
import type { Row } from "../rows.ts";
import type { Facts, RefusedFacts } from "./facts.ts";

/**
 * What is recognised and not emulated: the rest of the load/store space, instructions of other classes that touch memory, and
 * the classes that do not (DDI 0487, C4.1, table C4-1 and the tables below it).
 */

interface RefusedRow {
  readonly form: string;
  readonly pattern: string;
  readonly access?: Direction;
  readonly sizes?: readonly number[];
  readonly where?: Readonly<Record<string, readonly number[]>>;
  readonly mnemonic?: string;
  readonly variants?: readonly (string | undefined)[];
  readonly registers?: NonNullable<RefusedFacts["registers"]>;
}

function refuse(reason: RefusalReason, why: string, advice: string, rows: readonly RefusedRow[]): Row<Facts>[] {
  return rows.map(({ form, pattern, access = "none", sizes = [], where, mnemonic = form.split(/[ ,]/)[0]!.toLowerCase(), variants, registers }) => {
    // A variant without a name is unallocated.
    const allocated = variants?.flatMap((name, value) => (name === undefined ? [] : [value]));
    const conditions = { ...where, ...(allocated && allocated.length < variants!.length && { variant: allocated }) };
    return {
      form,
      pattern,
      ...(Object.keys(conditions).length > 0 && { where: conditions }),
      facts: { kind: "refused", mnemonic, access, sizes, ...(variants && { variants }), ...(registers && { registers }), reason, why, advice },
    };
  });
}

const unsupported = (why: string, advice: string, rows: readonly RefusedRow[]): Row<Facts>[] => refuse("unsupported-instruction", why, advice, rows);
const PLAIN_ADVICE = "access device registers with plain loads and stores (readl/writel style accessors)";

// ---------------------------------------------------------------------------------------------------------------------
// The rest of the load/store space

// prettier-ignore
const AUTHENTICATED = unsupported(
  "it authenticates its base with a pointer authentication key, which the trace does not hold",
  PLAIN_ADVICE,
  (["0", "1"] as const).flatMap((M) => [
    { form: `LDRA${M === "0" ? "A" : "B"} offset`,    pattern: `11 111 0 00 ${M} x 1 xxxxxxxxx 0 1 xxxxx xxxxx`, access: "read" as const, sizes: [8] },
    { form: `LDRA${M === "0" ? "A" : "B"} pre-index`, pattern: `11 111 0 00 ${M} x 1 xxxxxxxxx 1 1 Rn:5 Rt:5`, access: "read" as const, sizes: [8], registers: "writeback" as const },
  ]),
);

// prettier-ignore
const TAGS = unsupported(
  "it reads or writes allocation tags, which device memory does not have",
  PLAIN_ADVICE,
  [
    { form: "STZGM",             pattern: "11 011001 00 1 000000000 00 xxxxx xxxxx", access: "write", sizes: [0] },
    { form: "LDG",               pattern: "11 011001 01 1 xxxxxxxxx 00 xxxxx xxxxx", access: "read",  sizes: [0] },
    { form: "STGM",              pattern: "11 011001 10 1 000000000 00 xxxxx xxxxx", access: "write", sizes: [0] },
    { form: "LDGM",              pattern: "11 011001 11 1 000000000 00 xxxxx xxxxx", access: "read",  sizes: [0] },
    ...([["00", "STG", 0], ["10", "ST2G", 0], ["01", "STZG", 0], ["11", "STZ2G", 0]] as const).flatMap(([opc, name, size]) =>
      ([["01", "post-index"], ["10", "offset"], ["11", "pre-index"]] as const).map(([op2, index]) => (
        { form: `${name}, ${index}`, pattern: `11 011001 ${opc} 1 xxxxxxxxx ${op2} xxxxx xxxxx`, access: "write" as const, sizes: [size] }))),
  ],
);

/** First of eight consecutive registers: even, and at most 22. */
const EIGHT_REGISTERS = Array.from({ length: 12 }, (_, index) => 2 * index);

/** FEAT_LS64_V and _ACCDATA: the device's answer is a status that decides what the program does next. */
// prettier-ignore
const STORE_WITH_STATUS = unsupported(
  "its status result comes from the device itself, which no hypercall of a plain access returns",
  "use ST64B where the device allows it, or plain stores",
  [
    { form: "ST64BV",  pattern: "11 111 0 00 0 0 1 xxxxx 1 011 00 xxxxx Rt:5", where: { Rt: EIGHT_REGISTERS }, access: "write", sizes: [8, 8, 8, 8, 8, 8, 8, 8] },
    { form: "ST64BV0", pattern: "11 111 0 00 0 0 1 xxxxx 1 010 00 xxxxx Rt:5", where: { Rt: EIGHT_REGISTERS }, access: "write", sizes: [8, 8, 8, 8, 8, 8, 8, 8] },
  ],
);

/** Neither register of these pairs may be 31. */
const NOT_ZERO = Array.from({ length: 31 }, (_, number) => number);
const PAIR_WITHOUT_ZERO = { Rt: NOT_ZERO, Rt2: NOT_ZERO };
/** Acquire and release, as the letters that follow the mnemonic, by A:R. */
const ORDERINGS = ["", "l", "a", "al"];
/** The same after the operation of a read-check-write, which has an `s` (software) by bit 30. */
function checked(operation: string): string[] {
  return ["", "s"].flatMap((software) => ORDERINGS.map((ordering) => `${software}${operation}${ordering}`));
}
const ATOMIC_WHY = "it is an atomic that checks the value against RCWMASK_EL1 or RCWSMASK_EL1, which the trace does not hold";
// prettier-ignore
const WIDE_ATOMICS = refuse("atomic", ATOMIC_WHY, PLAIN_ADVICE, [
  // FEAT_THE
  { form: "RCWCLR",   mnemonic: "rcw", variants: checked("clr"), pattern: "0 variant[2] 111 0 00 variant[1:0] 1 xxxxx 1 001 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWSWP",   mnemonic: "rcw", variants: checked("swp"), pattern: "0 variant[2] 111 0 00 variant[1:0] 1 xxxxx 1 010 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWSET",   mnemonic: "rcw", variants: checked("set"), pattern: "0 variant[2] 111 0 00 variant[1:0] 1 xxxxx 1 011 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWCAS",   mnemonic: "rcw", variants: checked("cas"), pattern: "0 variant[2] 011001 variant[1:0] 1 xxxxx 0 000 10 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWCASP",  mnemonic: "rcw", variants: checked("casp"), pattern: "0 variant[2] 011001 variant[1:0] 1 xxxx0 0 000 11 xxxxx xxxx0", access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWCLRP",  mnemonic: "rcw", variants: checked("clrp"), pattern: "0 variant[2] 011001 variant[1:0] 1 Rt2:5 1 001 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWSWPP",  mnemonic: "rcw", variants: checked("swpp"), pattern: "0 variant[2] 011001 variant[1:0] 1 Rt2:5 1 010 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWSETP",  mnemonic: "rcw", variants: checked("setp"), pattern: "0 variant[2] 011001 variant[1:0] 1 Rt2:5 1 011 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
]);

/** Stores to a guarded control stack, pushes and pops on it, and the switch to another one. */
// prettier-ignore
const GUARDED_STACK = unsupported("it accesses the guarded control stack, which is never device memory", "the captured PC or address is wrong", [
  { form: "GCSSTR",   pattern: "11 011001 000 11111 0000 11 xxxxx xxxxx",            access: "write",      sizes: [8] },
  { form: "GCSSTTR",  pattern: "11 011001 000 11111 0001 11 xxxxx xxxxx",            access: "write",      sizes: [8] },
  { form: "GCSPUSHX", pattern: "1101010100 0 01 000 0111 0111 100 11111",            access: "write",      sizes: [8, 8, 8, 8] },
  { form: "GCSPOPCX", pattern: "1101010100 0 01 000 0111 0111 101 11111",            access: "read",       sizes: [8, 8, 8, 8] },
  { form: "GCSPOPX",  pattern: "1101010100 0 01 000 0111 0111 110 11111",            access: "read",       sizes: [8, 8, 8, 8] },
  { form: "GCSPUSHM", pattern: "1101010100 0 01 011 0111 0111 000 xxxxx",            access: "write",      sizes: [8] },
  { form: "GCSSS1",   pattern: "1101010100 0 01 011 0111 0111 010 xxxxx",            access: "read-write", sizes: [8, 8] },
  { form: "GCSPOPM",  pattern: "1101010100 1 01 011 0111 0111 001 xxxxx",            access: "read",       sizes: [8] },
  { form: "GCSSS2",   pattern: "1101010100 1 01 011 0111 0111 011 xxxxx",            access: "read-write", sizes: [8, 8] },
]);

/** Options of a copy, by bits 15:12: non-temporal write and read in 15:14, unprivileged write and read in 13:12. */
const COPY_OPTIONS = ["", "wn", "rn", "n"].flatMap((temporal) => ["", "wt", "rt", "t"].map((privilege) => privilege + temporal));
/** Options of a set, by bits 13:12. */
const SET_OPTIONS = ["", "t", "n", "tn"];
const STAGES = ["p", "m", "e"] as const;

/** Memory copy and set, FEAT_MOPS; SETGO sets tags alone, FEAT_MOPS_GO. */
// prettier-ignore
const MEMORY_COPY = unsupported(
  "it copies or sets memory in steps of a size that the processor chooses, so that the machine's accesses can't be told from its registers",
  "copy to and from devices with plain loads and stores (memcpy_fromio and memcpy_toio)",
  STAGES.flatMap((stage, number): RefusedRow[] => {
    const two = number.toString(2).padStart(2, "0");
    return [
      { form: `CPYF${stage.toUpperCase()}`,  variants: COPY_OPTIONS, registers: "copy",     pattern: `00 011 0 01 ${two} 0 Rs:5 variant:4 01 Rn:5 Rd:5`,     access: "read-write", sizes: [0, 0] },
      { form: `CPY${stage.toUpperCase()}`,   variants: COPY_OPTIONS, registers: "copy",     pattern: `00 011 1 01 ${two} 0 Rs:5 variant:4 01 Rn:5 Rd:5`,     access: "read-write", sizes: [0, 0] },
      { form: `SET${stage.toUpperCase()}`,   variants: SET_OPTIONS,  registers: "set",      pattern: `00 011 0 01 11 0 Rs:5 ${two} variant:2 01 Rn:5 Rd:5`,  access: "write",      sizes: [0] },
      { form: `SETG${stage.toUpperCase()}`,  variants: SET_OPTIONS,  registers: "set",      pattern: `00 011 1 01 11 0 Rs:5 ${two} variant:2 01 Rn:5 Rd:5`,  access: "write",      sizes: [0] },
      { form: `SETGO${stage.toUpperCase()}`, variants: SET_OPTIONS,  registers: "set-tags", pattern: `00 011 1 01 11 0 11111 ${two} variant:2 00 Rn:5 Rd:5`, access: "write",      sizes: [0] },
    ];
  }),
);

/** FEAT_LSFE: atomics on floating-point registers; those that store only have Rt 31 and no acquire. */
// prettier-ignore
const FLOATING_ATOMICS = unsupported(
  "it is an atomic of floating-point arithmetic, whose rounding and exceptions are in registers that the trace does not hold (FPCR)",
  PLAIN_ADVICE,
  ([["000", "add"], ["100", "max"], ["101", "min"], ["110", "maxnm"], ["111", "minnm"]] as const).flatMap(([opc, operation]) =>
    ([["00", "bf", 2, ""], ["01", "f", 2, " Ht"], ["10", "f", 4, " St"], ["11", "f", 8, " Dt"]] as const).flatMap(([size, prefix, bytes, view]): RefusedRow[] => [
      { form: `LD${prefix.toUpperCase()}${operation.toUpperCase()}${view}`, variants: ORDERINGS,             pattern: `${size} 111 1 00 variant:2 1 xxxxx 0 ${opc} 00 xxxxx xxxxx`,   access: "read-write", sizes: [bytes, bytes] },
      { form: `ST${prefix.toUpperCase()}${operation.toUpperCase()}${view}`, variants: ORDERINGS.slice(0, 2), pattern: `${size} 111 1 00 0 variant:1 1 xxxxx 1 ${opc} 00 xxxxx 11111`, access: "read-write", sizes: [bytes, bytes] },
    ])),
);

// ---------------------------------------------------------------------------------------------------------------------
// System instructions that take an address

// prettier-ignore
const ZERO_BLOCK = unsupported(
  "it writes a whole block whose size (DCZID_EL0) is not in the trace",
  "clear device memory with plain stores (memset_io)",
  [
    { form: "DC ZVA",  pattern: "1101010100 0 01 011 0111 0100 001 xxxxx", access: "write", sizes: [0] },
    { form: "DC GVA",  pattern: "1101010100 0 01 011 0111 0100 011 xxxxx", access: "write", sizes: [0] },
    { form: "DC GZVA", pattern: "1101010100 0 01 011 0111 0100 100 xxxxx", access: "write", sizes: [0] },
  ],
);

/** Cache maintenance by address: CM = 1 in the syndrome, no data. */
const CACHE_MAINTENANCE = refuse(
  "not-a-data-abort",
  "it is cache maintenance by address: it transfers no data (the syndrome has CM set)",
  "step over it if the guest's policy allows that, and do not map devices as cacheable memory",
  (
    [
      ["IVAC", "000", "0110", "001"],
      ["IGVAC", "000", "0110", "011"],
      ["IGDVAC", "000", "0110", "101"],
      ["CVAC", "011", "1010", "001"],
      ["CGVAC", "011", "1010", "011"],
      ["CGDVAC", "011", "1010", "101"],
      ["CVAOC", "011", "1011", "000"],
      ["CVAU", "011", "1011", "001"],
      ["CGDVAOC", "011", "1011", "111"],
      ["CVAP", "011", "1100", "001"],
      ["CGVAP", "011", "1100", "011"],
      ["CGDVAP", "011", "1100", "101"],
      ["CVADP", "011", "1101", "001"],
      ["CGVADP", "011", "1101", "011"],
      ["CGDVADP", "011", "1101", "101"],
      ["CIVAC", "011", "1110", "001"],
      ["CIGVAC", "011", "1110", "011"],
      ["CIGDVAC", "011", "1110", "101"],
      ["CIVAOC", "011", "1111", "000"],
      ["CIGDVAOC", "011", "1111", "111"],
      ["IC IVAU", "011", "0101", "001"],
    ] as const
  ).map(([name, op1, CRm, op2]) => ({ form: name.startsWith("IC") ? name : `DC ${name}`, pattern: `1101010100 0 01 ${op1} 0111 ${CRm} ${op2} xxxxx` })),
);

/** Every row that is recognised and refused. */
export const classes: readonly Row<Facts>[] = [
  ...AUTHENTICATED,
  ...TAGS,
  ...STORE_WITH_STATUS,
  ...WIDE_ATOMICS,
  ...GUARDED_STACK,
  ...MEMORY_COPY,
  ...FLOATING_ATOMICS,
  ...ZERO_BLOCK,
  ...CACHE_MAINTENANCE,
];
