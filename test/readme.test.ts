// What README.md shows is what one gets: its commands are run, its trace is replayed, its links lead somewhere.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trapline } from "./support/terminal.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(join(root, "README.md"), "utf8");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-readme-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Commands with the output that stands under them: indented lines after `$`. */
const shown = [...text.matchAll(/^ {4}\$ (.+)\n((?:(?: {4}(?!\$).*)?\n)*)/gm)].map((match) => ({
  command: match[1]!,
  output: match[2]!.replaceAll(/^ {4}/gm, "").trim(),
}));

/** Arguments with the repository's traces and files of a scratch folder. */
const placed = (words: string): string[] =>
  words.split(" ").map((word) => (word.startsWith("traces/") ? join(root, word) : /\.(jsonl|trapline)$/.test(word) ? join(folder, word) : word));

async function perform(command: string): Promise<string> {
  const head = /^head -1 (\S+)$/.exec(command);
  if (head !== null) return readFileSync(join(folder, head[1]!), "utf8").split("\n")[0]!;
  const [, input, words, first] = /^(?:echo (\S+) \| )?npx trapline (.+?)( \| head -1)?$/.exec(command) ?? [];
  const { output, talk } = await trapline(placed(words!), input === undefined ? {} : { input: `${input}\n` });
  return first === undefined ? (output === "" ? talk : output).trim() : output.split("\n")[0]!;
}

describe("README.md", () => {
  test("shows commands", () => expect(shown.length).toBeGreaterThanOrEqual(7));

  test("each with the output that it has", async () => {
    for (const { command, output } of shown) {
      const got = await perform(command);
      expect({ command, output: output === "" ? "" : got }).toEqual({ command, output });
    }
  });

  test("a trace that can be replayed", async () => {
    const [, trace] = /```json\n([^`]+)```/.exec(text)!;
    expect(await trapline(["replay", "-"], { input: trace! })).toMatchObject({ status: 0, talk: "1 fault: 1 emulated, 0 refused\n" });
  });
});

describe("links", () => {
  for (const file of ["README.md", "CONTRIBUTING.md", "traces/README.md"]) {
    test(`of ${file} lead to files that exist`, () => {
      const targets = [...readFileSync(join(root, file), "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => join(root, dirname(file), match[1]!));
      expect(targets.filter((target) => !existsSync(target))).toEqual([]);
    });
  }
});
