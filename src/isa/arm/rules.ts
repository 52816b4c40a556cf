import { type Field, readField } from "../pattern.ts";
import type { CompiledRow } from "../rows.ts";

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

/** What a rule says: all of it must be so in a word that breaks the rule. */
interface Statement {
  /** An operand has this value. */
  readonly is?: readonly [Field, number];
  /** An operand has another value than this. */
  readonly isNot?: readonly [Field, number];
  /** Two operands have the same value. */
  readonly same?: readonly [Field, Field];
  /** What values and pairs of operands do not say. */
  readonly check?: (word: number) => boolean;
}

/** CONSTRAINED UNPREDICTABLE operands, each as the decode pseudocode of DDI 0487 F5 and F6 writes it. */
const RULES = {
  "t == 15": ({ t }) => ({ is: [t, 15] }),
  "t2 == 15": ({ t2 }) => ({ is: [t2, 15] }),
  "n == 15": ({ n }) => ({ is: [n, 15] }),
  "m == 15": ({ m }) => ({ is: [m, 15] }),
  "d == 15": ({ d }) => ({ is: [d, 15] }),
  "n == t": ({ n, t }) => ({ same: [n, t] }),
  "n == t2": ({ n, t2 }) => ({ same: [n, t2] }),
  "n == m": ({ n, m }) => ({ same: [n, m] }),
  "t == t2": ({ t, t2 }) => ({ same: [t, t2] }),
  "m == t": ({ m, t }) => ({ same: [m, t] }),
  "m == t2": ({ m, t2 }) => ({ same: [m, t2] }),
  "d == n": ({ d, n }) => ({ same: [d, n] }),
  "d == t": ({ d, t }) => ({ same: [d, t] }),
  "d == t2": ({ d, t2 }) => ({ same: [d, t2] }),
  "Rt<0> == '1'": ({ t }) => ({ is: [t.plus(0, 1), 1] }),
  "cond != '1110'": ({ cond }) => ({ isNot: [cond, 14] }),
  "P == '0' && W == '1'": ({ puw }) => ({ is: [puw.plus(0, 0b101), 0b001] }),
  wback: ({ wback }) => ({ isNot: [wback, 0] }),
  "wback && n == 15": ({ wback, n }) => ({ isNot: [wback, 0], is: [n, 15] }),
  "wback && n == t": ({ wback, n, t }) => ({ isNot: [wback, 0], same: [n, t] }),
  "wback && n == t2": ({ wback, n, t2 }) => ({ isNot: [wback, 0], same: [n, t2] }),
  "BitCount(registers) < 1": ({ registers }) => ({ check: (word) => readField(registers, word) === 0 }),
  "BitCount(registers) < 2": ({ registers }) => ({ check: (word) => bitCount(readField(registers, word)) < 2 }),
  "P == '1' && M == '1'": ({ registers }) => ({ check: (word) => readField(registers, word) >>> 14 === 0b11 }),
  "wback && registers<n> == '1'": ({ wback, registers, n }) => ({ isNot: [wback, 0], check: (word) => listed(readField(registers, word), readField(n, word)) }),
  /** Execution pseudocode, not decode: the base is stored after it changed. */
  "wback && registers<n> == '1' && n != LowestSetBit(registers)": ({ wback, registers, n }) => ({
    isNot: [wback, 0],
    check: (word) => listed(readField(registers, word), readField(n, word)) && (readField(registers, word) & ((1 << readField(n, word)) - 1)) !== 0,
  }),
  "regs == 0": ({ regs }) => ({ is: [regs, 0] }),
  "regs > 16": ({ regs }) => ({ check: (word) => readField(regs, word) > 16 }),
  "d + regs > 32": ({ d, regs }) => ({ check: (word) => readField(d, word) + readField(regs, word) > 32 }),
  "d + regs > 16": ({ d, regs }) => ({ check: (word) => readField(d, word) + readField(regs, word) > 16 }),
  "last register > d31": ({ last }) => ({ check: (word) => last(word) > 31 }),
} satisfies Readonly<Record<string, (operands: Operands) => Statement>>;

/** A rule's name is its text. */
export type Rule = keyof typeof RULES;

/** The rule of all encodings, before those of the row. */
const SHOULD_BE = "a should-be bit of the encoding has the other value";

