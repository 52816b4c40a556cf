import type { Policy } from "../../emulate/policy.ts";
import { loadIsa } from "../../isa/list.ts";
import type { FastPath } from "../../fastpath/fast-path.ts";
import type { Architecture } from "../../model/architecture.ts";
import type { FaultColumns } from "../../model/fault-columns.ts";
import { openFastPath } from "../fast-path.ts";
import { HandlerLoadError, loadHandler } from "../handlers.ts";
import { decodeChunk } from "../../trace/columnar/chunk-decoder.ts";
import { slotsOf } from "../../trace/columnar/slots.ts";
import { competitorsFor, type Setup } from "./competitors.ts";
import { benchForms } from "./forms.ts";
import { goalsOf } from "./goals.ts";
import { generated, type Input } from "./inputs.ts";
import { thisMachine } from "./machine.ts";
import { measure, spreadOf, type Spread } from "./measure.ts";
import type { BenchResult, SubjectResult } from "./result.ts";
import { sizesOf } from "./sizes.ts";
import { changesAFault, shuffled, type Subject, subjectOf } from "./subject.ts";

/** What a person may choose. */
export interface BenchOptions {
  /** Name or file; the architecture's default without it. */
  readonly handler?: string | undefined;
  readonly policy: Policy;
  readonly rounds: number;
  readonly seed: number;
  readonly forms: boolean;
  /** Faults of each trace that is generated; 0: none is. */
  readonly generate: number;
  /** Least time of a competitor in a round, in milliseconds. */
  readonly milliseconds: number;
  /** Is told what is done next. */
  readonly onStep?: ((what: string) => void) | undefined;
}

/** Faults of which sizes are taken, at most: a MessagePack object takes a while to make. */
const SIZED = 16_384;
/** Opens of the fast path that the warm start-up is the median of. */
const OPENS = 21;
/** What a long run is compared with, and how long it is. */
const SHORT = 100_000;
const LONG = 10_000_000;
const LONG_RUNS = 5;

/** Benches each of these traces as recorded and shuffled, and generated ones of the same architectures. Throws an UnstableError where answers change. */
export async function bench(inputs: readonly Input[], options: BenchOptions): Promise<BenchResult> {
  const machine = thisMachine();
  const subjects: SubjectResult[] = [];
  const forms: BenchResult["forms"][number][] = [];
  const step = (what: string): ((more: string) => void) => (more) => options.onStep?.(`${what}: ${more}`);
  const done = new Set<Architecture>();
  const setups = await setUpAll(inputs, options);
  for (const input of inputs) {
    const { architecture, guest } = input.header;
    const setup = setups.get(architecture);
    if (setup === undefined) continue;
    for (const order of input.goals ? (["as recorded", "shuffled"] as const) : (["as recorded"] as const)) {
      const records = order === "shuffled" ? shuffled(input.records, options.seed) : input.records;
      const what = `${architecture}, ${input.name}, ${order}`;
      const subject = await subjectOf(input.name, order, input.registers, guest, records);
      subjects.push(await benchSubject(subject, input.records.slice(0, SIZED), input.goals, setup, options, step(what)));
    }
    if (options.forms) {
      const what = `${architecture}, ${input.name}`;
      forms.push({ architecture, name: input.name, forms: await benchForms(input, setup, { ...options, milliseconds: 1, onStep: step(what) }) });
    }
    if (options.generate > 0 && !done.has(architecture)) {
      done.add(architecture);
      const what = `${architecture}, ${options.generate} generated faults`;
      step(what)("generating");
      const { header, registers, records } = await generated(architecture, options.generate, options.seed);
      const subject = await subjectOf(`${options.generate} faults, seed ${options.seed}`, "generated", registers, header.guest, records);
      const sized = [...decodeSome(subject)];
      subjects.push(await benchSubject(subject, sized, true, setup, options, step(what)));
    }
  }
  return { machine, seed: options.seed, rounds: options.rounds, subjects, goals: goalsOf(subjects), forms, leftOut: leftOut(inputs, setups) };
}

function* decodeSome({ chunks, registers }: Subject) {
  let left = SIZED;
  for (const chunk of chunks) {
    if (left <= 0) return;
    left -= chunk.hot.count;
    yield* decodeChunk(chunk, slotsOf(registers));
  }
}

