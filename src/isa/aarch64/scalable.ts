import type { Direction } from "../../model/instruction.ts";
import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";

/**
 * Loads, stores and prefetches of the Scalable Vector Extension and the Scalable Matrix Extension, up to SVE2.1 and SME2.1, in the
 * order of DDI 0487 C4.1 "SVE encodings" and "SME encodings". They are recognised by name and not emulated.
 *
 * A row is an encoding class. Field `variant` is what the class's table is looked up by: its column `names` gives, for each value, what
 * follows the mnemonic, or `-` where the table's row is unallocated.
 */

const WHY = "the length of a scalable vector and its predicates are not in the trace";
const ADVICE = "build the guest's driver without SVE and SME for device memory";

/** The rest of a mnemonic for each value of `variant`, as one text; `-` is unallocated. */
function variantsOf(names: string): readonly (string | undefined)[] {
  return names.split(" ").map((name) => (name === "-" ? undefined : name));
}

const ACCESS: Readonly<Record<string, Direction>> = { ld: "read", st: "write", pr: "none" };
/** The index register of scalar plus scalar addressing is not XZR: those words are other instructions, or unallocated. */
const NOT_31 = Array.from({ length: 31 }, (_, number) => number);

/** A class: what tells it from its like, the mnemonic up to the variant, the diagram, the variants. */
type Line = readonly [name: string, mnemonic: string, diagram: string, names?: string];

function rows(lines: readonly Line[]): Row<Facts>[] {
  return lines.map(([name, mnemonic, pattern, names]) => {
    const variants = names === undefined ? undefined : variantsOf(names);
    const access = ACCESS[mnemonic.slice(0, 2)]!;
    const where = {
      ...(variants && { variant: variants.flatMap((each, value) => (each === undefined ? [] : [value])) }),
      ...(pattern.includes("Rm:5") && { Rm: NOT_31 }),
    };
    const facts: Facts =
      access === "none"
        ? { kind: "refused", mnemonic, access, sizes: [], reason: "not-memory-access", why: "a prefetch is a hint: it transfers nothing and never faults", advice: "the captured PC or bytes are not those of the faulting instruction" }
        : { kind: "refused", mnemonic, access, sizes: [0], reason: "unsupported-instruction", why: WHY, advice: ADVICE };
    return { form: `${mnemonic.toUpperCase()} (${name})`, pattern, ...(Object.keys(where).length > 0 && { where }), facts: variants === undefined ? facts : { ...facts, variants } };
  });
}

/** By dtype: memory element and, where it is extended, the sign. */
const BY_DTYPE = "b b b b sw h h h sh sh w w sb sb sb d";
/** By msz. */
const BY_SIZE = "b h w d";
/** By msz and U: signed loads first. 32-bit elements can't be extended from words. */
const GATHER_32 = "sb b sh h - w - -";
const GATHER_64 = "sb b sh h sw w - d";

