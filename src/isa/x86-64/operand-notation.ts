import type { MemoryShape, OperandShape, RegisterShape } from "./notation.ts";
import type { Alternative } from "./opcode-notation.ts";
import { type RegisterFile, registerOperands } from "./register-operands.ts";

/** Reads the instruction column of a row. */

const LENGTH_LETTER: Readonly<Record<number, string>> = { 128: "x", 256: "y", 512: "z" };

/** The instruction column of one alternative. Throws an Error for letters and lists that do not fit the opcode's alternatives. */
export function expandInstruction(instruction: string, alternative: Alternative): string {
  const { kind, value, position, count } = alternative;
  const last = position === count - 1;
  const size = kind === "w" ? [32, 64][value] : kind === "operand" || kind === "address" ? value : undefined;
  const length = kind === "length" ? value : undefined;
  const substitute = (word: string): string => {
    const choice = word.split("|");
    let text = word;
    if (choice.length > 1) {
      if (choice.length !== count) throw new Error(`"${word}" has ${choice.length} alternatives, the opcode ${count}`);
      text = choice[position]!;
    }
    if (!last) text = text.replace(/\{(er|sae)\}/, "");
    return text.replace(/(^|\/)(vmm|hmm|m[VHQE]|r[OA]|mO|immO|moffsO|relO|rAX)(?=[\d/{+]|$)/g, (whole, before: string, letters: string) => {
      const expanded = expandLetters(letters, size, length);
      if (expanded === undefined) throw new Error(`"${whole}" has no meaning with the alternatives of this opcode`);
      return before + expanded;
    });
  };
  return instruction
    .split(/(, | )/)
    .map((word) => (word === ", " || word === " " ? word : substitute(word)))
    .join("");
}

function expandLetters(letters: string, size: number | undefined, length: number | undefined): string | undefined {
  if (length !== undefined) {
    switch (letters) {
      case "vmm":
        return `${LENGTH_LETTER[length]!}mm`;
      case "hmm":
        return `${LENGTH_LETTER[Math.max(128, length / 2)]!}mm`;
      case "mV":
      case "mH":
      case "mQ":
      case "mE":
        return `m${length / { V: 1, H: 2, Q: 4, E: 8 }[letters[1] as "V" | "H" | "Q" | "E"]}`;
      default:
        return undefined;
    }
  }
  if (size === undefined) return undefined;
  switch (letters) {
    case "rO":
    case "rA":
      return `r${size}`;
    case "mO":
      return `m${size}`;
    case "immO":
      return size === 16 ? "imm16" : "imm32";
    case "relO":
      return size === 16 ? "rel16" : "rel32";
    case "moffsO":
      return `moffs${size}`;
    case "rAX":
      return { 16: "AX", 32: "EAX", 64: "RAX" }[size];
    default:
      return undefined;
  }
}

const NAMED: Readonly<Record<string, readonly [RegisterFile, width: number, number: number]>> = {
  AL: ["general", 8, 0],
  AX: ["general", 16, 0],
  EAX: ["general", 32, 0],
  RAX: ["general", 64, 0],
  CL: ["general", 8, 1],
  DX: ["general", 16, 2],
  FS: ["segment", 16, 4],
  GS: ["segment", 16, 5],
  "<XMM0>": ["vector", 128, 0],
  "ST(0)": ["x87", 80, 0],
};

const REGISTERS: readonly (readonly [RegExp, RegisterFile, number])[] = [
  [/^r8$/, "general", 8],
  [/^r16$/, "general", 16],
  [/^r32[ab]?$/, "general", 32],
  [/^r64[ab]?$/, "general", 64],
  [/^xmm\d?$/, "vector", 128],
  [/^ymm\d?$/, "vector", 256],
  [/^zmm\d?$/, "vector", 512],
  [/^[xz]mm2\+3$/, "vector", 128],
  [/^mm\d?$/, "mmx", 64],
  [/^k\d(\+1)?$/, "mask", 64],
  [/^bnd\d?$/, "bound", 128],
  [/^tmm\d$/, "tile", 8192],
  [/^Sreg$/, "segment", 16],
  [/^cr$/, "control", 64],
  [/^dr$/, "debug", 64],
  [/^ST\(i\)$/, "x87", 80],
];

/** Bits of the memory operands that are more than a number: SDM volume 2, section 3.1.1.3. */
const MEMORY_BITS: Readonly<Record<string, number>> = {
  m: 0,
  mem: 0,
  mib: 0,
  "m16&64": 80,
  "m16:16": 32,
  "m16:32": 48,
  "m16:64": 80,
  m80bcd: 80,
  m2byte: 16,
  m14byte: 112,
  m28byte: 224,
  m94byte: 752,
  m108byte: 864,
  m512byte: 4096,
};

/** What the text of an operand says. */
interface OperandText {
  register?: RegisterShape;
  memory?: MemoryShape;
  immediate?: number;
  fixed?: number;
}

/** Reads one operand. `field` is its letter in the third column. Throws an Error if nobody knows such an operand. */
export function readOperand(text: string, field: string, immediateOffset: number): OperandShape {
  if (!/^[MRVOSIDX]$/.test(field)) throw new Error(`"${field}" is not a place of an operand`);
  const { register, memory, immediate, fixed } = readText(text, field);
  return { text, field: field as OperandShape["field"], register, memory, immediate, immediateOffset, fixed };
}

function readText(text: string, field: string): OperandText {
  const bare = text.replace(/ ?\{[^}]*\}/g, "");
  if (bare === "1") return { immediate: 8, fixed: 1 };
  const named = NAMED[bare];
  if (named !== undefined) {
    if (field !== "X") throw new Error(`${bare} is implied, and its place says "${field}"`);
    const [file, width, fixed] = named;
    return { register: registerShape(file, width), fixed };
  }
  const immediate = /^imm(4|8|16|32|64)$/.exec(bare) ?? /^rel(8|16|32)$/.exec(bare) ?? undefined;
  if (immediate !== undefined) return { immediate: Number(immediate[1]) };
  const offset = /^moffs(8|16|32|64)$/.exec(bare);
  if (offset !== null) return { memory: memoryShape(Number(offset[1])) };
  const parts = bare.split("/");
  const read: OperandText = {};
  parts.forEach((part, at) => readOperandPart(part, parts, at, read));
  return read;
}

