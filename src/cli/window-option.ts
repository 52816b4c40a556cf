import { InvalidArgumentError } from "commander";
import type { Window } from "../model/fault.ts";

const INTEGER = /^(?:0x[0-9a-f]{1,16}|[0-9]{1,19})$/i;

/** Reads one `--window GVA:GPA:SIZE` after those before it. */
export function collectWindow(text: string, before: readonly Window[] = []): readonly Window[] {
  const parts = text.split(":");
  if (parts.length === 3 && parts.every((part) => INTEGER.test(part))) {
    const [gva, gpa, size] = parts.map(BigInt) as [bigint, bigint, bigint];
    const end = 1n << 64n;
    if (size > 0n && gva + size <= end && gpa + size <= end) return [...before, { gva, gpa, size }];
  }
  throw new InvalidArgumentError("Expected GVA:GPA:SIZE of 1 byte or more within 64 bits, e.g. 0x9000000:0x9000000:0x1000.");
}
