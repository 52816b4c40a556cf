import { FLAG, responseCount } from "../model/fault-columns.ts";

/** Entries of {@link flagChecks}: one for each value of the low seven bits of a fault's flags. */
export const FLAG_CHECK_SIZE = 128;

/**
 * What a kind of access minds, as bits of the kernel's check tables. Of flags: that a write, one read, two reads, or a read and a write at the same address
 * (which may be reported as either) do not go with them; `never` no flags go with. Of A64's register numbers: which are equal and must not be.
 */
export const CHECK = { write: 1, read: 2, twoReads: 4, readAndWrite: 8, never: 16, baseIsFirst: 32, baseIsSecond: 64, firstIsSecond: 128 } as const;

/**
 * For the low seven bits of a fault's flags the bits of {@link CHECK} that they do not go with: addresses and direction must be known and right, there
 * must be enough responses, and no user mode where `user` is "refuse".
 */
export function flagChecks(user: "refuse" | "allow"): Uint8Array {
  const { write, read, twoReads, readAndWrite, never } = CHECK;
  return Uint8Array.from({ length: FLAG_CHECK_SIZE }, (_, flags) => {
    const known = FLAG.direction | FLAG.gpa | FLAG.gva;
    if ((flags & known) !== known || ((flags & FLAG.user) !== 0 && user === "refuse")) return write | read | twoReads | readAndWrite | never;
    const responses = responseCount(flags);
    const writes = (flags & FLAG.write) !== 0;
    return never | (writes ? read | twoReads : write | (responses < 1 ? read : 0) | (responses < 2 ? twoReads : 0)) | (responses < 1 ? readAndWrite : 0);
  });
}
