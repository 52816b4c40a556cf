import { type Instruction, instructionOf, refusedInstruction } from "../../model/instruction.ts";
import type { Address, Compute, Destination, Operation, Read, RegisterSlice, Source, Update, Write } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, ZERO_REGISTER } from "../../model/registers.ts";
import { fieldValue } from "../pattern.ts";
import { type CompiledRow, type Fields, RowTable, extractFields, violatesShouldBe } from "../rows.ts";
import { OPERANDS, type Verdict, operandsOf, rowOf } from "../verdict.ts";
import { CLASSES, classOf } from "./encoding-space.ts";
import { type AddressMode, type Facts, type RegisterView, type SingleFacts, fieldsOf } from "./facts.ts";
import { SP, V0 } from "./registers.ts";
import { undefinedOperands, unpredictableOperands } from "./rules.ts";
import { A64_ROWS } from "./table.ts";

/** Looked up by bits 31:21 and 11:10 would miss nothing, but bits 31:22 and 11:10 leave short lists and a small table. */
const INDEX_BITS = [31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 10];

/** The A64 rows that touch memory or look as if they did, compiled. */
export const A64_TABLE = new RowTable<Facts>(A64_ROWS, { name: "A64", width: 32, index: INDEX_BITS, fieldsOf });

const LENGTH = 4;

/** What a word is, see {@link Verdict}: a row, or -1 minus the number of its class in {@link CLASSES}. */
export function classifyA64(word: number): Verdict {
  const number = A64_TABLE.findNumber(word);
  if (number < 0) return -1 - classOf(word);
  const row = A64_TABLE.rows[number]!;
  if (undefinedOperands(row.facts, word) !== undefined) return 4 * number + OPERANDS.undefined;
  if (violatesShouldBe(row, word) || unpredictableOperands(row.facts, word) !== undefined) return 4 * number + OPERANDS.unpredictable;
  return 4 * number + OPERANDS.allowed;
}

/** Decodes the A64 instruction at the start of `bytes` (little-endian whatever the data endianness, DDI 0487 B2.6.2). */
export function decodeA64(bytes: Uint8Array): Instruction | Refusal {
  if (bytes.length < LENGTH) {
    return new Refusal(
      "truncated-instruction",
      `an A64 instruction has 4 bytes, and ${bytes.length} were captured`,
      `capture ${LENGTH - bytes.length} more at the PC`,
    );
  }
  const word = bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
  const verdict = classifyA64(word);
  if (verdict < 0) return outsideTheTable(word, -1 - verdict);
  const row = A64_TABLE.rows[rowOf(verdict)]!;
  const { facts } = row;
  const operands = operandsOf(verdict);
  if (operands === OPERANDS.undefined) return undefinedWord(word, undefinedOperands(facts, word)!);
  const name = { form: row.form, mnemonic: mnemonicOf(row, word), length: LENGTH };
  const unpredictable = operands === OPERANDS.unpredictable ? unpredictableRefusal(row, word) : undefined;
  if (facts.kind === "refused") {
    return refusedInstruction(name, facts.access, facts.sizes, unpredictable ?? new Refusal(facts.reason, facts.why, facts.advice));
  }
  const instruction = instructionOf(name, build(facts, extractFields(row, word)));
  return unpredictable === undefined ? instruction : { ...instruction, operation: unpredictable };
}

function unpredictableRefusal(row: CompiledRow<Facts>, word: number): Refusal {
  const rule = violatesShouldBe(row, word) ? "bits that should be one or zero are not" : unpredictableOperands(row.facts, word)!;
  return new Refusal("unpredictable", `its operands are CONSTRAINED UNPREDICTABLE: ${rule}`, "no compiler emits this: check the captured bytes, or write the instruction with other registers");
}

function outsideTheTable(word: number, number: number): Instruction | Refusal {
  const outside = CLASSES[number]!;
  if (outside.kind === "unallocated") return undefinedWord(word, outside.why);
  return refusedInstruction(
    { form: outside.form, mnemonic: outside.form.toLowerCase(), length: LENGTH },
    "none",
    [],
    new Refusal("not-memory-access", `${outside.form} instructions touch no memory`, "the captured PC or bytes are not those of the faulting instruction"),
  );
}

function undefinedWord(word: number, why: string): Refusal {
  return new Refusal(
    "undefined-instruction",
    `the word 0x${(word >>> 0).toString(16).padStart(8, "0")} is not an A64 instruction: ${why}`,
    "check that the bytes were captured at the PC, in memory order",
  );
}

