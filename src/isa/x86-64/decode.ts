import { type Direction, type Instruction, instructionOf, refusedInstruction } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { OperationBuilder, type Recipe, pieces } from "./builder.ts";
import { checkEncoding } from "./checks.ts";
import { exitOf } from "./exits.ts";
import { type Encoding, LENGTH_LIMIT, parseEncoding, readModRm, tooLong, truncated, undefinedInstruction } from "./format.ts";
import { GENERAL_RECIPES } from "./general.ts";
import { LANE_RECIPES } from "./lanes.ts";
import { DIRECTIONS, EXIT_DIRECTIONS, type ExitMeaning, type Meaning, type NamedMeaning } from "./meaning.ts";
import type { Variant } from "./notation.ts";
import { type OpcodeTable, selectVariant } from "./opcode-table.ts";
import { describeNoRegister, type MemoryOperand, type Operand, resolveOperand, type Subject } from "./operands.ts";
import type { RegisterOperand } from "./register-operands.ts";
import { STACK_RECIPES } from "./stack.ts";
import { STRING_RECIPES } from "./string.ts";
import { VECTOR_RECIPES } from "./vector.ts";

const RECIPES: ReadonlyMap<string, Recipe> = new Map(
  [GENERAL_RECIPES, STACK_RECIPES, STRING_RECIPES, VECTOR_RECIPES, LANE_RECIPES].flatMap((recipes) => Object.entries(recipes)),
);

/** Decodes the instruction at the start of `bytes` by the rows of `table`. */
export function decodeWith(table: OpcodeTable, bytes: Uint8Array): Instruction | Refusal {
  const encoding = parseEncoding(bytes);
  if (encoding.refusal !== undefined) return encoding.refusal;
  const bucket = table.bucket(encoding.space, encoding.map, encoding.opcode);
  if (bucket === undefined) return undefinedInstruction(`no instruction has ${describeOpcode(encoding)}`);
  if (bucket.hasModRm) {
    const refusal = readModRm(bytes, encoding, bucket.ignoresMod);
    if (refusal !== undefined) return refusal;
  }
  const immediate = encoding.end;
  if (bucket.hasSuffix && bytes.length <= immediate) return truncated(bytes, immediate + 1);
  const variant = selectVariant(bucket, encoding, bucket.hasSuffix ? bytes[immediate] : undefined);
  if (variant === undefined)
    return undefinedInstruction(`no instruction has ${describeOpcode(encoding)} with these prefixes and this ModRM byte`);
  const length = immediate + (variant.immediateBytes < 0 ? encoding.addressSize / 8 : variant.immediateBytes);
  if (length > LENGTH_LIMIT) return tooLong();
  if (length > bytes.length) return truncated(bytes, length);
  return complete(bytes, variant, encoding, immediate, length);
}

function complete(bytes: Uint8Array, variant: Variant, encoding: Encoding, immediate: number, length: number): Instruction | Refusal {
  if (variant.facts.undefined !== undefined) return undefinedInstruction(`${variant.form}: ${variant.facts.undefined}`);
  const operands: Operand[] = [];
  let memory: MemoryOperand | undefined;
  for (const shape of variant.operands) {
    const operand = resolveOperand(shape, bytes, variant, encoding, immediate, length);
    if (operand === undefined) return undefinedInstruction(`${variant.form}: ${describeNoRegister(shape, bytes, encoding, length)}`);
    if (operand.kind === "memory") memory = operand;
    operands.push(operand);
  }
  const opmask = encoding.evex === undefined || encoding.evex.opmask === 0 || !variant.masking ? undefined : encoding.evex.opmask;
  const subject: Subject = { variant, encoding, operands, memory, length, opmask };
  const objection = checkEncoding(subject);
  if (objection !== undefined) return undefinedInstruction(`${variant.form}: ${objection}`);
  return describe(subject);
}

function describe(subject: Subject): Instruction {
  const { variant, memory, length } = subject;
  const { form, mnemonic, does } = variant;
  const name = { form, mnemonic, length };
  const recipe = RECIPES.get(does);
  if (recipe === undefined) return describeNamed(subject, name);
  if (memory === undefined && !IMPLICIT_MEMORY.has(does)) return noMemory(name);
  const builder = new OperationBuilder(subject);
  const refusal = recipe(builder);
  const instruction = instructionOf(name, builder.build());
  if (refusal !== undefined) return { ...instruction, operation: refusal };
  for (const operand of subject.operands) {
    if (operand.kind === "register" && operand.register === undefined) return { ...instruction, operation: notHeld(operand) };
  }
  return instruction;
}

