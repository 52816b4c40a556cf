import type { ImportReport } from "../replay/import.ts";
import { count, plural } from "./tally.ts";

/** What import says when it is done: the formats, what does not fit together, what was left out. One line each. */
export function importLines({ formats, omissions, disagreements, disagreementCount }: ImportReport): string[] {
  return [
    ...formats.map(({ name, title, faults }) => `${plural(faults, "fault")}: ${title} (${name})\n`),
    ...disagreements.map(({ line, what }) => `line ${line}: ${what}\n`),
    ...(disagreementCount > disagreements.length ? [`… ${count(disagreementCount)} such disagreements in all\n`] : []),
    ...omissions.map(
      ({ fault, line, count: times, why }) => `${fault ? "left out" : "passed over"}, line ${line}${times > 1 ? ` and ${count(times - 1)} more` : ""}: ${why}\n`,
    ),
  ];
}