/** What {@link mnemonicOf} depends on besides the row: acquire, release and whether the result is discarded, or the row's variant. */
export function variantOf({ facts, fields }: CompiledRow<Facts>, word: number): number {
  switch (facts.kind) {
    case "atomic":
    case "atomic-pair":
    case "compare-and-swap":
    case "compare-and-swap-pair": {
      const acquire = (word >>> fields.get("A")![0]!.from) & 1;
      const discards = facts.kind === "atomic" && facts.operator !== "exchange" && (word & 0x1f) === 31 && acquire === 0 ? 4 : 0;
      return acquire | (((word >>> fields.get("R")![0]!.from) & 1) << 1) | discards;
    }
    case "refused":
      return facts.variants === undefined ? 0 : fieldValue(fields.get("variant")!, word);
    default:
      return 0;
  }
}

/** Atomics carry their ordering, ldadd{a}{l}{b|h}; without a result and acquire they are stadd{l}{b|h}. */
export function mnemonicOf(row: CompiledRow<Facts>, word: number): string {
  const { facts } = row;
  const variant = variantOf(row, word);
  if (facts.kind === "refused") return facts.mnemonic + (facts.variants?.[variant] ?? "");
  const mnemonic = facts.mnemonic.replace("*", `${(variant & 1) === 1 ? "a" : ""}${(variant & 2) === 2 ? "l" : ""}`);
  return (variant & 4) === 4 ? mnemonic.replace("ld", "st") : mnemonic;
}

// ---------------------------------------------------------------------------------------------------------------------
// Facts and fields → Operation

/** Register number 31 is ZR where data is meant. */
const data = (number: number): Register => (number === 31 ? ZERO_REGISTER : number);
/** Register number 31 is SP where an address is meant; the indices agree with the numbers. */
const base = (number: number): Register => (number === 31 ? SP : number);
/** CheckSPAlignment() of the shared pseudocode: an access whose base is SP needs it to be a multiple of 16. */
const SP_MULTIPLE = 16;
const accessBase = (number: number): Pick<Address, "base" | "baseMultiple"> => (number === 31 ? { base: SP, baseMultiple: SP_MULTIPLE } : { base: number });
const vector = (number: number): Register => V0 + (number % 32);

function signedField(value: number, width: number): bigint {
  return BigInt.asIntN(width, BigInt(value));
}

function build(facts: Exclude<Facts, { kind: "refused" }>, fields: Fields): Operation {
  switch (facts.kind) {
    case "single": {
      const { address, update } = addressOf(facts.address, facts.bytes, fields);
      const what = elements(facts.access, facts.bytes, facts.register, facts.signed ?? false, [fields["Rt"]!]);
      return transfer([address], update, what, orderingAndRights(facts));
    }
    case "pair":
    case "tag-pair": {
      const { access, bytes, register, signed } = facts.kind === "pair" ? facts : { access: "store" as const, bytes: 8, register: "x" as const, signed: undefined };
      const scale = facts.kind === "pair" ? facts.bytes : 16;
      const { address, update } = indexed(fields, facts.index, signedField(fields["imm7"]!, 7) * BigInt(scale));
      const more = facts.kind === "pair" && facts.unprivileged ? { unprivileged: true as const } : undefined;
      return transfer([address], update, elements(access, bytes, register, signed ?? false, [fields["Rt"]!, fields["Rt2"]!]), more);
    }
    case "ordered-pair": {
      const amount = BigInt(2 * facts.bytes);
      const index = !facts.writeback ? "offset" : facts.access === "load" ? "post-index" : "pre-index";
      const { address, update } = indexed(fields, index, index === "offset" ? 0n : facts.access === "load" ? amount : -amount);
      const registers = [fields["Rt"]!, fields["Rt2"]!];
      return transfer([address], update, elements(facts.access, facts.bytes, viewOf(facts.bytes), false, registers), {
        ordering: facts.access === "load" ? "acquire" : "release",
      });
    }
    case "ordered-writeback": {
      const load = facts.access === "load";
      const { address, update } = indexed(fields, load ? "post-index" : "pre-index", BigInt(load ? facts.bytes : -facts.bytes));
      return transfer([address], update, elements(facts.access, facts.bytes, viewOf(facts.bytes), false, [fields["Rt"]!]), {
        ordering: load ? "acquire" : "release",
      });
    }
    case "multiple":
      return multiple(facts, fields);
    case "lane":
      return oneLane(facts, fields);
    case "replicate":
      return replicate(facts, fields);
    case "exclusive":
      return exclusive(facts, fields);
    case "atomic":
      return { ...atomic(facts.operator, facts.bytes, fields), ...(facts.unprivileged && { unprivileged: true as const }) };
    case "compare-and-swap":
      return { ...compareAndSwap(facts.bytes, fields), ...(facts.unprivileged && { unprivileged: true as const }) };
    case "atomic-pair":
      return atomicPair(facts.operator, fields);
    case "compare-and-swap-pair":
      return { ...compareAndSwapPair(facts.bytes, fields), ...(facts.unprivileged && { unprivileged: true as const }) };
    case "sixty-four-bytes": {
      const { address } = addressOf("base", 8, fields);
      const registers = Array.from({ length: 8 }, (_, index) => fields["Rt"]! + index);
      return transfer([address], [], elements(facts.access, 8, "x", false, registers), { alignment: 64 });
    }
    default:
      return facts satisfies never;
  }
}

