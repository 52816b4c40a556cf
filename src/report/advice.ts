import type { InstructionSet } from "../model/architecture.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Operation } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";

/** What makes an access of another kind than one plain load or store. */
export type Shape = "plain" | "writeback" | "several" | "vector" | "atomic" | "string" | "stack" | "arithmetic" | "unknown";

/** The shape of an instruction, from what it does. */
export function shapeOf({ operation, mnemonic }: Instruction, registers: RegisterSet): Shape {
  if (operation instanceof Refusal) return operation.reason === "atomic" ? "atomic" : "unknown";
  if (operation.atomic !== undefined) return "atomic";
  if (operation.repeat !== undefined || (registers.architecture === "x86-64" && /^(?:movs|stos|lods|cmps|scas|ins|outs)[bwdq]?$/.test(mnemonic))) return "string";
  if (transfers(operation).some((register) => register >= 0 && registers.describe(register).file === "vector")) return "vector";
  if (registers.architecture === "x86-64") {
    if (operation.updates.length > 0) return "stack";
    if (operation.reads.length + operation.writes.length > 1 || operation.computes.some(({ operator }) => operator !== "copy")) return "arithmetic";
    return "plain";
  }
  if (operation.reads.length + operation.writes.length > 1) return "several";
  return operation.updates.length > 0 ? "writeback" : "plain";
}

/** Registers that take or give what goes over the bus. */
function transfers({ reads, computes, writes }: Operation): number[] {
  return [
    ...reads.flatMap(({ to }) => to.map(({ register }) => register)),
    ...computes.flatMap(({ to, inputs }) => [...to.map(({ register }) => register), ...inputs.flatMap((input) => (input.kind === "register" ? [input.register] : []))]),
    ...writes.flatMap(({ from }) => (from.kind === "register" ? [from.register] : [])),
  ];
}

/** Where such an instruction comes from, and what to write instead: a paragraph, then a point each. */
export interface Advice {
  readonly cause: string;
  readonly remedies: readonly string[];
}

const ACCESSORS =
  "Linux: readl(), writel() and their kin for every register. Each is one load or store of its own, written in assembly, which the compiler can't join or change.";
const RUST = "Rust: the crate safe-mmio, or a function with one asm! load or store. ptr::read_volatile and write_volatile promise the access, not the instruction.";
const OTHER_C: Readonly<Record<"arm" | "x86" | "riscv", string>> = {
  arm: 'Other C and C++: a function with asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address)), and one with str, for all device registers.',
  x86: 'Other C and C++: a function with asm volatile("movl %1, %0" : "=r"(value) : "m"(*address)), and one for writes, for all device registers.',
  riscv: 'Other C and C++: a function with asm volatile("lw %0, 0(%1)" : "=r"(value) : "r"(address)), and one with sw, for all device registers.',
};
const COPIES = "Linux: memcpy_fromio(), memcpy_toio() and memset_io() for blocks. They are made for device memory; memcpy() and memset() may use any instruction.";

/** What to change in the source, by the shape of the instruction. */
export function adviceFor(shape: Shape, instructionSet: InstructionSet): Advice {
  const family = instructionSet === "x86-64" ? "x86" : instructionSet === "rv64" ? "riscv" : "arm";
  const accessors = [ACCESSORS, OTHER_C[family], RUST];
  switch (shape) {
    case "plain":
      return { cause: "Nothing: this is the kind of instruction that device registers should be accessed with.", remedies: [] };
    case "writeback":
      return {
        cause:
          "The instruction accesses memory and moves its pointer on in one step. Compilers make it of *p++ and of loops over registers, for volatile pointers too: volatile fixes the accesses, not the instructions. LLVM does so more often than GCC.",
        remedies: accessors,
      };
    case "several":
      return {
        cause:
          "One instruction moves several registers. Compilers join neighbouring accesses into it: two fields of a struct, a struct that is copied, memcpy() on device memory.",
        remedies: [...accessors, COPIES],
      };
    case "vector":
      return {
        cause: "The value goes through a vector or floating-point register. It comes from memcpy() or a loop that the compiler turned into vector code, or from a copied struct.",
        remedies: [COPIES, ...accessors, `Where nothing else helps: build that file without vector code (${family === "arm" ? "-mgeneral-regs-only" : family === "x86" ? "-mno-sse, -fno-tree-vectorize" : "a -march without f, d and v"}).`],
      };
    case "atomic":
      return {
        cause: "An atomic operation on a device register. Its exclusive hold on memory means nothing to an emulated device, and no hypercall carries it.",
        remedies: ["Take a lock, read the register, change the value, write it back: two plain accesses.", ...accessors],
      };
    case "string":
      return {
        cause: "A string instruction: it comes from memcpy() or memset(), which compilers and libraries write with it, or from assembly.",
        remedies: [COPIES, "In a confidential guest Linux unrolls string I/O by itself (CC_ATTR_GUEST_UNROLL_STRING_IO); other systems need a loop of plain accesses.", ...accessors.slice(1)],
      };
    case "stack":
      return { cause: "A push or pop whose operand or stack is device memory: no driver means that. The pointer is probably wrong.", remedies: [] };
    case "arithmetic":
      return {
        cause: "Arithmetic, a test or an exchange works on the register itself in memory. Compilers make it of *p |= bit, of if (*p & bit), and of a load whose value is used at once.",
        remedies: ["Read the register into a variable, compute, write it back.", ...accessors],
      };
    case "unknown":
      return { cause: "No device needs this instruction. Access its registers with plain loads and stores.", remedies: accessors };
    default:
      return shape satisfies never;
  }
}
