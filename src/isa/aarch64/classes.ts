import type { Direction } from "../../model/instruction.ts";
import type { RefusalReason } from "../../model/refusal.ts";
import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";

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
}

function refuse(reason: RefusalReason, why: string, advice: string, rows: readonly RefusedRow[]): Row<Facts>[] {
  return rows.map(({ form, pattern, access = "none", sizes = [], where }) => ({
    form,
    pattern,
    ...(where && { where }),
    facts: { kind: "refused", mnemonic: form.split(/[ ,]/)[0]!.toLowerCase(), access, sizes, reason, why, advice },
  }));
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
    { form: `LDRA${M === "0" ? "A" : "B"} pre-index`, pattern: `11 111 0 00 ${M} x 1 xxxxxxxxx 1 1 xxxxx xxxxx`, access: "read" as const, sizes: [8] },
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
const ATOMIC_WHY = "it is an atomic of a kind that no device answers";
// prettier-ignore
const WIDE_ATOMICS = refuse("atomic", ATOMIC_WHY, PLAIN_ADVICE, [
  // FEAT_LSE128
  { form: "LDCLRP",   pattern: "00 011001 x x 1 Rt2:5 0 001 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "LDSETP",   pattern: "00 011001 x x 1 Rt2:5 0 011 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "SWPP",     pattern: "00 011001 x x 1 Rt2:5 1 000 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  // FEAT_THE
  { form: "RCWCLR",   pattern: "0x 111 0 00 x x 1 xxxxx 1 001 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWSWP",   pattern: "0x 111 0 00 x x 1 xxxxx 1 010 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWSET",   pattern: "0x 111 0 00 x x 1 xxxxx 1 011 00 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWCAS",   pattern: "0x 011001 x x 1 xxxxx 0 000 10 xxxxx xxxxx", access: "read-write", sizes: [8, 8] },
  { form: "RCWCASP",  pattern: "0x 011001 x x 1 xxxx0 0 000 11 xxxxx xxxx0", access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWCLRP",  pattern: "0x 011001 x x 1 Rt2:5 1 001 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWSWPP",  pattern: "0x 011001 x x 1 Rt2:5 1 010 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
  { form: "RCWSETP",  pattern: "0x 011001 x x 1 Rt2:5 1 011 00 xxxxx Rt:5", where: PAIR_WITHOUT_ZERO, access: "read-write", sizes: [8, 8, 8, 8] },
]);

// prettier-ignore
const GUARDED_STACK = unsupported("it stores to the guarded control stack, which is never device memory", "the captured PC or address is wrong", [
  { form: "GCSSTR",  pattern: "11 011001 000 11111 0000 11 xxxxx xxxxx", access: "write", sizes: [8] },
  { form: "GCSSTTR", pattern: "11 011001 000 11111 0001 11 xxxxx xxxxx", access: "write", sizes: [8] },
]);

/** Memory copy and set, FEAT_MOPS: op1 11 is SET; o0 = 1 CPY and SETG. */
// prettier-ignore
const MEMORY_COPY = unsupported(
  "it copies or sets memory in steps of a size that the processor chooses, so that the machine's accesses can't be told from its registers",
  "copy to and from devices with plain loads and stores (memcpy_fromio and memcpy_toio)",
  [
    ...(["0", "1"] as const).flatMap((o0) => (["P", "M", "E"] as const).map((stage, op1) => (
      { form: `CPY${o0 === "0" ? "F" : ""}${stage}`, pattern: `00 011 ${o0} 01 ${op1.toString(2).padStart(2, "0")} 0 xxxxx xxxx 01 xxxxx xxxxx`, access: "read-write" as const, sizes: [0, 0] }))),
    ...(["0", "1"] as const).flatMap((o0) => (["P", "M", "E"] as const).map((stage, op2) => (
      { form: `SET${o0 === "1" ? "G" : ""}${stage}`, pattern: `00 011 ${o0} 01 11 0 xxxxx ${op2.toString(2).padStart(2, "0")}xx 01 xxxxx xxxxx`, access: "write" as const, sizes: [0] }))),
  ],
);

// ---------------------------------------------------------------------------------------------------------------------
// Scalable vectors and matrices

const SCALABLE_WHY = "the length of a scalable vector and its predicates are not in the trace";
// prettier-ignore
const SCALABLE = unsupported(SCALABLE_WHY, "build the guest's driver without SVE and SME for device memory", [
  { form: "SVE load, 32-bit gather and unsized contiguous", pattern: "100 0010 x xxxxxxxxxxxxxxxxxxxxxxxx", access: "read",  sizes: [0] },
  { form: "SVE load, contiguous",                           pattern: "101 0010 x xxxxxxxxxxxxxxxxxxxxxxxx", access: "read",  sizes: [0] },
  { form: "SVE load, 64-bit gather",                        pattern: "110 0010 x xxxxxxxxxxxxxxxxxxxxxxxx", access: "read",  sizes: [0] },
  { form: "SVE store",                                      pattern: "111 0010 x xxxxxxxxxxxxxxxxxxxxxxxx", access: "write", sizes: [0] },
  { form: "SME LD1 to a ZA slice",    pattern: "1110000 0 xx 0 xxxxx x xx xxx xxxxx 0 xxxx", access: "read",  sizes: [0] },
  { form: "SME ST1 from a ZA slice",  pattern: "1110000 0 xx 1 xxxxx x xx xxx xxxxx 0 xxxx", access: "write", sizes: [0] },
  { form: "SME LD1Q to a ZA slice",   pattern: "1110000 1 11 0 xxxxx x xx xxx xxxxx 0 xxxx", access: "read",  sizes: [0] },
  { form: "SME ST1Q from a ZA slice", pattern: "1110000 1 11 1 xxxxx x xx xxx xxxxx 0 xxxx", access: "write", sizes: [0] },
  { form: "SME LDR ZA",               pattern: "1110000 1 00 0 00000 0 xx 000 xxxxx 0 xxxx", access: "read",  sizes: [0] },
  { form: "SME STR ZA",               pattern: "1110000 1 00 1 00000 0 xx 000 xxxxx 0 xxxx", access: "write", sizes: [0] },
  { form: "SME LDR ZT0",              pattern: "1110000 1 00 0 11111 1 00 000 xxxxx 00000",  access: "read",  sizes: [8, 8, 8, 8, 8, 8, 8, 8] },
  { form: "SME STR ZT0",              pattern: "1110000 1 00 1 11111 1 00 000 xxxxx 00000",  access: "write", sizes: [8, 8, 8, 8, 8, 8, 8, 8] },
]);

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
    ] as const
  ).map(([name, op1, CRm, op2]) => ({ form: `DC ${name}`, pattern: `1101010100 0 01 ${op1} 0111 ${CRm} ${op2} xxxxx` })),
);

/** Every row that is recognised and refused. */
export const classes: readonly Row<Facts>[] = [
  ...AUTHENTICATED,
  ...TAGS,
  ...STORE_WITH_STATUS,
  ...WIDE_ATOMICS,
  ...GUARDED_STACK,
  ...MEMORY_COPY,
  ...SCALABLE,
  ...ZERO_BLOCK,
  ...CACHE_MAINTENANCE,
];
