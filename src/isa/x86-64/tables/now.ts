import type { Row } from "../notation.ts";

/** AMD 3DNow! (APM volume 5): the instruction is in the byte behind the operands. Named, not emulated. */
export const NOW_ROWS: readonly Row[] = [
  ["0F 0F /r 0C", "PI2FW mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 0D", "PI2FD mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 1C", "PF2IW mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 1D", "PF2ID mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 8A", "PFNACC mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 8E", "PFPNACC mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 90", "PFCMPGE mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 94", "PFMIN mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 96", "PFRCP mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 97", "PFRSQRT mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 9A", "PFSUB mm, mm/m64", "RM", "reads"],
  ["0F 0F /r 9E", "PFADD mm, mm/m64", "RM", "reads"],
  ["0F 0F /r A0", "PFCMPGT mm, mm/m64", "RM", "reads"],
  ["0F 0F /r A4", "PFMAX mm, mm/m64", "RM", "reads"],
  ["0F 0F /r A6", "PFRCPIT1 mm, mm/m64", "RM", "reads"],
  ["0F 0F /r A7", "PFRSQIT1 mm, mm/m64", "RM", "reads"],
  ["0F 0F /r AA", "PFSUBR mm, mm/m64", "RM", "reads"],
  ["0F 0F /r AE", "PFACC mm, mm/m64", "RM", "reads"],
  ["0F 0F /r B0", "PFCMPEQ mm, mm/m64", "RM", "reads"],
  ["0F 0F /r B4", "PFMUL mm, mm/m64", "RM", "reads"],
  ["0F 0F /r B6", "PFRCPIT2 mm, mm/m64", "RM", "reads"],
  ["0F 0F /r B7", "PMULHRW mm, mm/m64", "RM", "reads"],
  ["0F 0F /r BB", "PSWAPD mm, mm/m64", "RM", "reads"],
  ["0F 0F /r BF", "PAVGUSB mm, mm/m64", "RM", "reads"],
];
