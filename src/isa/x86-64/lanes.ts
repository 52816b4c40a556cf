import type { PlainOperator, Source } from "../../model/operation.ts";
import type { AccessSize, OperationBuilder, Recipe } from "./builder.ts";
import type { LaneMeaning } from "./meaning.ts";
import type { MemoryOperand } from "./operands.ts";
import type { RegisterOperand } from "./register-operands.ts";
import { bitsOf, definedBits, elementOf, fillLanes, isLegacy, laneOf, maskBit, memoryOf } from "./vector.ts";

/** Integer and bitwise arithmetic on vectors with a memory operand: one compute a lane (SDM volume 2, the page of each instruction). */

/** The register that is the first input: the second operand, or with legacy SSE the destination. */
function firstInput(builder: OperationBuilder): RegisterOperand {
  const { operands } = builder.subject;
  return operands[operands.length === 2 ? 0 : 1] as RegisterOperand;
}

/**
 * The memory operand in a temporary, and the bit at which lane `index` of it lies. Masked-off lanes are not read (exception type 4); an
 * element that is broadcast is read once, if any lane needs it.
 */
function memoryLanes(builder: OperationBuilder, element: number): (index: number) => Source {
  const memory: MemoryOperand = memoryOf(builder);
  const address = builder.addressOf(memory);
  const { opmask } = builder.subject;
  const count = definedBits(builder, builder.operand(0) as RegisterOperand) / element;
  if (isLegacy(builder)) builder.align(memory.bytes);
  if (memory.broadcast) {
    const index = builder.load(address, memory.bytes, opmask === undefined ? undefined : { ...maskBit(builder, 0)!, width: count });
    return () => ({ kind: "temporary", index });
  }
  if (opmask === undefined) {
    const loaded = builder.source(memory);
    return (position) => bitsOf(loaded, position * element);
  }
  const temporary = builder.temporary();
  for (let position = 0; position < count; position++) {
    const size = (element / 8) as AccessSize;
    const when = maskBit(builder, position)!;
    builder.read({ address, offset: position * size, size, to: [], temporary, temporaryBit: position * element, when, otherwise: "zero" });
  }
  return (position) => ({ kind: "temporary", index: temporary, bit: position * element });
}

/** destination lane ← operator(register lane, memory lane). `swapped`: the other way round (PANDN inverts its first operand). */
function lanewise(operator: PlainOperator, swapped = false): Recipe {
  return (builder) => {
    const element = elementOf(builder);
    const register = firstInput(builder);
    const memory = memoryLanes(builder, element);
    const result = builder.temporary();
    fillLanes(builder, element, (index) => {
      const pair = [laneOf(register, index * element, element), memory(index)];
      builder.compute({
        operator,
        width: element,
        inputs: swapped ? pair.toReversed() : pair,
        to: [],
        temporary: result,
        temporaryBit: index * element,
      });
      return { kind: "temporary", index: result, bit: index * element };
    });
  };
}

/** PUNPCKLBW …, UNPCKLPS …: lanes of the low or high half of each 128 bits, in turn from the register and from memory. */
function unpack(high: 0 | 1): Recipe {
  return (builder) => {
    const element = elementOf(builder);
    const register = firstInput(builder);
    const memory = memoryOf(builder);
    if (isLegacy(builder)) builder.align(16);
    const loaded = builder.source(memory);
    const perBlock = 128 / element;
    fillLanes(builder, element, (index) => {
      const within = index % perBlock;
      const bit = (index - within + (within >> 1) + (high * perBlock) / 2) * element;
      return within % 2 === 0 ? laneOf(register, bit, element) : bitsOf(loaded, memory.broadcast ? 0 : bit);
    });
  };
}

export const LANE_RECIPES: Readonly<Record<LaneMeaning, Recipe>> = {
  "lanes-and": lanewise("and"),
  "lanes-and-not": lanewise("and-not", true),
  "lanes-or": lanewise("or"),
  "lanes-xor": lanewise("exclusive-or"),
  "lanes-add": lanewise("add"),
  "lanes-subtract": lanewise("subtract"),
  "lanes-signed-maximum": lanewise("signed-maximum"),
  "lanes-signed-minimum": lanewise("signed-minimum"),
  "lanes-unsigned-maximum": lanewise("unsigned-maximum"),
  "lanes-unsigned-minimum": lanewise("unsigned-minimum"),
  "lanes-equal": lanewise("equal-mask"),
  "lanes-greater": lanewise("greater-mask"),
  "lanes-unpack-low": unpack(0),
  "lanes-unpack-high": unpack(1),
};
