// docs/testing-a-handler.md is a path that works: each of its commands is run in an empty folder, in order, as a new user would.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(join(root, "docs/testing-a-handler.md"), "utf8");
const run = promisify(execFile);

/** Commands with the output that stands under them. */
const shown = [...text.matchAll(/^ {4}\$ (.+)\n((?: {4}(?!\$).*\n)*)/gm)].map((match) => ({ command: match[1]!, output: match[2]!.replaceAll(/^ {4}/gm, "") }));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-new-user-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What npm would install: this package as it is built, and the two that its kit needs. */
function install(): void {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/trapline"));
  for (const name of ["vitest", "fast-check"]) symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
}

async function perform(command: string): Promise<{ status: number; output: string }> {
  if (command === "npm install --save-dev trapline vitest fast-check") {
    install();
    return { status: 0, output: "" };
  }
  const [program, ...words] = command.split(" ");
  const programs: Readonly<Record<string, string>> = { trapline: "node_modules/trapline/dist/src/cli/main.js", vitest: "node_modules/vitest/vitest.mjs" };
  const file = program === "npx" ? programs[words[0]!]! : undefined;
  const call = file === undefined ? run(program!, words, { cwd: folder }) : run(process.execPath, [join(folder, file), ...words.slice(1)], { cwd: folder, maxBuffer: 2 ** 26 });
  return call.then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({ status: error.code, output: `${error.stdout}${error.stderr}` }),
  );
}

describe("docs/testing-a-handler.md", () => {
  test("shows the whole path", () => expect(shown.map(({ command }) => command.split(" ").slice(0, 3).join(" "))).toContain("npx vitest run"));

  test("each command works, in order, and has the output that stands there", { timeout: 300_000 }, async () => {
    for (const { command, output } of shown) {
      const got = await perform(command);
      // What coverage finds missing, and what a handler refuses to believe, is told by the status.
      const expected = /coverage|hostile/.test(command) ? 1 : 0;
      expect({ command, status: got.status, talk: got.status === expected ? "" : got.output }).toEqual({ command, status: expected, talk: "" });
      expect(output === "" ? "" : got.output).toBe(output);
    }
  });

  test("its example of a test runs", { timeout: 120_000 }, async () => {
    const [, example] = /```ts\n([^`]+)```/.exec(text)!;
    writeFileSync(join(folder, "pairs.test.ts"), example!);
    expect((await perform("npx vitest run pairs.test.ts")).status).toBe(0);
  });

  test("a save of the handler runs the trace again, and an error in it is survived", { timeout: 60_000 }, async () => {
    const file = join(folder, "my-hypercall.ts");
    const good = readFileSync(file, "utf8");
    const words = ["replay", "node_modules/trapline/traces/aarch64/pairs.jsonl", "--handler", file, "-o", "out.jsonl", "--watch"];
    const child = spawn(process.execPath, [join(folder, "node_modules/trapline/dist/src/cli/main.js"), ...words], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let talk = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => (talk += more));
    const says = async (what: RegExp): Promise<void> => {
      for (let tries = 0; !what.test(talk); tries++) {
        if (tries === 400) throw new Error(`never said ${String(what)}: ${talk}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      talk = "";
    };
    try {
      await says(/32 faults: 32 emulated[^]*watching/);
      writeFileSync(file, "export default 5 +;");
      await says(/was saved[^]*can't be loaded[^]*watching/);
      writeFileSync(file, good.replace("const READ = 1n", "const READ = 9n"));
      await says(/was saved[^]*32 faults: [^]*watching/);
      writeFileSync(file, good);
      await says(/was saved[^]*32 faults: 32 emulated[^]*watching/);
    } finally {
      child.kill("SIGTERM");
    }
    const status = await new Promise((resolve) => child.once("exit", resolve));
    expect(status).toBe(143);
  });

  test("new-handler overwrites nothing", async () => {
    const before = readFileSync(join(folder, "my-hypercall.ts"), "utf8");
    const { status, output } = await perform("npx trapline new-handler my-hypercall");
    expect(status).toBe(2);
    expect(output).toContain("is there already, and nothing is overwritten");
    expect(readFileSync(join(folder, "my-hypercall.ts"), "utf8")).toBe(before);
  });
});
