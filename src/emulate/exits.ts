import type { InstructionSet } from "../model/architecture.ts";
import { hexadecimal, truncate } from "../model/bits.ts";
import type { Exit, ExitInstruction, PortInstruction, ReportedExit, ReportedPort } from "../model/exit.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Destination, Update } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import type { Register, RegisterSet } from "../model/registers.ts";
import { evaluateAddress } from "./address.ts";
import { type Emulation, ITERATION_LIMIT } from "./emulate.ts";
import { finish } from "./flow.ts";
import { DeviceMap, Ram } from "./memory.ts";
import { Transaction } from "./transaction.ts";

/** Makes one exit to the host: its answers, one for each of `answerWidths(exit)`, or the refusal that ends the instruction. */
export type ExitPort = (exit: Exit) => readonly bigint[] | Refusal;

/** RFLAGS.IF, SDM volume 1, section 3.4.3.3. */
const INTERRUPT_FLAG_BIT = 9;

/**
 * Executes an x86-64 instruction that left to the hypervisor for something else than device memory: CPUID, HLT, port I/O, RDMSR, WRMSR.
 * Nothing is changed anywhere unless all of it succeeds. Refused with `not-a-data-abort` if the exit reason and the instruction do not
 * agree: a host that lies about the reason would have another instruction's answers put into registers (Linux e3ef461af35a,
 * CVE-2024-25742, CVE-2024-25743).
 */
export function emulateExit(
  instruction: Instruction,
  instructionSet: InstructionSet,
  reported: Exclude<ReportedExit, { readonly kind: "device" }>,
  fault: Fault,
  guest: GuestFacts,
  port: ExitPort,
): Emulation | Refusal {
  const refusal = checkKind(instruction, reported);
  if (refusal !== undefined) return refusal;
  return new ExitExecution(instruction, instructionSet, fault, guest, port).run(instruction.exit!, reported);
}

function checkKind({ exit, mnemonic }: Instruction, reported: ReportedExit): Refusal | undefined {
  const kind = exit?.kind === "msr-read" || exit?.kind === "msr-write" ? "msr" : exit?.kind;
  const sameDirection =
    reported.kind !== "msr" || reported.write === undefined || exit?.kind === (reported.write ? "msr-write" : "msr-read");
  if (kind === reported.kind && sameDirection) return undefined;
  return disagree(`the exit reason says ${describe(reported)}, and the instruction is ${mnemonic}`);
}

function describe(reported: ReportedExit): string {
  switch (reported.kind) {
    case "device":
      return "an access to device memory";
    case "cpuid":
      return "CPUID";
    case "halt":
      return "HLT";
    case "port":
      return "port I/O";
    case "msr":
      return reported.write === undefined ? "an MSR access" : reported.write ? "WRMSR" : "RDMSR";
    default:
      return reported satisfies never;
  }
}

function disagree(what: string): Refusal {
  return new Refusal(
    "not-a-data-abort",
    what,
    "the instruction bytes and the exit do not belong together (changed code, or a lying host): do not return to the instruction",
  );
}

class ExitExecution {
  readonly #instruction: Instruction;
  readonly #instructionSet: InstructionSet;
  readonly #fault: Fault;
  readonly #registers: RegisterSet;
  readonly #transaction: Transaction;
  readonly #ram: Ram;
  readonly #devices: DeviceMap;
  readonly #port: ExitPort;

  constructor(instruction: Instruction, instructionSet: InstructionSet, fault: Fault, guest: GuestFacts, port: ExitPort) {
    this.#instruction = instruction;
    this.#instructionSet = instructionSet;
    this.#fault = fault;
    this.#registers = fault.registers.set;
    this.#transaction = new Transaction(fault.registers, fault.pc);
    this.#ram = new Ram(fault);
    // The fault's own addresses mean nothing at these exits: device memory is what the guest says it is.
    this.#devices = new DeviceMap(undefined, undefined, guest);
    this.#port = port;
  }

  run(exit: ExitInstruction, reported: ReportedExit): Emulation | Refusal {
    switch (exit.kind) {
      case "cpuid":
        return this.#runCpuid();
      case "halt":
        return this.#runHalt();
      case "msr-read":
        return this.#runMsrRead();
      case "msr-write":
        return this.#runMsrWrite();
      case "port":
        return this.#runPort(exit, reported.kind === "port" ? reported.port : undefined);
      default:
        return exit satisfies never;
    }
  }

