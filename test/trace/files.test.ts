import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openInput, openOutput } from "../../src/trace/files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);
const nowhere = new PassThrough();

const open = (name: string) => openInput(name, Readable.from([Buffer.from("in")]));

describe("input", () => {
  test("a file, and - for standard input", async () => {
    writeFileSync(path("a"), "text");
    const chunks: string[] = [];
    for await (const chunk of await open(path("a"))) chunks.push(Buffer.from(chunk).toString());
    for await (const chunk of await open("-")) chunks.push(Buffer.from(chunk).toString());
    expect(chunks).toEqual(["text", "in"]);
  });

  test("what is no file is told by name", async () => {
    await expect(open(path("none"))).rejects.toThrow(`${path("none")}: no such file or directory`);
    await expect(open(folder)).rejects.toThrow(`${folder}: is a directory; expected a file`);
    writeFileSync(path("a"), "");
    await expect(open(join(path("a"), "b"))).rejects.toThrow("a part of the path is not a directory");
  });
});

describe("output", () => {
  test("stands at its path only when it is whole", async () => {
    const output = await openOutput(path("out"), nowhere);
    await output.write("one\n");
    await output.write(Buffer.from("two\n"));
    expect(existsSync(path("out"))).toBe(false);
    await output.commit();
    expect(readFileSync(path("out"), "utf8")).toBe("one\ntwo\n");
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  test("given up, leaves what was there, and nothing else", async () => {
    writeFileSync(path("out"), "old");
    const output = await openOutput(path("out"), nowhere);
    await output.write("x".repeat(200_000));
    await output.discard();
    expect(readFileSync(path("out"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  test("keeps the mode of the file that it replaces, and writes through a symbolic link", async () => {
    writeFileSync(path("target"), "old");
    chmodSync(path("target"), 0o600);
    symlinkSync(path("target"), path("link"));
    const output = await openOutput(path("link"), nowhere);
    await output.write("new");
    await output.commit();
    expect(readFileSync(path("target"), "utf8")).toBe("new");
    expect(statSync(path("target")).mode & 0o777).toBe(0o600);
  });

  test("writes devices directly", async () => {
    const output = await openOutput("/dev/null", nowhere);
    await output.write("gone");
    await output.commit();
    expect(statSync("/dev/null").isFile()).toBe(false);
  });

  test("never replaces an input", async () => {
    writeFileSync(path("trace"), "precious");
    symlinkSync(path("trace"), path("link"));
    await expect(openOutput(path("link"), nowhere, [path("trace")])).rejects.toThrow("is also an input and would be replaced");
    expect(readFileSync(path("trace"), "utf8")).toBe("precious");
  });

  test("a path that can't be written is told by name", async () => {
    await expect(openOutput(path("no/out"), nowhere)).rejects.toThrow(`${path("no/out")}: can't be written: no such file or directory`);
    mkdirSync(path("folder"));
    await expect(openOutput(path("folder"), nowhere)).rejects.toThrow("is a directory; expected the path of a file to write");
    writeFileSync(path("file"), "");
    await expect(openOutput(join(path("file"), "out"), nowhere)).rejects.toThrow("can't be written: a part of the path is not a directory");
  });

  test("keeps to the pace of a slow reader", async () => {
    let waiting = 0;
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _, done) {
        waiting += chunk.length;
        most = Math.max(most, waiting);
        setImmediate(() => {
          waiting -= chunk.length;
          done();
        });
      },
    });
    const output = await openOutput("-", slow);
    for (let index = 0; index < 1000; index++) await output.write("x".repeat(1000));
    await output.commit();
    expect(most).toBeLessThan(200_000);
  });

  test("a reader that goes away is an error with its code, for whoever ends quietly", async () => {
    const closed = new Writable({ write: (_, __, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })) });
    const output = await openOutput("-", closed);
    const writing = (async () => {
      for (let index = 0; index < 1000; index++) await output.write("x".repeat(1000));
    })();
    await expect(writing).rejects.toMatchObject({ code: "EPIPE" });
  });
});
