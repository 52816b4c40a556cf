// --shard and --jobs: parts of a trace, whose outputs joined are that of the whole; and --check-fast.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, parseShard } from "../../src/replay/shard.ts";
import { fault, header, trace, traceFiles, BUNDLED, readText } from "../support/traces.ts";
import { trapline } from "../support/terminal.ts";

const COMMAND = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const built = existsSync(COMMAND.replace("main.js", "block-worker.js"));
if (!built) console.log("test/cli/parts.test.ts: --jobs skipped, dist/ is not built: npm run build");

let folder = "";
/** Some faults more than two blocks: exact ones, refused ones and wrong truths, with blank lines between. */
let json = "";
let binary = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trapline-parts-"));
  json = join(folder, "trace.jsonl");
  binary = join(folder, "trace.trapline");
  const lines: string[] = [];
  for (let index = 0; index < 9000; index++) {
    const pc = { pc: `0x${(0x1000 + 4 * index).toString(16)}`, after: { pc: `0x${(0x1004 + 4 * index).toString(16)}` } };
    lines.push(index % 1000 === 999 ? fault({ ...pc, reads: [] }) : index % 1500 === 1499 ? fault({ ...pc, after: { pc: "0x0" } }) : fault(pc));
    if (index % 700 === 0) lines.push("", "  ");
  }
  writeFileSync(json, trace(header({ note: "ä" }), ...lines));
  await trapline(["convert", json, binary]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const forms = [["JSON lines", () => json], ["binary", () => binary]] as const;

describe.each(forms)("parts of a trace (%s)", (_, file) => {
  test.each(["replay", "verify"])("--shard: the shards of %s joined are the whole, for any number of them", async (command) => {
    const whole = await trapline([command, file()]);
    expect(whole.status).toBe(1);
    expect(whole.output.split("\n").length).toBeGreaterThan(10);
    for (const of of [2, 5]) {
      const shards: string[] = [];
      for (let number = 1; number <= of; number++) shards.push((await trapline([command, file(), "--shard", `${number}/${of}`])).output);
      expect(shards.join("") === whole.output, `${of} shards`).toBe(true);
      expect(shards.filter((each) => each !== "").length).toBeGreaterThanOrEqual(2);
    }
  });

  test.skipIf(!built)("--jobs: the same output and the same talk as one thread, --check-fast too (needs dist/)", () => {
    const command = file() === json ? "replay" : "verify";
    const [one, two] = [[], ["--jobs", "2"]].map((more) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, command, file(), "--check-fast", ...more], { encoding: "utf8", maxBuffer: 1 << 28 });
      return { status, stderr, stdout };
    });
    expect(one!.status).toBe(1);
    expect({ ...two, stdout: "" }).toEqual({ ...one, stdout: "" });
    expect(two!.stdout === one!.stdout).toBe(true);
  });

  test("a part tells the numbers of its own", async () => {
    expect((await trapline(["replay", file(), "--shard", "3/3"])).talk).toBe("808 faults: 807 emulated, 1 (missing-read 1) refused\n");
  });
});

