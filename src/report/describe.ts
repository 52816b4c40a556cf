import { hexadecimal } from "../model/bits.ts";
import type { Address, Index, Operation, Read, Write } from "../model/operation.ts";
import type { RegisterSet } from "../model/registers.ts";
import { registersUsed } from "../model/registers-used.ts";

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
  for (const index of [address.index, address.bitString]) {
    if (index !== undefined) text += `${text === "" ? "" : index.negative ? " - " : " + "}${indexText(index, address.width, registers)}`;
  }
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
export function registerNames(operation: Operation, registers: RegisterSet): { readonly needs: string[]; readonly changes: string[] } {
  const { needs, changes } = registersUsed(operation, registers);
  return { needs: [...needs.keys()].map((register) => registers.name(register)), changes: changes.map((register) => registers.name(register)) };
}
