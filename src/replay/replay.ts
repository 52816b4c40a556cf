import { checkFault } from "../emulate/checks.ts";
import { emulate } from "../emulate/emulate.ts";
import { emulateExit } from "../emulate/exits.ts";
import { refused } from "../emulate/message.ts";
import type { Policy } from "../emulate/policy.ts";
import type { Handler, HandlerContext, Host, HypercallRecord } from "../handler.ts";
import { type HostModel, RECORDED } from "../hosts/host.ts";
import type { Access } from "../model/access.ts";
import type { InstructionSet } from "../model/architecture.ts";
import { answerWidths, type Exit, reportedExit } from "../model/exit.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import type { Outcome } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import { completeFault } from "../model/vm-fault.ts";
import { UserError } from "../model/user-error.ts";
import { type FormSet, lackingFeatures } from "./form-sets.ts";

/** All that faults are replayed with. */
export interface ReplaySetup {
  readonly isa: Isa;
  readonly guest: GuestFacts;
  readonly handler: Handler;
  readonly policy: Policy;
  /** What answers the handler's hypercalls; without it the values that the trace recorded. */
  readonly host?: HostModel;
  /** The instructions that the handler knows; others are refused. Without it everything that is emulated. */
  readonly accepts?: FormSet;
}

/** The result of one fault, with its instruction if the bytes could be decoded. */
export interface Replayed {
  readonly outcome: Outcome;
  readonly instruction: Instruction | undefined;
}

/** A handler's own code that throws or returns what the contract does not allow: a bug there, to be told and not guessed around. */
export class HandlerError extends UserError {
  override readonly name = "HandlerError";
}

/**
 * Replays one fault: checks it, decodes the instruction, emulates it with the handler's hypercalls in place of the device (or, where
 * the exit reason says so, of the host's answer to CPUID, HLT, port I/O, RDMSR or WRMSR). No fault
 * knows of another, so that the same fault always has the same outcome, unless the host keeps state (`HostModel.stateful`).
 */
export function replayFault(captured: Fault, { isa, guest, handler, policy, host = RECORDED, accepts }: ReplaySetup): Replayed {
  const completed = completeFault(captured, isa.architecture);
  const fault = completed instanceof Refusal ? captured : completed;
  // The types hide registers and RAM from a handler; a module that was loaded at run time must not find them either.
  const { registers: _registers, memory: _memory, reads: _reads, ...visible } = fault;
  const context: HandlerContext = { architecture: isa.architecture, guest, fault: visible };
  const unwelcome = completed instanceof Refusal ? completed : (checkFault(fault, guest, policy) ?? checkWithHandler(handler, context));
  const decoded = decodeFault(fault, isa);
  const refusal = unwelcome ?? (decoded instanceof Refusal ? decoded : undefined);
  // Where the fault itself is turned away the instruction is decoded for its name only.
  if (refusal !== undefined || decoded instanceof Refusal) {
    const instruction = decoded instanceof Refusal ? undefined : decoded.instruction;
    return { outcome: refused(fault, instruction, refusal!), instruction };
  }
  const { instruction, instructionSet } = decoded;
  const unknown = accepts === undefined ? undefined : refuseUnknownForm(instruction, isa, accepts);
  if (unknown !== undefined) return { outcome: refused(fault, instruction, unknown), instruction };
  const port = new HypercallPort(handler, context, host, fault);
  const reported = reportedExit(fault);
  if (reported instanceof Refusal) return { outcome: refused(fault, instruction, reported), instruction };
  const emulation =
    reported.kind === "device"
      ? emulate(instruction, instructionSet, fault, guest, policy, port.access)
      : emulateExit(instruction, instructionSet, reported, fault, guest, port.exit);
  if (emulation instanceof Refusal) return { outcome: refused(fault, instruction, emulation), instruction };
  const { calls, after } = emulation;
  return { outcome: { kind: "emulated", form: instruction.form, calls, after, records: port.records }, instruction };
}