describe("what can't be done in parts", () => {
  test.each([
    [["replay", "-", "--shard", "1/2"], "--shard reads parts of a file, and standard input has none"],
    [["verify", "-", "--jobs", "2"], "--jobs reads parts of a file, and standard input has none"],
    [["replay", "x", "--shard", "0/2"], "Expected i/n with i from 1 to n, e.g. 2/8."],
    [["replay", "x", "--shard", "3/2"], "Expected i/n with i from 1 to n, e.g. 2/8."],
    [["replay", "x", "--shard", "1"], "Expected i/n with i from 1 to n, e.g. 2/8."],
    [["replay", "x", "--jobs", "0"], "Expected a number of threads from 1 to 256."],
    [["replay", "/nowhere", "--shard", "1/2"], "/nowhere: no such file or directory"],
    [["replay", "/", "--jobs", "2"], "/: is a directory; expected a file"],
  ] as const)("%j", async (words, message) => {
    const { status, output, talk } = await trapline(words);
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toMatch(/^trapline: [^\n]+\n$/);
    expect(talk).toContain(message);
  });

  test("a binary trace that was cut off: it has no index of its parts", async () => {
    const cut = join(folder, "cut");
    writeFileSync(cut, readFileSync(binary).subarray(0, -100));
    const { status, talk } = await trapline(["replay", cut, "--shard", "1/2", "-o", join(folder, "out")]);
    expect([status, talk]).toEqual([2, expect.stringContaining(`${cut}: has no index at its end`)]);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test.skipIf(!built)("a line that can't be read is told with its number, in parts as in the whole (threads need dist/)", () => {
    const lines = readText(json).trimEnd().split("\n");
    const bad = join(folder, "bad.jsonl");
    writeFileSync(bad, trace(...lines.slice(0, 5000), "{}", ...lines.slice(5000)));
    const talks = [[], ["--shard", "2/2"], ["--jobs", "2"]].map((more) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, "replay", bad, "-o", join(folder, "bad.out"), ...more], { encoding: "utf8" });
      expect([status, stdout, existsSync(join(folder, "bad.out"))]).toEqual([2, "", false]);
      return stderr;
    });
    expect(talks[0]).toContain(`${bad}: line 5001: fault `);
    expect(new Set(talks).size).toBe(1);
  });

  test.skipIf(!built)("a file cut in the middle of a line keeps what is before it, with threads too (needs dist/)", () => {
    const cut = join(folder, "cut.jsonl");
    writeFileSync(cut, readText(json).slice(0, -30));
    const results = [[], ["--jobs", "2"]].map((more) => {
      const out = join(folder, "cut.out");
      const { status, stderr } = spawnSync(process.execPath, [COMMAND, "replay", cut, "-o", out, ...more], { encoding: "utf8" });
      return { status, stderr, output: readText(out) };
    });
    expect(results[0]!.status).toBe(2);
    expect(results[0]!.output.trimEnd().split("\n")).toHaveLength(8999);
    expect(results[1]).toEqual(results[0]);
  });
});

describe("shards", () => {
  test("share all blocks, in order, as evenly as can be", () => {
    for (const count of [0, 1, 2, 7, 100]) {
      for (const of of [1, 2, 3, 8, 150]) {
        const ranges = Array.from({ length: of }, (_, index) => blocksOf({ number: index + 1, of }, count));
        expect(ranges[0]!.from).toBe(0);
        expect(ranges.at(-1)!.to).toBe(count);
        ranges.slice(1).forEach(({ from }, index) => expect(from).toBe(ranges[index]!.to));
        const sizes = ranges.map(({ from, to }) => to - from);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }
    }
  });

  test("are written i/n", () => {
    expect(parseShard("2/8")).toEqual({ number: 2, of: 8 });
    for (const text of ["", "/", "1/", "0/1", "-1/2", "1/0", "1.5/2", "1/2/3", "9/8"]) expect(parseShard(text)).toBeUndefined();
  });
});

describe("--check-fast", () => {
  test("holds the fast path against the reference on all bundled traces", async () => {
    let emulated = 0;
    for (const file of traceFiles(BUNDLED)) {
      const { status, talk } = await trapline(["verify", file, "--atomics", "split", "--check-fast"]);
      expect({ file, status }).toEqual({ file, status: 0 });
      const [, fast, declined, faults] = /^fast path: (\d+) emulated(?:, all as by the reference)?; (\d+) declined\n(\d+) faults/.exec(talk)!;
      expect(Number(fast) + Number(declined)).toBe(Number(faults));
      emulated += Number(fast);
    }
    expect(emulated).toBeGreaterThan(2000);
  });

  test("goes with --shard and any handler, and leaves the output as it is", async () => {
    const plain = await trapline(["replay", binary, "--handler", "kvm-run", "--shard", "2/2"]);
    const checked = await trapline(["replay", binary, "--handler", "kvm-run", "--shard", "2/2", "--check-fast"]);
    expect(checked.output === plain.output).toBe(true);
    expect(checked.talk).toBe(`fast path: 4899 emulated, all as by the reference; 5 declined\n${plain.talk}`);
  });
});
