import type { Direction } from "../../model/instruction.ts";

/**
 * What an instruction does with its memory operand, for those that are named but not emulated. `touches-nothing` has a memory operand
 * as an address only (LEA, PREFETCH), or none.
 */
export const DIRECTIONS = {
  reads: "read",
  writes: "write",
  modifies: "read-write",
  "touches-nothing": "none",
} as const satisfies Readonly<Record<string, Direction>>;

export type NamedMeaning = keyof typeof DIRECTIONS;

/** Instructions that a hypervisor intercepts (`exits.ts`), and what they do with memory. */
export const EXIT_DIRECTIONS = {
  cpuid: "none",
  halt: "none",
  "msr-read": "none",
  "msr-write": "none",
  "port-read": "none",
  "port-write": "none",
  "port-read-string": "write",
  "port-write-string": "read",
} as const satisfies Readonly<Record<string, Direction>>;

export type ExitMeaning = keyof typeof EXIT_DIRECTIONS;

/** Instructions on general registers that are emulated; `general.ts` says how. */
export type GeneralMeaning =
  | "move"
  | "move-sign-extended"
  | "move-reversed"
  | "exchange"
  | "exchange-add"
  | "remote-add"
  | "remote-and"
  | "remote-or"
  | "remote-xor"
  | "compare-exchange"
  | "compare-exchange-pair"
  | "add"
  | "or"
  | "adc"
  | "sbb"
  | "and"
  | "sub"
  | "xor"
  | "compare"
  | "test"
  | "increment"
  | "decrement"
  | "not"
  | "negate"
  | "multiply"
  | "multiply-signed"
  | "multiply-signed-low"
  | "divide"
  | "divide-signed"
  | "rotate-left"
  | "rotate-right"
  | "rotate-left-carry"
  | "rotate-right-carry"
  | "shift-left"
  | "shift-right"
  | "shift-right-arithmetic"
  | "double-shift-left"
  | "double-shift-right"
  | "bit-test"
  | "bit-test-set"
  | "bit-test-reset"
  | "bit-test-complement"
  | "bit-scan-forward"
  | "bit-scan-reverse"
  | "count-leading-zeros"
  | "count-trailing-zeros"
  | "count-ones"
  | "and-not"
  | "extract-field"
  | "zero-high-bits"
  | "isolate-lowest"
  | "mask-to-lowest"
  | "reset-lowest"
  | "multiply-no-flags"
  | "shift-left-no-flags"
  | "shift-right-no-flags"
  | "shift-right-arithmetic-no-flags"
  | "rotate-right-no-flags"
  | "deposit-bits"
  | "extract-bits"
  | "add-with-carry-flag"
  | "add-with-overflow-flag"
  | "crc32"
  | "move-if"
  | "move-if-accessible"
  | "set-if"
  | "translate"
  | "load-mxcsr"
  | "store-mxcsr"
  | "move-64-bytes"
  | "compare-if"
  | "test-if";

/** The stack, calls and branches; `stack.ts` says how. */
export type StackMeaning = "push" | "pop" | "call" | "jump" | "return" | "leave" | "enter";

/** String instructions; `string.ts` says how. */
export type StringMeaning = "string-move" | "string-store" | "string-load" | "string-compare" | "string-scan";

/** Vector and mask registers; `vector.ts` and `lanes.ts` say how. */
export type VectorMeaning =
  | "vector-move"
  | "vector-move-low"
  | "vector-move-high"
  | "vector-duplicate-even"
  | "vector-duplicate-odd"
  | "vector-broadcast"
  | "vector-insert"
  | "vector-extract"
  | "vector-zero-extend"
  | "vector-sign-extend"
  | "vector-truncate"
  | "vector-masked-move"
  | "vector-masked-bytes"
  | "vector-compress"
  | "vector-expand"
  | "vector-gather"
  | "vector-scatter"
  | "mask-move"
  | LaneMeaning;

/** Integer and bitwise arithmetic, lane by lane: exact without flags or MXCSR. */
export type LaneMeaning =
  | "lanes-and"
  | "lanes-and-not"
  | "lanes-or"
  | "lanes-xor"
  | "lanes-add"
  | "lanes-subtract"
  | "lanes-signed-maximum"
  | "lanes-signed-minimum"
  | "lanes-unsigned-maximum"
  | "lanes-unsigned-minimum"
  | "lanes-equal"
  | "lanes-greater"
  | "lanes-unpack-low"
  | "lanes-unpack-high";

/** What a row of the opcode tables does. */
export type Meaning = NamedMeaning | ExitMeaning | GeneralMeaning | StackMeaning | StringMeaning | VectorMeaning;
