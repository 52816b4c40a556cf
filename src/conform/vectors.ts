import type { Fault } from "../model/fault.ts";
import type { Outcome } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import { undefinedFlags } from "../replay/undefined-flags.ts";
import { formName, type Reference } from "./reference.ts";
import type { Case } from "./suites.ts";

/** A fault with what must come of it. */
export interface Vector {
  readonly form: string;
  readonly fault: Fault;
  readonly outcome: Outcome;
  /** x86-64: bits of RFLAGS that may hold anything afterwards. */
  readonly undefinedFlags: bigint;
}

/** The vectors of a suite. Left out is what has no one answer: forms that are not emulated here, and Arm's compare-and-swap, which may or may not write. */
export async function* vectorsOf(cases: AsyncIterable<Case> | Iterable<Case>, reference: Reference): AsyncGenerator<Vector> {
  const { architecture } = reference.isa;
  for await (const { fault } of cases) {
    const replayed = reference.replay(fault);
    const { outcome, instruction } = replayed;
    if (outcome.kind === "refused" && outcome.refusal.reason === "unsupported-instruction") continue;
    const operation = instruction === undefined || instruction.operation instanceof Refusal ? undefined : instruction.operation;
    const swaps = operation?.computes.some(({ operator }) => operator === "compare-select") === true;
    if (swaps && architecture !== "x86-64" && outcome.kind === "emulated") continue;
    yield { form: formName(replayed), fault, outcome, undefinedFlags: operation === undefined ? 0n : undefinedFlags(operation, fault) };
  }
}