// prettier-ignore
const GATHER_32_AND_UNSIZED: readonly Line[] = [
  // "SVE Memory - 32-bit Gather and Unsized Contiguous": 1000010
  ["SVE, scalar plus 32-bit scaled offsets",           "prf",   "1000010 00 x 1 xxxxx 0 variant:2 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, scalar plus 32-bit scaled offsets, halfwords", "ld1",  "1000010 01 x 1 xxxxx 0 variant:1 0 xxx xxxxx xxxxx", "sh h"],
  ["SVE, scalar plus 32-bit scaled offsets, halfwords", "ldff1", "1000010 01 x 1 xxxxx 0 variant:1 1 xxx xxxxx xxxxx", "sh h"],
  ["SVE, scalar plus 32-bit scaled offsets, words",    "ld1",   "1000010 10 x 1 xxxxx 0 variant:1 0 xxx xxxxx xxxxx", "- w"],
  ["SVE, scalar plus 32-bit scaled offsets, words",    "ldff1", "1000010 10 x 1 xxxxx 0 variant:1 1 xxx xxxxx xxxxx", "- w"],
  ["SVE, predicate register",                          "ldr",   "1000010 11 0 xxxxxx 000 xxx xxxxx 0 xxxx"],
  ["SVE, vector register",                             "ldr",   "1000010 11 0 xxxxxx 010 xxx xxxxx xxxxx"],
  ["SVE, scalar plus immediate",                       "prf",   "1000010 11 1 xxxxxx 0 variant:2 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, scalar plus 32-bit unscaled offsets",         "ld1",   "1000010 variant[2:1] x 0 xxxxx 0 variant[0] 0 xxx xxxxx xxxxx", GATHER_32],
  ["SVE, scalar plus 32-bit unscaled offsets",         "ldff1", "1000010 variant[2:1] x 0 xxxxx 0 variant[0] 1 xxx xxxxx xxxxx", GATHER_32],
  ["SVE2, vector plus scalar, 32-bit elements",        "ldnt1", "1000010 variant[2:1] 00 xxxxx 10 variant[0] xxx xxxxx xxxxx", GATHER_32],
  ["SVE, scalar plus scalar",                          "prf",   "1000010 variant:2 00 Rm:5 110 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, vector plus immediate, 32-bit elements",      "prf",   "1000010 variant:2 00 xxxxx 111 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, vector plus immediate, 32-bit elements",      "ld1",   "1000010 variant[2:1] 01 xxxxx 1 variant[0] 0 xxx xxxxx xxxxx", GATHER_32],
  ["SVE, vector plus immediate, 32-bit elements",      "ldff1", "1000010 variant[2:1] 01 xxxxx 1 variant[0] 1 xxx xxxxx xxxxx", GATHER_32],
  ["SVE, scalar plus immediate, broadcast",            "ld1r",  "1000010 variant[3:2] 1 xxxxxx 1 variant[1:0] xxx xxxxx xxxxx", BY_DTYPE],
];

