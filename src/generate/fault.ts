import { DEFAULT_POLICY, type Policy } from "../emulate/policy.ts";
import { bytesToHexadecimal } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import type { Random } from "../model/random.ts";
import { Refusal } from "../model/refusal.ts";
import { Choices, type Chosen, simplerChoices } from "./choices.ts";
import type { Form } from "./form.ts";
import { generatedGuest, situate } from "./machine.ts";
import { type Made, type SpoiledReason, spoiledFault, SPOILED_REASONS } from "./spoil.ts";

/** What a generated fault is to become. */
export type Expected = "emulated" | SpoiledReason;

/** What to generate. */
export interface FaultWish {
  /** A fault that is emulated (without it), or one that is refused for this reason. */
  readonly expected?: Expected;
  /** What it is emulated with; a choice that it leaves out is the default policy's. */
  readonly policy?: Partial<Policy>;
  /** `needed` (without it): the registers that the instruction needs and no other. `all`: general and system registers too. */
  readonly registers?: "needed" | "all";
}

/** A generated fault, and the choices that made it. */
export interface GeneratedFault {
  readonly isa: Isa;
  readonly form: Form;
  /** The instruction, where its bytes are one. */
  readonly instruction: Instruction | undefined;
  readonly fault: Fault;
  /** The same for all faults of an architecture. */
  readonly guest: GuestFacts;
  readonly expected: Expected;
  readonly wish: FaultWish;
  readonly chosen: Chosen;
}

/** What can be asked for. `hypercall-failed` is a host's answer and `private-address` needs a fact of the guest: no generated fault has them in it. */
export const EXPECTED: readonly Expected[] = ["emulated", ...SPOILED_REASONS];

/** How often fresh choices are made before a form counts as one that has no such fault. */
const ATTEMPTS = 400;
/** How many of them may be refused whatever the registers hold. */
const REFUSALS = 40;

/**
 * A fault of `form` with choices from `random`, or undefined if none was found: the form is not emulated, or can't be refused for that
 * reason. The same seed, form and wish give the same fault. `attempts` bounds how often fresh choices are made.
 */
export function generateFault(isa: Isa, form: Form, random: Random, wish: FaultWish = {}, attempts = ATTEMPTS): GeneratedFault | undefined {
  let refused = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const generated = tryFault(isa, form, new Choices({ random }), wish);
    if (generated === "refused") refused++;
    else if (generated !== undefined) return generated;
    if (refused === REFUSALS) return undefined;
  }
  return undefined;
}

/** Simpler faults of the same form that come to the same, the boldest simplifications first. */
export function* simplerFaults({ isa, form, wish, chosen }: GeneratedFault): Generator<GeneratedFault> {
  for (const given of simplerChoices(chosen)) {
    const simpler = tryFault(isa, form, new Choices({ given }), wish);
    if (simpler !== undefined && simpler !== "refused") yield simpler;
  }
}

/** The simplest fault found of those that `fails` holds for, starting from one that it holds for; `limit` bounds how many are tried. */
export function shrinkFault(failing: GeneratedFault, fails: (candidate: GeneratedFault) => boolean, limit = 4000): GeneratedFault {
  let best = failing;
  let tried = 0;
  for (let improved = true; improved; ) {
    improved = false;
    for (const candidate of simplerFaults(best)) {
      if (tried++ === limit) return best;
      if (!fails(candidate)) continue;
      best = candidate;
      improved = true;
      break;
    }
  }
  return best;
}

/** `LDR Wt, [Xn, Xm] (bytes 2068a0b8)`. */
export function describeGenerated({ form, fault, instruction }: GeneratedFault): string {
  return `${instruction?.form ?? form.name} (bytes ${bytesToHexadecimal(fault.bytes)})`;
}

/** "refused": an encoding of the form that is refused whatever the registers hold, and not only for its operands. */
type Attempt = GeneratedFault | "refused" | undefined;

function tryFault(isa: Isa, form: Form, choices: Choices, wish: FaultWish): Attempt {
  const { expected = "emulated", registers = "needed" } = wish;
  const policy = { ...DEFAULT_POLICY, ...wish.policy };
  const made = expected === "emulated" ? emulatedFault(isa, form, choices, policy, registers) : spoiledFault({ isa, form, choices, policy, registers }, expected);
  if (made === undefined || made === "refused") return made;
  return { isa, form, ...made, guest: generatedGuest(isa.architecture), expected, wish, chosen: choices.taken };
}

function emulatedFault(isa: Isa, form: Form, choices: Choices, policy: Policy, registers: "needed" | "all"): Made | "refused" | undefined {
  const bytes = form.encode(choices, {});
  if (bytes === undefined) return undefined;
  const instruction = isa.decode(bytes, form.instructionSet);
  if (instruction instanceof Refusal || instruction.form !== form.name) return undefined;
  const { operation } = instruction;
  if (operation instanceof Refusal) return operation.reason === "unpredictable" ? undefined : "refused";
  if (operation.atomic !== undefined && policy.atomics === "refuse") return "refused";
  const fault = situate(instruction, form.instructionSet, trailing(bytes, choices), isa, choices, { policy, registers });
  return fault === undefined ? undefined : { instruction, fault };
}

/** More bytes than the instruction has, as a handler that fetches up to 15 captures them. */
function trailing(bytes: Uint8Array, choices: Choices): Uint8Array {
  if (!choices.rarely("trailing bytes", 4)) return bytes;
  const more = Array.from({ length: choices.below("trailing length", 16 - bytes.length) }, (_, at) => choices.below(`trailing ${at}`, 256));
  return Uint8Array.from([...bytes, ...more]);
}
