import type { Direction } from "../../model/instruction.ts";
import type { PlainOperator } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { Field } from "../pattern.ts";
import type { CompiledRow, Row } from "../rows.ts";

/** Bytes of one access. */
export type Size = 1 | 2 | 4 | 8;

/** What a row says of its instruction. */
export type Facts =
  | {
      readonly kind: "load";
      readonly format: keyof typeof FORMATS;
      readonly file: "x" | "f";
      readonly size: Size;
      /** What fills the register above the value; `ones` is NaN-boxing (unprivileged manual, "NaN Boxing of Narrower Values"). */
      readonly extension: "sign" | "zero" | "ones";
    }
  | { readonly kind: "store"; readonly format: keyof typeof FORMATS; readonly file: "x" | "f"; readonly size: Size }
  /** Zalasr: plain accesses that order others. */
  | { readonly kind: "load-acquire" | "store-release"; readonly size: Size }
  | { readonly kind: "load-reserved" | "store-conditional"; readonly size: 4 | 8 }
  /** The value written is `operator` of the old value and rs2; `swap` writes rs2. */
  | { readonly kind: "atomic"; readonly operator: AtomicOperator; readonly size: Size }
  /** Zacas: rs2 is written if the old value equals rd. 16 bytes use register pairs. */
  | { readonly kind: "compare-and-swap"; readonly size: Size | 16 }
  /** Recognised: a memory access that is not emulated, and why. `sizes` as in `Instruction`. */
  | {
      readonly kind: "unsupported";
      readonly access: Exclude<Direction, "none">;
      readonly sizes: readonly number[];
      readonly cause: keyof typeof CAUSES;
    }
  /** Recognised: touches no memory. `what` completes the sentence "it is …". */
  | { readonly kind: "no-access"; readonly what: string };

/** Facts of an instruction that is only recognised. */
export type RecognisedFacts = Extract<Facts, { kind: "unsupported" | "no-access" }>;

export type AtomicOperator =
  | "swap"
  | Extract<PlainOperator, "add" | "and" | "or" | "exclusive-or" | "signed-maximum" | "signed-minimum" | "unsigned-maximum" | "unsigned-minimum">;

/** Fields of the instruction formats of loads and stores (unprivileged manual, "Instruction-Length Encoding" and "C" chapters). */
const FORMATS = {
  I: ["imm", "rs1", "rd"],
  S: ["imm", "rs1", "rs2"],
  /** rs1', rd' and rs2' are x8–x15 or f8–f15. */
  CL: ["uimm", "rs1'", "rd'"],
  CS: ["uimm", "rs1'", "rs2'"],
  /** Relative to the stack pointer. */
  CI: ["uimm", "rd"],
  CSS: ["uimm", "rs2"],
} as const;

/** The fields that decoding reads for these facts. */
export function fieldsOf(facts: Facts): readonly string[] {
  switch (facts.kind) {
    case "load":
    case "store":
      return FORMATS[facts.format];
    case "load-acquire":
    case "load-reserved":
      return ["aq", "rl", "rs1", "rd"];
    case "store-release":
      return ["aq", "rl", "rs1", "rs2"];
    case "store-conditional":
    case "atomic":
    case "compare-and-swap":
      return ["aq", "rl", "rs1", "rs2", "rd"];
    case "unsupported":
    case "no-access":
      return [];
    default:
      return facts satisfies never;
  }
}

/** Why an access that is recognised is not emulated, and what to do instead. */
const CAUSES = {
  quad: ["it moves 128 bits, and the f registers of a trace hold 64 (the D extension, not Q)", "use 64-bit accesses for device registers"],
  vector: [
    "it moves as many elements as vl and vtype say, and vector state is not part of a RISC-V trace",
    "use scalar loads and stores for device registers",
  ],
  "whole-vector": [
    "it moves whole vector registers of VLEN bits, and neither VLEN nor vector registers are part of a RISC-V trace",
    "use scalar loads and stores for device registers",
  ],
  hypervisor: [
    "it accesses a guest's memory through that guest's own page tables, as only a hypervisor does",
    "the fault belongs to the hypervisor that executed it: emulate the access there",
  ],
  "shadow-stack": [
    "it accesses the shadow stack (Zicfiss), and a shadow-stack page is never device memory",
    "check the shadow-stack pointer ssp and the page table entry behind it",
  ],
  "block-zero": [
    "it writes zeros to one whole cache block, whose size is the machine's own and not part of the trace",
    "use plain stores for device memory",
  ],
} as const satisfies Readonly<Record<string, readonly [detail: string, advice: string]>>;

/** The refusal of an instruction that is only recognised. */
export function refusalOf(facts: RecognisedFacts): Refusal {
  if (facts.kind === "unsupported") {
    const [detail, advice] = CAUSES[facts.cause];
    return new Refusal("unsupported-instruction", detail, advice);
  }
  return new Refusal(
    "not-memory-access",
    `it is ${facts.what}, and loads and stores nothing`,
    "check that the PC and the bytes are those of the faulting instruction",
  );
}

export function load(format: "I" | "CL" | "CI", size: Size, extension: "sign" | "zero"): Facts {
  return { kind: "load", format, file: "x", size, extension };
}

export function store(format: "S" | "CS" | "CSS", size: Size): Facts {
  return { kind: "store", format, file: "x", size };
}

export function floatLoad(format: "I" | "CL" | "CI", size: 2 | 4 | 8): Facts {
  return { kind: "load", format, file: "f", size, extension: "ones" };
}

export function floatStore(format: "S" | "CS" | "CSS", size: 2 | 4 | 8): Facts {
  return { kind: "store", format, file: "f", size };
}

export function atomic(operator: AtomicOperator, size: Size): Facts {
  return { kind: "atomic", operator, size };
}

export function compareAndSwap(size: Size | 16): Facts {
  return { kind: "compare-and-swap", size };
}

export function unsupported(access: Exclude<Direction, "none">, sizes: readonly number[], cause: keyof typeof CAUSES): Facts {
  return { kind: "unsupported", access, sizes, cause };
}

export function noAccess(what: string): Facts {
  return { kind: "no-access", what };
}

/** One row of a table. */
export function row(form: string, pattern: string, facts: Facts, where?: Row<Facts>["where"]): Row<Facts> {
  return where === undefined ? { form, pattern, facts } : { form, pattern, facts, where };
}

/** All values of a field of `width` bits but these, for `where`. */
export function allBut(width: number, ...values: readonly number[]): readonly number[] {
  return Array.from({ length: 1 << width }, (_, value) => value).filter((value) => !values.includes(value));
}

/** By aq + 2 rl: what the bits ask for. */
export const ORDERINGS = [undefined, "acquire", "release", "acquire-release"] as const;
/** The same as the manual appends it to the mnemonic. */
export const ORDERING_SUFFIXES = ["", ".aq", ".rl", ".aqrl"] as const;

/** The field aq + 2 rl of the words of a row; 0 where it has no such bits. */
export function orderingField({ fields }: CompiledRow<Facts>): Field {
  return new Field([...(fields.get("aq") ?? []), ...(fields.get("rl") ?? []).map((part) => ({ ...part, to: 1 }))]);
}
