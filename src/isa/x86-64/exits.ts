import type { ExitInstruction, PortInstruction } from "../../model/exit.ts";
import type { Address } from "../../model/operation.ts";
import type { ExitMeaning } from "./meaning.ts";
import type { ImmediateOperand, Subject } from "./operands.ts";
import { generalDestination } from "./register-operands.ts";
import { RCX, RDI, RSI } from "./registers.ts";

/** What the instruction asks of the hypervisor, if it is one that is left to it. */
export function exitOf(subject: Subject, does: ExitMeaning): ExitInstruction {
  switch (does) {
    case "cpuid":
      return { kind: "cpuid" };
    case "halt":
      return { kind: "halt" };
    case "msr-read":
      return { kind: "msr-read" };
    case "msr-write":
      return { kind: "msr-write" };
    case "port-read":
    case "port-write":
      return port(subject, does === "port-write");
    case "port-read-string":
    case "port-write-string":
      return { ...port(subject, does === "port-write-string"), string: string(subject, does === "port-write-string") };
    default:
      return does satisfies never;
  }
}

/** IN and OUT have an 8-bit form and one of the operand size, which is 32 bits at most. */
function port({ variant, operands }: Subject, write: boolean): PortInstruction {
  const immediate = operands.find((operand): operand is ImmediateOperand => operand.kind === "immediate");
  const size = ((variant.operandSize ?? 8) / 8) as 1 | 2 | 4;
  return { kind: "port", write, size, ...(immediate === undefined ? {} : { immediate: Number(immediate.value & 0xffn) }) };
}

/** INS writes [rDI] in ES, OUTS reads [rSI], which takes a segment override; F2 and F3 both repeat (SDM volume 2, REP). */
function string({ encoding, variant }: Subject, write: boolean): NonNullable<PortInstruction["string"]> {
  const pointer = write ? RSI : RDI;
  const width = encoding.addressSize;
  const size = (variant.operandSize ?? 8) / 8;
  const place: Address = { base: pointer, displacement: 0n, width };
  return {
    address: write && encoding.segment !== undefined ? { ...place, segment: encoding.segment } : place,
    update: { to: generalDestination(pointer, width), value: { ...place, displacement: BigInt(size), directional: true } },
    ...(encoding.repeat === 0 ? {} : { repeat: { counter: generalDestination(RCX, width) } }),
  };
}
