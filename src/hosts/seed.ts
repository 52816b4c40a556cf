import type { Fault } from "../model/fault.ts";
import { Random } from "../model/random.ts";

/** Numbers for one fault: the same for the same seed and fault, wherever in a trace it stands. FNV-1a over what identifies the fault. */
export function randomOf(seed: number, { pc, bytes, gva, gpa, write }: Fault): Random {
  let hash = 0x811c_9dc5;
  const mix = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  };
  for (const value of [pc, gva ?? -1n, gpa ?? -1n, write === undefined ? 2n : write ? 1n : 0n]) {
    for (let shift = 0n; shift < 64n; shift += 8n) mix(Number((value >> shift) & 0xffn));
  }
  bytes.forEach(mix);
  return new Random(hash ^ seed);
}