/** What a plain load or store has beside its accesses; undefined: nothing, as nearly all. */
function orderingAndRights({ ordering, unprivileged }: Pick<SingleFacts, "ordering" | "unprivileged">): Partial<Operation> | undefined {
  if (ordering !== undefined) return unprivileged ? { ordering, unprivileged } : { ordering };
  return unprivileged ? { unprivileged } : undefined;
}

const viewOf = (bytes: number): "w" | "x" => (bytes === 8 ? "x" : "w");

interface Elements {
  readonly reads: readonly Read[];
  readonly writes: readonly Write[];
}

/** One empty array for all: most operations have no computes, and only reads or only writes. */
const NONE: readonly never[] = [];

/** Built field by field: decoding makes many of these, and spreading objects would be most of its time. */
function transfer(addresses: readonly Address[], updates: readonly Update[], { reads, writes }: Elements, more?: Partial<Operation>): Operation {
  const operation: Operation = { addresses, reads, computes: NONE, writes, updates };
  return more === undefined ? operation : Object.assign(operation, more);
}

interface Located {
  readonly address: Address;
  readonly update: readonly Update[];
}

/** Address and writeback of a mode of the load/store register classes. */
function addressOf(mode: AddressMode, bytes: number, fields: Fields): Located {
  const { Rn = 0, Rm = 0, imm9 = 0, imm12 = 0, imm19 = 0, option = 0, S = 0 } = fields;
  switch (mode) {
    case "base":
      return indexed(fields, "offset", 0n);
    case "unsigned-offset":
      return indexed(fields, "offset", BigInt(imm12 * bytes));
    case "unscaled":
      return indexed(fields, "offset", signedField(imm9, 9));
    case "unscaled-scaled":
      return indexed(fields, "offset", signedField(imm9, 9) * 16n);
    case "post-index":
    case "pre-index":
      return indexed(fields, mode, signedField(imm9, 9));
    case "literal":
      return { address: { base: PROGRAM_COUNTER, displacement: signedField(imm19, 19) * 4n, width: 64 }, update: [] };
    case "register": {
      // option: 2 UXTW, 3 LSL (UXTX), 6 SXTW, 7 SXTX (DDI 0487 shared pseudocode DecodeRegExtend).
      const slice = { register: data(Rm), bit: 0, width: (option & 1) === 0 ? 32 : 64 };
      const shift = { kind: "lsl" as const, amount: S === 1 ? Math.log2(bytes) : 0 };
      return { address: { ...accessBase(Rn), index: { slice, signed: option >= 6, shift }, displacement: 0n, width: 64 }, update: [] };
    }
    default:
      return mode satisfies never;
  }
}

function indexed(fields: Fields, index: "offset" | "post-index" | "pre-index", amount: bigint): Located {
  const Rn = fields["Rn"]!;
  const displacement = index === "post-index" ? 0n : amount;
  const address: Address = Rn === 31 ? { base: SP, baseMultiple: SP_MULTIPLE, displacement, width: 64 } : { base: Rn, displacement, width: 64 };
  if (index === "offset") return { address, update: NONE };
  const register = base(Rn);
  return { address, update: [{ to: wholeRegister(register), value: { base: register, displacement: amount, width: 64 } }] };
}

