import type { Address, Index } from "../../model/operation.ts";
import { PROGRAM_COUNTER, type Register } from "../../model/registers.ts";
import { type Encoding, readSigned } from "./format.ts";
import type { MemoryShape, OperandShape, RegisterShape, Variant } from "./notation.ts";
import { HIGH_BYTES, type RegisterFile, type RegisterOperand } from "./register-operands.ts";
import { GENERAL_REGISTERS, ZMM0 } from "./registers.ts";

/** An operand with its registers, address and value: the row's shape and the bytes together. */
export type Operand = RegisterOperand | MemoryOperand | ImmediateOperand;

export interface MemoryOperand {
  readonly kind: "memory";
  readonly address: Address;
  /** Bytes; 0 where the operand's text does not tell. */
  readonly bytes: number;
  /** EVEX.b: the operand is one element, which all elements of the other operands meet. */
  readonly broadcast: boolean;
  /** VSIB: the index register and its factor; the address has no index then. */
  readonly vectorIndex?: { readonly register: Register; readonly number: number; readonly bits: number; readonly scale: number };
}

export interface ImmediateOperand {
  readonly kind: "immediate";
  /** Sign-extended to 64 bits, as an unsigned number. */
  readonly value: bigint;
  /** Bits of its encoding. */
  readonly width: number;
}

/** What a decoded instruction is made of. */
export interface Subject {
  readonly variant: Variant;
  readonly encoding: Encoding;
  readonly operands: readonly Operand[];
  /** The one among them that is memory. */
  readonly memory: MemoryOperand | undefined;
  /** Bytes. */
  readonly length: number;
  /** The opmask register, or undefined without masking. */
  readonly opmask: Register | undefined;
}

/**
 * Resolves all operands of an instruction of `length` bytes. Undefined are those that name a register that does not exist
 * ({@link describeNoRegister}). Few operands are written out: a list that grows takes room for many.
 */
export function resolveOperands(bytes: Uint8Array, variant: Variant, encoding: Encoding, length: number): (Operand | undefined)[] {
  const shapes = variant.operands;
  switch (shapes.length) {
    case 0:
      return [];
    case 1:
      return [resolveOperand(shapes[0]!, bytes, variant, encoding, length)];
    case 2:
      return [resolveOperand(shapes[0]!, bytes, variant, encoding, length), resolveOperand(shapes[1]!, bytes, variant, encoding, length)];
    default:
      return shapes.map((shape) => resolveOperand(shape, bytes, variant, encoding, length));
  }
}

function resolveOperand(shape: OperandShape, bytes: Uint8Array, variant: Variant, encoding: Encoding, length: number): Operand | undefined {
  const { field, register, memory } = shape;
  if (field === "M" && encoding.isMemory) return memoryOperand(memory!, variant, encoding, length);
  if (register !== undefined) return registerOperand(register, numberOf(shape, register, bytes, encoding, length), encoding);
  if (memory !== undefined) return absoluteOperand(memory, bytes, encoding);
  if (shape.fixed !== undefined) return { kind: "immediate", value: BigInt(shape.fixed), width: 8 };
  const size = Math.max(8, shape.immediate!) / 8;
  return { kind: "immediate", value: readImmediate(bytes, encoding.end + shape.immediateOffset, size), width: 8 * size };
}

/** Why an operand can't be resolved. */
export function describeNoRegister(shape: OperandShape, bytes: Uint8Array, encoding: Encoding, length: number): string {
  const number = numberOf(shape, shape.register!, bytes, encoding, length);
  const { file } = shape.register!;
  return isBeyondRex2(file, number, encoding) ? "REX2 does not extend vector registers" : `there is no register ${number} of the ${file} registers`;
}

/** The number of a register in its file. */
function numberOf({ field, fixed }: OperandShape, { file }: RegisterShape, bytes: Uint8Array, encoding: Encoding, length: number): number {
  switch (field) {
    case "M":
      return encoding.rm + rmExtension(file, encoding);
    case "R":
      return encoding.reg + regExtension(file, encoding);
    case "V":
      return encoding.vvvv;
    case "O":
      return (encoding.opcode & 7) + encoding.extendBase;
    case "S":
      return bytes[length - 1]! >> 4;
    case "X":
    case "I":
    case "D":
      return fixed!;
    default:
      return field satisfies never;
  }
}

