import type { Kind, Mine, OracleId } from "./mine.ts";
import type { WordSet } from "./sets.ts";

/** A known disagreement: it is decided for us, by the section named. One that fits no entry ends a run with status 1. */
export interface Difference {
  readonly set: WordSet;
  /** The oracle that is wrong or too old; without it both are. */
  readonly oracle?: OracleId;
  readonly kind: Kind;
  readonly why: string;
  covers(mine: Mine, theirs: string): boolean;
}

/** Instructions that an oracle is too old for: the manual's section, and their forms. */
function newer(set: WordSet, why: string, forms: RegExp, oracle?: OracleId): Difference {
  return { set, ...(oracle && { oracle }), kind: "ours alone", why: `${why}: newer than the oracle`, covers: ({ form }) => forms.test(form) };
}

export const DIFFERENCES: readonly Difference[] = [
  newer("a64", "FEAT_LSUI (DDI 0487 C3.2.17.3 and C6.2 LDTXR, STTXR, CAST, CASPT, LDTADD, LDTCLR, LDTSET, SWPT, LDTP, LDTNP, STTP, STTNP)", /^(LDA?TXR|STL?TXR|CASP?T|LDT(ADD|CLR|SET)|SWPT|LDTN?P|STTN?P)\b/),
  newer("a64", "FEAT_LSFE (DDI 0487 C7.2 LDFADD, LDBFADD, STFADD, STBFADD and their maximum and minimum forms)", /^(LD|ST)B?F(ADD|MAX|MIN|MAXNM|MINNM)\b/),
  newer("a64", "FEAT_LSCP (DDI 0602 LDAP, LDAPP, STLP)", /^(LDAPP?|STLP)$/),
  newer("a64", "FEAT_MOPS_GO (DDI 0602 SETGOP, SETGOM, SETGOE)", /^SETGO[PME]$/),
  {
    set: "a64",
    kind: "ours alone",
    why: "C6.2 LDTR: it has no writeback, so that Rt may be the base; the oracle takes bit 11 for a writeback",
    covers: ({ form }) => /^LDTR\w*( [WX]t)?, unprivileged$/.test(form),
  },
  newer("a64", "FEAT_LRCPC3 (DDI 0487 C6.2 LDIAPP, STILP, LDAPR, STLR; C7.2 LDAPUR, STLUR, LDAP1, STL1)", /^(LDIAPP|STILP|LDAPR|STLR|LDAPUR|STLUR|LDAP1|STL1)\b/, "capstone"),
  newer("a64", "FEAT_MOPS (DDI 0487 C6.2 CPY*, SET*)", /^(CPYF?|SETG?)[PME]$/, "capstone"),
  newer("a64", "FEAT_LSE128 and FEAT_THE (DDI 0487 C6.2 LDCLRP, LDSETP, SWPP, RCW*)", /^(LDCLRP|LDSETP|SWPP|RCW)/, "capstone"),
  newer("a64", "FEAT_LS64 (DDI 0487 C6.2 LD64B, ST64B, ST64BV, ST64BV0)", /^(LD|ST)64B/, "capstone"),
  newer("a64", "FEAT_GCS (DDI 0487 C6.2 GCSSTR, GCSSTTR)", /^GCS/, "capstone"),
  newer("a64", "FEAT_MTE, FEAT_SVE2, FEAT_F64MM, FEAT_SME (DDI 0487 C6.2 STG, C8, C9): not in the oracle's mode", /^(STZ?2?G|STGP|LDG|STZ?GM|LDGM)\b|SVE2|SME|^LD1RO/, "capstone"),
  { set: "a64", oracle: "capstone", kind: "another name", why: "C6.2 RPRFM: it was PRFM when the oracle was made", covers: ({ form }) => form === "RPRFM" },
  { set: "a64", oracle: "capstone", kind: "another name", why: "C6.2 DC, IC, GCSPUSHM …: aliases of SYS and SYSL", covers: (_, theirs) => /^sysl?( |$)/.test(theirs) },
  {
    set: "a64",
    kind: "theirs alone",
    why: "C6.2 UDF is permanently UNDEFINED: a name for what is no instruction",
    covers: (_, theirs) => /^udf( |$)/.test(theirs),
  },
  {
    set: "a64",
    kind: "memory to them",
    why: "C5.3 DC ISW and its kin work by set and way, IC IALLU and IALLUIS on everything: they take no address, and so never fault on one",
    covers: (_, theirs) => /^(dc \w+sw|ic iallu(is)?)$/.test(theirs),
  },
  {
    set: "a64",
    kind: "memory to them",
    why: "C5.3 DC CIPAE, CIGDPAE, CIPAPA, CIGDPAPA take a physical address, which is not translated",
    covers: (_, theirs) => /^dc ci(gd)?pap?[ea]$/.test(theirs),
  },
  {
    set: "a64",
    kind: "another name",
    why: "FEAT_OCCMO (C5.3 DC CGDVAOC, DC CVAOC, DC CIVAOC, DC CIGDVAOC): newer than the oracle, which calls them SYS",
    covers: ({ form }, theirs) => /^DC \w+OC$/.test(form) && theirs.startsWith("sys"),
  },
  {
    set: "a32",
    kind: "ours alone",
    why: "DDI 0406 A8.8.55 LDC, A8.8.198 STC: generic coprocessors are Armv7's, and the oracle decodes Armv8",
    covers: ({ form }) => /^(LDC|STC)(2| \(coprocessor\))$/.test(form),
  },
  {
    set: "a32",
    kind: "theirs alone",
    why: "F5.1 LDC, STC: of p14 only register c5 is allocated",
    covers: ({ form }, theirs) => form === "" && /^(ldc|stc)l?$/.test(theirs),
  },
  {
    set: "a32",
    kind: "ours alone",
    why: "DDI 0406 A8.8.229 SWP, SWPB: Armv7's, and the oracle decodes Armv8",
    covers: ({ form }) => /^SWPB? A1$/.test(form),
  },
  {
    set: "a32",
    kind: "theirs alone",
    why: "F5.1 UDF is permanently UNDEFINED: a name for what is no instruction",
    covers: (_, theirs) => theirs === "udf" || theirs === "trap",
  },
  {
    set: "a32",
    kind: "ours alone",
    why: "F5.1 STRD (immediate): bits 3:0 are imm4L; LLVM takes 15 there for an Rm that is the PC",
    covers: ({ form }) => form === "STRD (immediate) A1",
  },
  {
    set: "a32",
    kind: "ours alone",
    why: "F5.1 RFE, SRS: the should-be bits of these words are not what they should be, which is CONSTRAINED UNPREDICTABLE; the oracle decodes nothing",
    covers: ({ form }) => /^(RFE|SRS)/.test(form),
  },
];
