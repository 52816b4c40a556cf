import type { Operation } from "../model/operation.ts";
import type { Register } from "../model/registers.ts";

/** The members of an {@link Operation} in which a register stands. */
const REGISTER_MEMBERS: ReadonlySet<string> = new Set(["register", "base", "segment"]);

/** Every register that an operation reads, writes or computes an address from. */
export function namedRegisters(operation: Operation): Set<Register> {
  const named = new Set<Register>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [member, inner] of Object.entries(value)) {
      if (REGISTER_MEMBERS.has(member) && typeof inner === "number" && inner >= 0) named.add(inner);
      else visit(inner);
    }
  };
  visit(operation);
  return named;
}
