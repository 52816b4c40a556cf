import type {
  Address,
  Atomic,
  Compute,
  Destination,
  Index,
  Operation,
  Operator,
  Read,
  RegisterSlice,
  Repeat,
  Source,
  Update,
  Write,
} from "../../model/operation.ts";
import type { Refusal } from "../../model/refusal.ts";
import { PROGRAM_COUNTER, type Register } from "../../model/registers.ts";
import type { MemoryOperand, Operand, RegisterOperand, Subject } from "./operands.ts";

export type AccessSize = 1 | 2 | 4 | 8;

/**
 * Where a value of `width` bits goes in a general register: 32 bits clear the upper half, 8 and 16 keep the rest (SDM volume 1,
 * section 3.4.1.1). `whole`: 8 and 16 clear the rest as well (APX new data destinations).
 */
export function generalDestination(register: Register, width: number, bit = 0, whole = false): Destination {
  const end = bit + width;
  return { register, bit, width, extension: "zero", extendTo: end, clearTo: whole || width === 32 ? 64 : end };
}

/** The accesses that `bytes` bytes are cut into: 8 bytes each as far as they go (contract, section 4). */
export function pieces(bytes: number): { readonly offset: number; readonly size: AccessSize }[] {
  const result: { offset: number; size: AccessSize }[] = [];
  for (let offset = 0; offset < bytes;) {
    const size = ([8, 4, 2, 1] as const).find((each) => each <= bytes - offset)!;
    result.push({ offset, size });
    offset += size;
  }
  return result;
}

/** Collects what an instruction does, and hands it over as an {@link Operation}. */
export class OperationBuilder {
  readonly subject: Subject;
  readonly #addresses: Address[] = [];
  readonly #reads: Read[] = [];
  readonly #computes: Compute[] = [];
  readonly #writes: Write[] = [];
  readonly #updates: Update[] = [];
  readonly #addressOf = new Map<Operand, number>();
  readonly #valueOf = new Map<Operand, Source>();
  #temporaries = 0;
  #atomic: Atomic | undefined;
  #repeat: Repeat | undefined;
  #alignment: number | undefined;
  #packed = false;

  constructor(subject: Subject) {
    this.subject = subject;
    if (subject.encoding.lock) this.#atomic = "read-modify-write";
  }

  operand(index: number): Operand {
    return this.subject.operands[index]!;
  }

  /** Bits of the operands: of the first register, or else of memory. */
  get width(): number {
    const first = this.operand(0);
    return first.kind === "register" ? first.width : 8 * (first as MemoryOperand).bytes;
  }

  temporary(): number {
    return this.#temporaries++;
  }

  atomic(): void {
    this.#atomic = "read-modify-write";
  }

  align(bytes: number): void {
    this.#alignment = bytes;
  }

  repeat(repeat: Repeat): void {
    this.#repeat = repeat;
  }

  pack(): void {
    this.#packed = true;
  }

  address(address: Address): number {
    return this.#addresses.push(address) - 1;
  }

  /** Index of a memory operand's address. */
  addressOf(operand: MemoryOperand): number {
    let index = this.#addressOf.get(operand);
    if (index === undefined) {
      index = this.address(operand.address);
      this.#addressOf.set(operand, index);
    }
    return index;
  }

  read(read: Read): void {
    this.#reads.push(read);
  }

  write(write: Write): void {
    this.#writes.push(write);
  }

  compute(compute: Compute): void {
    this.#computes.push(compute);
  }

  update(update: Update): void {
    this.#updates.push(update);
  }

  /** The operand as a source; memory is read into a temporary, once. */
  source(operand: Operand): Source {
    switch (operand.kind) {
      case "immediate":
        return { kind: "immediate", value: operand.value };
      case "register":
        return { kind: "register", ...sliceOf(operand) };
      case "memory": {
        const known = this.#valueOf.get(operand);
        if (known !== undefined) return known;
        const source: Source = { kind: "temporary", index: this.load(this.addressOf(operand), operand.bytes) };
        this.#valueOf.set(operand, source);
        return source;
      }
      default:
        return operand satisfies never;
    }
  }

