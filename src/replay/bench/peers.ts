import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InstructionSet } from "../../model/architecture.ts";
import type { Fault } from "../../model/fault.ts";
import type { Isa } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import type { Competitor, Counts, Lap } from "./measure.ts";

/** Other decoders, in the same run. */
export interface Peers {
  readonly competitors: readonly Competitor[];
  /** One line for each that does not take part. */
  readonly absent: readonly string[];
}

/** Faults of a batch: these decoders take microseconds. */
const BATCH = 64;
/** Faults of a pass with capstone-wasm, which takes longest. */
const CAPSTONE_FAULTS = 512;
/** Instructions after which a handle is replaced: one in long use was seen to crash. */
const HANDLE_LIFETIME = 4000;
/** Bits of memory addresses that capstone's binding takes. */
const ADDRESS_MASK = 0xffff_ffffn;

const CAPSTONE: Readonly<Record<InstructionSet, { readonly architecture: string; readonly modes: readonly string[] } | undefined>> = {
  "x86-64": { architecture: "CS_ARCH_X86", modes: ["CS_MODE_64"] },
  a64: { architecture: "CS_ARCH_ARM64", modes: [] },
  a32: { architecture: "CS_ARCH_ARM", modes: ["CS_MODE_ARM", "CS_MODE_V8"] },
  t32: { architecture: "CS_ARCH_ARM", modes: ["CS_MODE_THUMB", "CS_MODE_V8"] },
  rv64: undefined,
};

/** The peers that know the instruction set, over these faults. */
export async function peersFor(isa: Isa, faults: readonly Fault[]): Promise<Peers> {
  const found = await Promise.all([capstonePeer(isa, faults), icedPeer(isa, faults)]);
  return { competitors: found.filter((each) => typeof each !== "string"), absent: found.filter((each) => typeof each === "string") };
}

async function capstonePeer(isa: Isa, all: readonly Fault[]): Promise<Competitor | string> {
  const library = await import("capstone-wasm").catch(() => undefined);
  if (library === undefined) return "capstone-wasm: not installed";
  const step = Math.max(1, all.length / CAPSTONE_FAULTS);
  const faults = Array.from({ length: Math.min(CAPSTONE_FAULTS, all.length) }, (_, index) => all[Math.floor(index * step)]!);
  const sets = faults.map(({ registers }) => isa.instructionSet(registers));
  if (sets.some((set) => set instanceof Refusal || CAPSTONE[set] === undefined)) return `capstone-wasm: this build knows no ${isa.architecture}`;
  await library.loadCapstone();
  const handles = new Map<InstructionSet, InstanceType<typeof library.Capstone>>();
  let used = 0;
  const handleOf = (set: InstructionSet): InstanceType<typeof library.Capstone> => {
    if (++used % HANDLE_LIFETIME === 0) {
      for (const each of handles.values()) each.close();
      handles.clear();
    }
    let handle = handles.get(set);
    if (handle === undefined) {
      const { architecture, modes } = CAPSTONE[set]!;
      handle = new library.Capstone(library.Const[architecture]!, modes.reduce((sum, mode) => sum | library.Const[mode]!, 0));
      handles.set(set, handle);
    }
    return handle;
  };
  const decodes = ({ bytes, pc }: Fault, set: InstructionSet): boolean => {
    try {
      return handleOf(set).disasm(bytes, { address: Number(pc & ADDRESS_MASK), count: 1 }).length === 1;
    } catch {
      // This is how it says that it knows no such instruction.
      return false;
    }
  };
  return {
    name: "capstone-wasm",
    does: "decode to text",
    faults: faults.length,
    batch: BATCH,
    words: ["decoded", "unknown"],
    pass: (lap) => eachInBatches(faults.length, (index) => decodes(faults[index]!, sets[index] as InstructionSet), lap),
  };
}

async function icedPeer(isa: Isa, faults: readonly Fault[]): Promise<Competitor | string> {
  if (isa.architecture !== "x86-64") return `iced-x86: decodes x86 only`;
  const iced = await import("iced-x86").catch(() => undefined);
  if (iced === undefined) return "iced-x86: not installed (npm install iced-x86)";
  // Nothing but the instructions, one after another: what it likes best.
  const parts = faults.map(({ bytes }) => {
    const instruction = isa.decode(bytes, "x86-64");
    return instruction instanceof Refusal ? bytes : bytes.subarray(0, instruction.length);
  });
  const bytes = Buffer.concat(parts);
  const instruction = new iced.Instruction();
  return {
    name: "iced-x86",
    does: "decode, and read 8 fields that an emulator needs",
    faults: faults.length,
    batch: BATCH,
    words: ["decoded", "unknown"],
    pass(lap) {
      const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
      const counts = eachInBatches(
        faults.length,
        () => {
          decoder.decodeOut(instruction);
          const { code, length, op0Kind, op0Register, memoryBase, memoryIndex, memoryIndexScale, memorySize } = instruction;
          return code !== 0 && length + op0Kind + op0Register + memoryBase + memoryIndex + memoryIndexScale + memorySize > 0;
        },
        lap,
      );
      decoder.free();
      return counts;
    },
  };
}

/** Does it for each fault, counts where it succeeds, and stops after each batch. */
export function eachInBatches(faults: number, does: (index: number) => boolean, lap: Lap, batch = BATCH): Counts {
  let done = 0;
  for (let from = 0; from < faults; from += batch) {
    const to = Math.min(from + batch, faults);
    for (let index = from; index < to; index++) if (does(index)) done++;
    lap(to - from);
  }
  return { done, not: faults - done };
}

/** Version of an installed package; undefined if it is not there. */
export function packageVersionOf(name: string): string | undefined {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve(name)));
  } catch {
    return undefined;
  }
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) return undefined;
    folder = dirname(folder);
  }
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version?: string }).version;
}
