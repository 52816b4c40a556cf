import * as fc from "fast-check";
import { describeGenerated, type FaultWish, generateFault, type GeneratedFault, simplerFaults } from "../generate/fault.ts";
import type { Form } from "../generate/form.ts";
import { loadForms } from "../generate/forms.ts";
import type { Architecture } from "../model/architecture.ts";
import { ARCHITECTURES } from "../model/architecture.ts";
import { Random } from "../model/random.ts";
import { faultText } from "./text.ts";
import { ISAS } from "./isas.ts";

const FORMS = new Map<Architecture, readonly Form[]>(await Promise.all(ARCHITECTURES.map(async (each) => [each, await loadForms(each)] as const)));

/** Which faults to generate. */
export interface FaultOptions extends FaultWish {
  /** Only forms whose name this matches, e.g. `/^LDP/`. Without it any. */
  readonly forms?: RegExp | string;
}

/**
 * Random faults of an architecture, of any form or of those named: consistent registers and addresses, device values, and RAM. They shrink to
 * the smallest fault of their form: the smallest operands, few registers, zeros. Throws an Error if no form is named so.
 */
export function faults(architecture: Architecture, { forms, ...wish }: FaultOptions = {}): fc.Arbitrary<GeneratedFault> {
  const pattern = typeof forms === "string" ? new RegExp(`^${forms.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`) : forms;
  const chosen = FORMS.get(architecture)!.filter(({ name }) => pattern === undefined || pattern.test(name));
  if (chosen.length === 0) throw new Error(`no form of ${architecture} is named ${String(forms)}`);
  return new FaultArbitrary(architecture, chosen, wish);
}

/** How often a form is drawn before there seems to be none of the kind that was wished for. */
const DRAWS = 2000;

class FaultArbitrary extends fc.Arbitrary<GeneratedFault> {
  readonly #architecture: Architecture;
  readonly #forms: readonly Form[];
  /** Forms that turned out to have no such fault. */
  readonly #hopeless = new Set<Form>();
  readonly #wish: FaultWish;

  constructor(architecture: Architecture, forms: readonly Form[], wish: FaultWish) {
    super();
    this.#architecture = architecture;
    this.#forms = forms;
    this.#wish = wish;
  }

  override generate(source: fc.Random): fc.Value<GeneratedFault> {
    const random = new Random(source.nextInt());
    for (let draw = 0; draw < DRAWS; draw++) {
      const form = random.pick(this.#forms);
      // Each draw has numbers of its own: to skip a form that has no such fault changes nothing for the others.
      const own = new Random(random.below(2 ** 32));
      if (this.#hopeless.has(form)) continue;
      const generated = generateFault(ISAS[this.#architecture], form, own, this.#wish);
      if (generated !== undefined) return valueOf(generated);
      this.#hopeless.add(form);
    }
    throw new Error(`none of these forms of ${this.#architecture} has a fault that is ${this.#wish.expected ?? "emulated"} under this policy`);
  }

  override canShrinkWithoutContext(value: unknown): value is GeneratedFault {
    return typeof value === "object" && value !== null && "chosen" in value && "form" in value;
  }

  override shrink(value: GeneratedFault): fc.Stream<fc.Value<GeneratedFault>> {
    return fc.stream(simplerFaults(value)).map(valueOf);
  }
}

/** fast-check prints a counterexample: the fault, and not the objects that it is made of. */
function valueOf(generated: GeneratedFault): fc.Value<GeneratedFault> {
  const printable = { ...generated, [fc.toStringMethod]: () => `${describeGenerated(generated)}\n${faultText(generated)}` };
  return new fc.Value(printable, undefined);
}

/**
 * Runs `property` on many faults (100 without `numRuns`); the first that fails is shrunk, and the error names it, its seed and path. An
 * expectation that does not hold is a failure; what `property` returns is not looked at.
 */
export async function check(
  arbitrary: fc.Arbitrary<GeneratedFault>,
  property: (fault: GeneratedFault) => void | Promise<void>,
  parameters: fc.Parameters<[GeneratedFault]> = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (fault) => {
      await property(fault);
    }),
    parameters,
  );
}
