import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";

/**
 * Loads and stores of the M-profile Vector Extension (DDI 0553 C2.4), in T32 only: recognised by name, so that a fault of such a
 * core is not taken for an unallocated encoding. A-profile cores have none of them.
 */

const PREDICATED = "it belongs to the M-profile Vector Extension: which of its lanes it transfers depends on VPR and ECI, which the trace does not hold";

/** P = 0 with W = 0 belongs to the gather loads, the scatter stores and the structures. */
const INDEXED = [0b001, 0b011, 0b100, 0b101, 0b110, 0b111];
/** With Qd 2 the byte and halfword forms are what A-profile knows as LDC and STC of p14, c5. */
const NOT_C5 = [0, 1, 3, 4, 5, 6, 7];

// prettier-ignore
const LINES: readonly { readonly name: string; readonly pattern: string; readonly where?: Row<Facts>["where"]; readonly only?: "load" | "store" }[] = [
  { name: "RB (contiguous)",         pattern: "1110 110 PUW[2:1] 0 PUW[0] {L} xxxx Qd:3 1 111 00 xxxxxxx", where: { PUW: INDEXED, Qd: NOT_C5 } },
  { name: "RH (contiguous)",         pattern: "1110 110 PUW[2:1] 0 PUW[0] {L} xxxx Qd:3 1 111 01 xxxxxxx", where: { PUW: INDEXED, Qd: NOT_C5 } },
  { name: "RW (contiguous)",         pattern: "1110 110 PUW[2:1] 0 PUW[0] {L} xxxx xxx 1 111 10 xxxxxxx",  where: { PUW: INDEXED } },
  { name: "RB (signed or narrowing)", pattern: "1110 110 PUW[2:1] 0 PUW[0] {L} 0xxx xxx 0 111 size:2 xxxxxxx", where: { PUW: INDEXED, size: [1, 2] } },
  { name: "RH (signed or narrowing)", pattern: "1110 110 PUW[2:1] 0 PUW[0] {L} 1xxx xxx 0 111 10 xxxxxxx", where: { PUW: INDEXED } },
  { name: "RB (unsigned)",           pattern: "1111 110 PUW[2:1] 0 PUW[0] {L} 0xxx xxx 0 111 size:2 xxxxxxx", where: { PUW: INDEXED, size: [1, 2] }, only: "load" },
  { name: "RH (unsigned)",           pattern: "1111 110 PUW[2:1] 0 PUW[0] {L} 1xxx xxx 0 111 10 xxxxxxx",  where: { PUW: INDEXED }, only: "load" },
  { name: "R (vector offset, signed or store)", pattern: "1110 1100 100 {L} xxxx xxx 0 111 xx xxxxxxx" },
  { name: "R (vector offset, unsigned)", pattern: "1111 1100 100 {L} xxxx xxx 0 111 xx xxxxxxx",            only: "load" },
  { name: "R (vector base)",         pattern: "1111 1101 x0x {L} xxx 0 xxx 1 111 xx xxxxxxx" },
  { name: "2",                       pattern: "1111 1100 10x {L} xxxx xxx 1 111 size:2 xxxxxx 0",          where: { size: [0, 1, 2] } },
  { name: "4",                       pattern: "1111 1100 10x {L} xxxx xxx 1 111 size:2 xxxxxx 1",          where: { size: [0, 1, 2] } },
  { name: "R (system register)",     pattern: "1110 110 PUW[2:1] x PUW[0] {L} xxxx xxx 0 111 11 xxxxxxx",  where: { PUW: INDEXED } },
];

/** Each line is a load and a store, unless it is only one of them. */
export const MVE_ROWS: readonly Row<Facts>[] = LINES.flatMap(({ name, pattern, where, only }) =>
  (["load", "store"] as const)
    .filter((access) => only === undefined || only === access)
    .map((access) => ({
      form: `${access === "load" ? "VLD" : "VST"}${name} MVE`,
      pattern: pattern.replace("{L}", access === "load" ? "1" : "0"),
      ...(where && { where }),
      facts: { kind: "opaque", access, sizes: [0], unsupported: PREDICATED },
    })),
);
