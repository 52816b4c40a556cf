import type { Kind, Mine } from "./agreement.ts";
import type { WordSet } from "./walk.ts";

/** A known disagreement: it is decided for us, by the section named. One that fits no entry ends a run with status 1. */
export interface Difference {
  readonly set: WordSet;
  readonly kind: Kind;
  readonly why: string;
  covers(mine: Mine, theirs: string): boolean;
}

/** Instructions that an oracle is too old for: the manual's section, and their forms. */
function newer(set: WordSet, why: string, forms: RegExp): Difference {
  return { set, kind: "ours alone", why: `${why}: newer than the oracle`, covers: ({ form }) => forms.test(form) };
}

export const DIFFERENCES: readonly Difference[] = [
  newer("a64", "FEAT_LSUI (DDI 0487 C3.2.17.3 and C6.2 LDTXR, STTXR, CAST, CASPT, LDTADD, LDTCLR, LDTSET, SWPT, LDTP, LDTNP, STTP, STTNP)", /^(LDA?TXR|STL?TXR|CASP?T|LDT(ADD|CLR|SET)|SWPT|LDTN?P|STTN?P)\b/),
  newer("a64", "FEAT_LSFE (DDI 0487 C7.2 LDFADD, LDBFADD, STFADD, STBFADD and their maximum and minimum forms)", /^(LD|ST)B?F(ADD|MAX|MIN|MAXNM|MINNM)\b/),
  newer("a64", "FEAT_LSCP (DDI 0602 LDAP, LDAPP, STLP)", /^(LDAPP?|STLP)$/),
  newer("a64", "FEAT_MOPS_GO (DDI 0602 SETGOP, SETGOM, SETGOE)", /^SETGO[PME]$/),
  {
    set: "a64",
    kind: "ours alone",
    why: "C6.2 LDTR: it has no writeback, so that Rt may be the base; LLVM takes bit 11 for a writeback",
    covers: ({ form }) => /^LDTR\w*( [WX]t)?, unprivileged$/.test(form),
  },
];
