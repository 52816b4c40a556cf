import { bytesToHexadecimal } from "../model/bits.ts";
import type { Fault, MemoryRange } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import { type Register, RegisterFile } from "../model/registers.ts";
import type { TraceRecord, TruthAfter } from "../trace/record.ts";
import type { Analyst, ForeseenAccess, MachineAfter } from "./analyst.ts";
import { namedRegisters } from "./named-registers.ts";
import type { RegisterReader, State } from "./registers.ts";
import type { Runner } from "./runner.ts";
import type { Stop, WatchpointHit } from "./stop-reply.ts";
import type { Stub } from "./stub.ts";

/** What a capture did not get, by number. */
export interface Tally {
  faults: number;
  /** Hits of which no fault could be made, by the reason for a person. */
  readonly left: Map<string, number>;
  /** Faults whose truth is not whole, by the reason for a person. */
  readonly partial: Map<string, number>;
}

/** An instruction that is about to be executed. */
export interface Seen {
  readonly thread: string | undefined;
  readonly state: State;
  readonly instruction: Instruction | Refusal;
  /** Registers besides those that are always read. */
  readonly named: ReadonlySet<Register>;
  readonly foreseen: readonly ForeseenAccess[];
  /** Undefined: it does not touch a window. */
  readonly fault: Fault | undefined;
}

/** Bytes that an instruction can have. */
const LONGEST_INSTRUCTION = { "x86-64": 15, aarch64: 4, arm: 4, riscv64: 4 } as const;
const NONE: ReadonlySet<Register> = new Set();
/** Iterations of a repeated instruction that replay does (contract: one page of them). */
const ITERATION_LIMIT = 4096;

/** Looks at one instruction before it is executed, and at what it has done. */
export class Observer {
  readonly tally: Tally = { faults: 0, left: new Map(), partial: new Map() };
  readonly #stub: Stub;
  readonly #analyst: Analyst;
  readonly #reader: RegisterReader;
  readonly #runner: Runner;
  readonly #truth: boolean;

  constructor(stub: Stub, analyst: Analyst, reader: RegisterReader, runner: Runner, truth: boolean) {
    this.#stub = stub;
    this.#analyst = analyst;
    this.#reader = reader;
    this.#runner = runner;
    this.#truth = truth;
  }

