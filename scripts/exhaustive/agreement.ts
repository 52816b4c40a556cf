import { DIFFERENCES } from "./differences.ts";
import type { Disagreement, Kind, Mine, OracleId } from "./mine.ts";
import type { WordSet } from "./sets.ts";

/** Whether an oracle's name fits what we say; undefined if it does. */
export function agreement(set: WordSet, oracle: OracleId, mine: Mine, theirs: string): Disagreement | undefined {
  const kind = kindOf(set, mine, theirs);
  if (kind === undefined) return undefined;
  const known = DIFFERENCES.find((each) => each.set === set && (each.oracle ?? oracle) === oracle && each.kind === kind && each.covers(mine, plainName(set, mine, theirs)));
  return { kind, why: known?.why };
}

/** An oracle's name without the condition of A32. */
export function plainName(set: WordSet, { variant }: Mine, theirs: string): string {
  if (set === "a64") return theirs;
  const [, stem, rest] = /^([a-z0-9]*)(.*)$/.exec(mnemonicOf(theirs))!;
  const condition = CONDITIONS[variant]!;
  return stem!.endsWith(condition) ? `${stem!.slice(0, stem!.length - condition.length)}${rest!}` : theirs;
}

function mnemonicOf(name: string): string {
  return name.split(" ")[0]!.replace(/[!+]$/, "");
}

/** Names of instructions that transfer memory, or maintain caches by address; and of no other in the classes that we don't take apart. */
const MEMORY: Readonly<Record<WordSet, RegExp>> = {
  a64: /^(ld|st|prf|cas|swp|rcw|cpyf?[pme]|setg?o?[pme]|gcs(?!b)|dc |ic )/,
  a32: /^(v?ldr|v?str|v?ldm|v?stm|f(ld|st)m|ldc|stc|lda|stl|swp|rfe|srs|vld|vst|v?push|v?pop)/,
};

function kindOf(set: WordSet, mine: Mine, theirs: string): Kind | undefined {
  const unallocated = mine.outcome === "undefined-instruction";
  if (theirs === "") return unallocated || mine.outcome === "unpredictable" || mine.mnemonic === "" ? undefined : "ours alone";
  if (unallocated) return "theirs alone";
  const name = plainName(set, mine, theirs);
  if (mine.mnemonic === "") return MEMORY[set].test(name) ? "memory to them" : undefined;
  const same = set === "a64" ? sameA64(mine, theirs) : sameA32(mine, name);
  return same ? undefined : "another name";
}

/** A form such as "LDR Xt, post-index" tells the kind of the register and the addressing besides the mnemonic. */
function sameA64({ mnemonic, form }: Mine, theirs: string): boolean {
  const [, register, mode] = /^\S+ ([WXBHSDQ])t(?:, (.*))?$/.exec(form) ?? [];
  if (/^[di]c$/.test(mnemonic)) return theirs === form.toLowerCase();
  if (mnemonicOf(theirs) !== mnemonic) return false;
  if (register === undefined || mnemonic.startsWith("st") && /xr|xp/.test(mnemonic)) return true;
  const expected = `${register.toLowerCase()}${mode === "pre-index" ? "!" : mode === "post-index" ? "+" : ""}`;
  return theirs.slice(mnemonic.length + 1) === expected || /^(ld|sw|cas)/.test(mnemonic) && !/^ldn?p|^ldr|^ldu|^ldt?r/.test(mnemonic);
}

const CONDITIONS = ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "", ""];
/** Assembly's other names for the same words. */
const ALIASES: Readonly<Record<string, string>> = { push: "stmdb", pop: "ldm", vpush: "vstmdb", vpop: "vldmia", ldmia: "ldm", stmia: "stm" };

function sameA32({ mnemonic }: Mine, theirs: string): boolean {
  const plain = theirs.split(".")[0]!;
  const ours = mnemonic.split(".")[0]!;
  // A push or pop of one register may be a store or load of it.
  if ((plain === "push" && ours === "str") || (plain === "pop" && ours === "ldr")) return true;
  return (ALIASES[plain] ?? plain) === (ALIASES[ours] ?? ours);
}
