import { mask } from "./bits.ts";
import type { Address, Destination, Index, Operation, Source } from "./operation.ts";
import { PROGRAM_COUNTER, type Register, type RegisterSet, ZERO_REGISTER } from "./registers.ts";

/** What an operation does with registers. */
export interface RegistersUsed {
  /** Registers whose values it needs, ascending, each with the number of low bits that must be known. */
  readonly needs: ReadonlyMap<Register, number>;
  /** Registers that it changes, ascending. */
  readonly changes: readonly Register[];
}

/** The registers that an instruction needs and those that it changes. The zero register and the program counter are none of them. */
export function registersUsed(operation: Operation, registers: RegisterSet): RegistersUsed {
  const needs = new Map<Register, number>();
  const changes = new Set<Register>();
  const written = new Map<Register, Written>();
  const need = (register: Register, width: number): void => {
    if (register !== ZERO_REGISTER && register !== PROGRAM_COUNTER) needs.set(register, Math.max(width, needs.get(register) ?? 0));
  };
  const needAll = (name: string): void => need(registers.index(name), registers.find(name)!.width);
  const source = (from: Source | undefined): void => {
    if (from?.kind === "register") need(from.register, from.bit + from.width);
  };
  const changed = ({ register, bit, width, extendTo, clearTo }: Destination): void => {
    if (register === ZERO_REGISTER || register === PROGRAM_COUNTER) return;
    changes.add(register);
    const { bits, end } = written.get(register) ?? { bits: 0n, end: 0 };
    written.set(register, {
      bits: bits | (mask(Math.max(bit + width, extendTo, clearTo)) & ~mask(bit)),
      end: Math.max(end, bit + width, extendTo),
    });
  };
  const index = (each: Index | undefined): void => {
    if (each === undefined) return;
    need(each.slice.register, each.slice.bit + each.slice.width);
    if (each.shift.kind === "rrx") needAll("cpsr");
  };
  const address = ({ base, index: scaled, bitString, segment, directional, width }: Address): void => {
    if (base !== undefined) need(base, width);
    index(scaled);
    index(bitString);
    if (segment !== undefined) need(segment, 64);
    if (directional) needAll("rflags");
  };
  for (const { when } of [...operation.reads, ...operation.writes]) {
    if (when === undefined) continue;
    if ("condition" in when) needAll("rflags");
    else need(when.register, when.bit + when.width);
  }
  operation.addresses.forEach(address);
  for (const { to, when, otherwise } of operation.reads) {
    to.forEach(changed);
    // An element that is not read leaves its part of the register as it was (gathers).
    if (when !== undefined && otherwise === undefined) for (const { register, bit, width } of to) need(register, bit + width);
  }
  operation.writes.forEach(({ from }) => source(from));
  for (const { inputs, to, when, operator, flags } of operation.computes) {
    inputs.forEach(source);
    source(when);
    to.forEach(changed);
    if (registers.architecture === "x86-64" && operator.startsWith("x86-") && operator !== "x86-mxcsr" && flags !== "keep") {
      needAll("rflags");
      changes.add(registers.index("rflags"));
    }
  }
  for (const { to, value } of operation.updates) {
    changed(to);
    address(value);
  }
  if (operation.repeat !== undefined) {
    const { counter } = operation.repeat;
    need(counter.register, counter.bit + counter.width);
    changed(counter);
  }
  if (operation.condition !== undefined && operation.condition !== 14) needAll("cpsr");
  for (const [register, parts] of written) {
    const width = namedWidth(parts.end, registers.describe(register).width);
    if ((parts.bits & mask(width)) !== mask(width)) need(register, width);
  }
  return {
    needs: new Map([...needs].toSorted(([first], [second]) => first - second)),
    changes: [...changes].toSorted((first, second) => first - second),
  };
}

/** Bits of a register that get a value, cleared ones included, and where those with a value of their own end. */
interface Written {
  readonly bits: bigint;
  readonly end: number;
}

/**
 * As far as a register that is written up to bit `end` counts: a vector register to the end of its narrowest name (128, 256 or 512
 * bits) that holds what was written, because its upper part may be unknown and stay so. If not all of that is written, old bits stay.
 */
function namedWidth(end: number, width: number): number {
  return width <= 64 ? width : Math.ceil(end / 128) * 128;
}