  /** Reads `bytes` bytes into a new temporary. */
  load(address: number, bytes: number, when?: RegisterSlice): number {
    const temporary = this.temporary();
    for (const { offset, size } of pieces(bytes)) {
      this.read({ address, offset, size, to: [], temporary, temporaryBit: 8 * offset, ...(when === undefined ? {} : { when }) });
    }
    return temporary;
  }

  /** Writes `bytes` bytes of a source. */
  store(address: number, bytes: number, from: Source): void {
    for (const { offset, size } of pieces(bytes)) this.write({ address, offset, size, from: sliceSource(from, 8 * offset, 8 * size) });
  }

  /** Result of an operator into a register or memory operand. */
  assign(to: Operand, operator: Operator, width: number, inputs: readonly Source[], more: Partial<Compute> = {}): void {
    const { register, source } = this.target(to);
    const result = source === undefined ? {} : { temporary: source.index };
    this.compute({ operator, width, inputs, to: register, ...result, ...more });
  }

  /** Destinations of a register operand, or a temporary that is written to a memory operand. */
  target(to: Operand): {
    readonly register: readonly Destination[];
    readonly source?: { readonly kind: "temporary"; readonly index: number };
  } {
    if (to.kind === "register") return { register: [this.destination(to)] };
    if (to.kind === "immediate") throw new Error("an immediate is no destination");
    const source = { kind: "temporary", index: this.temporary() } as const;
    this.store(this.addressOf(to), to.bytes, source);
    return { register: [], source };
  }

  /** A general register as the destination of a value of its width. */
  destination({ register, bit, width }: RegisterOperand): Destination {
    const { encoding, variant } = this.subject;
    // APX: a new data destination, or ZU, clears the whole of the register (APX specification, section 3.1.2.3).
    const whole = encoding.space === "evex" && variant.map === 4 && encoding.evex!.b;
    return generalDestination(register!, width, bit, whole);
  }

  build(): Operation {
    return {
      addresses: this.#addresses,
      reads: this.#reads,
      computes: this.#computes,
      writes: this.#writes,
      updates: this.#updates,
      ...(this.#atomic === undefined ? {} : { atomic: this.#atomic }),
      ...(this.#repeat === undefined ? {} : { repeat: this.#repeat }),
      ...(this.#alignment === undefined ? {} : { alignment: this.#alignment }),
      ...(this.#packed ? { packed: true as const } : {}),
    };
  }
}

/**
 * What an instruction does, by its page in the SDM, volume 2. A refusal says why this form of it is not emulated; its accesses are
 * collected all the same.
 */
export type Recipe = (builder: OperationBuilder) => Refusal | void;

export function sliceOf({ register, bit, width }: RegisterOperand): RegisterSlice {
  return { register: register!, bit, width };
}

/** `width` bits of a source from `bit` up. */
export function sliceSource(source: Source, bit: number, width: number): Source {
  switch (source.kind) {
    case "register":
      return { ...source, bit: source.bit + bit, width: Math.min(width, source.width - bit) };
    case "immediate":
      return { kind: "immediate", value: BigInt.asUintN(width, source.value >> BigInt(bit)) };
    case "temporary":
      return bit === 0 ? source : { ...source, bit: (source.bit ?? 0) + bit };
    default:
      return source satisfies never;
  }
}

/** Address of the next instruction: `length` bytes behind this one. */
export function nextInstruction(builder: OperationBuilder): Source {
  const index = builder.temporary();
  builder.compute({
    operator: "add",
    width: 64,
    inputs: [
      { kind: "register", register: PROGRAM_COUNTER, bit: 0, width: 64 },
      { kind: "immediate", value: BigInt(builder.subject.length) },
    ],
    to: [],
    temporary: index,
  });
  return { kind: "temporary", index };
}

/** An unsigned index without shift. */
export function plainIndex(slice: RegisterSlice): Index {
  return { slice, signed: false, shift: { kind: "lsl", amount: 0 } };
}
