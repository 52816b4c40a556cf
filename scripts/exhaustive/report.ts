import type { Difference, Findings, WordCount } from "./findings.ts";

/** The findings as Markdown. The same findings give the same text. */
export function report(findings: Findings): string {
  const { set, oracle, sample, only, shards, of, words, compared, differences } = findings;
  const total = sum(words);
  const scope = [
    sample === 1 ? "every word" : `one word in ${sample}`,
    only === "" ? "" : `whose top bits are ${only}`,
    of === 1 ? "" : `shards ${shards.join(", ")} of ${of}`,
  ].filter((part) => part !== "");
  const lines = [`## ${set.toUpperCase()}: ${number(total)} words`, "", `${scope.join("; ")}; oracle: ${oracle}.`, "", ...outcomeTable(words, total)];
  if (oracle === "none") return lines.join("\n") + "\n";
  const unknown = differences.filter(({ why }) => why === null);
  const differing = sum(differences);
  lines.push("", `${number(compared)} words compared, ${number(compared - differing)} agree, ${number(differing)} differ, ${number(sum(unknown))} of them for no known reason.`, "");
  lines.push(...differenceTable(differences));
  return lines.join("\n") + "\n";
}

function outcomeTable(words: readonly WordCount[], total: number): string[] {
  const outcomes = groupBy(words, ({ outcome }) => outcome);
  const rows = [...outcomes].map(([outcome, each]) => ({ outcome, count: sum(each), forms: new Set(each.map(({ form }) => form).filter((form) => form !== "")).size }));
  rows.sort((first, second) => second.count - first.count || (first.outcome < second.outcome ? -1 : 1));
  return [
    "| outcome | words | share | forms |",
    "|---|--:|--:|--:|",
    ...rows.map(({ outcome, count, forms }) => `| ${outcome} | ${number(count)} | ${((100 * count) / total).toFixed(3)} % | ${forms} |`),
  ];
}

/** One line a reason and kind; unknown ones a line each. */
function differenceTable(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ["No disagreement."];
  const rows = [...groupBy(differences, ({ why, kind, form, theirs }) => (why === null ? `${kind}\t${form}\t${theirs}` : `${why}\t${kind}`)).values()].map((each) => ({
    why: each[0]!.why,
    kind: each[0]!.kind,
    forms: [...new Set(each.map(({ form, outcome }) => (form === "" ? "unallocated" : outcome === "unpredictable" || outcome === "undefined-instruction" ? `${form} (${outcome})` : form)))],
    theirs: [...new Set(each.map(({ theirs }) => theirs.split(" ")[0]!))].filter((name) => name !== ""),
    count: sum(each),
    example: Math.min(...each.map(({ example }) => example)),
  }));
  rows.sort((first, second) => Number(first.why !== null) - Number(second.why !== null) || second.count - first.count || first.example - second.example);
  return [
    "| kind | ours | theirs | words | example | decided by |",
    "|---|---|---|--:|---|---|",
    ...rows.map(({ why, kind, forms, theirs, count, example }) =>
      `| ${kind} | ${few(forms)} | ${few(theirs)} | ${number(count)} | \`${example.toString(16).padStart(8, "0")}\` | ${why ?? "**not known**"} |`),
  ];
}

const FEW = 6;

function few(names: readonly string[]): string {
  return names.length <= FEW ? names.join(", ") : `${names.slice(0, FEW).join(", ")} and ${names.length - FEW} more`;
}

function sum(each: readonly { readonly count: number }[]): number {
  return each.reduce((total, { count }) => total + count, 0);
}

/** Digits in groups of three, the same wherever this runs. */
function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function groupBy<T>(each: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of each) {
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), [one]);
    else group.push(one);
  }
  return groups;
}
