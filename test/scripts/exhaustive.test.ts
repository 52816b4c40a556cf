// The walk over all words: small parts of it against the decoder itself, and shards against the whole.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agreement } from "../../scripts/exhaustive/agreement.ts";
import { mergeFindings, type Findings } from "../../scripts/exhaustive/findings.ts";
import { MissingOracle, ORACLES, type Oracle } from "../../scripts/exhaustive/oracles.ts";
import { report } from "../../scripts/exhaustive/report.ts";
import { WORD_SETS } from "../../scripts/exhaustive/sets.ts";
import { blocksOf, walk } from "../../scripts/exhaustive/walk.ts";
import { decodeA64 } from "../../src/isa/aarch64/decode.ts";
import { decodeArm } from "../../src/isa/arm/decode.ts";
import { Refusal } from "../../src/model/refusal.ts";

const bytesOf = (word: number): Uint8Array => Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24);
const decoders = { a64: decodeA64, a32: (bytes: Uint8Array) => decodeArm(bytes, "a32") };

describe.each(["a64", "a32"] as const)("verdicts of %s", (set) => {
  const { classify, judge, bitsRead, canonical, mnemonic } = WORD_SETS[set];

  it("are those of the decoder", () => {
    fc.assert(fc.property(fc.integer(), (word) => {
      const verdict = classify(word);
      const { form, outcome } = judge(verdict);
      const decoded = decoders[set](bytesOf(word));
      const theirs = decoded instanceof Refusal
        ? { outcome: decoded.reason, form, name: "" }
        : { outcome: decoded.operation instanceof Refusal ? decoded.operation.reason : "emulated", form: decoded.form, name: decoded.mnemonic };
      // A class has no mnemonic of its own, and an unallocated word none at all.
      const name = mnemonic(verdict, word);
      expect({ outcome, form, name }).toEqual({ ...theirs, name: name === "" || theirs.name === "" ? name : theirs.name });
    }), { numRuns: 20_000 });
  });

  it("are those of the canonical word, which differs in the top bits only", () => {
    fc.assert(fc.property(fc.integer(), (word) => {
      expect((canonical(word) ^ word) & 0xfffff).toBe(0);
      expect(classify(canonical(word))).toBe(classify(word));
    }), { numRuns: 20_000 });
  });

  it("do not depend on bits that they do not read", () => {
    fc.assert(fc.property(fc.integer(), fc.integer(), (word, other) => {
      const known = 0xfff00000 | 0;
      const bits = bitsRead(known, word) | known;
      expect(judge(classify((word & bits) | (other & ~bits)))).toEqual(judge(classify(word)));
    }), { numRuns: 20_000 });
  });
});

describe("the walk", () => {
  const plan = { set: "a64", shard: 1, shards: 1, sample: 1, only: "11111000010" } as const;

  it("counts in groups what it counts word by word", async () => {
    const groups = await walk(plan, undefined, () => undefined);
    const classifier = WORD_SETS.a64;
    const counts = new Map<string, number>();
    for (const block of blocksOf(plan)) {
      for (let word = block * 2 ** 20; word < (block + 1) * 2 ** 20; word++) {
        const { outcome } = classifier.judge(classifier.classify(word | 0));
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      }
    }
    for (const [outcome, count] of counts) expect(groups.words.filter((each) => each.outcome === outcome).reduce((sum, each) => sum + each.count, 0)).toBe(count);
    expect(groups.words.reduce((sum, { count }) => sum + count, 0)).toBe(blocksOf(plan).length * 2 ** 20);
  });

  it("deals every block to one shard", () => {
    const all = [1, 2, 3].flatMap((shard) => blocksOf({ ...plan, only: "x10", shard, shards: 3 }));
    expect(all.toSorted((first, second) => first - second)).toEqual(blocksOf({ ...plan, only: "x10" }));
  });

  it("gives in shards, merged, what it gives whole", async () => {
    const oracle = {
      id: "llvm" as const,
      title: "every odd word is an LDR",
      name: async (words: Uint32Array) => ({ numbers: Uint16Array.from(words, (word) => word % 2), names: ["", "ldr x+"] }),
      close: () => undefined,
    };
    const run = (shard: number, shards: number): Promise<Findings> => walk({ ...plan, only: "1x111000010", sample: 64, shard, shards }, oracle, () => undefined);
    const whole = await run(1, 1);
    const parts = [await run(3, 3), await run(1, 3), await run(2, 3)];
    const merged = mergeFindings(parts);
    expect({ ...merged, of: 1, shards: [1] }).toEqual(whole);
    expect(whole.differences.some(({ why }) => why === null)).toBe(true);
    expect(() => mergeFindings([parts[0]!, parts[0]!])).toThrow("shard 3/3 is there twice");
    expect(() => mergeFindings([parts[0]!, { ...parts[1]!, sample: 8 }])).toThrow("sample is 64 in one and 8 in another");
    expect(() => mergeFindings([])).toThrow("nothing to merge");
  });
});

