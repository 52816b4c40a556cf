import type { Compute, Destination, Operator, Read, Source, Write } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { type AccessSize, type OperationBuilder, type Recipe, plainIndex } from "./builder.ts";
import type { GeneralMeaning } from "./meaning.ts";
import type { ImmediateOperand, MemoryOperand, Operand } from "./operands.ts";
import { generalDestination, type RegisterOperand } from "./register-operands.ts";
import { MXCSR, RAX, RBX, RCX, RDX } from "./registers.ts";

const immediate = (value: number): Source => ({ kind: "immediate", value: BigInt(value) });
const register = (number: number, width: number, bit = 0): Source => ({ kind: "register", register: number, bit, width });

/**
 * The `arity` inputs of an operation on the first operand: without a new data destination or a separate one, it is the first input, too.
 * One rule for ADD r/m, r; IMUL r, r/m, imm; ANDN r, r, r/m; BSF r, r/m and the APX forms.
 */
function inputsOf(builder: OperationBuilder, arity: number): Source[] {
  const { operands } = builder.subject;
  const first = operands.length - arity;
  if (arity === 2) return [builder.source(operands[first]!), builder.source(operands[first + 1]!)];
  if (arity === 1) return [builder.source(operands[first]!)];
  return operands.slice(first).map((operand) => builder.source(operand));
}

/** APX NF: the flags keep their values. */
function keepsFlags({ subject: { encoding, variant } }: OperationBuilder): boolean {
  return encoding.evex !== undefined && variant.facts.noFlags === true && (encoding.evex.opmask & 4) !== 0;
}

/** temporary ← operator(inputs). */
function computeInto(builder: OperationBuilder, temporary: number, operator: Operator, width: number, inputs: readonly Source[]): void {
  const compute: Compute = { operator, width, inputs, to: [], temporary };
  builder.compute(keepsFlags(builder) ? { ...compute, flags: "keep" } : compute);
}

/** destination ← operator(inputs). */
function assigning(operator: Operator, arity: number): Recipe {
  return (builder) => {
    const inputs = inputsOf(builder, arity);
    builder.assign(builder.operand(0), operator, builder.width, inputs, keepsFlags(builder));
  };
}

/** Flags alone. */
function testing(operator: Operator): Recipe {
  return (builder) => {
    builder.compute({ operator, width: builder.width, inputs: inputsOf(builder, 2), to: [] });
  };
}

function move(builder: OperationBuilder, reversed: boolean): void {
  const to = builder.operand(0);
  const from = builder.operand(1);
  if (to.kind === "memory") {
    const write: Write = { address: builder.addressOf(to), offset: 0, size: to.bytes as AccessSize, from: builder.source(from) };
    builder.write(reversed ? { ...write, reversed: true } : write);
    return;
  }
  const { address, size } = memoryOf(builder, from as MemoryOperand);
  const read: Read = { address, offset: 0, size, to: narrowed(builder.destinations(to as RegisterOperand), 8 * size) };
  builder.read(reversed ? { ...read, reversed: true } : read);
}

/** MOVZX reads less than its destination holds: the rest of the destination becomes zero. */
function narrowed(destinations: readonly [Destination], width: number): readonly [Destination] {
  return destinations[0].width <= width ? destinations : [{ ...destinations[0], width }];
}

function memoryOf(builder: OperationBuilder, operand: MemoryOperand): { readonly address: number; readonly size: AccessSize } {
  return { address: builder.addressOf(operand), size: operand.bytes as AccessSize };
}

/** MOVSX and MOVSXD. */
function moveSignExtended(builder: OperationBuilder): void {
  const to = builder.operand(0) as RegisterOperand;
  const { address, size } = memoryOf(builder, builder.operand(1) as MemoryOperand);
  builder.read({ address, offset: 0, size, to: [{ ...builder.destinations(to)[0], width: Math.min(8 * size, to.width), extension: "sign" }] });
}

/** XCHG with memory is atomic with or without LOCK. */
function exchange(builder: OperationBuilder): void {
  const other = builder.subject.operands.find((operand) => operand.kind === "register")!;
  const { address, size } = memoryOf(builder, builder.subject.memory!);
  builder.atomic();
  builder.read({ address, offset: 0, size, to: builder.destinations(other) });
  builder.write({ address, offset: 0, size, from: builder.source(other) });
}

