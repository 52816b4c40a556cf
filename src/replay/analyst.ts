import type { Analyst, Deduction, ForeseenAccess, MachineAfter } from "../capture/analyst.ts";
import { type Emulation, emulate, ITERATION_LIMIT } from "../emulate/emulate.ts";
import { DeviceMap } from "../emulate/memory.ts";
import { planAccesses, type PlannedAccess } from "../emulate/plan.ts";
import type { Policy } from "../emulate/policy.ts";
import { Transaction } from "../emulate/transaction.ts";
import { mask } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import type { Destination, Operation } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, type RegisterFile } from "../model/registers.ts";

/** Nothing that a machine really did is refused. */
const POLICY: Policy = { atomics: "split", userMode: "allow" };

/** The emulator as a capture's {@link Analyst}: it foresees accesses, and deduces from the result what the device returned. */
export function analystOf(isa: Isa, guest: GuestFacts): Analyst {
  return {
    registers: isa.registers,
    decode(bytes, registers) {
      const set = isa.instructionSet(registers);
      return set instanceof Refusal ? set : isa.decode(bytes, set);
    },
    foresee: (instruction, fault) => (instruction.operation instanceof Refusal ? instruction.operation : foresee(instruction.operation, fault, guest)),
    deduce: (instruction, fault, after) => new Deducing(isa, guest, instruction, fault, after).result(),
  };
}

function foresee(operation: Operation, fault: Fault, guest: GuestFacts): readonly ForeseenAccess[] | Refusal {
  const { registers, pc } = fault;
  const plan = (map: DeviceMap) => planAccesses(operation, new Transaction(registers, pc), registers.set, map);
  const first = plan(new DeviceMap(undefined, undefined, guest));
  if (first instanceof Refusal) return first;
  const device = first.accesses.find(({ gpa }) => gpa !== undefined);
  // Replay takes the whole page that faulted for the device's.
  const whole = device === undefined ? first : plan(new DeviceMap(device.gva, device.gpa, guest));
  if (whole instanceof Refusal) return whole;
  if (operation.repeat === undefined) return whole.accesses.map(({ write, gva, gpa, element }) => ({ write, gva, gpa, size: element.size }));
  return foreseeRepeated(operation, whole.accesses, registers);
}

/** The first iteration's accesses; what lies in RAM is as long as all iterations need. */
function foreseeRepeated(operation: Operation, accesses: readonly PlannedAccess[], registers: RegisterFile): readonly ForeseenAccess[] {
  const counter = operation.repeat!.counter;
  const count = Number((registers.get(counter.register) ?? 0n) & mask(counter.width));
  if (count === 0) return [];
  const iterations = Math.min(count, ITERATION_LIMIT);
  const descending = ((registers.byName("rflags") ?? 0n) >> 10n) % 2n === 1n;
  return accesses.map(({ write, gva, gpa, element: { size } }) => {
    if (gpa !== undefined) return { write, gva, gpa, size };
    const length = iterations * size;
    return { write, gva: descending ? gva - BigInt(length - size) : gva, gpa, size: length };
  });
}

/** Where a bit of what the device returned can be seen: in a register, or in a byte of RAM. */
interface Observed {
  /** Bits, bit 0 first. */
  readonly machine: bigint;
  readonly width: number;
  of(emulation: Emulation): bigint;
}

/**
 * Finds what the device must have returned, from what the instruction left in registers and RAM. Only places are looked at to which the
 * instruction copies what it reads, whatever else it does; so the emulator itself tells, by answering with patterns instead of values,
 * which bit comes to lie where. A value of which one bit is nowhere to be seen is not known.
 */
class Deducing {
  readonly #isa: Isa;
  readonly #guest: GuestFacts;
  readonly #instruction: Instruction;
  readonly #fault: Fault;
  readonly #after: MachineAfter;

  constructor(isa: Isa, guest: GuestFacts, instruction: Instruction, fault: Fault, after: MachineAfter) {
    this.#isa = isa;
    this.#guest = guest;
    this.#instruction = instruction;
    this.#fault = fault;
    this.#after = after;
  }

