import type { Policy } from "../emulate/policy.ts";
import { Choices, simplerChoices } from "../generate/choices.ts";
import { EXPECTED, type Expected, generateFault, type GeneratedFault, simplerFaults } from "../generate/fault.ts";
import type { Form } from "../generate/form.ts";
import { loadForms } from "../generate/forms.ts";
import { situate } from "../generate/machine.ts";
import { plainFault } from "../generate/spoil.ts";
import type { InstructionSet } from "../model/architecture.ts";
import type { Fault } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import { Random } from "../model/random.ts";
import { Refusal } from "../model/refusal.ts";
import type { Trace } from "../trace/record.ts";
import { dress } from "./dress.ts";
import { TRAPS } from "./traps.ts";

/** A question: a fault, and how to make it simpler. */
export interface Case {
  readonly fault: Fault;
  /** Simpler faults of the same kind, the boldest simplifications first. */
  simpler(): Iterable<Case>;
}

/** The suites by name. */
export const SUITES = ["forms", "traps", "hostile", "all"] as const;

export type SuiteName = (typeof SUITES)[number];

export interface SuiteOptions {
  readonly isa: Isa;
  readonly policy: Policy;
  readonly seed: number;
  /** Faults in all. */
  readonly count: number;
  /** Only instructions of forms with such a name; all without it. */
  readonly forms?: RegExp | undefined;
}

/** Makes a fault of choices; undefined where they lead nowhere. */
type Recipe = (choices: Choices) => Fault | undefined;

/** Draws one fault after another, each of another form or trap. */
type Source = (random: Random) => Case | undefined;

/** Tries before a source counts as dry. */
const ATTEMPTS = 50;

/**
 * The faults of a suite, `count` of them: the same for the same options on every machine. `forms`: each form that is emulated, in turn. `traps`:
 * the instructions of {@link TRAPS}. `hostile`: every kind of fault that must be refused, and encodings with bits turned, prefixes put
 * before them or the end cut off. `all`: a half of the first, the rest of the others.
 */
export async function openSuite(name: SuiteName, options: SuiteOptions): Promise<Iterable<Case>> {
  const wanted = options.forms;
  const forms = (await loadForms(options.isa.architecture)).filter((form) => wanted === undefined || wanted.test(form.name));
  return drawCases(sourcesOf(name, forms, options), options);
}

function sourcesOf(name: SuiteName, forms: readonly Form[], options: SuiteOptions): readonly (readonly Source[])[] {
  switch (name) {
    case "forms":
      return [formSources(forms, options)];
    case "traps":
      return [trapSources(options)];
    case "hostile":
      return [spoiledSources(forms, options), mutantSources(forms, options)];
    case "all": {
      const formed = formSources(forms, options);
      return [formed, trapSources(options), formed, [...spoiledSources(forms, options), ...mutantSources(forms, options)]];
    }
    default:
      return name satisfies never;
  }
}

/** One case of each group in turn, and within a group of each source in turn. A source that has run dry is left out. */
function* drawCases(groups: readonly (readonly Source[])[], { seed, count }: SuiteOptions): Generator<Case> {
  const random = new Random(seed);
  const rings = groups.map((sources) => ({ sources: shuffled(sources, random), next: 0 }));
  for (let drawn = 0, turn = 0; drawn < count; turn++) {
    if (rings.every(({ sources }) => sources.length === 0)) return;
    const ring = rings[turn % rings.length]!;
    const source = ring.sources[ring.next];
    if (source === undefined) continue;
    const found = source(random);
    if (found === undefined) {
      ring.sources.splice(ring.next, 1);
    } else {
      drawn++;
      ring.next++;
      yield found;
    }
    if (ring.next >= ring.sources.length) ring.next = 0;
  }
}