function exchangeAdd(builder: OperationBuilder): void {
  const [memory, other] = builder.subject.operands as readonly [MemoryOperand, RegisterOperand];
  const old = builder.source(memory);
  builder.assign(memory, "x86-add", other.width, [old, builder.source(other)]);
  builder.compute({ operator: "copy", width: other.width, inputs: [old], to: builder.destinations(other) });
}

/** RAO-INT (AADD, AAND, AOR, AXOR): memory alone changes, no flag does; atomic as such. */
function remote(operator: "add" | "and" | "or" | "exclusive-or"): Recipe {
  return (builder) => {
    const [memory, other] = builder.subject.operands as readonly [MemoryOperand, RegisterOperand];
    builder.atomic();
    builder.assign(memory, operator, other.width, [builder.source(memory), builder.source(other)]);
  };
}

/** CMPXCHG always writes: the new value, or the old one again. */
function compareExchange(builder: OperationBuilder): void {
  const [memory, replacement] = builder.subject.operands as readonly [MemoryOperand, RegisterOperand];
  const { width } = replacement;
  const old = builder.source(memory);
  const expected = register(RAX, width);
  builder.assign(memory, "compare-select", width, [old, expected, builder.source(replacement)]);
  builder.compute({ operator: "x86-sub", width, inputs: [expected, old], to: [] });
  keepUnlessEqual(builder, width, old, expected, (when) => {
    builder.compute({ operator: "copy", width, inputs: [old], to: [generalDestination(RAX, width)], when });
  });
}

function keepUnlessEqual(builder: OperationBuilder, width: number, first: Source, second: Source, then: (when: Source) => void): void {
  const index = builder.temporary();
  builder.compute({ operator: "not-equal", width, inputs: [first, second], to: [], temporary: index });
  then({ kind: "temporary", index });
}

/** CMPXCHG8B and CMPXCHG16B: EDX:EAX and ECX:EBX, or the 64-bit registers. */
function compareExchangePair(builder: OperationBuilder): void {
  const memory = builder.operand(0) as MemoryOperand;
  const half = 4 * memory.bytes;
  const pair = (low: number, high: number): Source => {
    const index = builder.temporary();
    builder.compute({ operator: "copy", width: half, inputs: [register(low, half)], to: [], temporary: index });
    builder.compute({ operator: "copy", width: half, inputs: [register(high, half)], to: [], temporary: index, temporaryBit: half });
    return { kind: "temporary", index };
  };
  // CMPXCHG16B demands alignment (SDM volume 2A: #GP), CMPXCHG8B does not.
  if (memory.bytes === 16) builder.align(16);
  const old = builder.source(memory) as Source & { readonly kind: "temporary" };
  const expected = pair(RAX, RDX);
  const replacement = pair(RBX, RCX);
  builder.assign(memory, "compare-select", 2 * half, [old, expected, replacement]);
  builder.compute({ operator: "x86-compare-zero", width: 2 * half, inputs: [old, expected], to: [] });
  keepUnlessEqual(builder, 2 * half, old, expected, (when) => {
    builder.compute({ operator: "copy", width: half, inputs: [old], to: [generalDestination(RAX, half)], when });
    builder.compute({ operator: "copy", width: half, inputs: [{ ...old, bit: half }], to: [generalDestination(RDX, half)], when });
  });
}

/** MUL, and IMUL with one operand: the product of rAX and the operand in rDX:rAX, for bytes in AX. */
function multiplying(operator: "x86-mul" | "x86-imul"): Recipe {
  return (builder) => {
    const { width } = builder;
    const index = builder.temporary();
    computeInto(builder, index, operator, width, [register(RAX, width), builder.source(builder.operand(0))]);
    halves(builder, index, width, RAX, RDX);
  };
}

