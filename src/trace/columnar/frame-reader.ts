import { checksum } from "./checksum.ts";
import { framePrefix } from "./frame-writer.ts";
import { CONTENT_LIMIT, PREFIX_LENGTH } from "./layout.ts";

/** A frame whose checksum is right. */
export interface Frame {
  readonly kind: "frame";
  /** Of the frame in the file. */
  readonly offset: number;
  /** The frame from its prefix on, at a multiple of 8 of a buffer of its own that goes on for {@link SLACK} bytes behind it. */
  readonly bytes: Uint8Array;
  /** Checksum of its content. */
  readonly checksum: number;
}

/** Bytes that are no intact frame. */
export interface Gap {
  readonly kind: "gap";
  readonly offset: number;
  readonly length: number;
  /** What is wrong with the first of them. */
  readonly problem: string;
  /** The file ends with them. */
  readonly last: boolean;
}

/** Bytes behind a frame that a load of 8 bytes at its last element may touch. */
export const SLACK = 16;

/** All of a prefix before the length. */
const OPENING = framePrefix(0, 0).subarray(0, 11);
const LENGTH_AT = 11;
const CHECKSUM_TYPE_AT = 15;
const CHECKSUM_AT = 16;
const UINT32 = 0xce;

/**
 * Bytes whose checksum may be computed in vain for each byte that is passed in search of a frame: a file made of nothing but frame prefixes
 * that announce long frames must not take time with the square of its length.
 */
const SEARCH_FACTOR = 8;

/** Whether a file that starts so is a binary trace. */
export function startsLikeFrame(start: Uint8Array): boolean {
  return OPENING.every((byte, index) => start[index] === byte);
}

/** Finds the frames in a stream of bytes, and passes what is damaged. Holds one frame at a time. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame | Gap> {
  const window = new Window(chunks);
  let gap: { readonly offset: number; readonly problem: string } | undefined;
  const endGap = (last: boolean): Gap => ({ kind: "gap", offset: gap!.offset, length: window.offset - gap!.offset, problem: gap!.problem, last });
  /** Bytes whose checksum may still be computed in vain. Enough for the longest frame, at any time, in a file that was not made to cost time. */
  let budget = CONTENT_LIMIT;
  try {
    for (;;) {
      const start = window.offset;
      const found = await frameAt(window, budget);
      if (found.kind === "end") break;
      if (found.kind === "frame") {
        if (gap !== undefined) yield endGap(false);
        gap = undefined;
        yield found;
        window.advance(found.bytes.length);
      } else {
        gap ??= { offset: start, problem: found.problem };
        budget -= found.cost;
        window.advance(1);
        await skipToOpening(window);
      }
      budget += SEARCH_FACTOR * (window.offset - start);
    }
    if (gap !== undefined) yield endGap(true);
  } finally {
    await window.close();
  }
}

type Found = Frame | { readonly kind: "end" } | { readonly kind: "problem"; readonly problem: string; /** Bytes that were looked at in vain. */ readonly cost: number };

function problem(text: string, cost = 0): Found {
  return { kind: "problem", problem: text, cost };
}

/** The frame where the window starts. `budget`: the longest that is worth trying. */
async function frameAt(window: Window, budget: number): Promise<Found> {
  await window.fill(PREFIX_LENGTH);
  const prefix = window.view(PREFIX_LENGTH);
  if (prefix.length === 0) return { kind: "end" };
  const opening = OPENING.subarray(0, Math.min(prefix.length, OPENING.length));
  if (!opening.every((byte, index) => prefix[index] === byte)) return problem("expected the start of a frame");
  if (prefix.length < PREFIX_LENGTH) return problem("the file ends in the middle of a frame");
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  const length = view.getUint32(LENGTH_AT);
  const expected = view.getUint32(CHECKSUM_AT);
  if (prefix[CHECKSUM_TYPE_AT] !== UINT32) return problem("expected the start of a frame");
  if (length > CONTENT_LIMIT) return problem(`a frame says that it has ${length} bytes; expected at most ${CONTENT_LIMIT}`);
  if (length > budget) return problem("expected a frame");
  await window.fill(PREFIX_LENGTH + length);
  const held = window.view(PREFIX_LENGTH + length);
  if (held.length < PREFIX_LENGTH + length) return problem("the file ends in the middle of a frame");
  const sum = checksum(held.subarray(PREFIX_LENGTH));
  if (sum !== expected) return problem("its checksum is wrong", length);
  const bytes = new Uint8Array(new ArrayBuffer(held.length + SLACK), 0, held.length);
  bytes.set(held);
  return { kind: "frame", offset: window.offset, bytes, checksum: sum };
}

/** Moves the window to the next place where a frame may start, or to the end. */
async function skipToOpening(window: Window): Promise<void> {
  for (;;) {
    const held = window.held();
    const at = held.indexOf(OPENING);
    if (at !== -1) {
      window.advance(at);
      return;
    }
    // Its beginning may be at the end of what is there.
    window.advance(Math.max(0, held.length - (OPENING.length - 1)));
    if (!(await window.more())) {
      window.advance(window.held().length);
      return;
    }
  }
}

/** The bytes of a stream from a place on that moves forward. */
class Window {
  /** Of the first byte in the stream. */
  offset = 0;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** All bytes that are there; valid until more are read, as is every view. */
  held(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** The first `length` bytes, or fewer where fewer are there. */
  view(length: number): Buffer {
    return this.#bytes.subarray(this.#start, Math.min(this.#start + length, this.#end));
  }

  /** Passes bytes that are there. */
  advance(length: number): void {
    this.#start += length;
    this.offset += length;
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Reads until `length` bytes are there, or the stream ends. */
  async fill(length: number): Promise<void> {
    while (this.#end - this.#start < length && (await this.more()));
  }

  /** Reads the next chunk; false at the end of the stream. Room is made for what has come, never for what is announced. */
  async more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    const { value } = next;
    const length = this.#end - this.#start;
    if (this.#end + value.length > this.#bytes.length) {
      const room = length + value.length <= this.#bytes.length / 2 ? this.#bytes : Buffer.alloc(2 * (length + value.length));
      this.#bytes.copy(room, 0, this.#start, this.#end);
      this.#bytes = room;
      this.#start = 0;
      this.#end = length;
    }
    this.#bytes.set(value, this.#end);
    this.#end += value.length;
    return true;
  }
}
