/** Why a fault was refused: the closed list of the contract, section 2. */
export const REFUSAL_REASONS = [
  "truncated-instruction",
  "undefined-instruction",
  "not-memory-access",
  "unsupported-instruction",
  "unpredictable",
  "atomic",
  "missing-register",
  "missing-memory",
  "missing-read",
  "page-crossing",
  "address-mismatch",
  "direction-mismatch",
  "user-mode",
  "private-address",
  "not-a-data-abort",
  "hypercall-failed",
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Marks a refusal, whichever copy of this module made it. */
const MARK = Symbol.for("trapline.Refusal");

/**
 * A fault that is not emulated. It is a value, handed back and never thrown: nothing was committed.
 * `detail` says what was found, in words that need no look at the source; `advice` what a person can do about it.
 *
 * A handler module may bring a copy of this class of its own (sources beside what was built, another installation): `instanceof`
 * knows the instances of every copy.
 */
export class Refusal {
  static [Symbol.hasInstance](value: unknown): value is Refusal {
    return typeof value === "object" && value !== null && MARK in value;
  }

  get [MARK](): true {
    return true;
  }

  readonly reason: RefusalReason;
  readonly detail: string;
  readonly advice: string;

  constructor(reason: RefusalReason, detail: string, advice: string) {
    this.reason = reason;
    this.detail = detail;
    this.advice = advice;
  }
}
