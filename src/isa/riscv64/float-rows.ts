import type { Row } from "../rows.ts";
import { type Facts, noAccess, row } from "./facts.ts";

const FLOAT = noAccess("floating-point arithmetic");

/** Rounding modes; 5 and 6 are reserved (unprivileged manual, "Floating-Point Control and Status Register"). */
const ROUNDING = { rm: [0, 1, 2, 3, 4, 7] };

/** Formats by the `fmt` field: F, D, Zfh and Q. */
const FORMATS: readonly (readonly [name: string, fmt: string])[] = [
  ["S", "00"],
  ["D", "01"],
  ["H", "10"],
  ["Q", "11"],
];

/**
 * Floating-point arithmetic of F, D, Q, Zfh, Zfa and Zfbfmin, so that what is reserved can be told from what merely touches no memory.
 * The manual's listing repeats itself for each format, and so does this one.
 */
export const FLOAT_ROWS: readonly Row<Facts>[] = [
  ...FORMATS.flatMap(arithmetic),
  // Conversions between formats; those of a format to itself are Zfa's FROUND in other clothes, or reserved.
  ...FORMATS.flatMap(([to, fmt]) =>
    FORMATS.filter(([from]) => from !== to).map(([from, source]) =>
      row(`FCVT.${to}.${from}`, `01000 ${fmt} 000${source} xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    ),
  ),
  row("FCVT.S.BF16", "01000 00 00110 xxxxx rm:3 xxxxx 1010011", FLOAT, ROUNDING),
  row("FCVT.BF16.S", "01000 10 01000 xxxxx rm:3 xxxxx 1010011", FLOAT, ROUNDING),
  row("FCVTMOD.W.D", "11000 01 01000 xxxxx 001 xxxxx 1010011", FLOAT),
  // Between integer and floating-point registers. The halves of a Q register have forms of their own.
  ...FORMATS.slice(0, 3).flatMap(([name, fmt]) => [
    row(`FMV.X.${name}`, `11100 ${fmt} 00000 xxxxx 000 xxxxx 1010011`, FLOAT),
    row(`FMV.${name}.X`, `11110 ${fmt} 00000 xxxxx 000 xxxxx 1010011`, FLOAT),
  ]),
  row("FMVH.X.Q", "11100 11 00001 xxxxx 000 xxxxx 1010011", FLOAT),
  row("FMVP.Q.X", "10110 11 xxxxx xxxxx 000 xxxxx 1010011", FLOAT),
];

function arithmetic([name, fmt]: readonly [name: string, fmt: string]): Row<Facts>[] {
  return [
    row(`FMADD.${name}`, `xxxxx ${fmt} xxxxx xxxxx rm:3 xxxxx 1000011`, FLOAT, ROUNDING),
    row(`FMSUB.${name}`, `xxxxx ${fmt} xxxxx xxxxx rm:3 xxxxx 1000111`, FLOAT, ROUNDING),
    row(`FNMSUB.${name}`, `xxxxx ${fmt} xxxxx xxxxx rm:3 xxxxx 1001011`, FLOAT, ROUNDING),
    row(`FNMADD.${name}`, `xxxxx ${fmt} xxxxx xxxxx rm:3 xxxxx 1001111`, FLOAT, ROUNDING),
    row(`FADD.${name}`, `00000 ${fmt} xxxxx xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FSUB.${name}`, `00001 ${fmt} xxxxx xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FMUL.${name}`, `00010 ${fmt} xxxxx xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FDIV.${name}`, `00011 ${fmt} xxxxx xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FSQRT.${name}`, `01011 ${fmt} 00000 xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FSGNJ.${name}`, `00100 ${fmt} xxxxx xxxxx 000 xxxxx 1010011`, FLOAT),
    row(`FSGNJN.${name}`, `00100 ${fmt} xxxxx xxxxx 001 xxxxx 1010011`, FLOAT),
    row(`FSGNJX.${name}`, `00100 ${fmt} xxxxx xxxxx 010 xxxxx 1010011`, FLOAT),
    row(`FMIN.${name}`, `00101 ${fmt} xxxxx xxxxx 000 xxxxx 1010011`, FLOAT),
    row(`FMAX.${name}`, `00101 ${fmt} xxxxx xxxxx 001 xxxxx 1010011`, FLOAT),
    row(`FMINM.${name}`, `00101 ${fmt} xxxxx xxxxx 010 xxxxx 1010011`, FLOAT),
    row(`FMAXM.${name}`, `00101 ${fmt} xxxxx xxxxx 011 xxxxx 1010011`, FLOAT),
    row(`FROUND.${name}`, `01000 ${fmt} 00100 xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FROUNDNX.${name}`, `01000 ${fmt} 00101 xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    row(`FLE.${name}`, `10100 ${fmt} xxxxx xxxxx 000 xxxxx 1010011`, FLOAT),
    row(`FLT.${name}`, `10100 ${fmt} xxxxx xxxxx 001 xxxxx 1010011`, FLOAT),
    row(`FEQ.${name}`, `10100 ${fmt} xxxxx xxxxx 010 xxxxx 1010011`, FLOAT),
    row(`FLEQ.${name}`, `10100 ${fmt} xxxxx xxxxx 100 xxxxx 1010011`, FLOAT),
    row(`FLTQ.${name}`, `10100 ${fmt} xxxxx xxxxx 101 xxxxx 1010011`, FLOAT),
    row(`FCLASS.${name}`, `11100 ${fmt} 00000 xxxxx 001 xxxxx 1010011`, FLOAT),
    row(`FLI.${name}`, `11110 ${fmt} 00001 xxxxx 000 xxxxx 1010011`, FLOAT),
    ...["W", "WU", "L", "LU"].flatMap((integer, type) => [
      row(`FCVT.${integer}.${name}`, `11000 ${fmt} 000${type.toString(2).padStart(2, "0")} xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
      row(`FCVT.${name}.${integer}`, `11010 ${fmt} 000${type.toString(2).padStart(2, "0")} xxxxx rm:3 xxxxx 1010011`, FLOAT, ROUNDING),
    ]),
  ];
}
