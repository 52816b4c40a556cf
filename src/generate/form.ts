import type { InstructionSet } from "../model/architecture.ts";
import type { Choices } from "./choices.ts";

/** What kind of encoding to make of a form. */
export interface EncodingWish {
  /** Operands that the manual rules out are welcome. */
  readonly unpredictable?: boolean;
  /** Break a should-be bit (Arm), where the form has one. */
  readonly violateShouldBe?: boolean;
  /** With registers only, where the form allows that (x86-64: ModRM.mod = 11). */
  readonly registersOnly?: boolean;
}

/** One instruction of an instruction table, as what can be generated. */
export interface Form {
  /** Name of the row. */
  readonly name: string;
  readonly instructionSet: InstructionSet;
  /**
   * Bytes in memory order. They may not be an encoding of this form after all: whoever asks decodes them. Undefined: these choices lead to
   * none, which is told where that is faster than decoding.
   */
  encode(choices: Choices, wish: EncodingWish): Uint8Array | undefined;
}
