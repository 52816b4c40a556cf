import type { Direction } from "../../model/instruction.ts";
import type { Address, Compute, Destination, Operation, Read, Source, Write } from "../../model/operation.ts";
import { type Register, ZERO_REGISTER } from "../../model/registers.ts";
import { Field, readField } from "../pattern.ts";
import { type Attributes, NONE, addAttributes, displacementOf } from "../plan.ts";
import { type CompiledRow, fieldOf } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import { type Facts, ORDERINGS, type RecognisedFacts, type Size, orderingField } from "./facts.ts";
import { STACK_POINTER, floatRegister, integerRegister } from "./registers.ts";

/** Facts of an instruction that is emulated. */
export type AccessFacts = Exclude<Facts, RecognisedFacts>;

type AtomicFacts = Extract<Facts, { kind: "atomic" | "compare-and-swap" }>;

/** How the words of a row become operations, their access at an address that may come from elsewhere than the word. */
export interface Plan {
  readonly access: Direction;
  /** Bytes of each access. */
  readonly sizes: readonly number[];
  readonly address: (word: number) => Address;
  readonly build: (word: number, address: Address) => Operation;
}

/** What the words of a row do, apart from where. What is absent no word of it does. */
interface Parts extends Pick<Plan, "access" | "sizes"> {
  readonly reads?: (word: number) => readonly Read[];
  readonly computes?: (word: number) => readonly Compute[];
  readonly writes?: (word: number) => readonly Write[];
  readonly attributes?: Attributes;
}

/** The plan of a row. */
export function planOf(facts: AccessFacts, row: CompiledRow<Facts>): Plan {
  const { access, sizes, reads, computes, writes, attributes } = partsOf(facts, row);
  const plain: Plan["build"] = (word, address) => ({
    addresses: [address],
    reads: reads === undefined ? NONE : reads(word),
    computes: computes === undefined ? NONE : computes(word),
    writes: writes === undefined ? NONE : writes(word),
    updates: NONE,
  });
  return { access, sizes, address: addressReader(row), build: attributes === undefined ? plain : withOrdering(plain, attributes, row) };
}

/** The builder of operations with attributes, and the ordering of bits aq and rl. */
function withOrdering(plain: Plan["build"], attributes: Attributes, row: CompiledRow<Facts>): Plan["build"] {
  const ordering = orderingField(row);
  const all = ORDERINGS.map((each): Attributes => (each === undefined ? attributes : { ...attributes, ordering: each }));
  return (word, address) => addAttributes(plain(word, address), all[readField(ordering, word)]!);
}

/** Temporaries of the atomics. */
const OLD = 0;
const NEW = 1;
const EXPECTED = 2;
const REPLACEMENT = 3;
/** What SC puts into rd when it has written. */
const SUCCESS: Source = { kind: "immediate", value: 0n };

function partsOf(facts: AccessFacts, row: CompiledRow<Facts>): Parts {
  switch (facts.kind) {
    case "load":
      return load(facts.file, facts.size, facts.extension, row);
    case "store":
      return store(facts.file, facts.size, row);
    case "load-acquire":
      return { ...load("x", facts.size, "sign", row), attributes: aligned(facts.size) };
    case "store-release":
      return { ...store("x", facts.size, row), attributes: aligned(facts.size) };
    case "load-reserved":
      return { ...load("x", facts.size, "sign", row), attributes: { ...aligned(facts.size), atomic: "exclusive-load" } };
    case "store-conditional": {
      const rd = registerField(row, "rd");
      // Of the one outcome that writes: rd becomes 0. Whether it writes depends on the reservation.
      const computes = tableOf(32, (number): readonly Compute[] => [{ operator: "copy", width: 64, inputs: [SUCCESS], to: [destination(integerRegister(number), 8, "zero")] }]);
      return { ...store("x", facts.size, row), computes: (word) => computes[readField(rd, word)]!, attributes: { ...aligned(facts.size), atomic: "exclusive-store" } };
    }
    case "atomic":
    case "compare-and-swap":
      return { ...readModifyWrite(facts, row), access: "read-write", attributes: { ...aligned(facts.size), atomic: "read-modify-write" } };
    default:
      return facts satisfies never;
  }
}

/** Atomics, and Zalasr's accesses, must be naturally aligned; Zama16b relaxes that for main memory only. */
function aligned(size: number): Attributes {
  return size === 1 ? {} : { alignment: size };
}

/** Number of a register field. Those of compressed forms have a prime in the manual: three bits name x8–x15 or f8–f15. */
function registerField(row: CompiledRow<Facts>, name: "rd" | "rs1" | "rs2"): Field {
  const short = fieldOf(row, `${name}'`);
  return short === undefined ? (fieldOf(row, name) ?? Field.constant(STACK_POINTER)) : short.plus(8);
}

/** Base register and immediate: `imm` is signed, `uimm` is not; forms without a base register are relative to the stack pointer. */
function addressReader(row: CompiledRow<Facts>): Plan["address"] {
  const rs1 = registerField(row, "rs1");
  const immediate = fieldOf(row, "imm") ?? fieldOf(row, "uimm") ?? Field.constant(0);
  // The sign bit of an `imm` is its bit 11, that of others the one that they lack.
  const unused = row.fields.has("imm") ? 20 : 0;
  return (word) => ({ base: integerRegister(readField(rs1, word)), displacement: displacementOf((readField(immediate, word) << unused) >> unused), width: 64 });
}

// ---------------------------------------------------------------------------------------------------------------------
// Loads and stores

