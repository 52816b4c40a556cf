import { emulate, type Emulation } from "../../../src/emulate/emulate.ts";
import type { Policy } from "../../../src/emulate/policy.ts";
import { RISCV64 } from "../../../src/isa/riscv64/index.ts";
import type { Access } from "../../../src/model/access.ts";
import type { Fault, GuestFacts, MemoryRange } from "../../../src/model/fault.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { RegisterFile } from "../../../src/model/registers.ts";

/** One fault of a test. Defaults: PC 0x1000, the device page at virtual 0x40000000 and physical 0x0a000000. */
export interface Scene {
  readonly pc?: bigint;
  readonly bytes?: Uint8Array;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly gva?: bigint;
  readonly gpa?: bigint;
  readonly write?: boolean;
  readonly reads?: readonly bigint[];
  readonly memory?: readonly MemoryRange[];
  readonly guest?: GuestFacts;
  readonly atomics?: Policy["atomics"];
}

export interface Run extends Emulation {
  /** What a handler saw of each access. */
  readonly accesses: readonly Access[];
  /** Registers that changed, by name. */
  readonly changed: Readonly<Record<string, bigint>>;
}

export const DEVICE = 0x4000_0000n;
export const DEVICE_PHYSICAL = 0x0a00_0000n;

/** A word's bytes in memory order. */
export function bytesOf(word: number, length: 2 | 4 = 4): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (word >>> (8 * index)) & 0xff);
}

/** Decodes and executes the bytes of a scene. */
export function run(scene: Scene & { readonly bytes: Uint8Array }): Run | Refusal {
  const instruction = RISCV64.decode(scene.bytes, "rv64");
  return instruction instanceof Refusal ? instruction : execute(instruction, scene);
}

/** Executes a decoded instruction. */
export function execute(instruction: Instruction, scene: Scene): Run | Refusal {
  const registers = new RegisterFile(RISCV64.registers);
  for (const [name, value] of Object.entries(scene.registers)) registers.capture(RISCV64.registers.index(name), value);
  const gva = scene.gva ?? DEVICE;
  const fault: Fault = {
    pc: scene.pc ?? 0x1000n,
    bytes: scene.bytes ?? new Uint8Array(),
    registers,
    gva,
    gpa: scene.gpa ?? gva - DEVICE + DEVICE_PHYSICAL,
    ...(scene.write === undefined ? {} : { write: scene.write }),
    mode: "kernel",
    memory: scene.memory ?? [],
    reads: scene.reads ?? [],
  };
  const accesses: Access[] = [];
  let next = 0;
  const emulation = emulate(instruction, "rv64", fault, scene.guest ?? { windows: [] }, { atomics: scene.atomics ?? "split", userMode: "refuse" }, (access) => {
    accesses.push(access);
    if (access.write) return 0n;
    return fault.reads[next++] ?? new Refusal("missing-read", "the test has no value", "give one");
  });
  if (emulation instanceof Refusal) return emulation;
  const changed = Object.fromEntries(emulation.after.registers.map(({ register, value }) => [RISCV64.registers.name(register), value]));
  return { ...emulation, accesses, changed };
}
