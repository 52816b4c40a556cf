import { mask, signExtend } from "../model/bits.ts";
import type { Destination, RegisterSlice, Source } from "../model/operation.ts";
import type { RegisterChange } from "../model/outcome.ts";
import { Refusal } from "../model/refusal.ts";
import { PROGRAM_COUNTER, type Register, type RegisterFile, ZERO_REGISTER } from "../model/registers.ts";

interface Pending {
  value: bigint;
  width: number;
}

/**
 * Register changes of one instruction, held back until all of it has succeeded. Reads see the registers as they were
 * before; {@link advance} makes the changes so far visible, for the next iteration of a repeated instruction.
 */
export class Transaction {
  readonly #before: RegisterFile;
  readonly #pc: bigint;
  readonly #pending = new Map<Register, Pending>();
  readonly #visible = new Map<Register, Pending>();
  readonly #temporaries: bigint[] = [];
  #branch: bigint | undefined;

  constructor(registers: RegisterFile, pc: bigint) {
    this.#before = registers;
    this.#pc = pc;
  }

  /** Value of a register slice before the instruction, or `missing-register`. */
  slice({ register, bit, width }: RegisterSlice): bigint | Refusal {
    if (register === ZERO_REGISTER) return 0n;
    if (register === PROGRAM_COUNTER) return this.#pc;
    const visible = this.#visible.size === 0 ? undefined : this.#visible.get(register);
    const known = visible === undefined ? this.#before.capturedWidth(register) : visible.width;
    if (known < bit + width) return this.#missing(register, bit + width, known);
    const value = visible === undefined ? (this.#before.get(register) ?? 0n) : visible.value;
    return BigInt.asUintN(width, bit === 0 ? value : value >> BigInt(bit));
  }

  source(source: Source): bigint | Refusal {
    switch (source.kind) {
      case "register":
        return this.slice(source);
      case "immediate":
        return source.value;
      case "temporary": {
        const value = this.#temporaries[source.index];
        if (value === undefined) throw new Error(`the operation uses temporary ${source.index} before it fills it`);
        return source.bit === undefined ? value : value >> BigInt(source.bit);
      }
      default:
        return source satisfies never;
    }
  }

  /** Puts the low `width` bits of a value into a temporary at `bit`, leaving its other bits. */
  fillTemporary(index: number, bit: number, width: number, value: bigint): void {
    const before = this.#temporaries[index];
    if (before === undefined && bit === 0) {
      this.#temporaries[index] = BigInt.asUintN(width, value);
      return;
    }
    const position = BigInt(bit);
    const old = (before ?? 0n) & ~(mask(width) << position);
    this.#temporaries[index] = old | ((value & mask(width)) << position);
  }

  /** Writes a destination; refused if bits that it keeps were not captured. */
  write(to: Destination, value: bigint): Refusal | undefined {
    const { register, bit, width } = to;
    if (register === ZERO_REGISTER) return undefined;
    if (register === PROGRAM_COUNTER) {
      this.#branch = value & mask(width);
      return undefined;
    }
    const top = Math.max(bit + width, to.extendTo, to.clearTo);
    const natural = this.#before.set.describe(register).width;
    const known = this.#known(register);
    const end = Math.max(bit + width, to.extendTo);
    // A vector register that was captured short stays so: it is known as far as it was captured or is written.
    const result = natural <= 64 ? natural : Math.min(natural, Math.max(known.width, Math.ceil(end / 128) * 128));
    if (bit > known.width || Math.max(top, known.width) < result) return this.#missing(register, result, known.width);
    const extended = extend(value, to);
    this.#pending.set(register, { value: BigInt.asUintN(natural, replaced(known.value, bit, top, extended)), width: result });
    return undefined;
  }

  /** Where the instruction branches to, if it does. */
  get branch(): bigint | undefined {
    return this.#branch;
  }

  /** Makes the changes so far visible to reads: the next iteration starts. */
  advance(): void {
    for (const [register, pending] of this.#pending) this.#visible.set(register, pending);
  }

  /** A register's value as the changes so far leave it, or undefined if it was not captured. */
  current(register: Register): bigint | undefined {
    const known = this.#known(register);
    return known.width === 0 ? undefined : known.value;
  }

  /** Sets a register that was captured, whole. */
  replace(register: Register, value: bigint): void {
    this.#pending.set(register, { value, width: this.#before.set.describe(register).width });
  }

  /** The registers whose value is not what it was, ascending. */
  changes(): RegisterChange[] {
    const changes: RegisterChange[] = [];
    for (const [register, { value, width }] of this.#pending) {
      const changed = this.#before.capturedWidth(register) < width || this.#before.get(register) !== value;
      if (changed) changes.push({ register, value, width });
    }
    return changes.length < 2 ? changes : changes.toSorted((first, second) => first.register - second.register);
  }

  /** What is known of a register after the changes so far. */
  #known(register: Register): Pending {
    return this.#pending.get(register) ?? { value: this.#before.get(register) ?? 0n, width: this.#before.capturedWidth(register) };
  }

  #missing(register: Register, needed: number, captured: number): Refusal {
    const name = this.#before.set.name(register, needed);
    const found = captured === 0 ? `register ${name} is not in the trace` : `of register ${name} only the low ${captured} bits are in the trace`;
    return new Refusal("missing-register", `the instruction needs it, and ${found}`, `capture ${name} with the fault`);
  }
}

/** A value with its bits from `bit` to `top` replaced. */
function replaced(value: bigint, bit: number, top: number, by: bigint): bigint {
  if (bit === 0) return (value >> BigInt(top)) === 0n ? by : (value & ~mask(top)) | by;
  return (value & ~(mask(top) & ~mask(bit))) | (by << BigInt(bit));
}

function extend(value: bigint, { width, bit, extension, extendTo }: Destination): bigint {
  const low = value & mask(width);
  const room = extendTo - bit;
  if (room <= width) return low;
  switch (extension) {
    case "zero":
      return low;
    case "sign":
      return signExtend(low, width, room);
    case "ones":
      return low | (mask(room) & ~mask(width));
    default:
      return extension satisfies never;
  }
}
