import type { Destination, Operation, Read, Source, Update, Write } from "../../model/operation.ts";
import type { Register } from "../../model/registers.ts";
import { fieldValue } from "../pattern.ts";
import { NONE, type Plan, withAttributes } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import type { Facts } from "./facts.ts";
import { BASES, type Location, NO_SHIFT, addressesOf, baseOnly } from "./locations.ts";
import { type Size, attributesOf, planFor, registerField, vector } from "./operands.ts";

/** A lane of `bytes` bytes as destination; the lowest also clears the rest of the register where `clear` is set. */
function laneDestination(register: Register, lane: number, bytes: number, clear: boolean): Destination {
  const bit = 8 * bytes * lane;
  const end = bit + 8 * bytes;
  return { register, bit, width: 8 * bytes, extension: "zero", extendTo: end, clearTo: clear && lane === 0 ? 128 : end };
}

/** The lanes of all registers, those of v0 first, as the one destination of an element. */
const laneDestinations = sharedTable((bytes: number, clear: boolean): readonly (readonly Destination[])[] => {
  const lanes = 16 / bytes;
  return tableOf(32 * lanes, (index) => [laneDestination(vector(Math.floor(index / lanes)), index % lanes, bytes, clear)]);
});

/** The same lanes as sources. */
const laneSources = sharedTable((bytes: number): readonly Source[] => {
  const lanes = 16 / bytes;
  return tableOf(32 * lanes, (index): Source => ({ kind: "register", register: vector(Math.floor(index / lanes)), bit: 8 * bytes * (index % lanes), width: 8 * bytes }));
});

/** By register number: its first `lanes` lanes, all of which get the element; the rest of it is cleared. */
const allLanes = sharedTable((bytes: number, lanes: number): readonly (readonly Destination[])[] =>
  tableOf(32, (number) => tableOf(lanes, (lane) => laneDestination(vector(number), lane, bytes, true))),
);

/** One element of a structure in memory: how far its register is from the first, and its lane. */
interface StructureElement {
  readonly register: number;
  readonly lane: number;
}

/** Accesses of the elements of a structure, of `bytes` bytes each. `clear`: whole registers are loaded. */
function structureReads(order: readonly StructureElement[], bytes: Size, Rt: number, clear: boolean): readonly Read[] {
  const table = laneDestinations(bytes, clear);
  const reads: Read[] = [];
  for (let index = 0; index < order.length; index++) {
    const { register, lane } = order[index]!;
    reads.push({ address: 0, offset: index * bytes, size: bytes, to: table[((Rt + register) % 32) * (16 / bytes) + lane]! });
  }
  return reads;
}

function structureWrites(order: readonly StructureElement[], bytes: Size, Rt: number): readonly Write[] {
  const table = laneSources(bytes);
  const writes: Write[] = [];
  for (let index = 0; index < order.length; index++) {
    const { register, lane } = order[index]!;
    writes.push({ address: 0, offset: index * bytes, size: bytes, from: table[((Rt + register) % 32) * (16 / bytes) + lane]! });
  }
  return writes;
}

/** LD1/ST1 are contiguous and done in 8-byte accesses; LD2–LD4 and ST2–ST4 element by element (contract, section 4). */
const structureOrder = sharedTable((registers: number, lanes: number, interleaved: boolean): readonly StructureElement[] =>
  tableOf(registers * lanes, (index) => (interleaved ? { register: index % registers, lane: Math.floor(index / registers) } : { register: Math.floor(index / lanes), lane: index % lanes })),
);

/** Where a structure lies, and whether Rm moves its base afterwards. */
interface StructureLocation {
  readonly base: Location;
  readonly postIndex: boolean;
  /** Lowest bit of field Rm. */
  readonly Rm: number;
}

function structureLocation(row: CompiledRow<Facts>, postIndex: boolean): StructureLocation {
  return { base: baseOnly(row), postIndex, Rm: postIndex ? registerField(row, "Rm") : 0 };
}