/** In an order of chance: the first faults of a short run are then of all families. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

function formSources(forms: readonly Form[], { isa, policy, seed }: SuiteOptions): Source[] {
  const random = new Random(seed);
  return forms.filter((form) => mayBeEmulated(form, isa, policy, random)).map((form) => (each) => generatedCase(generateFault(isa, form, each, { policy })));
}

/** Encodings by which a form is known that is only named. */
const PROBES = 16;

/** Whether some encoding of the form is emulated, or ruled out by its operands only: generating faults of the others would be a long search. */
function mayBeEmulated(form: Form, isa: Isa, policy: Policy, random: Random): boolean {
  let seen = 0;
  for (let probe = 0; probe < PROBES; probe++) {
    const bytes = form.encode(new Choices({ random }), {});
    const decoded = bytes === undefined ? undefined : isa.decode(bytes, form.instructionSet);
    if (decoded === undefined || decoded instanceof Refusal || decoded.form !== form.name) continue;
    seen++;
    const { operation } = decoded;
    if (operation instanceof Refusal ? operation.reason === "unpredictable" : operation.atomic === undefined || policy.atomics === "split") return true;
  }
  return seen === 0;
}

/** One source for each form that is emulated (the mutants have the others), whose reasons take turns. One that the form can't be refused for is not tried again. */
function spoiledSources(forms: readonly Form[], { isa, policy, seed }: SuiteOptions): Source[] {
  const probe = new Random(seed);
  // What is not emulated here can't be judged.
  const reasons = EXPECTED.filter((expected) => expected !== "emulated" && expected !== "unsupported-instruction");
  // The reasons take turns over the forms, so that a short run has all of both.
  return forms.filter((form) => mayBeEmulated(form, isa, { ...policy, atomics: "split" }, probe)).map((form, number) => {
    const ring: Expected[] = [...reasons.slice(number % reasons.length), ...reasons.slice(0, number % reasons.length)];
    return (random) => {
      for (let expected = ring.shift(); expected !== undefined; expected = ring.shift()) {
        const found = generateFault(isa, form, random, { policy, expected }, SPOILED_ATTEMPTS);
        if (found === undefined) continue;
        ring.push(expected);
        return generatedCase(found);
      }
      return undefined;
    };
  });
}

/** A form that can be refused for a reason mostly is at the first tries. */
const SPOILED_ATTEMPTS = 12;

function generatedCase(generated: GeneratedFault | undefined): Case | undefined {
  if (generated === undefined) return undefined;
  return {
    fault: dress(generated.fault, generated.isa),
    *simpler() {
      for (const simpler of simplerFaults(generated)) yield generatedCase(simpler)!;
    },
  };
}

function trapSources({ isa, policy, forms }: SuiteOptions): Source[] {
  return TRAPS[isa.architecture].flatMap(({ code, thumb }) => {
    const bytes = bytesOfTrap(code);
    const instructionSet: InstructionSet = thumb ? "t32" : DEFAULT_SETS[isa.architecture];
    const decoded = isa.decode(bytes, instructionSet);
    if (forms !== undefined && !forms.test(decoded instanceof Refusal ? "" : decoded.form)) return [];
    return [(random: Random) => drawCase((choices) => faultOfBytes(bytes, instructionSet, isa, policy, choices), random)];
  });
}

const DEFAULT_SETS = { aarch64: "a64", arm: "a32", riscv64: "rv64", "x86-64": "x86-64" } as const;