/** DIV and IDIV: rDX:rAX (AX for bytes) divided; quotient in rAX (AL), remainder in rDX (AH). */
function dividing(operator: "x86-div" | "x86-idiv"): Recipe {
  return (builder) => {
    const { width } = builder;
    const index = builder.temporary();
    const high = width === 8 ? register(RAX, 8, 8) : register(RDX, width);
    computeInto(builder, index, operator, width, [high, register(RAX, width), builder.source(builder.operand(0))]);
    halves(builder, index, width, RAX, RDX);
  };
}

/** Low and high half of a temporary into two registers; of 16 bits both into AX. */
function halves(builder: OperationBuilder, index: number, width: number, low: number, high: number): void {
  if (width === 8) {
    builder.compute({ operator: "copy", width: 16, inputs: [{ kind: "temporary", index }], to: [generalDestination(low, 16)] });
    return;
  }
  builder.compute({ operator: "copy", width, inputs: [{ kind: "temporary", index }], to: [generalDestination(low, width)] });
  builder.compute({ operator: "copy", width, inputs: [{ kind: "temporary", index, bit: width }], to: [generalDestination(high, width)] });
}

/** MULX: if both destinations are the same register, it gets the high half (SDM volume 2B), which is written last. */
function multiplyNoFlags(builder: OperationBuilder): void {
  const [high, low, source] = builder.subject.operands as readonly [RegisterOperand, RegisterOperand, Operand];
  const { width } = builder;
  const index = builder.temporary();
  builder.compute({ operator: "multiply", width, inputs: [register(RDX, width), builder.source(source)], to: [], temporary: index });
  halves(builder, index, width, low.register!, high.register!);
}

/**
 * BT, BTS, BTR, BTC. A register operand is a signed bit offset into a string of bits: the address moves by whole operands (SDM volume 2A,
 * BT, and section 3.1.1.9).
 */
function bitTesting(operator: "x86-bt" | "x86-bts" | "x86-btr" | "x86-btc"): Recipe {
  return (builder) => {
    const [memory, offset] = builder.subject.operands as readonly [MemoryOperand, RegisterOperand | ImmediateOperand];
    const { width } = builder;
    let operand = memory;
    if (offset.kind === "register") {
      const index = { slice: { register: offset.register!, bit: offset.bit, width: offset.width }, signed: true, shift: { kind: "asr", amount: 3 }, granule: width / 8 } as const;
      operand = { ...memory, address: { ...memory.address, bitString: index } };
    }
    const inputs = [builder.source(operand), builder.source(offset)];
    if (operator === "x86-bt") builder.compute({ operator, width, inputs, to: [] });
    else builder.assign(operand, operator, width, inputs);
  };
}

/** BSF and BSR of zero leave the destination as it is (APM volume 3; the SDM calls it undefined). */
function bitScanning(operator: "x86-bsf" | "x86-bsr"): Recipe {
  return (builder) => {
    const [to, from] = builder.subject.operands as readonly [RegisterOperand, Operand];
    const source = builder.source(from);
    keepUnlessEqual(builder, to.width, source, immediate(0), (when) => {
      const index = builder.temporary();
      builder.compute({ operator, width: to.width, inputs: [source], to: [], temporary: index });
      builder.compute({ operator: "copy", width: to.width, inputs: [{ kind: "temporary", index }], to: builder.destinations(to), when });
    });
  };
}

function crc32(builder: OperationBuilder): void {
  const [to, from] = builder.subject.operands as readonly [RegisterOperand, Operand];
  const width = from.kind === "memory" ? 8 * from.bytes : (from as RegisterOperand).width;
  const inputs = [register(to.register!, 32), builder.source(from)];
  builder.compute({ operator: "crc32c", width, inputs, to: [generalDestination(to.register!, 32)] });
}

/** The condition in the low four bits of the opcode, as a source. */
function condition(builder: OperationBuilder, code: number): Source {
  const index = builder.temporary();
  builder.compute({ operator: "x86-condition", width: 8, inputs: [immediate(code)], to: [], temporary: index });
  return { kind: "temporary", index };
}

/** CMOVcc reads whatever the condition says, and clears bits 63:32 of a 32-bit destination whatever it says. */
function moveIf(builder: OperationBuilder): void {
  const [old, value] = inputsOf(builder, 2) as [Source, Source];
  const holds = condition(builder, builder.subject.encoding.opcode & 15);
  builder.assign(builder.operand(0), "select", builder.width, [holds, value, old]);
}

