import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { trapline } from "../support/terminal.ts";
import { BUNDLED, fault, header, trace, traceFiles } from "../support/traces.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);

function written(name: string, text: string): string {
  writeFileSync(path(name), text);
  return path(name);
}

const lines = (text: string) => text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);

const GOOD = trace(header(), fault(), fault({ reads: [] }), fault());

describe("replay", () => {
  test("writes a line for each fault, in order, and ends with 1 if one was refused", async () => {
    const { status, output, talk } = await trapline(["replay", written("t", GOOD)]);
    expect(status).toBe(1);
    expect(lines(output).map(({ index, status: each, reason }) => [index, each, reason])).toEqual([
      [0, "emulated", undefined],
      [1, "refused", "missing-read"],
      [2, "emulated", undefined],
    ]);
    expect(talk).toBe("3 faults: 2 emulated, 1 (missing-read 1) refused\n");
  });

  test("the output is the contract's, byte for byte, with the handler's record", async () => {
    const { status, output } = await trapline(["replay", written("t", trace(header(), fault()))]);
    expect(status).toBe(0);
    expect(output).toMatch(
      /^\{"index":0,"pc":"0x1000","status":"emulated","form":"[^"]+","calls":\[\{"write":false,"gpa":"0xa000010","size":4,"value":"0xcafe"\}\],"after":\{"pc":"0x1004","regs":\{"x0":"0x40000014","x1":"0xcafe"\},"memory":\[\]\},"records":\[\{.+\}\]\}\n$/,
    );
  });

  test("from standard input to a file", async () => {
    expect(await trapline(["replay", "-", "-o", path("out")], { input: GOOD })).toMatchObject({ status: 1, output: "" });
    expect(lines(readFileSync(path("out"), "utf8"))).toHaveLength(3);
  });

  test("a trace without faults is replayed", async () => {
    expect(await trapline(["replay", written("t", trace(header()))])).toEqual({ status: 0, output: "", talk: "0 faults: 0 emulated, 0 refused\n" });
  });

  test("--atomics, --user-mode and --handler", async () => {
    const atomic = written("atomic", trace(header(), fault({ insn: "037ca288", regs: { x0: "0x40000010", x2: "0x1", x3: "0x9" }, fault: { gpa: "0xa000010", gva: "0x40000010", write: true } })));
    expect((await trapline(["replay", atomic])).status).toBe(1);
    expect((await trapline(["replay", atomic, "--atomics", "split"])).status).toBe(0);
    const user = written("user", trace(header(), fault({ fault: { gpa: "0xa000010", gva: "0x40000010", write: false, mode: "user" } })));
    expect((await trapline(["replay", user])).status).toBe(1);
    expect((await trapline(["replay", user, "--user-mode", "allow"])).status).toBe(0);
    const { output } = await trapline(["replay", written("t", trace(header(), fault())), "--handler", "kvm-run"]);
    expect(JSON.stringify(lines(output)[0]!["records"])).toContain('"exit_reason":6');
  });

  test("the same input gives the same bytes", async () => {
    for (const file of traceFiles(BUNDLED).filter((each) => !each.includes("program"))) {
      const first = await trapline(["replay", file]);
      expect((await trapline(["replay", file])).output).toBe(first.output);
      expect(first.output).not.toBe("");
    }
  });
});

