import { FLAG, responseCount } from "../model/fault-columns.ts";

/** Values of the low seven bits of a fault's flags: the part of the table for one kind of access. */
export const FLAG_CHECK_SIZE = 128;

/** The kind that no flags go with. */
export const NEVER = 3;

/** The kind of a read and a write at the same address: such a fault may be reported as either. */
export const READ_AND_WRITE = 4;

/**
 * For each kind of access (0: a write, 1 and 2: so many reads, 3: none, 4: a read and a write) and the low seven bits of a fault's flags, whether they go
 * together (0) or not: addresses and direction known and right, enough responses, and no user mode where `user` is "refuse".
 */
export function flagChecks(user: "refuse" | "allow"): Uint8Array {
  const checks = new Uint8Array(5 * FLAG_CHECK_SIZE).fill(1);
  for (let flags = 0; flags < FLAG_CHECK_SIZE; flags++) {
    const known = FLAG.direction | FLAG.gpa | FLAG.gva;
    if ((flags & known) !== known || ((flags & FLAG.user) !== 0 && user === "refuse")) continue;
    if (responseCount(flags) >= 1) checks[READ_AND_WRITE * FLAG_CHECK_SIZE + flags] = 0;
    if ((flags & FLAG.write) !== 0) checks[flags] = 0;
    for (let reads = 1; reads <= 2 && (flags & FLAG.write) === 0; reads++) if (responseCount(flags) >= reads) checks[reads * FLAG_CHECK_SIZE + flags] = 0;
  }
  return checks;
}
