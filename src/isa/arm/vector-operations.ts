import type { InstructionSet } from "../../model/architecture.ts";
import type { Address, Destination, Read, RegisterSlice, Update, Write } from "../../model/operation.ts";
import type { Fields } from "../rows.ts";
import type { LaneFacts, StructureFacts, VectorMultipleFacts, VectorSingleFacts } from "./facts.ts";
import { type Parts, baseOf, writeback } from "./general-operations.ts";
import { D0, SP } from "./registers.ts";

type Size = 1 | 2 | 4 | 8;

/** `bytes` bytes of D register `number`, from byte `bytes * lane` up. Numbers are modulo 32: what exceeds 31 is refused before it runs. */
function lane(number: number, bytes: Size, position: number): RegisterSlice {
  return { register: D0 + (number % 32), bit: 8 * bytes * position, width: 8 * bytes };
}

/** A whole D register, or an S register: half of one of d0–d15. A half-precision value is the low half of an S register. */
function floatingPointRegister(number: number, bytes: 2 | 4 | 8): RegisterSlice {
  if (bytes === 8) return lane(number, 8, 0);
  const single = number % 32;
  return { register: D0 + (single >> 1), bit: 32 * (single & 1), width: 8 * bytes };
}

/** A lane keeps the rest of its register; a half-precision value clears the rest of its S register. */
function destination(slice: RegisterSlice): Destination {
  const end = slice.bit + slice.width;
  return { ...slice, extension: "zero", extendTo: end, clearTo: end };
}

/** One element of memory and the slices that take or give it; `unit`: bytes that byte order swaps among themselves. */
interface Transfer {
  readonly offset: number;
  readonly size: Size;
  readonly slices: readonly RegisterSlice[];
  readonly unit?: Size;
}

function transfer(access: "load" | "store", transfers: readonly Transfer[]): Pick<Parts, "reads" | "computes" | "writes"> {
  const place = ({ offset, size, unit }: Transfer) => ({ address: 0, offset, size, ...(unit !== undefined && unit !== size && { unit }) });
  return {
    reads: access === "load" ? transfers.map((each): Read => ({ ...place(each), to: each.slices.map(destination) })) : [],
    computes: [],
    writes: access === "store" ? transfers.map((each): Write => ({ ...place(each), from: { kind: "register", ...each.slices[0]! } })) : [],
  };
}

/** VLDR, VSTR. */
export function vectorSingle(facts: VectorSingleFacts, fields: Fields, set: InstructionSet): Parts {
  const { access, bytes } = facts;
  const offset = BigInt(fields["imm"]! * (bytes === 2 ? 2 : 4));
  const parts = transfer(access, [{ offset: 0, size: bytes, slices: [floatingPointRegister(fields["d"]!, bytes)] }]);
  return {
    addresses: [{ ...baseOf(facts.base ?? fields["Rn"]!, set), displacement: fields["U"] === 1 ? offset : -offset, width: 32 }],
    ...parts,
    // S<d> = Zeros(16) : value.
    ...(bytes === 2 && { reads: parts.reads.map((read) => ({ ...read, to: read.to.map((to) => ({ ...to, extendTo: to.bit + 32, clearTo: to.bit + 32 })) })) }),
    updates: [],
    // A D register is two word accesses to the processor: MemA[address, 4] twice.
    alignment: bytes === 2 ? 2 : 4,
  };
}

/** VLDM, VSTM. The base moves by the size of all registers, with FLDMX and FSTMX by a word more. */
export function vectorMultiple(facts: VectorMultipleFacts, fields: Fields, set: InstructionSet): Parts {
  const { access, bytes, mode } = facts;
  const { Rn: n = 0, d = 0, regs = 0 } = fields;
  const size = bytes * regs + (facts.extraWord ? 4 : 0);
  const end = BigInt(mode === "IA" ? size : -size);
  const transfers = Array.from({ length: Math.min(regs, 32) }, (_, register): Transfer => ({ offset: bytes * register, size: bytes, slices: [floatingPointRegister(d + register, bytes)] }));
  return {
    addresses: [{ ...baseOf(n, set), displacement: mode === "IA" ? 0n : end, width: 32 }],
    ...transfer(access, transfers),
    updates: vectorMultipleWritesBack(facts, fields) ? [writeback(n, { base: n, displacement: end, width: 32 })] : [],
    alignment: 4,
  };
}

