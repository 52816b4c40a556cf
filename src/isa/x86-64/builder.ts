import type { Instruction } from "../../model/instruction.ts";
import type { Address, Atomic, Compute, Destination, Index, Operation, Operator, Read, RegisterSlice, Repeat, Source, Update, Write } from "../../model/operation.ts";
import type { Refusal } from "../../model/refusal.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { PROMOTED_MAP } from "./notation.ts";
import type { MemoryOperand, Operand, Subject } from "./operands.ts";
import { generalDestination, type RegisterOperand } from "./register-operands.ts";

export type AccessSize = 1 | 2 | 4 | 8;

/** One access of several that an operand is cut into. */
export interface Piece {
  readonly offset: number;
  readonly size: AccessSize;
}

/** The accesses that `bytes` bytes are cut into: 8 bytes each as far as they go (contract, section 4). */
export function pieces(bytes: number): readonly Piece[] {
  return (cuts[bytes] ??= cut(bytes));
}

/** By number of bytes. */
const cuts: (readonly Piece[] | undefined)[] = [];

function cut(bytes: number): Piece[] {
  const result: Piece[] = [];
  for (let offset = 0; offset < bytes;) {
    const size = ([8, 4, 2, 1] as const).find((each) => each <= bytes - offset)!;
    result.push({ offset, size });
    offset += size;
  }
  return result;
}

/** The list of what an operation does not have. */
const NONE: never[] = [];

/** Lists of one size: 0, 1, 2, 4 or 8. */
const SINGLE_SIZES: readonly (readonly [number])[] = Array.from({ length: 9 }, (_, size) => [size]);

function withSize(sizes: readonly number[], size: number): readonly number[] {
  return sizes.length === 0 ? SINGLE_SIZES[size]! : [...sizes, size];
}

/** An operation that is being put together. A first element makes a list of one: most lists never have a second. */
interface OpenOperation extends Operation {
  addresses: Address[];
  reads: Read[];
  computes: Compute[];
  writes: Write[];
  updates: Update[];
  atomic?: Atomic;
  repeat?: Repeat;
  alignment?: number;
  packed?: true;
}

/** Collects what an instruction does, and hands it over as an {@link Instruction}. */
export class OperationBuilder {
  readonly subject: Subject;
  readonly #operation: OpenOperation = { addresses: NONE, reads: NONE, computes: NONE, writes: NONE, updates: NONE };
  /** Sizes of the accesses, see {@link Instruction}: 0 where registers decide whether one is made. */
  #readSizes: readonly number[] = NONE;
  #writeSizes: readonly number[] = NONE;
  #temporaries = 0;
  /** The memory operand, of which an instruction has one at most, its address, and its value once it is read. */
  #memory: MemoryOperand | undefined = undefined;
  #memoryAddress = 0;
  #memoryValue: Source | undefined = undefined;

  constructor(subject: Subject) {
    this.subject = subject;
    if (subject.encoding.lock) this.atomic();
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
    this.#operation.atomic = "read-modify-write";
  }

  align(bytes: number): void {
    this.#operation.alignment = bytes;
  }

  repeat(repeat: Repeat): void {
    this.#operation.repeat = repeat;
  }

  pack(): void {
    this.#operation.packed = true;
  }

  address(address: Address): number {
    const operation = this.#operation;
    if (operation.addresses.length === 0) operation.addresses = [address];
    else operation.addresses.push(address);
    return operation.addresses.length - 1;
  }

