import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import type { Handler } from "../../src/handler.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES } from "../../src/model/architecture.ts";
import { loadHandler } from "../../src/replay/handlers.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { DEVICE_GVA, faultOf } from "../support/fault.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-handlers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a module outside the repository and returns its path. */
function module(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const MEMBERS = {
  name: '"mine"',
  description: '"a test"',
  architectures: '["aarch64"]',
  handle: "(access, host) => { const value = host.call(access); return value instanceof Refusal ? value : { value, record: { n: 1 } }; }",
  host: "(device) => ({ call: ({ write, gpa, size, value }) => write ? (device.write(gpa, size, value), 0n) : device.read(gpa, size) })",
};

function source(members: object = {}): string {
  const object = Object.entries({ ...MEMBERS, ...members }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`);
  return `import { defineHandler, Refusal } from "trapline/handler";\nexport default defineHandler({ ${object.join(", ")} });\n`;
}

async function replay(handler: Handler, more: object = {}) {
  const isa = await loadIsa("aarch64");
  const fault = faultOf(isa, { bytes: "010040b9", registers: { x0: DEVICE_GVA }, gva: DEVICE_GVA, reads: [7n], ...more });
  return replayFault(fault, { isa, guest: { windows: [] }, handler, policy: DEFAULT_POLICY }).outcome;
}

describe("built-in handlers", () => {
  test("every architecture has its default", async () => {
    const names = await Promise.all(ARCHITECTURES.map(async (architecture) => (await loadHandler(undefined, architecture)).name));
    expect(names).toEqual(["tdx", "arm-syndrome", "arm-syndrome", "riscv-htinst"]);
  });

  test("by name", async () => expect((await loadHandler("kvm-run", "aarch64")).name).toBe("kvm-run"));

  test("a name that there is not", async () => {
    await expect(loadHandler("tdxx", "x86-64")).rejects.toThrow("handler tdxx: no built-in handler of this name (did you mean tdx?); built in are tdx,");
    await expect(loadHandler("quux", "x86-64")).rejects.toThrow("handler quux: no built-in handler of this name; built in are tdx,");
  });

  test("one for another architecture", async () => {
    await expect(loadHandler("tdx", "aarch64")).rejects.toThrow("handler tdx serves x86-64, and the trace is aarch64");
  });
});

test("a handler finds neither registers nor RAM nor recorded values in what it is given", async () => {
  const isa = await loadIsa("aarch64");
  const secret = 0xa1a2_a3a4_a5a6_a7a8n;
  const seen: unknown[] = [];
  const spy: Handler = {
    name: "spy",
    description: "",
    architectures: ["aarch64"],
    check: (context) => void seen.push(context),
    handle: (access, _, context) => {
      seen.push(access, context);
      return { value: 0n, record: {} };
    },
    host: () => ({ call: () => undefined }),
  };
  // ldr w1, [x0]
  const fault = faultOf(isa, { bytes: "010040b9", registers: { x0: DEVICE_GVA, x2: secret }, gva: DEVICE_GVA, memory: { "0x1000": "a8a7a6a5a4a3a2a1" }, reads: [secret] });
  expect(replayFault(fault, { isa, guest: { windows: [] }, handler: spy, policy: DEFAULT_POLICY }).outcome.kind).toBe("emulated");
  expect(seen).toHaveLength(3);
  const text = JSON.stringify(seen, (_, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value));
  expect(text).not.toMatch(/a1a2a3a4a5a6a7a8|168,167,166/);
  expect(text).not.toContain("registers");
});

describe("a person's own handler", () => {
  test.each(["js", "mjs", "ts"])("a module in .%s, anywhere on the disk, with trapline/handler as it is installed", async (extension) => {
    const types = extension === "ts" ? "\nexport type Anything = number;\n" : "";
    const handler = await loadHandler(module(`works.${extension}`, source() + types), "aarch64");
    expect(handler.name).toBe("mine");
    expect(await replay(handler)).toMatchObject({ kind: "emulated", records: [{ n: 1 }], calls: [{ value: 7n }] });
    expect(await replay(handler, { reads: [] })).toMatchObject({ kind: "refused", refusal: { reason: "missing-read" } });
  });

  test("the example to copy", async () => {
    const handler = await loadHandler(fileURLToPath(new URL("../../handlers/example.ts", import.meta.url)), "aarch64");
    expect(await replay(handler)).toMatchObject({ kind: "emulated" });
    expect(await replay(handler, { reads: [] })).toMatchObject({ kind: "refused", refusal: { reason: "missing-read" } });
  });

  test.each([
    ["a file that does not exist", () => join(folder, "none.ts"), "none.ts: no such file"],
    ["another file", () => module("notes.txt", "hello"), "notes.txt: expected a file that ends in .js, .mjs, .ts"],
    ["a module that throws", () => module("throws.mjs", 'throw new TypeError("boom\\nmore");'), "throws.mjs: the module can't be loaded: TypeError: boom"],
    ["a syntax error", () => module("broken.ts", "export default {"), "broken.ts: the module can't be loaded: "],
    ["an import that fails", () => module("import.mjs", 'import "no-such-package-anywhere";'), "import.mjs: the module can't be loaded: "],
    ["no default export", () => module("named.mjs", "export const handler = 1;"), "named.mjs: the module has no default export; expected: export default defineHandler({ … })"],
    ["a default export of the wrong kind", () => module("function.mjs", "export default () => 1;"), "the default export is a function; expected an object"],
    ["a null default export", () => module("null.mjs", "export default null;"), "the default export is a null; expected an object"],
    ...Object.keys(MEMBERS).map((name) => [`no ${name}`, () => module(`no-${name}.mjs`, source({ [name]: undefined })), `lacks the member "${name}"; expected `] as const),
    ["a name of two words", () => module("name.mjs", source({ name: '"a b"' })), 'its member "name" is not what it must be; expected a name of one word'],
    ["an unknown architecture", () => module("arch.mjs", source({ architectures: '["mips"]' })), 'its member "architectures" is not what it must be; expected an array of one or more of x86-64,'],
    ["a handle that is no function", () => module("handle.mjs", source({ handle: "1" })), 'its member "handle" is not what it must be; expected a function'],
    ["a check that is no function", () => module("check.mjs", source({ check: "true" })), 'its member "check" is not what it must be; expected a function, or to be left out'],
  ] as const)("%s", async (_, file, message) => {
    const error = await loadHandler(file(), "aarch64").then(() => undefined, (reason: Error) => reason);
    expect(error?.name).toBe("HandlerLoadError");
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain("\n");
  });

  test.each([
    ["throws in handle", { handle: "() => { throw new Error('oops'); }" }, "handler mine: handle() threw Error: oops"],
    ["throws in host", { host: "() => { throw new Error('oops'); }" }, "handler mine: host() threw Error: oops"],
    ["throws in check", { check: "() => { throw new Error('oops'); }" }, "handler mine: check() threw Error: oops"],
    ["gives a number for a value", { handle: "() => ({ value: 1, record: {} })" }, "handler mine: handle() must return { value: bigint, record: object } or a Refusal"],
    ["gives nothing", { handle: "() => undefined" }, "handler mine: handle() must return { value: bigint, record: object } or a Refusal"],
    ["gives a check that is no refusal", { check: "() => true" }, "handler mine: check() must return undefined or a Refusal"],
  ])("one that %s", async (title, members, message) => {
    const handler = await loadHandler(module(`${title.replaceAll(" ", "-")}.mjs`, source(members)), "aarch64");
    await expect(replay(handler)).rejects.toThrow(message);
  });

  test("a copy of the Refusal class in its own installation is understood, both ways", async () => {
    const copy = fileURLToPath(new URL("../../src/handler.ts", import.meta.url));
    const handler = await loadHandler(module("copy.ts", source().replace("trapline/handler", copy)), "aarch64");
    expect(await replay(handler, { reads: [] })).toMatchObject({ kind: "refused", refusal: { reason: "missing-read" } });
    const refusing = source({ check: "() => new Refusal('private-address', 'no', 'yes')" }).replace("trapline/handler", copy);
    expect(await replay(await loadHandler(module("copy-check.ts", refusing), "aarch64"))).toMatchObject({ refusal: { reason: "private-address" } });
  });
});
