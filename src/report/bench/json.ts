import type { BenchResult, Goal, SubjectResult } from "../../replay/bench/result.ts";
import type { Measured } from "../../replay/bench/measure.ts";
import { percentile, PERCENTILES, roundsOf } from "./figures.ts";
import type { Standing } from "./text.ts";

/** All figures as one JSON object; times in nanoseconds a fault. */
export function benchJson({ machine, seed, rounds, subjects, goals, forms, leftOut }: BenchResult, standing: Standing): string {
  const value = {
    machine,
    seed,
    rounds,
    subjects: subjects.map(({ measured, ...rest }) => ({ ...rest, measured: measured.map(measuredJson) })),
    forms: forms.map(({ forms: each, ...rest }) => ({
      ...rest,
      forms: each.map(({ form, found, decode, reference, fast }) => ({
        form,
        found,
        decode: measuredJson(decode),
        reference: measuredJson(reference),
        ...(fast === undefined ? {} : { fast: measuredJson(fast) }),
      })),
    })),
    goals: goals.map((goal) => ({ ...goal, reaches: standing(goal) })),
    leftOut,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function measuredJson(measured: Measured): object {
  const { name, does, faults, batch, words, counts, cold, batches } = measured;
  const answers = words === undefined ? {} : { answers: { [words[0]]: counts.done, [words[1]]: counts.not } };
  const percentiles = Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, percentile(batches, percent)]));
  return { name, does, faults, ...answers, ...roundsOf(measured), cold, batch, batches: batches.length, percentilesOfBatches: percentiles };
}

/** An entry of github-action-benchmark's tools "customSmallerIsBetter" and "customBiggerIsBetter". */
export interface ActionEntry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range: string;
  readonly extra: string;
}

const subjectName = ({ architecture, name, order }: SubjectResult): string => `${architecture}, ${name}, ${order}`;

/**
 * All times, and the ratios of which less is better; ratios of which more is better stand as their inverse, so that every number of the file is better if
 * it is smaller.
 */
export function actionEntries({ subjects, goals }: BenchResult): ActionEntry[] {
  const times = subjects.flatMap((subject) =>
    subject.measured.map((measured): ActionEntry => {
      const { median, low, high } = roundsOf(measured);
      const answers = measured.words === undefined ? "" : `; ${measured.counts.done} ${measured.words[0]}, ${measured.counts.not} ${measured.words[1]}`;
      return { name: `${subjectName(subject)}: ${measured.name}`, unit: "ns/fault", value: median, range: `${low} to ${high}`, extra: `${measured.does}${answers}` };
    }),
  );
  return [...times, ...goals.map(ratioEntry)];
}

function ratioEntry({ name, architecture, of, better, first, goal, measured: { median, low, high } }: Goal): ActionEntry {
  const extra = `${of}; first target ${first}, goal ${goal}`;
  if (better === "less") return { name: `${architecture}: ${name}`, unit: "ratio", value: median, range: `${low} to ${high}`, extra };
  return { name: `${architecture}: 1 ÷ (${name})`, unit: "ratio", value: 1 / median, range: `${1 / high} to ${1 / low}`, extra };
}