  /** Index of a memory operand's address. */
  addressOf(operand: MemoryOperand): number {
    if (this.#memory === undefined) {
      this.#memory = operand;
      this.#memoryAddress = this.address(operand.address);
    } else if (this.#memory !== operand) throw new Error(`${this.subject.variant.form} has two memory operands`);
    return this.#memoryAddress;
  }

  read(read: Read): void {
    const operation = this.#operation;
    if (operation.reads.length === 0) operation.reads = [read];
    else operation.reads.push(read);
    this.#readSizes = withSize(this.#readSizes, read.when === undefined ? read.size : 0);
  }

  write(write: Write): void {
    const operation = this.#operation;
    if (operation.writes.length === 0) operation.writes = [write];
    else operation.writes.push(write);
    this.#writeSizes = withSize(this.#writeSizes, write.when === undefined ? write.size : 0);
  }

  compute(compute: Compute): void {
    const operation = this.#operation;
    if (operation.computes.length === 0) operation.computes = [compute];
    else operation.computes.push(compute);
  }

  update(update: Update): void {
    const operation = this.#operation;
    if (operation.updates.length === 0) operation.updates = [update];
    else operation.updates.push(update);
  }

  /** The operand as a source; memory is read into a temporary, once. */
  source(operand: Operand): Source {
    switch (operand.kind) {
      case "immediate":
        return { kind: "immediate", value: operand.value };
      case "register":
        return operand.source;
      case "memory": {
        const address = this.addressOf(operand);
        return (this.#memoryValue ??= { kind: "temporary", index: this.load(address, operand.bytes) });
      }
      default:
        return operand satisfies never;
    }
  }

  /** Reads `bytes` bytes into a new temporary. */
  load(address: number, bytes: number, when?: RegisterSlice): number {
    const temporary = this.temporary();
    for (const { offset, size } of pieces(bytes)) {
      const read: Read = { address, offset, size, to: NONE, temporary, temporaryBit: 8 * offset };
      this.read(when === undefined ? read : { ...read, when });
    }
    return temporary;
  }

  /** Writes `bytes` bytes of a source. */
  store(address: number, bytes: number, from: Source): void {
    for (const { offset, size } of pieces(bytes)) this.write({ address, offset, size, from: sliceSource(from, 8 * offset, 8 * size) });
  }

  /** Result of an operator into a register or memory operand. `keepFlags`: APX NF. */
  assign(to: Operand, operator: Operator, width: number, inputs: readonly Source[], keepFlags = false): void {
    let compute: Compute;
    if (to.kind === "memory") compute = { operator, width, inputs, to: NONE, temporary: this.#stored(to) };
    else if (to.kind === "register") compute = { operator, width, inputs, to: this.destinations(to) };
    else throw new Error("an immediate is no destination");
    this.compute(keepFlags ? { ...compute, flags: "keep" } : compute);
  }

  /** A new temporary that is written to a memory operand. */
  #stored(to: MemoryOperand): number {
    const index = this.temporary();
    this.store(this.addressOf(to), to.bytes, { kind: "temporary", index });
    return index;
  }

  /** A general register as the one destination of a value of its width. */
  destinations({ register, bit, width, destinations }: RegisterOperand): readonly [Destination] {
    const { encoding, variant } = this.subject;
    // APX: a new data destination, or ZU, clears the whole of the register (APX specification, section 3.1.2.3).
    const whole = encoding.evex !== undefined && variant.map === PROMOTED_MAP && encoding.evex.b;
    return whole ? [generalDestination(register!, width, bit, true)] : destinations;
  }

  /** The instruction, which is not emulated where there is a `refusal`. */
  instruction(refusal: Refusal | undefined): Instruction {
    const { variant, length } = this.subject;
    const operation = this.#operation;
    const access = operation.reads.length === 0 ? (operation.writes.length === 0 ? "none" : "write") : operation.writes.length === 0 ? "read" : "read-write";
    return { form: variant.form, mnemonic: variant.mnemonic, length, access, sizes: this.#sizes(), operation: refusal ?? operation };
  }

  #sizes(): readonly number[] {
    const reads = this.#readSizes;
    const writes = this.#writeSizes;
    const sizes = writes.length === 0 ? reads : reads.length === 0 ? writes : [...reads, ...writes];
    // Registers decide how often, and how many.
    return this.#operation.repeat === undefined && this.#operation.packed === undefined ? sizes : sizes.map(() => 0);
  }
}

/**
 * What an instruction does, by its page in the SDM, volume 2. A refusal says why this form of it is not emulated; its accesses are
 * collected all the same.
 */
export type Recipe = (builder: OperationBuilder) => Refusal | void;

/** `width` bits of a source from `bit` up. */
export function sliceSource(source: Source, bit: number, width: number): Source {
  switch (source.kind) {
    case "register":
      return bit === 0 && source.width <= width
        ? source
        : { kind: "register", register: source.register, bit: source.bit + bit, width: Math.min(width, source.width - bit) };
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