/** An instruction outside of the set that the handler is said to know. */
function refuseUnknownForm(instruction: Instruction, { registers }: Isa, accepts: FormSet): Refusal | undefined {
  const lacking = lackingFeatures(instruction, registers, accepts);
  if (lacking === undefined || lacking.length === 0) return undefined;
  return new Refusal(
    "unsupported-instruction",
    `it needs ${lacking.join(", ")}, which the forms ${accepts.name} do not have`,
    `let the guest's driver avoid it, or accept it: ${accepts.name}${lacking.map((each) => `+${each}`).join("")}`,
  );
}

interface Decoded {
  readonly instruction: Instruction;
  readonly instructionSet: InstructionSet;
}

/**
 * Decodes the captured bytes, or, where there are none, what the hart said of the instruction. It is heard first where it says that a
 * page table walk faulted: the bytes are then of an instruction that never came to its access.
 */
function decodeFault({ bytes, registers, transformedInstruction, gva }: Fault, isa: Isa): Decoded | Refusal {
  const instructionSet = isa.instructionSet(registers);
  if (instructionSet instanceof Refusal) return instructionSet;
  const transformed = transformedInstruction === undefined ? undefined : isa.decodeTransformed?.(transformedInstruction, gva);
  if (transformed instanceof Refusal && transformed.reason === "not-a-data-abort") return transformed;
  const instruction = bytes.length === 0 && transformed !== undefined ? transformed : isa.decode(bytes, instructionSet);
  return instruction instanceof Refusal ? instruction : { instruction, instructionSet };
}

/** Carries device accesses and other exits to the handler, and holds its hypercall records. */
class HypercallPort {
  readonly records: HypercallRecord[] = [];
  readonly #handler: Handler;
  readonly #context: HandlerContext;
  readonly #host: Host<unknown, unknown>;

  constructor(handler: Handler, context: HandlerContext, host: HostModel, fault: Fault) {
    this.#handler = handler;
    this.#context = context;
    this.#host = guarded(handler, "host", () => host.connect((device) => handler.host(device), fault));
  }

  readonly access = (access: Access): bigint | Refusal => {
    const handler = this.#handler;
    const handled = guarded(handler, "handle", () => handler.handle(access, this.#host, this.#context));
    if (handled instanceof Refusal) return handled;
    const { value, record } = (handled ?? {}) as { value?: unknown; record?: unknown };
    if (typeof value !== "bigint" || typeof record !== "object" || record === null) {
      throw new HandlerError(`handler ${handler.name}: handle() must return { value: bigint, record: object } or a Refusal`);
    }
    this.records.push(record as HypercallRecord);
    return value;
  };

  readonly exit = (exit: Exit): readonly bigint[] | Refusal => {
    const handler = this.#handler;
    if (handler.exit === undefined) {
      return new Refusal(
        "not-a-data-abort",
        `the exit is no access to device memory (${exit.kind}), and handler ${handler.name} serves nothing else`,
        "choose a handler that serves exits: --handler tdx or --handler sev-es",
      );
    }
    const handled = guarded(handler, "exit", () => handler.exit!(exit, this.#host, this.#context));
    if (handled instanceof Refusal) return handled;
    const { values, record } = (handled ?? {}) as { values?: unknown; record?: unknown };
    const count = answerWidths(exit).length;
    const valid = Array.isArray(values) && values.length === count && values.every((each) => typeof each === "bigint");
    if (!valid || typeof record !== "object" || record === null) {
      throw new HandlerError(`handler ${handler.name}: exit() must return { values: bigint[] (${count} for ${exit.kind}), record: object } or a Refusal`);
    }
    this.records.push(record as HypercallRecord);
    return values as bigint[];
  };
}

function checkWithHandler(handler: Handler, context: HandlerContext): Refusal | undefined {
  if (handler.check === undefined) return undefined;
  const answer = guarded(handler, "check", () => handler.check!(context));
  if (answer !== undefined && !(answer instanceof Refusal)) throw new HandlerError(`handler ${handler.name}: check() must return undefined or a Refusal`);
  return answer;
}

function guarded<Result>(handler: Handler, member: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new HandlerError(`handler ${handler.name}: ${member}() threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`, { cause: error });
  }
}
