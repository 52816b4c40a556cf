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

/**
 * A fault that is not emulated. It is a value, handed back and never thrown: nothing was committed.
 * `detail` says what was found, in words that need no look at the source; `advice` what a person can do about it.
 */
export class Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly advice: string;

  constructor(reason: RefusalReason, detail: string, advice: string) {
    this.reason = reason;
    this.detail = detail;
    this.advice = advice;
  }
}
