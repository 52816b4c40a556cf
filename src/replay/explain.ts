import type { Handler } from "../handler.ts";
import type { Call } from "../model/access.ts";
import type { InstructionSet } from "../model/architecture.ts";
import { mask, truncate } from "../model/bits.ts";
import { type ReportedExit, reportedExit } from "../model/exit.ts";
import type { Fault, GuestFacts, MemoryRange } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import { registersUsed } from "../model/registers-used.ts";
import type { Register, RegisterFile } from "../model/registers.ts";
import type { TraceRecord } from "../trace/record.ts";
import { deduceBase, plannedAccesses } from "./imported.ts";
import { replayFault } from "./replay.ts";

/** A device access; what nobody knows is undefined. */
export interface KnownCall {
  readonly write: boolean;
  readonly size: number;
  readonly gva: bigint | undefined;
  readonly gpa: bigint | undefined;
  readonly value: bigint | undefined;
}

/** All that can be said of one fault. */
export interface Explanation {
  readonly fault: Fault;
  /** What an importer wrote into the record; empty for other traces. */
  readonly imported: Readonly<Record<string, unknown>>;
  readonly handler: string;
  /** Why there is no instruction. */
  readonly undecoded: Refusal | undefined;
  readonly instruction: Instruction | undefined;
  readonly instructionSet: InstructionSet | undefined;
  /** Virtual address of the access: as reported, as the registers give it, or not known. */
  readonly address: bigint | undefined;
  readonly addressFrom: "report" | "registers" | undefined;
  /** A base register that the address tells, with its value. */
  readonly deduced: { readonly name: string; readonly value: bigint } | undefined;
  /** Registers that the instruction needs: those that are known with their values. */
  readonly needs: readonly { readonly name: string; readonly value: bigint | undefined }[];
  /** What a handler in the guest would do, in order; undefined: nothing, `refusal` says why. */
  readonly calls: readonly KnownCall[] | undefined;
  /** How often it repeats is not known: `calls` has the first round. */
  readonly countUnknown: boolean;
  /** The handler's hypercalls; what depends on something unknown is the string "unknown". */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly refusal: Refusal | undefined;
  /** It is no access to memory: the instruction leaves to the hypervisor (CPUID, HLT, port I/O, RDMSR, WRMSR). */
  readonly exit: Exclude<ReportedExit["kind"], "device"> | undefined;
  /** The syndrome or the exit reason says that this was no access to an emulated device. */
  readonly objection: Refusal | undefined;
}

/** What a hypercall holds where the log does not tell. */
export const UNKNOWN = "unknown";
/** Page addresses and fillings that stand for what is unknown: what differs between two runs with two of them depends on it. */
const PAGES = [0x1000_0000n, 0x2000_0000n] as const;
const FILLINGS = [0x1111_1111_1111_1111n, 0x2222_2222_2222_2222n] as const;
const PAGE_MASK = 0xfffn;
/** Device values that a run may ask for: a page of iterations of two accesses. */
const READS = 8192;

/**
 * Explains one fault: emulates it twice with different values in place of all that is unknown. What both runs agree on is known; the rest is
 * said to be unknown. Nothing else than the record goes in.
 */
