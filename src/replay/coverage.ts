import type { InstructionSet } from "../model/architecture.ts";
import { bytesToHexadecimal } from "../model/bits.ts";
import type { Fault } from "../model/fault.ts";
import type { Feature } from "../model/features.ts";
import type { Instruction } from "../model/instruction.ts";
import { Refusal, type RefusalReason } from "../model/refusal.ts";
import { type FormSet, lackingFeatures } from "./form-sets.ts";
import { replayFault, type ReplaySetup } from "./replay.ts";

/** Faults of one form that are missing for one reason. */
export interface Missing {
  /** Name of the row, or of the reason where the bytes are no instruction. */
  readonly form: string;
  /** What the set lacks; empty where the fault is refused whatever the set. */
  readonly lacking: readonly Feature[];
  /** Why nobody would have emulated it. */
  readonly reason: RefusalReason | undefined;
  readonly faults: number;
  /** Distinct encodings. */
  readonly instructions: number;
  /** The first of them. */
  readonly example: { readonly bytes: Uint8Array; readonly pc: bigint; readonly instruction: Instruction | undefined; readonly instructionSet: InstructionSet | undefined };
}

/** How many of a trace's faults a handler with few forms would have emulated. */
export class Coverage {
  readonly accepts: FormSet;
  faults = 0;
  coveredFaults = 0;
  readonly #setup: ReplaySetup;
  /** Distinct encodings, and whether a fault of each was emulated with the set. */
  readonly #encodings = new Map<string, boolean>();
  readonly #missing = new Map<string, { -readonly [Key in keyof Missing]: Missing[Key] } & { readonly encodings: Set<string> }>();

  /** `accepts`: the forms that the handler knows. */
  constructor(setup: ReplaySetup, accepts: FormSet) {
    this.accepts = accepts;
    this.#setup = setup;
  }

  /** Distinct instructions, by their bytes. */
  get instructions(): number {
    return this.#encodings.size;
  }

  /** Instructions of which every fault was emulated. */
  get coveredInstructions(): number {
    return [...this.#encodings.values()].filter(Boolean).length;
  }

  add(fault: Fault): void {
    const { outcome, instruction } = replayFault(fault, this.#setup);
    const lacking = instruction === undefined ? [] : (lackingFeatures(instruction, this.#setup.isa.registers, this.accepts) ?? []);
    const covered = outcome.kind === "emulated" && lacking.length === 0;
    const encoding = bytesToHexadecimal(fault.bytes.subarray(0, instruction?.length));
    this.faults++;
    this.#encodings.set(encoding, covered && (this.#encodings.get(encoding) ?? true));
    if (covered) {
      this.coveredFaults++;
      return;
    }
    const reason = outcome.kind === "refused" ? outcome.refusal.reason : undefined;
    const form = instruction?.form ?? "no instruction";
    const key = JSON.stringify([form, lacking, reason]);
    const known = this.#missing.get(key);
    if (known === undefined) {
      const instructionSet = this.#setup.isa.instructionSet(fault.registers);
      const example = { bytes: fault.bytes, pc: fault.pc, instruction, instructionSet: instructionSet instanceof Refusal ? undefined : instructionSet };
      this.#missing.set(key, { form, lacking, reason, faults: 1, instructions: 1, example, encodings: new Set([encoding]) });
      return;
    }
    known.faults++;
    known.encodings.add(encoding);
    known.instructions = known.encodings.size;
  }

  /** What is missing, by weight: faults first, then distinct instructions. */
  get missing(): readonly Missing[] {
    return [...this.#missing.values()]
      .map(({ form, lacking, reason, faults, instructions, example }): Missing => ({ form, lacking, reason, faults, instructions, example }))
      .toSorted((first, second) => second.faults - first.faults || second.instructions - first.instructions || (first.form < second.form ? -1 : 1));
  }
}