// prettier-ignore
const CONTIGUOUS_LOAD: readonly Line[] = [
  // "SVE Memory - Contiguous Load": 1010010
  ["SVE, scalar plus immediate, non-temporal",         "ldnt1", "1010010 variant:2 000 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, non-temporal",            "ldnt1", "1010010 variant:2 00 Rm:5 110 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, quadword",                "ld1rq", "1010010 variant:2 00 Rm:5 000 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, quadword",             "ld1rq", "1010010 variant:2 000 xxxx 001 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, octaword",                "ld1ro", "1010010 variant:2 01 Rm:5 000 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, octaword",             "ld1ro", "1010010 variant:2 010 xxxx 001 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar",                          "ld1",   "1010010 variant:4 Rm:5 010 xxx xxxxx xxxxx", BY_DTYPE],
  ["SVE, scalar plus scalar, first-fault",             "ldff1", "1010010 variant:4 xxxxx 011 xxx xxxxx xxxxx", BY_DTYPE],
  ["SVE, scalar plus immediate",                       "ld1",   "1010010 variant:4 0 xxxx 101 xxx xxxxx xxxxx", BY_DTYPE],
  ["SVE, scalar plus immediate, non-fault",            "ldnf1", "1010010 variant:4 1 xxxx 101 xxx xxxxx xxxxx", BY_DTYPE],
  ["SVE2.1, scalar plus scalar, 128-bit element",      "ld1",   "1010010 1 variant:1 00 Rm:5 100 xxx xxxxx xxxxx", "w d"],
  ["SVE2.1, scalar plus immediate, 128-bit element",   "ld1",   "1010010 1 variant:1 001 xxxx 001 xxx xxxxx xxxxx", "w d"],
  ["SVE, scalar plus scalar, structures",              "ld2",   "1010010 variant:2 01 Rm:5 110 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, structures",              "ld3",   "1010010 variant:2 10 Rm:5 110 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, structures",              "ld4",   "1010010 variant:2 11 Rm:5 110 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "ld2",   "1010010 variant:2 010 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "ld3",   "1010010 variant:2 100 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "ld4",   "1010010 variant:2 110 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE2.1, scalar plus scalar, structures",           "ld2q",  "1010010 01 01 Rm:5 100 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus scalar, structures",           "ld3q",  "1010010 10 01 Rm:5 100 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus scalar, structures",           "ld4q",  "1010010 11 01 Rm:5 100 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus immediate, structures",        "ld2q",  "1010010 01 001 xxxx 111 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus immediate, structures",        "ld3q",  "1010010 10 001 xxxx 111 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus immediate, structures",        "ld4q",  "1010010 11 001 xxxx 111 xxx xxxxx xxxxx"],
];

// prettier-ignore
const GATHER_64_BIT: readonly Line[] = [
  // "SVE Memory - 64-bit Gather": 1100010
  ["SVE, scalar plus 64-bit scaled offsets",           "prf",   "1100010 00 11 xxxxx 1 variant:2 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, scalar plus unpacked 32-bit scaled offsets",  "prf",   "1100010 00 x1 xxxxx 0 variant:2 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE, scalar plus 64-bit scaled offsets",           "ld1",   "1100010 variant[2:1] 11 xxxxx 1 variant[0] 0 xxx xxxxx xxxxx", "- - sh h sw w - d"],
  ["SVE, scalar plus 64-bit scaled offsets",           "ldff1", "1100010 variant[2:1] 11 xxxxx 1 variant[0] 1 xxx xxxxx xxxxx", "- - sh h sw w - d"],
  ["SVE, scalar plus unpacked 32-bit scaled offsets",  "ld1",   "1100010 variant[2:1] x1 xxxxx 0 variant[0] 0 xxx xxxxx xxxxx", "- - sh h sw w - d"],
  ["SVE, scalar plus unpacked 32-bit scaled offsets",  "ldff1", "1100010 variant[2:1] x1 xxxxx 0 variant[0] 1 xxx xxxxx xxxxx", "- - sh h sw w - d"],
  ["SVE, vector plus immediate, 64-bit elements",      "prf",   "1100010 variant:2 00 xxxxx 111 xxx xxxxx 0 xxxx", BY_SIZE],
  ["SVE2, vector plus scalar, 64-bit elements",        "ldnt1", "1100010 variant[2:1] 00 xxxxx 1 variant[0] 0 xxx xxxxx xxxxx", GATHER_64],
  ["SVE2.1, vector plus scalar, quadwords",            "ld1q",  "1100010 00 00 xxxxx 101 xxx xxxxx xxxxx"],
  ["SVE, scalar plus 64-bit unscaled offsets",         "ld1",   "1100010 variant[2:1] 10 xxxxx 1 variant[0] 0 xxx xxxxx xxxxx", GATHER_64],
  ["SVE, scalar plus 64-bit unscaled offsets",         "ldff1", "1100010 variant[2:1] 10 xxxxx 1 variant[0] 1 xxx xxxxx xxxxx", GATHER_64],
  ["SVE, scalar plus unpacked 32-bit unscaled offsets", "ld1",  "1100010 variant[2:1] x0 xxxxx 0 variant[0] 0 xxx xxxxx xxxxx", GATHER_64],
  ["SVE, scalar plus unpacked 32-bit unscaled offsets", "ldff1", "1100010 variant[2:1] x0 xxxxx 0 variant[0] 1 xxx xxxxx xxxxx", GATHER_64],
  ["SVE, vector plus immediate, 64-bit elements",      "ld1",   "1100010 variant[2:1] 01 xxxxx 1 variant[0] 0 xxx xxxxx xxxxx", GATHER_64],
  ["SVE, vector plus immediate, 64-bit elements",      "ldff1", "1100010 variant[2:1] 01 xxxxx 1 variant[0] 1 xxx xxxxx xxxxx", GATHER_64],
];

/** By msz and size of the register's elements: msz is at most size. */
const STORES = "b b b b - h h h - - w w - - - d";
/** The same where the register's elements are quadwords. */
const QUADWORD_STORES = "- - - - - - - - w - - - - - d";
// prettier-ignore
const STORE: readonly Line[] = [
  // "SVE Memory - Store": 1110010
  ["SVE, predicate register",                          "str",   "1110010 11 0 xxxxxx 000 xxx xxxxx 0 xxxx"],
  ["SVE, vector register",                             "str",   "1110010 11 0 xxxxxx 010 xxx xxxxx xxxxx"],
  ["SVE, scalar plus scalar",                          "st1",   "1110010 variant:4 Rm:5 010 xxx xxxxx xxxxx", STORES],
  ["SVE, scalar plus immediate",                       "st1",   "1110010 variant:4 0 xxxx 111 xxx xxxxx xxxxx", STORES],
  ["SVE2.1, scalar plus scalar, 128-bit element",      "st1",   "1110010 variant:4 Rm:5 010 xxx xxxxx xxxxx", QUADWORD_STORES],
  ["SVE2.1, scalar plus immediate, 128-bit element",   "st1",   "1110010 variant:4 0 xxxx 111 xxx xxxxx xxxxx", QUADWORD_STORES],
  ["SVE, scalar plus immediate, non-temporal",         "stnt1", "1110010 variant:2 001 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, non-temporal",            "stnt1", "1110010 variant:2 00 Rm:5 011 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "st2",   "1110010 variant:2 011 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "st3",   "1110010 variant:2 101 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus immediate, structures",           "st4",   "1110010 variant:2 111 xxxx 111 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, structures",              "st2",   "1110010 variant:2 01 Rm:5 011 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, structures",              "st3",   "1110010 variant:2 10 Rm:5 011 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus scalar, structures",              "st4",   "1110010 variant:2 11 Rm:5 011 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE2.1, scalar plus immediate, structures",        "st2q",  "1110010 0 01 00 xxxx 000 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus immediate, structures",        "st3q",  "1110010 0 10 00 xxxx 000 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus immediate, structures",        "st4q",  "1110010 0 11 00 xxxx 000 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus scalar, structures",           "st2q",  "1110010 0 01 1 Rm:5 000 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus scalar, structures",           "st3q",  "1110010 0 10 1 Rm:5 000 xxx xxxxx xxxxx"],
  ["SVE2.1, scalar plus scalar, structures",           "st4q",  "1110010 0 11 1 Rm:5 000 xxx xxxxx xxxxx"],
  ["SVE2, vector plus scalar, 64-bit elements",        "stnt1", "1110010 variant:2 00 xxxxx 001 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE2, vector plus scalar, 32-bit elements",        "stnt1", "1110010 variant:2 10 xxxxx 001 xxx xxxxx xxxxx", "b h w -"],
  ["SVE2.1, vector plus scalar, quadwords",            "st1q",  "1110010 00 01 xxxxx 001 xxx xxxxx xxxxx"],
  ["SVE, scalar plus unpacked 32-bit unscaled offsets", "st1",  "1110010 variant:2 00 xxxxx 1 x 0 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus unpacked 32-bit scaled offsets",  "st1",   "1110010 variant:2 01 xxxxx 1 x 0 xxx xxxxx xxxxx", "- h w d"],
  ["SVE, scalar plus 32-bit unscaled offsets",         "st1",   "1110010 variant:2 10 xxxxx 1 x 0 xxx xxxxx xxxxx", "b h w -"],
  ["SVE, scalar plus 32-bit scaled offsets",           "st1",   "1110010 variant:2 11 xxxxx 1 x 0 xxx xxxxx xxxxx", "- h w -"],
  ["SVE, scalar plus 64-bit unscaled offsets",         "st1",   "1110010 variant:2 00 xxxxx 101 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, scalar plus 64-bit scaled offsets",           "st1",   "1110010 variant:2 01 xxxxx 101 xxx xxxxx xxxxx", "- h w d"],
  ["SVE, vector plus immediate, 64-bit elements",      "st1",   "1110010 variant:2 10 xxxxx 101 xxx xxxxx xxxxx", BY_SIZE],
  ["SVE, vector plus immediate, 32-bit elements",      "st1",   "1110010 variant:2 11 xxxxx 101 xxx xxxxx xxxxx", "b h w -"],
];

/** "SME2 Multi-vector Memory": contiguous registers (24 = 0) or strided ones, by scalar or immediate, of two or four registers. */
const MULTI_VECTOR: readonly Line[] = (["ld", "st"] as const).flatMap((verb, store) =>
  (["1", "nt1"] as const).flatMap((kind, N): Line[] => [
    ["SVE2.1, scalar plus scalar, two registers", `${verb}${kind}`, `1010000 0 00${store} xxxxx 0 variant:2 xxx xxxxx xxxx ${N}`, BY_SIZE],
    ["SVE2.1, scalar plus scalar, four registers", `${verb}${kind}`, `1010000 0 00${store} xxxxx 1 variant:2 xxx xxxxx xxx 0 ${N}`, BY_SIZE],
    ["SVE2.1, scalar plus immediate, two registers", `${verb}${kind}`, `1010000 0 01${store} 0 xxxx 0 variant:2 xxx xxxxx xxxx ${N}`, BY_SIZE],
    ["SVE2.1, scalar plus immediate, four registers", `${verb}${kind}`, `1010000 0 01${store} 0 xxxx 1 variant:2 xxx xxxxx xxx 0 ${N}`, BY_SIZE],
    ["SME2, scalar plus scalar, two strided registers", `${verb}${kind}`, `1010000 1 00${store} xxxxx 0 variant:2 xxx xxxxx x ${N} xxx`, BY_SIZE],
    ["SME2, scalar plus scalar, four strided registers", `${verb}${kind}`, `1010000 1 00${store} xxxxx 1 variant:2 xxx xxxxx x ${N} 0 xx`, BY_SIZE],
    ["SME2, scalar plus immediate, two strided registers", `${verb}${kind}`, `1010000 1 01${store} 0 xxxx 0 variant:2 xxx xxxxx x ${N} xxx`, BY_SIZE],
    ["SME2, scalar plus immediate, four strided registers", `${verb}${kind}`, `1010000 1 01${store} 0 xxxx 1 variant:2 xxx xxxxx x ${N} 0 xx`, BY_SIZE],
  ]),
);

// prettier-ignore
const MATRIX: readonly Line[] = [
  // "SME Memory": 1110000
  ["SME, ZA slice",            "ld1",  "1110000 0 variant:2 0 xxxxx x xx xxx xxxxx 0 xxxx", BY_SIZE],
  ["SME, ZA slice",            "st1",  "1110000 0 variant:2 1 xxxxx x xx xxx xxxxx 0 xxxx", BY_SIZE],
  ["SME, ZA slice, quadwords", "ld1q", "1110000 1 11 0 xxxxx x xx xxx xxxxx 0 xxxx"],
  ["SME, ZA slice, quadwords", "st1q", "1110000 1 11 1 xxxxx x xx xxx xxxxx 0 xxxx"],
  ["SME, ZA array vector",     "ldr",  "1110000 1 00 0 00000 0 xx 000 xxxxx 0 xxxx"],
  ["SME, ZA array vector",     "str",  "1110000 1 00 1 00000 0 xx 000 xxxxx 0 xxxx"],
  ["SME2, ZT0",                "ldr",  "1110000 1 00 0 11111 1 00 000 xxxxx 00000"],
  ["SME2, ZT0",                "str",  "1110000 1 00 1 11111 1 00 000 xxxxx 00000"],
];

export const SCALABLE_ROWS: readonly Row<Facts>[] = rows([...GATHER_32_AND_UNSIZED, ...CONTIGUOUS_LOAD, ...GATHER_64_BIT, ...STORE, ...MULTI_VECTOR, ...MATRIX]);