  #runCpuid(): Emulation | Refusal {
    const leaf = this.#read("rax", 32);
    if (leaf instanceof Refusal) return leaf;
    const subleaf = this.#read("rcx", 32);
    if (subleaf instanceof Refusal) return subleaf;
    const answer = this.#port({ kind: "cpuid", leaf, subleaf });
    if (answer instanceof Refusal) return answer;
    return this.#writeAll(["rax", "rbx", "rcx", "rdx"], answer) ?? this.#commit();
  }

  /**
   * STI holds interrupts off for one instruction, so that STI; HLT can't miss one. An exception between the two ends that shadow: a halt
   * emulated with interrupts enabled may sleep through the interrupt that it waits for.
   */
  #runHalt(): Emulation | Refusal {
    const enabled = this.#transaction.slice({ register: this.#registers.index("rflags"), bit: INTERRUPT_FLAG_BIT, width: 1 });
    if (enabled instanceof Refusal) return enabled;
    if (enabled === 1n) {
      return new Refusal(
        "unsupported-instruction",
        "HLT with interrupts enabled can't be emulated safely: an interrupt that came after STI would be slept through",
        "let the guest halt by a hypercall of its own, made with interrupts disabled",
      );
    }
    const answer = this.#port({ kind: "halt" });
    return answer instanceof Refusal ? answer : this.#commit();
  }

  #runMsrRead(): Emulation | Refusal {
    const index = this.#read("rcx", 32);
    if (index instanceof Refusal) return index;
    const answer = this.#port({ kind: "msr-read", index });
    if (answer instanceof Refusal) return answer;
    return this.#writeAll(["rax", "rdx"], [truncate(answer[0]!, 32), answer[0]! >> 32n]) ?? this.#commit();
  }

  #runMsrWrite(): Emulation | Refusal {
    const values: bigint[] = [];
    for (const name of ["rcx", "rax", "rdx"]) {
      const value = this.#read(name, 32);
      if (value instanceof Refusal) return value;
      values.push(value);
    }
    const [index, low, high] = values as [bigint, bigint, bigint];
    const answer = this.#port({ kind: "msr-write", index, value: (high << 32n) | low });
    return answer instanceof Refusal ? answer : this.#commit();
  }

  #runPort(instruction: PortInstruction, reported: ReportedPort | undefined): Emulation | Refusal {
    const number = instruction.immediate === undefined ? this.#read("rdx", 16) : BigInt(instruction.immediate);
    if (number instanceof Refusal) return number;
    const port = Number(number);
    const refusal = reported === undefined ? undefined : checkPort(instruction, port, reported);
    if (refusal !== undefined) return refusal;
    if (instruction.string !== undefined) return this.#runString(instruction, instruction.string, port);
    const { size, write } = instruction;
    if (write) {
      const value = this.#read("rax", 8 * size);
      if (value instanceof Refusal) return value;
      const answer = this.#port({ kind: "port-write", port, size, value });
      return answer instanceof Refusal ? answer : this.#commit();
    }
    const answer = this.#port({ kind: "port-read", port, size });
    if (answer instanceof Refusal) return answer;
    return this.#transaction.write(generalDestination(this.#registers.index("rax"), 8 * size), answer[0]!) ?? this.#commit();
  }

  /** INS and OUTS, one port access an iteration. Like every REP: stopped short, the PC stays. */
  #runString(instruction: PortInstruction, string: NonNullable<PortInstruction["string"]>, port: number): Emulation | Refusal {
    const { address, update, repeat } = string;
    for (let iteration = 0; ; iteration++) {
      const count = repeat === undefined ? 1n : this.#transaction.slice(repeat.counter);
      if (count instanceof Refusal) return count;
      if (count === 0n) {
        if (iteration > 0) return this.#commit();
        return disagree(`${this.#instruction.mnemonic} with a count of 0 accesses no port, so it can't have left to the hypervisor`);
      }
      if (iteration === ITERATION_LIMIT) return this.#commit(0);
      const at = evaluateAddress(address, this.#transaction, this.#registers);
      if (at instanceof Refusal) return at;
      const outside = this.#checkElement(instruction, at);
      if (outside !== undefined) return iteration === 0 ? outside : this.#commit(0);
      const refusal =
        this.#moveElement(instruction, port, at) ??
        this.#step(update) ??
        (repeat === undefined ? undefined : this.#transaction.write(repeat.counter, count - 1n));
      if (refusal !== undefined) return refusal;
      this.#transaction.advance();
      if (repeat === undefined) return this.#commit();
    }
  }

  #step({ to, value }: Update): Refusal | undefined {
    const next = evaluateAddress(value, this.#transaction, this.#registers);
    return next instanceof Refusal ? next : this.#transaction.write(to, next);
  }

  /** An element must lie in ordinary memory, and what OUTS reads there must have been captured. */
  #checkElement({ write, size }: PortInstruction, at: bigint): Refusal | undefined {
    if (this.#devices.translate(at) !== undefined || this.#devices.translate(BigInt.asUintN(64, at + BigInt(size - 1))) !== undefined) {
      return new Refusal(
        "unsupported-instruction",
        `it moves data between a port and device memory at ${hexadecimal(at)}`,
        "copy through ordinary memory: two devices in one instruction can't be undone if the second fails",
      );
    }
    const value = write ? this.#ram.read(at, size) : undefined;
    return value instanceof Refusal ? value : undefined;
  }

  #moveElement({ write, size }: PortInstruction, port: number, at: bigint): Refusal | undefined {
    if (write) {
      const value = this.#ram.read(at, size);
      if (value instanceof Refusal) return value;
      const answer = this.#port({ kind: "port-write", port, size, value });
      return answer instanceof Refusal ? answer : undefined;
    }
    const answer = this.#port({ kind: "port-read", port, size });
    if (answer instanceof Refusal) return answer;
    this.#ram.write(at, size, truncate(answer[0]!, 8 * size));
    return undefined;
  }

  #read(name: string, width: number): bigint | Refusal {
    return this.#transaction.slice({ register: this.#registers.index(name), bit: 0, width });
  }

  /** 32-bit answers: the upper halves are cleared, as the instructions do it. */
  #writeAll(names: readonly string[], values: readonly bigint[]): Refusal | undefined {
    for (const [at, name] of names.entries()) {
      const refusal = this.#transaction.write(generalDestination(this.#registers.index(name), 32), truncate(values[at]!, 32));
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #commit(length = this.#instruction.length): Emulation | Refusal {
    const pc = finish(this.#instructionSet, this.#fault.pc, length, this.#transaction, this.#registers);
    if (pc instanceof Refusal) return pc;
    return { calls: [], after: { pc, registers: this.#transaction.changes(), memory: this.#ram.changes() } };
  }
}

/** Whether the qualification agrees with the instruction: what it says of size, direction, string, REP, immediate and port. */
function checkPort(instruction: PortInstruction, port: number, reported: ReportedPort): Refusal | undefined {
  if (reported.write !== instruction.write) {
    return new Refusal(
      "direction-mismatch",
      `the exit qualification says ${reported.write ? "OUT" : "IN"}, and the instruction is an ${instruction.write ? "OUT" : "IN"}`,
      "the instruction bytes and the exit do not belong together",
    );
  }
  if (reported.port !== port) {
    return new Refusal(
      "address-mismatch",
      `the exit qualification names port ${hexadecimal(BigInt(reported.port))}, and the instruction accesses port ${hexadecimal(BigInt(port))}`,
      "the registers, the instruction bytes and the exit do not belong together: check that they were captured at the same moment",
    );
  }
  if (reported.size !== instruction.size) {
    return disagree(`the exit qualification says ${reported.size} bytes, and the instruction moves ${instruction.size}`);
  }
  const claims = [
    ["whether it is a string instruction", reported.string, instruction.string !== undefined],
    ["whether it has a REP prefix", reported.repeat, instruction.string?.repeat !== undefined],
    ["whether its port is an immediate", reported.immediate, instruction.immediate !== undefined],
  ] as const;
  const wrong = claims.find(([, claimed, is]) => claimed !== undefined && claimed !== is);
  if (wrong !== undefined) return disagree(`the exit qualification and the instruction do not agree on ${wrong[0]}`);
  return undefined;
}

/** A general register's low bits; 32 of them clear the rest, 8 and 16 keep it (SDM volume 1, section 3.4.1.1). */
function generalDestination(register: Register, width: number): Destination {
  const end = width === 32 ? 64 : width;
  return { register, bit: 0, width, extension: "zero", extendTo: end, clearTo: end };
}
