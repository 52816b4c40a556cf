import { planAccesses } from "../emulate/plan.ts";
import { DeviceMap } from "../emulate/memory.ts";
import { Transaction } from "../emulate/transaction.ts";
import type { ElfImage } from "../elf/elf.ts";
import type { Finding } from "../import/finding.ts";
import type { Architecture } from "../model/architecture.ts";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import type { Fault } from "../model/fault.ts";
import type { Instruction, Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import { RegisterFile } from "../model/registers.ts";
import type { TraceRecord } from "../trace/record.ts";

/** What a fault is completed with. */
export interface Completion {
  readonly image: ElfImage | undefined;
  /** Fill in a base register that the address and the instruction determine. */
  readonly deduce: boolean;
}

/** An imported fault, and what of it does not fit together: a sentence each. */
export interface ImportedFault {
  readonly record: TraceRecord;
  readonly disagreements: readonly string[];
}

/** Bytes that are fetched from an image: as many as an instruction can have. */
const FETCHED: Readonly<Record<Architecture, number>> = { "x86-64": 15, aarch64: 4, arm: 4, riscv64: 4 };

/**
 * Makes a record of what a log says, completes it from an image, and holds its parts against each other. What stays unknown is absent; a
 * program counter that is known by a symbol only is 0x0, and "imported" says so.
 */
export function recordOf(finding: Finding, isa: Isa, { image, deduce }: Completion): ImportedFault {
  const disagreements: string[] = [];
  const facts: Record<string, unknown> = { format: finding.format, line: finding.line, ...finding.facts };
  const { pc, bytes } = locate(finding, image, isa.architecture, disagreements);
  if (pc === undefined) facts["pc"] = "unknown";
  if (finding.symbol !== undefined) {
    const { name, offset, size } = finding.symbol;
    facts["symbol"] = `${name}+${hexadecimal(offset)}${size === undefined ? "" : `/${hexadecimal(size)}`}`;
  } else if (pc !== undefined) {
    const found = image?.symbolAt(pc);
    if (found !== undefined) facts["symbol"] = `${found.symbol.name}+${hexadecimal(found.offset)}`;
  }
  const registers = new RegisterFile(isa.registers);
  for (const [name, value] of finding.registers) {
    const found = isa.registers.find(name);
    if (found !== undefined) registers.capture(found.register, value, found.width);
  }
  let fault = faultOf(finding, pc ?? 0n, bytes, registers);
  const instruction = decode(fault, isa);
  if (instruction !== undefined) {
    if (deduce) {
      const name = deduceBase(fault, instruction);
      if (name !== undefined) facts["deduced"] = [name];
    }
    const why = checkAddress(fault, instruction, pc !== undefined);
    if (why !== undefined) disagreements.push(why);
    fault = checkDirection(fault, instruction, facts, disagreements);
  }
  if (pc !== undefined) checkPcAfter(finding, pc, instruction, facts, disagreements);
  if (disagreements.length > 0) facts["disagrees"] = [...disagreements];
  const { calls } = finding;
  return {
    record: {
      fault,
      ...(calls === undefined ? {} : { calls }),
      unknown: { imported: facts },
    },
    disagreements,
  };
}

function faultOf(finding: Finding, pc: bigint, bytes: Uint8Array, registers: RegisterFile): Fault {
  const { gva, gpa, write, mode, syndrome, exitReason, exitQualification, reads } = finding;
  return {
    pc,
    bytes,
    registers,
    ...(gpa === undefined ? {} : { gpa }),
    ...(gva === undefined ? {} : { gva }),
    ...(write === undefined ? {} : { write }),
    mode: mode ?? "kernel",
    ...(syndrome === undefined ? {} : { syndrome }),
    ...(exitReason === undefined ? {} : { exitReason }),
    ...(exitQualification === undefined ? {} : { exitQualification }),
    memory: [],
    reads,
  };
}

/** The program counter by its symbol and the bytes by the program counter, where the log has one and not the other. */
function locate(finding: Finding, image: ElfImage | undefined, architecture: Architecture, disagreements: string[]): { pc: bigint | undefined; bytes: Uint8Array } {
  const known = finding.bytes ?? new Uint8Array(0);
  if (image === undefined) return { pc: finding.pc, bytes: known };
  const fetched = (pc: bigint): Uint8Array => image.bytesAt(pc, FETCHED[architecture]);
  let { pc } = finding;
  if (pc === undefined && finding.symbol !== undefined) {
    const { name, offset, size } = finding.symbol;
    const named = image.symbolsNamed(name).filter((symbol) => symbol.size === 0n || offset < symbol.size);
    // The kernel's size reaches to the next symbol, that of the image to the function's own end.
    const sized = named.filter((symbol) => symbol.size === size);
    const places = (sized.length > 0 ? sized : named).map(({ address }) => address + offset).filter((place) => agree(known, fetched(place)));
    if (places.length === 1) [pc] = places;
    else if (named.length === 0) disagreements.push(`${image.name} has no function ${name} of more than ${hexadecimal(offset)} bytes: it may be of another build`);
    else if (places.length === 0) disagreements.push(`${image.name} has other bytes at ${name}+${hexadecimal(offset)} than the log: it is of another build`);
    else disagreements.push(`${image.name} has ${places.length} places ${name}+${hexadecimal(offset)}, and nothing in the log tells which it was`);
  }
  if (pc === undefined) return { pc, bytes: known };
  const there = fetched(pc);
  if (known.length === 0) return { pc, bytes: there };
  if (there.length > 0 && !agree(known, there)) {
    disagreements.push(
      `${image.name} has the bytes ${bytesToHexadecimal(there)} at ${hexadecimal(pc)} and the log ${bytesToHexadecimal(known)}: it is of another build, or was loaded elsewhere (--load-offset)`,
    );
  } else if (there.length > known.length) return { pc, bytes: there };
  return { pc, bytes: known };
}

function agree(first: Uint8Array, second: Uint8Array): boolean {
  const length = Math.min(first.length, second.length);
  for (let index = 0; index < length; index++) if (first[index] !== second[index]) return false;
  return first.length === 0 || length > 0;
}

function decode({ bytes, registers }: Fault, isa: Isa): Instruction | undefined {
  if (bytes.length === 0) return undefined;
  const instructionSet = isa.instructionSet(registers);
  if (instructionSet instanceof Refusal) return undefined;
  const instruction = isa.decode(bytes, instructionSet);
  return instruction instanceof Refusal ? undefined : instruction;
}

/** The accesses that an instruction would make, by virtual address; undefined where the registers do not say. */
export function plannedAccesses(fault: Fault, { operation }: Instruction): readonly { readonly gva: bigint; readonly size: number; readonly write: boolean }[] | undefined {
  if (operation instanceof Refusal) return undefined;
  const map = new DeviceMap(undefined, undefined, { windows: [] });
  const plan = planAccesses(operation, new Transaction(fault.registers, fault.pc), fault.registers.set, map);
  return plan instanceof Refusal ? undefined : plan.accesses.map(({ gva, element, write }) => ({ gva, size: element.size, write }));
}

/**
 * Captures the base register of an instruction with one memory operand, where it is missing and the address that faulted tells it. The name
 * of the register; undefined: nothing was missing, or more than that.
 */
export function deduceBase(fault: Fault, instruction: Instruction): string | undefined {
  const { operation } = instruction;
  const { registers, gva } = fault;
  if (operation instanceof Refusal || gva === undefined || operation.addresses.length !== 1) return undefined;
  const [address] = operation.addresses;
  const { base, width, baseAlignment, index } = address!;
  if (base === undefined || base < 0 || width !== 64 || baseAlignment !== undefined || index?.slice.register === base) return undefined;
  if (registers.capturedWidth(base) !== 0) return undefined;
  // With the base at 0 the first access is at all the rest of the sum.
  registers.capture(base, 0n);
  const rest = plannedAccesses(fault, instruction)?.[0]?.gva;
  if (rest === undefined) registers.forget(base);
  else registers.capture(base, BigInt.asUintN(64, gva - rest));
  return rest === undefined ? undefined : registers.set.name(base);
}

function usesProgramCounter({ operation }: Instruction): boolean {
  return !(operation instanceof Refusal) && operation.addresses.some(({ base }) => base === -2);
}

function checkAddress(fault: Fault, instruction: Instruction, pcKnown: boolean): string | undefined {
  const { gva } = fault;
  if (gva === undefined || (usesProgramCounter(instruction) && !pcKnown)) return undefined;
  const accesses = plannedAccesses(fault, instruction);
  if (accesses === undefined || accesses.some((each) => gva >= each.gva && gva < each.gva + BigInt(each.size))) return undefined;
  const computed = [...new Set(accesses.map((each) => hexadecimal(each.gva)))].slice(0, 3).join(", ");
  return `the registers give the address ${computed === "" ? "of no access" : computed}, and the log reports ${hexadecimal(gva)}`;
}

/** The direction of an external abort is not to be relied on: KVM injects one with WnR clear whatever the access was. */
function checkDirection(fault: Fault, { access }: Instruction, facts: Record<string, unknown>, disagreements: string[]): Fault {
  const { write, syndrome } = fault;
  if (write === undefined || access === "read-write" || access === "none" || (access === "write") === write) return fault;
  if (syndrome !== undefined && (syndrome & 0x3fn) === 0x10n && !write) {
    facts["direction"] = "the syndrome of an external abort says read, and the instruction writes";
    const { write: _write, ...rest } = fault;
    return rest;
  }
  disagreements.push(`the instruction ${access === "write" ? "writes" : "reads"}, and the log reports a ${write ? "write" : "read"}`);
  return fault;
}

/**
 * Where the machine went on should be behind the instruction. It is no truth of the record: that would say which registers changed too.
 */
function checkPcAfter({ pcAfter }: Finding, pc: bigint, instruction: Instruction | undefined, facts: Record<string, unknown>, disagreements: string[]): void {
  if (pcAfter === undefined) return;
  facts["pcAfter"] = hexadecimal(pcAfter);
  // A REP goes on where it was; so does what could not be emulated.
  if (instruction === undefined || pcAfter === pc || pcAfter === BigInt.asUintN(64, pc + BigInt(instruction.length))) return;
  disagreements.push(`the instruction has ${instruction.length} bytes, and the machine went on at ${hexadecimal(pcAfter)}, not behind it`);
}
