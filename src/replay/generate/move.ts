import type { Register } from "../../model/registers.ts";

/** A load or store as the generator sees it: enough to make registers that lead to a given address, and to carry on after it. */
export interface Move {
  readonly bytes: Uint8Array;
  readonly write: boolean;
  /** Bytes of each access. */
  readonly size: 1 | 2 | 4 | 8;
  readonly base: Register;
  /** Added to the base. */
  readonly displacement: bigint;
  /** Added to the base, shifted left. */
  readonly index?: { readonly register: Register; readonly shift: number };
  /** Added to the base afterwards. */
  readonly writeback?: bigint;
  /** Registers that a load fills, one an access. Undefined: the zero register. */
  readonly destinations: readonly (Destination | undefined)[];
}

/** What a load does with the value that it has read: extend it to `width` bits and clear those above, or replace the low bits of the register. */
export interface Destination {
  readonly register: Register;
  readonly extend: "zero" | "sign" | "merge";
  readonly width: 32 | 64;
}