/** Bytes in memory order; `0x…` is a word. */
export function bytesOfTrap(code: string): Uint8Array {
  const word = code.startsWith("0x");
  const bytes = (code.slice(word ? 2 : 0).match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  return Uint8Array.from(word ? bytes.toReversed() : bytes);
}

function mutantSources(forms: readonly Form[], { isa, policy }: SuiteOptions): Source[] {
  return forms.map((form) => (random) =>
    drawCase((choices) => {
      const bytes = form.encode(choices, { unpredictable: true });
      return bytes === undefined ? undefined : faultOfBytes(mutate(bytes, isa, choices), form.instructionSet, isa, policy, choices);
    }, random),
  );
}

/** SDM volume 2, section 2.1.1 and 2.3: prefixes, REX, and the first bytes of REX2, VEX, EVEX and XOP, which alias older opcodes. */
const PREFIXES = [0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x40, 0x48, 0x4f] as const;
const ESCAPES = [0x0f, 0xc4, 0xc5, 0x62, 0xd5, 0x8f] as const;

/** The bytes with one or a few bits turned, cut short, or (x86-64) behind more prefixes or another escape byte. */
function mutate(bytes: Uint8Array, isa: Isa, choices: Choices): Uint8Array {
  const kinds = isa.architecture === "x86-64" ? 6 : 3;
  const kind = choices.below("mutation kind", kinds);
  switch (kind) {
    case 1:
      return bytes.subarray(0, choices.below("mutation length", bytes.length));
    case 3:
      return Uint8Array.from([...Array.from({ length: 1 + choices.below("mutation prefixes", 3) }, (_, at) => choices.pick(`mutation prefix-${at}`, PREFIXES)), ...bytes]);
    case 4:
      return Uint8Array.from([choices.pick("mutation escape", ESCAPES), ...bytes.subarray(1)]);
    case 5:
      return Uint8Array.from([choices.pick("mutation escape", ESCAPES), ...bytes]);
    default: {
      const turned = Uint8Array.from(bytes);
      for (let flips = kind === 0 ? 1 : 1 + choices.below("mutation flips", 4); flips > 0; flips--) {
        const bit = choices.below(`mutation bit-${flips}`, 8 * bytes.length);
        turned[bit >> 3]! ^= 1 << (bit & 7);
      }
      return turned;
    }
  }
}

/** The fault of an instruction that is emulated; of any other bytes a fault at the start of device memory. */
function faultOfBytes(bytes: Uint8Array, instructionSet: InstructionSet, isa: Isa, policy: Policy, choices: Choices): Fault | undefined {
  const decoded = isa.decode(bytes, instructionSet);
  // A store-exclusive is never emulated: nobody knows of its monitor.
  const emulated = decoded instanceof Refusal || decoded.operation instanceof Refusal || decoded.operation.atomic === "exclusive-store" ? undefined : decoded;
  if (emulated === undefined) return dress(plainFault(isa, { instructionSet }, bytes, !(decoded instanceof Refusal) && decoded.access === "write", choices), isa);
  const fault = situate(emulated, instructionSet, bytes, isa, choices, { policy: { ...policy, atomics: "split" }, registers: "needed" });
  return fault === undefined ? undefined : dress(fault, isa);
}

function drawCase(recipe: Recipe, random: Random): Case | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = caseOf(recipe, new Choices({ random }));
    if (found !== undefined) return found;
  }
  return undefined;
}

function caseOf(recipe: Recipe, choices: Choices): Case | undefined {
  const fault = recipe(choices);
  if (fault === undefined) return undefined;
  return {
    fault,
    *simpler() {
      for (const given of simplerChoices(choices.taken)) {
        const simpler = caseOf(recipe, new Choices({ given }));
        if (simpler !== undefined) yield simpler;
      }
    },
  };
}

/** The faults of a trace, `count` of them at most, without its truth. */
export async function* traceCases({ records }: Pick<Trace, "records">, isa: Isa, count = Number.POSITIVE_INFINITY, forms?: RegExp): AsyncGenerator<Case> {
  let drawn = 0;
  for await (const { fault } of records) {
    if (drawn === count) return;
    const instructionSet = isa.instructionSet(fault.registers);
    const decoded = instructionSet instanceof Refusal ? instructionSet : isa.decode(fault.bytes, instructionSet);
    if (forms !== undefined && !forms.test(decoded instanceof Refusal ? "" : decoded.form)) continue;
    drawn++;
    yield { fault, simpler: () => [] };
  }
}
