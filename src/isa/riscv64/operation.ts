import type { Address, Compute, Destination, Operation, Read, RegisterSlice, Source, Write } from "../../model/operation.ts";
import { type Register, ZERO_REGISTER } from "../../model/registers.ts";
import type { Fields } from "../rows.ts";
import { type Facts, type Size, orderingSuffix } from "./facts.ts";
import { floatRegister, integerRegister } from "./registers.ts";

/** Facts of an instruction that is emulated. */
export type AccessFacts = Exclude<Facts, { kind: "unsupported" | "no-access" }>;

type AtomicFacts = Extract<Facts, { kind: "atomic" | "compare-and-swap" }>;

/** Temporaries of the atomics. */
const OLD = 0;
const NEW = 1;
const EXPECTED = 2;
const REPLACEMENT = 3;
/** What SC puts into rd when it has written. */
const SUCCESS: Source = { kind: "immediate", value: 0n };

/** What an instruction of this row with these fields does at `address`. */
export function operationOf(facts: AccessFacts, fields: Fields, address: Address): Operation {
  const ordering = orderingOf(fields);
  const plain = { addresses: [address], reads: [], computes: [], writes: [], updates: [], ...(ordering === undefined ? {} : { ordering }) };
  switch (facts.kind) {
    case "load":
      return { ...plain, reads: [read(facts.size, destination(dataRegister(facts.file, fields, "rd"), facts.size, facts.extension))] };
    case "store":
      return { ...plain, writes: [write(facts.size, source(dataRegister(facts.file, fields, "rs2"), facts.size))] };
    case "load-acquire":
      return { ...plain, reads: [loadInteger(fields, facts.size)], ...alignment(facts.size) };
    case "store-release":
      return { ...plain, writes: [write(facts.size, operand(fields, "rs2", facts.size))], ...alignment(facts.size) };
    case "load-reserved":
      return { ...plain, reads: [loadInteger(fields, facts.size)], ...alignment(facts.size), atomic: "exclusive-load" };
    case "store-conditional":
      return {
        ...plain,
        writes: [write(facts.size, operand(fields, "rs2", facts.size))],
        // Of the one outcome that writes: rd becomes 0. Whether it writes depends on the reservation.
        computes: [{ operator: "copy", width: 64, inputs: [SUCCESS], to: [destination(integerRegister(fields["rd"]!), 8, "zero")] }],
        ...alignment(facts.size),
        atomic: "exclusive-store",
      };
    case "atomic":
    case "compare-and-swap":
      return { ...plain, ...readModifyWrite(facts, fields), ...alignment(facts.size), atomic: "read-modify-write" };
    default:
      return facts satisfies never;
  }
}

/**
 * The old value goes to rd, sign-extended, and to a temporary; the new one is written. Operands are the low bits of their registers, so
 * AMOMIN.W and its like compare 32 bits. An AMOCAS that fails may write the old value back (chapter "Zacas"), and does so here.
 */
function readModifyWrite(facts: AtomicFacts, fields: Fields): Pick<Operation, "reads" | "computes" | "writes"> {
  if (facts.size === 16) return quadCompareAndSwap(fields);
  const { size } = facts;
  const width = 8 * size;
  const load: Read = { ...loadInteger(fields, size), temporary: OLD };
  const rs2 = operand(fields, "rs2", size);
  if (facts.kind === "atomic" && facts.operator === "swap") {
    return { reads: [load], computes: [], writes: [write(size, rs2)] };
  }
  const old: Source = { kind: "temporary", index: OLD };
  const compute: Compute =
    facts.kind === "atomic"
      ? { operator: facts.operator as Exclude<typeof facts.operator, "swap">, width, inputs: [old, rs2], to: [], temporary: NEW }
      : { operator: "compare-select", width, inputs: [old, operand(fields, "rd", size), rs2], to: [], temporary: NEW };
  return { reads: [load], computes: [compute], writes: [write(size, { kind: "temporary", index: NEW })] };
}

/** AMOCAS.Q: 128 bits from a register pair, low half in the even register. A pair that starts at x0 is all zero, and discards. */
function quadCompareAndSwap(fields: Fields): Pick<Operation, "reads" | "computes" | "writes"> {
  const halves = [0, 1] as const;
  const expected = pair(fields["rd"]!);
  const replacement = pair(fields["rs2"]!);
  const gather = (registers: readonly Register[], temporary: number): Compute[] =>
    halves.map((half) => ({ operator: "copy", width: 64, inputs: [source(registers[half]!, 8)], to: [], temporary, temporaryBit: 64 * half }));
  return {
    reads: halves.map((half) => ({
      address: 0,
      offset: 8 * half,
      size: 8,
      to: [destination(expected[half], 8, "zero")],
      temporary: OLD,
      temporaryBit: 64 * half,
    })),
    computes: [
      ...gather(expected, EXPECTED),
      ...gather(replacement, REPLACEMENT),
      {
        operator: "compare-select",
        width: 128,
        inputs: [OLD, EXPECTED, REPLACEMENT].map((index) => ({ kind: "temporary", index })),
        to: [],
        temporary: NEW,
      },
    ],
    writes: halves.map((half) => ({ address: 0, offset: 8 * half, size: 8, from: { kind: "temporary", index: NEW, bit: 64 * half } })),
  };
}

function pair(number: number): readonly [Register, Register] {
  return number === 0 ? [ZERO_REGISTER, ZERO_REGISTER] : [integerRegister(number), integerRegister(number + 1)];
}

/** Registers of compressed forms have a prime in the manual: three bits name x8–x15 or f8–f15. */
export function registerNumber(fields: Fields, name: "rd" | "rs1" | "rs2"): number | undefined {
  const short = fields[`${name}'`];
  return short === undefined ? fields[name] : short + 8;
}

function dataRegister(file: "x" | "f", fields: Fields, name: "rd" | "rs2"): Register {
  const number = registerNumber(fields, name)!;
  return file === "x" ? integerRegister(number) : floatRegister(number);
}

function loadInteger(fields: Fields, size: Size): Read {
  return read(size, destination(integerRegister(fields["rd"]!), size, "sign"));
}

function read(size: Size, to: Destination): Read {
  return { address: 0, offset: 0, size, to: [to] };
}

function write(size: Size, from: Source): Write {
  return { address: 0, offset: 0, size, from };
}

function operand(fields: Fields, name: "rd" | "rs2", size: Size): Source {
  return source(integerRegister(fields[name]!), size);
}

function source(register: Register, size: Size): Source & RegisterSlice {
  return { kind: "register", register, bit: 0, width: 8 * size };
}

function destination(register: Register, size: Size, extension: Destination["extension"]): Destination {
  return { register, bit: 0, width: 8 * size, extension, extendTo: 64, clearTo: 64 };
}

/** Atomics, and Zalasr's accesses, must be naturally aligned; Zama16b relaxes that for main memory only. */
function alignment(size: number): Pick<Operation, "alignment"> {
  return size === 1 ? {} : { alignment: size };
}

function orderingOf(fields: Fields): Operation["ordering"] {
  const suffix = orderingSuffix(fields);
  switch (suffix) {
    case "":
      return undefined;
    case ".aq":
      return "acquire";
    case ".rl":
      return "release";
    case ".aqrl":
      return "acquire-release";
    default:
      return suffix satisfies never;
  }
}
