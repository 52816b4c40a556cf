import type { Policy } from "../emulate/policy.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import type { Difference } from "../replay/differences.ts";
import type { Replayed } from "../replay/replay.ts";
import type { EmulatedAnswer } from "../trace/outcome-lines.ts";
import { Interview } from "./interview.ts";
import { formName, type Judgement, Reference } from "./reference.ts";
import { brokenRule, refusalRule, type Rule } from "./rules.ts";
import type { Case } from "./suites.ts";

/** What to hold a program to. */
export interface ConformOptions {
  readonly isa: Isa;
  readonly guest: GuestFacts;
  readonly policy: Policy;
  readonly cases: AsyncIterable<Case> | Iterable<Case>;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Milliseconds that one answer may take, and the whole. */
  readonly patience: number;
  readonly timeLimit: number;
  /** Called after each answer. */
  readonly progress?: () => void;
}

/** Counts of one form. */
export interface FormTally {
  readonly form: string;
  exact: number;
  wrong: number;
  refused: number;
  silent: number;
  /** Emulated by the program and not by us. */
  unjudged: number;
  /** Not asked any more, because the program had failed at this form often enough. */
  skipped: number;
}

/** A kind of failure with its smallest case. */
export interface Finding {
  readonly verdict: "wrong" | "refused" | "no answer";
  /** Names the kind: a rule's id, the reason of the refusal, or how the program failed. */
  readonly id: string;
  readonly rule: Rule | undefined;
  readonly faults: number;
  /** Forms in which it was seen, with how many faults, most first. */
  readonly forms: readonly (readonly [string, number])[];
  readonly smallest: Specimen;
}

/** One failing fault: what we say and what the program says. */
export interface Specimen {
  readonly fault: Fault;
  readonly ours: Replayed;
  readonly answer: EmulatedAnswer | undefined;
  readonly differences: readonly Difference[];
  /** What the program said instead of an answer, or of its refusal. */
  readonly detail: string | undefined;
}

/** What came of it. */
export interface Conformance {
  readonly faults: number;
  /** By form, in alphabetical order. */
  readonly forms: readonly FormTally[];
  /** Wrong ones first, then missing answers, then refusals; each the most frequent first. */
  readonly findings: readonly Finding[];
  /** What else is to be said of the program, one line each. */
  readonly remarks: readonly string[];
}

/** After so many missing answers the program is not asked about a form any more; once it has failed oftener in all, after the first. */
const FORM_FAILURES = 3;
const FAILURES = 30;
/** After so many faults without an answer in a row it is asked nothing any more. */
const ROW_FAILURES = 10;
/** Questions that the search for a smallest case may ask, and how many of them may end the program. */
const SHRINK_QUESTIONS = 1500;
const SHRINK_FAILURES = 12;

/** Asks a program about each case and judges its answers. The result depends on the cases and the program only, not on timing. */
export async function conform(options: ConformOptions): Promise<Conformance> {
  const examination = new Examination(options);
  try {
    return await examination.run();
  } finally {
    await examination.close();
  }
}

/** A case with our own answer, which is found when it is first needed. */
class Question {
  readonly case: Case;
  readonly #reference: Reference;
  #ours: Replayed | undefined;

  constructor(each: Case, reference: Reference) {
    this.case = each;
    this.#reference = reference;
  }

  get fault(): Fault {
    return this.case.fault;
  }

  get ours(): Replayed {
    return (this.#ours ??= this.#reference.replay(this.case.fault));
  }

  get form(): string {
    return formName(this.ours);
  }
}

/** A kind of failure while it is counted. */
interface Kind {
  readonly verdict: Finding["verdict"];
  readonly id: string;
  readonly rule: Rule | undefined;
  faults: number;
  readonly forms: Map<string, number>;
  /** The simplest seen so far. */
  example: Question;
  cost: number;
  judgement: Failure;
}

type Failure = Exclude<Judgement, { readonly verdict: "exact" | "unjudged" }>;

class Examination {
  readonly #options: ConformOptions;
  readonly #reference: Reference;
  readonly #interview: Interview;
  readonly #forms = new Map<string, FormTally>();
  readonly #kinds = new Map<string, Kind>();
  readonly #deadline: number;
  readonly #remarks: string[] = [];
  #faults = 0;
  #silent = 0;
  #silentInRow = 0;
  /** Forms that are not asked about any more. */
  readonly #closed = new Set<string>();

