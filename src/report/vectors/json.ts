import type { Vector } from "../../conform/vectors.ts";
import { bytesToHexadecimal, hexadecimal } from "../../model/bits.ts";
import { callJson, memoryJson, registerJson } from "../../model/json.ts";
import { type NamedValue, plainVector, type VectorFile, type VectorFormat } from "./format.ts";

/** One JSON object, a vector a line: the keys of a trace's faults, and `outcome` as replay writes it. */
export const jsonVectors: VectorFormat = {
  start({ architecture, source, guest }: VectorFile): string {
    const windows = guest.windows.map(({ gva, gpa, size }) => ({ gva: hexadecimal(gva), gpa: hexadecimal(gpa), size: hexadecimal(size) }));
    const head = JSON.stringify({ format: "trapline-vectors", version: 1, arch: architecture, source, guest: { windows } });
    return `${head.slice(0, -1)},"vectors":[`;
  },
  vector(vector: Vector, first: boolean): string {
    const { form, fault, undefinedFlags } = vector;
    const { gva, gpa, write, mode, syndrome, exitReason } = fault;
    const { registers, reason, accesses, afterPc, afterRegisters, afterMemory } = plainVector(vector);
    const json = {
      form,
      pc: hexadecimal(fault.pc),
      insn: bytesToHexadecimal(fault.bytes),
      regs: values(registers),
      fault: {
        ...(gpa === undefined ? {} : { gpa: hexadecimal(gpa) }),
        ...(gva === undefined ? {} : { gva: hexadecimal(gva) }),
        ...(write === undefined ? {} : { write }),
        ...(mode === "user" ? { mode } : {}),
        ...(syndrome === undefined ? {} : { esr: hexadecimal(syndrome) }),
        ...(exitReason === undefined ? {} : { exitReason: hexadecimal(exitReason) }),
      },
      memory: fault.memory.map(memoryJson),
      reads: fault.reads.map(hexadecimal),
      outcome:
        reason === undefined
          ? {
              status: "emulated",
              calls: accesses.map(callJson),
              after: { pc: hexadecimal(afterPc), regs: values(afterRegisters), memory: afterMemory.map(memoryJson) },
              ...(undefinedFlags === 0n ? {} : { undefined: { rflags: hexadecimal(undefinedFlags) } }),
            }
          : { status: "refused", reason },
    };
    return `${first ? "" : ","}\n${JSON.stringify(json)}`;
  },
  end: () => "\n]}\n",
};

function values(registers: readonly NamedValue[]): Record<string, string> {
  return Object.fromEntries(registers.map(({ name, width, words }) => [name, registerJson(words.reduceRight((sum, word) => (sum << 64n) | word, 0n), width)]));
}