/** Post-index of structures: by Rm, or by the bytes transferred where Rm is 31. */
function structureAddress(postIndex: boolean, total: number, fields: Fields): Located {
  if (!postIndex) return indexed(fields, "offset", 0n);
  if (fields["Rm"] === 31) return indexed(fields, "post-index", BigInt(total));
  const register = base(fields["Rn"]!);
  const index = { slice: { register: fields["Rm"]!, bit: 0, width: 64 }, signed: false, shift: { kind: "lsl" as const, amount: 0 } };
  return {
    address: { ...accessBase(fields["Rn"]!), displacement: 0n, width: 64 },
    update: [{ to: wholeRegister(register), value: { base: register, index, displacement: 0n, width: 64 } }],
  };
}

function wholeRegister(register: Register): Destination {
  return { register, bit: 0, width: 64, extension: "zero", extendTo: 64, clearTo: 64 };
}

/** Destination of a loaded value: W and X registers are extended and cleared to 64 bits, V registers cleared to 128. */
function destination(number: number, bytes: number, view: RegisterView, signed: boolean): Destination {
  const width = 8 * bytes;
  if (view === "v") return { register: vector(number), bit: 0, width, extension: "zero", extendTo: 128, clearTo: 128 };
  return { register: data(number), bit: 0, width, extension: signed ? "sign" : "zero", extendTo: view === "x" ? 64 : 32, clearTo: 64 };
}

/** One access a register, at ascending addresses; Q registers are two of 8 bytes, low half first. */
function elements(access: "load" | "store", bytes: number, view: RegisterView, signed: boolean, numbers: readonly number[]): Elements {
  const reads: Read[] = [];
  const writes: Write[] = [];
  const pieces = bytes === 16 ? 2 : 1;
  const size = (bytes / pieces) as 1 | 2 | 4 | 8;
  let offset = 0;
  for (const number of numbers) {
    for (let piece = 0; piece < pieces; piece++) {
      if (access === "store") {
        const register = view === "v" ? vector(number) : data(number);
        writes.push({ address: 0, offset, size, from: { kind: "register", register, bit: 64 * piece, width: 8 * size } });
      } else {
        const to = piece === 0 ? destination(number, size, view, signed) : upperHalf(vector(number));
        reads.push({ address: 0, offset, size, to: [to] });
      }
      offset += size;
    }
  }
  return { reads, writes };
}

/** Bits 127:64 of a Q register. */
function upperHalf(register: Register): Destination {
  return { register, bit: 64, width: 64, extension: "zero", extendTo: 128, clearTo: 128 };
}

const laneSlice = (register: Register, lane: number, bytes: number): RegisterSlice => ({ register, bit: 8 * bytes * lane, width: 8 * bytes });

/** A lane as destination; the first one written also clears the rest of the register where `clear` is set. */
function laneDestination(slice: RegisterSlice, clear: boolean): Destination {
  const end = slice.bit + slice.width;
  return { ...slice, extension: "zero", extendTo: end, clearTo: clear ? 128 : end };
}

/** LD1/ST1 are contiguous and done in 8-byte accesses; LD2–LD4 and ST2–ST4 element by element (contract, section 4). */
function multiple(facts: Extract<Facts, { kind: "multiple" }>, fields: Fields): Operation {
  const arrangement = fields["arrangement"]!;
  const registerBytes = arrangement >= 4 ? 16 : 8;
  const elementBytes = (facts.interleaved ? 1 << (arrangement & 3) : 8) as 1 | 2 | 4 | 8;
  const { address, update } = structureAddress(facts.postIndex, registerBytes * facts.registers, fields);
  const order: { number: number; lane: number }[] = [];
  const lanes = registerBytes / elementBytes;
  if (facts.interleaved) {
    for (let lane = 0; lane < lanes; lane++) for (let each = 0; each < facts.registers; each++) order.push({ number: each, lane });
  } else {
    for (let each = 0; each < facts.registers; each++) for (let lane = 0; lane < lanes; lane++) order.push({ number: each, lane });
  }
  const slices = order.map(({ number, lane }) => laneSlice(vector(fields["Rt"]! + number), lane, elementBytes));
  return transfer([address], update, laneElements(facts.access, elementBytes, slices, true));
}

function laneElements(access: "load" | "store", bytes: 1 | 2 | 4 | 8, slices: readonly RegisterSlice[], clear: boolean): Elements {
  if (access === "store") {
    return { reads: NONE, writes: slices.map((slice, index) => ({ address: 0, offset: index * bytes, size: bytes, from: { kind: "register", ...slice } })) };
  }
  return {
    writes: NONE,
    reads: slices.map((slice, index) => ({ address: 0, offset: index * bytes, size: bytes, to: [laneDestination(slice, clear && slice.bit === 0)] })),
  };
}

