import { emulate, type Emulation } from "../../src/emulate/emulate.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/emulate/policy.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Isa } from "../../src/model/instruction.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile } from "../../src/model/registers.ts";

/** A fault as a test writes it: registers by name, everything else with a default. */
export interface FaultText {
  readonly pc?: bigint;
  /** Hex, memory order. */
  readonly bytes: string;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly gva?: bigint;
  readonly gpa?: bigint;
  readonly write?: boolean;
  readonly mode?: "kernel" | "user";
  readonly syndrome?: bigint;
  readonly memory?: Readonly<Record<string, string>>;
  readonly reads?: readonly bigint[];
}

/** Where the device of these tests is: virtual 0x40000000, physical 0xa000000, one page. */
export const DEVICE_GVA = 0x4000_0000n;
export const DEVICE_GPA = 0x0a00_0000n;

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from((hex.replaceAll(" ", "").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

/** Memory-order hex of a 32-bit word. */
export function wordHex(word: number): string {
  return [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, "0")).join("");
}

export function faultOf(isa: Pick<Isa, "registers">, text: FaultText): Fault {
  const registers = new RegisterFile(isa.registers);
  for (const [name, value] of Object.entries(text.registers)) {
    const found = isa.registers.find(name);
    if (found === undefined) throw new Error(`no register ${name}`);
    registers.capture(found.register, value, found.width);
  }
  return {
    pc: text.pc ?? 0x1000n,
    bytes: bytesOf(text.bytes),
    registers,
    ...(text.gva !== undefined && { gva: text.gva }),
    ...(text.gpa !== undefined && { gpa: text.gpa }),
    ...(text.gva !== undefined && text.gpa === undefined && { gpa: text.gva - DEVICE_GVA + DEVICE_GPA }),
    ...(text.write !== undefined && { write: text.write }),
    mode: text.mode ?? "kernel",
    ...(text.syndrome !== undefined && { syndrome: text.syndrome }),
    memory: Object.entries(text.memory ?? {}).map(([address, bytes]) => ({ address: BigInt(address), bytes: bytesOf(bytes) })),
    reads: text.reads ?? [],
  };
}

/** Decodes and emulates; device reads are answered from `reads`, and running out of them is `missing-read`. */
export function run(isa: Isa, text: FaultText, options: { guest?: GuestFacts; policy?: Partial<Policy> } = {}): Emulation | Refusal {
  const fault = faultOf(isa, text);
  const instructionSet = isa.instructionSet(fault.registers);
  if (instructionSet instanceof Refusal) return instructionSet;
  const instruction = isa.decode(fault.bytes, instructionSet);
  if (instruction instanceof Refusal) return instruction;
  let next = 0;
  return emulate(instruction, instructionSet, fault, options.guest ?? { windows: [] }, { ...DEFAULT_POLICY, ...options.policy }, ({ write }) =>
    write ? 0n : (fault.reads[next++] ?? new Refusal("missing-read", "the trace has no more values", "capture them")),
  );
}

/** What was emulated in a form that reads well in an expectation. Throws if it was refused. */
export function summary(isa: Pick<Isa, "registers">, result: Emulation | Refusal): { calls: string[]; pc: bigint; registers: Record<string, bigint>; memory: string[] } {
  if (result instanceof Refusal) throw new Error(`refused: ${result.reason}: ${result.detail}`);
  return {
    calls: result.calls.map(({ write, gpa, size, value }) => `${write ? "write" : "read"} ${size} at ${gpa.toString(16)}: ${value.toString(16)}`),
    pc: result.after.pc,
    registers: Object.fromEntries(result.after.registers.map(({ register, value, width }) => [isa.registers.name(register, width), value])),
    memory: result.after.memory.map(({ address, bytes }) => `${address.toString(16)}: ${Buffer.from(bytes).toString("hex")}`),
  };
}