/** Whether VLDM or VSTM changes its base. */
export function vectorMultipleWritesBack(facts: VectorMultipleFacts, fields: Fields): boolean {
  return facts.writeback === "always" || fields["W"] === 1;
}

/**
 * VLD1–VLD4, VST1–VST4 of whole registers. VLD1 and VST1 move registers of 8 bytes, in which byte order applies to each element;
 * the others one element an access, in the order of memory.
 */
export function structure(facts: StructureFacts, fields: Fields): Parts {
  const bytes = (1 << fields["size"]!) as Size;
  const d = fields["d"]!;
  const transfers: Transfer[] = [];
  for (let group = 0; group < facts.groups; group++) {
    if (facts.elements === 1) {
      transfers.push({ offset: 8 * group, size: 8, unit: bytes, slices: [lane(d + group, 8, 0)] });
      continue;
    }
    for (let position = 0; position < 8 / bytes; position++) {
      for (let element = 0; element < facts.elements; element++) {
        transfers.push({ offset: transfers.length * bytes, size: bytes, slices: [lane(d + group + element * facts.spacing, bytes, position)] });
      }
    }
  }
  return structureParts(facts, fields, transfers, 8 * facts.elements * facts.groups);
}

/** VLD1–VLD4, VST1–VST4 of one lane or to all lanes. */
export function lanes(facts: LaneFacts, fields: Fields): Parts {
  const { bytes } = facts;
  const spacing = fields["spacing"] === 1 ? 2 : 1;
  const positions = facts.kind === "lane" ? [fields["index"]!] : Array.from({ length: 8 / bytes }, (_, position) => position);
  const transfers = Array.from({ length: facts.elements }, (_, element): Transfer => {
    const first = fields["d"]! + element * spacing;
    const registers = fields["T"] === 1 ? [first, first + 1] : [first];
    return { offset: element * bytes, size: bytes, slices: registers.flatMap((register) => positions.map((position) => lane(register, bytes, position))) };
  });
  return structureParts(facts, fields, transfers, facts.elements * bytes);
}

/** Number of the last D register that a structure touches. */
export function lastRegister(facts: StructureFacts | LaneFacts, fields: Fields): number {
  const d = fields["d"]!;
  if (facts.kind === "structure") return d + facts.groups - 1 + (facts.elements - 1) * facts.spacing;
  return d + (facts.elements - 1) * (fields["spacing"] === 1 ? 2 : 1) + (fields["T"] ?? 0);
}

/** Rm = 15: no writeback; 13: by the bytes transferred; else by Rm. */
function structureParts(facts: StructureFacts | LaneFacts, fields: Fields, transfers: readonly Transfer[], size: number): Parts {
  const { Rn: n = 0, Rm: m = 0 } = fields;
  const alignment = facts.alignments[fields["align"] ?? 0]!;
  const moved: Address =
    m === SP
      ? { base: n, displacement: BigInt(size), width: 32 }
      : { base: n, index: { slice: { register: m, bit: 0, width: 32 }, signed: false, shift: { kind: "lsl", amount: 0 } }, displacement: 0n, width: 32 };
  const updates: Update[] = m === 15 ? [] : [writeback(n, moved)];
  const parts = transfer(facts.access, transfers);
  return {
    addresses: [{ base: n, displacement: 0n, width: 32 }],
    ...parts,
    // Registers that are loaded whole do not need their old values: the lowest element clears the rest of its register.
    ...(facts.kind !== "lane" && { reads: parts.reads.map((read) => ({ ...read, to: read.to.map((to) => (to.bit === 0 ? { ...to, clearTo: 64 } : to)) })) }),
    updates,
    ...(alignment > 1 && { alignment }),
  };
}