function regExtension(file: RegisterFile, { extendReg }: Encoding): number {
  return file === "mmx" || file === "segment" || file === "x87" ? 0 : extendReg;
}

function rmExtension(file: RegisterFile, { extendBase, extendVector }: Encoding): number {
  if (file === "general" || file === "bound") return extendBase;
  return file === "vector" || file === "tile" ? extendVector : 0;
}

function registerOperand({ file, width, operands }: RegisterShape, number: number, encoding: Encoding): RegisterOperand | undefined {
  // Without REX byte registers 4–7 are AH, CH, DH, BH; with it SPL, BPL, SIL, DIL (SDM volume 2, table 2-2).
  if (width === 8 && number >= 4 && !encoding.rex) return HIGH_BYTES[number];
  return isBeyondRex2(file, number, encoding) ? undefined : operands[number];
}

/** R4 and B4 of REX2 extend general registers alone (APX specification, section 3.1.1). */
function isBeyondRex2(file: RegisterFile, number: number, { rex2 }: Encoding): boolean {
  return rex2 && number > 15 && file === "vector";
}

/** Sign-extended to 64 bits, as an unsigned number. */
function readImmediate(bytes: Uint8Array, position: number, size: number): bigint {
  if (size === 8) {
    const low = BigInt.asUintN(32, BigInt(readSigned(bytes, position, 4)));
    return BigInt.asUintN(64, (BigInt(readSigned(bytes, position + 4, 4)) << 32n) | low);
  }
  const value = readSigned(bytes, position, size as 1 | 2 | 4);
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : BigInt(value);
}

function absoluteOperand({ bits }: MemoryShape, bytes: Uint8Array, encoding: Encoding): MemoryOperand {
  const { addressSize, segment } = encoding;
  const displacement = BigInt.asUintN(addressSize, readImmediate(bytes, encoding.end, addressSize / 8));
  const address = segment === undefined ? { displacement, width: addressSize } : { displacement, width: addressSize, segment };
  return { kind: "memory", address, bytes: bits / 8, broadcast: false };
}

function memoryOperand(shape: MemoryShape, variant: Variant, encoding: Encoding, length: number): MemoryOperand {
  const { broadcast, vectorIndex } = shape;
  const isBroadcast = broadcast !== undefined && encoding.evex?.b === true;
  const bytes = (isBroadcast ? broadcast : shape.bits) / 8;
  let { displacement } = encoding;
  if (encoding.displacementBytes === 1) displacement *= isBroadcast ? bytes : variant.displacementFactor;
  // SIB.index 4 means none, unless it is a vector register.
  const index = vectorIndex !== undefined || encoding.index === 4 ? undefined : encoding.index;
  const address = addressOf(encoding, index, displacement, length);
  if (vectorIndex === undefined) return { kind: "memory", address, bytes, broadcast: isBroadcast };
  const number = (encoding.index! & 15) | (encoding.evex?.extendVectorIndex ?? 0);
  return {
    kind: "memory",
    address,
    bytes,
    broadcast: false,
    vectorIndex: { register: ZMM0 + number, number, bits: vectorIndex.bits, scale: encoding.scale },
  };
}

/** Each combination is written out: an object is made fastest all at once. */
function addressOf(encoding: Encoding, index: number | undefined, offset: number, length: number): Address {
  const { ripRelative, segment, addressSize: width } = encoding;
  const base = ripRelative ? PROGRAM_COUNTER : encoding.base;
  const sum = ripRelative ? offset + length : offset;
  const displacement = sum === 0 ? 0n : BigInt(sum);
  let address: Address;
  if (index === undefined) {
    address = base === undefined ? { displacement, width } : { base, displacement, width };
  } else {
    const scaled = (width === 64 ? INDICES_64 : INDICES_32)[encoding.scale]![index]!;
    address = base === undefined ? { index: scaled, displacement, width } : { base, index: scaled, displacement, width };
  }
  return segment === undefined ? address : { ...address, segment };
}

/** Each general register as an index, by log2 of its factor. */
function indices(width: 64 | 32): readonly (readonly Index[])[] {
  return [0, 1, 2, 3].map((amount) => {
    const shift = { kind: "lsl", amount } as const;
    return Array.from({ length: GENERAL_REGISTERS }, (_, register) => ({ slice: { register, bit: 0, width }, signed: false, shift }));
  });
}

const INDICES_64 = indices(64);
const INDICES_32 = indices(32);
