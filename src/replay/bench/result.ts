import type { Architecture } from "../../model/architecture.ts";
import type { Machine } from "./machine.ts";
import type { Measured, Spread } from "./measure.ts";
import type { Sizes } from "./sizes.ts";
import type { Order } from "./subject.ts";

/** Figures of one subject. */
export interface SubjectResult {
  readonly architecture: Architecture;
  readonly name: string;
  readonly order: Order;
  readonly goals: boolean;
  readonly faults: number;
  /** Registers that change between two faults. */
  readonly changes: number;
  readonly measured: readonly Measured[];
  /** Who does not take part, and why. */
  readonly absent: readonly string[];
  /** Milliseconds until the fast path can take a chunk: the first time in this process, and when everything is compiled. */
  readonly startUp: { readonly first: number; readonly warm: number };
  readonly sizes: Sizes;
  /** A fault's cost in a long run divided by that in a short one, both from the opening on, and both warm; only for traces that are long enough. */
  readonly scale: { readonly whole: Spread; readonly warm: Spread } | undefined;
}

export interface BenchResult {
  readonly machine: Machine;
  readonly seed: number;
  readonly rounds: number;
  readonly subjects: readonly SubjectResult[];
  readonly goals: readonly Goal[];
  readonly forms: readonly { readonly architecture: Architecture; readonly name: string; readonly forms: readonly FormResult[] }[];
  /** Architectures whose traces were not benched: the handler does not serve them. */
  readonly leftOut: readonly Architecture[];
}

/** Times of one row of the instruction table. */
export interface FormResult {
  readonly form: string;
  /** Faults of this form in the trace; they are repeated until there is a chunk of them. */
  readonly found: number;
  readonly decode: Measured;
  readonly reference: Measured;
  readonly fast: Measured;
}

/** A ratio that the fast path is held to. A ratio of two times of one run means the same on every machine, or nearly so. */
export interface Goal {
  readonly name: string;
  readonly architecture: Architecture;
  /** Which faults, in words. */
  readonly of: string;
  readonly better: "less" | "more";
  readonly first: number;
  readonly goal: number;
  readonly measured: Spread;
}
