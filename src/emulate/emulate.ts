import type { Access, AccessTarget, Call } from "../model/access.ts";
import type { InstructionSet } from "../model/architecture.ts";
import { reverseBytes, truncate } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Compute, FlagsOperator, Operation, Read, Repeat, Source, Write } from "../model/operation.ts";
import type { After } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import { type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";
import { evaluateAddress } from "./address.ts";
import { conditionHolds, finish, refuseUnprivilegedInHyp } from "./flow.ts";
import { checkUserAddresses, mapFromPhysicalAddress, matchFault } from "./match.ts";
import { DeviceMap, Ram } from "./memory.ts";
import { applyOperator, resultWidth, usesFlags } from "./operators.ts";
import { type Plan, planAccesses, type PlannedAccess } from "./plan.ts";
import type { Policy } from "./policy.ts";
import { Transaction } from "./transaction.ts";
import { applyFlagsOperator } from "./x86-operators.ts";

/** Makes one device access: the value read (0 for a write), or the refusal that ends the instruction. */
export type DevicePort = (access: Access) => bigint | Refusal;

/** What the emulator hands back when all went well. */
export interface Emulation {
  readonly calls: readonly Call[];
  readonly after: After;
}

/** REP stops here at the latest: one page of iterations (contract, section 1). */
export const ITERATION_LIMIT = 4096;
/** CPSR.E, DDI 0487 G8.2.33: data is big-endian. */
const CPSR_E = 1n << 9n;

/**
 * The reference emulator: executes one decoded instruction for one fault. Device accesses go to `device` in the order in which
 * the machine makes them; nothing is changed anywhere unless all of it succeeds.
 */
export function emulate(
  instruction: Instruction,
  instructionSet: InstructionSet,
  fault: Fault,
  guest: GuestFacts,
  policy: Policy,
  device: DevicePort,
): Emulation | Refusal {
  if (instruction.operation instanceof Refusal) return instruction.operation;
  return new Execution(instruction, instruction.operation, instructionSet, fault, guest, policy, device).run();
}

class Execution {
  readonly #instruction: Instruction;
  readonly #operation: Operation;
  readonly #instructionSet: InstructionSet;
  readonly #fault: Fault;
  readonly #guest: GuestFacts;
  readonly #policy: Policy;
  readonly #device: DevicePort;
  readonly #registers: RegisterSet;
  readonly #transaction: Transaction;
  readonly #ram: Ram;
  readonly #calls: Call[] = [];
  #map: DeviceMap;

  constructor(
    instruction: Instruction,
    operation: Operation,
    instructionSet: InstructionSet,
    fault: Fault,
    guest: GuestFacts,
    policy: Policy,
    device: DevicePort,
  ) {
    this.#instruction = instruction;
    this.#operation = operation;
    this.#instructionSet = instructionSet;
    this.#fault = fault;
    this.#guest = guest;
    this.#policy = policy;
    this.#device = device;
    this.#registers = fault.registers.set;
    this.#transaction = new Transaction(fault.registers, fault.pc);
    this.#ram = new Ram(fault);
    this.#map = new DeviceMap(fault.gva, fault.gpa, guest);
  }

  run(): Emulation | Refusal {
    const { atomic, condition, repeat, unprivileged } = this.#operation;
    const holds = conditionHolds(condition, this.#transaction, this.#registers);
    if (holds instanceof Refusal) return holds;
    if (!holds) return this.#commit(this.#instruction.length);
    const refusal = unprivileged ? refuseUnprivilegedInHyp(this.#transaction, this.#registers) : undefined;
    if (refusal !== undefined) return refusal;
    if (atomic === "exclusive-store") return refuseStoreExclusive();
    if (atomic !== undefined && this.#policy.atomics === "refuse") return refuseAtomic(atomic);
    return repeat === undefined ? this.#runOnce() : this.#runRepeated(repeat);
  }

  #runOnce(): Emulation | Refusal {
    const plan = this.#planFirst();
    if (plan instanceof Refusal) return plan;
    return this.#perform(plan) ?? this.#commit(this.#instruction.length);
  }

  /**
   * REP, SDM volume 2B: iterates to the end, to the limit, or to the first access outside the known memory; stopped short, the PC
   * stays. A device value that is missing, or a hypercall that fails, refuses the whole: half an instruction is not an answer.
   */
  #runRepeated({ counter, whileZero }: Repeat): Emulation | Refusal {
    let first: Plan | undefined;
    for (let iteration = 0; ; iteration++) {
      const count = this.#transaction.slice(counter);
      if (count instanceof Refusal) return count;
      if (count === 0n) {
        // A count that was 0 from the start makes no access, so this instruction did not fault.
        return first === undefined ? refuseNoIteration(this.#registers.name(counter.register)) : this.#commit(this.#instruction.length);
      }
      if (iteration === ITERATION_LIMIT) return this.#commit(0);
      const plan = first === undefined ? this.#planFirst() : planAccesses(this.#operation, this.#transaction, this.#registers, this.#map);
      if (plan instanceof Refusal) return plan;
      first ??= plan;
      if (iteration > 0 && this.#leavesKnownMemory(plan, first)) return this.#commit(0);
      const refusal = this.#perform(plan) ?? this.#transaction.write(counter, count - 1n);
      if (refusal !== undefined) return refusal;
      this.#transaction.advance();
      if (whileZero !== undefined && count !== 1n) {
        const zero = this.#transaction.slice({ register: this.#registers.index("rflags"), bit: 6, width: 1 });
        if (zero instanceof Refusal) return zero;
        if (zero !== BigInt(whileZero)) return this.#commit(this.#instruction.length);
      }
    }
  }

  /** An operand that started in device memory may go on only there and in captured RAM, one that reads RAM only in captured RAM. */
  #leavesKnownMemory(plan: Plan, first: Plan): boolean {
    if (checkUserAddresses(plan, this.#fault, this.#guest, this.#policy) !== undefined) return true;
    return plan.accesses.some(({ element, write, gva, gpa, crossesPages }, at) => {
      if (crossesPages) return true;
      if (gpa !== undefined) return false;
      const startedInRam = first.accesses[at]!.gpa === undefined;
      return !(write && startedInRam) && !this.#ram.has(gva, element.size);
    });
  }

  /** The plan of the first (or only) iteration, which must agree with the fault. */
  #planFirst(): Plan | Refusal {
    const plan = (): Plan | Refusal => planAccesses(this.#operation, this.#transaction, this.#registers, this.#map);
    let first = plan();
    if (first instanceof Refusal) return first;
    const { gva, gpa } = this.#fault;
    if (gva === undefined && gpa !== undefined && first.accesses.length > 0) {
      const map = mapFromPhysicalAddress(first, gpa, this.#fault, this.#guest, this.#map);
      if (map instanceof Refusal) return map;
      this.#map = map;
      first = plan();
      if (first instanceof Refusal) return first;
    }
    return matchFault(this.#operation, first, this.#fault, this.#guest, this.#policy, this.#map) ?? first;
  }

  /** Reads, computes, writes; register changes are held in the transaction. */
  #perform({ accesses }: Plan): Refusal | undefined {
    const bigEndian = this.#isBigEndian();
    if (bigEndian instanceof Refusal) return bigEndian;
    return (
      this.#checkMemory(accesses) ??
      this.#performReads(accesses, bigEndian) ??
      this.#compute() ??
      this.#performWrites(accesses, bigEndian) ??
      this.#update()
    );
  }

  /** The RAM that it reads was captured: else it touches no device either. */
  #checkMemory(accesses: readonly PlannedAccess[]): Refusal | undefined {
    for (const { element, write, gva, gpa } of accesses) {
      const value = write || gpa !== undefined ? 0n : this.#ram.read(gva, element.size);
      if (value instanceof Refusal) return value;
    }
    return undefined;
  }

  #performReads(accesses: readonly PlannedAccess[], bigEndian: boolean): Refusal | undefined {
    for (const read of this.#operation.reads) {
      const planned = accesses.find(({ element }) => element === read);
      let value = 0n;
      if (planned !== undefined) {
        const raw = this.#readElement(planned, read);
        if (raw instanceof Refusal) return raw;
        value = bigEndian !== (read.reversed === true) ? reverseBytes(raw, read.size, read.unit) : raw;
      } else if (read.otherwise !== "zero") {
        continue;
      }
      if (read.temporary !== undefined) this.#transaction.fillTemporary(read.temporary, read.temporaryBit ?? 0, 8 * read.size, value);
      for (const to of read.to) {
        const refusal = this.#transaction.write(to, value);
        if (refusal !== undefined) return refusal;
      }
    }
    return undefined;
  }

  #readElement({ gva, gpa }: PlannedAccess, read: Read): bigint | Refusal {
    const { size } = read;
    if (gpa === undefined) return this.#ram.read(gva, size);
    const instructionLength = this.#instruction.length;
    const access: Access = { write: false, gva, gpa, size, value: 0n, target: this.#readTarget(read), instructionLength };
    const answer = this.#device(access);
    if (answer instanceof Refusal) return answer;
    // Only `size` bytes of what the host says count, whatever it says.
    const value = truncate(answer, 8 * size);
    this.#calls.push({ write: false, gpa, size, value });
    return value;
  }

  #compute(): Refusal | undefined {
    for (const compute of this.#operation.computes) {
      const refusal = this.#computeOne(compute);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #computeOne({ operator, width, inputs, to, temporary, temporaryBit, when, flags }: Compute): Refusal | undefined {
    const transaction = this.#transaction;
    if (when !== undefined) {
      const condition = transaction.source(when);
      if (condition instanceof Refusal) return condition;
      if ((condition & 1n) === 0n) return undefined;
    }
    const values: bigint[] = [];
    for (const input of inputs) {
      const value = transaction.source(input);
      if (value instanceof Refusal) return value;
      values.push(value);
    }
    const value = usesFlags(operator) ? this.#computeWithFlags(operator, width, values, flags === "keep") : applyOperator(operator, width, values);
    if (value instanceof Refusal) return value;
    if (temporary !== undefined) transaction.fillTemporary(temporary, temporaryBit ?? 0, resultWidth(operator, width), value);
    for (const destination of to) {
      const refusal = transaction.write(destination, value);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** The flags register goes into the operator as earlier computes left it, and its new value into the transaction. */
  #computeWithFlags(operator: FlagsOperator, width: number, values: readonly bigint[], keep: boolean): bigint | Refusal {
    const register = this.#registers.index("rflags");
    const before = keep ? 0n : (this.#transaction.current(register) ?? this.#transaction.slice({ register, bit: 0, width: 64 }));
    if (before instanceof Refusal) return before;
    const result = applyFlagsOperator(
      operator,
      width,
      values.map((value) => truncate(value, width)),
      before,
    );
    if (result instanceof Refusal) return result;
    if (result.flags !== undefined && !keep) this.#transaction.replace(register, result.flags);
    return result.value;
  }

  /** All values are made before the first is written: an instruction that lacks one of them touches nothing. */
  #performWrites(accesses: readonly PlannedAccess[], bigEndian: boolean): Refusal | undefined {
    const stores: { readonly store: PlannedAccess; readonly value: bigint }[] = [];
    for (const store of accesses) {
      if (!store.write) continue;
      const { from, size, reversed, unit } = store.element as Write;
      const source = this.#transaction.source(from);
      if (source instanceof Refusal) return source;
      // Only `size` bytes leave the guest.
      const low = truncate(source, 8 * size);
      stores.push({ store, value: bigEndian !== (reversed === true) ? reverseBytes(low, size, unit) : low });
    }
    for (const { store, value } of stores) {
      const refusal = this.#writeElement(store, store.element as Write, value);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #writeElement({ gva, gpa }: PlannedAccess, { from, size }: Write, value: bigint): Refusal | undefined {
    if (gpa === undefined) {
      this.#ram.write(gva, size, value);
      return undefined;
    }
    const answer = this.#device({ write: true, gva, gpa, size, value, target: this.#writeTarget(from, size), instructionLength: this.#instruction.length });
    if (answer instanceof Refusal) return answer;
    this.#calls.push({ write: true, gpa, size, value });
    return undefined;
  }

  #update(): Refusal | undefined {
    for (const { to, value } of this.#operation.updates) {
      const sum = evaluateAddress(value, this.#transaction, this.#registers);
      if (sum instanceof Refusal) return sum;
      const refusal = this.#transaction.write(to, sum);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #commit(length: number): Emulation | Refusal {
    const pc = finish(this.#instructionSet, this.#fault.pc, length, this.#transaction, this.#registers);
    if (pc instanceof Refusal) return pc;
    return { calls: this.#calls, after: { pc, registers: this.#transaction.changes(), memory: this.#ram.changes() } };
  }

  #isBigEndian(): boolean | Refusal {
    if (this.#registers.architecture !== "arm") return false;
    const cpsr = this.#transaction.slice({ register: this.#registers.index("cpsr"), bit: 0, width: 32 });
    return cpsr instanceof Refusal ? cpsr : (cpsr & CPSR_E) !== 0n;
  }

  #readTarget(read: Read): AccessTarget {
    const first = read.to[0];
    return {
      register: first === undefined ? undefined : this.#generalNumber(first.register),
      signExtend: first?.extension === "sign" && 8 * read.size < first.extendTo,
      sixtyFour: first?.extendTo === 64,
      ordered: this.#operation.ordering !== undefined,
    };
  }

  #writeTarget(from: Source, size: number): AccessTarget {
    return {
      register: from.kind === "register" ? this.#generalNumber(from.register) : undefined,
      signExtend: false,
      sixtyFour: size === 8,
      ordered: this.#operation.ordering !== undefined,
    };
  }

  #generalNumber(register: number): number | undefined {
    if (register === ZERO_REGISTER) return this.#registers.zeroNumber;
    if (register < 0) return undefined;
    const { file, number } = this.#registers.describe(register);
    return file === "general" ? number : undefined;
  }
}

function refuseNoIteration(counter: string): Refusal {
  return new Refusal(
    "address-mismatch",
    `it repeats as often as ${counter} says, and that is 0: it makes no access at all`,
    "the registers and the fault do not belong together: check that they were captured at the same moment",
  );
}

/** Whether the monitor still holds decides what a store-exclusive does, and no trace says that: refused under every policy. */
function refuseStoreExclusive(): Refusal {
  return new Refusal(
    "atomic",
    "it is a store-exclusive or store-conditional: whether its monitor or reservation still holds is not in the trace, and decides if it stores",
    "use a plain load and store for device registers",
  );
}

function refuseAtomic(atomic: Exclude<Operation["atomic"], "exclusive-store" | undefined>): Refusal {
  const what =
    atomic === "exclusive-load" ? "a load-exclusive or load-reserved, whose monitor a device access can't hold" : "an atomic read-modify-write";
  return new Refusal("atomic", `it is ${what}`, "use a plain load and store for device registers, or run with --atomics split to emulate it as a read, then a write");
}