/** Post-index of a structure of `total` bytes: by Rm, or by these bytes where Rm is 31. */
function structureUpdates({ base, postIndex, Rm }: StructureLocation, word: number, total: number): readonly Update[] {
  if (!postIndex) return NONE;
  const to = BASES[(word >>> base.Rn) & 31]!;
  const register = (word >>> Rm) & 31;
  if (register === 31) return [{ to, value: { base: to.register, displacement: BigInt(total), width: 64 } }];
  return [{ to, value: { base: to.register, index: { slice: { register, bit: 0, width: 64 }, signed: false, shift: NO_SHIFT }, displacement: 0n, width: 64 } }];
}

/** The builder of loads or stores of a structure's elements, which `order` gives for a word. `clear`: whole registers are loaded. */
function structure(access: "load" | "store", bytes: Size, Rt: number, order: readonly StructureElement[], clear: boolean, location: StructureLocation, word: number): Operation {
  const first = (word >>> Rt) & 31;
  const addresses = addressesOf(location.base, word);
  const updates = structureUpdates(location, word, order.length * bytes);
  return access === "load"
    ? { addresses, reads: structureReads(order, bytes, first, clear), computes: NONE, writes: NONE, updates }
    : { addresses, reads: NONE, computes: NONE, writes: structureWrites(order, bytes, first), updates };
}

/** Field Q:size of structures. */
const laneBytes = (arrangement: number): Size => (1 << (arrangement & 3)) as Size;
const registerBytes = (arrangement: number): 8 | 16 => (arrangement >= 4 ? 16 : 8);

export function multiple({ access, registers, interleaved, postIndex }: Extract<Facts, { kind: "multiple" }>, row: CompiledRow<Facts>): Plan {
  const location = structureLocation(row, postIndex);
  const Rt = registerField(row, "Rt");
  const arrangementParts = row.fields.get("arrangement")!;
  return {
    access: access === "load" ? "read" : "write",
    sizes: undefined,
    build(word) {
      const arrangement = fieldValue(arrangementParts, word);
      const bytes = interleaved ? laneBytes(arrangement) : 8;
      return structure(access, bytes, Rt, structureOrder(registers, registerBytes(arrangement) / bytes, interleaved), true, location, word);
    },
  };
}

export function oneLane(facts: Extract<Facts, { kind: "lane" }>, row: CompiledRow<Facts>): Plan {
  const { access, bytes, registers, postIndex } = facts;
  const location = structureLocation(row, postIndex);
  const Rt = registerField(row, "Rt");
  const laneParts = row.fields.get("lane")!;
  const orders = tableOf(16 / bytes, (lane) => tableOf(registers, (register): StructureElement => ({ register, lane })));
  const build: Plan["build"] = (word) => structure(access, bytes, Rt, orders[fieldValue(laneParts, word)]!, false, location, word);
  return planFor(access, bytes, registers, withAttributes(build, attributesOf(facts)));
}

export function replicate({ registers, postIndex }: Extract<Facts, { kind: "replicate" }>, row: CompiledRow<Facts>): Plan {
  const location = structureLocation(row, postIndex);
  const Rt = registerField(row, "Rt");
  const arrangementParts = row.fields.get("arrangement")!;
  return {
    access: "read",
    sizes: undefined,
    build(word) {
      const arrangement = fieldValue(arrangementParts, word);
      const bytes = laneBytes(arrangement);
      const table = allLanes(bytes, registerBytes(arrangement) / bytes);
      const reads: Read[] = [];
      for (let each = 0; each < registers; each++) reads.push({ address: 0, offset: each * bytes, size: bytes, to: table[(((word >>> Rt) & 31) + each) % 32]! });
      return { addresses: addressesOf(location.base, word), reads, computes: NONE, writes: NONE, updates: structureUpdates(location, word, registers * bytes) };
    },
  };
}
