// A prototype of `trapline bench`: a whole fault on the fast path against the memory-touch floor, in one run. Start it with
// `npx jiti bench/fastpath.ts [TRACE.jsonl]`.
import { createReadStream, readFileSync } from "node:fs";
import { Const, Capstone, loadCapstone } from "capstone-wasm";
import { AArch64FastPath } from "../src/fastpath/aarch64.ts";
import { Kernel } from "../src/fastpath/kernel.ts";
import { AARCH64 } from "../src/isa/aarch64/index.ts";
import { FLAG, type FaultColumns, RESPONSES_SHIFT } from "../src/model/fault-columns.ts";
import type { Fault } from "../src/model/fault.ts";
import { buildFastPath, compile } from "../scripts/build-fastpath.mjs";
import { readTrace } from "../src/trace/read.ts";
import { columnsOf } from "../test/support/fault-columns.ts";
import { reference } from "../test/support/fast-path.ts";
import { shuffledA64 } from "./support/shuffled.ts";
import { type Competitor, consumed, time } from "./support/timing.ts";

const NO_FACTS = { windows: [] };
await buildFastPath();
const module = readFileSync(new URL("../dist/src/fastpath/kernel.wasm", import.meta.url));
const floorModule = await compile("bench/assembly/floor.ts");
await loadCapstone();

const path = process.argv[2] ?? new URL("../traces/aarch64/program-uart-gcc.jsonl", import.meta.url).pathname;
const recorded: Fault[] = [];
for await (const { fault } of (await readTrace(createReadStream(path), async () => AARCH64.registers)).records) recorded.push(fault);
const hot = Array.from({ length: 4096 }, (_, index) => recorded[index % recorded.length]!);

const starts: number[] = [];
for (let round = 0; round < 20; round++) {
  const start = performance.now();
  const { forms } = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
  starts.push(performance.now() - start);
  if (forms.length === 0) throw new Error("the fast path has no form");
}
console.log(`start-up: first ${starts[0]!.toFixed(2)} ms, median ${starts.toSorted((a, b) => a - b)[10]!.toFixed(2)} ms`);

const probe = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
for (const [name, faults] of [
  ["hot", hot],
  ["shuffled", shuffledA64(probe.forms, 4096, 1)],
] as const) {
  const [columns] = await columnsOf(AARCH64.registers, faults.map((fault) => ({ fault, unknown: undefined })));
  run(name, faults, columns!);
}
console.log(`(${consumed()})`);

function run(name: string, faults: readonly Fault[], columns: FaultColumns): void {
  const fastPath = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
  const floor = new Kernel(floorModule);
  const touch = floor.routine<(from: number, to: number) => number>("floor");
  floor.load(columns);
  // The floor has the bytes copied into its memory as the fast path has, and nothing else prepared.
  const copied = floor.reserve(columns.bytes.length);
  fastPath.load(columns);
  const expected = fastPath.run(0, columns.count);
  const widths = Object.entries(columns).filter(([, each]) => typeof each === "object" && "width" in each);
  console.log(`${name}: ${faults.length} faults, ${expected.emulated} emulated, ${expected.declined} declined; widths ${widths.map(([key, each]) => `${key} ${(each as { width: number }).width}`).join(", ")}`);
  console.log(`${((columns.values.count * columns.values.width) / 8 / faults.length).toFixed(2)} register changes a fault`);

  const single = new AArch64FastPath(module, { guest: NO_FACTS, userMode: "refuse" });
  const { word, flags, gpa, gvaOffset, pc, responses } = single.prepareSingle();
  const sample = faults[1]!;
  for (let register = 0; register < 33; register++) single.kernel.registers[register] = sample.registers.get(register)!;
  word[0] = new DataView(sample.bytes.buffer, sample.bytes.byteOffset).getUint32(0, true);
  flags[0] = FLAG.direction | (sample.write === true ? FLAG.write : 0) | FLAG.gpa | FLAG.gva | (2 << RESPONSES_SHIFT);
  gpa[0] = sample.gpa!;
  gvaOffset[0] = sample.gva! - sample.gpa!;
  pc[0] = sample.pc;
  responses.set([1n, 2n]);
  if (single.single() === 0) throw new Error("the single fault is declined");

  let decoder: Capstone | undefined;
  const competitors: Competitor[] = [
    { name: "copy", faults: faults.length, pass: () => (copied.set(columns.bytes), 1) },
    { name: "floor", faults: faults.length, pass: () => (copied.set(columns.bytes), touch(0, columns.count)) },
    { name: "load", faults: faults.length, pass: () => (fastPath.load(columns), 1) },
    {
      name: "whole fault",
      faults: faults.length,
      pass: () => {
        fastPath.load(columns);
        const { emulated } = fastPath.run(0, columns.count);
        if (emulated !== expected.emulated) throw new Error(`${emulated} emulated, not ${expected.emulated}`);
        return emulated;
      },
    },
    {
      name: "single call",
      faults: 1000,
      pass: () => {
        let sum = 0;
        for (let call = 0; call < 1000; call++) sum += single.single();
        return sum;
      },
    },
    {
      name: "capstone-wasm decode",
      faults: 64,
      pass: () => {
        decoder ??= new Capstone(Const["CS_ARCH_ARM64"]!, Const["CS_MODE_LITTLE_ENDIAN"]!);
        let sum = 0;
        for (let index = 0; index < 64; index++) sum += decoder.disasm(faults[index]!.bytes, { address: 0x1000 }).length;
        return sum;
      },
    },
    {
      name: "reference (decode + emulate)",
      faults: 256,
      pass: () => {
        for (let index = 0; index < 256; index++) reference(AARCH64, faults[index]!, NO_FACTS);
        return 1;
      },
    },
  ];
  const timings = time(competitors, 41);
  for (const { name: label, median, low, high } of timings) console.log(`  ${label.padEnd(30)} ${median.toFixed(2).padStart(10)} ns  (${low.toFixed(2)}–${high.toFixed(2)})`);
  const of = (label: string): number => timings.find((each) => each.name === label)!.median;
  const load = of("load");
  const whole = of("whole fault");
  console.log(`  whole fault ÷ floor: ${(whole / of("floor")).toFixed(2)}; after loading ${((whole - load) / (of("floor") - of("copy"))).toFixed(2)}`);
  console.log(`  single ÷ batch ${(of("single call") / whole).toFixed(2)}, capstone ÷ ours ${(of("capstone-wasm decode") / whole).toFixed(0)}, reference ÷ ours ${(of("reference (decode + emulate)") / whole).toFixed(0)}`);
}
