import type { Compute, Read, Source, Write } from "../../model/operation.ts";
import { type Attributes, NONE, type Plan, addAttributes, withAttributes } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import type { Facts } from "./facts.ts";
import { addressesOf, baseOnly } from "./locations.ts";
import { type Size, attributesOf, destination, planFor, registerField, source, viewOf, writesFrom } from "./operands.ts";
import { oneRegister, pair } from "./transfers.ts";

/** A temporary as a whole. */
const temporary = (index: number): Source => ({ kind: "temporary", index });

export function exclusive(facts: Extract<Facts, { kind: "exclusive" }>, row: CompiledRow<Facts>): Plan {
  const { access, bytes } = facts;
  const { build, sizes } = oneRegister({ access, bytes, register: viewOf(bytes) }, baseOnly(row), row);
  return { access: access === "load" ? "read" : "write", sizes, build: withAttributes(build, exclusiveAttributes(facts, bytes)) };
}

function exclusiveAttributes(facts: Extract<Facts, { kind: "exclusive" }>, alignment: number): Attributes {
  return { atomic: facts.access === "load" ? "exclusive-load" : "exclusive-store", alignment, ...attributesOf(facts) };
}

/** A pair of W registers is one access of 8 bytes, as its single-copy atomicity demands (DDI 0487 C6.2, LDXP). */
export function exclusivePair(facts: Extract<Facts, { kind: "exclusive" }>, row: CompiledRow<Facts>): Plan {
  const { access, bytes } = facts;
  const location = baseOnly(row);
  const attributes = exclusiveAttributes(facts, 2 * bytes);
  if (bytes === 8) {
    const plan = pair({ access, bytes, register: "x" }, location, row);
    return { ...plan, build: withAttributes(plan.build, attributes) };
  }
  const Rt = registerField(row, "Rt");
  const Rt2 = registerField(row, "Rt2");
  const PAIR = 0;
  const reads: readonly Read[] = access === "load" ? [{ address: 0, offset: 0, size: 8, to: NONE, temporary: PAIR }] : NONE;
  const writes: readonly Write[] = access === "store" ? [{ address: 0, offset: 0, size: 8, from: temporary(PAIR) }] : NONE;
  const computes = access === "load" ? scatterPair : gatherPair;
  const build: Plan["build"] = (word) => ({
    addresses: addressesOf(location, word),
    reads,
    computes: computes(PAIR, (word >>> Rt) & 31, (word >>> Rt2) & 31, bytes),
    writes,
    updates: NONE,
  });
  return planFor(access, 8, 1, withAttributes(build, attributes));
}

/** Two registers of `bytes` each side by side in a temporary, the first in the low half. */
function gatherPair(index: number, first: number, second: number, bytes: number): Compute[] {
  const width = 8 * bytes;
  return [
    { operator: "copy", width, inputs: [source(first, bytes)], to: NONE, temporary: index, temporaryBit: 0 },
    { operator: "copy", width, inputs: [source(second, bytes)], to: NONE, temporary: index, temporaryBit: width },
  ];
}

/** The halves of a temporary to two registers. */
function scatterPair(index: number, first: number, second: number, bytes: number): Compute[] {
  const width = 8 * bytes;
  return [
    { operator: "copy", width, inputs: [{ kind: "temporary", index, bit: 0 }], to: [destination(first, bytes, viewOf(bytes))] },
    { operator: "copy", width, inputs: [{ kind: "temporary", index, bit: width }], to: [destination(second, bytes, viewOf(bytes))] },
  ];
}

/** Acquire and release of LSE and CAS come from their A and R fields: by A + 2 R. */
const ORDERINGS = [undefined, "acquire", "release", "acquire-release"] as const;

/** The plan of an atomic that reads and writes `count` times `bytes`, with these attributes and its ordering. */
function atomicPlan(row: CompiledRow<Facts>, bytes: number, count: number, attributes: Attributes | undefined, build: Plan["build"]): Plan {
  const A = row.fields.get("A")![0]!.from;
  const R = row.fields.get("R")![0]!.from;
  const byOrdering = ORDERINGS.map((ordering): Attributes => ({ ...attributes, atomic: "read-modify-write", ...(ordering && { ordering }) }));
  return {
    access: "read-write",
    sizes: tableOf(2 * count, () => bytes),
    build: (word) => addAttributes(build(word), byOrdering[((word >>> A) & 1) | (((word >>> R) & 1) << 1)]!),
  };
}

/** Temporaries of atomics: what memory held, the operands in the order in which they are compared and combined, what it becomes. */
const OLD = 0;

/** By register number: the read of an atomic, whose old value goes to that register and to the temporary {@link OLD}. */
const oldInto = sharedTable((bytes: Size): readonly (readonly Read[])[] =>
  tableOf(32, (number): readonly Read[] => [{ address: 0, offset: 0, size: bytes, to: [destination(number, bytes, viewOf(bytes))], temporary: OLD }]),
);

const OLD_VALUE = temporary(OLD);

