/** Bytes that both the guest and an untrusted other side can read and write at any time. A Uint8Array is one. */
export interface SharedMemory {
  readonly length: number;
  [offset: number]: number;
}

/** Fills a page before a call. Integers are little-endian. */
export interface PageWriter {
  /** Writes the low `size` bytes of `value`. */
  write(offset: number, size: number, value: bigint): void;
  copy(offset: number, bytes: Uint8Array): void;
}

/**
 * Reads a page after a call. Each byte can be read once only: whoever needs a value twice keeps the copy, because the other
 * side may have changed the page in between.
 */
export interface PageReader {
  /** Little-endian value of `size` bytes. */
  read(offset: number, size: number): bigint;
}

type Scope = "fill" | "call" | "drain";

/**
 * Pages shared with an untrusted other side for one call at a time, and the one way to use them: fill, call, drain, each in a
 * scope of its own.
 *
 * The reason is a bug of rust-sel4's: a reply was read through a reference taken before the system call, so the compiler could serve
 * it from what had been WRITTEN before the call. Here nothing can be read in the scope that writes, no scope spans the call, and each
 * byte of the answer is fetched once. A breach is a bug of the handler's, so it throws an Error that names the scope at fault.
 */
export class SharedPages<Name extends string> {
  readonly #title: string;
  readonly #memory: Readonly<Record<Name, SharedMemory>>;
  #open: Scope | undefined;
  /** What the pages hold: nothing for a call, a request to be called with, or an answer. */
  #holds: "nothing" | "request" | "answer" = "nothing";

  /** `title` names the pages in errors, e.g. "GHCB". */
  constructor(title: string, memory: Readonly<Record<Name, SharedMemory>>) {
    this.#title = title;
    this.#memory = memory;
  }

  /** Writes a request into the pages. What an earlier call answered can't be read any more. */
  fill(body: (pages: Readonly<Record<Name, PageWriter>>) => void): void {
    this.#enter("fill");
    this.#holds = "nothing";
    this.#within("fill", (scopeIsOpen) => body(this.#each((memory) => writer(memory, scopeIsOpen))));
    this.#holds = "request";
  }

  /** Lets the other side have the pages. Its result is what came back outside of them, in registers. */
  call<Result>(body: (memory: Readonly<Record<Name, SharedMemory>>) => Result): Result {
    this.#enter("call");
    const held = this.#holds;
    this.#holds = "nothing";
    const result = this.#within("call", () => {
      if (held !== "request") throw new Error(`${this.#title}: a call needs a request: fill the pages first, once for each call`);
      return body(this.#memory);
    });
    this.#holds = "answer";
    return result;
  }

  /** Copies an answer out of the pages. There is one drain for each call, and no byte is read twice. */
  drain<Result>(body: (pages: Readonly<Record<Name, PageReader>>) => Result): Result {
    this.#enter("drain");
    const held = this.#holds;
    this.#holds = "nothing";
    return this.#within("drain", (scopeIsOpen) => {
      if (held !== "answer") {
        const found = held === "request" ? "the pages hold a request that no call was made with" : "the pages hold no answer of a call";
        throw new Error(`${this.#title}: there is nothing to drain: ${found}`);
      }
      return body(this.#each((memory) => this.#reader(memory, scopeIsOpen)));
    });
  }

  #enter(scope: Scope): void {
    if (this.#open !== undefined) {
      throw new Error(`${this.#title}: a ${scope} scope can't open while a ${this.#open} scope is open: end the ${this.#open} scope first`);
    }
    this.#open = scope;
  }

  /** Runs a scope. `scopeIsOpen`, which it hands out, throws once the scope has ended: what a scope gives out works in it only. */
  #within<Result>(scope: Scope, body: (scopeIsOpen: () => void) => Result): Result {
    let ended = false;
    const scopeIsOpen = (): void => {
      if (ended) throw new Error(`${this.#title}: this page was given out by a ${scope} scope, which has ended`);
    };
    try {
      const result = body(scopeIsOpen);
      if (result instanceof Promise) {
        throw new Error(`${this.#title}: the ${scope} scope was given an asynchronous function, which goes on after the scope has ended`);
      }
      return result;
    } finally {
      ended = true;
      this.#open = undefined;
    }
  }

  #each<Given>(make: (memory: SharedMemory) => Given): Record<Name, Given> {
    const names = Object.keys(this.#memory) as Name[];
    return Object.fromEntries(names.map((name) => [name, make(this.#memory[name])])) as Record<Name, Given>;
  }

  #reader(memory: SharedMemory, scopeIsOpen: () => void): PageReader {
    const taken = new Set<number>();
    return {
      read: (offset, size) => {
        scopeIsOpen();
        checkRange(memory, offset, size);
        let value = 0n;
        for (let at = offset; at < offset + size; at++) {
          if (taken.has(at)) throw new Error(`${this.#title}: byte ${at} is read a second time, and may have changed: keep the first copy`);
          taken.add(at);
          value |= BigInt(memory[at]! & 0xff) << BigInt(8 * (at - offset));
        }
        return value;
      },
    };
  }
}

function writer(memory: SharedMemory, scopeIsOpen: () => void): PageWriter {
  return {
    write: (offset, size, value) => {
      scopeIsOpen();
      checkRange(memory, offset, size);
      for (let at = 0; at < size; at++) memory[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
    },
    copy: (offset, bytes) => {
      scopeIsOpen();
      checkRange(memory, offset, bytes.length);
      bytes.forEach((byte, at) => (memory[offset + at] = byte));
    },
  };
}

function checkRange(memory: SharedMemory, offset: number, length: number): void {
  if (offset < 0 || offset + length > memory.length) {
    throw new Error(`bytes ${offset} to ${offset + length} do not lie in a page of ${memory.length} bytes`);
  }
}
