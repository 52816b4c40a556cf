import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Progress } from "../../src/cli/progress.ts";

let now = 0;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

/** What progress over `count` steps, a millisecond each, writes to standard error. */
function written(count: number, isTTY: boolean): string {
  const talk = Object.assign(new PassThrough(), { isTTY });
  const progress = new Progress({ input: Readable.from([]), output: new PassThrough(), talk, environment: {} }, "faults");
  for (let step = 0; step < count; step++) {
    now++;
    progress.step();
  }
  progress.done();
  return (talk.read() as Buffer | null)?.toString() ?? "";
}

describe("progress", () => {
  test("is shown on a terminal, when work takes long, and removed at the end", () => {
    expect(written(2000, true)).toBe("\r1,024 faults, 1,000 a second\u001b[K\r1,536 faults, 1,000 a second\u001b[K\r\u001b[K");
  });

  test("is not shown for short work", () => expect(written(900, true)).toBe(""));
  test("is not shown where nobody watches", () => expect(written(5000, false)).toBe(""));
});
