import type { Policy } from "../../emulate/policy.ts";
import type { FastPath } from "../../fastpath/fast-path.ts";
import type { Handler } from "../../handler.ts";
import type { Isa } from "../../model/instruction.ts";
import { Refusal } from "../../model/refusal.ts";
import { openFastPath } from "../fast-path.ts";
import { Floor } from "./floor.ts";
import { RECORDED_ANSWERS } from "../recorded-answers.ts";
import { replayFault } from "../replay.ts";
import type { Competitor } from "./measure.ts";
import { compiledAnew } from "./fresh.ts";
import { eachInBatches, peersFor } from "./peers.ts";
import { callLoop, singleCall } from "./single.ts";
import { chunksOf } from "../../trace/columnar/chunks-of.ts";
import { BLOCK_FAULTS } from "../../trace/record.ts";
import type { Subject } from "./subject.ts";

/** Names of those that ratios are made of. */
export const NAMES = {
  floor: "memory-touch floor",
  fast: "fast path, batch",
  single: "fast path, single call",
  decode: "reference, decode",
  reference: "reference, whole fault",
  capstone: "capstone-wasm",
  iced: "iced-x86",
} as const;

/** Faults of a batch of those that take nanoseconds, so that the clock does not count, and of the others. */
const FAST_BATCH = 256;
const SLOW_BATCH = 64;
/** Calls of a pass. */
const SINGLE_CALLS = 4096;
/** Faults that are tried for a single call. */
const SINGLE_TRIALS = 64;

export interface Setup {
  readonly isa: Isa;
  readonly policy: Policy;
  readonly handler: Handler;
}

/**
 * Everybody who can do something with the faults of a subject, and who can't. Each WebAssembly module has a memory of its own. `others`: the
 * decoders of others, too.
 */
export async function competitorsFor(subject: Subject, setup: Setup, others = true): Promise<{ readonly competitors: Competitor[]; readonly absent: string[] }> {
  const { isa, policy } = setup;
  const open = (): Promise<FastPath> => openFastPath(isa.architecture, { guest: subject.guest, userMode: policy.userMode });
  const fastPath = await open();
  const faults = subject.sample.map(({ fault }) => fault);
  const { competitors: peers, absent } = others ? await peersFor(isa, faults) : { competitors: [], absent: [] };
  const competitors: Competitor[] = [];
  const notes = [...absent];
  competitors.push(await floorOf(subject), batchOf(subject, fastPath));
  const single = await singleOf(subject, open);
  if (single === undefined) notes.push("fast path, single call: no fault of the sample can be given to it");
  else competitors.push(single);
  competitors.push(decodeOf(subject, setup), referenceOf(subject, setup, RECORDED_ANSWERS, NAMES.reference));
  competitors.push(referenceOf(subject, setup, setup.handler, `reference, handler ${setup.handler.name}`), ...peers);
  return { competitors, absent: notes };
}

/** What a whole fault reads and writes at least, see {@link Floor}. */
async function floorOf({ chunks, faults }: Subject): Promise<Competitor> {
  const floor = await Floor.open(chunks.map(({ hot }) => hot));
  return {
    name: NAMES.floor,
    does: "read each column, write the registers and a record",
    faults,
    // It has no cursors to go on from in the middle of a chunk.
    batch: BLOCK_FAULTS,
    pass(lap) {
      chunks.forEach(({ hot: { count } }, chunk) => {
        floor.touch(chunk);
        lap(count);
      });
      return { done: faults, not: 0 };
    },
  };
}

