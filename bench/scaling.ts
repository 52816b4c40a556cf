// What a fault costs in traces of 10,000 faults and more, in time and memory: through the fast path alone, and through the command
// `trapline replay` with one thread and with two. Each in a process of its own. `npm run bench:scaling -- [MOST] [MOST-FOR-REPLAY] [ARCHITECTURE]`;
// without them 10,000,000, 1,000,000, aarch64. Ten million faults take half a gigabyte in the folder for temporary files.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ARCHITECTURES } from "../dist/src/model/architecture.js";
import { thisMachine } from "../dist/src/replay/bench/machine.js";
import { generated } from "../dist/src/replay/bench/inputs.js";
import { machineLines } from "../dist/src/report/bench/text.js";
import { layOut } from "../dist/src/report/table.js";
import { count } from "../dist/src/report/tally.js";
import { columnar } from "../dist/src/trace/columnar/codec.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const [most = 1e7, mostForReplay = 1e6] = process.argv.slice(2, 4).map(Number);
const architecture = ARCHITECTURES.find((name) => name === process.argv[4]) ?? "aarch64";
const folder = mkdtempSync(join(tmpdir(), "trapline-scaling-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Tells what the process took when it ends: processor time in microseconds, most memory in kilobytes. */
const METER = 'import { writeFileSync } from "node:fs"; process.on("exit", () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); writeFileSync(process.env.METER_FILE, JSON.stringify({ processor: userCPUTime + systemCPUTime, memory: maxRSS })); });';

interface Cost {
  /** Nanoseconds. */
  readonly wall: number;
  readonly processor: number;
  /** Bytes. */
  readonly memory: number;
  readonly output: string;
}

function run(words: readonly string[]): Cost {
  const meter = join(folder, "meter");
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(METER)}`, ...words], {
    encoding: "utf8",
    env: { ...process.env, METER_FILE: meter },
  });
  const wall = Number(process.hrtime.bigint() - start);
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}: ${stderr}`);
  const { processor, memory } = JSON.parse(readFileSync(meter, "utf8")) as { processor: number; memory: number };
  return { wall, processor: 1000 * processor, memory: 1024 * memory, output: stdout };
}

async function write(path: string, faults: number): Promise<void> {
  const { header, registers, records } = await generated(architecture, faults, 1);
  const encoder = columnar.encoder(registers);
  const file = openSync(path, "w");
  writeSync(file, encoder.header(header));
  for (const record of records) {
    const bytes = encoder.record(record);
    if (bytes.length > 0) writeSync(file, bytes);
  }
  writeSync(file, encoder.end());
  closeSync(file);
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const each = (nanoseconds: number, faults: number): string => `${(nanoseconds / faults / 1000).toFixed(2)} µs`;
const rows: string[][] = [];
for (let faults = 1e4; faults <= most; faults *= 10) {
  const path = join(folder, "trace");
  await write(path, faults);
  const fast = run([join(root, "bench/support/run-file.mjs"), path]);
  const { emulated, nanoseconds, processor } = JSON.parse(fast.output) as { emulated: number; nanoseconds: number; processor: number };
  if (emulated !== faults) throw new Error(`${emulated} of ${faults} faults were emulated`);
  const row = [count(faults), megabytes(statSync(path).size), `${nanoseconds.toFixed(0)} ns`, `${processor.toFixed(0)} ns`, megabytes(fast.memory)];
  if (faults <= mostForReplay) {
    const replay = ["replay", path, "-o", "/dev/null"];
    const [one, two] = [run([join(root, "dist/src/cli/main.js"), ...replay]), run([join(root, "dist/src/cli/main.js"), ...replay, "--jobs", "2"])];
    row.push(each(one.wall, faults), each(one.processor, faults), megabytes(one.memory), each(two.wall, faults), megabytes(two.memory), (one.wall / two.wall).toFixed(2));
  }
  rows.push(row);
  console.error(`${count(faults)} faults done`);
}
const titles = ["faults", "file", "fast path", "processor time", "memory", "replay", "processor time", "memory", "replay --jobs 2", "memory", "speed-up"];
console.log([...machineLines(thisMachine()), `${architecture}, generated, seed 1; a fault each; replay with its start-up, the fast path without`, ...layOut(titles.map((title) => ({ title, align: "right" })), rows)].join("\n"));