describe("bad input: one line, status 2, nothing half-written", () => {
  test.each([
    ["an empty file", "", "is empty; expected a trace"],
    ["not a trace", "hello\n", "byte 0: is not a trace; expected "],
    ["another version", trace(header({ version: 9 })), "line 1: version: expected version 1"],
    ["an unknown architecture", trace(header({ arch: "vax" })), "line 1: arch: expected "],
    ["a line that is not JSON", trace(header(), fault(), "oops"), "line 3: fault 1: is not JSON"],
    ["a field of the wrong type", trace(header(), ...Array.from({ length: 17 }, () => fault()), fault({ regs: { x3: 12 } })), 'line 19: fault 17: regs.x3: expected a hex string "0x…", got 12'],
    ["odd hex", trace(header(), fault({ insn: "0" })), "line 2: fault 0: insn: expected two hex digits a byte"],
  ])("%s", async (_, text, message) => {
    const file = written("t", text);
    const { status, talk } = await trapline(["replay", file, "-o", path("out")]);
    expect(status).toBe(2);
    expect(talk).toMatch(/^trapline: [^\n]+\n$/);
    expect(talk).toContain(`${file}: ${message}`);
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  test("standard input is named as such", async () => {
    expect((await trapline(["replay", "-"], { input: "hello" })).talk).toContain("trapline: standard input: byte 0: is not a trace");
  });

  test("a file cut in the middle of a line: all faults before it are written, then the error", async () => {
    for (const [command, count] of [["replay", 2], ["verify", 1]] as const) {
      const { status, talk } = await trapline([command, written("t", GOOD.slice(0, -30)), "-o", path("out")]);
      expect([status, talk]).toEqual([2, `trapline: ${path("t")}: line 4: fault 2: the file ends in the middle of this line; all before it was read\n`]);
      expect(readFileSync(path("out"), "utf8").trimEnd().split("\n")).toHaveLength(count);
    }
  });

  test("an output that can't be written, a handler that can't be had: nothing is left", async () => {
    const file = written("t", GOOD);
    expect(await trapline(["replay", file, "-o", path("no/out")])).toMatchObject({ status: 2, talk: `trapline: ${path("no/out")}: can't be written: no such file or directory\n` });
    expect(await trapline(["replay", file, "-o", file])).toMatchObject({ status: 2, talk: expect.stringContaining("is also an input") as string });
    expect(await trapline(["replay", file, "-o", path("out"), "--handler", "./none.ts"])).toMatchObject({ status: 2, talk: "trapline: handler ./none.ts: no such file\n" });
    expect(await trapline(["replay", file, "-o", path("out"), "--handler", "arm-syndrom"])).toMatchObject({ status: 2, talk: expect.stringContaining("did you mean arm-syndrome?") as string });
    const throwing = written("h.mjs", 'export default { name: "h", description: "", architectures: ["aarch64"], host: () => ({}), handle() { throw new Error("oops"); } };');
    expect(await trapline(["replay", file, "-o", path("out"), "--handler", throwing])).toMatchObject({ status: 2, talk: "trapline: handler h: handle() threw Error: oops\n" });
    expect(existsSync(path("out"))).toBe(false);
    expect(readdirSync(folder).toSorted()).toEqual(["h.mjs", "t"]);
  });
});

describe("verify", () => {
  test("finds the bundled traces exact", async () => {
    for (const file of traceFiles(BUNDLED)) {
      const { status, output, talk } = await trapline(["verify", file, "--atomics", "split"]);
      expect({ file, output, talk }).toEqual({ file, output: "", talk: expect.stringMatching(/^(\d[\d,]*) faults: \1 exact, 0 different, 0 refused\n$/) as string });
      expect(status).toBe(0);
    }
  });

  test("tells each difference and each refusal, and ends with 1", async () => {
    const wrong = fault({ calls: [{ write: false, gpa: "0xa000010", size: 4, value: "0xbeef" }] });
    const { status, output, talk } = await trapline(["verify", written("t", trace(header(), fault(), wrong, fault({ reads: [] }), fault({ calls: undefined, after: undefined })))]);
    expect(status).toBe(1);
    expect(output.split("\n")).toEqual([
      expect.stringMatching(/^fault 1: LDR.* at 0x1000: accesses: read 4 at 0xa000010 0xcafe, and the machine made read 4 at 0xa000010 0xbeef$/) as string,
      expect.stringMatching(/^fault 2: refused, missing-read: LDR.* \(bytes 014440b8\) at 0x1000: /) as string,
      "",
    ]);
    expect(talk).toBe("4 faults: 1 exact, 1 different, 1 (missing-read 1) refused, 1 emulated without a truth to compare with\n");
  });
});

describe("summary", () => {
  test("without arguments replays the bundled traces", async () => {
    const { status, output, talk } = await trapline(["summary", "--atomics", "split"]);
    expect([status, talk]).toEqual([0, ""]);
    expect(output.split("\n").filter((line) => /all [\d,]+ exact/.test(line))).toHaveLength(traceFiles(BUNDLED).length + 1);
  });

  test("of one's own, coloured on a terminal", async () => {
    const file = written("mine.jsonl", GOOD);
    const { status, output } = await trapline(["summary", file], { tty: true });
    expect(status).toBe(1);
    expect(output).toContain("\u001b[1maarch64 → arm-syndrome");
    expect((await trapline(["summary", file], { tty: true, environment: { NO_COLOR: "1" } })).output).not.toContain("\u001b");
  });
});
