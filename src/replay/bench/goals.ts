import { NAMES } from "./competitors.ts";
import { type Measured, ratioOf, type Spread } from "./measure.ts";
import type { Goal, SubjectResult } from "./result.ts";

/** How a goal stands. */
export function standing({ better, first, goal, measured: { median } }: Goal): "goal" | "first target" | "missed" {
  const reaches = (target: number): boolean => (better === "less" ? median <= target : median >= target);
  return reaches(goal) ? "goal" : reaches(first) ? "first target" : "missed";
}

/** What a ratio is of: two competitors of a subject, or two numbers. */
interface Row extends Pick<Goal, "name" | "better" | "first" | "goal"> {
  /** Subjects that it is taken from. */
  readonly takes: (subject: SubjectResult) => boolean;
  readonly ratio: (subject: SubjectResult) => Spread | undefined;
}

const isHot = ({ order }: SubjectResult): boolean => order === "as recorded";
/** Where no trace was generated, the recorded one in another order. */
const isShuffled = ({ order }: SubjectResult): boolean => order !== "as recorded";
const either = (): boolean => true;
const exact = (value: number): Spread => ({ median: value, low: value, high: value });

function between(of: string, to: string): Row["ratio"] {
  return ({ measured }) => {
    const find = (name: string): Measured | undefined => measured.find((each) => each.name === name);
    const [first, second] = [find(of), find(to)];
    return first === undefined || second === undefined ? undefined : ratioOf(first, second);
  };
}

const ROWS: readonly Row[] = [
  { name: "whole fault ÷ memory-touch floor, hot", better: "less", first: 3, goal: 2, takes: isHot, ratio: between(NAMES.fast, NAMES.floor) },
  { name: "whole fault ÷ memory-touch floor, shuffled encodings", better: "less", first: 4, goal: 2.8, takes: isShuffled, ratio: between(NAMES.fast, NAMES.floor) },
  { name: "capstone-wasm decode ÷ whole fault", better: "more", first: 250, goal: 500, takes: either, ratio: between(NAMES.capstone, NAMES.fast) },
  { name: "iced-x86 decode + fields ÷ whole fault, shuffled", better: "more", first: 8, goal: 15, takes: isShuffled, ratio: between(NAMES.iced, NAMES.fast) },
  { name: "single call ÷ batch", better: "less", first: 1.6, goal: 1.2, takes: isHot, ratio: between(NAMES.single, NAMES.fast) },
  { name: "bytes a fault: MessagePack objects ÷ binary trace", better: "more", first: 5, goal: 7, takes: ({ order }) => order !== "shuffled", ratio: ({ sizes }) => exact(sizes.objects / sizes.binary) },
  { name: "full decoder (table, cold) ÷ whole fault", better: "less", first: 20, goal: 8, takes: isShuffled, ratio: between(NAMES.decode, NAMES.fast) },
  { name: "a fault of 10,000,000 ÷ of 100,000, whole runs", better: "less", first: 1.1, goal: 1, takes: either, ratio: ({ scale }) => scale?.whole },
  { name: "the same, warm and in memory", better: "less", first: 1.1, goal: 1, takes: either, ratio: ({ scale }) => scale?.warm },
];

/** All goals that these subjects have a figure for. Faults in a recorded order count as shuffled where none were generated. */
export function goalsOf(subjects: readonly SubjectResult[]): Goal[] {
  const counted = subjects.filter(({ goals }) => goals);
  const generated = new Set(counted.filter(({ order }) => order === "generated").map(({ architecture }) => architecture));
  return ROWS.flatMap(({ name, better, first, goal, takes, ratio }) =>
    counted
      .filter((subject) => takes(subject) && !(subject.order === "shuffled" && generated.has(subject.architecture)))
      .flatMap((subject) => {
        const measured = ratio(subject);
        return measured === undefined ? [] : [{ name, architecture: subject.architecture, of: `${subject.name}, ${subject.order}`, better, first, goal, measured }];
      }),
  );
}
