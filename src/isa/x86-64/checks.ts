import type { Encoding, EvexFields } from "./format.ts";
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

/** Why an encoding that matches a row is undefined all the same (#UD), or undefined if it is not. */
export function checkEncoding(subject: Subject): string | undefined {
  return (
    checkLock(subject) ??
    checkRegisters(subject) ??
    checkUnusedRegister(subject) ??
    checkSib(subject) ??
    checkDistinct(subject) ??
    checkEvex(subject)
  );
}

function checkLock({ encoding, variant, operands }: Subject): string | undefined {
  if (!encoding.lock) return undefined;
  if (LOCKABLE.has(variant.mnemonic) && operands[0]?.kind === "memory") return undefined;
  return "LOCK goes with read-modify-write instructions on memory only (SDM volume 2A, LOCK)";
}

function checkRegisters({ encoding, variant, operands }: Subject): string | undefined {
  if (encoding.rex2 && /^x(save|rstor)/.test(variant.mnemonic)) return "REX2 does not go with it (APX specification, section 3.1.1.1)";
  if (variant.mnemonic === "ptwrite" && encoding.prefix66) return "it must not have prefix 66 (SDM volume 2B, PTWRITE)";
  const [first] = operands;
  if (variant.mnemonic === "mov" && first?.kind === "register" && first.file === "segment" && first.number === 1) {
    return "CS can't be loaded with MOV (SDM volume 2B, MOV)";
  }
  for (const operand of operands) {
    if (operand.kind === "register" && operand.file === "control" && ![0, 2, 3, 4, 8].includes(operand.number)) {
      return `there is no control register CR${operand.number}`;
    }
  }
  return undefined;
}

/** VEX.vvvv must be 1111 where no operand is in it (SDM volume 2, sections 2.3.5.6 and 2.7.10). */
function checkUnusedRegister({ encoding, variant, memory }: Subject): string | undefined {
  if (encoding.space === "legacy" || variant.operands.some(({ field }) => field === "V")) return undefined;
  if (variant.does === "compare-if" || variant.does === "test-if") return undefined;
  // With VSIB V' belongs to the index.
  const used = memory?.vectorIndex === undefined ? encoding.vvvv : encoding.vvvv & 15;
  return used === 0 ? undefined : "vvvv has to be 1111 here";
}

/** SDM volume 2A: #UD if their address is relative to RIP. */
const NOT_RIP_RELATIVE: ReadonlySet<string> = new Set(["bndldx", "bndmk", "bndstx"]);

function checkSib({ encoding, variant }: Subject): string | undefined {
  const shape = variant.memory;
  if (!encoding.isMemory || shape === undefined) return undefined;
  if (NOT_RIP_RELATIVE.has(variant.mnemonic) && encoding.ripRelative) return "its address can't be relative to RIP (SDM volume 2A)";
  if (shape.vectorIndex === undefined) return shape.tile && !encoding.hasSib ? "it needs a SIB byte" : undefined;
  if (!encoding.hasSib) return "it needs a SIB byte with a vector index";
  return undefined;
}

/** Gathers, tile products, complex products (each on its page in the SDM): their registers have to be different. */
function checkDistinct({ variant: { facts }, operands }: Subject): string | undefined {
  if (facts.distinct === undefined) return undefined;
  const numbers = operands.flatMap((operand) => {
    if (operand.kind === "memory") return operand.vectorIndex === undefined ? [] : [operand.vectorIndex.number];
    return operand.kind === "register" ? [operand.number] : [];
  });
  const [destination, ...others] = numbers;
  const clash = facts.distinct === "destination" ? others.includes(destination!) : new Set(numbers).size < numbers.length;
  return clash ? "its registers have to be different" : undefined;
}

function checkEvex({ encoding, variant, operands }: Subject): string | undefined {
  const { evex } = encoding;
  if (evex === undefined) return undefined;
  if (encoding.map === PROMOTED_MAP) return checkPromoted(encoding, evex, variant);
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
function checkPromoted(encoding: Encoding, evex: EvexFields, variant: Variant): string | undefined {
  if (!encoding.isMemory && !evex.u) return "bit 10 of the EVEX prefix has to be 1 here";
  if (evex.zeroing) return "bit 7 of the last byte of its EVEX prefix has to be 0";
  if (variant.does === "compare-if" || variant.does === "test-if") return evex.b ? "ND has to be 0" : undefined;
  if ((evex.opmask & 3) !== 0) return "the reserved bits of its EVEX prefix have to be 0";
  const demandsNf = (variant.promoted & 3) === 0;
  if ((evex.opmask & 4) !== 0 && variant.facts.noFlags === undefined && !demandsNf) return "it has no form that keeps the flags (NF)";
  return undefined;
}
