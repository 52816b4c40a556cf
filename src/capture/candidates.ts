import { Refusal } from "../model/refusal.ts";
import type { Analyst } from "./analyst.ts";
import { count, type Tally } from "./observer.ts";
import type { State } from "./registers.ts";
import { type Point, POINT, type Stub } from "./stub.ts";

/** Longest instruction of x86-64. */
const LONGEST = 15;
const MISSED = "first visits of an instruction, which the machine told only after the access (--step captures these too)";

/**
 * x86-64 stops after an access, when the registers before it are gone, and the instruction is not even known: instructions have no fixed
 * length. But it ends at the program counter; so every address from which an instruction that touches memory would end there gets a
 * breakpoint, and the next time the machine stops before it.
 */
export class Candidates {
  readonly #stub: Stub;
  readonly #analyst: Analyst;
  readonly #tally: Tally;
  readonly #points = new Map<bigint, Point>();

  constructor(stub: Stub, analyst: Analyst, tally: Tally) {
    this.#stub = stub;
    this.#analyst = analyst;
    this.#tally = tally;
  }

  /** Whether an instruction that starts here has been seen to touch a window, or might have been. */
  has(pc: bigint): boolean {
    return this.#points.has(pc);
  }

  /** Sets breakpoints for the instruction that has just touched a window. */
  async learn({ pc, registers, foreign }: State): Promise<void> {
    if (foreign !== undefined) return count(this.#tally.left, foreign);
    count(this.#tally.left, MISSED);
    const start = pc - BigInt(LONGEST);
    const bytes = await this.#stub.memory(start, 2 * LONGEST);
    for (let offset = 0; offset <= LONGEST && offset < bytes.length; offset++) {
      const address = start + BigInt(offset);
      const instruction = this.#analyst.decode(bytes.subarray(offset, offset + LONGEST), registers);
      if (instruction instanceof Refusal || instruction.access === "none" || this.#points.has(address)) continue;
      // A repeated instruction stops at itself, iteration by iteration.
      const repeats = !(instruction.operation instanceof Refusal) && instruction.operation.repeat !== undefined;
      if (address + BigInt(instruction.length) !== pc && !(repeats && address === pc)) continue;
      // A hardware breakpoint changes no byte, which in the middle of an instruction would break it.
      const point: Point = { kind: POINT.hardwareBreakpoint, address, length: 1 };
      if ((await this.#stub.insert(point)) !== "ok") {
        throw this.#stub.error("the stub has too few hardware breakpoints to stop before an access next time; use --step");
      }
      this.#points.set(address, point);
    }
  }

  /** Removes all breakpoints. */
  async clear(): Promise<void> {
    for (const point of this.#points.values()) await this.#stub.remove(point);
    this.#points.clear();
  }
}
