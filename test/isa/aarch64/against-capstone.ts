import { A64_TABLE } from "../../../src/isa/aarch64/decode.ts";
import { AARCH64 } from "../../../src/isa/aarch64/index.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import type { Address, Operation, RegisterSlice } from "../../../src/model/operation.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { PROGRAM_COUNTER, ZERO_REGISTER } from "../../../src/model/registers.ts";
import type { Disassembler } from "../../support/capstone.ts";
import { bytesOf, wordHex } from "../../support/fault.ts";

const PC = 0x1_0000_0000n;

/**
 * Differences from capstone 5, each decided by the manual (DDI 0487 K.a). A word that fits none of these and differs fails the test.
 */
const DIFFERENCES: readonly { readonly why: string; readonly covers: (word: number, ours: string, theirs: string) => boolean }[] = [
  { why: "FEAT_LRCPC3 (C6.2 LDIAPP, STILP, LDAPR, STLR; C7.2 LDAPUR, STLUR, LDAP1, STL1) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(ldiapp|stilp|ldapr|stlr|ldapur|stlur|ldap1|stl1)$/.test(ours) },
  { why: "FEAT_MOPS (C6.2 CPY*, SET*) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(cpy|set)/.test(ours) },
  { why: "FEAT_LSE128 and FEAT_THE (C6.2 SWPP, LDCLRP, LDSETP, RCW*) are newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(swpp|ldclrp|ldsetp|rcw)/.test(ours) },
  { why: "FEAT_LS64 (C6.2 LD64B, ST64B, ST64BV, ST64BV0) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(ld|st)64b/.test(ours) },
  { why: "FEAT_GCS (C6.2 GCSSTR) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && ours.startsWith("gcsst") },
  { why: "should-be-one bits that are not are CONSTRAINED UNPREDICTABLE (C1.4.1): capstone calls some of them invalid", covers: (_, ours, theirs) => theirs === "" && ours === "unpredictable" },
  { why: "FEAT_MTE (C6.2 STG, STGP, LDG …) is off in the mode of capstone used here", covers: (_, ours, theirs) => theirs === "" && /^(stg|stzg|st2g|stz2g|ldg|stgm|stzgm|ldgm|stgp)$/.test(ours) },
  { why: "LDTR writes nothing back (C6.2 LDTR): capstone takes bit 11 for a writeback and rejects Rt = Rn", covers: (_, ours, theirs) => theirs === "" && ours.startsWith("ldtr") },
  { why: "RPRFM (C6.2 RPRFM) is newer than capstone 5, which prints the PRFM that it was", covers: (_, ours, theirs) => ours === "rprfm" && theirs === "prfm" },
  { why: "DC, IC and the GCS instructions are aliases of SYS and SYSL (C6.2 DC, IC, GCSPUSHM …)", covers: (_, ours, theirs) => /^(dc|ic|gcs)/.test(ours) && /^sysl?$/.test(theirs) },
  { why: "FEAT_LSUI (C6.2 LDTXR, STTXR, CAST, LDTADD, SWPT, LDTP, STTP …) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(ldat?xr|ldtxr|stl?txr|casp?a?l?t|[ls]dt(add|clr|set)|stt(add|clr|set)|ldt(add|clr|set)|swpt|ldtn?p|sttn?p)/.test(ours) },
  { why: "FEAT_LSFE (C7.2 LDFADD, STFADD, LDBFADD …) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(ld|st)b?f(add|max|min)/.test(ours) },
  { why: "FEAT_LSCP (C6.2 LDAP, LDAPP, STLP) is newer than capstone 5", covers: (_, ours, theirs) => theirs === "" && /^(ldapp?|stlp)$/.test(ours) },
  { why: "FEAT_SVE2, FEAT_SVE2p1, FEAT_F64MM, FEAT_SME and FEAT_SME2 are not in the mode of capstone used here (LLVM knows them: docs/exhaustive.md)", covers: (word, _, theirs) => theirs === "" && /SVE2|SME|^LD1RO/.test(A64_TABLE.find(word)?.form ?? "") },
];

const names = AARCH64.registers;
const general = (slice: RegisterSlice, wide: boolean): string => {
  if (slice.register === ZERO_REGISTER) return wide ? "xzr" : "wzr";
  return wide ? names.name(slice.register) : names.name(slice.register).replace("x", "w");
};
const VECTOR_LETTERS: Readonly<Record<number, string>> = { 1: "b", 2: "h", 4: "s", 8: "d" };

/** The transferred registers of a single or a pair, in assembly. */
function registersText(operation: Operation): string[] {
  const elements = [
    ...operation.reads.map(({ to: [to], size }) => ({ slice: to!, size, wide: to!.extendTo === 64 })),
    ...operation.writes.map(({ from, size }) => {
      if (from.kind !== "register") throw new Error("a plain store stores registers");
      return { slice: from, size, wide: size === 8 };
    }),
  ];
  const texts: string[] = [];
  for (const { slice, size, wide } of elements) {
    const vector = slice.register >= 0 && names.describe(slice.register).file === "vector";
    if (!vector) texts.push(general(slice, wide));
    else if (slice.bit === 64) texts[texts.length - 1] = names.name(slice.register).replace("v", "q");
    else texts.push(names.name(slice.register).replace("v", VECTOR_LETTERS[size]!));
  }
  return texts;
}

/** Capstone prints immediates above 9 in hexadecimal, and some negative ones as two's complement: {@link normalise}. */
const number = (value: bigint): string => {
  const magnitude = value < 0n ? -value : value;
  return `#${value < 0n ? "-" : ""}${magnitude > 9n ? `0x${magnitude.toString(16)}` : magnitude}`;
};

/** The address of a single or a pair, in assembly. */
function addressText(address: Address, operation: Operation): string {
  if (address.base === PROGRAM_COUNTER) return number(BigInt.asUintN(64, PC + address.displacement));
  const base = names.name(address.base!);
  const update = operation.updates[0];
  if (update !== undefined && update.value.displacement !== address.displacement) return `[${base}], ${number(update.value.displacement)}`;
  if (update !== undefined) return `[${base}, ${number(address.displacement)}]!`;
  if (address.index !== undefined) {
    const { slice, signed, shift } = address.index;
    const index = general(slice, slice.width === 64);
    const extend = slice.width === 32 ? (signed ? "sxtw" : "uxtw") : signed ? "sxtx" : "lsl";
    const amount = shift.amount > 0 ? ` #${shift.amount}` : "";
    return extend === "lsl" && amount === "" ? `[${base}, ${index}]` : `[${base}, ${index}, ${extend}${amount}]`;
  }
  return address.displacement === 0n ? `[${base}]` : `[${base}, ${number(address.displacement)}]`;
}

/** Capstone prints a register-offset shift of 0 that is encoded (S = 1 on bytes), and a zero post-index; they mean nothing. */
function normalise(text: string): string {
  return text
    .replace(/#0x(f{8,}[0-9a-f]*)/, (_, digits: string) => number(BigInt.asIntN(64, BigInt(`0x${digits}`))))
    .replace(/, #0\]!$/, "], zero")
    .replace(/\], #0$/, "], zero")
    .replace(/, lsl #0\]/, "]")
    .replace(/ #0\]/, "]");
}

function assembly({ mnemonic }: Instruction, operation: Operation): string {
  return normalise(`${mnemonic} ${[...registersText(operation), addressText(operation.addresses[0]!, operation)].join(", ")}`);
}

/** What differs between our reading of a word and capstone's; undefined if nothing does, or the manual decides it for us. */
export function difference(word: number, capstone: Disassembler): string | undefined {
  const row = A64_TABLE.find(word);
  const decoded = AARCH64.decode(bytesOf(wordHex(word)), "a64");
  const theirs = capstone.disassemble(bytesOf(wordHex(word)), PC);
  if (decoded instanceof Refusal || row === undefined) {
    return theirs !== undefined && ((word >>> 25) & 0b0101) === 0b0100 ? `nothing to us, ${theirs.mnemonic} to capstone` : undefined;
  }
  const { operation, mnemonic, form } = decoded;
  const ours = operation instanceof Refusal && operation.reason === "unpredictable" ? "unpredictable" : mnemonic;
  if (DIFFERENCES.some(({ covers }) => covers(word, ours, theirs?.mnemonic ?? ""))) return undefined;
  if (theirs === undefined) return `${form} to us, nothing to capstone`;
  if (theirs.mnemonic !== mnemonic) return `${mnemonic} to us, ${theirs.mnemonic} to capstone`;
  if (operation instanceof Refusal || (row.facts.kind !== "single" && row.facts.kind !== "pair")) return undefined;
  const [mine, other] = [assembly(decoded, operation), normalise(`${theirs.mnemonic} ${theirs.operands}`)];
  return mine === other ? undefined : `"${mine}" to us, "${other}" to capstone`;
}
