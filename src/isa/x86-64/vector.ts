import type { Destination, RegisterSlice, Source } from "../../model/operation.ts";
import { type AccessSize, type OperationBuilder, type Recipe, pieces } from "./builder.ts";
import type { LaneMeaning, VectorMeaning } from "./meaning.ts";
import type { ImmediateOperand, MemoryOperand } from "./operands.ts";
import type { RegisterOperand } from "./register-operands.ts";
import { K0, RDI } from "./registers.ts";

/** Moves of vector and opmask registers, each by its page in the SDM, volume 2. */

const ZERO: Source = { kind: "immediate", value: 0n };
/** Bits of the widest vector register: VEX and EVEX clear what they do not write (SDM volume 1, section 14.1.3). */
const WIDEST = 512;

/** Legacy SSE instructions keep the bits above 127. */
export function isLegacy(builder: OperationBuilder): boolean {
  return builder.subject.encoding.space === "legacy";
}

/** Bits of a row's element. */
export function elementOf(builder: OperationBuilder): number {
  return builder.subject.variant.facts.element!;
}

/** Bits of the destination that the instruction defines. */
export function definedBits(builder: OperationBuilder, register: RegisterOperand): number {
  return isLegacy(builder) ? 128 : (builder.subject.variant.vectorLength ?? Math.max(128, register.width));
}

/** Part of a vector register. */
function lane({ register }: RegisterOperand, bit: number, width: number): Destination {
  const end = bit + width;
  return { register: register!, bit, width, extension: "zero", extendTo: end, clearTo: end };
}

/** The lowest part, which clears the rest: up to `defined` because the instruction says so, above because VEX and EVEX do. */
function lowestLane(builder: OperationBuilder, register: RegisterOperand, width: number, defined: number): Destination {
  const clearTo = isLegacy(builder) ? defined : WIDEST;
  return { register: register.register!, bit: 0, width, extension: "zero", extendTo: defined, clearTo };
}

/** Bit `index` of the opmask, if there is masking. */
export function maskBit(builder: OperationBuilder, index: number): RegisterSlice | undefined {
  const { opmask } = builder.subject;
  return opmask === undefined ? undefined : { register: K0 + opmask, bit: index, width: 1 };
}

function isZeroing(builder: OperationBuilder): boolean {
  return builder.subject.encoding.evex?.zeroing === true;
}

export function memoryOf(builder: OperationBuilder): MemoryOperand {
  const memory = builder.subject.memory!;
  if (builder.subject.variant.facts.aligned) builder.align(memory.bytes);
  return memory;
}

const isStore = (builder: OperationBuilder): boolean => builder.operand(0).kind === "memory";

/** One element that is read straight into its lane. */
interface ElementRead {
  readonly address: number;
  readonly offset: number;
  readonly size: AccessSize;
  readonly to: Destination;
  readonly when: RegisterSlice;
}

/** Masked elements: those that are off keep their lane or clear it, and what lies above the last one is cleared. */
function readElements(
  builder: OperationBuilder,
  register: RegisterOperand,
  elements: readonly ElementRead[],
  end: number,
  zeroing: boolean,
): void {
  for (const { to, ...element } of elements) builder.read({ ...element, to: [to], ...(zeroing ? { otherwise: "zero" as const } : {}) });
  const defined = definedBits(builder, register);
  const clearTo = isLegacy(builder) ? defined : WIDEST;
  if (end >= clearTo) return;
  const above: Destination = { ...lane(register, end, 0), extendTo: Math.max(end, defined), clearTo };
  builder.compute({ operator: "copy", width: 1, inputs: [ZERO], to: [above] });
}

/** A load that fills the register from its low end: MOVAPS, MOVSS, MOVD, VMOVDQU64 … */
function loadVector(builder: OperationBuilder): void {
  const target = builder.operand(0) as RegisterOperand;
  const memory = memoryOf(builder);
  const address = builder.addressOf(memory);
  if (builder.subject.opmask !== undefined) {
    const element = elementOf(builder);
    const count = (8 * memory.bytes) / element;
    const elements = Array.from({ length: count }, (_, index) => ({
      address,
      offset: (index * element) / 8,
      size: (element / 8) as AccessSize,
      to: lane(target, index * element, element),
      when: maskBit(builder, index)!,
    }));
    readElements(builder, target, elements, 8 * memory.bytes, isZeroing(builder));
    return;
  }
  for (const { offset, size } of pieces(memory.bytes)) {
    const to = offset === 0 ? lowestLane(builder, target, 8 * size, definedBits(builder, target)) : lane(target, 8 * offset, 8 * size);
    builder.read({ address, offset, size, to: [to] });
  }
}