const dataRegister = (file: "x" | "f", number: number): Register => (file === "x" ? integerRegister(number) : floatRegister(number));

/** By register number: the read of `size` bytes into it; atomics keep what they read in the temporary {@link OLD}, too. */
const readsInto = sharedTable((file: "x" | "f", size: Size, extension: Destination["extension"], keeps: boolean): readonly (readonly Read[])[] =>
  tableOf(32, (number): readonly Read[] => {
    const to = [destination(dataRegister(file, number), size, extension)];
    return [keeps ? { address: 0, offset: 0, size, to, temporary: OLD } : { address: 0, offset: 0, size, to }];
  }),
);

/** By register number: the write of its low `size` bytes. */
const writesFrom = sharedTable((file: "x" | "f", size: Size): readonly (readonly Write[])[] =>
  tableOf(32, (number): readonly Write[] => [{ address: 0, offset: 0, size, from: source(dataRegister(file, number), size) }]),
);

function load(file: "x" | "f", size: Size, extension: Destination["extension"], row: CompiledRow<Facts>): Parts {
  const rd = registerField(row, "rd");
  const reads = readsInto(file, size, extension, false);
  return { access: "read", sizes: [size], reads: (word) => reads[readField(rd, word)]! };
}

function store(file: "x" | "f", size: Size, row: CompiledRow<Facts>): Parts {
  const rs2 = registerField(row, "rs2");
  const writes = writesFrom(file, size);
  return { access: "write", sizes: [size], writes: (word) => writes[readField(rs2, word)]! };
}

function source(register: Register, size: Size): Source {
  return { kind: "register", register, bit: 0, width: 8 * size };
}

function destination(register: Register, size: Size, extension: Destination["extension"]): Destination {
  return { register, bit: 0, width: 8 * size, extension, extendTo: 64, clearTo: 64 };
}

// ---------------------------------------------------------------------------------------------------------------------
// Atomics

type ReadModifyWrite = Pick<Parts, "sizes" | "reads" | "computes" | "writes">;

/**
 * The old value goes to rd, sign-extended, and to a temporary; the new one is written. Operands are the low bits of their registers, so
 * AMOMIN.W and its like compare 32 bits. An AMOCAS that fails may write the old value back (chapter "Zacas"), and does so here.
 */
function readModifyWrite(facts: AtomicFacts, row: CompiledRow<Facts>): ReadModifyWrite {
  if (facts.size === 16) return quadCompareAndSwap(row);
  const { size } = facts;
  const width = 8 * size;
  const rd = registerField(row, "rd");
  const rs2 = registerField(row, "rs2");
  const old = readsInto("x", size, "sign", true);
  const common = { sizes: [size, size], reads: (word: number) => old[readField(rd, word)]! };
  if (facts.kind === "atomic" && facts.operator === "swap") {
    const stores = writesFrom("x", size);
    return { ...common, writes: (word) => stores[readField(rs2, word)]! };
  }
  const result: readonly Write[] = [{ address: 0, offset: 0, size, from: { kind: "temporary", index: NEW } }];
  const writes = (): readonly Write[] => result;
  const value: Source = { kind: "temporary", index: OLD };
  if (facts.kind === "atomic") {
    const operator = facts.operator as Exclude<typeof facts.operator, "swap">;
    const computes = tableOf(32, (number): readonly Compute[] => [{ operator, width, inputs: [value, source(integerRegister(number), size)], to: NONE, temporary: NEW }]);
    return { ...common, computes: (word) => computes[readField(rs2, word)]!, writes };
  }
  return {
    ...common,
    computes(word) {
      const inputs = [value, source(integerRegister(readField(rd, word)), size), source(integerRegister(readField(rs2, word)), size)];
      return [{ operator: "compare-select", width, inputs, to: NONE, temporary: NEW }];
    },
    writes,
  };
}

/** AMOCAS.Q: 128 bits from a register pair, low half in the even register. A pair that starts at x0 is all zero, and discards. */
function quadCompareAndSwap(row: CompiledRow<Facts>): ReadModifyWrite {
  const rd = registerField(row, "rd");
  const rs2 = registerField(row, "rs2");
  const halves = [0, 1] as const;
  const gather = (registers: readonly Register[], temporary: number): Compute[] =>
    halves.map((half) => ({ operator: "copy", width: 64, inputs: [source(registers[half]!, 8)], to: NONE, temporary, temporaryBit: 64 * half }));
  const select: Compute = {
    operator: "compare-select",
    width: 128,
    inputs: [OLD, EXPECTED, REPLACEMENT].map((index) => ({ kind: "temporary", index })),
    to: NONE,
    temporary: NEW,
  };
  const writes = halves.map((half): Write => ({ address: 0, offset: 8 * half, size: 8, from: { kind: "temporary", index: NEW, bit: 64 * half } }));
  return {
    sizes: [8, 8, 8, 8],
    reads(word) {
      const registers = pair(readField(rd, word));
      return halves.map((half) => ({ address: 0, offset: 8 * half, size: 8, to: [destination(registers[half], 8, "zero")], temporary: OLD, temporaryBit: 64 * half }));
    },
    computes: (word) => [...gather(pair(readField(rd, word)), EXPECTED), ...gather(pair(readField(rs2, word)), REPLACEMENT), select],
    writes: () => writes,
  };
}

function pair(number: number): readonly [Register, Register] {
  return number === 0 ? [ZERO_REGISTER, ZERO_REGISTER] : [integerRegister(number), integerRegister(number + 1)];
}
