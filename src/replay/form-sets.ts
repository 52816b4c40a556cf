import type { Architecture } from "../model/architecture.ts";
import { type Feature, FEATURES, featuresOf } from "../model/features.ts";
import type { Instruction } from "../model/instruction.ts";
import type { RegisterSet } from "../model/registers.ts";
import { UserError } from "../model/user-error.ts";
import { nearest } from "./nearest.ts";

/** A `--accepts` that is none. */
export class FormSetError extends UserError {
  override readonly name = "FormSetError";
}

/** Which instructions a handler knows: those that need no feature but these. */
export interface FormSet {
  /** As `--accepts` names it. */
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
}

/** A row of {@link FORM_SETS}. */
interface NamedSet {
  /** One line for help. */
  readonly description: string;
  readonly features: readonly Feature[];
  /** What else belongs to it on some architectures. */
  readonly more?: Partial<Readonly<Record<Architecture, readonly Feature[]>>>;
}

const without = (...left: readonly Feature[]): readonly Feature[] => FEATURES.filter((each) => !left.includes(each));

/** Named sets. */
export const FORM_SETS = {
  everything: { description: "every instruction that is emulated", features: FEATURES },
  "io.h": {
    description: "what the accessors of Linux's asm/io.h are: one general register, no writeback",
    features: [],
    // x86-64: "m" is any addressing mode; AArch64: LDAR by erratum 832075; Arm: "Qo" and halfwords; RISC-V: lb, lh and lw.
    more: { "x86-64": ["index", "literal", "segment", "partial"], aarch64: ["ordered"], riscv64: ["sign-extension"] },
  },
  "valid-syndrome": {
    description: "what Arm hardware describes in a syndrome (ISV = 1): one general register, any address, no writeback",
    features: ["index", "literal", "sign-extension", "ordered", "unprivileged", "conditional"],
  },
  "general-moves": {
    description: "moves of general registers and immediates with any address, no writeback, no arithmetic",
    features: ["index", "literal", "sign-extension", "immediate", "partial", "ordered", "segment", "unprivileged", "conditional", "reversed"],
  },
  "no-writeback": { description: "everything but writeback", features: without("writeback") },
  "no-vectors": { description: "everything but SIMD, floating-point and mask registers", features: without("vector") },
  "no-strings": { description: "everything but string instructions", features: without("string") },
  "one-access": { description: "everything that makes one access", features: without("multiple", "read-modify-write", "string", "two-addresses") },
} as const satisfies Readonly<Record<string, NamedSet>>;

/**
 * The set that a text names for an architecture: a name of {@link FORM_SETS}, and features that are added or taken away:
 * `io.h`, `io.h+writeback+multiple`, `everything-vector`. Throws a {@link FormSetError} that says what there is.
 */
export function formSetOf(text: string, architecture: Architecture): FormSet {
  const names = Object.keys(FORM_SETS);
  const name = names.filter((each) => text === each || text.startsWith(`${each}+`) || text.startsWith(`${each}-`)).toSorted((first, second) => second.length - first.length)[0];
  if (name === undefined) {
    const near = nearest(text.split("+")[0]!, names);
    throw new FormSetError(`forms ${text}: no such set${near === undefined ? "" : ` (did you mean ${near}?)`}; there are ${names.join(", ")}`);
  }
  const set: NamedSet = FORM_SETS[name as keyof typeof FORM_SETS];
  const features = new Set<Feature>([...set.features, ...(set.more?.[architecture] ?? [])]);
  let rest = text.slice(name.length);
  while (rest !== "") {
    const feature = FEATURES.filter((each) => rest.startsWith(each, 1)).toSorted((first, second) => second.length - first.length)[0];
    if (feature === undefined) throw new FormSetError(`forms ${text}: there is no feature "${rest.slice(1)}"; there are ${FEATURES.join(", ")}`);
    if (rest.startsWith("+")) features.add(feature);
    else features.delete(feature);
    rest = rest.slice(1 + feature.length);
  }
  return { name: text, features };
}

/** The features that an instruction needs and a set lacks, in the order of {@link FEATURES}; undefined for an instruction that is not emulated. */
export function lackingFeatures(instruction: Instruction, registers: RegisterSet, { features }: FormSet): readonly Feature[] | undefined {
  const needed = featuresOf(instruction, registers);
  return needed === undefined ? undefined : FEATURES.filter((feature) => needed.has(feature) && !features.has(feature));
}