/** CFCMOVcc (APX specification, section 5.2): memory is touched only if the condition holds; a load that does not load gives zero. */
function moveIfAccessible(builder: OperationBuilder): Refusal | void {
  const code = builder.subject.encoding.opcode & 15;
  const [to, second, third] = builder.subject.operands as readonly [Operand, Operand, Operand | undefined];
  const when = { condition: code };
  if (to.kind === "memory") {
    const { address, size } = memoryOf(builder, to);
    builder.write({ address, offset: 0, size, from: builder.source(second), when });
    return undefined;
  }
  const destinations = builder.destinations(to as RegisterOperand);
  const { address, size } = memoryOf(builder, (third ?? second) as MemoryOperand);
  if (third === undefined) {
    builder.read({ address, offset: 0, size, to: destinations, when, otherwise: "zero" });
    if (builder.width > 16) return undefined;
    return new Refusal(
      "unsupported-instruction",
      "CFCMOV with a 16-bit destination is not emulated",
      "use the 32-bit form, or a new data destination",
    );
  }
  const index = builder.temporary();
  builder.read({ address, offset: 0, size, to: [], temporary: index, when, otherwise: "zero" });
  const holds = condition(builder, code);
  builder.compute({
    operator: "select",
    width: builder.width,
    inputs: [holds, { kind: "temporary", index }, builder.source(second)],
    to: [{ ...destinations[0], clearTo: 64 }],
  });
  return undefined;
}

function setIf(builder: OperationBuilder): void {
  builder.assign(builder.operand(0), "copy", 8, [condition(builder, builder.subject.encoding.opcode & 15)]);
}

/** XLAT: AL ← [rBX + AL]. */
function translate(builder: OperationBuilder): void {
  const { addressSize, segment } = builder.subject.encoding;
  const address = builder.address({
    base: RBX,
    index: plainIndex({ register: RAX, bit: 0, width: 8 }),
    displacement: 0n,
    width: addressSize,
    ...(segment === undefined ? {} : { segment }),
  });
  builder.read({ address, offset: 0, size: 1, to: [generalDestination(RAX, 8)] });
}

function loadMxcsr(builder: OperationBuilder): void {
  const to = [{ register: MXCSR, bit: 0, width: 32, extension: "zero", extendTo: 32, clearTo: 32 }] as const;
  builder.compute({ operator: "x86-mxcsr", width: 32, inputs: [builder.source(builder.operand(0))], to });
}

function storeMxcsr(builder: OperationBuilder): void {
  builder.store(builder.addressOf(builder.operand(0) as MemoryOperand), 4, register(MXCSR, 32));
}

/** MOVDIR64B: the first operand holds the address of the destination, which must be aligned; ES has no base. */
function move64Bytes(builder: OperationBuilder): void {
  const [to, from] = builder.subject.operands as readonly [RegisterOperand, MemoryOperand];
  const target = builder.address({ base: to.register!, displacement: 0n, width: builder.subject.encoding.addressSize });
  builder.align(64);
  builder.store(target, 64, builder.source(from));
}

/** APX CCMP and CTEST: source conditions are condition codes, but 10 is true and 11 is false (APX specification, section 5.1). */
function ifCondition(operator: "x86-sub" | "x86-and"): Recipe {
  return (builder) => {
    const { encoding, operands } = builder.subject;
    const inputs = operands.map((operand) => builder.source(operand));
    const code = encoding.evex!.opmask | (encoding.evex!.extendVectorIndex === 0 ? 8 : 0);
    const holds = code === 10 ? immediate(1) : code === 11 ? immediate(0) : condition(builder, code);
    const fails = builder.temporary();
    builder.compute({ operator: "not", width: 1, inputs: [holds], to: [], temporary: fails });
    builder.compute({ operator, width: builder.width, inputs, to: [], when: holds });
    // vvvv holds OF, SF, ZF and CF as they are, not inverted.
    const values = immediate(~encoding.vvvv & 15);
    builder.compute({ operator: "x86-default-flags", width: 8, inputs: [values], to: [], when: { kind: "temporary", index: fails } });
  };
}