/** Writes bits of a register from `bit` up, by elements if they are masked. */
function storeVector(builder: OperationBuilder, from: RegisterOperand, bit: number): void {
  const memory = memoryOf(builder);
  const address = builder.addressOf(memory);
  if (builder.subject.opmask === undefined) {
    builder.store(address, memory.bytes, { kind: "register", register: from.register!, bit, width: 8 * memory.bytes });
    return;
  }
  const element = elementOf(builder);
  for (let index = 0; index < (8 * memory.bytes) / element; index++) {
    builder.write({
      address,
      offset: (index * element) / 8,
      size: (element / 8) as AccessSize,
      from: { kind: "register", register: from.register!, bit: bit + index * element, width: element },
      when: maskBit(builder, index)!,
    });
  }
}

function move(builder: OperationBuilder): void {
  if (isStore(builder)) storeVector(builder, builder.operand(1) as RegisterOperand, 0);
  else loadVector(builder);
}

/**
 * Puts together a destination of lanes. `source` gives lane `index`, or undefined where the destination keeps its own (legacy SSE). Opmask
 * bits count these lanes.
 */
export function fillLanes(builder: OperationBuilder, element: number, source: (index: number) => Source | undefined): void {
  const target = builder.operand(0) as RegisterOperand;
  const defined = definedBits(builder, target);
  const sources = Array.from({ length: defined / element }, (_, index) => source(index));
  const complete = sources.every((each) => each !== undefined);
  sources.forEach((each, index) => {
    if (each === undefined) return;
    const to = index === 0 && complete ? lowestLane(builder, target, element, defined) : lane(target, index * element, element);
    const mask = maskBit(builder, index);
    if (mask === undefined) {
      builder.compute({ operator: "copy", width: element, inputs: [each], to: [to] });
      return;
    }
    const old: Source = isZeroing(builder) ? ZERO : { kind: "register", register: target.register!, bit: index * element, width: element };
    builder.compute({ operator: "select", width: element, inputs: [{ kind: "register", ...mask }, each, old], to: [to] });
  });
}

/** MOVLPS and the like: half of an XMM register; with VEX the other half comes from the second operand. */
function moveHalf(half: 0 | 64): Recipe {
  return (builder) => {
    if (isStore(builder)) {
      storeVector(builder, builder.operand(1) as RegisterOperand, half);
      return;
    }
    const { operands } = builder.subject;
    const loaded = builder.source(memoryOf(builder));
    const other = operands[1]!;
    fillLanes(builder, 64, (index) => {
      if (64 * index === half) return loaded;
      return other.kind === "register" ? laneOf(other, 64 * index, 64) : undefined;
    });
  };
}

export function laneOf({ register }: RegisterOperand, bit: number, width: number): Source {
  return { kind: "register", register: register!, bit, width };
}

export function bitsOf(source: Source, bit: number): Source {
  if (source.kind !== "temporary") throw new Error("only a temporary is cut into lanes");
  return { kind: "temporary", index: source.index, bit };
}

/** MOVDDUP, MOVSLDUP, MOVSHDUP: all of the memory operand is read, whatever the mask (exception types 5NF and 4NF). */
function duplicate(odd: 0 | 1): Recipe {
  return (builder) => {
    const element = elementOf(builder);
    const memory = memoryOf(builder);
    // Legacy SSE demands alignment of 16 bytes, not of MOVDDUP's eight.
    if (isLegacy(builder) && memory.bytes === 16) builder.align(16);
    const loaded = builder.source(memory);
    fillLanes(builder, element, (index) => bitsOf(loaded, ((index & ~1) | odd) * element));
  };
}

/** One element, or a block of them, over the whole register. With a mask that is all off memory is not touched. */
function broadcast(builder: OperationBuilder): void {
  const { opmask } = builder.subject;
  const element = elementOf(builder);
  const memory = memoryOf(builder);
  const lanes = definedBits(builder, builder.operand(0) as RegisterOperand) / element;
  const any = opmask === undefined ? undefined : { register: K0 + opmask, bit: 0, width: lanes };
  const index = builder.load(builder.addressOf(memory), memory.bytes, any);
  fillLanes(builder, element, (position) => ({ kind: "temporary", index, bit: (position * element) % (8 * memory.bytes) }));
}

const immediateOf = (builder: OperationBuilder): number => {
  const last = builder.subject.operands.at(-1) as ImmediateOperand;
  return Number(last.value & 0xffn);
};

