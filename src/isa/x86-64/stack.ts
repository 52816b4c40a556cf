import type { Address, Source } from "../../model/operation.ts";
import { Refusal } from "../../model/refusal.ts";
import { PROGRAM_COUNTER } from "../../model/registers.ts";
import { type AccessSize, type OperationBuilder, type Recipe, nextInstruction } from "./builder.ts";
import type { StackMeaning } from "./meaning.ts";
import type { ImmediateOperand, MemoryOperand } from "./operands.ts";
import { generalDestination, type RegisterOperand } from "./register-operands.ts";
import { RBP, RSP } from "./registers.ts";

/** The stack, calls, and branches through memory. Stack addresses have 64 bits whatever the address size (SDM volume 1, section 6.2.3). */

const immediate = (value: number): Source => ({ kind: "immediate", value: BigInt(value) });
const register = (number: number, width: number): Source => ({ kind: "register", register: number, bit: 0, width });

const stack = (displacement: number, base = RSP): Address => ({ base, displacement: BigInt(displacement), width: 64 });
const stackPointer = generalDestination(RSP, 64);

function moveStackPointer(builder: OperationBuilder, displacement: number, base = RSP): void {
  builder.update({ to: stackPointer, value: stack(displacement, base) });
}

function push(builder: OperationBuilder): void {
  const size = builder.subject.variant.operandSize! / 8;
  // The operand is read by the old RSP, whatever it is used for.
  const source = builder.source(builder.operand(0));
  builder.store(builder.address(stack(-size)), size, source);
  moveStackPointer(builder, -size);
}

/** POP. An address based on RSP uses RSP after the increment (SDM volume 2B, POP). */
function pop(builder: OperationBuilder): void {
  const [to] = builder.subject.operands as readonly [RegisterOperand | MemoryOperand];
  const size = builder.subject.variant.operandSize! / 8;
  if (to.kind === "memory") {
    const { address } = to;
    const moved = address.base === RSP ? { ...address, displacement: address.displacement + BigInt(size) } : address;
    const target = builder.address(moved);
    const index = builder.load(builder.address(stack(0)), size);
    builder.store(target, size, { kind: "temporary", index });
    moveStackPointer(builder, size);
    return;
  }
  // The increment first, then the value: POP RSP leaves the value in RSP.
  const index = builder.load(builder.address(stack(0)), size);
  builder.compute({ operator: "add", width: 64, inputs: [register(RSP, 64), immediate(size)], to: [stackPointer] });
  builder.compute({ operator: "copy", width: 8 * size, inputs: [{ kind: "temporary", index }], to: builder.destinations(to) });
}

const programCounter = generalDestination(PROGRAM_COUNTER, 64);

/** Near CALL: relative, or through a register or memory. */
function call(builder: OperationBuilder): void {
  const target = builder.operand(0);
  const next = nextInstruction(builder);
  if (target.kind === "memory") builder.read({ address: builder.addressOf(target), offset: 0, size: 8, to: [programCounter] });
  else if (target.kind === "immediate")
    builder.compute({ operator: "add", width: 64, inputs: [next, builder.source(target)], to: [programCounter] });
  else builder.compute({ operator: "copy", width: 64, inputs: [builder.source(target)], to: [programCounter] });
  builder.store(builder.address(stack(-8)), 8, next);
  moveStackPointer(builder, -8);
}

function jump(builder: OperationBuilder): void {
  builder.read({ address: builder.addressOf(builder.operand(0) as MemoryOperand), offset: 0, size: 8, to: [programCounter] });
}

/** Near RET, with or without a number of bytes to release. */
function returnNear(builder: OperationBuilder): void {
  const released = builder.subject.operands[0] as ImmediateOperand | undefined;
  builder.read({ address: builder.address(stack(0)), offset: 0, size: 8, to: [programCounter] });
  moveStackPointer(builder, 8 + Number(BigInt.asUintN(16, released?.value ?? 0n)));
}

function leave(builder: OperationBuilder): void {
  const size = (builder.subject.variant.operandSize! / 8) as AccessSize;
  builder.read({ address: builder.address(stack(0, RBP)), offset: 0, size, to: [generalDestination(RBP, 8 * size)] });
  moveStackPointer(builder, size, RBP);
}

/**
 * ENTER: pushes RBP and makes room. Nested levels copy frame pointers, a write after each read, which is an order that an operation
 * does not have: refused.
 */
function enter(builder: OperationBuilder): Refusal | void {
  const [room, nesting] = builder.subject.operands as readonly [ImmediateOperand, ImmediateOperand];
  const size = builder.subject.variant.operandSize! / 8;
  const level = Number(nesting.value & 31n);
  builder.store(builder.address(stack(-size)), size, register(RBP, 8 * size));
  for (let frame = 1; frame < level; frame++) {
    const index = builder.load(builder.address(stack(-size * frame, RBP)), size);
    builder.store(builder.address(stack(-size * (frame + 1))), size, { kind: "temporary", index });
  }
  const frame = builder.temporary();
  builder.compute({ operator: "add", width: 64, inputs: [register(RSP, 64), immediate(-size)], to: [], temporary: frame });
  if (level > 0) builder.store(builder.address(stack(-size * (level + 1))), size, { kind: "temporary", index: frame });
  builder.compute({
    operator: "copy",
    width: 8 * size,
    inputs: [{ kind: "temporary", index: frame }],
    to: [generalDestination(RBP, 8 * size)],
  });
  moveStackPointer(builder, -size * (level + 1) - Number(BigInt.asUintN(16, room.value)));
  if (level < 2) return undefined;
  return new Refusal(
    "unsupported-instruction",
    `ENTER with nesting level ${level} copies frame pointers, which is not emulated`,
    "use PUSH and MOV for the frame",
  );
}

export const STACK_RECIPES: Readonly<Record<StackMeaning, Recipe>> = { push, pop, call, jump, return: returnNear, leave, enter };