  constructor(options: ConformOptions) {
    const { isa, guest, policy, command, patience } = options;
    this.#options = options;
    this.#reference = new Reference(isa, guest, policy);
    const header = { architecture: isa.architecture, source: "trapline conform", guest, unknown: undefined };
    this.#interview = new Interview({ command, header, registers: isa.registers, patience });
    this.#deadline = performance.now() + options.timeLimit;
  }

  async run(): Promise<Conformance> {
    const questions = this.#questions();
    for await (const [question, reply] of this.#interview.askAll(questions, (each) => this.#isClosed(each))) {
      this.#count(question, this.#reference.judge(question.fault, question.ours, reply));
      this.#options.progress?.();
      if (this.#silentInRow === ROW_FAILURES) {
        this.#remarks.push(`asked no more after ${ROW_FAILURES} faults in a row without an answer`);
        break;
      }
      if (performance.now() > this.#deadline) {
        this.#remarks.push(`asked no more after ${this.#options.timeLimit / 1000} s`);
        break;
      }
    }
    if (this.#interview.hopeless) this.#remarks.push("asked no more: the program keeps failing at faults that it answers when they are asked alone");
    const [fluke] = this.#interview.flukes;
    if (fluke !== undefined) this.#remarks.push(`${this.#interview.flukes.length} times the program failed, and not when it was asked again: ${fluke}`);
    const surplus = await this.#interview.finish();
    if (surplus !== undefined) this.#remarks.push(`at the end the program ${surplus}`);
    const findings: Finding[] = [];
    for (const kind of [...this.#kinds.values()].toSorted(byWeight)) findings.push(await this.#finding(kind));
    return { faults: this.#faults, forms: [...this.#forms.values()].toSorted((first, second) => (first.form < second.form ? -1 : 1)), findings, remarks: this.#remarks };
  }

  close(): Promise<void> {
    return this.#interview.kill();
  }

  async *#questions(): AsyncGenerator<Question> {
    for await (const each of this.#options.cases) yield new Question(each, this.#reference);
  }

  #isClosed(question: Question): boolean {
    return this.#closed.size > 0 && this.#closed.has(question.form);
  }

  #tally(form: string): FormTally {
    let tally = this.#forms.get(form);
    if (tally === undefined) this.#forms.set(form, (tally = { form, exact: 0, wrong: 0, refused: 0, silent: 0, unjudged: 0, skipped: 0 }));
    return tally;
  }

  #count(question: Question, judgement: Judgement): void {
    const tally = this.#tally(question.form);
    this.#faults++;
    this.#silentInRow = judgement.verdict === "no answer" ? this.#silentInRow + 1 : 0;
    switch (judgement.verdict) {
      case "exact":
        tally.exact++;
        return;
      case "unjudged":
        tally.unjudged++;
        return;
      case "refused":
        tally.refused++;
        break;
      case "wrong":
        tally.wrong++;
        break;
      case "no answer":
        tally.silent++;
        if (tally.silent >= (++this.#silent > FAILURES ? 1 : FORM_FAILURES)) this.#closed.add(question.form);
        break;
      default:
        judgement satisfies never;
    }
    this.#remember(question, judgement as Failure);
  }

  #remember(question: Question, judgement: Failure): void {
    const { id, rule } = this.#nameOf(question, judgement);
    const key = `${judgement.verdict} ${id}`;
    // What a program should have emulated tells a person more than what it should have refused.
    const cost = costOf(question.fault) + (judgement.verdict === "no answer" && question.ours.outcome.kind === "refused" ? REFUSED_COST : 0);
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      this.#kinds.set(key, { verdict: judgement.verdict, id, rule, faults: 1, forms: new Map([[question.form, 1]]), example: question, cost, judgement });
      return;
    }
    kind.faults++;
    kind.forms.set(question.form, (kind.forms.get(question.form) ?? 0) + 1);
    if (cost < kind.cost) Object.assign(kind, { example: question, cost, judgement });
  }

  #nameOf({ fault, ours: { outcome, instruction } }: Question, judgement: Failure): { readonly id: string; readonly rule: Rule | undefined } {
    switch (judgement.verdict) {
      case "wrong": {
        const { answer, differences } = judgement;
        const rule =
          outcome.kind === "refused"
            ? refusalRule(outcome.refusal.reason)
            : brokenRule({ architecture: this.#options.isa.architecture, fault, instruction: instruction!, ours: outcome, answer, differences });
        return { id: rule.id, rule };
      }
      case "refused":
        return { id: judgement.reason, rule: undefined };
      case "no answer":
        return { id: judgement.failure.kind, rule: undefined };
      default:
        return judgement satisfies never;
    }
  }

  /** The kind's smallest case: simpler faults are asked about as long as they fail in the same way. */
  async #finding(kind: Kind): Promise<Finding> {
    let best = kind.example;
    let judgement = kind.judgement;
    let questions = 0;
    let failures = 0;
    for (let improved = true; improved; ) {
      improved = false;
      for (const simpler of simplerCases(best)) {
        if (questions++ >= SHRINK_QUESTIONS || failures >= SHRINK_FAILURES || performance.now() > this.#deadline) break;
        const question = new Question(simpler, this.#reference);
        // A fault that we refuse ourselves is another question, unless that is what it is about.
        if ((question.ours.outcome.kind === "refused") !== (best.ours.outcome.kind === "refused")) continue;
        const found = this.#reference.judge(question.fault, question.ours, await this.#interview.ask(question.fault));
        if (found.verdict === "no answer") failures++;
        if (found.verdict !== kind.verdict || this.#nameOf(question, found).id !== kind.id) continue;
        best = question;
        judgement = found;
        improved = true;
        break;
      }
    }
    return {
      verdict: kind.verdict,
      id: kind.id,
      rule: kind.rule,
      faults: kind.faults,
      forms: [...kind.forms].toSorted(([first, many], [second, more]) => more - many || (first < second ? -1 : 1)),
      smallest: {
        fault: best.fault,
        ours: best.ours,
        answer: judgement.verdict === "wrong" ? judgement.answer : undefined,
        differences: judgement.verdict === "wrong" ? judgement.differences : [],
        detail: judgement.verdict === "no answer" ? judgement.failure.detail : judgement.verdict === "refused" ? judgement.message : undefined,
      },
    };
  }
}

/** Simpler ones of the same origin, then the same fault with less in it. */
function* simplerCases({ case: each, fault, ours: { instruction } }: Question): Generator<Case> {
  yield* each.simpler();
  yield* leanerCases(fault, instruction !== undefined && !(instruction.operation instanceof Refusal) ? instruction.length : undefined);
}

/** The fault with bytes, registers, RAM and device values left out one by one. */
function* leanerCases(fault: Fault, length: number | undefined): Generator<Case> {
  if (length !== undefined && fault.bytes.length > length) yield lean({ ...fault, bytes: fault.bytes.subarray(0, length) });
  for (const register of fault.registers.captured()) {
    const registers = fault.registers.copy();
    registers.forget(register);
    yield lean({ ...fault, registers });
  }
  for (const register of fault.registers.captured()) {
    const value = fault.registers.get(register)!;
    if (value === 0n) continue;
    const registers = fault.registers.copy();
    registers.capture(register, 0n, fault.registers.capturedWidth(register));
    yield lean({ ...fault, registers });
  }
}

function lean(fault: Fault): Case {
  return { fault, simpler: () => [] };
}

const REFUSED_COST = 10_000;

/** How much there is to a fault, for choosing the simplest of many. */
function costOf({ bytes, registers, memory, reads }: Fault): number {
  let cost = 8 * bytes.length + 16 * memory.length + 4 * reads.length;
  for (const register of registers.captured()) cost += 4 + registers.get(register)!.toString(16).length;
  return cost;
}

function byWeight(first: Kind, second: Kind): number {
  const order = ["wrong", "no answer", "refused"];
  return order.indexOf(first.verdict) - order.indexOf(second.verdict) || second.faults - first.faults || (first.id < second.id ? -1 : 1);
}
