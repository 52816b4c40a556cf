import { checkFault } from "../emulate/checks.ts";
import { emulate } from "../emulate/emulate.ts";
import type { Policy } from "../emulate/policy.ts";
import type { Fault } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import { Refusal, type RefusalReason } from "../model/refusal.ts";
import { RegisterFile } from "../model/registers.ts";
import { registersUsed } from "../model/registers-used.ts";
import type { Choices } from "./choices.ts";
import type { EncodingWish, Form } from "./form.ts";
import { generatedGuest, situate } from "./machine.ts";

/** What a spoiler makes a refused fault of. */
interface Material {
  readonly isa: Isa;
  readonly form: Form;
  readonly choices: Choices;
  readonly policy: Policy;
  readonly registers: "needed" | "all";
}

/** A fault, and its instruction where its bytes are one. */
export interface Made {
  readonly instruction: Instruction | undefined;
  readonly fault: Fault;
}

/** Changes a fault that is emulated into one that is refused. Undefined: this one can't be. */
type Spoiler = (fault: Fault, instruction: Instruction, choices: Choices) => Fault | undefined;

/** Reasons that a fault itself can give, and how an emulated one comes to them. "encoding": only by its instruction. */
const SPOILERS = {
  "truncated-instruction": (fault, { length }, choices) => ({ ...fault, bytes: fault.bytes.subarray(0, length - 1 - choices.below("spoil cut", length)) }),
  "undefined-instruction": "encoding",
  "not-memory-access": "encoding",
  "unsupported-instruction": "encoding",
  unpredictable: "encoding",
  atomic: (fault) => fault,
  "missing-register": withoutRegister,
  "missing-memory": (fault) => (fault.memory.length === 0 ? undefined : { ...fault, memory: fault.memory.slice(1) }),
  "missing-read": (fault) => (fault.reads.length === 0 ? undefined : { ...fault, reads: fault.reads.slice(0, -1) }),
  "page-crossing": (fault) => fault,
  "address-mismatch": (fault, _, choices) => {
    const distance = 8n * BigInt(1 + choices.below("spoil distance", 0x40));
    return { ...fault, gva: fault.gva! + distance, gpa: fault.gpa! + distance };
  },
  "direction-mismatch": (fault) => ({ ...fault, write: !fault.write! }),
  "user-mode": (fault) => ({ ...fault, mode: "user" }),
  // A triple fault; an exception class that is no data abort.
  "not-a-data-abort": (fault) => (fault.registers.set.architecture === "x86-64" ? { ...fault, exitReason: 2n } : { ...fault, syndrome: 0x5e00_0000n }),
} as const satisfies Partial<Readonly<Record<RefusalReason, Spoiler | "encoding">>>;

/** Reasons that can be asked for. */
export type SpoiledReason = keyof typeof SPOILERS;

export const SPOILED_REASONS = Object.keys(SPOILERS) as readonly SpoiledReason[];

/** A fault of the form that is refused for this reason, or undefined: not with these choices. */
export function spoiledFault(material: Material, reason: SpoiledReason): Made | "refused" | undefined {
  const { isa, form, choices, policy, registers } = material;
  if (reason === "undefined-instruction") return undefinedInstruction(material);
  const spoiler: Spoiler | "encoding" = SPOILERS[reason];
  const wish: EncodingWish = {
    registersOnly: reason === "not-memory-access",
    unpredictable: reason === "unpredictable",
    violateShouldBe: reason === "unpredictable" && choices.rarely("spoil should-be", 2),
  };
  const bytes = form.encode(choices, wish);
  if (bytes === undefined) return undefined;
  const instruction = isa.decode(bytes, form.instructionSet);
  if (instruction instanceof Refusal || instruction.form !== form.name) return undefined;
  if (instruction.operation instanceof Refusal) {
    if (instruction.operation.reason !== reason) return instruction.operation.reason === "unpredictable" ? undefined : "refused";
    return { instruction, fault: plainFault(isa, form, bytes, instruction.access === "write", choices) };
  }
  if (spoiler === "encoding") return undefined;
  const refusal = { crossPages: reason === "page-crossing", unanswered: reason === "atomic" };
  const fault = situate(instruction, form.instructionSet, bytes, isa, choices, { policy, registers, ...refusal });
  const spoiled = fault === undefined ? undefined : spoiler(fault, instruction, choices);
  return spoiled === undefined || refusalReason(spoiled, isa, policy) !== reason ? undefined : { instruction, fault: spoiled };
}

/** What becomes of a fault with the recorded device: nothing, or why it is refused. */
function refusalReason(fault: Fault, isa: Isa, policy: Policy): RefusalReason | undefined {
  const guest = generatedGuest(isa.architecture);
  const objection = checkFault(fault, guest, policy);
  if (objection !== undefined) return objection.reason;
  const instructionSet = isa.instructionSet(fault.registers);
  if (instructionSet instanceof Refusal) return instructionSet.reason;
  const instruction = isa.decode(fault.bytes, instructionSet);
  if (instruction instanceof Refusal) return instruction.reason;
  let next = 0;
  const missing = new Refusal("missing-read", "the generated fault has no more values", "generate another");
  const emulation = emulate(instruction, instructionSet, fault, guest, policy, ({ write }) => (write ? 0n : (fault.reads[next++] ?? missing)));
  return emulation instanceof Refusal ? emulation.reason : undefined;
}

/** Bytes of the form with one bit changed: an encoding of nothing. */
function undefinedInstruction({ isa, form, choices }: Material): Made | undefined {
  const bytes = form.encode(choices, {});
  if (bytes === undefined) return undefined;
  const bit = choices.below("spoil bit", 8 * bytes.length);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  const decoded = isa.decode(bytes, form.instructionSet);
  if (!(decoded instanceof Refusal) || decoded.reason !== "undefined-instruction") return undefined;
  return { instruction: undefined, fault: plainFault(isa, form, bytes, false, choices) };
}

/** A fault at the start of device memory with all general registers, for an instruction whose accesses are not known. */
export function plainFault(isa: Isa, { instructionSet }: Pick<Form, "instructionSet">, bytes: Uint8Array, write: boolean, choices: Choices): Fault {
  const { windows } = generatedGuest(isa.architecture);
  const { gva, gpa } = windows[0]!;
  const registers = new RegisterFile(isa.registers);
  isa.registers.descriptions.forEach(({ file, name, width }, register) => {
    if (file === "general") registers.capture(register, choices.value(`register ${name}`, width));
  });
  // CPSR.T and supervisor mode.
  if (isa.architecture === "arm") registers.capture(isa.registers.index("cpsr"), instructionSet === "t32" ? 0x33n : 0x13n);
  const pc = isa.architecture === "arm" ? 0x8001_0000n : 0xffff_8000_0801_0000n;
  return { pc, bytes, registers, gva, gpa, write, mode: "kernel", memory: [], reads: [0n] };
}

function withoutRegister(fault: Fault, instruction: Instruction, choices: Choices): Fault | undefined {
  if (instruction.operation instanceof Refusal) return undefined;
  const needs = [...registersUsed(instruction.operation, fault.registers.set).needs.keys()];
  if (needs.length === 0) return undefined;
  const registers = fault.registers.copy();
  registers.forget(choices.pick("spoil register", needs));
  return { ...fault, registers };
}