export function explainFault(record: TraceRecord, isa: Isa, guest: GuestFacts, handler: Handler): Explanation {
  const { fault } = record;
  const imported = (record.unknown?.["imported"] ?? {}) as Record<string, unknown>;
  const registers = fault.registers.copy();
  const instructionSet = isa.instructionSet(registers);
  const decoded = instructionSet instanceof Refusal ? instructionSet : isa.decode(fault.bytes, instructionSet);
  const base = { fault, imported, handler: handler.name, exit: exitOf(fault), objection: objection(fault, isa, guest, handler) };
  if (decoded instanceof Refusal || instructionSet instanceof Refusal) {
    const undecoded = decoded instanceof Refusal ? decoded : undefined;
    const calls = record.calls?.map((call) => ({ ...call, gva: undefined }));
    return {
      ...base, undecoded, instruction: undefined, instructionSet: undefined, address: fault.gva, addressFrom: fault.gva === undefined ? undefined : "report",
      deduced: undefined, needs: [], calls, countUnknown: false, records: [], refusal: undefined,
    };
  }
  const name = deduceBase({ ...fault, registers }, decoded);
  const deduced = name === undefined ? undefined : { name, value: registers.byName(name)! };
  const { operation } = decoded;
  const needs: ReadonlyMap<Register, number> = operation instanceof Refusal ? new Map() : registersUsed(operation, isa.registers).needs;
  const known = [...needs].map(([register, width]) => ({
    name: isa.registers.name(register, width),
    value: registers.capturedWidth(register) >= width ? truncate(registers.get(register)!, Math.max(width, 64)) : undefined,
  }));
  const planned = plannedAccesses({ ...fault, registers }, decoded);
  const address = fault.gva ?? planned?.[0]?.gva;
  const addressFrom = fault.gva !== undefined ? "report" : address === undefined ? undefined : "registers";
  const counter = operation instanceof Refusal ? undefined : operation.repeat?.counter.register;
  const countUnknown = counter !== undefined && registers.capturedWidth(counter) === 0;
  const outcomes = ([0, 1] as const).map((run) => {
    const filled = fill(fault, registers, decoded, guest, needs, counter, run);
    return replayFault(filled, { isa, guest, handler, policy: { atomics: "split", userMode: "allow" } }).outcome;
  });
  const [first, second] = outcomes as [(typeof outcomes)[0], (typeof outcomes)[0]];
  const rest = { ...base, undecoded: undefined, instruction: decoded, instructionSet, address, addressFrom, deduced, needs: known, countUnknown } as const;
  if (first.kind === "refused" || second.kind === "refused") {
    const refusal = first.kind === "refused" ? first.refusal : second.kind === "refused" ? second.refusal : undefined;
    return { ...rest, calls: undefined, records: [], refusal };
  }
  const addresses = planned === undefined ? [] : deviceAddresses(planned, address);
  return {
    ...rest,
    calls: first.calls.map((call, at) => knownCall(call, second.calls[at], addresses[at] ?? onSamePage(call, first.calls[0]!, addresses[0]))),
    records: first.records.map((each, at) => common(each, second.records[at]) as Record<string, unknown>),
    refusal: undefined,
  };
}

function exitOf(fault: Fault): Explanation["exit"] {
  const reported = reportedExit(fault);
  return reported instanceof Refusal || reported.kind === "device" ? undefined : reported.kind;
}

/** Why the fault as it was reported is not one that a handler emulates, if it is not. */
function objection(fault: Fault, isa: Isa, guest: GuestFacts, handler: Handler): Refusal | undefined {
  const reported = reportedExit(fault);
  if (reported instanceof Refusal) return reported;
  const { outcome } = replayFault(fault, { isa, guest, handler, policy: { atomics: "split", userMode: "allow" } });
  return outcome.kind === "refused" && outcome.refusal.reason === "not-a-data-abort" ? outcome.refusal : undefined;
}