/** A pass loads each chunk, which sets the registers to those of its first fault, and runs it. */
function batchOf({ chunks, faults }: Subject, fastPath: FastPath): Competitor {
  const held = fastPath.kernel.hold(chunks.map(({ hot }) => hot));
  return {
    name: NAMES.fast,
    does: "load a chunk, then whole faults in batches; the first batch of a chunk has its loading",
    faults,
    batch: FAST_BATCH,
    words: ["emulated", "declined"],
    pass(lap) {
      let done = 0;
      for (const hot of held) {
        fastPath.load(hot);
        done += fastPath.run(0, hot.count).emulated;
        lap(hot.count);
      }
      return { done, not: faults - done };
    },
    passInBatches(lap) {
      let done = 0;
      for (const hot of held) {
        fastPath.load(hot);
        for (let from = 0; from < hot.count; from += FAST_BATCH) {
          const to = Math.min(from + FAST_BATCH, hot.count);
          done += fastPath.run(from, to).emulated;
          lap(to - from);
        }
      }
      return { done, not: faults - done };
    },
  };
}

/** The same fault, already in the kernel's memory, again and again: the first of the sample that the fast path takes. */
async function singleOf({ sample, registers }: Subject, open: () => Promise<FastPath>): Promise<Competitor | undefined> {
  const [fastPath, batch] = [await open(), await open()];
  for (const record of sample.slice(0, SINGLE_TRIALS)) {
    // A single call takes all registers as captured: it must be a fault that needs no other.
    for await (const { hot } of chunksOf(registers, [record])) batch.load(hot);
    if (batch.run(0, 1).emulated === 0) continue;
    const call = singleCall(fastPath, record.fault);
    if (call === undefined || call() === 0) continue;
    const loop = callLoop(call);
    return {
      name: NAMES.single,
      does: "one call a fault, the same fault again and again, already in the kernel's memory",
      faults: SINGLE_CALLS,
      batch: FAST_BATCH,
      words: ["emulated", "declined"],
      pass(lap) {
        let done = 0;
        for (let left = SINGLE_CALLS; left > 0; left -= FAST_BATCH) {
          done += loop(FAST_BATCH);
          lap(FAST_BATCH);
        }
        return { done, not: SINGLE_CALLS - done };
      },
    };
  }
  return undefined;
}

/**
 * The reference's decoder alone: the rows of the table, nothing remembered. Its bytes lie side by side, as those of other decoders do: the
 * sample's lie far apart among the captured registers, which a decoder never looks at, and after the passes of the others the time would be
 * that of fetching them from memory.
 */
function decodeOf({ sample }: Subject, { isa }: Setup): Competitor {
  const codes = sample.flatMap(({ fault: { bytes, registers } }) => {
    const set = isa.instructionSet(registers);
    return set instanceof Refusal ? [] : [{ bytes: Uint8Array.from(bytes), set }];
  });
  const loop = compiledAnew<(from: number, to: number) => number>(
    "function decodes(from, to) { let done = 0; for (let at = from; at < to; at++) if (!(isa.decode(codes[at].bytes, codes[at].set) instanceof Refusal)) done++; return done; }",
    { isa, codes, Refusal },
  );
  return {
    name: NAMES.decode,
    does: "decode by the instruction table",
    faults: codes.length,
    batch: SLOW_BATCH,
    words: ["decoded", "unknown"],
    pass(lap) {
      let done = 0;
      for (let from = 0; from < codes.length; from += SLOW_BATCH) {
        const to = Math.min(from + SLOW_BATCH, codes.length);
        done += loop(from, to);
        lap(to - from);
      }
      return { done, not: codes.length - done };
    },
  };
}

function referenceOf({ sample, guest }: Subject, { isa, policy }: Setup, handler: Handler, name: string): Competitor {
  const setup = { isa, guest, policy, handler };
  return {
    name,
    does: handler === RECORDED_ANSWERS ? "checks, decoding, emulation; no hypercall" : `checks, decoding, emulation, hypercalls of ${handler.name}`,
    faults: sample.length,
    batch: SLOW_BATCH,
    words: ["emulated", "refused"],
    pass: (lap) => eachInBatches(sample.length, (index) => replayFault(sample[index]!.fault, setup).outcome.kind === "emulated", lap, SLOW_BATCH),
  };
}
