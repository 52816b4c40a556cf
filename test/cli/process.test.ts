// The built command as a process of its own: pipes, memory, start-up. Needs dist/ (`npm ci` or `npm run build` writes it).
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fault, header, readText, trace, traceFiles, BUNDLED } from "../support/traces.ts";

const COMMAND = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const TRACE = join(BUNDLED, "aarch64/pairs.jsonl");
const built = existsSync(COMMAND);
if (!built) console.log("test/cli/process.test.ts: skipped, dist/ is not built: npm run build");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-process-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(words: readonly string[], options: { input?: string; shell?: string } = {}) {
  const { status, stdout, stderr } =
    options.shell === undefined
      ? spawnSync(process.execPath, [COMMAND, ...words], { encoding: "utf8", input: options.input ?? "" })
      : spawnSync("bash", ["-o", "pipefail", "-c", options.shell], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** A trace of many faults, written in pieces. */
async function bigTrace(path: string, count: number): Promise<void> {
  const [first, ...records] = readText(traceFiles(BUNDLED).find((file) => file.endsWith("aarch64/program-gic-gcc.jsonl"))!).trimEnd().split("\n");
  const stream = createWriteStream(path);
  stream.write(`${first}\n`);
  const block = `${records.join("\n")}\n`;
  for (let written = 0; written < count; written += records.length) {
    if (!stream.write(block)) await new Promise((drained) => stream.once("drain", () => drained(undefined)));
  }
  stream.end();
  await finished(stream);
}

/** Writes the processor time of the process to a file when it ends: on a busy machine the clock on the wall says nothing. */
const METER = 'import { writeFileSync } from "node:fs"; process.on("exit", () => { const { user, system } = process.cpuUsage(); writeFileSync(process.env.METER_FILE, String(user + system)); });';

/** Least processor time of three runs, in milliseconds. */
function cost(words: readonly string[]): number {
  const times = [1, 2, 3].map(() => {
    const file = join(folder, "meter");
    spawnSync(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(METER)}`, ...words], { stdio: "ignore", env: { ...process.env, METER_FILE: file } });
    return Number(readText(file)) / 1000;
  });
  return Math.min(...times);
}

/** URLs of all modules that the command loads. */
function modules(words: readonly string[]): string[] {
  const coverage = mkdtempSync(join(folder, "coverage-"));
  spawnSync(process.execPath, [COMMAND, ...words], { stdio: "ignore", env: { ...process.env, NODE_V8_COVERAGE: coverage } });
  return readdirSync(coverage).flatMap((file) => (JSON.parse(readText(join(coverage, file))) as { result: { url: string }[] }).result.map(({ url }) => url));
}

/** Most memory that a replay of the trace has resident at a time, in MB. */
async function peak(path: string): Promise<number> {
  const child = spawn(process.execPath, ["--max-old-space-size=200", COMMAND, "replay", path, "-o", "/dev/null"], { stdio: "ignore" });
  let most = 0;
  const timer = setInterval(() => {
    if (existsSync(`/proc/${child.pid}/status`)) most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readText(`/proc/${child.pid}/status`))?.[1] ?? 0) / 1024);
  }, 20);
  const status = await new Promise<number | null>((exited) => child.on("exit", exited));
  clearInterval(timer);
  if (status !== 0) throw new Error(`replay ended with ${status}`);
  return most;
}

describe.skipIf(!built)("the command as a process", () => {
  test("starts in little more time than node itself", () => {
    expect(cost([COMMAND, "--help"]) - cost(["-e", "0"])).toBeLessThan(200);
  });

  test.each([
    [["--help"], ["capstone", "valibot", "msgpackr", "jiti", "/src/isa/", "/src/emulate/"]],
    [["replay", traceFiles(join(BUNDLED, "aarch64"))[0]!, "-o", "/dev/null"], ["capstone", "jiti", "/src/isa/x86-64/", "/src/isa/arm/", "/src/isa/riscv64/"]],
    [["decode", "--arch", "riscv64", "--json", "/dev/null"], ["capstone", "jiti", "/src/emulate/", "/src/isa/x86-64/"]],
  ])("%j loads only what it needs", (words, unwanted) => {
    const loaded = modules(words);
    expect(loaded.some((url) => url.endsWith("dist/src/cli/main.js"))).toBe(true);
    expect(loaded.filter((url) => unwanted.some((part) => url.includes(part)))).toEqual([]);
  });

  test("a closed pipe ends it quietly", async () => {
    const path = join(folder, "pipe.jsonl");
    await bigTrace(path, 2500);
    for (const words of ["replay", "replay --handler kvm-run"]) {
      const { stdout, stderr } = run([], { shell: `"${process.execPath}" "${COMMAND}" ${words} "${path}" | head -n 1` });
      expect({ words, lines: stdout.split("\n").length, stderr }).toEqual({ words, lines: 2, stderr: "" });
    }
    const hex = join(folder, "hex");
    writeFileSync(hex, "014440b8\n".repeat(10_000));
    expect(run([], { shell: `"${process.execPath}" "${COMMAND}" decode --arch aarch64 --json "${hex}" | head -n 1` })).toMatchObject({ stderr: "" });
  });

  test.skipIf(!existsSync("/proc/self/status"))("a big trace runs in constant memory (skipped where there is no /proc)", async () => {
    const small = join(folder, "small.jsonl");
    const big = join(folder, "big.jsonl");
    await bigTrace(small, 5_000);
    await bigTrace(big, 40_000);
    const [first, second] = [await peak(small), await peak(big)];
    expect(second).toBeLessThan(250);
    expect(second - first).toBeLessThan(60);
  });

  test("a reader that never comes keeps nothing in memory: output waits", async () => {
    const path = join(folder, "slow.jsonl");
    await bigTrace(path, 30_000);
    const child = spawn(process.execPath, [COMMAND, "replay", path], { stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.pause();
    await new Promise((later) => setTimeout(later, 1500));
    const resident = existsSync(`/proc/${child.pid}/status`) ? Number(/VmRSS:\s+(\d+)/.exec(readText(`/proc/${child.pid}/status`))?.[1]) / 1024 : 0;
    expect(child.exitCode).toBeNull();
    expect(resident).toBeLessThan(200);
    child.kill("SIGKILL");
  });

  test("an interrupt leaves no unfinished output", async () => {
    const path = join(folder, "interrupted.jsonl");
    await bigTrace(path, 30_000);
    const child = spawn(process.execPath, [COMMAND, "replay", path, "-o", join(folder, "out.jsonl")], { stdio: "ignore" });
    while (!readdirSync(folder).some((name) => name.endsWith(".tmp"))) await new Promise((later) => setTimeout(later, 10));
    child.kill("SIGINT");
    const status = await new Promise((exited) => child.on("exit", exited));
    expect(status).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith(".") || name === "out.jsonl")).toEqual([]);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk is one line, whatever is written (skipped where there is no /dev/full)", () => {
    for (const words of [`replay ${TRACE}`, `replay ${TRACE} -o /dev/full`, `summary ${TRACE}`, "decode --arch aarch64 014440b8"]) {
      const { status, stderr } = run([], { shell: `"${process.execPath}" "${COMMAND}" ${words} > /dev/full` });
      expect({ words, status, stderr }).toEqual({ words, status: 2, stderr: expect.stringMatching(/^trapline: [^\n]*: can't be written: no space left on the device\n$/) as string });
    }
  });

  test("a command that fails does not wait for the end of its input", async () => {
    const child = spawn(process.execPath, [COMMAND, "replay", "-", "--handler", "nobody"], { stdio: ["pipe", "ignore", "pipe"] });
    let talk = "";
    child.stderr.on("data", (chunk: Buffer) => (talk += chunk.toString()));
    // The input stays open: nobody calls end().
    child.stdin.write(readText(TRACE));
    expect(await new Promise((exited) => child.on("close", exited))).toBe(2);
    expect(talk).toContain("handler nobody: no built-in handler of this name");
  });

  test("standard input and output, and the exit status", () => {
    expect(run(["replay", "-"], { input: trace(header(), fault()) })).toMatchObject({ status: 0, stderr: "1 fault: 1 emulated, 0 refused\n" });
    expect(run(["replay", "-"], { input: trace(header(), fault({ reads: [] })) })).toMatchObject({ status: 1 });
    expect(run(["replay", "-"], { input: "nonsense" })).toMatchObject({ status: 2, stdout: "" });
  });
});
