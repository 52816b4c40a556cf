/** What the person who replays decides. */
export interface Policy {
  /** `split`: an atomic is done as a plain read, then a write. */
  readonly atomics: "refuse" | "split";
  /** Whether faults of user mode (or of the kernel at user addresses) are emulated. */
  readonly userMode: "refuse" | "allow";
}

/** The safe choice on both counts. */
export const DEFAULT_POLICY: Policy = { atomics: "refuse", userMode: "refuse" };
