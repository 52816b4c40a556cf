import type { Vector } from "../../conform/vectors.ts";
import { hexadecimal } from "../../model/bits.ts";
import type { MemoryRange } from "../../model/fault.ts";
import { type NamedValue, plainVector, type VectorFile, type VectorFormat } from "./format.ts";

/** A Rust module: structures, and a table of constants. It needs nothing but core. */
export const rustVectors: VectorFormat = {
  start: ({ architecture, source, guest }: VectorFile) => `// Faults and what must come of them: ${source.replaceAll(/[^\u0020-\u007e]/g, "?")}
// Architecture: ${architecture}. Register names, refusal reasons and the order of accesses are those of the trapline trace format.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    pub name: &'static str,
    /// Bits.
    pub width: u32,
    /// Low word first.
    pub value: &'static [u64],
    /// Bits of \`value[0]\` that may hold anything (flags that the manuals leave undefined).
    pub undefined: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub write: bool,
    /// Bytes: 1, 2, 4 or 8.
    pub size: u32,
    pub gpa: u64,
    pub value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Virtual.
    pub address: u64,
    pub bytes: &'static [u8],
}

/// Device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub gva: u64,
    pub gpa: u64,
    pub size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    pub pc: u64,
    pub accesses: &'static [Access],
    /// Registers that changed.
    pub registers: &'static [Register],
    /// RAM that was written.
    pub memory: &'static [Memory],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    pub form: &'static str,
    pub pc: u64,
    /// What was captured; may be more or fewer bytes than the instruction has.
    pub bytes: &'static [u8],
    /// Before the instruction. One that is not here was not captured.
    pub registers: &'static [Register],
    /// Addresses that faulted.
    pub gva: Option<u64>,
    pub gpa: Option<u64>,
    pub write: Option<bool>,
    /// The fault came from user mode.
    pub user: bool,
    /// Arm.
    pub syndrome: Option<u64>,
    /// x86-64.
    pub exit_reason: Option<u64>,
    /// Ordinary RAM that may be read.
    pub memory: &'static [Memory],
    /// What the device answers, one for each read.
    pub reads: &'static [u64],
    /// What must come of it, or the reason for which it must be refused.
    pub outcome: Result<After, &'static str>,
}

pub static WINDOWS: &[Window] = &[
${guest.windows.map(({ gva, gpa, size }) => `    Window { gva: ${hexadecimal(gva)}, gpa: ${hexadecimal(gpa)}, size: ${hexadecimal(size)} },\n`).join("")}];

pub static VECTORS: &[Vector] = &[
`,
  vector(vector: Vector): string {
    const { form, fault } = vector;
    const { registers, reason, accesses, afterPc, afterRegisters, afterMemory } = plainVector(vector);
    const calls = accesses.map(({ write, size, gpa, value }) => `Access { write: ${write}, size: ${size}, gpa: ${hexadecimal(gpa)}, value: ${hexadecimal(value)} }`);
    const after = `Ok(After { pc: ${hexadecimal(afterPc)}, accesses: &[${calls.join(", ")}], registers: &[${afterRegisters.map(register).join(", ")}], memory: &[${afterMemory.map(memory).join(", ")}] })`;
    const fields = [
      `form: ${JSON.stringify(form)}`,
      `pc: ${hexadecimal(fault.pc)}`,
      `bytes: &[${bytes(fault.bytes)}]`,
      `registers: &[${registers.map(register).join(", ")}]`,
      `gva: ${option(fault.gva)}`,
      `gpa: ${option(fault.gpa)}`,
      `write: ${fault.write === undefined ? "None" : `Some(${fault.write})`}`,
      `user: ${fault.mode === "user"}`,
      `syndrome: ${option(fault.syndrome)}`,
      `exit_reason: ${option(fault.exitReason)}`,
      `memory: &[${fault.memory.map(memory).join(", ")}]`,
      `reads: &[${fault.reads.map(hexadecimal).join(", ")}]`,
      `outcome: ${reason === undefined ? after : `Err(${JSON.stringify(reason)})`}`,
    ];
    return `    Vector { ${fields.join(", ")} },\n`;
  },
  end: () => "];\n",
};

function option(value: bigint | undefined): string {
  return value === undefined ? "None" : `Some(${hexadecimal(value)})`;
}

function register({ name, width, words, undefinedBits }: NamedValue): string {
  return `Register { name: "${name}", width: ${width}, value: &[${words.map(hexadecimal).join(", ")}], undefined: ${hexadecimal(undefinedBits)} }`;
}

function memory({ address, bytes: held }: MemoryRange): string {
  return `Memory { address: ${hexadecimal(address)}, bytes: &[${bytes(held)}] }`;
}

function bytes(held: Uint8Array): string {
  return [...held].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ");
}
