import type { Gap } from "./frame-reader.ts";

/** Most losses that are told one by one. */
const TOLD = 20;

/** Keeps account of what of a file could not be read, in words for a person. */
export class Losses {
  readonly #told: string[] = [];
  #count = 0;

  get any(): boolean {
    return this.#count > 0;
  }

  add(text: string): void {
    if (this.#count++ < TOLD) this.#told.push(text);
  }

  /** Chunks that should be between two others, or before the index. */
  chunks(number: number, nextNumber: number, fault: number, nextFault: number, gaps: readonly Gap[]): void {
    const what = nextNumber - number === 1 ? `chunk ${number} is lost` : `chunks ${number} to ${nextNumber - 1} are lost`;
    const faults = nextFault - fault === 1 ? `fault ${fault}` : `faults ${fault} to ${nextFault - 1}`;
    this.add(`${what} (${faults}; ${places(gaps)})`);
  }

  /** The file ends before its index. `number` and `fault` are the first that are missing, `end` is the length of the file. */
  tail(number: number, fault: number, gaps: readonly Gap[], end: number): void {
    if (gaps.length > 0) this.add(`chunk ${number} and what follows are lost (faults from ${fault} on; ${places(gaps)})`);
    else this.add(`it ends at byte ${end}, after fault ${fault - 1}, without its index: its writer was stopped, and faults that it had not yet written are lost`);
  }

  /** Bytes in which no chunk is missing. */
  foreign(gaps: readonly Gap[]): void {
    if (gaps.length > 0) this.add(`no chunk is missing, but there are others than a trace's own bytes (${places(gaps)})`);
  }

  describe(chunks: number, faults: number): string {
    const more = this.#count > this.#told.length ? `; and ${this.#count - this.#told.length} more` : "";
    const read = `${chunks} intact ${chunks === 1 ? "chunk" : "chunks"} with ${faults} ${faults === 1 ? "fault" : "faults"} could be read`;
    return `is damaged: ${this.#told.join("; ")}${more}. ${read}; "trapline recover" makes a whole trace of them`;
  }
}

function places(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return "they are not in the file";
  const shown = gaps.slice(0, 3).map(({ offset, length, problem }) => `bytes ${offset} to ${offset + length - 1}: ${problem}`);
  return gaps.length > 3 ? `${shown.join(", ")} and ${gaps.length - 3} places more` : shown.join(", ");
}
