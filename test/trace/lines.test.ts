import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LINE_LIMIT, splitLines } from "../../src/trace/lines.ts";
import { pieces } from "../support/traces.ts";

async function lines(text: string | Uint8Array, size?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { number, text: line, unfinished } of splitLines(pieces(text, size))) found.push(`${number}${unfinished ? "…" : ""} ${line}`);
  return found;
}

describe("lines of a byte stream", () => {
  test("are counted from 1, blank ones too, and lose white space at their ends", async () => {
    expect(await lines("\ufeffa\n\n  \r\nb\r\n c ")).toEqual(["1 a", "4 b", "5… c"]);
  });

  test("a last line with a line feed is finished, nothing is no line", async () => {
    expect(await lines("a\n")).toEqual(["1 a"]);
    expect(await lines("")).toEqual([]);
  });

  test("come out the same however the bytes are cut into chunks, characters of several bytes included", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "grapheme", maxLength: 12 })), fc.integer({ min: 1, max: 9 }), async (texts, size) => {
        const text = texts.join("\n");
        expect(await lines(text, size)).toEqual(await lines(text));
      }),
    );
  });

  test("bytes that are not UTF-8 are refused with the line's number", async () => {
    await expect(lines(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a))).rejects.toThrow("line 2: is not UTF-8 text");
  });

  test("a character that the end of the file cuts in two is left to whoever reads the line", async () => {
    expect(await lines(Buffer.from("aé").subarray(0, 2))).toEqual(["1… a\ufffd"]);
  });

  test("a file without line feeds is refused before it fills the memory", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1 << 20;
        yield new Uint8Array(1 << 20).fill(0x61);
      }
    }
    await expect((async () => { for await (const _ of splitLines(endless())); })()).rejects.toThrow(`line 1: longer than ${LINE_LIMIT} bytes`);
    expect(given).toBeLessThanOrEqual(LINE_LIMIT + (2 << 20));
  });
});
