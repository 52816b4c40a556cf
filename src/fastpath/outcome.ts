import type { Call } from "../model/access.ts";
import type { Fault } from "../model/fault.ts";
import type { Architecture } from "../model/architecture.ts";
import type { After, RegisterChange } from "../model/outcome.ts";
import { type FastRecord, informationField, type InformationField } from "./record.ts";

/** What the reference gives for a fault that it emulates, in its own terms (`Emulation` of src/emulate). */
export interface FastOutcome {
  readonly calls: readonly Call[];
  readonly after: After;
}

/**
 * Status bits that every instruction clears when it completes: RFLAGS.RF (SDM volume 3B, section 18.3.1.1), which a fault saves as set; BTYPE
 * and SS of PSTATE (DDI 0487 C5.2.19). No record tells of them.
 */
const TRANSIENT: Readonly<Partial<Record<Architecture, { readonly name: string; readonly bits: bigint }>>> = {
  "x86-64": { name: "rflags", bits: 1n << 16n },
  aarch64: { name: "pstate", bits: (3n << 10n) | (1n << 21n) },
};

/** A record in the terms of the reference: for holding the two against each other, and for whoever needs objects. */
export function outcomeOf({ gpa, values, base, flags, information }: FastRecord, fault: Fault): FastOutcome {
  const field = (name: InformationField): number => informationField(information, name);
  const write = field("write") === 1;
  const size = field("size") as 1 | 2 | 4 | 8;
  // With flags the second access is the write that follows the read, at the same address.
  const calls = values.map((value, position): Call => {
    const place = flags === undefined ? { write, gpa: gpa + BigInt(position * size) } : { write: position === 1, gpa };
    return { ...place, size, value: BigInt.asUintN(8 * size, value) };
  });
  const { set } = fault.registers;
  const changes: RegisterChange[] = [];
  const change = (number: number, value: bigint): void => {
    const register = set.descriptions.findIndex((each) => each.file === "general" && each.number === number);
    if (fault.registers.get(register) !== value) changes.push({ register, value, width: set.describe(register).width });
  };
  if (!write && flags === undefined) {
    values.forEach((value, position) => {
      const number = field(position === 0 ? "register" : "second");
      if (number !== set.zeroNumber) change(number, value);
    });
  }
  if (base !== undefined) change(field("base"), base);
  const transient = TRANSIENT[set.architecture];
  if (flags !== undefined) {
    const { register } = set.find("rflags")!;
    if (fault.registers.get(register) !== flags) changes.push({ register, value: flags, width: 64 });
  } else if (transient !== undefined) {
    const { register } = set.find(transient.name)!;
    const status = fault.registers.get(register);
    if (status !== undefined && (status & transient.bits) !== 0n) changes.push({ register, value: status & ~transient.bits, width: set.describe(register).width });
  }
  const registers = changes.toSorted((first, second) => first.register - second.register);
  return { calls, after: { pc: BigInt.asUintN(set.architecture === "arm" ? 32 : 64, fault.pc + BigInt(field("length"))), registers, memory: [] } };
}
