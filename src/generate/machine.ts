import { evaluateAddress } from "../emulate/address.ts";
import { emulate } from "../emulate/emulate.ts";
import { conditionHolds } from "../emulate/flow.ts";
import { DeviceMap, PAGE_SIZE } from "../emulate/memory.ts";
import { planAccesses, type Plan } from "../emulate/plan.ts";
import type { Policy } from "../emulate/policy.ts";
import { Transaction } from "../emulate/transaction.ts";
import type { Architecture, InstructionSet } from "../model/architecture.ts";
import type { Fault, GuestFacts, MemoryRange, Window } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import type { Address, Operation } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, RegisterFile, type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";
import { registersUsed } from "../model/registers-used.ts";
import type { Choices } from "./choices.ts";

/** Where things are in the guest that faults are generated for. */
interface Place {
  readonly code: bigint;
  readonly stack: bigint;
  /** Device memory; the last one lies where 32-bit addresses reach it. */
  readonly windows: readonly Window[];
}

const WINDOW_SIZE = 0x1_0000n;
/** Device memory that no register leads to (absolute addresses) lies here. */
const ELSEWHERE = 0x0b00_0000n;

const LOW: Window = { gva: 0x5000_0000n, gpa: 0x0a10_0000n, size: WINDOW_SIZE };
const PLACES: Readonly<Record<Architecture, Place>> = {
  aarch64: { code: 0xffff_8000_0801_0000n, stack: 0xffff_8000_0900_0000n, windows: [{ gva: 0xffff_8000_1000_0000n, gpa: 0x0a00_0000n, size: WINDOW_SIZE }] },
  arm: { code: 0x8001_0000n, stack: 0x8800_0000n, windows: [{ gva: 0xd000_0000n, gpa: 0x0a00_0000n, size: WINDOW_SIZE }] },
  riscv64: { code: 0xffff_ffff_8001_0000n, stack: 0xffff_ffc8_0000_0000n, windows: [{ gva: 0xffff_ffc6_1000_0000n, gpa: 0x1000_0000n, size: WINDOW_SIZE }] },
  "x86-64": { code: 0xffff_ffff_8101_0000n, stack: 0xffff_c900_0001_0000n, windows: [{ gva: 0xffff_c900_1000_0000n, gpa: 0xfed0_0000n, size: WINDOW_SIZE }, LOW] },
};

/** The guest of all generated faults of an architecture: what a trace of them has in its header. */
export function generatedGuest(architecture: Architecture): GuestFacts {
  return { windows: PLACES[architecture].windows };
}

/** How the machine is to be set up. */
export interface Situation {
  readonly policy: Policy;
  /** `needed`: the registers that the instruction needs and no other. `all`: every general and system register as well. */
  readonly registers: "needed" | "all";
  /** Aim so that an access straddles two pages: a fault that is refused for that. */
  readonly crossPages?: boolean;
  /** Do not run it: it is refused whatever the device answers. */
  readonly unanswered?: boolean;
}

/** Bits of CPSR, DDI 0487 G8.2.33. */
const CPSR_T = 1n << 5n;
const CPSR_E = 1n << 9n;
const SUPERVISOR = 0x13n;
/** RFLAGS, SDM volume 1, section 3.4.3: the bit that is always set, IF, and CF PF AF ZF SF OF. */
const RFLAGS = 0x202n;
const STATUS_FLAGS = [0, 2, 4, 6, 7, 11];
const DIRECTION_FLAG = 1n << 10n;

/**
 * A fault of this instruction: registers that lead its accesses to device memory, RAM and device values as far as it needs them. Undefined
 * where the choices lead nowhere (no access at all, an access over a page end, an exception of its own, a fault that the policy refuses).
 */
export function situate(instruction: Instruction, instructionSet: InstructionSet, bytes: Uint8Array, isa: Isa, choices: Choices, situation: Situation): Fault | undefined {
  const { operation } = instruction;
  if (operation instanceof Refusal) throw new Error(`${instruction.form} is not emulated: there is nothing to aim`);
  return new Machine(instruction, instructionSet, operation, bytes, isa, choices, situation).fault();
}

