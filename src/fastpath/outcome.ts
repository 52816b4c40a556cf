import type { Call } from "../model/access.ts";
import type { Fault } from "../model/fault.ts";
import type { After, RegisterChange } from "../model/outcome.ts";
import { type FastRecord, informationField, type InformationField } from "./record.ts";

/** What the reference gives for a fault that it emulates, in its own terms (`Emulation` of src/emulate). */
export interface FastOutcome {
  readonly calls: readonly Call[];
  readonly after: After;
}

/** A record in the terms of the reference: for holding the two against each other, and for whoever needs objects. */
export function outcomeOf({ gpa, values, base, information }: FastRecord, fault: Fault): FastOutcome {
  const field = (name: InformationField): number => informationField(information, name);
  const write = field("write") === 1;
  const size = field("size") as 1 | 2 | 4 | 8;
  const calls = values.map((value, position): Call => ({ write, gpa: gpa + BigInt(position * size), size, value: BigInt.asUintN(8 * size, value) }));
  const { set } = fault.registers;
  const changes: RegisterChange[] = [];
  const change = (number: number, value: bigint): void => {
    const register = set.descriptions.findIndex((each) => each.file === "general" && each.number === number);
    if (fault.registers.get(register) !== value) changes.push({ register, value, width: 64 });
  };
  if (!write) {
    values.forEach((value, position) => {
      const number = field(position === 0 ? "register" : "second");
      if (number !== set.zeroNumber) change(number, value);
    });
  }
  if (base !== undefined) change(field("base"), base);
  const registers = changes.toSorted((first, second) => first.register - second.register);
  return { calls, after: { pc: BigInt.asUintN(64, fault.pc + BigInt(field("length"))), registers, memory: [] } };
}
