// A prototype of `trapline bench`: a whole fault on the fast path, for the traces of this repository and for shuffled encodings, against
// the memory-touch floor, the reference, capstone-wasm and iced-x86 in the same run. `npx jiti bench/fastpath.ts [ARCHITECTURE…]`.
import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as iced from "iced-x86";
import { buildFastPath, compile } from "../scripts/build-fastpath.mjs";
import { AArch64FastPath } from "../src/fastpath/aarch64.ts";
import type { FastPath } from "../src/fastpath/fast-path.ts";
import { Kernel } from "../src/fastpath/kernel.ts";
import { planOf } from "../src/fastpath/plan.ts";
import { PlannedFastPath } from "../src/fastpath/planned.ts";
import { AARCH64 } from "../src/isa/aarch64/index.ts";
import { RISCV64 } from "../src/isa/riscv64/index.ts";
import { X86_64 } from "../src/isa/x86-64/index.ts";
import { FLAG, type FaultColumns, RESPONSES_SHIFT } from "../src/model/fault-columns.ts";
import type { Fault } from "../src/model/fault.ts";
import { readTrace } from "../src/trace/read.ts";
import { openCapstone } from "../test/support/capstone.ts";
import { reference } from "../test/support/fast-path.ts";
import { columnsOf } from "../test/support/fault-columns.ts";
import { type Corpus, drawA64, drawRiscv, drawX86, shuffledFaults } from "./support/shuffled.ts";
import { type Competitor, consumed, time } from "./support/timing.ts";

const NO_FACTS = { windows: [] };
const SETTINGS = { guest: NO_FACTS, userMode: "refuse" } as const;
const FAULTS = 4096;
/** Faults that a slow competitor is given in a pass. */
const SLOW_FAULTS = 128;
const ROUNDS = 41;

await buildFastPath();
const module = readFileSync(new URL("../dist/src/fastpath/kernel.wasm", import.meta.url));
const floorModule = await compile("bench/assembly/floor.ts");
const capstone = { a64: await openCapstone("CS_ARCH_ARM64", "CS_MODE_LITTLE_ENDIAN"), x86: await openCapstone("CS_ARCH_X86", "CS_MODE_64") };

interface Subject extends Omit<Corpus, "accepts"> {
  readonly trace: string;
  readonly open: () => FastPath;
  readonly accepts: Corpus["accepts"];
  readonly peers: (faults: readonly Fault[]) => Competitor[];
}

const forms = new AArch64FastPath(module, SETTINGS).forms;
const capstoneDecode = (disassembler: (typeof capstone)["a64"], faults: readonly Fault[]): Competitor => ({
  name: "capstone-wasm decode",
  faults: SLOW_FAULTS,
  pass: () => faults.slice(0, SLOW_FAULTS).reduce((sum, { bytes, pc }) => sum + (disassembler.disassemble(bytes, pc & 0xffff_ffffn)?.size ?? 0), 0),
});

/** Decodes with the fields that an emulator needs, as a user of iced-x86 would. */
function icedDecode(faults: readonly Fault[]): Competitor {
  const bytes = Buffer.concat(faults.map((fault) => fault.bytes));
  const instruction = new iced.Instruction();
  return {
    name: "iced-x86 decode + fields",
    faults: faults.length,
    pass: () => {
      const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
      let sum = 0;
      while (decoder.canDecode) {
        decoder.decodeOut(instruction);
        sum += instruction.code + instruction.length + instruction.op0Kind + instruction.op0Register + instruction.memoryBase + instruction.memoryIndex + instruction.memoryIndexScale + instruction.memorySize;
      }
      decoder.free();
      return sum;
    },
  };
}

const planned = (isa: typeof X86_64) => (instruction: Parameters<Corpus["accepts"]>[0]) => planOf(instruction, isa.registers) !== undefined;
const SUBJECTS: Readonly<Record<string, Subject>> = {
  aarch64: {
    isa: AARCH64,
    set: "a64",
    draw: drawA64(forms),
    trace: "program-uart-gcc",
    open: () => new AArch64FastPath(module, SETTINGS),
    accepts: () => true,
    peers: (faults) => [capstoneDecode(capstone.a64, faults)],
  },
  "x86-64": {
    isa: X86_64,
    set: "x86-64",
    draw: drawX86,
    trace: "program-gic-gcc-general",
    open: () => new PlannedFastPath(module, X86_64, "x86-64", SETTINGS),
    accepts: planned(X86_64),
    peers: (faults) => [capstoneDecode(capstone.x86, faults), icedDecode(faults)],
  },
  riscv64: {
    isa: RISCV64,
    set: "rv64",
    draw: drawRiscv,
    trace: "program-uart-gcc",
    open: () => new PlannedFastPath(module, RISCV64, "rv64", SETTINGS),
    accepts: planned(RISCV64),
    peers: () => [],
  },
};