  result(): Deduction {
    const { operation } = this.#instruction;
    if (operation instanceof Refusal) return { kind: "hidden" };
    const sizes: number[] = [];
    const blank = this.#emulate((index, size) => {
      sizes[index] = size;
      return 0n;
    });
    if (blank === undefined) return { kind: "hidden" };
    // A jump to what was read can't be foreseen.
    const leads = changesProgramCounter(operation) || blank.after.pc === this.#after.pc;
    if (!leads) return { kind: "not-done" };
    const reads = sizes.length === 0 ? [] : (this.#values(sizes, this.#observed(operation)) ?? this.#solved(sizes, operation));
    if (reads === undefined) return { kind: "hidden" };
    const emulation = this.#emulate((index) => reads[index] ?? 0n);
    if (emulation === undefined) return { kind: "hidden" };
    if (emulation.after.pc !== this.#after.pc) return { kind: "not-done" };
    return { kind: "known", reads, calls: emulation.calls };
  }

  /** The instruction with a device that answers the read of that index so; undefined where it is refused. */
  #emulate(answer: (index: number, size: number) => bigint): Emulation | undefined {
    const set = this.#isa.instructionSet(this.#fault.registers);
    if (set instanceof Refusal) return undefined;
    let index = 0;
    const device = (access: { readonly write: boolean; readonly size: number }): bigint => (access.write ? 0n : answer(index++, access.size));
    const emulation = emulate(this.#instruction, set, this.#fault, this.#guest, POLICY, device);
    return emulation instanceof Refusal ? undefined : emulation;
  }

  #observed(operation: Operation): Observed[] {
    const places: Observed[] = [];
    const { fault, after } = { fault: this.#fault, after: this.#after };
    for (const register of copiedRegisters(operation)) {
      const machine = after.registers.get(register);
      const width = after.registers.capturedWidth(register);
      if (machine === undefined) continue;
      const before = fault.registers.get(register) ?? 0n;
      places.push({ machine, width, of: (emulation) => emulation.after.registers.find((each) => each.register === register)?.value ?? before });
    }
    if (!copiesToMemory(operation)) return places;
    for (const { address, bytes } of after.memory) {
      bytes.forEach((byte, offset) => {
        const at = address + BigInt(offset);
        places.push({ machine: BigInt(byte), width: 8, of: (emulation) => byteAt(emulation, at) });
      });
    }
    return places;
  }

  /** Values of the reads, each of `sizes[index]` bytes; undefined unless every bit of them is seen. */
  #values(sizes: readonly number[], places: readonly Observed[]): bigint[] | undefined {
    const starts: number[] = [];
    let bits = 0;
    for (const size of sizes) {
      starts.push(bits);
      bits += 8 * size;
    }
    // Bit `position` of all answers is numbered position + 1; pattern p has in it bit p of that number. No number is 0, which constant bits show.
    const patterns = Math.ceil(Math.log2(bits + 2));
    const seen: bigint[][] = [];
    for (let pattern = 0; pattern < patterns; pattern++) {
      const emulation = this.#emulate((index, size) => patternValue(starts[index]!, 8 * size, pattern));
      const inverted = this.#emulate((index, size) => ~patternValue(starts[index]!, 8 * size, pattern) & mask(8 * size));
      if (emulation === undefined || inverted === undefined) return undefined;
      seen.push(places.map((place) => place.of(emulation)), places.map((place) => place.of(inverted)));
    }
    const values = sizes.map(() => 0n);
    const known = new Set<number>();
    places.forEach(({ machine, width }, place) => {
      for (let bit = 0; bit < width; bit++) {
        const number = numberOf(seen, place, BigInt(bit));
        if (number === undefined || number > bits) continue;
        const position = number - 1;
        known.add(position);
        let index = starts.length - 1;
        while (starts[index]! > position) index--;
        values[index]! |= ((machine >> BigInt(bit)) & 1n) << BigInt(position - starts[index]!);
      }
    });
    return known.size === bits ? values : undefined;
  }

  /**
   * The one value that was read, where a sum, difference or exclusive or of it with a register was left in a register: bit by bit from the
   * lowest, each of which the bits below it and the result decide.
   */
  #solved([size, second]: readonly number[], { computes }: Operation): bigint[] | undefined {
    const [compute, another] = computes;
    const to = compute?.to[0];
    if (size === undefined || second !== undefined || compute === undefined || another !== undefined || to === undefined) return undefined;
    const used = compute.inputs.filter(({ kind }) => kind === "temporary");
    const fits = used.length === 1 && compute.width === 8 * size && to.width === compute.width && to.register >= 0 && compute.when === undefined;
    const machine = this.#after.registers.get(to.register);
    if (!fits || !INVERTIBLE.has(compute.operator) || machine === undefined) return undefined;
    const wanted = (machine >> BigInt(to.bit)) & mask(to.width);
    const before = this.#fault.registers.get(to.register) ?? 0n;
    const result = (answer: bigint): bigint | undefined => {
      const emulation = this.#emulate(() => answer);
      const value = emulation?.after.registers.find((each) => each.register === to.register)?.value ?? before;
      return emulation === undefined ? undefined : (value >> BigInt(to.bit)) & mask(to.width);
    };
    let value = 0n;
    for (let bit = 0n; bit < BigInt(to.width); bit++) {
      const got = result(value);
      if (got === undefined) return undefined;
      if ((((got ^ wanted) >> bit) & 1n) === 1n) value |= 1n << bit;
    }
    return result(value) === wanted ? [value] : undefined;
  }
}

