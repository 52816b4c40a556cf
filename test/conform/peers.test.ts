// The two C peers: the kit finds nothing in the right one, and every error of the planted one, each in one instruction with no register too many.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case } from "../../src/conform/suites.ts";
import { ask, cases, compile, HAS_COMPILER, PEER_FORMS, PEERS, scratchFolder } from "./support.ts";

const folder = scratchFolder();
afterAll(() => folder.remove());

function build(name: string, decoder: string, ...flags: readonly string[]): string {
  const path = join(folder.path, name);
  compile("cc", "-O1", "-Wall", "-Wextra", "-Werror", ...flags, "-o", path, join(PEERS, "harness.c"), join(PEERS, decoder));
  return path;
}

/** Each planted error: the rule that it breaks, and the registers that its smallest case needs at most. */
const PLANTED: readonly (readonly [plant: number, rule: string, registers: number])[] = [
  [1, "zero-register-load", 1],
  [2, "upper-half-cleared", 2],
  [3, "sign-extension-width", 2],
  [4, "sign-extension", 2],
  [5, "consecutive-addresses", 1],
  [6, "post-index-address", 2],
  [7, "stack-pointer-base", 2],
  [8, "index-extension", 3],
  [9, "offset-sign", 2],
  [10, "store-width", 2],
  [11, "answer-width", 2],
  [12, "writeback", 2],
  [13, "refuse-unpredictable", 2],
  [14, "refuse-address-mismatch", 2],
  [15, "refuse-missing-register", 2],
  [16, "program-counter", 2],
  [17, "zero-register-store", 3],
  [18, "refuse-page-crossing", 2],
  [19, "refuse-user-mode", 2],
];

describe.skipIf(!HAS_COMPILER)("C peers (skipped without cc)", () => {
  let questions: Case[] = [];
  beforeAll(async () => {
    questions = await cases("aarch64", "all", 2500, { forms: PEER_FORMS });
  });

  test("the right decoder has no error", async () => {
    const result = await ask("aarch64", [build("right", "decoder.c")], questions);
    expect(result.findings.filter(({ verdict, id }) => verdict !== "refused" || id !== "unsupported-instruction")).toEqual([]);
    expect(result.remarks).toEqual([]);
    expect(result.faults).toBe(2500);
  });

  test("nor on forms that it does not have", async () => {
    const result = await ask("aarch64", [build("right", "decoder.c")], await cases("aarch64", "all", 2500, { seed: 2 }));
    expect(result.findings.map(({ verdict }) => verdict).filter((verdict) => verdict !== "refused")).toEqual([]);
  });

  test.each(PLANTED)("error %i is found: %s", async (plant, rule, registers) => {
    const { findings } = await ask("aarch64", [build(`planted-${plant}`, "decoder-planted.c", `-DPLANT=${plant}`)], questions);
    const found = findings.find(({ id }) => id === rule);
    expect(findings.map(({ id }) => id)).toContain(rule);
    expect(found!.verdict).toBe("wrong");
    const { fault } = found!.smallest;
    expect(fault.bytes.length).toBe(4);
    expect([...fault.registers.captured()].length).toBeLessThanOrEqual(registers);
  });

  test("with all errors at once none hides more than its neighbour", async () => {
    const { findings } = await ask("aarch64", [build("planted", "decoder-planted.c")], questions);
    const found = new Set(findings.map(({ id }) => id));
    // The sign of error 3 (extended too far) can't be seen behind error 4 (not extended at all).
    expect(PLANTED.map(([, rule]) => rule).filter((rule) => !found.has(rule))).toEqual(["sign-extension-width"]);
  });
});

test("the document shows the very harness", () => {
  const document = readFileSync(fileURLToPath(new URL("../../docs/conformance.md", import.meta.url)), "utf8");
  const shown = [...document.matchAll(/^`(.+)`:\n\n```c\n([^]*?)```$/gm)].map((match) => [match[1], match[2]]);
  expect(shown).toEqual(["peer.h", "harness.c"].map((name) => [name, readFileSync(join(PEERS, name), "utf8")]));
  expect(shown.reduce((lines, [, text]) => lines + text!.split("\n").length - 1, 0)).toBeLessThan(150);
});