function oneLane(facts: Extract<Facts, { kind: "lane" }>, fields: Fields): Operation {
  const { address, update } = structureAddress(facts.postIndex, facts.bytes * facts.registers, fields);
  const slices = Array.from({ length: facts.registers }, (_, each) => laneSlice(vector(fields["Rt"]! + each), fields["lane"]!, facts.bytes));
  return transfer([address], update, laneElements(facts.access, facts.bytes, slices, false), facts.ordering && { ordering: facts.ordering });
}

function replicate(facts: Extract<Facts, { kind: "replicate" }>, fields: Fields): Operation {
  const arrangement = fields["arrangement"]!;
  const bytes = (1 << (arrangement & 3)) as 1 | 2 | 4 | 8;
  const lanes = (arrangement >= 4 ? 16 : 8) / bytes;
  const { address, update } = structureAddress(facts.postIndex, bytes * facts.registers, fields);
  const reads = Array.from({ length: facts.registers }, (_, each): Read => {
    const register = vector(fields["Rt"]! + each);
    const to = Array.from({ length: lanes }, (__, index) => laneDestination(laneSlice(register, index, bytes), index === 0));
    return { address: 0, offset: each * bytes, size: bytes, to };
  });
  return transfer([address], update, { reads, writes: NONE });
}

/** A pair of W registers is one access of 8 bytes, as its single-copy atomicity demands (DDI 0487 C6.2, LDXP). */
function exclusive(facts: Extract<Facts, { kind: "exclusive" }>, fields: Fields): Operation {
  const { access, bytes, pair, ordering, unprivileged } = facts;
  const { address } = addressOf("base", bytes, fields);
  const registers = [fields["Rt"]!, ...(pair ? [fields["Rt2"]!] : [])];
  const more: Partial<Operation> = {
    atomic: access === "load" ? "exclusive-load" : "exclusive-store",
    alignment: bytes * registers.length,
    ...(ordering && { ordering }),
    ...(unprivileged && { unprivileged }),
  };
  if (!pair || bytes === 8) return transfer([address], [], elements(access, bytes, viewOf(bytes), false, registers), more);
  const place = { address: 0, offset: 0, size: 8 as const };
  if (access === "store") {
    const computes = gatherPair(registers[0]!, registers[1]!, bytes, 0);
    return { ...transfer([address], [], { reads: NONE, writes: [{ ...place, from: { kind: "temporary", index: 0 } }] }, more), computes };
  }
  const computes = scatterPair(0, registers[0]!, registers[1]!, bytes);
  return { ...transfer([address], [], { reads: [{ ...place, to: [], temporary: 0 }], writes: NONE }, more), computes };
}

/** Two registers of `bytes` each side by side in a temporary, the first in the low half. */
function gatherPair(first: number, second: number, bytes: number, temporary: number): Compute[] {
  return [first, second].map((number, each) => ({
    operator: "copy",
    width: 8 * bytes,
    inputs: [{ kind: "register", register: data(number), bit: 0, width: 8 * bytes }],
    to: [],
    temporary,
    temporaryBit: each * 8 * bytes,
  }));
}

/** The halves of a temporary to two registers. */
function scatterPair(temporary: number, first: number, second: number, bytes: number): Compute[] {
  return [first, second].map((number, each) => ({
    operator: "copy",
    width: 8 * bytes,
    inputs: [{ kind: "temporary", index: temporary, bit: each * 8 * bytes }],
    to: [destination(number, bytes, viewOf(bytes), false)],
  }));
}

/** Acquire and release of LSE and CAS come from their A and R fields. */
function atomicOrdering({ A = 0, R = 0 }: Fields): Partial<Operation> {
  if (A === 1) return { ordering: R === 1 ? "acquire-release" : "acquire" };
  return R === 1 ? { ordering: "release" } : {};
}

