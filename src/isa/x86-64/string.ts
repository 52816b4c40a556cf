import type { Address, Source } from "../../model/operation.ts";
import { type AccessSize, type OperationBuilder, type Recipe } from "./builder.ts";
import type { StringMeaning } from "./meaning.ts";
import { generalDestination } from "./register-operands.ts";
import { RAX, RCX, RDI, RSI } from "./registers.ts";

/** Bits of an element: a byte, or the operand size. */
function stringWidth({ subject: { variant } }: OperationBuilder): number {
  return variant.operandSize ?? 8;
}

/** Address of an end of a string: the source may have a segment override, the destination never (SDM volume 1, section 7.3.9.3). */
function end(builder: OperationBuilder, pointer: typeof RSI | typeof RDI): { readonly address: number; readonly size: AccessSize } {
  const { encoding } = builder.subject;
  const width = encoding.addressSize;
  const size = (stringWidth(builder) / 8) as AccessSize;
  const place: Address = { base: pointer, displacement: 0n, width };
  const address = builder.address(pointer === RSI && encoding.segment !== undefined ? { ...place, segment: encoding.segment } : place);
  builder.update({ to: generalDestination(pointer, width), value: { ...place, displacement: BigInt(size), directional: true } });
  return { address, size };
}

/** REP counts in RCX or ECX. `stops`: F3 is REPE and F2 is REPNE; else both repeat alike. */
function repeat(builder: OperationBuilder, stops: boolean): void {
  const { repeat: prefix, addressSize } = builder.subject.encoding;
  if (prefix === 0) return;
  const counter = generalDestination(RCX, addressSize);
  builder.repeat(stops ? { counter, whileZero: prefix === 0xf3 ? 1 : 0 } : { counter });
}

function load(builder: OperationBuilder, pointer: typeof RSI | typeof RDI): Source {
  const { address, size } = end(builder, pointer);
  return { kind: "temporary", index: builder.load(address, size) };
}

const accumulator = (width: number): Source => ({ kind: "register", register: RAX, bit: 0, width });

export const STRING_RECIPES: Readonly<Record<StringMeaning, Recipe>> = {
  "string-move": (builder) => {
    const from = load(builder, RSI);
    const { address, size } = end(builder, RDI);
    builder.store(address, size, from);
    repeat(builder, false);
  },
  "string-store": (builder) => {
    const { address, size } = end(builder, RDI);
    builder.store(address, size, accumulator(8 * size));
    repeat(builder, false);
  },
  "string-load": (builder) => {
    const { address, size } = end(builder, RSI);
    builder.read({ address, offset: 0, size, to: [generalDestination(RAX, 8 * size)] });
    repeat(builder, false);
  },
  "string-compare": (builder) => {
    const width = stringWidth(builder);
    const first = load(builder, RSI);
    const second = load(builder, RDI);
    builder.compute({ operator: "x86-sub", width, inputs: [first, second], to: [] });
    repeat(builder, true);
  },
  "string-scan": (builder) => {
    const width = stringWidth(builder);
    builder.compute({ operator: "x86-sub", width, inputs: [accumulator(width), load(builder, RDI)], to: [] });
    repeat(builder, true);
  },
};