/** The fault with something in place of all that is unknown. */
function fill(fault: Fault, known: RegisterFile, instruction: Instruction, guest: GuestFacts, needs: ReadonlyMap<Register, number>, counter: Register | undefined, run: 0 | 1): Fault {
  const registers = known.copy();
  const filling = FILLINGS[run];
  for (const [register, needed] of needs) {
    if (registers.capturedWidth(register) >= needed) continue;
    const { name, width } = registers.set.describe(register);
    // Of status registers no bit is set that changes where an access goes.
    registers.capture(register, register === counter ? 1n : name === "rflags" ? 2n : repeated(filling, width), width);
  }
  const reads = [...fault.reads, ...Array.from({ length: READS }, () => filling)];
  if (exitOf(fault) !== undefined) return { ...fault, registers, reads };
  const accesses = plannedAccesses({ ...fault, registers }, instruction) ?? [];
  const reported = fault.gva;
  const gva = reported !== undefined && accesses.some((each) => each.gva === reported) ? reported : accesses[0]?.gva;
  const shared = guest.sharedBit === undefined ? 0n : 1n << BigInt(guest.sharedBit);
  const placed = gva !== undefined && guest.windows.some((window) => gva >= window.gva && gva < window.gva + window.size);
  const gpa = fault.gpa ?? (placed ? undefined : PAGES[run] | shared | ((gva ?? 0n) & PAGE_MASK));
  const page = (address: bigint): bigint => address & ~PAGE_MASK;
  const memory: MemoryRange[] = accesses
    .filter((each) => gva === undefined || page(each.gva) !== page(gva))
    .map((each) => ({ address: page(each.gva), bytes: new Uint8Array(8192).fill(Number(filling & 0xffn)) }));
  return {
    pc: fault.pc,
    bytes: fault.bytes,
    registers,
    ...(gva === undefined ? {} : { gva }),
    ...(gpa === undefined ? {} : { gpa }),
    mode: fault.mode,
    memory: [...fault.memory, ...memory],
    reads,
  };
}

function repeated(filling: bigint, width: number): bigint {
  let value = 0n;
  for (let at = 0; at < width; at += 64) value |= filling << BigInt(at);
  return value & mask(width);
}

/** Virtual addresses of the accesses on the page that faulted. */
function deviceAddresses(planned: readonly { readonly gva: bigint }[], address: bigint | undefined): bigint[] {
  return planned.map(({ gva }) => gva).filter((gva) => address === undefined || (gva & ~PAGE_MASK) === (address & ~PAGE_MASK));
}

/** Virtual address of a later round of a repeated instruction. */
function onSamePage({ gpa }: Call, first: Call, address: bigint | undefined): bigint | undefined {
  if (address === undefined || (gpa & ~PAGE_MASK) !== (first.gpa & ~PAGE_MASK)) return undefined;
  return address + (gpa - first.gpa);
}

function knownCall({ write, size, gpa, value }: Call, other: Call | undefined, gva: bigint | undefined): KnownCall {
  return { write, size, gva, gpa: gpa === other?.gpa ? gpa : undefined, value: value === other?.value ? value : undefined };
}

/** What two JSON values have in common; a leaf that differs is {@link UNKNOWN}. */
function common(first: unknown, second: unknown): unknown {
  if (typeof first !== "object" || first === null) return first === second ? first : UNKNOWN;
  if (typeof second !== "object" || second === null) return UNKNOWN;
  if (Array.isArray(first)) return first.map((each, at) => common(each, (second as unknown[])[at]));
  return Object.fromEntries(Object.entries(first).map(([key, value]) => [key, common(value, (second as Record<string, unknown>)[key])]));
}

/** A data abort's syndrome taken apart where it is valid: Arm ARM (DDI 0487) D24.2.40, ISV = 1. */
export interface ValidSyndrome {
  readonly size: number;
  readonly register: string;
  readonly write: boolean;
  readonly signExtend: boolean;
}

/** What a valid syndrome says of the access; undefined where it is not valid, or none of a data abort. */
export function validSyndrome(syndrome: bigint | undefined): ValidSyndrome | undefined {
  if (syndrome === undefined || ((syndrome >> 24n) & 1n) === 0n) return undefined;
  const exceptionClass = (syndrome >> 26n) & 0x3fn;
  if (exceptionClass !== 0x24n && exceptionClass !== 0x25n) return undefined;
  const number = (syndrome >> 16n) & 0x1fn;
  const wide = ((syndrome >> 15n) & 1n) === 1n;
  return {
    size: 1 << Number((syndrome >> 22n) & 3n),
    register: `${wide ? "x" : "w"}${number === 31n ? "zr" : number}`,
    write: ((syndrome >> 6n) & 1n) === 1n,
    signExtend: ((syndrome >> 21n) & 1n) === 1n,
  };
}
