import type { Architecture } from "../model/architecture.ts";
import type { Direction } from "../model/instruction.ts";
import type { RefusalReason } from "../model/refusal.ts";

/** What an instruction is to be decoded as; what is left out is not looked at. */
export interface DecodeExpectation {
  readonly architecture: Architecture;
  /** `arm`: T32 instead of A32. */
  readonly thumb?: true;
  /** Name of the row, e.g. `LDR Wt, post-index`. */
  readonly form?: string;
  readonly mnemonic?: string;
  /** Bytes of the instruction. */
  readonly length?: number;
  readonly access?: Direction;
  /** Bytes of each access in order; 0 where the count depends on registers. */
  readonly sizes?: readonly number[];
  /** Refused for this reason whatever the registers hold; "emulated": not so. */
  readonly reason?: RefusalReason | "emulated";
}

/** A device access as a test writes it. */
export interface CallText {
  readonly write: boolean;
  readonly gpa: bigint;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: bigint;
}