/** PINSRB …, INSERTPS, VINSERTF128 …: the register of the second operand, or the destination itself, with one place replaced. */
function insert(builder: OperationBuilder): void {
  const { operands, variant } = builder.subject;
  const element = elementOf(builder);
  const memory = memoryOf(builder);
  const selector = immediateOf(builder);
  const loaded = builder.source(memory);
  const bits = 8 * memory.bytes;
  const defined = definedBits(builder, operands[0] as RegisterOperand);
  const isInsertps = variant.mnemonic.endsWith("insertps");
  // INSERTPS: bits 5:4 say where, bits 3:0 which lanes become zero; bits 7:6 count in register operands only.
  const place = isInsertps ? (selector >> 4) & 3 : selector & (defined / bits - 1);
  const zeroed = isInsertps ? selector & 15 : 0;
  const other = operands.length === 4 ? (operands[1] as RegisterOperand) : undefined;
  fillLanes(builder, element, (index) => {
    if (((zeroed >> index) & 1) !== 0) return ZERO;
    const offset = index * element - place * bits;
    if (offset >= 0 && offset < bits) return bitsOf(loaded, offset);
    return other === undefined ? undefined : laneOf(other, index * element, element);
  });
}

/** PEXTRB …, EXTRACTPS, VEXTRACTF128 … to memory. */
function extract(builder: OperationBuilder): void {
  const memory = memoryOf(builder);
  const from = builder.operand(1) as RegisterOperand;
  const bits = 8 * memory.bytes;
  storeVector(builder, from, (immediateOf(builder) & (from.width / bits - 1)) * bits);
}

/** PMOVZX and PMOVSX. Masked, each element is an access of its own (exception type 5). */
function extend(extension: "zero" | "sign"): Recipe {
  return (builder) => {
    const target = builder.operand(0) as RegisterOperand;
    const element = elementOf(builder);
    const memory = memoryOf(builder);
    const defined = definedBits(builder, target);
    const count = defined / element;
    const narrow = (8 * memory.bytes) / count;
    const to = (index: number): Destination => ({
      ...lane(target, index * element, narrow),
      extension,
      extendTo: (index + 1) * element,
      clearTo: (index + 1) * element,
    });
    if (builder.subject.opmask !== undefined) {
      const address = builder.addressOf(memory);
      const elements = Array.from({ length: count }, (_, index) => ({
        address,
        offset: (index * narrow) / 8,
        size: (narrow / 8) as AccessSize,
        to: to(index),
        when: maskBit(builder, index)!,
      }));
      readElements(builder, target, elements, defined, isZeroing(builder));
      return;
    }
    const loaded = builder.source(memory);
    // The register is cleared as a whole, then its lanes are filled.
    builder.compute({ operator: "copy", width: 1, inputs: [ZERO], to: [lowestLane(builder, target, 1, defined)] });
    for (let index = 0; index < count; index++) {
      builder.compute({ operator: "copy", width: narrow, inputs: [bitsOf(loaded, index * narrow)], to: [to(index)] });
    }
  };
}

/** VPMOVQB … to memory: the low part of each element. */
function truncateElements(builder: OperationBuilder): void {
  const memory = memoryOf(builder);
  const from = builder.operand(1) as RegisterOperand;
  const narrow = elementOf(builder);
  const count = (8 * memory.bytes) / narrow;
  const wide = from.width / count;
  const address = builder.addressOf(memory);
  if (builder.subject.opmask === undefined) {
    const index = builder.temporary();
    for (let each = 0; each < count; each++) {
      builder.compute({
        operator: "copy",
        width: narrow,
        inputs: [laneOf(from, each * wide, narrow)],
        to: [],
        temporary: index,
        temporaryBit: each * narrow,
      });
    }
    builder.store(address, memory.bytes, { kind: "temporary", index });
    return;
  }
  for (let each = 0; each < count; each++) {
    const size = (narrow / 8) as AccessSize;
    builder.write({ address, offset: each * size, size, from: laneOf(from, each * wide, narrow), when: maskBit(builder, each)! });
  }
}

/** VMASKMOVPS and VPMASKMOVD: the sign bits of the second operand are the mask; lanes that are off load zero. */
function maskedMove(builder: OperationBuilder): void {
  const memory = memoryOf(builder);
  const mask = builder.operand(1) as RegisterOperand;
  const element = elementOf(builder);
  const address = builder.addressOf(memory);
  const size = (element / 8) as AccessSize;
  const count = (8 * memory.bytes) / element;
  const when = (index: number): RegisterSlice => ({ register: mask.register!, bit: (index + 1) * element - 1, width: 1 });
  if (isStore(builder)) {
    const from = builder.operand(2) as RegisterOperand;
    for (let index = 0; index < count; index++) {
      builder.write({ address, offset: index * size, size, from: laneOf(from, index * element, element), when: when(index) });
    }
    return;
  }
  const target = builder.operand(0) as RegisterOperand;
  const elements = Array.from({ length: count }, (_, index) => ({
    address,
    offset: index * size,
    size,
    to: index === 0 ? lowestLane(builder, target, element, count * element) : lane(target, index * element, element),
    when: when(index),
  }));
  readElements(builder, target, elements, WIDEST, true);
}