export const GENERAL_RECIPES: Readonly<Record<GeneralMeaning, Recipe>> = {
  move: (builder) => move(builder, false),
  "move-reversed": (builder) => move(builder, true),
  "move-sign-extended": moveSignExtended,
  exchange,
  "exchange-add": exchangeAdd,
  "remote-add": remote("add"),
  "remote-and": remote("and"),
  "remote-or": remote("or"),
  "remote-xor": remote("exclusive-or"),
  "compare-exchange": compareExchange,
  "compare-exchange-pair": compareExchangePair,
  add: assigning("x86-add", 2),
  or: assigning("x86-or", 2),
  adc: assigning("x86-adc", 2),
  sbb: assigning("x86-sbb", 2),
  and: assigning("x86-and", 2),
  sub: assigning("x86-sub", 2),
  xor: assigning("x86-xor", 2),
  compare: testing("x86-sub"),
  test: testing("x86-and"),
  increment: assigning("x86-inc", 1),
  decrement: assigning("x86-dec", 1),
  not: assigning("not", 1),
  negate: assigning("x86-neg", 1),
  multiply: multiplying("x86-mul"),
  "multiply-signed": multiplying("x86-imul"),
  "multiply-signed-low": (builder) => {
    const { width } = builder;
    const inputs = inputsOf(builder, 2);
    const index = builder.temporary();
    computeInto(builder, index, "x86-imul", width, inputs);
    builder.assign(builder.operand(0), "copy", width, [{ kind: "temporary", index }]);
  },
  divide: dividing("x86-div"),
  "divide-signed": dividing("x86-idiv"),
  "rotate-left": assigning("x86-rol", 2),
  "rotate-right": assigning("x86-ror", 2),
  "rotate-left-carry": assigning("x86-rcl", 2),
  "rotate-right-carry": assigning("x86-rcr", 2),
  "shift-left": assigning("x86-shl", 2),
  "shift-right": assigning("x86-shr", 2),
  "shift-right-arithmetic": assigning("x86-sar", 2),
  "double-shift-left": assigning("x86-shld", 3),
  "double-shift-right": assigning("x86-shrd", 3),
  "bit-test": bitTesting("x86-bt"),
  "bit-test-set": bitTesting("x86-bts"),
  "bit-test-reset": bitTesting("x86-btr"),
  "bit-test-complement": bitTesting("x86-btc"),
  "bit-scan-forward": bitScanning("x86-bsf"),
  "bit-scan-reverse": bitScanning("x86-bsr"),
  "count-leading-zeros": assigning("x86-lzcnt", 1),
  "count-trailing-zeros": assigning("x86-tzcnt", 1),
  "count-ones": assigning("x86-popcnt", 1),
  "and-not": assigning("x86-andn", 2),
  "extract-field": assigning("x86-bextr", 2),
  "zero-high-bits": assigning("x86-bzhi", 2),
  "isolate-lowest": assigning("x86-blsi", 1),
  "mask-to-lowest": assigning("x86-blsmsk", 1),
  "reset-lowest": assigning("x86-blsr", 1),
  "multiply-no-flags": multiplyNoFlags,
  "shift-left-no-flags": assigning("shift-left", 2),
  "shift-right-no-flags": assigning("shift-right", 2),
  "shift-right-arithmetic-no-flags": assigning("shift-right-arithmetic", 2),
  "rotate-right-no-flags": assigning("rotate-right", 2),
  "deposit-bits": assigning("deposit-bits", 2),
  "extract-bits": assigning("extract-bits", 2),
  "add-with-carry-flag": assigning("x86-adcx", 2),
  "add-with-overflow-flag": assigning("x86-adox", 2),
  crc32,
  "move-if": moveIf,
  "move-if-accessible": moveIfAccessible,
  "set-if": setIf,
  translate,
  "load-mxcsr": loadMxcsr,
  "store-mxcsr": storeMxcsr,
  "move-64-bytes": move64Bytes,
  "compare-if": ifCondition("x86-sub"),
  "test-if": ifCondition("x86-and"),
};
