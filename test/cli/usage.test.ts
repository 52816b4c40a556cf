import { describe, expect, test } from "vitest";
import { trapline } from "../support/terminal.ts";

describe("help", () => {
  test("lists the commands and the exit statuses, with examples", async () => {
    const { status, output, talk } = await trapline(["--help"]);
    expect(status).toBe(0);
    expect(talk).toBe("");
    for (const command of ["replay", "verify", "decode", "import", "explain", "summary"]) expect(output).toContain(`  ${command} `);
    expect(output).toContain("Exit status: 0 all well");
    expect(output).toContain("Examples:");
  });

  test.each(["replay", "verify", "decode", "import", "explain", "summary"])("of %s has examples", async (command) => {
    const { status, output } = await trapline([command, "--help"]);
    expect(status).toBe(0);
    expect(output).toContain("Examples:\n  $ trapline ");
    expect(await trapline(["help", command])).toEqual({ status, output, talk: "" });
  });

  test("without a command is on standard error, and wrong usage", async () => {
    const { status, output, talk } = await trapline([]);
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toContain("Usage: trapline");
  });

  test("the version", async () => expect((await trapline(["--version"])).output).toMatch(/^\d+\.\d+\.\d+\n$/));
});

describe("wrong usage is one line on standard error, and status 2", () => {
  test.each([
    [["replya", "x"], "unknown command 'replya' (Did you mean replay?)"],
    [["replay"], "missing required argument 'trace'"],
    [["replay", "a", "b"], "too many arguments"],
    [["replay", "x", "--atomic", "split"], "unknown option '--atomic' (Did you mean --atomics?)"],
    [["replay", "x", "--atomics", "maybe"], "option '--atomics <policy>' argument 'maybe' is invalid. Allowed choices are refuse, split."],
    [["replay", "x", "--user-mode", "no"], "Allowed choices are refuse, allow."],
    [["decode", "00"], "required option '--arch <arch>' not specified"],
    [["decode", "--arch", "arch64", "00"], "Did you mean aarch64? Known are x86-64, aarch64, arm, riscv64."],
    [["decode", "--arch", "amd64", "00"], "Did you mean x86-64?"],
    [["decode", "--arch", "z80", "00"], "is invalid. Known are x86-64, aarch64, arm, riscv64."],
    [["decode", "--arch", "aarch64"], "decode needs instruction bytes, e.g. trapline decode --arch aarch64 014440b8, or --json FILE"],
    [["decode", "--arch", "aarch64", "00", "--json", "-"], "decode takes either bytes or --json FILE, not both"],
    [["decode", "--arch", "aarch64", "--thumb", "00"], "--thumb is for --arch arm; the architecture is aarch64"],
    [["decode", "--arch", "aarch64", "0144q"], "argument 0144q: expected instruction bytes as hex, got 0144q"],
    [["decode", "--arch", "aarch64", "014"], "argument 014: expected two hex digits a byte, got an odd number of digits: 014"],
    [["decode", "--arch", "x86-64", "0x8b07"], "argument 0x8b07: expected hex digits without 0x, in memory order, got 0x8b07"],
    [["decode", "--arch", "aarch64", "0x8b07"], "0x is for a word of 8 digits, got 0x8b07"],
    [["replay", "/nowhere/trace.jsonl"], "/nowhere/trace.jsonl: no such file or directory"],
    [["verify", "/"], "/: is a directory; expected a file"],
    [["decode", "--arch", "arm", "--json", "/nowhere"], "/nowhere: no such file or directory"],
  ] as const)("%j", async (words, message) => {
    const { status, output, talk } = await trapline(words);
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toMatch(/^trapline: [^\n]+\n$/);
    expect(talk).toContain(message);
  });
});