/** MASKMOVDQU: bytes of the first operand whose sign bit in the second is set go to [rDI], which may have a segment override. */
function maskedBytes(builder: OperationBuilder): void {
  const [from, mask] = builder.subject.operands as readonly [RegisterOperand, RegisterOperand];
  const { addressSize, segment } = builder.subject.encoding;
  const address = builder.address({ base: RDI, displacement: 0n, width: addressSize, ...(segment === undefined ? {} : { segment }) });
  for (let index = 0; index < 16; index++) {
    const when = { register: mask.register!, bit: 8 * index + 7, width: 1 };
    builder.write({ address, offset: index, size: 1, from: laneOf(from, 8 * index, 8), when });
  }
}

/** Compress and expand: in memory the elements that are on lie side by side. */
function packed(recipe: Recipe): Recipe {
  return (builder) => {
    if (builder.subject.opmask !== undefined) builder.pack();
    recipe(builder);
  };
}

/** The lanes of a gather or scatter: one address each. */
function scattered(
  builder: OperationBuilder,
  data: RegisterOperand,
): { readonly address: number; readonly bit: number; readonly index: number }[] {
  const memory = builder.subject.memory!;
  const shape = builder.subject.variant.memory!.vectorIndex!;
  const element = elementOf(builder);
  const { register, bits, scale } = memory.vectorIndex!;
  const count = Math.min(data.width / element, shape.register / bits);
  return Array.from({ length: count }, (_, index) => {
    const slice = { register, bit: index * bits, width: bits };
    const address = builder.address({ ...memory.address, index: { slice, signed: true, shift: { kind: "lsl", amount: scale } } });
    return { address, bit: index * element, index };
  });
}

/** Gathers and scatters clear their mask, element by element; at the end it is zero. */
function clearMask(builder: OperationBuilder, mask: RegisterOperand | undefined): void {
  const { opmask } = builder.subject;
  const to: Destination =
    mask === undefined
      ? { register: K0 + opmask!, bit: 0, width: 64, extension: "zero", extendTo: 64, clearTo: 64 }
      : lowestLane(builder, mask, 1, mask.width);
  builder.compute({ operator: "copy", width: 64, inputs: [ZERO], to: [to] });
}

function gather(builder: OperationBuilder): void {
  const target = builder.operand(0) as RegisterOperand;
  const mask = builder.subject.operands[2] as RegisterOperand | undefined;
  const element = elementOf(builder);
  const lanes = scattered(builder, target);
  const elements = lanes.map(({ address, bit, index }) => ({
    address,
    offset: 0,
    size: (element / 8) as AccessSize,
    to: lane(target, bit, element),
    when: mask === undefined ? maskBit(builder, index)! : { register: mask.register!, bit: bit + element - 1, width: 1 },
  }));
  readElements(builder, target, elements, lanes.length * element, false);
  clearMask(builder, mask);
}

function scatter(builder: OperationBuilder): void {
  const from = builder.operand(1) as RegisterOperand;
  const element = elementOf(builder);
  for (const { address, bit, index } of scattered(builder, from)) {
    builder.write({
      address,
      offset: 0,
      size: (element / 8) as AccessSize,
      from: laneOf(from, bit, element),
      when: maskBit(builder, index)!,
    });
  }
  clearMask(builder, undefined);
}

/** KMOVB, KMOVW, KMOVD, KMOVQ. */
function moveMask(builder: OperationBuilder): void {
  const memory = memoryOf(builder);
  const size = memory.bytes as AccessSize;
  const address = builder.addressOf(memory);
  if (isStore(builder)) {
    const from = builder.operand(1) as RegisterOperand;
    builder.write({ address, offset: 0, size, from: { ...from.source, width: 8 * size } });
    return;
  }
  const { register } = builder.operand(0) as RegisterOperand;
  builder.read({
    address,
    offset: 0,
    size,
    to: [{ register: register!, bit: 0, width: 8 * size, extension: "zero", extendTo: 64, clearTo: 64 }],
  });
}

export const VECTOR_RECIPES: Readonly<Record<Exclude<VectorMeaning, LaneMeaning>, Recipe>> = {
  "vector-move": move,
  "vector-move-low": moveHalf(0),
  "vector-move-high": moveHalf(64),
  "vector-duplicate-even": duplicate(0),
  "vector-duplicate-odd": duplicate(1),
  "vector-broadcast": broadcast,
  "vector-insert": insert,
  "vector-extract": extract,
  "vector-zero-extend": extend("zero"),
  "vector-sign-extend": extend("sign"),
  "vector-truncate": truncateElements,
  "vector-masked-move": maskedMove,
  "vector-masked-bytes": maskedBytes,
  "vector-compress": packed(move),
  "vector-expand": packed(move),
  "vector-gather": gather,
  "vector-scatter": scatter,
  "mask-move": moveMask,
};
