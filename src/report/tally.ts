import type { Outcome } from "../model/outcome.ts";
import { REFUSAL_REASONS, type RefusalReason } from "../model/refusal.ts";
import type { Comparison } from "../replay/verify.ts";

/** How an emulated fault compares with its record. */
export type Verdict = NonNullable<Comparison["verdict"]>;

/** Counts over the outcomes of a trace. */
export class Tally {
  faults = 0;
  emulated = 0;
  /** Device accesses of the emulated faults. */
  reads = 0;
  writes = 0;
  readonly forms = new Set<string>();
  readonly reasons = new Map<RefusalReason, number>();
  readonly verdicts: Record<Verdict, number> = { exact: 0, different: 0, unknown: 0 };

  add(outcome: Outcome, verdict?: Verdict): void {
    this.faults++;
    if (verdict !== undefined) this.verdicts[verdict]++;
    switch (outcome.kind) {
      case "emulated":
        this.emulated++;
        this.forms.add(outcome.form);
        for (const { write } of outcome.calls) {
          if (write) this.writes++;
          else this.reads++;
        }
        return;
      case "refused":
        this.reasons.set(outcome.refusal.reason, (this.reasons.get(outcome.refusal.reason) ?? 0) + 1);
        return;
      default:
        outcome satisfies never;
    }
  }

  /** Adds the counts of another trace. */
  merge(other: Tally): void {
    this.faults += other.faults;
    this.emulated += other.emulated;
    this.reads += other.reads;
    this.writes += other.writes;
    for (const form of other.forms) this.forms.add(form);
    for (const [reason, more] of other.reasons) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + more);
    for (const verdict of ["exact", "different", "unknown"] as const) this.verdicts[verdict] += other.verdicts[verdict];
  }

  get refused(): number {
    return this.faults - this.emulated;
  }

  /** `3 (atomic 2, missing-read 1)`, in the order of the contract's list; `0` if none. */
  describeRefused(): string {
    if (this.refused === 0) return "0";
    const reasons = REFUSAL_REASONS.filter((reason) => this.reasons.has(reason)).map((reason) => `${reason} ${this.reasons.get(reason)}`);
    return `${count(this.refused)} (${reasons.join(", ")})`;
  }

  /** One line: `329 faults: 326 emulated, 3 refused (atomic 2, missing-read 1)`. */
  describe(): string {
    return `${plural(this.faults, "fault")}: ${count(this.emulated)} emulated, ${this.describeRefused()} refused`;
  }
}

/** A number with its thousands set apart. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 fault`, `2 faults`. */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}
