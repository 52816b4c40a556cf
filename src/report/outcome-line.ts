import { hexadecimal } from "../model/bits.ts";
import { callJson, memoryJson, registerJson } from "../model/json.ts";
import type { After, Outcome } from "../model/outcome.ts";
import type { RegisterSet } from "../model/registers.ts";
import { UserError } from "../model/user-error.ts";

/** One line of replay output with its line feed (contract, section 2). The order of the keys is part of it. */
export function outcomeLine(index: number, pc: bigint, outcome: Outcome, registers: RegisterSet): string {
  const place = { index, pc: hexadecimal(pc) };
  switch (outcome.kind) {
    case "emulated": {
      const { form, calls, after, records } = outcome;
      return line({ ...place, status: "emulated", form, calls: calls.map(callJson), after: afterJson(after, registers), records });
    }
    case "refused":
      return line({ ...place, status: "refused", reason: outcome.refusal.reason, message: outcome.message });
    default:
      return outcome satisfies never;
  }
}

/** `memory` always stands there, so that a reader needs no special case. */
function afterJson({ pc, registers: changes, memory }: After, registers: RegisterSet): object {
  const values: Record<string, string> = {};
  for (const { register, value, width } of changes) {
    const name = registers.name(register, width);
    values[name] = registerJson(value, registers.find(name)!.width);
  }
  return { pc: hexadecimal(pc), regs: values, memory: memory.map(memoryJson) };
}

function line(value: object): string {
  try {
    return `${JSON.stringify(value)}\n`;
  } catch (error) {
    // All else is strings, numbers and booleans.
    throw new UserError(`the handler's record is no JSON value (${(error as Error).message.split("\n")[0]}); give integers as strings "0x…", as hexadecimal() does`);
  }
}