/** Operators whose result, cut to any number of low bits, tells as many bits of one input where the other is known. */
const INVERTIBLE: ReadonlySet<string> = new Set(["x86-add", "x86-adc", "x86-sub", "x86-sbb", "x86-xor"]);

/** The answer to a read whose first bit has the number `start` + 1, in one pattern. */
function patternValue(start: number, width: number, pattern: number): bigint {
  let value = 0n;
  for (let bit = 0; bit < width; bit++) value |= BigInt(((start + bit + 1) >> pattern) & 1) << BigInt(bit);
  return value;
}

/** The number of the bit that a place shows; undefined: it shows none (its pattern and the inverted one do not differ in all). */
function numberOf(seen: readonly (readonly bigint[])[], place: number, bit: bigint): number | undefined {
  let number = 0;
  for (let pattern = 0; 2 * pattern < seen.length; pattern++) {
    const plain = (seen[2 * pattern]![place]! >> bit) & 1n;
    const inverted = (seen[2 * pattern + 1]![place]! >> bit) & 1n;
    if (plain === inverted) return undefined;
    number |= Number(plain) << pattern;
  }
  return number === 0 ? undefined : number;
}

/** Registers that get a copy of what is read and that nothing else changes. */
function copiedRegisters({ reads, computes }: Operation): Set<Register> {
  const copied = new Set<Register>();
  const computed = new Set<Register>();
  /** Temporaries that hold results of arithmetic. */
  const mixed = new Set<number>();
  for (const { to } of reads) addRegisters(to, copied);
  for (const { operator, when, inputs, to, temporary } of computes) {
    const copies = operator === "copy" && when === undefined && inputs.every((input) => input.kind !== "temporary" || !mixed.has(input.index));
    if (!copies && temporary !== undefined) mixed.add(temporary);
    addRegisters(to, copies ? copied : computed);
  }
  return new Set([...copied].filter((register) => !computed.has(register)));
}

function addRegisters(to: readonly Destination[], group: Set<Register>): void {
  for (const { register } of to) if (register >= 0) group.add(register);
}

/** Whether what it writes are copies of what it read, or does not depend on that. */
function copiesToMemory({ computes }: Operation): boolean {
  return computes.every(({ operator, when }) => operator === "copy" && when === undefined);
}

function changesProgramCounter({ reads, computes }: Operation): boolean {
  return [...reads, ...computes].some(({ to }) => to.some(({ register }) => register === PROGRAM_COUNTER));
}

function byteAt({ after: { memory } }: Emulation, at: bigint): bigint {
  const range = memory.find(({ address, bytes }) => at >= address && at < address + BigInt(bytes.length));
  return range === undefined ? 0n : BigInt(range.bytes[Number(at - range.address)]!);
}
