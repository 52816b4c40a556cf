import { mkdir, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { HANDLERS } from "../../handlers/list.ts";
import type { DefineCommand } from "./command.ts";
import { packageRoot } from "./package-root.ts";
import { STATUS, type Status, type Terminal, UsageError } from "./terminal.ts";

interface Options {
  readonly dir: string;
}

export const defineNewHandler: DefineCommand = (program, terminal, finish) => {
  program
    .command("new-handler")
    .summary("write a handler of your own, its test and its bench, ready to run")
    .description("Writes NAME.ts, a complete handler to change, with NAME.test.ts and NAME.bench.ts, which run under vitest as they are. Nothing is ever overwritten.")
    .argument("<name>", "name of the handler: lower-case words with hyphens between them")
    .option("--dir <dir>", "where the files go; made if it is not there", ".")
    .addHelpText(
      "after",
      `
Examples:
  $ trapline new-handler my-hypercall
  $ trapline new-handler my-hypercall --dir handlers && trapline replay trace.jsonl --handler handlers/my-hypercall.ts --watch`,
    )
    .action(async (name: string, options: Options) => finish(await newHandler(name, options, terminal)));
};

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

async function newHandler(name: string, { dir }: Options, terminal: Terminal): Promise<Status> {
  if (!NAME.test(name)) throw new UsageError(`new-handler ${name}: expected lower-case words with hyphens between them, e.g. my-hypercall`);
  if (HANDLERS.some((each) => each.name === name)) throw new UsageError(`new-handler ${name}: a built-in handler has this name, and --handler would find that one`);
  const texts = await templates(name);
  const paths = [...texts.keys()].map((file) => join(dir, file));
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0) throw new UsageError(`new-handler ${name}: ${there.join(", ")} is there already, and nothing is overwritten; choose another name or --dir`);
  await mkdir(dir, { recursive: true });
  for (const [file, text] of texts) await writeFile(join(dir, file), text, { flag: "wx" });
  for (const path of paths) terminal.output.write(`${path}\n`);
  terminal.talk.write(nextSteps(name, dir));
  return STATUS.ok;
}

/** Texts of the files by name. The handler is the example that the package ships, under its new name. */
async function templates(name: string): Promise<Map<string, string>> {
  const files = ["handlers/example.ts", "templates/handler.test.ts", "templates/handler.bench.ts"] as const;
  const [example, test, bench] = (await Promise.all(files.map((file) => readFile(join(packageRoot(), file), "utf8")))) as [string, string, string];
  const handler = example
    .replace("// A handler to copy. It is complete and works: trapline replay TRACE --handler handlers/example.ts\n", `// A handler to change. It is complete and works: trapline replay TRACE --handler ${name}.ts\n`)
    .replace("// In a file outside this package the import comes from \"trapline/handler\" instead.\n", "")
    .replace("//\nimport {", "import {")
    .replace('"../src/handler.ts"', '"trapline/handler"')
    .replace('name: "example"', `name: "${name}"`)
    .replace("the handler to copy: a hypercall of four registers", "a hypercall of four registers");
  const named = (text: string): string => text.replaceAll("my-handler", name);
  return new Map([
    [`${name}.ts`, handler],
    [`${name}.test.ts`, named(test)],
    [`${name}.bench.ts`, named(bench)],
  ]);
}

function nextSteps(name: string, dir: string): string {
  const file = join(dir, `${name}.ts`);
  const lines = [`Try it:`, `  trapline replay TRACE --handler ${file.startsWith("/") ? file : `./${file}`} --watch`, `  npx vitest run ${join(dir, `${name}.test.ts`)}`];
  if (!hasVitest(dir)) lines.push("The test needs vitest and fast-check: npm install --save-dev trapline vitest fast-check");
  return `${lines.join("\n")}\n`;
}

/** Whether vitest is installed for a folder. */
function hasVitest(dir: string): boolean {
  for (let folder = resolve(dir); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules/vitest"))) return true;
    if (dirname(folder) === folder) return false;
  }
}
