// Holds .oxlintrc.json against the table of rooms: every import that the table forbids is written to a scratch tree,
// and the linter must refuse exactly those.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each room, and the rooms below it that it may import. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  model: [],
  isa: ["model"],
  emulate: ["model"],
  fastpath: ["isa", "model"],
  trace: ["model"],
  import: ["trace", "isa", "model"],
  capture: ["trace", "model"],
  elf: ["trace", "model"],
  generate: ["emulate", "isa", "model"],
  hosts: ["model"],
  replay: ["generate", "hosts", "import", "capture", "elf", "trace", "fastpath", "emulate", "isa", "model", "handlers"],
  conform: ["replay", "generate", "trace", "emulate", "isa", "model"],
  report: ["model"],
  kit: ["replay", "generate", "hosts", "trace", "emulate", "isa", "model"],
  cli: ["report", "conform", "replay", "generate", "hosts", "import", "capture", "elf", "trace", "fastpath", "emulate", "isa", "model", "handlers"],
};
const core = ["src/model", "src/isa", "src/emulate", "src/fastpath", "src/generate", "src/hosts", "handlers"];
const entryPoints = ["handler.ts", "index.ts", "vitest.ts"];

interface Case {
  readonly title: string;
  readonly file: string;
  readonly source: string;
  /** The rule that must bite; undefined where the import is allowed. */
  readonly rule: "no-restricted-imports" | "no-restricted-globals" | "no-cycle" | "consistent-type-imports" | undefined;
}

const cases: Case[] = [];
function add(title: string, folder: string, source: string, rule: Case["rule"]): void {
  const file = folder.endsWith(".ts") ? folder : `${folder}/case${cases.length}.ts`;
  cases.push({ title, file, source: `${source}\n`, rule });
}
const value = (specifier: string) => `export { x } from "${specifier}";`;
const type = (specifier: string) => `import type { X } from "${specifier}";\nexport type Y = X;`;

for (const [room, allowed] of Object.entries(rooms)) {
  for (const target of [...Object.keys(rooms), "handlers"]) {
    if (target === room) continue;
    const rule = allowed.includes(target) ? undefined : "no-restricted-imports";
    const verb = rule === undefined ? "may import" : "must not import";
    const near = target === "handlers" ? "../../handlers" : `../${target}`;
    add(`${room}/ ${verb} ${target}/`, `src/${room}`, value(`${near}/x.ts`), rule);
    add(`${room}/ ${verb} ${target}/ from a folder within`, `src/${room}/inner`, value(`../${near}/deep/x.ts`), rule);
    if (room === "report" && (target === "replay" || target === "conform")) add(`report/ may import types of ${target}/`, "src/report", type(`../${target}/x.ts`), undefined);
    else add(`${room}/ ${verb} types of ${target}/`, `src/${room}`, type(`${near}/x.ts`), rule);
    if (rule !== undefined) {
      add(`${room}/ must not import ${target}/ when it runs`, `src/${room}`, `export const x = import("${near}/x.ts");`, rule);
      if (target !== "handlers") add(`${room}/ must not import ${target}/ through src/`, `src/${room}`, value(`../../src/${target}/x.ts`), rule);
    }
  }
  add(`${room}/ may import its own files`, `src/${room}`, value("./y.ts"), undefined);
  add(`${room}/ may import its own files from a folder within`, `src/${room}/inner`, value("../y.ts"), undefined);
  const upper = room === "replay" || room === "cli" || room === "hosts" || room === "kit" || room === "conform";
  add(`${room}/ ${upper ? "may" : "must not"} import src/handler.ts`, `src/${room}`, value("../handler.ts"), upper ? undefined : "no-restricted-imports");
  if (room !== "cli") {
    add(`${room}/ must not import test/`, `src/${room}`, value("../../test/x.ts"), "no-restricted-imports");
    add(`${room}/ must not import src/vitest.ts`, `src/${room}`, value("../vitest.ts"), "no-restricted-imports");
  }
}

add("src/handler.ts may import model/", "src/handler.ts", type("./model/x.ts"), undefined);
for (const target of Object.keys(rooms).filter((room) => room !== "model")) {
  // One scratch tree holds one src/handler.ts, so its cases stand in trees of their own; see `directory`.
  add(`src/handler.ts must not import ${target}/`, `${target}/src/handler.ts`, type(`./${target}/x.ts`), "no-restricted-imports");
  add(`a handler must not import ${target}/`, "handlers", type(`../src/${target}/x.ts`), "no-restricted-imports");
  add(`a handler in a folder must not import ${target}/`, "handlers/inner", value(`../../src/${target}/x.ts`), "no-restricted-imports");
}
for (const target of ["./index.ts", "./vitest.ts", "../handlers/x.ts", "../test/x.ts", "node:fs", "valibot"]) {
  add(`src/handler.ts must not import ${target}`, `${target.replaceAll(/\W/g, "-")}/src/handler.ts`, value(target), "no-restricted-imports");
}
add("src/handler.ts must not use process", "process/src/handler.ts", "export const x = process.argv;", "no-restricted-globals");
add("src/index.ts must not import cli/", "src/index.ts", value("./cli/x.ts"), "no-restricted-imports");
add("src/vitest.ts must not import cli/", "src/vitest.ts", value("./cli/x.ts"), "no-restricted-imports");

