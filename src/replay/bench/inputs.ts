import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { loadIsa } from "../../isa/list.ts";
import { ARCHITECTURES, type Architecture } from "../../model/architecture.ts";
import type { RegisterSet } from "../../model/registers.ts";
import { UserError } from "../../model/user-error.ts";
import { readTrace } from "../../trace/read.ts";
import type { Trace, TraceHeader, TraceRecord } from "../../trace/record.ts";
import { generate } from "../generate/generate.ts";
import { FAULT_LIMIT } from "./subject.ts";

/** Faults to bench, read into memory or made there. */
export interface Input {
  readonly name: string;
  readonly header: TraceHeader;
  readonly registers: RegisterSet;
  readonly records: readonly TraceRecord[];
  /** Whether the goals are measured on it: on code that ran, not on instructions with random registers. */
  readonly goals: boolean;
}

/** A trace of a person's own, up to {@link FAULT_LIMIT} faults of it. */
export async function inputOf(name: string, trace: Trace): Promise<Input> {
  const records: TraceRecord[] = [];
  for await (const record of trace.records) {
    records.push(record);
    if (records.length === FAULT_LIMIT) break;
  }
  if (records.length === 0) throw new UserError(`${name}: has no faults to bench`);
  return { name, header: trace.header, registers: trace.registers, records, goals: true };
}

/**
 * The traces that come with the package: for each architecture those of programs together, and the others. Only traces with the same facts
 * about the guest go together.
 */
export async function bundledInputs(folder: string): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const architecture of ARCHITECTURES) {
    const groups = new Map<string, Input & { readonly records: TraceRecord[] }>();
    const files = (await readdir(join(folder, architecture))).filter((file) => file.endsWith(".jsonl")).toSorted();
    for (const file of files) {
      const name = basename(file, extname(file));
      const trace = await readTrace(createReadStream(join(folder, architecture, file)), async (each) => (await loadIsa(each)).registers);
      const { records } = await inputOf(file, trace);
      const program = name.startsWith("program-");
      const { windows, sharedBit, kernelStart } = trace.header.guest;
      const key = [program, sharedBit, kernelStart, ...windows.flatMap(({ gva, gpa, size }) => [gva, gpa, size])].join();
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { name: program ? "programs" : name, header: trace.header, registers: trace.registers, records: [...records], goals: program });
      else groups.set(key, { ...group, name: program ? "programs" : `${group.name}, ${name}`, records: [...group.records, ...records] });
    }
    inputs.push(...[...groups.values()].toSorted((first, second) => Number(second.goals) - Number(first.goals)));
  }
  return inputs;
}

/** A generated trace, made as it is read. */
export async function generated(architecture: Architecture, faults: number, seed: number): Promise<{ readonly header: TraceHeader; readonly registers: RegisterSet; readonly records: Iterable<TraceRecord> }> {
  const { registers } = await loadIsa(architecture);
  return { registers, ...generate(registers, architecture, { faults, seed }) };
}
