import { Refusal } from "../model/refusal.ts";

/**
 * The instruction would not have completed: the processor delivers an exception of its own. The contract's closed list has no
 * reason of that name, so it is an instruction that this emulator does not carry out; the detail says which exception.
 */
export function raisedException(exception: "#DE" | "#GP(0)", why: string): Refusal {
  return new Refusal(
    "unsupported-instruction",
    `${why}: the processor raises ${exception}, and nothing of the instruction was committed`,
    `inject ${exception} into the guest at this PC`,
  );
}