add("a handler may import src/handler.ts", "handlers", type("../src/handler.ts"), undefined);
add("a handler may import model/", "handlers", value("../src/model/x.ts"), undefined);
add("a handler must not import src/index.ts", "handlers", value("../src/index.ts"), "no-restricted-imports");
add("a handler must not import test/", "handlers", value("../test/x.ts"), "no-restricted-imports");
add("a handler must not import another", "handlers", value("./y.ts"), "no-restricted-imports");
add("a handler must not import another's folder", "handlers", value("./inner/y.ts"), "no-restricted-imports");
add("a handler in a folder may import src/handler.ts", "handlers/inner", type("../../src/handler.ts"), undefined);
add("a handler in a folder may import its own files", "handlers/inner", value("./y.ts"), undefined);
add("a handler in a folder must not import another", "handlers/inner", value("../y.ts"), "no-restricted-imports");
add("a handler in a folder must not import another's folder", "handlers/inner", value("../other/y.ts"), "no-restricted-imports");
add("a handler in a folder must not import a package", "handlers/inner", value("valibot"), "no-restricted-imports");
add("the list of handlers may import them", "handlers/list.ts", value("./y.ts"), undefined);
add("the list of handlers must not import a package", "package/handlers/list.ts", value("valibot"), "no-restricted-imports");
add("the list of handlers must not import isa/", "isa/handlers/list.ts", value("../src/isa/x.ts"), "no-restricted-imports");

for (const room of core) {
  for (const specifier of ["node:fs", "fs", "capstone-wasm", "trapline/handler"]) {
    add(`${room}/ must not import ${specifier}`, room, value(specifier), "no-restricted-imports");
  }
  for (const use of ["process.argv", "Buffer.from([])", "globalThis.process", 'globalThis["Buffer"]', "require('x')", "__dirname"]) {
    add(`${room}/ must not use ${use}`, room, `export const x = ${use};`, "no-restricted-globals");
  }
  add(`${room}/ must not import a type in passing`, room, 'export type X = import("../src/model/x.ts").X;', "consistent-type-imports");
}
add("trace/ may use Node", "src/trace", 'export { readFileSync } from "node:fs";\nexport const x = process.argv;', undefined);

add("values must not go round in a circle", "src/isa/circle-a.ts", value("./circle-b.ts"), "no-cycle");
add("values must not go round in a circle (its other half)", "src/isa/circle-b.ts", value("./circle-a.ts"), "no-cycle");
add("types must not go round in a circle", "src/trace/circle-a.ts", type("./circle-b.ts").replace("Y", "X2"), "no-cycle");
add("types must not go round in a circle (its other half)", "src/trace/circle-b.ts", type("./circle-a.ts").replace("Y", "X2"), "no-cycle");

const structural = new Set(["no-restricted-imports", "no-restricted-globals", "no-cycle", "consistent-type-imports"]);
const found = new Map<string, string[]>();
let scratch = "";

/** A case that names one given file has a tree of its own (the file's first folder); all others share the tree "all". */
const directory = (file: string) => (/^(src|handlers)\//.test(file) ? "all" : "");

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "trapline-layers-"));
  for (const { file, source } of cases) {
    const path = join(scratch, directory(file), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, source);
  }
  const linter = join(root, "node_modules/oxlint/bin/oxlint");
  for (const tree of readdirSync(scratch)) {
    const cwd = join(scratch, tree);
    copyFileSync(join(root, ".oxlintrc.json"), join(cwd, ".oxlintrc.json"));
    const run = spawnSync(process.execPath, [linter, "-f", "json"], { cwd, encoding: "utf8", maxBuffer: 2 ** 26 });
    const report = JSON.parse(run.stdout) as { diagnostics: { code: string; filename: string }[] };
    for (const { code, filename } of report.diagnostics) {
      const rule = /\((.+)\)/.exec(code)?.[1] ?? code;
      const key = tree === "all" ? filename : `${tree}/${filename}`;
      if (structural.has(rule)) found.set(key, [...(found.get(key) ?? []), rule]);
    }
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** One test a room (the title's subject): some hundred scratch files are one fact about the linter, not some hundred tests. */
const subjects = new Map<string, Case[]>();
for (const each of cases) {
  const subject = each.title.split(/ (?:may|must)\b/)[0] ?? each.title;
  subjects.set(subject, [...(subjects.get(subject) ?? []), each]);
}

describe("the linter keeps the rooms apart", () => {
  test.each([...subjects])("%s", (_, group) => {
    const got = group.map(({ title, file }) => `${title}: ${[...new Set(found.get(file) ?? [])].join(", ")}`);
    expect(got).toEqual(group.map(({ title, rule }) => `${title}: ${rule ?? ""}`));
  });
});

describe("the rooms that are there", () => {
  const src = join(root, "src");
  const entries = existsSync(src) ? readdirSync(src, { withFileTypes: true }) : [];
  test("each has its rules", () => {
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(folders.filter((name) => !(name in rooms))).toEqual([]);
  });
  test("nothing else lies in src/ but the entry points", () => {
    const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    expect(files.filter((name) => !entryPoints.includes(name))).toEqual([]);
  });
});
