import { emulate, type Emulation } from "../../../src/emulate/emulate.ts";
import { ARM } from "../../../src/isa/arm/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf, faultOf } from "../../support/fault.ts";

/** One line of machine.jsonl: an instruction, the registers that are not as {@link registersOf} says, and what a machine made of them. */
export interface MachineCase {
  readonly form: string;
  readonly insn: string;
  readonly regs: Readonly<Record<string, string>>;
  readonly after: { readonly pc: string; readonly regs: Readonly<Record<string, string>>; readonly memory: Readonly<Record<string, string>> };
}

/** Where the machine's memory is; record-machine.py has the same numbers. */
export const MEMORY = 0x6000_0000;
export const MEMORY_SIZE = 0x2_0000;
export const PROGRAM = MEMORY + 0x8000;

/** What a byte of the machine's memory is before the instruction. */
export function memoryByte(address: number): number {
  return (Math.imul(address, 167) + 13) ^ (address >>> 8) ^ Math.imul(address >>> 3, 31);
}

/** The registers of a case: fixed values, and its own. */
export function registersOf(own: Readonly<Record<string, string>>): Record<string, bigint> {
  const general = Array.from({ length: 15 }, (_, number) => [`r${number}`, BigInt(0x1357_9bdf ^ (number * 0x0111_1111))]);
  const vector = Array.from({ length: 32 }, (_, number) => [`d${number}`, 0x0123_4567_89ab_cdefn ^ (0x0101_0101_0101_0101n * BigInt(number))]);
  const given = Object.entries(own).map(([name, value]) => [name, BigInt(value)]);
  return Object.fromEntries([...general, ...vector, ...given]) as Record<string, bigint>;
}

export interface MachineResult {
  readonly emulation: Emulation;
  /** Bytes written, by address. */
  readonly written: ReadonlyMap<number, number>;
}

/** Emulates a case with all of the machine's memory as device memory. */
export function runCase({ insn, regs }: Pick<MachineCase, "insn" | "regs">): MachineResult | Refusal {
  const fault = faultOf(ARM, { bytes: insn, registers: registersOf(regs), pc: BigInt(PROGRAM) });
  const set = ARM.instructionSet(fault.registers);
  if (set instanceof Refusal) return set;
  const instruction = ARM.decode(fault.bytes, set);
  if (instruction instanceof Refusal) return instruction;
  const code = bytesOf(insn);
  const byteAt = (address: number): number => (code[address - PROGRAM] ?? memoryByte(address)) & 0xff;
  const written = new Map<number, number>();
  const guest = { windows: [{ gva: BigInt(MEMORY), gpa: BigInt(MEMORY), size: BigInt(MEMORY_SIZE) }] };
  const result = emulate(instruction, set, fault, guest, { atomics: "split", userMode: "allow" }, ({ write, gva, size, value }) => {
    const addresses = Array.from({ length: size }, (_, index) => Number(gva) + index);
    if (!write) return addresses.reduceRight((sum, address) => (sum << 8n) | BigInt(byteAt(address)), 0n);
    addresses.forEach((address, index) => written.set(address, Number((value >> BigInt(8 * index)) & 0xffn)));
    return 0n;
  });
  return result instanceof Refusal ? result : { emulation: result, written };
}
