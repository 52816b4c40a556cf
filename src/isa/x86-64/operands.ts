import type { Address } from "../../model/operation.ts";
import { PROGRAM_COUNTER, type Register } from "../../model/registers.ts";
import type { Encoding, MemoryForm, ModRm } from "./format.ts";
import { type OperandShape, type RegisterFile, type Variant, tupleFactor } from "./notation.ts";
import { K0, ZMM0 } from "./registers.ts";

/** An operand with its registers, address and value: the row's shape and the bytes together. */
export type Operand = RegisterOperand | MemoryOperand | ImmediateOperand;

export interface RegisterOperand {
  readonly kind: "register";
  readonly file: RegisterFile;
  /** Number within its file. */
  readonly number: number;
  /** Index in the register set; undefined for the files that a trace does not hold (MMX, x87, segment, control, debug, bounds, tiles). */
  readonly register: Register | undefined;
  /** Lowest bit: 8 for AH, CH, DH and BH. */
  readonly bit: number;
  readonly width: number;
}

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
  readonly modRm: ModRm | undefined;
  readonly operands: readonly Operand[];
  /** Bytes. */
  readonly length: number;
  /** The opmask register, or undefined without masking. */
  readonly opmask: Register | undefined;
}

/** Registers of each file; instructions that name a higher number are undefined. */
const FILE_SIZES: Readonly<Record<RegisterFile, number>> = {
  general: 32,
  vector: 32,
  mask: 8,
  mmx: 8,
  x87: 8,
  segment: 6,
  control: 16,
  debug: 8,
  bound: 4,
  tile: 8,
};

/** Resolves all operands. `immediate` is the position of the bytes behind the operands. A string says why the instruction is undefined. */
export function resolveOperands(
  bytes: Uint8Array,
  variant: Variant,
  encoding: Encoding,
  modRm: ModRm | undefined,
  immediate: number,
  length: number,
): Operand[] | string {
  const operands: Operand[] = [];
  let position = immediate;
  for (const shape of variant.operands) {
    if (shape.fixed !== undefined || shape.field === "X") {
      operands.push(
        shape.register === undefined
          ? { kind: "immediate", value: BigInt(shape.fixed!), width: 8 }
          : registerOperand(shape, shape.fixed!, encoding),
      );
      continue;
    }
    switch (shape.field) {
      case "I":
      case "D": {
        const size = shape.memory === undefined ? Math.max(8, shape.immediate!) / 8 : encoding.addressSize / 8;
        const value = readImmediate(bytes, position, size);
        position += size;
        operands.push(shape.memory === undefined ? { kind: "immediate", value, width: 8 * size } : absoluteOperand(shape, value, encoding));
        break;
      }
      case "M":
        operands.push(
          modRm!.memory === undefined
            ? registerOperand(shape, modRm!.rm + rmExtension(shape.register!.file, encoding), encoding)
            : memoryOperand(shape, modRm!.memory, variant, encoding, length),
        );
        break;
      case "R":
        operands.push(registerOperand(shape, modRm!.reg + regExtension(shape.register!.file, encoding), encoding));
        break;
      case "V":
        operands.push(registerOperand(shape, encoding.vvvv, encoding));
        break;
      case "O":
        operands.push(registerOperand(shape, (encoding.opcode & 7) + encoding.extendBase, encoding));
        break;
      case "S":
        operands.push(registerOperand(shape, bytes[length - 1]! >> 4, encoding));
        break;
      default:
        return shape.field satisfies never;
    }
    const last = operands.at(-1)!;
    // R4 and B4 of REX2 extend general registers alone (APX specification, section 3.1.1).
    if (last.kind === "register" && last.file === "vector" && last.number > 15 && encoding.rex2) return "REX2 does not extend vector registers";
    if (last.kind === "register" && last.number >= FILE_SIZES[last.file])
      return `there is no register ${last.number} of the ${last.file} registers`;
  }
  return operands;
}

function regExtension(file: RegisterFile, { extendReg }: Encoding): number {
  return file === "mmx" || file === "segment" || file === "x87" ? 0 : extendReg;
}

function rmExtension(file: RegisterFile, { extendBase, extendVector }: Encoding): number {
  if (file === "general" || file === "bound") return extendBase;
  return file === "vector" || file === "tile" ? extendVector : 0;
}

function registerOperand({ register }: OperandShape, number: number, { rex }: Encoding): RegisterOperand {
  const { file, width } = register!;
  // Without REX byte registers 4–7 are AH, CH, DH, BH; with it SPL, BPL, SIL, DIL (SDM volume 2, table 2-2).
  if (file === "general" && width === 8 && !rex && number >= 4) {
    return { kind: "register", file, number, register: number - 4, bit: 8, width };
  }
  const first = file === "general" ? 0 : file === "vector" ? ZMM0 : file === "mask" ? K0 : undefined;
  return { kind: "register", file, number, register: first === undefined ? undefined : first + number, bit: 0, width };
}

function readImmediate(bytes: Uint8Array, position: number, size: number): bigint {
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[position + index]!);
  return BigInt.asUintN(64, BigInt.asIntN(8 * size, value));
}

function absoluteOperand(shape: OperandShape, value: bigint, encoding: Encoding): MemoryOperand {
  const address: Address = {
    displacement: BigInt.asUintN(encoding.addressSize, value),
    width: encoding.addressSize,
    ...(encoding.segment === undefined ? {} : { segment: encoding.segment }),
  };
  return { kind: "memory", address, bytes: shape.memory!.bits / 8, broadcast: false };
}

function memoryOperand(shape: OperandShape, form: MemoryForm, variant: Variant, encoding: Encoding, length: number): MemoryOperand {
  const { bits, broadcast, vectorIndex } = shape.memory!;
  const isBroadcast = encoding.evex?.b === true && broadcast !== undefined;
  const bytes = (isBroadcast ? broadcast : bits) / 8;
  let displacement = form.displacement;
  if (form.displacementBytes === 1 && variant.facts.tuple !== undefined) {
    const { tuple, element } = variant.facts;
    displacement *= isBroadcast ? bytes : tupleFactor(tuple, variant.operands, variant.vectorLength, element)!;
  }
  if (form.ripRelative) displacement += length;
  const address: { -readonly [Key in keyof Address]: Address[Key] } = { displacement: BigInt(displacement), width: encoding.addressSize };
  if (form.ripRelative) address.base = PROGRAM_COUNTER;
  else if (form.base !== undefined) address.base = form.base;
  // SIB.index 4 means none, unless it is a vector register.
  if (form.index !== undefined && form.index !== 4 && vectorIndex === undefined) {
    address.index = {
      slice: { register: form.index, bit: 0, width: encoding.addressSize },
      signed: false,
      shift: { kind: "lsl", amount: form.scale },
    };
  }
  if (encoding.segment !== undefined) address.segment = encoding.segment;
  if (vectorIndex === undefined) return { kind: "memory", address, bytes, broadcast: isBroadcast };
  const number = (form.index! & 15) | (encoding.evex?.extendVectorIndex ?? 0);
  return {
    kind: "memory",
    address,
    bytes,
    broadcast: false,
    vectorIndex: { register: ZMM0 + number, number, bits: vectorIndex.bits, scale: form.scale },
  };
}