  /** The instruction at the program counter of a thread. `hit`: the stub says that it is about to touch a window. */
  async look(thread: string | undefined, hit: WatchpointHit | undefined): Promise<Seen> {
    await this.#stub.select(thread);
    const plain = await this.#reader.read(NONE);
    const bytes = await this.#stub.memory(plain.pc, LONGEST_INSTRUCTION[this.#analyst.registers.architecture]);
    const instruction = plain.foreign === undefined ? this.#analyst.decode(bytes, plain.registers) : new Refusal("undefined-instruction", plain.foreign, "");
    const operation = instruction instanceof Refusal ? instruction : instruction.operation;
    if (operation instanceof Refusal) return this.#seenUnknown(thread, plain, bytes, instruction, hit);
    const named = new Set([...namedRegisters(operation)].filter((register) => plain.registers.capturedWidth(register) === 0));
    const access = !(instruction instanceof Refusal) && instruction.access !== "none";
    const state = named.size === 0 || !access ? plain : await this.#reader.read(named);
    const bare = faultOf(state, bytes.subarray(0, (instruction as Instruction).length));
    const foreseen = access ? this.#analyst.foresee(instruction, bare) : [];
    if (foreseen instanceof Refusal) return this.#seenUnknown(thread, state, bytes, instruction, hit);
    const said = hit === undefined || hit.type === "awatch" ? undefined : hit.type === "watch";
    const device = foreseen.filter(({ gpa }) => gpa !== undefined);
    const first = device.find(({ write }) => write === said) ?? device[0];
    if (first === undefined) {
      if (hit !== undefined) count(this.tally.left, "the instruction at the program counter touches no window (a stub that stops after the access? --step finds it)");
      return { thread, state, instruction, named, foreseen, fault: undefined };
    }
    const memory: MemoryRange[] = [];
    for (const { gva, gpa, write, size } of foreseen) {
      if (gpa === undefined && !write) memory.push({ address: gva, bytes: await this.#stub.memory(gva, size) });
    }
    const fault: Fault = { ...bare, gva: first.gva, gpa: first.gpa!, write: said ?? first.write, memory };
    return { thread, state, instruction, named, foreseen, fault };
  }

  /** Of an instruction that can't be foreseen, a stub's word is all there is. */
  #seenUnknown(thread: string | undefined, state: State, bytes: Uint8Array, instruction: Instruction | Refusal, hit: WatchpointHit | undefined): Seen {
    const seen = { thread, state, instruction, named: NONE, foreseen: [] };
    if (hit === undefined || state.foreign !== undefined) {
      if (hit !== undefined) count(this.tally.left, state.foreign!);
      return { ...seen, fault: undefined };
    }
    return { ...seen, fault: { ...faultOf(state, bytes), ...(hit.type === "awatch" ? {} : { write: hit.type === "watch" }) } };
  }

  /** Executes the instruction. */
  async execute(seen: Seen, patient: boolean): Promise<{ readonly stop: Stop; readonly record: TraceRecord | undefined }> {
    let stop = await this.#runner.step(seen.thread, patient);
    const { fault, instruction } = seen;
    if (fault === undefined) return { stop, record: undefined };
    this.tally.faults++;
    const bare: TraceRecord = { fault, unknown: undefined };
    if (!this.#truth) return { stop, record: bare };
    if (instruction instanceof Refusal || instruction.operation instanceof Refusal || fault.gva === undefined) {
      return { stop, record: this.#without(bare, "of an instruction that is not emulated nothing can be told afterwards") };
    }
    if (stop.kind === "exited") return { stop, record: this.#without(bare, "the guest ended with the access") };
    await this.#stub.select(seen.thread);
    let after = await this.#reader.read(seen.named);
    // A stub steps through a repeated instruction iteration by iteration.
    for (let iteration = 1; instruction.operation.repeat !== undefined && after.pc === fault.pc && iteration < ITERATION_LIMIT; iteration++) {
      stop = await this.#runner.step(seen.thread, patient);
      if (stop.kind === "exited") return { stop, record: this.#without(bare, "the guest ended with the access") };
      await this.#stub.select(seen.thread);
      after = await this.#reader.read(seen.named);
    }
    return { stop, record: await this.#withTruth(seen, fault, instruction, after) };
  }

  async #withTruth(seen: Seen, fault: Fault, instruction: Instruction, { pc, registers }: State): Promise<TraceRecord> {
    const memory: MemoryRange[] = [];
    for (const { gva, gpa, write, size } of seen.foreseen) {
      if (gpa === undefined && write) memory.push({ address: gva, bytes: await this.#stub.memory(gva, size) });
    }
    const machine: MachineAfter = { pc, registers, memory };
    const deduction = this.#analyst.deduce(instruction, fault, machine);
    const after: TruthAfter = { pc, registers: changed(fault.registers, registers), memory };
    switch (deduction.kind) {
      case "known":
        return { fault: { ...fault, reads: deduction.reads }, calls: deduction.calls, after, unknown: undefined };
      case "hidden":
        return this.#without({ fault, after, unknown: undefined }, "what the device returned left no exact trace in the registers");
      case "not-done":
        return this.#without({ fault, unknown: undefined }, "an exception came in place of the access");
      default:
        return deduction satisfies never;
    }
  }

  #without(record: TraceRecord, why: string): TraceRecord {
    const { bytes } = record.fault;
    count(this.tally.partial, `${why} (${bytesToHexadecimal(bytes)})`);
    return record;
  }
}

function faultOf({ pc, registers, mode }: State, bytes: Uint8Array): Fault {
  return { pc, bytes, registers, mode: mode ?? "kernel", memory: [], reads: [] };
}

/** Registers of `after` whose value is another than before. The program counter of Arm is told apart. */
function changed(before: RegisterFile, after: RegisterFile): RegisterFile {
  const file = new RegisterFile(after.set);
  const programCounter = after.set.architecture === "arm" ? after.set.index("r15") : undefined;
  for (const register of after.captured()) {
    if (register !== programCounter && after.get(register) !== before.get(register)) file.capture(register, after.get(register)!, after.capturedWidth(register));
  }
  return file;
}

export function count(tally: Map<string, number>, reason: string): void {
  tally.set(reason, (tally.get(reason) ?? 0) + 1);
}
