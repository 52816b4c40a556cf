import type { Access, AccessTarget, Call } from "../model/access.ts";
import type { InstructionSet } from "../model/architecture.ts";
import { hexadecimal, reverseBytes, truncate } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Compute, FlagsCondition, FlagsOperator, Operation, Read, RegisterSlice, Source, Write } from "../model/operation.ts";
import type { After } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import { type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";
import { evaluateAddress } from "./address.ts";
import { checkPrivilege } from "./checks.ts";
import { conditionHolds, finish } from "./flow.ts";
import { DeviceMap, PAGE_SIZE, Ram, pageOf } from "./memory.ts";
import { applyOperator, resultWidth, usesFlags } from "./operators.ts";
import type { Policy } from "./policy.ts";
import { Transaction } from "./transaction.ts";
import { meetsCondition } from "./x86-flags.ts";
import { applyFlagsOperator } from "./x86-operators.ts";

/** Makes one device access: the value read (0 for a write), or the refusal that ends the instruction. */
export type DevicePort = (access: Access) => bigint | Refusal;

/** What the emulator hands back when all went well. */
export interface Emulation {
  readonly calls: readonly Call[];
  readonly after: After;
}

/** REP stops here at the latest: one page of iterations (contract, section 1). */
const ITERATION_LIMIT = 4096;
/** CPSR.E, DDI 0487 G8.2.33: data is big-endian. */
const CPSR_E = 1n << 9n;

/** An element of the operation with its address, before anything is done. */
interface Planned {
  readonly element: Read | Write;
  readonly write: boolean;
  readonly gva: bigint;
  /** Undefined: ordinary RAM. */
  readonly gpa: bigint | undefined;
}

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
    const { atomic, condition } = this.#operation;
    const holds = conditionHolds(condition, this.#transaction, this.#registers);
    if (holds instanceof Refusal) return holds;
    if (!holds) return this.#commit(this.#instruction.length);
    if (atomic === "exclusive-store") return refuseStoreExclusive();
    if (atomic !== undefined && this.#policy.atomics === "refuse") return refuseAtomic(atomic);
    return this.#operation.repeat === undefined ? this.#runOnce() : this.#runRepeated();
  }

  #runOnce(): Emulation | Refusal {
    const plan = this.#plan();
    if (plan instanceof Refusal) return plan;
    const refusal = this.#checkPlan(plan) ?? this.#perform(plan);
    return refusal ?? this.#commit(this.#instruction.length);
  }

  /** Iterates to the end, to the limit, or to the first access outside the known memory; stopped short, the PC stays. */
  #runRepeated(): Emulation | Refusal {
    const { counter, whileZero } = this.#operation.repeat!;
    let startedInDevice: readonly boolean[] = [];
    for (let iteration = 0; ; iteration++) {
      const count = this.#transaction.slice(counter);
      if (count instanceof Refusal) return count;
      if (count === 0n) return this.#commit(this.#instruction.length);
      if (iteration === ITERATION_LIMIT) return this.#commit(0);
      const plan = this.#plan();
      if (plan instanceof Refusal) return plan;
      if (iteration === 0) {
        const refusal = this.#checkPlan(plan);
        if (refusal !== undefined) return refusal;
        startedInDevice = plan.map(({ gpa }) => gpa !== undefined);
      } else if (plan.some((each, at) => this.#leavesKnownMemory(each, startedInDevice[at]!))) {
        return this.#commit(0);
      }
      const refusal = this.#perform(plan);
      if (refusal !== undefined) return refusal;
      this.#transaction.write(counter, count - 1n);
      this.#transaction.advance();
      if (whileZero !== undefined && count !== 1n) {
        const zero = this.#transaction.slice({ register: this.#registers.index("rflags"), bit: 6, width: 1 });
        if (zero instanceof Refusal) return zero;
        if (zero !== BigInt(whileZero)) return this.#commit(this.#instruction.length);
      }
    }
  }

  #leavesKnownMemory({ element, write, gva, gpa }: Planned, startedInDevice: boolean): boolean {
    if (pageOf(gva) !== pageOf(gva + BigInt(element.size - 1))) return true;
    if (gpa !== undefined) return false;
    if (write && !startedInDevice) return false;
    return !Array.from({ length: element.size }, (_, index) => gva + BigInt(index)).every((byte) => this.#ram.has(byte));
  }

  /** Computes every address, without doing anything. */
  #plan(): Planned[] | Refusal {
    const { addresses, reads, writes, packed } = this.#operation;
    const starts: bigint[] = [];
    for (const address of addresses) {
      const start = evaluateAddress(address, this.#transaction, this.#registers);
      if (start instanceof Refusal) return start;
      starts.push(start);
    }
    const plan: Planned[] = [];
    for (const [write, elements] of [[false, reads], [true, writes]] as const) {
      let skipped = 0;
      for (const element of elements) {
        if (element.when !== undefined) {
          const performed = this.#isPerformed(element.when);
          if (performed instanceof Refusal) return performed;
          if (!performed) {
            if (packed) skipped += element.size;
            continue;
          }
        }
        const width = addresses[element.address]!.width === 64 || addresses[element.address]!.segment !== undefined ? 64 : 32;
        const gva = truncate(starts[element.address]! + BigInt(element.offset - skipped), width);
        plan.push({ element, write, gva, gpa: this.#map.translate(gva) });
      }
    }
    return plan;
  }

  #isPerformed(when: RegisterSlice | FlagsCondition): boolean | Refusal {
    if ("condition" in when) {
      const flags = this.#transaction.slice({ register: this.#registers.index("rflags"), bit: 0, width: 64 });
      return flags instanceof Refusal ? flags : meetsCondition(when.condition, flags);
    }
    const bit = this.#transaction.slice(when);
    return bit instanceof Refusal ? bit : bit === 1n;
  }

  /**
   * Holds the plan against the fault: no access over a page end, the address and direction that faulted among the accesses,
   * the processor's own alignment rule, and no device access of a kernel at a user address.
   */
  #checkPlan(plan: readonly Planned[]): Refusal | undefined {
    const fault = this.#fault;
    if (plan.length === 0) {
      return new Refusal("address-mismatch", "with these registers it makes no access at all", "the registers and the fault do not belong together");
    }
    for (const { element, gva } of plan) {
      if (pageOf(gva) !== pageOf(gva + BigInt(element.size - 1))) {
        return new Refusal(
          "page-crossing",
          `its access of ${element.size} bytes at ${hexadecimal(gva)} straddles two pages`,
          "split or align the access in the guest's driver: a hypercall covers one page",
        );
      }
    }
    const { alignment } = this.#operation;
    if (alignment !== undefined && plan[0]!.gva % BigInt(alignment) !== 0n) {
      return new Refusal(
        "address-mismatch",
        `the processor demands ${alignment}-byte alignment, and ${hexadecimal(plan[0]!.gva)} is not: it would have raised an alignment exception and not this fault`,
        "deliver that exception to the guest, or check that the registers are those of the faulting instruction",
      );
    }
    return this.#matchFault(plan, fault.gva) ?? this.#checkDirection(plan) ?? this.#checkUserAddresses(plan);
  }

  #matchFault(plan: readonly Planned[], reported: bigint | undefined): Refusal | undefined {
    const fault = this.#fault;
    if (reported === undefined && fault.gpa !== undefined) {
      // The log gave a physical address only: the first access must agree with it as far as the page offset goes.
      const first = plan.find(({ gva }) => gva % PAGE_SIZE === fault.gpa! % PAGE_SIZE);
      if (first === undefined) {
        return new Refusal("address-mismatch", `it accesses ${list(plan)}, and the fault's physical address is ${hexadecimal(fault.gpa)}`, MISMATCH_ADVICE);
      }
      this.#map = new DeviceMap(first.gva, fault.gpa, this.#guest);
      plan.forEach((each, at) => ((plan as Planned[])[at] = { ...each, gpa: this.#map.translate(each.gva) }));
      return undefined;
    }
    const devices = plan.filter(({ gpa }) => gpa !== undefined);
    if (reported === undefined) {
      if (devices.length > 0) return undefined;
      return new Refusal(
        "address-mismatch",
        `it accesses ${list(plan)}; the trace gives neither the faulting address nor a device window there`,
        "give fault.gva and fault.gpa, or guest.windows in the trace's header",
      );
    }
    if (fault.gpa === undefined && this.#map.translate(reported) === undefined) {
      return new Refusal(
        "address-mismatch",
        `the fault at ${hexadecimal(reported)} has no physical address, and no device window holds it`,
        "give fault.gpa, or guest.windows in the trace's header",
      );
    }
    // The machine reports the first device access; of an instruction with two memory operands either operand's first.
    const firsts = this.#operation.addresses.map((_, index) => devices.find(({ element }) => element.address === index)?.gva);
    if (firsts.includes(reported)) return undefined;
    return new Refusal("address-mismatch", `it accesses ${list(plan)}, and the fault was at ${hexadecimal(reported)}`, MISMATCH_ADVICE);
  }

  #checkDirection(plan: readonly Planned[]): Refusal | undefined {
    const { gva, write } = this.#fault;
    if (write === undefined) return undefined;
    const there = plan.filter((each) => each.gpa !== undefined && (gva === undefined || each.gva === gva));
    if (there.some((each) => each.write === write)) return undefined;
    return new Refusal(
      "direction-mismatch",
      `the fault was a ${write ? "write" : "read"}, and the instruction only ${write ? "reads" : "writes"} there`,
      "the instruction bytes and the fault do not belong together: another processor may have changed the code, or the PC is wrong",
    );
  }

  #checkUserAddresses(plan: readonly Planned[]): Refusal | undefined {
    for (const { gva, gpa } of plan) {
      const refusal = gpa === undefined ? undefined : checkPrivilege(this.#fault, gva, this.#guest, this.#policy);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Reads, computes, writes; register changes are held in the transaction. */
  #perform(plan: readonly Planned[]): Refusal | undefined {
    const bigEndian = this.#isBigEndian();
    if (bigEndian instanceof Refusal) return bigEndian;
    return (
      this.#performReads(plan, bigEndian) ??
      this.#compute() ??
      this.#performWrites(plan, bigEndian) ??
      this.#update()
    );
  }

  #performReads(plan: readonly Planned[], bigEndian: boolean): Refusal | undefined {
    for (const read of this.#operation.reads) {
      const planned = plan.find(({ element }) => element === read);
      let value = 0n;
      if (planned !== undefined) {
        const raw = this.#readElement(planned, read);
        if (raw instanceof Refusal) return raw;
        value = bigEndian !== (read.reversed === true) ? reverseBytes(raw, read.size) : raw;
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

  #readElement({ gva, gpa }: Planned, read: Read): bigint | Refusal {
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

  #performWrites(plan: readonly Planned[], bigEndian: boolean): Refusal | undefined {
    for (const { element, write, gva, gpa } of plan) {
      if (!write) continue;
      const { from, size, reversed } = element as Write;
      const source = this.#transaction.source(from);
      if (source instanceof Refusal) return source;
      // Only `size` bytes leave the guest.
      const low = truncate(source, 8 * size);
      const value = bigEndian !== (reversed === true) ? reverseBytes(low, size) : low;
      if (gpa === undefined) {
        this.#ram.write(gva, size, value);
        continue;
      }
      const instructionLength = this.#instruction.length;
      const answer = this.#device({ write: true, gva, gpa, size, value, target: this.#writeTarget(from, size), instructionLength });
      if (answer instanceof Refusal) return answer;
      this.#calls.push({ write: true, gpa, size, value });
    }
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

const MISMATCH_ADVICE = "the registers, the instruction bytes and the fault do not belong together: check that they were captured at the same moment";

function list(plan: readonly Planned[]): string {
  const addresses = [...new Set(plan.map(({ gva }) => hexadecimal(gva)))];
  return addresses.length <= 4 ? addresses.join(", ") : `${addresses.slice(0, 3).join(", ")} … ${addresses.at(-1)}`;
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