/** Memory becomes `operator`(memory, Rs), Rt takes the old value. */
export function atomic(facts: Extract<Facts, { kind: "atomic" }>, row: CompiledRow<Facts>): Plan {
  const location = baseOnly(row);
  const Rs = registerField(row, "Rs");
  const Rt = registerField(row, "Rt");
  const { operator, bytes } = facts;
  const reads = oldInto(bytes);
  if (operator === "exchange") {
    const writes = writesFrom(0, bytes, viewOf(bytes));
    return atomicPlan(row, bytes, 1, attributesOf(facts), (word) => ({ addresses: addressesOf(location, word), reads: reads[(word >>> Rt) & 31]!, computes: NONE, writes: writes[(word >>> Rs) & 31]!, updates: NONE }));
  }
  const RESULT = 1;
  const computes = tableOf(32, (number): readonly Compute[] => [{ operator, width: 8 * bytes, inputs: [OLD_VALUE, source(number, bytes)], to: NONE, temporary: RESULT }]);
  const writes: readonly Write[] = [{ address: 0, offset: 0, size: bytes, from: temporary(RESULT) }];
  return atomicPlan(row, bytes, 1, attributesOf(facts), (word) => ({ addresses: addressesOf(location, word), reads: reads[(word >>> Rt) & 31]!, computes: computes[(word >>> Rs) & 31]!, writes, updates: NONE }));
}

/** CAS: a failed compare may or may not write the old value back; writing it is one of the allowed behaviours (C6.2, CAS). */
export function compareAndSwap(facts: Extract<Facts, { kind: "compare-and-swap" }>, row: CompiledRow<Facts>): Plan {
  const location = baseOnly(row);
  const Rs = registerField(row, "Rs");
  const Rt = registerField(row, "Rt");
  const { bytes } = facts;
  const reads = oldInto(bytes);
  const RESULT = 1;
  const writes: readonly Write[] = [{ address: 0, offset: 0, size: bytes, from: temporary(RESULT) }];
  return atomicPlan(row, bytes, 1, attributesOf(facts), (word) => {
    const expected = (word >>> Rs) & 31;
    const inputs = [OLD_VALUE, source(expected, bytes), source((word >>> Rt) & 31, bytes)];
    return { addresses: addressesOf(location, word), reads: reads[expected]!, computes: [{ operator: "compare-select", width: 8 * bytes, inputs, to: NONE, temporary: RESULT }], writes, updates: NONE };
  });
}

/** The accesses of an atomic on a pair, of `pieces` times 8 bytes: reads into a temporary, writes of another. */
function pairReads(pieces: number): readonly Read[] {
  return tableOf(pieces, (piece): Read => ({ address: 0, offset: 8 * piece, size: 8, to: NONE, temporary: OLD, temporaryBit: 64 * piece }));
}

function pairWrites(pieces: number, index: number): readonly Write[] {
  return tableOf(pieces, (piece): Write => ({ address: 0, offset: 8 * piece, size: 8, from: { kind: "temporary", index, bit: 64 * piece } }));
}

/** LSE128: 16 bytes are one value, Rt in the low half; its accesses are of 8 bytes, as CASP's. */
export function atomicPair({ operator }: Extract<Facts, { kind: "atomic-pair" }>, row: CompiledRow<Facts>): Plan {
  const location = baseOnly(row);
  const Rt = registerField(row, "Rt");
  const Rt2 = registerField(row, "Rt2");
  const [OPERAND, RESULT] = [1, 2] as const;
  const combine: Compute[] = operator === "exchange" ? [] : [{ operator, width: 128, inputs: [OLD_VALUE, temporary(OPERAND)], to: NONE, temporary: RESULT }];
  const reads = pairReads(2);
  const writes = pairWrites(2, operator === "exchange" ? OPERAND : RESULT);
  return atomicPlan(row, 8, 2, { alignment: 16 }, (word) => {
    const [first, second] = [(word >>> Rt) & 31, (word >>> Rt2) & 31];
    const computes = [...gatherPair(OPERAND, first, second, 8), ...combine, ...scatterPair(OLD, first, second, 8)];
    return { addresses: addressesOf(location, word), reads, computes, writes, updates: NONE };
  });
}

/** CASP: the pair is one value, even register in the low half; its accesses are of 8 bytes (contract, section 4). */
export function compareAndSwapPair(facts: Extract<Facts, { kind: "compare-and-swap-pair" }>, row: CompiledRow<Facts>): Plan {
  const location = baseOnly(row);
  const Rs = registerField(row, "Rs");
  const Rt = registerField(row, "Rt");
  const [EXPECTED, REPLACEMENT, RESULT] = [1, 2, 3] as const;
  const { bytes } = facts;
  const pieces = bytes / 4;
  const inputs = [OLD_VALUE, temporary(EXPECTED), temporary(REPLACEMENT)];
  const select: Compute = { operator: "compare-select", width: 16 * bytes, inputs, to: NONE, temporary: RESULT };
  const reads = pairReads(pieces);
  const writes = pairWrites(pieces, RESULT);
  return atomicPlan(row, 8, pieces, { alignment: 2 * bytes, ...attributesOf(facts) }, (word) => {
    const [s, t] = [(word >>> Rs) & 31, (word >>> Rt) & 31];
    const computes = [...gatherPair(EXPECTED, s, s + 1, bytes), ...gatherPair(REPLACEMENT, t, t + 1, bytes), select, ...scatterPair(OLD, s, s + 1, bytes)];
    return { addresses: addressesOf(location, word), reads, computes, writes, updates: NONE };
  });
}
