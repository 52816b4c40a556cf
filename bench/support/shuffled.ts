import { A64_TABLE } from "../../src/isa/aarch64/decode.ts";
import type { InstructionSet } from "../../src/model/architecture.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Instruction, Isa } from "../../src/model/instruction.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { PROGRAM_COUNTER, RegisterFile, ZERO_REGISTER } from "../../src/model/registers.ts";

/** A generator of 32-bit numbers that is the same in every run (xorshift, G. Marsaglia 2003). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Virtual and physical address of the device of generated traces. */
export const DEVICE = { gva: 0xffff_8000_4000_0000n, gpa: 0x0a00_0000n, pages: 16 } as const;

/** Where encodings come from. */
export interface Corpus {
  readonly isa: Isa;
  readonly set: InstructionSet;
  /** Bytes of an instruction, drawn at random. */
  readonly draw: (random: () => number) => Uint8Array;
  /** Whether it is one of those that are wanted. */
  readonly accepts: (instruction: Instruction) => boolean;
}

const wordBytes = (word: number): Uint8Array => Uint8Array.from([word, word >>> 8, word >>> 16, word >>> 24]);

/** A64 words, drawn evenly from the rows of these forms. */
export function drawA64(forms: readonly string[]): Corpus["draw"] {
  const rows = A64_TABLE.rows.filter(({ form }) => forms.includes(form));
  return (random) => {
    const { mask, match, shouldMask, shouldMatch } = rows[random() % rows.length]!;
    return wordBytes((random() & ~mask & ~shouldMask) | match | shouldMatch);
  };
}

const X86_OPCODES = [[0x88], [0x89], [0x8a], [0x8b], [0xc6], [0xc7], [0xa0], [0xa1], [0xa2], [0xa3], [0x63], [0x0f, 0xb6], [0x0f, 0xb7], [0x0f, 0xbe], [0x0f, 0xbf], [0x0f, 0xc3]];

/** x86-64 moves with every address form, some with an operand-size or segment prefix. */
export function drawX86(random: () => number): Uint8Array {
  const prefixes = random() % 6 === 0 ? [[0x66, 0x64, 0x65][random() % 3]!] : [];
  const rex = random() % 3 === 0 ? [] : [0x40 | (random() & 0xf)];
  const rest = Array.from({ length: 12 }, () => random() & 0xff);
  return Uint8Array.from([...prefixes, ...rex, ...X86_OPCODES[random() % X86_OPCODES.length]!, ...rest]).subarray(0, 15);
}

/** RISC-V integer loads and stores, a third of them compressed. */
export function drawRiscv(random: () => number): Uint8Array {
  if (random() % 3 === 0) return wordBytes((random() & 0x1ffc) | [0x4000, 0x6000, 0xc000, 0xe000, 0x4002, 0x6002, 0xc002, 0xe002][random() % 8]!).subarray(0, 2);
  return wordBytes((random() & ~0x7f) | [0x03, 0x23][random() % 2]!);
}

/**
 * Faults of `count` different encodings, their operands at random: between two of them change the registers that the second needs.
 * Base registers point to the device, so that all can be emulated.
 */
export function shuffledFaults({ isa, set, draw, accepts }: Corpus, count: number, seed: number): Fault[] {
  const random = randomNumbers(seed);
  const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
  const { registers } = isa;
  const integers = registers.descriptions.flatMap(({ width, file, name }, register) => (width === 64 && file !== "vector" && !/^r(1[6-9]|[23]\d)$/.test(name) ? [register] : []));
  const values = new Map(integers.map((register) => [register, registers.describe(register).file === "system" ? 2n : random64()]));
  const faults: Fault[] = [];
  const seen = new Set<string>();
  while (faults.length < count) {
    const drawn = draw(random);
    const instruction = isa.decode(drawn, set);
    if (instruction instanceof Refusal || instruction.operation instanceof Refusal || !accepts(instruction)) continue;
    const bytes = drawn.slice(0, instruction.length);
    const key = bytes.join(" ");
    const { addresses, reads, writes } = instruction.operation;
    const { base = ZERO_REGISTER, index, displacement, segment, width, baseMultiple } = addresses[0]!;
    const indexRegister = index?.slice.register ?? ZERO_REGISTER;
    // A base that must be aligned or is the index, and an address of 32 bits, can't be pointed at the device.
    if (seen.has(key) || base === ZERO_REGISTER || base === indexRegister || width !== 64 || baseMultiple !== undefined) continue;
    const changed = new Map(values);
    for (const { from } of writes) if (from.kind === "register" && from.register >= 0) changed.set(from.register, random64());
    let sum = displacement + (segment === undefined ? 0n : changed.get(segment)!);
    if (index !== undefined && indexRegister >= 0) {
      changed.set(indexRegister, BigInt(random() & 0xff));
      sum += changed.get(indexRegister)! << BigInt(index.shift.amount);
    }
    const total = [...reads, ...writes].reduce((bytesOfAll, { size }) => bytesOfAll + size, 0);
    const target = DEVICE.gva + BigInt(4096 * (random() % DEVICE.pages)) + BigInt((random() % 4096) & -total);
    const pointed = BigInt.asUintN(64, target - sum);
    let pc = 0xffff_8000_1000_0000n + BigInt(4 * (random() & 0xffff));
    if (base === PROGRAM_COUNTER) pc = pointed;
    else changed.set(base, pointed);
    if (set === "a64" && pc % 4n !== 0n) continue;
    seen.add(key);
    for (const [register, value] of changed) values.set(register, value);
    const file = new RegisterFile(registers);
    for (const [register, value] of values) file.capture(register, value);
    const gpa = target - DEVICE.gva + DEVICE.gpa;
    faults.push({ pc, bytes, registers: file, gva: target, gpa, write: writes.length > 0, mode: "kernel", memory: [], reads: reads.map(random64) });
  }
  return faults;
}