describe("agreement with an oracle's name", () => {
  const mine = { form: "LDR Xt, post-index", outcome: "emulated", mnemonic: "ldr", variant: 0 } as const;
  it.each([
    ["a64", mine, "ldr x+", undefined],
    ["a64", mine, "ldr x!", "another name"],
    ["a64", mine, "ldr w+", "another name"],
    ["a64", mine, "", "ours alone"],
    ["a64", { ...mine, outcome: "unpredictable" }, "", undefined],
    ["a64", { form: "", outcome: "undefined-instruction", mnemonic: "", variant: 0 }, "ldr x", "theirs alone"],
    ["a64", { form: "SVE data processing", outcome: "not-memory-access", mnemonic: "", variant: 0 }, "cpy z", undefined],
    ["a64", { form: "SVE data processing", outcome: "not-memory-access", mnemonic: "", variant: 0 }, "ldr z", "memory to them"],
    ["a32", { form: "LDR (immediate) A1", outcome: "emulated", mnemonic: "ldr", variant: 1 }, "ldrne r", undefined],
    ["a32", { form: "LDR (immediate) A1", outcome: "emulated", mnemonic: "ldr", variant: 1 }, "ldreq r", "another name"],
    ["a32", { form: "LDMIA A1", outcome: "emulated", mnemonic: "ldmia", variant: 14 }, "pop {", undefined],
  ] as const)("%s %o, %s: %s", (set, ours, theirs, kind) => {
    expect(agreement(set, "llvm", ours, theirs)?.kind).toBe(kind);
  });
});

describe.each(["capstone", "llvm"] as const)("the oracle %s", (name) => {
  it("names words by mnemonic and shape", async (context) => {
    let oracle: Oracle;
    try {
      oracle = await ORACLES[name]("a64");
    } catch (error) {
      if (!(error instanceof MissingOracle)) throw error;
      context.skip(error.message);
      return;
    }
    const { numbers, names } = await oracle.name(Uint32Array.of(0xf8408822, 0xf8408422, 0x00000001, 0xf8408c22, 0xa9400841, 0xd50b7423));
    oracle.close();
    const got = Array.from(numbers, (number) => names[number]!);
    expect(got.filter((_, at) => at !== 2)).toEqual(["ldtr x", "ldr x+", "ldr x!", "ldp x", "dc zva"]);
    // UDF: a name to one, nothing to the other.
    expect(["", "udf #"]).toContain(got[2]);
  });
});

const command = (...options: string[]): string[] => ["node_modules/jiti/lib/jiti-cli.mjs", "scripts/exhaustive.ts", ...options];
const print = (...options: string[]): string => execFileSync("node", command(...options), { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

describe("the command", () => {
  let folder: string;
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "exhaustive-")); });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("merges the files of two shards to what the whole run prints", () => {
    const [one, two, all] = ["1.json", "2.json", "all.json"].map((name) => join(folder, name)) as [string, string, string];
    const only = ["--set", "a64", "--only", "1111110"];
    print(...only, "--shard", "1/2", "-o", one);
    print(...only, "--shard", "2/2", "-o", two);
    const merged = print("--merge", two, one, "-o", all);
    expect(merged.replace("; shards 1, 2 of 2", "")).toBe(print(...only));
    expect(report(JSON.parse(readFileSync(all, "utf8")) as Findings)).toBe(merged);
  }, 30_000);

  it("ends with status 2 on wrong usage, and says what it expected", () => {
    const { status, stderr } = spawnSync("node", command("--shard", "3/2"), { encoding: "utf8" });
    expect([status, stderr.includes("expected i/n")]).toEqual([2, true]);
  });
});
