import type { Vector } from "../../conform/vectors.ts";
import { hexadecimal } from "../../model/bits.ts";
import type { MemoryRange } from "../../model/fault.ts";
import { type NamedValue, plainVector, type VectorFile, type VectorFormat } from "./format.ts";

/** A C99 file to include: structures, and a table of constants. */
export const cVectors: VectorFormat = {
  start: ({ architecture, source, guest }: VectorFile) => `// Faults and what must come of them: ${comment(source)}
// Architecture: ${architecture}. Register names, refusal reasons and the order of accesses are those of the trapline trace format.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef TRAPLINE_VECTORS
#define TRAPLINE_VECTORS
struct trapline_register {
  const char *name;
  unsigned width;        // Bits.
  uint64_t value[8];     // Low word first.
  uint64_t undefined;    // Bits of value[0] that may hold anything (flags that the manuals leave undefined).
};

struct trapline_access {
  bool write;
  unsigned size;         // Bytes: 1, 2, 4 or 8.
  uint64_t gpa;
  uint64_t value;
};

struct trapline_memory {
  uint64_t address;      // Virtual.
  size_t length;
  const uint8_t *bytes;
};

struct trapline_window { // Device memory.
  uint64_t gva, gpa, size;
};

struct trapline_vector {
  const char *form;
  uint64_t pc;
  size_t length;         // Bytes that were captured; may be more or fewer than the instruction has.
  const uint8_t *bytes;
  const struct trapline_register *registers;  // Before the instruction. One that is not here was not captured.
  size_t register_count;
  bool has_gva, has_gpa;
  uint64_t gva, gpa;     // Address that faulted.
  int write;             // 1 write, 0 read, -1 not told.
  bool user;             // The fault came from user mode.
  bool has_syndrome;     // Arm.
  uint64_t syndrome;
  bool has_exit_reason;  // x86-64.
  uint64_t exit_reason;
  const struct trapline_memory *memory;       // Ordinary RAM that may be read.
  size_t memory_count;
  const uint64_t *reads; // What the device answers, one for each read.
  size_t read_count;
  const char *refusal;   // NULL: emulated, and all that follows holds.
  const struct trapline_access *accesses;
  size_t access_count;
  uint64_t after_pc;
  const struct trapline_register *after;      // Registers that changed.
  size_t after_count;
  const struct trapline_memory *after_memory; // RAM that was written.
  size_t after_memory_count;
};
#endif

static const struct trapline_window trapline_windows[] = {
${[...guest.windows, { gva: 0n, gpa: 0n, size: 0n }].map(({ gva, gpa, size }) => `  {${number(gva)}, ${number(gpa)}, ${number(size)}},`).join("\n")}  // The last one is the end.
};

static const struct trapline_vector trapline_vectors[] = {
`,
  vector(vector: Vector): string {
    const { form, fault } = vector;
    const { registers, reason, accesses, afterPc, afterRegisters, afterMemory } = plainVector(vector);
    const fields = [
      `.form = ${JSON.stringify(form)}`,
      `.pc = ${number(fault.pc)}`,
      `.length = ${fault.bytes.length}`,
      ...(fault.bytes.length === 0 ? [] : [`.bytes = (const uint8_t[]){${bytes(fault.bytes)}}`]),
      ...list("registers", "register_count", "trapline_register", registers.map(register)),
      ...(fault.gva === undefined ? [] : [`.has_gva = true, .gva = ${number(fault.gva)}`]),
      ...(fault.gpa === undefined ? [] : [`.has_gpa = true, .gpa = ${number(fault.gpa)}`]),
      `.write = ${fault.write === undefined ? -1 : Number(fault.write)}`,
      ...(fault.mode === "user" ? [".user = true"] : []),
      ...(fault.syndrome === undefined ? [] : [`.has_syndrome = true, .syndrome = ${number(fault.syndrome)}`]),
      ...(fault.exitReason === undefined ? [] : [`.has_exit_reason = true, .exit_reason = ${number(fault.exitReason)}`]),
      ...list("memory", "memory_count", "trapline_memory", fault.memory.map(memory)),
      ...(fault.reads.length === 0 ? [] : [`.reads = (const uint64_t[]){${fault.reads.map(number).join(", ")}}, .read_count = ${fault.reads.length}`]),
      ...(reason === undefined ? [`.after_pc = ${number(afterPc)}`] : [`.refusal = ${JSON.stringify(reason)}`]),
      ...list("accesses", "access_count", "trapline_access", accesses.map(({ write, size, gpa, value }) => `{${write}, ${size}, ${number(gpa)}, ${number(value)}}`)),
      ...list("after", "after_count", "trapline_register", afterRegisters.map(register)),
      ...list("after_memory", "after_memory_count", "trapline_memory", afterMemory.map(memory)),
    ];
    return `  {${fields.join(", ")}},\n`;
  },
  end: () => `};

static const size_t trapline_vector_count = sizeof trapline_vectors / sizeof *trapline_vectors;
`,
};

function list(name: string, count: string, type: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`.${name} = (const struct ${type}[]){${items.join(", ")}}, .${count} = ${items.length}`];
}

function register({ name, width, words, undefinedBits }: NamedValue): string {
  return `{"${name}", ${width}, {${words.map(number).join(", ")}}, ${number(undefinedBits)}}`;
}

function memory({ address, bytes: held }: MemoryRange): string {
  return `{${number(address)}, ${held.length}, (const uint8_t[]){${bytes(held)}}}`;
}

function bytes(held: Uint8Array): string {
  return [...held].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ");
}

function number(value: bigint): string {
  return value < 10n ? value.toString() : `${hexadecimal(value)}u`;
}

/** Nothing that a person called a file ends a comment or continues it on the next line. */
function comment(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, "?").replaceAll("\\", "/").replaceAll("??", "? ?");
}
