import type { Call } from "../../model/access.ts";

/**
 * Where the calls of a fault are expected, so that what the trace holds of their addresses is mostly zero: the first at the fault's own address; one in the
 * direction of the call before behind that (pairs, strings); and one in the other direction where the first was (read, modify, write).
 */
export class CallPlaces {
  readonly #origin: bigint;
  #first: Call | undefined;
  #last: Call | undefined;

  /** `origin`: the fault's GPA, 0 where that is not known. */
  constructor(origin: bigint) {
    this.#origin = origin;
  }

  /** The GPA where the next call is expected, if it is in this direction; not cut to 64 bits. */
  expected(write: boolean): bigint {
    const last = this.#last;
    if (last === undefined) return this.#origin;
    return last.write === write ? last.gpa + BigInt(last.size) : this.#first!.gpa;
  }

  /** Takes note of the next call, and gives it back. */
  next(call: Call): Call {
    this.#first ??= call;
    this.#last = call;
    return call;
  }
}
