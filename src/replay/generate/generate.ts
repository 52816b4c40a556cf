import type { Architecture } from "../../model/architecture.ts";
import type { Fault } from "../../model/fault.ts";
import { RegisterFile, type RegisterSet } from "../../model/registers.ts";
import type { TraceHeader, TraceRecord } from "../../trace/record.ts";
import { aarch64Move } from "./aarch64.ts";
import { armMove } from "./arm.ts";
import type { Move } from "./move.ts";
import { riscvMove } from "./riscv64.ts";
import { Random } from "../../model/random.ts";
import { x86Move } from "./x86-64.ts";

/** What to generate. The same options always give the same trace. */
export interface GenerateOptions {
  readonly faults: number;
  readonly seed: number;
  /** Distinct instructions, from which each fault takes one at random. */
  readonly encodings?: number;
}

const GPA = 0x0a00_0000n;
const WINDOW_SIZE = 0x10_0000n;

/** Where the window and the code are. */
const ADDRESSES: Readonly<Record<Architecture, { readonly window: bigint; readonly code: bigint }>> = {
  aarch64: { window: 0xffff_8000_1000_0000n, code: 0xffff_8000_0801_0000n },
  arm: { window: 0xf000_0000n, code: 0xc080_0000n },
  riscv64: { window: 0xffff_8000_1000_0000n, code: 0xffff_8000_0801_0000n },
  "x86-64": { window: 0xffff_8000_1000_0000n, code: 0xffff_8000_0801_0000n },
};

/** Registers that stay as they are. */
const SYSTEM: Readonly<Record<Architecture, Readonly<Record<string, bigint>>>> = {
  aarch64: { sp: 0xffff_8000_0900_3fe0n, pstate: 0x6000_0005n },
  // Supervisor mode, A32.
  arm: { r15: 0xc080_0008n, cpsr: 0x6000_0013n },
  riscv64: {},
  "x86-64": { rflags: 0x246n, fs_base: 0n, gs_base: 0n },
};

/** General registers, which all have indices from 0. */
const GENERAL: Readonly<Record<Architecture, number>> = { aarch64: 31, arm: 15, riscv64: 31, "x86-64": 16 };

const MOVES: Readonly<Record<Architecture, (random: Random) => Move>> = { aarch64: aarch64Move, arm: armMove, riscv64: riscvMove, "x86-64": x86Move };

/** How likely a register that the instruction does not use has changed since the last fault: in real traces about 2.7 have in all. */
const OTHER_CHANGES = 0.85;

/** A trace of device accesses by plain loads and stores in shuffled order. Its faults can all be emulated, and none knows of another. */
export function generate(registers: RegisterSet, architecture: Architecture, options: GenerateOptions): { readonly header: TraceHeader; readonly records: Iterable<TraceRecord> } {
  const { faults, seed, encodings } = options;
  const header: TraceHeader = {
    architecture,
    source: `generated: ${faults} faults of ${encodings ?? DEFAULT_ENCODINGS} instructions, seed ${seed}`,
    guest: { windows: [{ gva: ADDRESSES[architecture].window, gpa: GPA, size: WINDOW_SIZE }] },
    unknown: undefined,
  };
  return { header, records: generateRecords(registers, architecture, options) };
}

const DEFAULT_ENCODINGS = 4096;

function* generateRecords(set: RegisterSet, architecture: Architecture, { faults, seed, encodings = DEFAULT_ENCODINGS }: GenerateOptions): Generator<TraceRecord> {
  const random = new Random(seed);
  const { window, code } = ADDRESSES[architecture];
  const moves = Array.from({ length: encodings }, () => MOVES[architecture](random));
  let registers = new RegisterFile(set);
  for (let register = 0; register < GENERAL[architecture]; register++) registers.capture(register, random.bits(random.chance(0.5) ? 32 : 64));
  for (const [name, value] of Object.entries(SYSTEM[architecture])) registers.capture(set.index(name), value);
  for (let count = 0; count < faults; count++) {
    const place = random.below(encodings);
    const move = moves[place]!;
    registers = registers.copy();
    if (random.chance(OTHER_CHANGES)) registers.capture(random.below(GENERAL[architecture]), random.bits(random.chance(0.5) ? 32 : 64));
    const offset = BigInt(16 * random.below(Number(WINDOW_SIZE) / 16));
    aim(registers, move, window + offset, random);
    const reads = move.write ? [] : move.destinations.map(() => random.bits(8 * move.size));
    const fault: Fault = {
      pc: code + BigInt(16 * place),
      bytes: move.bytes,
      registers,
      gpa: GPA + offset,
      gva: window + offset,
      write: move.write,
      mode: "kernel",
      memory: [],
      reads,
    };
    yield { fault, unknown: undefined };
    registers = registers.copy();
    finish(registers, move, reads);
  }
}

/** Gives the base and the index values that lead to `address`. */
function aim(registers: RegisterFile, { base, displacement, index }: Move, address: bigint, random: Random): void {
  let scaled = 0n;
  if (index !== undefined) {
    const value = BigInt(random.below(256));
    registers.capture(index.register, value);
    scaled = value << BigInt(index.shift);
  }
  registers.capture(base, BigInt.asUintN(64, address - displacement - scaled));
}

/** Does to the registers what the instruction does. */
function finish(registers: RegisterFile, { base, writeback, destinations, size }: Move, reads: readonly bigint[]): void {
  if (writeback !== undefined) registers.capture(base, BigInt.asUintN(64, registers.get(base)! + writeback));
  reads.forEach((value, position) => {
    const destination = destinations[position];
    if (destination === undefined) return;
    const { register, extend, width } = destination;
    const before = registers.get(register)!;
    const bits = 8 * size;
    const merged = ((before >> BigInt(bits)) << BigInt(bits)) | value;
    registers.capture(register, extend === "merge" ? merged : extend === "sign" ? BigInt.asUintN(width, BigInt.asIntN(bits, value)) : value);
  });
}
