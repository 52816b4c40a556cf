import type { Row } from "../notation.ts";

/** AMX: tiles, named and not emulated. */
export const AMX_ROWS: readonly Row[] = [
  ["VEX.128.0F38.W0 49 /0", "LDTILECFG m512", "M", "reads"],
  ["VEX.128.0F38.W0 49 C0", "TILERELEASE", "", "touches-nothing"],
  ["VEX.128.66.0F38.W0 49 /0", "STTILECFG m512", "M", "writes"],
  ["VEX.128.F2.0F38.W0 49 /r mod=11 rm=0", "TILEZERO tmm1", "R", "touches-nothing"],
  ["VEX.128.66.0F38.W0 4B /r", "TILELOADDT1 tmm1, sibmem", "RM", "reads"],
  ["VEX.128.F3.0F38.W0 4B /r", "TILESTORED sibmem, tmm1", "MR", "writes"],
  ["VEX.128.F2.0F38.W0 4B /r", "TILELOADD tmm1, sibmem", "RM", "reads"],
  ["VEX.128.F3.0F38.W0 5C /r", "TDPBF16PS tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.0F38.W0 5E /r", "TDPBUUD tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.66.0F38.W0 5E /r", "TDPBUSD tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.F3.0F38.W0 5E /r", "TDPBSUD tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.F2.0F38.W0 5E /r", "TDPBSSD tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.F2.0F38.W0 5C /r", "TDPFP16PS tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.0F38.W0 6C /r", "TCMMRLFP16PS tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
  ["VEX.128.66.0F38.W0 6C /r", "TCMMIMFP16PS tmm1, tmm2, tmm3", "RMV", "touches-nothing", { distinct: "all" }],
];
