import type { Facts } from "./facts.ts";

/**
 * Operands that the manual rules out, by integer tests on the word. A64 has its register fields in fixed places: Rt (or Rd) in 4:0, Rn in
 * 9:5, Rt2 in 14:10, Rs in 20:16; only the ordered and the atomic pairs have Rt2 in 20:16.
 */
const [RT, RN, RT2, RS] = [0, 5, 10, 16] as const;

function register(word: number, from: number): number {
  return (word >>> from) & 31;
}

/** Operand values that make an encoding UNDEFINED, as a rule for people. */
export function undefinedOperands(facts: Facts, word: number): string | undefined {
  switch (facts.kind) {
    case "compare-and-swap-pair":
      return ((word >>> RS) & 1) === 1 || ((word >>> RT) & 1) === 1 ? "CASP needs even register numbers (C6.2, CASP)" : undefined;
    case "atomic-pair":
      return register(word, RT) === 31 || register(word, RS) === 31 ? "LDCLRP, LDSETP and SWPP need registers other than 31 (C6.2)" : undefined;
    case "sixty-four-bytes":
      return (word & 1) === 1 || register(word, RT) > 22 ? "LD64B and ST64B need an even Rt of at most 22 (C6.2)" : undefined;
    default:
      return undefined;
  }
}

/** The CONSTRAINED UNPREDICTABLE operand combinations of DDI 0487, K1.2 and the instructions' own pages, as a rule for people. */
export function unpredictableOperands(facts: Facts, word: number): string | undefined {
  switch (facts.kind) {
    case "single":
      return facts.register !== "v" && (facts.address === "post-index" || facts.address === "pre-index") && isBase(word, RT) ? WRITEBACK : undefined;
    case "ordered-writeback":
      return isBase(word, RT) ? WRITEBACK : undefined;
    case "pair":
      if (facts.access === "load" && register(word, RT) === register(word, RT2)) return SAME_PAIR;
      return facts.index !== "offset" && facts.register !== "v" && (isBase(word, RT) || isBase(word, RT2)) ? PAIR_WRITEBACK : undefined;
    case "tag-pair":
      return facts.index !== "offset" && (isBase(word, RT) || isBase(word, RT2)) ? PAIR_WRITEBACK : undefined;
    case "ordered-pair":
      if (facts.access === "load" && register(word, RT) === register(word, RS)) return SAME_PAIR;
      return facts.writeback && (isBase(word, RT) || isBase(word, RS)) ? PAIR_WRITEBACK : undefined;
    case "exclusive":
      if (facts.access === "load") return facts.pair && register(word, RT) === register(word, RT2) ? SAME_PAIR : undefined;
      if (register(word, RS) === register(word, RT) || (facts.pair && register(word, RS) === register(word, RT2))) return STATUS_STORED;
      return isBase(word, RS) ? STATUS_BASE : undefined;
    case "refused":
      if (facts.registers === undefined) return undefined;
      return facts.registers === "writeback" ? (isBase(word, RT) ? WRITEBACK : undefined) : memoryCopy(facts.registers, word);
    case "atomic-pair":
      return register(word, RT) === register(word, RS) ? "an atomic on a pair with Rt and Rt2 the same register" : undefined;
    case "multiple":
    case "lane":
    case "replicate":
    case "atomic":
    case "compare-and-swap":
    case "compare-and-swap-pair":
    case "sixty-four-bytes":
      return undefined;
    default:
      return facts satisfies never;
  }
}

const WRITEBACK = "writeback with Rt the same register as the base Rn";
const SAME_PAIR = "a load pair with Rt and Rt2 the same register";
const PAIR_WRITEBACK = "a pair with writeback, and Rt or Rt2 the same register as the base Rn";
const STATUS_STORED = "the status register Rs is also the register stored";
const STATUS_BASE = "the status register Rs is also the base Rn";
const COPY_OVERLAP = "memory copy or set with one register in two roles";
const COPY_31 = "memory copy or set with register 31 for an address or a size";

/** Whether the register at `from` is the base. SP is no data register. */
function isBase(word: number, from: number): boolean {
  const base = register(word, RN);
  return base !== 31 && base === register(word, from);
}

/** CheckCPYConstrainedUnpredictable() and CheckSETConstrainedUnpredictable() of the shared pseudocode. The data of a set may be XZR. */
function memoryCopy(registers: "copy" | "set" | "set-tags", word: number): string | undefined {
  const d = register(word, RT);
  const n = register(word, RN);
  const s = register(word, RS);
  if (d === n || (registers !== "set-tags" && (d === s || n === s))) return COPY_OVERLAP;
  return d === 31 || n === 31 || (registers === "copy" && s === 31) ? COPY_31 : undefined;
}