/** For each architecture that the handler serves. Throws a HandlerLoadError where it serves none. */
async function setUpAll(inputs: readonly Input[], { handler, policy }: BenchOptions): Promise<Map<Architecture, Setup>> {
  const setups = new Map<Architecture, Setup>();
  let problem: HandlerLoadError | undefined;
  for (const architecture of new Set(inputs.map(({ header }) => header.architecture))) {
    try {
      setups.set(architecture, { isa: await loadIsa(architecture), policy, handler: await loadHandler(handler, architecture) });
    } catch (error) {
      if (!(error instanceof HandlerLoadError)) throw error;
      problem ??= error;
    }
  }
  if (setups.size === 0 && problem !== undefined) throw problem;
  return setups;
}

function leftOut(inputs: readonly Input[], setups: ReadonlyMap<Architecture, Setup>): Architecture[] {
  return [...new Set(inputs.map(({ header }) => header.architecture))].filter((architecture) => !setups.has(architecture));
}

async function benchSubject(
  subject: Subject,
  sized: Parameters<typeof sizesOf>[1],
  goals: boolean,
  setup: Setup,
  { rounds, milliseconds }: BenchOptions,
  onStep: (what: string) => void,
): Promise<SubjectResult> {
  const startUp = await startUpOf(subject, setup);
  const { competitors, absent } = await competitorsFor(subject, setup);
  const measured = measure(competitors, { rounds, milliseconds, onStep });
  const { name, order, faults, registers } = subject;
  onStep("scale");
  const scale = faults > 4 * SHORT ? await scaleOf(subject, setup) : undefined;
  return { architecture: registers.architecture, name, order, goals, faults, changes: changesAFault(subject), measured, absent, startUp, sizes: sizesOf(registers, sized), scale };
}

async function startUpOf({ guest }: Subject, { isa, policy }: Setup): Promise<SubjectResult["startUp"]> {
  const times: number[] = [];
  for (let open = 0; open < OPENS; open++) {
    const start = performance.now();
    await openFastPath(isa.architecture, { guest, userMode: policy.userMode });
    times.push(performance.now() - start);
  }
  return { first: times[0]!, warm: spreadOf(times).median };
}

/**
 * What a fault costs in a run of ten million (all chunks, again and again) in terms of one of a hundred thousand (the first chunks). Both are
 * in memory already; `npm run bench:scaling` measures files. Whole runs: each opens a fast path, takes its chunks in, and learns its instructions. Warm: none
 * does. Processor time: a long run on a busy machine is interrupted, a short one is not.
 */
async function scaleOf({ chunks, guest }: Subject, { isa, policy }: Setup): Promise<{ readonly whole: Spread; readonly warm: Spread }> {
  const open = async (): Promise<FastPath> => openFastPath(isa.architecture, { guest, userMode: policy.userMode });
  const columns = chunks.map(({ hot }) => hot);
  const warmPath = await open();
  const held = warmPath.kernel.hold(columns);
  const whole = async (faults: number): Promise<number> => processorTime(faults, async () => runFaults(await open(), columns, faults));
  const warm = async (faults: number): Promise<number> => processorTime(LONG, () => runFaults(warmPath, held, faults));
  await warm(SHORT);
  const ratios = { whole: [] as number[], warm: [] as number[] };
  for (let runs = 0; runs < LONG_RUNS; runs++) {
    ratios.whole.push((await whole(LONG)) / (await whole(SHORT)));
    ratios.warm.push((await warm(LONG)) / (await warm(SHORT)));
  }
  return { whole: spreadOf(ratios.whole), warm: spreadOf(ratios.warm) };
}

/** Processor time a fault of as many runs as make `least` faults; each gives how many it had. */
async function processorTime(least: number, run: () => number | Promise<number>): Promise<number> {
  const start = process.cpuUsage();
  let faults = 0;
  while (faults < least) faults += await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / faults;
}

/** Runs so many faults: these chunks, again and again. Gives their number, which whole chunks make a little larger. */
function runFaults(fastPath: FastPath, chunks: readonly FaultColumns[], faults: number): number {
  let done = 0;
  for (let number = 0; done < faults; number = (number + 1) % chunks.length) {
    const columns = chunks[number]!;
    fastPath.load(columns);
    fastPath.run(0, columns.count);
    done += columns.count;
  }
  return done;
}
