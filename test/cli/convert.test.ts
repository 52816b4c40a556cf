import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadIsa } from "../../src/isa/list.ts";
import { generate } from "../../src/replay/generate/generate.ts";
import { ColumnarEncoder } from "../../src/trace/columnar/encoder.ts";
import { fault, header, trace } from "../support/traces.ts";
import { trapline } from "../support/terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "trapline-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const json = trace(header({ more: { of: "it" } }), fault(), fault({ pc: "0x1004", text: "ldr w1, [x0], #4" }));

/** A binary trace of three chunks, and where they start. */
const { registers } = await loadIsa("aarch64");
const generated = generate(registers, "aarch64", { faults: 30, seed: 1 });
const encoder = new ColumnarEncoder(registers);
const parts: Uint8Array[] = [encoder.header(generated.header)];
let count = 0;
for (const record of generated.records) {
  encoder.record(record);
  if (++count % 10 === 0) parts.push(encoder.flush());
}
parts.push(encoder.end());
const binary = Buffer.concat(parts);
const second = parts[0]!.length + parts[1]!.length;
const damaged = Buffer.from(binary);
damaged[second + 200]! ^= 1;
writeFileSync(at("damaged"), damaged);
writeFileSync(at("whole"), binary);
writeFileSync(at("cut"), binary.subarray(0, binary.length - 300));
writeFileSync(at("trace.jsonl"), json);

const indices = (lines: string): number[] => lines.split("\n").filter(Boolean).map((line) => (JSON.parse(line) as { index: number }).index);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe("trapline convert", () => {
  test("JSON lines become binary, binary becomes JSON lines, whatever the names are", async () => {
    expect(await trapline(["convert", at("trace.jsonl"), at("one.txt")])).toEqual({ status: 0, output: "", talk: "" });
    expect(readFileSync(at("one.txt")).subarray(0, 10)).toEqual(Buffer.from("\x94\xa8trapline", "latin1"));
    expect(await trapline(["convert", at("one.txt"), "-"])).toEqual({ status: 0, output: json, talk: "" });
    expect((await trapline(["convert", at("one.txt"), at("two.trapline")])).status).toBe(0);
    expect(readFileSync(at("two.trapline"), "utf8")).toBe(json);
  });

  test("from standard input", async () => {
    expect(await trapline(["convert", "-", "-"], { input: binary })).toMatchObject({ status: 0, talk: "" });
    expect((await trapline(["convert", "-", at("three")], { input: json })).status).toBe(0);
    expect(readFileSync(at("three")).equals(readFileSync(at("one.txt")))).toBe(true);
  });

  test("a damaged trace: what is intact is converted, what is lost is told, status 1", async () => {
    const { status, talk } = await trapline(["convert", at("damaged"), at("rest.jsonl")]);
    expect(status).toBe(1);
    expect(talk).toContain(`damaged: is damaged: chunk 1 is lost (faults 10 to 19; bytes ${second} to ${second + parts[2]!.length - 1}: its checksum is wrong)`);
    expect(readFileSync(at("rest.jsonl"), "utf8").split("\n").length).toBe(1 + 20 + 1);
  });

  test("what is no trace is refused and leaves nothing", async () => {
    const { status, talk } = await trapline(["convert", "-", at("none")], { input: "PK\u0003\u0004" });
    expect(status).toBe(2);
    expect(talk).toMatch(/^trapline: standard input: byte 0: is not a trace; expected JSON lines \(starts with \{\) or binary trace/);
    expect(existsSync(at("none"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a trace is not replaced by itself", async () => {
    const { status, talk } = await trapline(["convert", at("whole"), at("whole")]);
    expect([status, talk]).toEqual([2, expect.stringContaining("is also an input")]);
  });
});

describe("trapline recover", () => {
  test("makes a whole trace of what is intact", async () => {
    const { status, talk } = await trapline(["recover", at("damaged"), at("recovered")]);
    expect(status).toBe(1);
    expect(talk).toContain("chunk 1 is lost (faults 10 to 19;");
    expect(talk).toContain("20 faults were kept");
    const { status: after, output } = await trapline(["replay", at("recovered")]);
    expect([after, indices(output)]).toEqual([0, range(0, 20)]);
  });

  test("of one that was cut off it keeps the chunks before", async () => {
    const { status, talk } = await trapline(["recover", at("cut"), at("recovered-cut")]);
    expect([status, talk]).toEqual([1, expect.stringContaining("20 faults were kept")]);
    expect((await trapline(["replay", at("recovered-cut")])).status).toBe(0);
  });

  test("of a whole one nothing is lost", async () => {
    expect(await trapline(["recover", at("whole"), at("again")])).toEqual({ status: 0, output: "", talk: "30 faults, nothing was lost\n" });
  });

  test("of JSON lines it keeps what comes before the first line that can't be read", async () => {
    const { status, output, talk } = await trapline(["recover", "-", "-"], { input: `${json}{"pc":` });
    expect([status, output]).toEqual([1, json]);
    expect(talk).toContain("line 4: fault 2: the file ends in the middle of this line");
  });
});

describe("trapline replay of a damaged binary trace", () => {
  test("every intact fault has its own index, and the status is 1", async () => {
    const { status, output, talk } = await trapline(["replay", at("damaged")]);
    expect([status, indices(output)]).toEqual([1, [...range(0, 10), ...range(20, 30)]]);
    expect(talk).toContain("chunk 1 is lost (faults 10 to 19;");
  });
});
