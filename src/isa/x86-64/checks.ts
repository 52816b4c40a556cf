import { PROMOTED_MAP, type Variant } from "./notation.ts";
import type { Subject } from "./operands.ts";

/** Instructions that LOCK may precede, if their destination is memory (SDM volume 2A, LOCK). */
const LOCKABLE: ReadonlySet<string> = new Set([
  "add",
  "adc",
  "and",
  "btc",
  "btr",
  "bts",
  "cmpxchg",
  "cmpxchg8b",
  "cmpxchg16b",
  "dec",
  "inc",
  "neg",
  "not",
  "or",
  "sbb",
  "sub",
  "xor",
  "xadd",
  "xchg",
]);

/** Says why an encoding that matches a row is undefined all the same (#UD), or undefined if it is not. */
export type Check = (subject: Subject) => string | undefined;

/** The checks that a variant's encodings have to pass, in their order. */
export function checksOf(variant: Variant): Check[] {
  return CHECKS.filter(({ concerns }) => concerns(variant)).map(({ check }) => check);
}

function checkLock({ encoding, variant, operands }: Subject): string | undefined {
  if (!encoding.lock) return undefined;
  if (LOCKABLE.has(variant.mnemonic) && operands[0]?.kind === "memory") return undefined;
  return "LOCK goes with read-modify-write instructions on memory only (SDM volume 2A, LOCK)";
}

function checkNoRex2({ encoding }: Subject): string | undefined {
  return encoding.rex2 ? "REX2 does not go with it (APX specification, section 3.1.1.1)" : undefined;
}

function checkPtwrite({ encoding }: Subject): string | undefined {
  return encoding.prefix66 ? "it must not have prefix 66 (SDM volume 2B, PTWRITE)" : undefined;
}

function checkSegment({ operands }: Subject): string | undefined {
  const [first] = operands;
  const loadsCs = first?.kind === "register" && first.number === 1;
  return loadsCs ? "CS can't be loaded with MOV (SDM volume 2B, MOV)" : undefined;
}

function checkControl({ operands }: Subject): string | undefined {
  for (const operand of operands) {
    if (operand.kind === "register" && operand.file === "control" && ![0, 2, 3, 4, 8].includes(operand.number)) {
      return `there is no control register CR${operand.number}`;
    }
  }
  return undefined;
}

/** VEX.vvvv must be 1111 where no operand is in it (SDM volume 2, sections 2.3.5.6 and 2.7.10). */
function checkUnusedRegister({ encoding, memory }: Subject): string | undefined {
  // With VSIB V' belongs to the index.
  const used = memory?.vectorIndex === undefined ? encoding.vvvv : encoding.vvvv & 15;
  return used === 0 ? undefined : "vvvv has to be 1111 here";
}

function checkNotRipRelative({ encoding }: Subject): string | undefined {
  return encoding.ripRelative ? "its address can't be relative to RIP (SDM volume 2A)" : undefined;
}

function checkSib({ encoding, memory, variant }: Subject): string | undefined {
  if (memory === undefined || encoding.hasSib) return undefined;
  return variant.memory!.tile ? "it needs a SIB byte" : "it needs a SIB byte with a vector index";
}

/** Gathers, tile products, complex products (each on its page in the SDM): their registers have to be different. */
function checkDistinct({ variant: { facts }, operands }: Subject): string | undefined {
  const numbers = operands.flatMap((operand) => {
    if (operand.kind === "memory") return operand.vectorIndex === undefined ? [] : [operand.vectorIndex.number];
    return operand.kind === "register" ? [operand.number] : [];
  });
  const [destination, ...others] = numbers;
  const clash = facts.distinct === "destination" ? others.includes(destination!) : new Set(numbers).size < numbers.length;
  return clash ? "its registers have to be different" : undefined;
}

function checkEvex({ encoding, variant, operands }: Subject): string | undefined {
  const evex = encoding.evex!;
  const { isMemory } = encoding;
  if (!isMemory && !evex.u) return "bit 10 of the EVEX prefix has to be 1 here";
  if (variant.facts.noFlags)
    return (evex.opmask & 3) !== 0 || evex.zeroing || evex.b ? "the reserved bits of its EVEX prefix have to be 0" : undefined;
  if (evex.opmask !== 0 && !variant.masking) return "it takes no opmask register";
  if (evex.opmask === 0 && variant.facts.maskRequired) return "it needs an opmask register other than k0";
  if (evex.zeroing && (!variant.zeroing || evex.opmask === 0)) return "it can't be masked with zeroing";
  if (evex.zeroing && operands[0]?.kind === "memory") return "a masked store can't zero";
  if (!evex.b) return undefined;
  const broadcast = variant.memory?.broadcast !== undefined;
  if (isMemory && !broadcast) return "its memory operand can't be broadcast";
  return !isMemory && !variant.rounding ? "it has no embedded rounding" : undefined;
}

/** Map 4 (APX specification, section 3.1.2.3): b is ND, NF is the highest bit of aaa, the rest is reserved. */
function checkPromoted({ encoding, variant }: Subject): string | undefined {
  const evex = encoding.evex!;
  if (!encoding.isMemory && !evex.u) return "bit 10 of the EVEX prefix has to be 1 here";
  if (evex.zeroing) return "bit 7 of the last byte of its EVEX prefix has to be 0";
  if (isConditional(variant)) return evex.b ? "ND has to be 0" : undefined;
  if ((evex.opmask & 3) !== 0) return "the reserved bits of its EVEX prefix have to be 0";
  const demandsNf = (variant.promoted & 3) === 0;
  if ((evex.opmask & 4) !== 0 && variant.facts.noFlags === undefined && !demandsNf) return "it has no form that keeps the flags (NF)";
  return undefined;
}

/** CCMP and CTEST, whose vvvv holds flags. */
function isConditional({ does }: Variant): boolean {
  return does === "compare-if" || does === "test-if";
}

/** Each check with the variants that it concerns. */
const CHECKS: readonly { readonly check: Check; readonly concerns: (variant: Variant) => boolean }[] = [
  { check: checkLock, concerns: ({ space }) => space === "legacy" || space === "rex2" },
  { check: checkNoRex2, concerns: ({ mnemonic }) => /^x(save|rstor)/.test(mnemonic) },
  { check: checkPtwrite, concerns: ({ mnemonic }) => mnemonic === "ptwrite" },
  { check: checkSegment, concerns: ({ mnemonic, operands }) => mnemonic === "mov" && operands[0]?.register?.file === "segment" },
  { check: checkControl, concerns: ({ operands }) => operands.some(({ register }) => register?.file === "control") },
  {
    check: checkUnusedRegister,
    concerns: (variant) => variant.space !== "legacy" && !isConditional(variant) && variant.operands.every(({ field }) => field !== "V"),
  },
  // SDM volume 2A, their pages: #UD.
  { check: checkNotRipRelative, concerns: ({ mnemonic }) => ["bndldx", "bndmk", "bndstx"].includes(mnemonic) },
  { check: checkSib, concerns: ({ memory }) => memory?.vectorIndex !== undefined || memory?.tile === true },
  { check: checkDistinct, concerns: ({ facts }) => facts.distinct !== undefined },
  { check: checkEvex, concerns: ({ space, map }) => space === "evex" && map !== PROMOTED_MAP },
  { check: checkPromoted, concerns: ({ space, map }) => space === "evex" && map === PROMOTED_MAP },
];
