import { answerWidths, type Device, type Exit, Refusal } from "../handler.ts";
import { hexadecimal } from "../model/bits.ts";

/** The device as a trace recorded it: hands out the values of one fault's `reads`, in order. Writes vanish. */
export class RecordedDevice implements Device {
  readonly #reads: readonly bigint[];
  #next = 0;

  constructor(reads: readonly bigint[]) {
    this.#reads = reads;
  }

  read(gpa: bigint, size: 1 | 2 | 4 | 8): bigint | Refusal {
    return this.#take(`it reads ${size} bytes at ${hexadecimal(gpa)}`);
  }

  write(): void {}

  exit(exit: Exit): readonly bigint[] | Refusal {
    const values: bigint[] = [];
    for (const _ of answerWidths(exit)) {
      const value = this.#take(`it is answered by the host (${exit.kind})`);
      if (value instanceof Refusal) return value;
      values.push(value);
    }
    return values;
  }

  #take(what: string): bigint | Refusal {
    const value = this.#reads[this.#next];
    if (value === undefined) {
      const count = this.#reads.length;
      const held = count === 0 ? "no value" : count === 1 ? "one value" : `${count} values`;
      return new Refusal("missing-read", `${what}, and the trace holds ${held} in "reads"`, 'record what the device answered in the fault\'s "reads", one value for each read access');
    }
    this.#next++;
    return value;
  }
}
