import { A64_TABLE, decodeA64 } from "../../src/isa/aarch64/decode.ts";
import { AARCH64_REGISTERS } from "../../src/isa/aarch64/registers.ts";
import type { Fault } from "../../src/model/fault.ts";
import { Refusal } from "../../src/model/refusal.ts";
import { RegisterFile } from "../../src/model/registers.ts";

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

/**
 * Faults of `count` different A64 encodings, drawn evenly from `forms`, their operands at random: between two of them change the
 * registers that the second needs. Base registers point to the device, so that all can be emulated.
 */
export function shuffledA64(forms: readonly string[], count: number, seed: number): Fault[] {
  const random = randomNumbers(seed);
  const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
  const rows = A64_TABLE.rows.filter(({ form }) => forms.includes(form));
  const file = Array.from({ length: 33 }, (_, register) => (register === 32 ? 0x3c5n : random64()));
  const faults: Fault[] = [];
  const seen = new Set<number>();
  while (faults.length < count) {
    const row = rows[random() % rows.length]!;
    const word = ((random() & ~row.mask & ~row.shouldMask) | row.match | row.shouldMatch) >>> 0;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, word, true);
    const instruction = decodeA64(bytes);
    if (seen.has(word) || instruction instanceof Refusal || instruction.operation instanceof Refusal) continue;
    const { addresses, reads, writes } = instruction.operation;
    const { base, index, displacement } = addresses[0]!;
    const [first, second] = [...reads, ...writes];
    const total = first!.size * (second === undefined ? 1 : 2);
    // Base = SP needs an address that compilers do not give to devices; base = index has no solution.
    if (base === 31 || (index !== undefined && index.slice.register === base)) continue;
    seen.add(word);
    const changed = [...file];
    for (const { from } of writes) if (from.kind === "register" && from.register >= 0) changed[from.register] = random64();
    let sum = displacement;
    if (index !== undefined && index.slice.register >= 0) {
      const value = BigInt(random() & 0xff);
      changed[index.slice.register] = value;
      sum += value << BigInt(index.shift.amount);
    }
    const target = DEVICE.gva + BigInt(4096 * (random() % DEVICE.pages)) + BigInt((random() % 4096) & -total);
    let pc = 0xffff_8000_1000_0000n + BigInt(4 * (random() & 0xffff));
    if (base !== undefined && base >= 0) changed[base] = BigInt.asUintN(64, target - sum);
    else pc = BigInt.asUintN(64, target - sum);
    if (base === -2 && pc % 4n !== 0n) continue;
    changed.forEach((value, register) => (file[register] = value));
    const registers = new RegisterFile(AARCH64_REGISTERS);
    file.forEach((value, register) => registers.capture(register, value));
    faults.push({
      pc,
      bytes,
      registers,
      gva: target,
      gpa: target - DEVICE.gva + DEVICE.gpa,
      write: writes.length > 0,
      mode: "kernel",
      memory: [],
      reads: reads.map(random64),
    });
  }
  return faults;
}