const wanted = process.argv.slice(2);
for (const [name, subject] of Object.entries(SUBJECTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const starts = Array.from({ length: 20 }, () => {
    const start = performance.now();
    subject.open();
    return performance.now() - start;
  });
  console.log(`${name}: start-up ${starts[0]!.toFixed(2)} ms at first, median ${starts.toSorted((first, second) => first - second)[10]!.toFixed(2)} ms`);
  const recorded: Fault[] = [];
  const path = fileURLToPath(new URL(`../traces/${name}/${subject.trace}.jsonl`, import.meta.url));
  for await (const { fault } of (await readTrace(createReadStream(path), async () => subject.isa.registers)).records) recorded.push(fault);
  await run("hot", subject, Array.from({ length: FAULTS }, (_, index) => recorded[index % recorded.length]!));
  await run("shuffled", subject, shuffledFaults(subject, FAULTS, 1));
}
console.log(`(${consumed()})`);

async function run(kind: string, subject: Subject, faults: readonly Fault[]): Promise<void> {
  const chunks = await columnsOf(subject.isa.registers, faults.map((fault) => ({ fault, unknown: undefined })));
  const columns = chunks[0]!;
  const fastPath = subject.open();
  const floor = new Kernel(floorModule);
  const touch = floor.routine<(from: number, to: number) => number>("floor");
  fastPath.load(columns);
  const expected = fastPath.run(0, columns.count);
  floor.load(columns);
  // The floor has the bytes copied into its memory as the fast path has, and nothing else prepared.
  const copied = floor.reserve(columns.bytes.length);
  const competitors: Competitor[] = [
    { name: "floor", faults: columns.count, pass: () => (copied.set(columns.bytes), touch(0, columns.count)) },
    { name: "load", faults: columns.count, pass: () => (fastPath.load(columns), 1) },
    {
      name: "whole fault",
      faults: columns.count,
      pass: () => {
        fastPath.load(columns);
        const { emulated } = fastPath.run(0, columns.count);
        if (emulated !== expected.emulated) throw new Error(`${emulated} emulated, not ${expected.emulated}`);
        return emulated;
      },
    },
    ...(fastPath instanceof AArch64FastPath ? [singleCall(subject.open() as AArch64FastPath, faults[1]!)] : []),
    ...subject.peers(faults),
    {
      name: "reference",
      faults: SLOW_FAULTS,
      pass: () => faults.slice(0, SLOW_FAULTS).reduce((sum, fault) => sum + (reference(subject.isa, fault, NO_FACTS) === undefined ? 0 : 1), 0),
    },
  ];
  const timings = time(competitors, ROUNDS);
  const bytes = columns.bytes.length / columns.count;
  console.log(` ${kind}: ${columns.count} faults, ${expected.emulated} emulated, ${expected.declined} declined; ${changesOf(columns).toFixed(2)} registers change a fault, ${bytes.toFixed(1)} bytes`);
  const whole = timings.find((each) => each.name === "whole fault")!;
  for (const { name, median, low, high } of timings) {
    console.log(`  ${name.padEnd(28)} ${median.toFixed(2).padStart(10)} ns  (quartiles ${low.toFixed(2)} and ${high.toFixed(2)}), ÷ whole fault ${(median / whole.median).toFixed(2)}, by first quartiles ${(low / whole.low).toFixed(2)}`);
  }
  const base = timings[0]!;
  console.log(`  whole fault ÷ floor: ${(whole.median / base.median).toFixed(2)}, by first quartiles ${(whole.low / base.low).toFixed(2)}`);
}

function changesOf({ values, count }: FaultColumns): number {
  return values.width === 0 ? 0 : values.count / count;
}

/** The same fault, already in the kernel's memory, over and over. */
function singleCall(fastPath: AArch64FastPath, fault: Fault): Competitor {
  const { word, flags, gpa, gvaOffset, pc, responses } = fastPath.prepareSingle();
  for (let register = 0; register < fastPath.slots.length; register++) fastPath.kernel.registers[register] = fault.registers.get(register)!;
  word[0] = new DataView(fault.bytes.buffer, fault.bytes.byteOffset).getUint32(0, true);
  flags[0] = FLAG.direction | (fault.write === true ? FLAG.write : 0) | FLAG.gpa | FLAG.gva | (2 << RESPONSES_SHIFT);
  gpa[0] = fault.gpa!;
  gvaOffset[0] = fault.gva! - fault.gpa!;
  pc[0] = fault.pc;
  responses.set([1n, 2n]);
  const { single } = fastPath;
  if (single() === 0) throw new Error("the single fault is declined");
  return {
    name: "single call",
    faults: 4096,
    pass: () => {
      let sum = 0;
      for (let call = 0; call < 4096; call++) sum += single();
      return sum;
    },
  };
}