/** Some bits of a word have these values. */
interface MaskedBits {
  readonly mask: number;
  readonly match: number;
}

/** All words, and no word. */
const ANY: MaskedBits = { mask: 0, match: 0 };
const NEVER: MaskedBits = { mask: 0, match: 1 };

/** Integers of a test in {@link RowRules}. */
const STRIDE = 8;

/**
 * The rules of a row, in order, as integer tests of the word in one list, so that a word that breaks none costs no call: the words that break a
 * rule have `mask` and `match`, don't have the second `mask` and `match`, and have the same value in two runs of bits. For each eight
 * integers: those four, where the first run begins, what is added to it, where the second begins, and the bits that are compared.
 */
export class RowRules {
  readonly #tests: Int32Array;
  /** By test: the rule, and what it says beside. */
  readonly #rules: readonly string[];
  readonly #checks: readonly (Statement["check"])[];

  constructor(row: CompiledRow<unknown>, rules: readonly Rule[], operands: Operands) {
    const tests: number[] = [];
    const names: string[] = [];
    const checks: Statement["check"][] = [];
    const add = (rule: string, is: MaskedBits, isNot: MaskedBits, same: readonly number[], check: Statement["check"]): void => {
      if (is.mask === NEVER.mask && is.match === NEVER.match) return;
      tests.push(is.mask, is.match, isNot.mask, isNot.match, ...same);
      names.push(rule);
      checks.push(check);
    };
    if (row.shouldMask !== 0) add(SHOULD_BE, ANY, { mask: row.shouldMask, match: row.shouldMatch }, NOT_COMPARED, undefined);
    for (const rule of rules) {
      const { is, isNot, same, check }: Statement = RULES[rule](operands);
      const runs = same === undefined ? NOT_COMPARED : comparedRuns(...same);
      const value = same !== undefined && runs === undefined ? ((word: number) => readField(same[0], word) === readField(same[1], word)) : check;
      add(rule, is === undefined ? ANY : wordsWith(...is), isNot === undefined ? NEVER : wordsWith(...isNot), runs ?? NOT_COMPARED, value);
    }
    this.#tests = Int32Array.from(tests);
    this.#rules = names;
    this.#checks = checks;
  }

  /** The first rule that a word of the row breaks, or undefined. */
  brokenBy(word: number): string | undefined {
    const tests = this.#tests;
    for (let at = 0; at < tests.length; at += STRIDE) {
      if (((word & tests[at]!) ^ tests[at + 1]!) !== 0 || ((word & tests[at + 2]!) ^ tests[at + 3]!) === 0) continue;
      if (((((word >>> tests[at + 4]!) + tests[at + 5]!) ^ (word >>> tests[at + 6]!)) & tests[at + 7]!) !== 0) continue;
      const check = this.#checks[at / STRIDE];
      if (check === undefined || check(word)) return this.#rules[at / STRIDE];
    }
    return undefined;
  }
}

const NOT_COMPARED: readonly number[] = [0, 0, 0, 0];

/** The words in which an operand has this value. Throws an Error where that is more than some bits having theirs. */
function wordsWith(operand: Field, value: number): MaskedBits {
  const { bits } = operand;
  let count = 0;
  let [ones, zeros] = [bits, bits];
  for (let word = bits; ; word = (word - 1) & bits) {
    if (readField(operand, word) === value) {
      count++;
      ones &= word;
      zeros &= ~word;
    }
    if (word === 0) break;
  }
  if (count === 0) return NEVER;
  const mask = ones | zeros;
  if (count !== 1 << bitCount(bits & ~mask)) throw new Error(`no mask tells the words in which an operand is ${value}`);
  return { mask, match: ones };
}

/** How {@link RowRules} compares two operands: undefined if they are not each one run of the same number of bits. */
function comparedRuns(first: Field, second: Field): readonly number[] | undefined {
  const [one, other] = first.added === 0 ? [second, first] : [first, second];
  const { mask } = one;
  const isRun = ({ bits, from, to, within }: Field): boolean => to === 0 && bits === mask << from && (within & mask) === mask;
  const wraps = one.added === 0 || one.within === mask;
  return mask !== 0 && isRun(one) && isRun(other) && other.added === 0 && wraps ? [one.from, one.added, other.from, mask] : undefined;
}
