import { hexadecimal } from "../model/bits.ts";
import type { Outcome } from "../model/outcome.ts";
import { count, plural, type Tally } from "./tally.ts";

/** What verify says of one fault: nothing if it is exact, else a line for the refusal or for each difference. */
export function findingLines(index: number, pc: bigint, outcome: Outcome, differences: readonly string[]): string[] {
  switch (outcome.kind) {
    case "refused":
      return [`fault ${index}: refused, ${outcome.refusal.reason}: ${outcome.message}\n`];
    case "emulated":
      return differences.map((difference) => `fault ${index}: ${outcome.form} at ${hexadecimal(pc)}: ${difference}\n`);
    default:
      return outcome satisfies never;
  }
}

/** What verify comes to. */
export function verdictLine(tally: Tally): string {
  const { exact, different, unknown } = tally.verdicts;
  const parts = [`${count(exact)} exact`, `${count(different)} different`, `${tally.describeRefused()} refused`];
  if (unknown > 0) parts.push(`${count(unknown)} emulated without a truth to compare with`);
  return `${plural(tally.faults, "fault")}: ${parts.join(", ")}\n`;
}
