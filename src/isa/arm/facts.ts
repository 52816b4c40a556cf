import type { Direction } from "../../model/instruction.ts";
import type { Rule } from "./rules.ts";

/** How the offset of a single or double transfer is encoded. */
export type Offset =
  /** Field `imm`, times `scale` bytes. */
  | { readonly kind: "immediate"; readonly scale: 1 | 2 | 4 }
  /** Register `Rm`; shifted by fields `imm5` and `type` (A32), or left by field `imm2` (T32). */
  | { readonly kind: "register"; readonly shift: "none" | "imm5" | "imm2" };

/**
 * Where P, U and W come from. `PUW`: a field of three bits, P first. `U`, `post U`: a field U, with offset or post-indexed
 * addressing. `add`, `subtract`: offset addressing, no field.
 */
export type Indexing = "PUW" | "U" | "post U" | "add" | "subtract";

interface MemoryFacts {
  readonly access: "load" | "store";
  /** Operands that are CONSTRAINED UNPREDICTABLE. */
  readonly unpredictable: readonly Rule[];
  /** Recognised, but refused as `unsupported-instruction`: why. */
  readonly unsupported?: string;
}

/** LDR, STR and their byte, halfword, signed, unprivileged and literal forms: field Rt, and Rn unless the base is fixed. */
export interface SingleFacts extends MemoryFacts {
  readonly kind: "single";
  readonly bytes: 1 | 2 | 4;
  readonly signed?: true;
  readonly offset: Offset;
  readonly indexing: Indexing;
  /** Number of the base register, where it is not in a field: 13, or 15 for literals. */
  readonly base?: 13 | 15;
  readonly unprivileged?: true;
}

/** LDRD, STRD: field Rt, the second register in field Rt2 or the next one. */
export interface DoubleFacts extends MemoryFacts {
  readonly kind: "double";
  readonly second: "Rt2" | "Rt + 1";
  readonly offset: Offset;
  readonly indexing: Indexing;
  readonly base?: 15;
}

/** LDM, STM, PUSH, POP: field `registers`, a bit for each register. */
export interface MultipleFacts extends MemoryFacts {
  readonly kind: "multiple";
  readonly mode: "IA" | "IB" | "DA" | "DB";
  /** Field W, always, never, or (narrow LDM) if the base is not in the list. */
  readonly writeback: "W" | "always" | "never" | "unless listed";
  readonly base?: 13;
  /** The list has register 15 besides (LDM, exception return). */
  readonly alsoPc?: true;
}

/** LDA, STL, LDREX, LDAEX, STREX, STLEX: fields Rn and Rt; Rd of a store-exclusive; Rt2 or the next register of a doubleword. */
export interface OrderedFacts extends MemoryFacts {
  readonly kind: "ordered";
  readonly bytes: 1 | 2 | 4 | 8;
  readonly exclusive: boolean;
  readonly ordering: boolean;
  readonly second?: "Rt2" | "Rt + 1";
  /** T32 LDREX and STREX: field `imm`, times four. */
  readonly offset?: true;
}

/** SWP, SWPB: fields Rn, Rt and Rm. */
export interface SwapFacts extends MemoryFacts {
  readonly kind: "swap";
  readonly bytes: 1 | 4;
}

/** TBB, TBH: fields Rn and Rm. */
export interface TableBranchFacts extends MemoryFacts {
  readonly kind: "table branch";
  readonly bytes: 1 | 2;
}

/** VLDR, VSTR: fields U, imm, and `d`, the number of a D register or of an S register. */
export interface VectorSingleFacts extends MemoryFacts {
  readonly kind: "vector single";
  readonly bytes: 2 | 4 | 8;
  readonly base?: 15;
}

/** VLDM, VSTM, FLDMX, FSTMX: fields Rn, `d`, and `regs`, the number of registers. */
export interface VectorMultipleFacts extends MemoryFacts {
  readonly kind: "vector multiple";
  readonly bytes: 4 | 8;
  readonly mode: "IA" | "DB";
  /** IA has a field W; DB always writes back. */
  readonly writeback: "W" | "always";
  /** FLDMX, FSTMX: a word more than the registers fill. */
  readonly extraWord?: true;
}