function atomic(operator: Compute["operator"] | "exchange", bytes: 1 | 2 | 4 | 8, fields: Fields): Operation {
  const { address } = addressOf("base", bytes, fields);
  const width = 8 * bytes;
  const operand: Source = { kind: "register", register: data(fields["Rs"]!), bit: 0, width };
  const read: Read = { address: 0, offset: 0, size: bytes, to: [destination(fields["Rt"]!, bytes, viewOf(bytes), false)], temporary: 0 };
  const computes: Compute[] =
    operator === "exchange" ? [] : [{ operator, width, inputs: [{ kind: "temporary", index: 0 }, operand], to: [], temporary: 1 }];
  const from: Source = operator === "exchange" ? operand : { kind: "temporary", index: 1 };
  const writes: Write[] = [{ address: 0, offset: 0, size: bytes, from }];
  return { addresses: [address], reads: [read], computes, writes, updates: [], atomic: "read-modify-write", ...atomicOrdering(fields) };
}

/** CAS: a failed compare may or may not write the old value back; writing it is one of the allowed behaviours (C6.2, CAS). */
function compareAndSwap(bytes: 1 | 2 | 4 | 8, fields: Fields): Operation {
  const { address } = addressOf("base", bytes, fields);
  const width = 8 * bytes;
  const register = (number: number): Source => ({ kind: "register", register: data(number), bit: 0, width });
  const read: Read = { address: 0, offset: 0, size: bytes, to: [destination(fields["Rs"]!, bytes, viewOf(bytes), false)], temporary: 0 };
  const inputs: Source[] = [{ kind: "temporary", index: 0 }, register(fields["Rs"]!), register(fields["Rt"]!)];
  return {
    addresses: [address],
    reads: [read],
    computes: [{ operator: "compare-select", width, inputs, to: [], temporary: 1 }],
    writes: [{ address: 0, offset: 0, size: bytes, from: { kind: "temporary", index: 1 } }],
    updates: [],
    atomic: "read-modify-write",
    ...atomicOrdering(fields),
  };
}

/** LSE128: 16 bytes are one value, Rt in the low half; its accesses are of 8 bytes, as CASP's. */
function atomicPair(operator: Compute["operator"] | "exchange", fields: Fields): Operation {
  const { address } = addressOf("base", 8, fields);
  const { Rt = 0, Rt2 = 0 } = fields;
  const [OLD, OPERAND, RESULT] = [0, 1, 2] as const;
  const pieces = [0, 8].map((offset) => ({ address: 0, offset, size: 8 as const }));
  const inputs: Source[] = [OLD, OPERAND].map((index) => ({ kind: "temporary", index }));
  const combine: Compute[] = operator === "exchange" ? [] : [{ operator, width: 128, inputs, to: [], temporary: RESULT }];
  const index = operator === "exchange" ? OPERAND : RESULT;
  return {
    addresses: [address],
    reads: pieces.map((piece) => ({ ...piece, to: [], temporary: OLD, temporaryBit: 8 * piece.offset })),
    computes: [...gatherPair(Rt, Rt2, 8, OPERAND), ...combine, ...scatterPair(OLD, Rt, Rt2, 8)],
    writes: pieces.map((piece) => ({ ...piece, from: { kind: "temporary", index, bit: 8 * piece.offset } })),
    updates: [],
    atomic: "read-modify-write",
    alignment: 16,
    ...atomicOrdering(fields),
  };
}

/** CASP: the pair is one value, even register in the low half; its accesses are of 8 bytes (contract, section 4). */
function compareAndSwapPair(bytes: 4 | 8, fields: Fields): Operation {
  const { address } = addressOf("base", bytes, fields);
  const { Rs = 0, Rt = 0 } = fields;
  const [OLD, EXPECTED, REPLACEMENT, RESULT] = [0, 1, 2, 3] as const;
  const inputs: Source[] = [OLD, EXPECTED, REPLACEMENT].map((index) => ({ kind: "temporary", index }));
  const pieces = Array.from({ length: bytes / 4 }, (_, piece) => ({ address: 0, offset: 8 * piece, size: 8 as const }));
  return {
    addresses: [address],
    reads: pieces.map((piece) => ({ ...piece, to: [], temporary: OLD, temporaryBit: 8 * piece.offset })),
    computes: [
      ...gatherPair(Rs, Rs + 1, bytes, EXPECTED),
      ...gatherPair(Rt, Rt + 1, bytes, REPLACEMENT),
      { operator: "compare-select", width: 16 * bytes, inputs, to: [], temporary: RESULT },
      ...scatterPair(OLD, Rs, Rs + 1, bytes),
    ],
    writes: pieces.map((piece) => ({ ...piece, from: { kind: "temporary", index: RESULT, bit: 8 * piece.offset } })),
    updates: [],
    atomic: "read-modify-write",
    alignment: 2 * bytes,
    ...atomicOrdering(fields),
  };
}
