import type { TraceRecord } from "../../trace/record.ts";
import { Refusal } from "../../model/refusal.ts";
import { competitorsFor, NAMES, type Setup } from "./competitors.ts";
import { measure, type Measured, type MeasureOptions } from "./measure.ts";
import { subjectOf } from "./subject.ts";
import type { Input } from "./inputs.ts";
import type { FormResult } from "./result.ts";

/** Benches the faults of each form by themselves, in the order of the forms' names. Bytes that are no instruction have none. */
export async function benchForms({ header, registers, records }: Input, setup: Setup, options: MeasureOptions): Promise<FormResult[]> {
  const groups = new Map<string, TraceRecord[]>();
  for (const record of records) {
    const set = setup.isa.instructionSet(record.fault.registers);
    const instruction = set instanceof Refusal ? set : setup.isa.decode(record.fault.bytes, set);
    if (instruction instanceof Refusal) continue;
    const group = groups.get(instruction.form);
    if (group === undefined) groups.set(instruction.form, [record]);
    else group.push(record);
  }
  const results: FormResult[] = [];
  const wanted: ReadonlySet<string> = new Set([NAMES.fast, NAMES.decode, NAMES.reference]);
  const forms = [...groups].toSorted(([first], [second]) => (first < second ? -1 : 1));
  for (const [place, [form, group]] of forms.entries()) {
    options.onStep?.(`form ${place + 1} of ${forms.length}: ${form}`);
    const subject = await subjectOf(form, "as recorded", registers, header.guest, group);
    const { competitors } = await competitorsFor(subject, setup, false);
    const measured = measure(competitors.filter(({ name }) => wanted.has(name)), { ...options, onStep: undefined });
    const find = (name: string): Measured | undefined => measured.find((each) => each.name === name);
    results.push({ form, found: group.length, decode: find(NAMES.decode)!, reference: find(NAMES.reference)!, fast: find(NAMES.fast)! });
  }
  return results;
}
