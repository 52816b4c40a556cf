import type { Row } from "../notation.ts";

/** String instructions and XLAT, whose memory operands are implied. */
export const STRING_ROWS: readonly Row[] = [
  ["6C", "INSB", "", "writes", { implicit: 8 }],
  ["o16|32 6D", "INSW|INSD", "", "writes"],
  ["6E", "OUTSB", "", "reads", { implicit: 8 }],
  ["o16|32 6F", "OUTSW|OUTSD", "", "reads"],
  ["A4", "MOVSB", "", "string-move", { implicit: 8 }],
  ["o16|32|64 A5", "MOVSW|MOVSD|MOVSQ", "", "string-move"],
  ["A6", "CMPSB", "", "string-compare", { implicit: 8 }],
  ["o16|32|64 A7", "CMPSW|CMPSD|CMPSQ", "", "string-compare"],
  ["AA", "STOSB", "", "string-store", { implicit: 8 }],
  ["o16|32|64 AB", "STOSW|STOSD|STOSQ", "", "string-store"],
  ["AC", "LODSB", "", "string-load", { implicit: 8 }],
  ["o16|32|64 AD", "LODSW|LODSD|LODSQ", "", "string-load"],
  ["AE", "SCASB", "", "string-scan", { implicit: 8 }],
  ["o16|32|64 AF", "SCASW|SCASD|SCASQ", "", "string-scan"],
  ["D7", "XLATB", "", "translate"],
];
