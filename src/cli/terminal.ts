import type { Readable, Writable } from "node:stream";
import { UserError } from "../model/user-error.ts";
import type { Screen } from "../report/style.ts";

/** What a command reads from and writes to: the process's own streams, or a test's. */
export interface Terminal {
  readonly input: Readable;
  /** Data. */
  readonly output: Writable & Screen;
  /** Talk and progress. */
  readonly talk: Writable & Screen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From now on the first Ctrl-C calls `action` instead of ending the program; the second ends it. */
  onInterrupt?(action: () => void): void;
}

/** Exit statuses (contract, section 3). */
export const STATUS = { ok: 0, refused: 1, unusable: 2 } as const;

export type Status = (typeof STATUS)[keyof typeof STATUS];

/** Wrong usage that the argument parser can't see. */
export class UsageError extends UserError {
  override readonly name = "UsageError";
}