function registerShape(file: RegisterFile, width: number): RegisterShape {
  return { file, width, operands: registerOperands(file, width) };
}

function memoryShape(bits: number): MemoryShape {
  return { bits, broadcast: undefined, vectorIndex: undefined, tile: false };
}

function readOperandPart(part: string, parts: readonly string[], at: number, read: OperandText): void {
  if (part === "r" && at === 0 && /^m(8|16|32|64)$/.test(parts[1] ?? "")) {
    read.register = registerShape("general", Number(parts[1]!.slice(1)));
    return;
  }
  const register = REGISTERS.find(([pattern]) => pattern.test(part));
  if (register !== undefined && at === 0) {
    read.register = registerShape(register[1], register[2]);
    return;
  }
  const vector = /^vm(32|64)([xyz])$/.exec(part);
  if (vector !== null) {
    const width = { x: 128, y: 256, z: 512 }[vector[2] as "x" | "y" | "z"];
    read.memory = { ...memoryShape(0), vectorIndex: { bits: Number(vector[1]), register: width } };
    return;
  }
  if (part === "sibmem") {
    read.memory = { ...memoryShape(0), tile: true };
    return;
  }
  const broadcast = /^m(16|32|64)bcst$/.exec(part);
  if (broadcast !== null && read.memory !== undefined) {
    read.memory = { ...read.memory, broadcast: Number(broadcast[1]) };
    return;
  }
  const bits = MEMORY_BITS[part] ?? /^m(\d+)(?:fp|int)?$/.exec(part)?.[1];
  if (bits === undefined || read.memory !== undefined) throw new Error(`operand kind "${part}" is unknown`);
  read.memory = memoryShape(Number(bits));
}
