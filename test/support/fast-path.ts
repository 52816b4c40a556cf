import { createReadStream } from "node:fs";
import { inspect, isDeepStrictEqual } from "node:util";
import { checkFault } from "../../src/emulate/checks.ts";
import { emulate, type Emulation } from "../../src/emulate/emulate.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/emulate/policy.ts";
import type { FastPath } from "../../src/fastpath/fast-path.ts";
import { type FastOutcome, outcomeOf } from "../../src/fastpath/outcome.ts";
import { recordAt } from "../../src/fastpath/record.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Isa } from "../../src/model/instruction.ts";
import { reportedExit } from "../../src/model/exit.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { completeFault } from "../../src/model/vm-fault.ts";
import { readTrace as openTrace } from "../../src/trace/read.ts";
import { columnsOf } from "./fault-columns.ts";

/** The reference's answer: everything that replay does but for the handler. */
export function reference(isa: Isa, captured: Fault, guest: GuestFacts, policy: Policy = DEFAULT_POLICY): Emulation | Refusal {
  const fault = completeFault(captured, isa.architecture);
  if (fault instanceof Refusal) return fault;
  const refusal = checkFault(fault, guest, policy);
  if (refusal !== undefined) return refusal;
  const set = isa.instructionSet(fault.registers);
  if (set instanceof Refusal) return set;
  const { transformedInstruction, bytes, gva } = fault;
  const transformed = transformedInstruction === undefined ? undefined : isa.decodeTransformed?.(transformedInstruction, gva);
  if (transformed instanceof Refusal && transformed.reason === "not-a-data-abort") return transformed;
  const instruction = bytes.length === 0 && transformed !== undefined ? transformed : isa.decode(bytes, set);
  if (instruction instanceof Refusal) return instruction;
  const reported = reportedExit(fault);
  if (reported instanceof Refusal) return reported;
  if (reported.kind !== "device") return new Refusal("not-a-data-abort", "another exit, and no handler serves it", "none");
  let next = 0;
  return emulate(instruction, set, fault, guest, policy, ({ write }) =>
    write ? 0n : (fault.reads[next++] ?? new Refusal("missing-read", "no more values", "capture them")),
  );
}

/** The fast path's answer to each fault of a trace; undefined where it declines. */
export async function fastOutcomes(fastPath: FastPath, isa: Isa, faults: readonly Fault[]): Promise<(FastOutcome | undefined)[]> {
  const outcomes: (FastOutcome | undefined)[] = [];
  const chunks = await columnsOf(isa.registers, faults.map((fault) => ({ fault, unknown: undefined })));
  for (const columns of chunks) {
    fastPath.load(columns);
    const { emulated, declined } = fastPath.run(0, columns.count);
    const first = outcomes.length;
    for (let index = 0; index < columns.count; index++) {
      const record = recordAt(fastPath.kernel.records, index);
      outcomes.push(record && outcomeOf(record, faults[first + index]!));
    }
    const answered = outcomes.slice(first).filter((each) => each !== undefined).length;
    if (answered !== emulated || columns.count - answered !== declined) throw new Error(`${emulated} emulated, ${declined} declined, and ${answered} records`);
  }
  return outcomes;
}

/** The faults of a trace file of one architecture. */
export async function faultsOf(path: string, isa: Isa): Promise<{ readonly guest: GuestFacts; readonly faults: readonly Fault[] }> {
  const trace = await openTrace(createReadStream(path), async () => isa.registers);
  const faults: Fault[] = [];
  for await (const { fault } of trace.records) faults.push(fault);
  return { guest: trace.header.guest, faults };
}

/**
 * Holds the fast path against the reference on each of these faults: what it emulates must be emulated by the reference, with the same
 * accesses and the same changes. Throws otherwise. Gives, for each fault, whether the fast path emulated it.
 */
export async function holdAgainstReference(fastPath: FastPath, isa: Isa, faults: readonly Fault[], guest: GuestFacts, policy: Policy = DEFAULT_POLICY): Promise<boolean[]> {
  const outcomes = await fastOutcomes(fastPath, isa, faults);
  outcomes.forEach((outcome, index) => {
    if (outcome === undefined) return;
    const fault = faults[index]!;
    const truth = reference(isa, fault, guest, policy);
    const named = `fault ${index}, instruction ${Buffer.from(fault.bytes).toString("hex")}`;
    if (truth instanceof Refusal) throw new Error(`${named}: emulated, and the reference refuses it: ${truth.reason}: ${truth.detail}`);
    const expected = { calls: truth.calls, after: truth.after };
    if (!isDeepStrictEqual(outcome, expected)) throw new Error(`${named}:\n${inspect(outcome, { depth: 5 })}\nand the reference:\n${inspect(expected, { depth: 5 })}`);
  });
  return outcomes.map((outcome) => outcome !== undefined);
}
