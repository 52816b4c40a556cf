import { type Direction, type Instruction, refusedInstruction } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { OperationBuilder, pieces, type Recipe } from "./builder.ts";
import { exitOf } from "./exits.ts";
import { type Encoding, LENGTH_LIMIT, parseEncoding, readModRm, tooLong, truncated, undefinedInstruction } from "./format.ts";
import { DIRECTIONS, EXIT_DIRECTIONS, type ExitMeaning, type Meaning, type NamedMeaning } from "./meaning.ts";
import { type Candidate, type OpcodeTable, selectCandidate } from "./opcode-table.ts";
import { describeNoRegister, type MemoryOperand, type Operand, resolveOperands, type Subject } from "./operands.ts";

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
  const candidate = selectCandidate(bucket, encoding, bucket.hasSuffix ? bytes[immediate] : undefined);
  if (candidate === undefined)
    return undefinedInstruction(`no instruction has ${describeOpcode(encoding)} with these prefixes and this ModRM byte`);
  const { immediateBytes } = candidate.variant;
  const length = immediate + (immediateBytes < 0 ? encoding.addressSize / 8 : immediateBytes);
  if (length > LENGTH_LIMIT) return tooLong();
  if (length > bytes.length) return truncated(bytes, length);
  return complete(bytes, candidate, encoding, length);
}

function complete(bytes: Uint8Array, candidate: Candidate, encoding: Encoding, length: number): Instruction | Refusal {
  const { variant, checks } = candidate;
  if (variant.facts.undefined !== undefined) return undefinedInstruction(`${variant.form}: ${variant.facts.undefined}`);
  const operands = resolveOperands(bytes, variant, encoding, length);
  let memory: MemoryOperand | undefined;
  for (let place = 0; place < operands.length; place++) {
    const operand = operands[place];
    if (operand === undefined) {
      return undefinedInstruction(`${variant.form}: ${describeNoRegister(variant.operands[place]!, bytes, encoding, length)}`);
    }
    if (operand.kind === "memory") memory = operand;
  }
  const opmask = encoding.evex === undefined || encoding.evex.opmask === 0 || !variant.masking ? undefined : encoding.evex.opmask;
  const subject: Subject = { variant, encoding, operands: operands as Operand[], memory, length, opmask };
  for (let check = 0; check < checks.length; check++) {
    const objection = checks[check]!(subject);
    if (objection !== undefined) return undefinedInstruction(`${variant.form}: ${objection}`);
  }
  return describe(subject, candidate.recipe);
}

function describe(subject: Subject, recipe: Recipe | undefined): Instruction {
  const { variant, memory } = subject;
  if (recipe === undefined) return describeNamed(subject);
  if (memory === undefined && !IMPLICIT_MEMORY.has(variant.does)) return noMemory(nameOf(subject));
  const builder = new OperationBuilder(subject);
  const refusal = recipe(builder);
  return builder.instruction(refusal ?? notHeld(subject));
}

/** Why an instruction that names a register of a file that traces do not have is not emulated. */
function notHeld({ operands }: Subject): Refusal | undefined {
  for (const operand of operands) {
    if (operand.kind !== "register" || operand.register !== undefined) continue;
    const { file, number } = operand;
    return new Refusal(
      "unsupported-instruction",
      `it moves ${file} register ${number}, and the trace format holds no ${file} registers`,
      "use a general or vector register for device memory",
    );
  }
  return undefined;
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

function nameOf({ variant: { form, mnemonic }, length }: Subject): Name {
  return { form, mnemonic, length };
}

/** An instruction that the emulator only names, or that asks something of the hypervisor. */
function describeNamed(subject: Subject): Instruction {
  const { memory, variant } = subject;
  const name = nameOf(subject);
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
