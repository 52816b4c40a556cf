import type { Row } from "../rows.ts";
import { type Facts, noAccess, row, unsupported } from "./facts.ts";

/** Element widths in bits, and how the `width` field (funct3) encodes them: unprivileged manual, "Vector Load/Store Width Encoding". */
const WIDTHS: readonly (readonly [bits: number, width: string])[] = [
  [8, "000"],
  [16, "101"],
  [32, "110"],
  [64, "111"],
];
const FIELDS = [1, 2, 3, 4, 5, 6, 7, 8];

/**
 * Vector loads and stores: nf, mew, mop, vm, lumop or rs2 or vs2, rs1, width, vd, opcode. The manual's own table is a grid of
 * these fields, and so is this list. All are refused: it exists to name them. mew = 1 and the other values of lumop are reserved.
 */
export const VECTOR_ROWS: readonly Row<Facts>[] = [
  ...FIELDS.flatMap((fields) => WIDTHS.flatMap(([bits, width]) => [...loads(fields, bits, width), ...stores(fields, bits, width)])),
  ...[1, 2, 4, 8].flatMap(wholeRegisters),
  row("VLM.V", "000 0 00 1 01011 xxxxx 000 xxxxx 0000111", unsupported("read", [0], "vector")),
  row("VSM.V", "000 0 00 1 01011 xxxxx 000 xxxxx 0100111", unsupported("write", [0], "vector")),
];

const CRYPTOGRAPHY = noAccess("vector cryptography");

/** OP-VE, all of it: the vector cryptography extensions Zvkg, Zvkgs, Zvkned, Zvknh, Zvksed and Zvksh. */
export const VECTOR_CRYPTOGRAPHY_ROWS: readonly Row<Facts>[] = [
  row("VSM3ME.VV", "100000 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSM4K.VI", "100001 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESKF1.VI", "100010 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VGHSH.VS", "100011 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESDM.VV", "101000 1 xxxxx 00000 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESDF.VV", "101000 1 xxxxx 00001 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESEM.VV", "101000 1 xxxxx 00010 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESEF.VV", "101000 1 xxxxx 00011 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSM4R.VV", "101000 1 xxxxx 10000 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VGMUL.VV", "101000 1 xxxxx 10001 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESDM.VS", "101001 1 xxxxx 00000 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESDF.VS", "101001 1 xxxxx 00001 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESEM.VS", "101001 1 xxxxx 00010 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESEF.VS", "101001 1 xxxxx 00011 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESZ.VS", "101001 1 xxxxx 00111 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSM4R.VS", "101001 1 xxxxx 10000 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VGMUL.VS", "101001 1 xxxxx 10001 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VAESKF2.VI", "101010 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSM3C.VI", "101011 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VGHSH.VV", "101100 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSHA2MS.VV", "101101 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSHA2CH.VV", "101110 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
  row("VSHA2CL.VV", "101111 1 xxxxx xxxxx 010 xxxxx 1110111", CRYPTOGRAPHY),
];

function loads(fields: number, bits: number, width: string): Row<Facts>[] {
  const nf = binary(fields - 1, 3);
  const segments = fields === 1 ? "" : `SEG${fields}`;
  const facts = unsupported("read", [0], "vector");
  return [
    row(`VL${segments}E${bits}.V`, `${nf} 0 00 x 00000 xxxxx ${width} xxxxx 0000111`, facts),
    row(`VL${segments}E${bits}FF.V`, `${nf} 0 00 x 10000 xxxxx ${width} xxxxx 0000111`, facts),
    row(`VLUX${segments}EI${bits}.V`, `${nf} 0 01 x xxxxx xxxxx ${width} xxxxx 0000111`, facts),
    row(`VLS${segments}E${bits}.V`, `${nf} 0 10 x xxxxx xxxxx ${width} xxxxx 0000111`, facts),
    row(`VLOX${segments}EI${bits}.V`, `${nf} 0 11 x xxxxx xxxxx ${width} xxxxx 0000111`, facts),
  ];
}

function stores(fields: number, bits: number, width: string): Row<Facts>[] {
  const nf = binary(fields - 1, 3);
  const segments = fields === 1 ? "" : `SEG${fields}`;
  const facts = unsupported("write", [0], "vector");
  return [
    row(`VS${segments}E${bits}.V`, `${nf} 0 00 x 00000 xxxxx ${width} xxxxx 0100111`, facts),
    row(`VSUX${segments}EI${bits}.V`, `${nf} 0 01 x xxxxx xxxxx ${width} xxxxx 0100111`, facts),
    row(`VSS${segments}E${bits}.V`, `${nf} 0 10 x xxxxx xxxxx ${width} xxxxx 0100111`, facts),
    row(`VSOX${segments}EI${bits}.V`, `${nf} 0 11 x xxxxx xxxxx ${width} xxxxx 0100111`, facts),
  ];
}

/** VL1RE8.V … VL8RE64.V and VS1R.V … VS8R.V; the register group is aligned to its size. */
function wholeRegisters(count: number): Row<Facts>[] {
  const nf = binary(count - 1, 3);
  const vd = { vd: Array.from({ length: 32 / count }, (_, group) => group * count) };
  return [
    ...WIDTHS.map(([bits, width]) =>
      row(`VL${count}RE${bits}.V`, `${nf} 0 00 1 01000 xxxxx ${width} vd:5 0000111`, unsupported("read", [0], "whole-vector"), vd),
    ),
    row(`VS${count}R.V`, `${nf} 0 00 1 01000 xxxxx 000 vd:5 0100111`, unsupported("write", [0], "whole-vector"), vd),
  ];
}

function binary(value: number, width: number): string {
  return value.toString(2).padStart(width, "0");
}
