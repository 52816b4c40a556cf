import { safeParse } from "valibot";
import type { Call } from "../model/access.ts";
import type { MemoryRange } from "../model/fault.ts";
import { RegisterFile, type RegisterSet } from "../model/registers.ts";
import { describeIssue, outcomeSchema } from "./schema.ts";

/** What somebody else's program says of one fault: a line of replay output (contract, section 2). */
export type Answer = EmulatedAnswer | RefusedAnswer;

interface Place {
  /** Position of the fault among those that the program was given. */
  readonly index: number;
  /** Of the instruction, where the program repeats it. */
  readonly pc: bigint | undefined;
}

export interface EmulatedAnswer extends Place {
  readonly status: "emulated";
  readonly calls: readonly Call[];
  readonly after: { readonly pc: bigint; readonly registers: RegisterFile; readonly memory: readonly MemoryRange[] };
}

export interface RefusedAnswer extends Place {
  readonly status: "refused";
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

/** A reader of outcome lines for one architecture. What is wrong with a line comes back as text. */
export function outcomeReader(set: RegisterSet): (line: string) => Answer | string {
  const schema = outcomeSchema(set);
  return (line) => {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (error) {
      return `is not JSON: ${(error as Error).message}`;
    }
    const result = safeParse(schema, json, { abortEarly: true });
    if (!result.success) return describeIssue(result.issues[0]);
    const answer = result.output;
    if (answer.status === "refused") return { ...answer, pc: answer.pc, reason: answer.reason, message: answer.message };
    const { status, index, pc, calls, after } = answer;
    return {
      status,
      index,
      pc,
      calls: calls ?? [],
      after: { pc: after.pc, registers: after.regs ?? new RegisterFile(set), memory: after.memory ?? [] },
    };
  };
}
