import type { Fault } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import type { Register } from "../model/registers.ts";
import { registersUsed } from "../model/registers-used.ts";

/** What a register holds that the instruction should not look at: no value that an extension or a clearing would make. */
const BYSTANDER = 0xa5a5_a5a5_a5a5_a5a5n;
/** The stack pointer, which keeps its alignment. */
const STACK_BYSTANDER = 0xa5a5_a5a5_a5a5_a5a0n;

/**
 * The fault with those registers more that a wrong answer would show in: the ones that the instruction overwrites, and those that it is
 * confused with. All other registers stay out, which keeps lines short.
 */
export function dress(fault: Fault, isa: Isa): Fault {
  const instructionSet = isa.instructionSet(fault.registers);
  if (instructionSet instanceof Refusal) return fault;
  const instruction = isa.decode(fault.bytes, instructionSet);
  if (instruction instanceof Refusal || instruction.operation instanceof Refusal) return lure(fault, isa);
  const { needs, changes } = registersUsed(instruction.operation, isa.registers);
  const registers = fault.registers.copy();
  for (const register of [...changes, ...confused([...needs.keys(), ...changes], isa)]) {
    // What it needs and does not have is left out on purpose.
    if (needs.has(register) || registers.capturedWidth(register) > 0) continue;
    const { width, narrower, name, file } = isa.registers.describe(register);
    if (file === "system") continue;
    const captured = narrower?.[0]?.width ?? width;
    const value = name === "sp" ? STACK_BYSTANDER : repeated(captured);
    registers.capture(register, value, captured);
  }
  return { ...fault, registers };
}

/** What the device answers to an instruction that should not have asked it. */
const LURE_READS = Array.from({ length: 8 }, (_, at) => 0x1111_1111n * BigInt(at + 1));

/**
 * An instruction that must be refused whatever the registers hold: all of them lead to the address that faulted, so that a program which
 * goes on finds nothing else to object to.
 */
function lure(fault: Fault, { registers: set }: Isa): Fault {
  const registers = fault.registers.copy();
  for (const register of fault.registers.captured()) {
    if (fault.gva !== undefined && set.describe(register).file === "general") registers.capture(register, fault.gva);
  }
  return { ...fault, registers, reads: fault.write === true ? [] : LURE_READS };
}

function repeated(width: number): bigint {
  let value = 0n;
  for (let bit = 0; bit < width; bit += 64) value |= BYSTANDER << BigInt(bit);
  return BigInt.asUintN(width, value);
}

/** x86-64: AH to BH with SPL to DIL, and either half of the file without REX. AArch64: SP with the zero register. */
function confused(used: readonly Register[], { architecture, registers }: Isa): Register[] {
  if (architecture === "aarch64") return [registers.index("sp")];
  if (architecture !== "x86-64") return [];
  return used.filter((register) => {
    const { file, number } = registers.describe(register);
    return file === "general" && number < 16;
  }).flatMap((register) => [register ^ 4, register ^ 8]);
}