/** VLD1–VLD4, VST1–VST4 of whole registers: fields Rn, Rm, `d`, `size` (log2 of the element's bytes) and `align`. */
export interface StructureFacts extends MemoryFacts {
  readonly kind: "structure";
  /** Elements of a structure. */
  readonly elements: 1 | 2 | 3 | 4;
  /** Registers that hold the first elements. */
  readonly groups: 1 | 2 | 3 | 4;
  /** From the register of one element of a structure to that of the next. */
  readonly spacing: 1 | 2;
  /** Alignment in bytes by value of `align`. */
  readonly alignments: readonly number[];
}

/**
 * VLD1–VLD4, VST1–VST4 of one lane: fields Rn, Rm, `d`, `index`, and `align` and `spacing` where there is a choice.
 * VLD1–VLD4 to all lanes: no index.
 */
export interface LaneFacts extends MemoryFacts {
  readonly kind: "lane" | "all lanes";
  readonly elements: 1 | 2 | 3 | 4;
  readonly bytes: 1 | 2 | 4;
  /** Alignment in bytes by value of `align`; a single one has no field. */
  readonly alignments: readonly number[];
  /** Field `spacing`: the registers are two apart. */
  readonly spacing?: true;
  /** VLD1 to all lanes, field `T`: two registers get the element. */
  readonly pair?: true;
}

/** A memory access that is recognised and not taken apart: its fields are not read. */
export interface OpaqueFacts {
  readonly kind: "opaque";
  readonly access: "load" | "store";
  readonly sizes: readonly number[];
  readonly unsupported: string;
}

/** Touches no memory: hints, and whole classes of other instructions. */
export interface NoAccessFacts {
  readonly kind: "none";
  readonly what: "hint" | "class";
}

/** The facts of a row of the A32 and T32 tables: a closed union. */
export type Facts =
  | SingleFacts
  | DoubleFacts
  | MultipleFacts
  | OrderedFacts
  | SwapFacts
  | TableBranchFacts
  | VectorSingleFacts
  | VectorMultipleFacts
  | StructureFacts
  | LaneFacts
  | OpaqueFacts
  | NoAccessFacts;

/** What {@link Facts} says of directions, in the words of the model. */
export function directionOf(facts: Facts): Direction {
  if (facts.kind === "none") return "none";
  if (facts.kind === "swap") return "read-write";
  return facts.access === "load" ? "read" : "write";
}

/** The fields that decoding reads for these facts; beside them a pattern may have those that its `where` names. */
export function fieldsOf(facts: Facts): readonly string[] {
  switch (facts.kind) {
    case "single":
      return ["Rt", ...addressFields(facts)];
    case "double":
      return ["Rt", ...(facts.second === "Rt2" ? ["Rt2"] : []), ...addressFields(facts)];
    case "multiple":
      return ["registers", ...(facts.base === undefined ? ["Rn"] : []), ...(facts.writeback === "W" ? ["W"] : [])];
    case "ordered":
      return [
        "Rn",
        "Rt",
        ...(facts.second === "Rt2" ? ["Rt2"] : []),
        ...(facts.exclusive && facts.access === "store" ? ["Rd"] : []),
        ...(facts.offset ? ["imm"] : []),
      ];
    case "swap":
      return ["Rn", "Rt", "Rm"];
    case "table branch":
      return ["Rn", "Rm"];
    case "vector single":
      return ["U", "imm", "d", ...(facts.base === undefined ? ["Rn"] : [])];
    case "vector multiple":
      return ["Rn", "d", "regs", ...(facts.writeback === "W" ? ["W"] : [])];
    case "structure":
      return ["Rn", "Rm", "d", "size", "align"];
    case "lane":
    case "all lanes":
      return [
        "Rn",
        "Rm",
        "d",
        ...(facts.kind === "lane" ? ["index"] : []),
        ...(facts.alignments.length > 1 ? ["align"] : []),
        ...(facts.spacing ? ["spacing"] : []),
        ...(facts.pair ? ["T"] : []),
      ];
    case "opaque":
    case "none":
      return [];
    default:
      return facts satisfies never;
  }
}

const INDEXING_FIELDS: Readonly<Record<Indexing, readonly string[]>> = { PUW: ["PUW"], U: ["U"], "post U": ["U"], add: [], subtract: [] };
const SHIFT_FIELDS = { none: [], imm5: ["imm5", "type"], imm2: ["imm2"] } as const;

function addressFields({ base, offset, indexing }: SingleFacts | DoubleFacts): string[] {
  const offsetFields = offset.kind === "immediate" ? ["imm"] : ["Rm", ...SHIFT_FIELDS[offset.shift]];
  return [...(base === undefined ? ["Rn"] : []), ...offsetFields, ...INDEXING_FIELDS[indexing]];
}
