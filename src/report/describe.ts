import { hexadecimal, mask } from "../model/bits.ts";
import type { Address, Destination, Index, Operation, Read, Source, Write } from "../model/operation.ts";
import { PROGRAM_COUNTER, type Register, type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";

/** An address expression for people: `[x0 + 8]`, `[rbx + 4 * rcx - 0x10]`, `[x1 + sign-extended w2 << 2]`. */
export function addressText(address: Address, registers: RegisterSet): string {
  const terms: string[] = [];
  if (address.segment !== undefined) terms.push(registers.name(address.segment));
  if (address.base !== undefined) {
    const name = registers.name(address.base);
    const base = address.baseOffset === undefined || address.baseOffset === 0 ? name : `${name} + ${address.baseOffset}`;
    terms.push(address.baseAlignment === undefined ? base : `align(${base}, ${address.baseAlignment})`);
  }
  let text = terms.join(" + ");
  if (address.index !== undefined) text += `${text === "" ? "" : address.index.negative ? " - " : " + "}${indexText(address.index, address.width, registers)}`;
  const { displacement } = address;
  if (address.directional) text += displacement === 0n ? "" : ` ± ${magnitude(displacement)}`;
  else if (text === "") text = hexadecimal(BigInt.asUintN(address.width, displacement));
  else if (displacement !== 0n) text += ` ${displacement < 0n ? "-" : "+"} ${magnitude(displacement)}`;
  return `[${text}]`;
}

function indexText({ slice, signed, shift, granule }: Index, width: number, registers: RegisterSet): string {
  const name = registers.name(slice.register);
  let text = slice.width < width ? `${signed ? "sign" : "zero"}-extended ${name}[${slice.bit + slice.width - 1}:${slice.bit}]` : name;
  if (shift.kind === "rrx") text += " rrx";
  else if (shift.amount !== 0) text += ` ${shift.kind} ${shift.amount}`;
  return granule === undefined ? text : `(${text} rounded down to ${granule})`;
}

function magnitude(value: bigint): string {
  const positive = value < 0n ? -value : value;
  return positive < 10n ? positive.toString() : hexadecimal(positive);
}

/** The accesses in order, runs of equal size at rising offsets drawn together: `reads 2 × 8 bytes at [x0 + 0x10]`. */
export function accessLines({ addresses, reads, writes, repeat, packed }: Operation, registers: RegisterSet): string[] {
  const lines: string[] = [];
  for (const [verb, elements] of [["reads", reads], ["writes", writes]] as const) {
    for (let start = 0; start < elements.length; ) {
      let end = start + 1;
      while (end < elements.length && follows(elements[end - 1]!, elements[end]!)) end++;
      lines.push(runText(verb, elements.slice(start, end), addresses, registers));
      start = end;
    }
  }
  if (repeat !== undefined) lines.push(`repeated ${registers.name(repeat.counter.register)} times`);
  if (packed) lines.push("elements that are not selected take no room in memory");
  return lines;
}

function follows(first: Read | Write, second: Read | Write): boolean {
  const conditional = (first.when === undefined) === (second.when === undefined);
  return conditional && first.address === second.address && first.size === second.size && second.offset === first.offset + first.size;
}

function runText(verb: string, run: readonly (Read | Write)[], addresses: readonly Address[], registers: RegisterSet): string {
  const [first] = run as readonly [Read | Write];
  const address = addresses[first.address]!;
  const at = addressText({ ...address, displacement: address.displacement + BigInt(first.offset) }, registers);
  const amount = run.length === 1 ? `${first.size} byte${first.size === 1 ? "" : "s"}` : `${run.length} × ${first.size} byte${first.size === 1 ? "" : "s"}`;
  return `${verb} ${amount} at ${at}${first.when === undefined ? "" : ", each only if its condition holds"}`;
}

/** Names of the registers whose values the instruction needs, and of those that it changes, in the order of the register set. */
export function registersUsed(operation: Operation, registers: RegisterSet): { readonly needs: string[]; readonly changes: string[] } {
  const needs = new Set<Register>();
  const changes = new Set<Register>();
  const source = (from: Source | undefined): void => void (from?.kind === "register" && needs.add(from.register));
  const written = new Map<Register, Written>();
  const changed = ({ register, bit, width, extendTo, clearTo }: Destination): void => {
    changes.add(register);
    const { bits, end } = written.get(register) ?? { bits: 0n, end: 0 };
    written.set(register, {
      bits: bits | (mask(Math.max(bit + width, extendTo, clearTo)) & ~mask(bit)),
      end: Math.max(end, bit + width, extendTo),
    });
  };
  const address = ({ base, index, segment, directional }: Address): void => {
    for (const register of [base, index?.slice.register, segment]) if (register !== undefined) needs.add(register);
    if (directional) needs.add(registers.index("rflags"));
  };
  const status = (name: string): void => void needs.add(registers.index(name));
  for (const element of [...operation.reads, ...operation.writes]) {
    if (element.when !== undefined) needs.add("condition" in element.when ? registers.index("rflags") : element.when.register);
  }
  operation.addresses.forEach(address);
  operation.reads.forEach(({ to }) => to.forEach(changed));
  operation.writes.forEach(({ from }) => source(from));
  for (const { inputs, to, when, operator, flags } of operation.computes) {
    inputs.forEach(source);
    source(when);
    to.forEach(changed);
    if (registers.architecture === "x86-64" && operator.startsWith("x86-") && operator !== "x86-mxcsr" && flags !== "keep") {
      status("rflags");
      changes.add(registers.index("rflags"));
    }
  }
  for (const { to, value } of operation.updates) {
    changed(to);
    address(value);
  }
  if (operation.repeat !== undefined) {
    needs.add(operation.repeat.counter.register);
    changed(operation.repeat.counter);
  }
  if (operation.condition !== undefined && operation.condition !== 14) status("cpsr");
  for (const [register, parts] of written) if (register >= 0 && keepsBits(parts, registers.describe(register).width)) needs.add(register);
  const named = (set: Set<Register>): string[] =>
    [...set].filter((register) => register !== ZERO_REGISTER && register !== PROGRAM_COUNTER).toSorted((first, second) => first - second).map((register) => registers.name(register));
  return { needs: named(needs), changes: named(changes) };
}

/** Bits of a register that get a value, cleared ones included, and where those with a value of their own end. */
interface Written {
  readonly bits: bigint;
  readonly end: number;
}

/**
 * Whether a register's new value has bits of the old one in it. A vector register counts as far as its narrowest name (128, 256 or 512
 * bits) that holds what was written: its upper part may be unknown and stay so.
 */
function keepsBits({ bits, end }: Written, width: number): boolean {
  const whole = mask(width <= 64 ? width : Math.ceil(end / 128) * 128);
  return (bits & whole) !== whole;
}
