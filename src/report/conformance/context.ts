import type { Conformance, FormTally, Specimen } from "../../conform/conform.ts";
import type { Architecture } from "../../model/architecture.ts";

/** What a report says besides the result. */
export interface ConformanceContext {
  readonly architecture: Architecture;
  /** The program, as it was called. */
  readonly command: readonly string[];
  /** Name of the suite, or of the trace file. */
  readonly suite: string;
  /** Undefined for a trace. */
  readonly seed: number | undefined;
  /** Assembly text of a specimen's instruction; empty if its bytes are none. */
  assembly(specimen: Specimen): string;
  /** The fault as the program was sent it, without a line feed. */
  faultLine(specimen: Specimen): string;
}

/** Counts over all forms. */
export interface Totals {
  readonly exact: number;
  readonly wrong: number;
  readonly refused: number;
  readonly silent: number;
  readonly unjudged: number;
}

export function totalsOf({ forms }: Conformance): Totals {
  const sum = (of: (tally: FormTally) => number): number => forms.reduce((total, tally) => total + of(tally), 0);
  return {
    exact: sum(({ exact }) => exact),
    wrong: sum(({ wrong }) => wrong),
    refused: sum(({ refused }) => refused),
    silent: sum(({ silent }) => silent),
    unjudged: sum(({ unjudged }) => unjudged),
  };
}

/** Faults of a form that the program was asked about. */
export function faultsOf({ exact, wrong, refused, silent, unjudged }: FormTally): number {
  return exact + wrong + refused + silent + unjudged;
}

/** Whether all that the program said was right. */
export function conforms(result: Conformance): boolean {
  return result.findings.length === 0 && result.remarks.length === 0;
}
