import { type Field, readField } from "../pattern.ts";

/** Every register but 15, which has a row of its own. */
export const NOT_15 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/** What the rules of the Arm ARM's decode pseudocode speak of, named as there. An operand that the row lacks is -1. */
export interface Operands {
  readonly n: Field;
  readonly t: Field;
  readonly t2: Field;
  readonly m: Field;
  readonly d: Field;
  /** Not 0 where the base changes. */
  readonly wback: Field;
  /** The condition field of A32. */
  readonly cond: Field;
  /** P, U and W as one number, P most significant. */
  readonly puw: Field;
  /** LDM, STM: the register list. */
  readonly registers: Field;
  /** VLDM, VSTM: how many registers. */
  readonly regs: Field;
  /** VLD1–VLD4, VST1–VST4: number of the last register. */
  readonly last: (word: number) => number;
}

/** How many registers a list has. */
export function bitCount(list: number): number {
  let count = 0;
  for (let rest = list; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const listed = (registers: number, register: number): boolean => ((registers >>> register) & 1) === 1;
const equal = (first: Field, second: Field) => (word: number): boolean => readField(first, word) === readField(second, word);
const is = (operand: Field, value: number) => (word: number): boolean => readField(operand, word) === value;

/** Whether a word breaks a rule. */
type Check = (word: number) => boolean;

/** CONSTRAINED UNPREDICTABLE operands, each as the decode pseudocode of DDI 0487 F5 and F6 writes it. */
const RULES = {
  "t == 15": ({ t }) => is(t, 15),
  "t2 == 15": ({ t2 }) => is(t2, 15),
  "n == 15": ({ n }) => is(n, 15),
  "m == 15": ({ m }) => is(m, 15),
  "d == 15": ({ d }) => is(d, 15),
  "n == t": ({ n, t }) => equal(n, t),
  "n == t2": ({ n, t2 }) => equal(n, t2),
  "n == m": ({ n, m }) => equal(n, m),
  "t == t2": ({ t, t2 }) => equal(t, t2),
  "m == t": ({ m, t }) => equal(m, t),
  "m == t2": ({ m, t2 }) => equal(m, t2),
  "d == n": ({ d, n }) => equal(d, n),
  "d == t": ({ d, t }) => equal(d, t),
  "d == t2": ({ d, t2 }) => equal(d, t2),
  "Rt<0> == '1'": ({ t }) => (word) => readField(t, word) % 2 === 1,
  "cond != '1110'": ({ cond }) => (word) => readField(cond, word) !== 14,
  "P == '0' && W == '1'": ({ puw }) => (word) => (readField(puw, word) & 0b101) === 0b001,
  wback: ({ wback }) => (word) => readField(wback, word) !== 0,
  "wback && n == 15": ({ wback, n }) => (word) => readField(wback, word) !== 0 && readField(n, word) === 15,
  "wback && n == t": ({ wback, n, t }) => (word) => readField(wback, word) !== 0 && readField(n, word) === readField(t, word),
  "wback && n == t2": ({ wback, n, t2 }) => (word) => readField(wback, word) !== 0 && readField(n, word) === readField(t2, word),
  "BitCount(registers) < 1": ({ registers }) => is(registers, 0),
  "BitCount(registers) < 2": ({ registers }) => (word) => bitCount(readField(registers, word)) < 2,
  "P == '1' && M == '1'": ({ registers }) => (word) => readField(registers, word) >>> 14 === 0b11,
  "wback && registers<n> == '1'": ({ wback, registers, n }) => (word) => readField(wback, word) !== 0 && listed(readField(registers, word), readField(n, word)),
  /** Execution pseudocode, not decode: the base is stored after it changed. */
  "wback && registers<n> == '1' && n != LowestSetBit(registers)": ({ wback, registers, n }) => (word) =>
    readField(wback, word) !== 0 && listed(readField(registers, word), readField(n, word)) && (readField(registers, word) & ((1 << readField(n, word)) - 1)) !== 0,
  "regs == 0": ({ regs }) => is(regs, 0),
  "regs > 16": ({ regs }) => (word) => readField(regs, word) > 16,
  "d + regs > 32": ({ d, regs }) => (word) => readField(d, word) + readField(regs, word) > 32,
  "d + regs > 16": ({ d, regs }) => (word) => readField(d, word) + readField(regs, word) > 16,
  "last register > d31": ({ last }) => (word) => last(word) > 31,
} satisfies Readonly<Record<string, (operands: Operands) => Check>>;

/** A rule's name is its text. */
export type Rule = keyof typeof RULES;

/** Gives the first of the rules that a word of a row with these operands breaks, or undefined. */
export function ruleChecker(rules: readonly Rule[], operands: Operands): (word: number) => Rule | undefined {
  const checks = rules.map((rule): Check => RULES[rule](operands));
  return (word) => {
    for (let index = 0; index < checks.length; index++) if (checks[index]!(word)) return rules[index];
    return undefined;
  };
}