function notHeld({ file, number }: RegisterOperand): Refusal {
  return new Refusal(
    "unsupported-instruction",
    `it moves ${file} register ${number}, and the trace format holds no ${file} registers`,
    "use a general or vector register for device memory",
  );
}

/** What touches memory without a memory operand: the stack and strings. */
const IMPLICIT_MEMORY: ReadonlySet<Meaning> = new Set<Meaning>([
  "push",
  "pop",
  "call",
  "return",
  "leave",
  "enter",
  "translate",
  "vector-masked-bytes",
  "string-move",
  "string-store",
  "string-load",
  "string-compare",
  "string-scan",
]);

interface Name {
  readonly form: string;
  readonly mnemonic: string;
  readonly length: number;
}

/** An instruction that the emulator only names, or that asks something of the hypervisor. */
function describeNamed(subject: Subject, name: Name): Instruction {
  const { memory, variant } = subject;
  const { does, facts } = variant;
  if (isExit(does)) {
    const direction = EXIT_DIRECTIONS[does];
    const instruction =
      direction === "none" ? noMemory(name) : refusedInstruction(name, direction, stringSizes(subject), unsupported(name.mnemonic));
    return { ...instruction, exit: exitOf(subject, does) };
  }
  const direction = DIRECTIONS[does as NamedMeaning];
  if (direction === "none" || (memory === undefined && facts.implicit === undefined && facts.stack === undefined)) return noMemory(name);
  const both = direction === "read-write" || (memory !== undefined && facts.stack !== undefined);
  return refusedInstruction(name, both ? "read-write" : direction, namedSizes(subject, direction), unsupported(name.mnemonic));
}

function isExit(does: Meaning): does is ExitMeaning {
  return Object.hasOwn(EXIT_DIRECTIONS, does);
}

/** INS and OUTS: one element, or with REP as many as the counter says. */
function stringSizes({ variant, encoding }: Subject): number[] {
  return [encoding.repeat === 0 ? (variant.operandSize ?? 8) / 8 : 0];
}

function noMemory(name: Name): Instruction {
  const refusal = new Refusal(
    "not-memory-access",
    `${name.mnemonic} in this form touches no memory`,
    "the fault and the bytes do not belong together, or the fault is of another kind",
  );
  return refusedInstruction(name, "none", [], refusal);
}

function unsupported(mnemonic: string): Refusal {
  return new Refusal(
    "unsupported-instruction",
    `${mnemonic} accesses memory, and the emulator does not implement it`,
    "let the guest's driver access device memory with plain moves",
  );
}

/** Sizes of the accesses of an instruction that is only named; 0 where registers say how many there are. */
function namedSizes({ variant: { facts, operandSize }, opmask, memory }: Subject, direction: Direction): number[] {
  const bytes = facts.implicit === undefined ? (memory?.bytes ?? 0) : facts.implicit / 8;
  const slots = Array.from({ length: facts.stack ?? 0 }, () => operandSize! / 8);
  const operand = bytes === 0 && memory === undefined && slots.length > 0 ? [] : bytes === 0 ? [0] : pieces(bytes).map(({ size }) => size);
  // Masked-off elements make no access: how many there are depends on the mask.
  const once = opmask === undefined ? operand : operand.map(() => 0);
  return direction === "read-write" ? [...once, ...once] : [...once, ...slots];
}

const SPACE_NAMES = { legacy: "", rex2: "REX2 ", vex: "VEX ", evex: "EVEX ", xop: "XOP " } as const;

function describeOpcode({ space, map, opcode }: Encoding): string {
  const digits = opcode.toString(16).toUpperCase().padStart(2, "0");
  const escape = map === 0 ? "" : map === 1 ? "0F " : map === 2 ? "0F 38 " : map === 3 ? "0F 3A " : `map ${map} `;
  return `the ${SPACE_NAMES[space]}opcode ${escape}${digits}`;
}
