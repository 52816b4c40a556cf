import type { FastPath } from "../../fastpath/fast-path.ts";
import { AArch64FastPath } from "../../fastpath/aarch64.ts";
import { PlannedFastPath } from "../../fastpath/planned.ts";
import { FLAG, RESPONSES_SHIFT } from "../../model/fault-columns.ts";
import type { Fault } from "../../model/fault.ts";
import { compiledAnew } from "./fresh.ts";

/**
 * Puts a fault and its registers into the kernel's memory, and gives the call that emulates it without allocating: its information word, or
 * 0 where it is declined. The fault must need no register that was not captured. Undefined: it needs what a single call has no place for.
 */
export function singleCall(fastPath: FastPath, { registers, bytes, gpa, gva, write, pc, reads, mode }: Fault): (() => number) | undefined {
  const values = fastPath.slots.map((name) => registers.get(registers.set.index(name)) ?? 0n);
  if (gpa === undefined || gva === undefined || write === undefined || mode === "user" || reads.length > 2 || bytes.length > 15) return undefined;
  const fill = (views: { readonly flags: Uint32Array; readonly gpa: BigUint64Array; readonly gvaOffset: BigUint64Array; readonly pc: BigUint64Array; readonly responses: BigUint64Array }): void => {
    views.flags[0] = FLAG.direction | (write ? FLAG.write : 0) | FLAG.gpa | FLAG.gva | (reads.length << RESPONSES_SHIFT);
    views.gpa[0] = gpa;
    views.gvaOffset[0] = gva - gpa;
    views.pc[0] = pc;
    views.responses.set(reads);
    fastPath.kernel.registers.set(values);
  };
  if (fastPath instanceof AArch64FastPath) {
    if (bytes.length < 4) return undefined;
    const views = fastPath.prepareSingle();
    fill(views);
    views.word[0] = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return fastPath.single;
  }
  if (fastPath instanceof PlannedFastPath) {
    const views = fastPath.prepareSingle();
    fill(views);
    views.instruction.fill(0);
    views.instruction.set(bytes);
    views.instruction[15] = bytes.length;
    return fastPath.single;
  }
  return undefined;
}

/** A loop that makes so many calls and counts those that do not give 0. */
export function callLoop(call: () => number): (calls: number) => number {
  return compiledAnew("function calls(count) { let done = 0; for (let left = count; left > 0; left--) if (call() !== 0) done++; return done; }", { call });
}