class Machine {
  readonly #instruction: Instruction;
  readonly #instructionSet: InstructionSet;
  readonly #operation: Operation;
  readonly #bytes: Uint8Array;
  readonly #isa: Isa;
  readonly #set: RegisterSet;
  readonly #choices: Choices;
  readonly #situation: Situation;
  readonly #place: Place;
  readonly #guest: GuestFacts;
  readonly #registers: RegisterFile;
  #pc: bigint;

  constructor(instruction: Instruction, instructionSet: InstructionSet, operation: Operation, bytes: Uint8Array, isa: Isa, choices: Choices, situation: Situation) {
    this.#instruction = instruction;
    this.#instructionSet = instructionSet;
    this.#operation = operation;
    this.#bytes = bytes;
    this.#isa = isa;
    this.#set = isa.registers;
    this.#choices = choices;
    this.#situation = situation;
    this.#place = PLACES[isa.architecture];
    this.#guest = generatedGuest(isa.architecture);
    this.#registers = new RegisterFile(isa.registers);
    this.#pc = this.#place.code + BigInt(choices.below("pc", 1024)) * BigInt(this.#codeAlignment());
  }

  fault(): Fault | undefined {
    this.#fillRegisters();
    const iterations = this.#count();
    const { addresses, reads, writes } = this.#operation;
    const used = addresses.map((_, index) => index).filter((index) => [...reads, ...writes].some(({ address }) => address === index));
    if (used.length === 0) return undefined;
    const device = this.#choices.pick("address operand", used);
    for (const index of used) if (index !== device) this.#aim(addresses[index]!, this.#ramTarget(index));
    this.#aim(addresses[device]!, this.#deviceTarget(device));
    const located = this.#locate(device);
    if (located === undefined) return undefined;
    const { gva, gpa, write, plan } = located;
    const crossing = plan.accesses.some(({ crossesPages }) => crossesPages);
    if (crossing !== (this.#situation.crossPages === true)) return undefined;
    const fault: Fault = { pc: this.#pc, bytes: this.#bytes, registers: this.#registers, gva, gpa, write, mode: "kernel", memory: this.#memory(plan, iterations), reads: [] };
    return crossing || this.#situation.unanswered ? fault : this.#answered(fault);
  }

  /** A32 instructions are aligned to words, T32 and RISC-V ones to halfwords. */
  #codeAlignment(): number {
    switch (this.#isa.architecture) {
      case "aarch64":
        return 4;
      case "arm":
      case "riscv64":
        return this.#instruction.length;
      case "x86-64":
        return 1;
      default:
        return this.#isa.architecture satisfies never;
    }
  }

  #fillRegisters(): void {
    const { needs } = registersUsed(this.#operation, this.#set);
    if (this.#isa.architecture === "arm") this.#registers.capture(this.#set.index("cpsr"), this.#cpsr());
    for (const [register, width] of needs) this.#fill(register, width);
    if (this.#situation.registers === "needed") return;
    this.#set.descriptions.forEach(({ file, name, width }, register) => {
      // The program counter of a trace is its `pc`, and APX registers are on few machines.
      const counted = file !== "vector" && name !== "r15" && !/^(r1[6-9]|r2\d|r3[01])$/.test(name);
      if (counted && this.#registers.capturedWidth(register) === 0) this.#fill(register, width);
    });
  }

  /** General registers whole, vector registers by the narrowest name that holds what is needed. */
  #fill(register: Register, needed: number): void {
    const { name, width, narrower, file } = this.#set.describe(register);
    if (name === "cpsr") return;
    const captured = narrower?.find((each) => each.width >= needed)?.width ?? width;
    const value = file === "system" ? this.#system(name, width) : this.#choices.value(`register ${name}`, captured);
    this.#registers.capture(register, value, captured);
  }

  #system(name: string, width: number): bigint {
    switch (name) {
      case "rflags":
        return this.#flags();
      case "pstate":
        // NZCV, EL1h.
        return (BigInt(this.#choices.below("register pstate", 16)) << 28n) | 5n;
      case "mxcsr":
        return 0x1f80n;
      default:
        return this.#choices.value(`register ${name}`, width);
    }
  }

  #flags(): bigint {
    let flags = RFLAGS;
    for (const bit of STATUS_FLAGS) if (this.#choices.below(`register rflags-${bit}`, 2) === 1) flags |= 1n << BigInt(bit);
    return this.#choices.rarely("register rflags-10", 3) ? flags | DIRECTION_FLAG : flags;
  }

  /** Supervisor mode, flags under which the instruction is executed (mostly), an IT block now and then, big-endian data seldom. */
  #cpsr(): bigint {
    const { condition } = this.#operation;
    const register = this.#set.index("cpsr");
    const thumb = this.#instructionSet === "t32";
    let cpsr = SUPERVISOR | (thumb ? CPSR_T : 0n);
    if (this.#choices.rarely("register cpsr-big-endian", 10)) cpsr |= CPSR_E;
    if (thumb && this.#choices.rarely("register cpsr-it", 4)) {
      const state = BigInt((this.#choices.below("register cpsr-it-condition", 15) << 4) | (8 >> this.#choices.below("register cpsr-it-rest", 4)));
      cpsr |= ((state >> 2n) << 10n) | ((state & 3n) << 25n);
    }
    const all = Array.from({ length: 16 }, (_, flags) => cpsr | (BigInt(flags) << 28n));
    const holding = all.filter((each) => {
      const file = new RegisterFile(this.#set);
      file.capture(register, each);
      return conditionHolds(condition, new Transaction(file, 0n), this.#set) === true;
    });
    return this.#choices.pick("register cpsr-flags", holding.length === 0 || this.#choices.rarely("register cpsr-fails", 12) ? all : holding);
  }

  /** Iterations of a REP: few. */
  #count(): number {
    const { repeat } = this.#operation;
    if (repeat === undefined) return 1;
    const count = 1 + this.#choices.below("count", 8);
    const { register, width } = repeat.counter;
    const above = width === 32 ? this.#registers.get(register)! & ~0xffff_ffffn : 0n;
    this.#registers.capture(register, above | BigInt(count));
    return count;
  }

  /** Bytes from the start of an address to the end of its last access. */
  #span(index: number): bigint {
    const ends = [...this.#operation.reads, ...this.#operation.writes].filter(({ address }) => address === index).map(({ offset, size }) => offset + size);
    return BigInt(Math.max(...ends));
  }

  #alignmentOf(index: number): bigint {
    const { alignment, reads, writes, addresses } = this.#operation;
    const demanded = index === 0 ? (alignment ?? 1) : 1;
    const element = [...reads, ...writes].find(({ address }) => address === index)!.size;
    return BigInt(Math.max(demanded, addresses[index]!.baseMultiple ?? 1, this.#choices.rarely("address unaligned", 4) ? 1 : element));
  }

  /** An address within a window: its start, a page's end, over a page's end between two accesses, or anywhere. */
  #deviceTarget(index: number): bigint {
    const windows = this.#place.windows;
    const window = this.#operation.addresses[index]!.width === 32 ? windows.at(-1)! : windows[0]!;
    const span = this.#span(index);
    const first = BigInt([...this.#operation.reads, ...this.#operation.writes].find(({ address }) => address === index)!.size);
    const page = window.gva + 8n * PAGE_SIZE;
    if (this.#situation.crossPages) return page - BigInt(1 + this.#choices.below("address back", Number(first) - 1 || 1));
    const alignment = this.#alignmentOf(index);
    switch (this.#choices.below("address kind", 8)) {
      case 0:
        return page;
      case 1:
        return roundDown(page - span, alignment);
      case 2:
        return roundDown(page - first, alignment);
      default: {
        const room = Number((PAGE_SIZE - (span % PAGE_SIZE)) / alignment);
        return page + BigInt(this.#choices.below("address offset", Math.max(room, 1))) * alignment;
      }
    }
  }

  #ramTarget(index: number): bigint {
    const low = this.#operation.addresses[index]!.width === 32 && this.#isa.architecture === "x86-64";
    return (low ? 0x6000_0000n : this.#place.stack) + 16n * BigInt(this.#choices.below(`address ram-${index}`, 128));
  }

  /** Gives the base (or the program counter) the value that makes the address `target`, if there is one. */
  #aim(address: Address, target: bigint): void {
    const { base, width } = address;
    if (base === undefined || base === ZERO_REGISTER) return;
    if (base === PROGRAM_COUNTER) {
      const found = this.#evaluate(address);
      if (found instanceof Refusal) return;
      const alignment = BigInt(this.#isa.architecture === "arm" ? 4 : this.#codeAlignment());
      this.#pc = roundDown(BigInt.asUintN(this.#set.architecture === "arm" ? 32 : 64, this.#pc + target - found), alignment);
      return;
    }
    const multiple = BigInt(address.baseMultiple ?? 1);
    const before = roundDown(this.#registers.get(base)!, multiple);
    this.#registers.capture(base, before);
    const found = this.#evaluate(address);
    if (found instanceof Refusal) return;
    const aimed = roundDown(BigInt.asUintN(width, before + target - found), multiple);
    const above = width === 32 && this.#set.describe(base).width === 64 ? (before >> 32n) << 32n : 0n;
    this.#registers.capture(base, above | aimed);
  }

  #evaluate(address: Address): bigint | Refusal {
    return evaluateAddress(address, new Transaction(this.#registers, this.#pc), this.#set);
  }

  #plan(map: DeviceMap): Plan | Refusal {
    return planAccesses(this.#operation, new Transaction(this.#registers, this.#pc), this.#set, map);
  }

  /** The faulting access: the first of the device operand. Where it lies in no window its page is device memory all the same. */
  #locate(device: number): { readonly gva: bigint; readonly gpa: bigint; readonly write: boolean; readonly plan: Plan } | undefined {
    const windows = new DeviceMap(undefined, undefined, this.#guest);
    const draft = this.#plan(windows);
    if (draft instanceof Refusal) return undefined;
    const first = draft.accesses.find(({ element }) => element.address === device);
    if (first === undefined) return undefined;
    const { gva } = first;
    const gpa = first.gpa ?? ELSEWHERE + (gva % PAGE_SIZE);
    const plan = this.#plan(new DeviceMap(gva, gpa, this.#guest));
    if (plan instanceof Refusal) return undefined;
    const there = plan.accesses.filter((each) => each.gva === gva);
    const write = this.#choices.pick("address direction", there).write;
    return { gva, gpa, write, plan };
  }

  /** The RAM that it reads, for all iterations. */
  #memory({ accesses }: Plan, iterations: number): MemoryRange[] {
    const bytes = new Map<bigint, number>();
    const backwards = iterations > 1 && ((this.#registers.byName("rflags") ?? 0n) & DIRECTION_FLAG) !== 0n;
    for (const { write, gva, gpa, element } of accesses) {
      if (write || gpa !== undefined) continue;
      for (let iteration = 0; iteration < iterations; iteration++) {
        const start = gva + BigInt((backwards ? -1 : 1) * iteration * element.size);
        for (let at = 0; at < element.size; at++) {
          const address = BigInt.asUintN(64, start + BigInt(at));
          if (!bytes.has(address)) bytes.set(address, Number(this.#choices.value(`memory ${bytes.size}`, 8)));
        }
      }
    }
    const ranges: { address: bigint; bytes: number[] }[] = [];
    for (const [address, byte] of [...bytes].toSorted(([first], [second]) => (first < second ? -1 : 1))) {
      const last = ranges.at(-1);
      if (last !== undefined && last.address + BigInt(last.bytes.length) === address) last.bytes.push(byte);
      else ranges.push({ address, bytes: [byte] });
    }
    return ranges.map(({ address, bytes: values }) => ({ address, bytes: Uint8Array.from(values) }));
  }

  /** The fault with what the device answers, found by running it. Now and then the device's value has bits above the access. */
  #answered(fault: Fault): Fault | undefined {
    const reads: bigint[] = [];
    const emulation = emulate(this.#instruction, this.#instructionSet, fault, this.#guest, this.#situation.policy, ({ write, size }) => {
      if (write) return 0n;
      const number = reads.length;
      const value = this.#choices.value(`read ${number}`, 8 * size);
      const wide = size < 8 && this.#choices.rarely(`read wide-${number}`, 12) ? this.#choices.bits(`read above-${number}`, 64 - 8 * size) : 0n;
      reads.push(value | (wide << BigInt(8 * size)));
      return value;
    });
    return emulation instanceof Refusal ? undefined : { ...fault, reads };
  }
}

function roundDown(value: bigint, multiple: bigint): bigint {
  return value - (value % multiple);
}
