/** Every register but 15, which has a row of its own. */
export const NOT_15 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/** What the rules of the Arm ARM's decode pseudocode speak of, named as there. An operand that the instruction lacks is -1. */
export interface Operands {
  readonly n: number;
  readonly t: number;
  readonly t2: number;
  readonly m: number;
  readonly d: number;
  readonly wback: boolean;
  /** The condition field of A32. */
  readonly cond: number;
  /** P, U and W as one number, P most significant. */
  readonly puw: number;
  /** LDM, STM: the register list. */
  readonly registers: number;
  /** VLDM, VSTM: how many registers. */
  readonly regs: number;
  /** VLD1–VLD4, VST1–VST4: number of the last register. */
  readonly last: number;
}

const listed = (registers: number, register: number): boolean => ((registers >>> register) & 1) === 1;

function bitCount(registers: number): number {
  let count = 0;
  for (let register = 0; register < 16; register++) if (listed(registers, register)) count++;
  return count;
}

/** Registers of a list, ascending. */
export function listedRegisters(registers: number): number[] {
  return Array.from({ length: 16 }, (_, register) => register).filter((register) => listed(registers, register));
}

/** CONSTRAINED UNPREDICTABLE operands, each as the decode pseudocode of DDI 0487 F5 and F6 writes it. */
const RULES = {
  "t == 15": ({ t }) => t === 15,
  "t2 == 15": ({ t2 }) => t2 === 15,
  "n == 15": ({ n }) => n === 15,
  "m == 15": ({ m }) => m === 15,
  "d == 15": ({ d }) => d === 15,
  "n == t": ({ n, t }) => n === t,
  "n == t2": ({ n, t2 }) => n === t2,
  "n == m": ({ n, m }) => n === m,
  "t == t2": ({ t, t2 }) => t === t2,
  "m == t": ({ m, t }) => m === t,
  "m == t2": ({ m, t2 }) => m === t2,
  "d == n": ({ d, n }) => d === n,
  "d == t": ({ d, t }) => d === t,
  "d == t2": ({ d, t2 }) => d === t2,
  "Rt<0> == '1'": ({ t }) => t % 2 === 1,
  "cond != '1110'": ({ cond }) => cond !== 14,
  "P == '0' && W == '1'": ({ puw }) => (puw & 0b101) === 0b001,
  wback: ({ wback }) => wback,
  "wback && n == 15": ({ wback, n }) => wback && n === 15,
  "wback && n == t": ({ wback, n, t }) => wback && n === t,
  "wback && n == t2": ({ wback, n, t2 }) => wback && n === t2,
  "BitCount(registers) < 1": ({ registers }) => bitCount(registers) < 1,
  "BitCount(registers) < 2": ({ registers }) => bitCount(registers) < 2,
  "P == '1' && M == '1'": ({ registers }) => listed(registers, 15) && listed(registers, 14),
  "wback && registers<n> == '1'": ({ wback, registers, n }) => wback && listed(registers, n),
  /** Execution pseudocode, not decode: the base is stored after it changed. */
  "wback && registers<n> == '1' && n != LowestSetBit(registers)": ({ wback, registers, n }) =>
    wback && listed(registers, n) && (registers & ((1 << n) - 1)) !== 0,
  "regs == 0": ({ regs }) => regs === 0,
  "regs > 16": ({ regs }) => regs > 16,
  "d + regs > 32": ({ d, regs }) => d + regs > 32,
  "d + regs > 16": ({ d, regs }) => d + regs > 16,
  "last register > d31": ({ last }) => last > 31,
} satisfies Readonly<Record<string, (operands: Operands) => boolean>>;

/** A rule's name is its text. */
export type Rule = keyof typeof RULES;

/** The first of the rules that the operands break, or undefined. */
export function brokenRule(rules: readonly Rule[], operands: Operands): Rule | undefined {
  return rules.find((rule) => RULES[rule](operands));
}
