import type { Row } from "../notation.ts";

/** String instructions and XLAT, whose memory operands are implied. */
export const STRING_ROWS: readonly Row[] = [
  ["6C", "INSB", "", "port-read-string"],
  ["o16|32 6D", "INSW|INSD", "", "port-read-string"],
  ["6E", "OUTSB", "", "port-write-string"],
  ["o16|32 6F", "OUTSW|OUTSD", "", "port-write-string"],
  ["A4", "MOVSB", "", "string-move"],
  ["o16|32|64 A5", "MOVSW|MOVSD|MOVSQ", "", "string-move"],
  ["A6", "CMPSB", "", "string-compare"],
  ["o16|32|64 A7", "CMPSW|CMPSD|CMPSQ", "", "string-compare"],
  ["AA", "STOSB", "", "string-store"],
  ["o16|32|64 AB", "STOSW|STOSD|STOSQ", "", "string-store"],
  ["AC", "LODSB", "", "string-load"],
  ["o16|32|64 AD", "LODSW|LODSD|LODSQ", "", "string-load"],
  ["AE", "SCASB", "", "string-scan"],
  ["o16|32|64 AF", "SCASW|SCASD|SCASQ", "", "string-scan"],
  ["D7", "XLATB", "", "translate"],
];
