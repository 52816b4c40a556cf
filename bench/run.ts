// `npm run bench`: the cases of `trapline bench` as benny suites, and its figures in the formats of others, all in bench/results/:
//
//   benny/*.json     benny's own results, a suite for each trace
//   action.json      for github-action-benchmark, tool "customSmallerIsBetter"
//   *.hgrm           the fast path's batches as HdrHistogram percentiles, a file for each trace
//   chart.svg        a chart that needs nothing else
//   figures.json     what `trapline bench --json` writes
//   figures.txt      what it prints
//
// Cases, each over the same faults (see src/replay/bench/competitors.ts for what each of them does):
//
//   memory-touch floor      the least that a whole fault reads and writes, in WebAssembly
//   fast path, batch        a chunk loaded, its registers restored, then all its faults
//   fast path, single call  one call a fault, without allocation
//   reference, decode       the instruction table alone, nothing remembered
//   reference, whole fault  checks, decoding, emulation
//   reference, handler …    the same with the architecture's default handler and its hypercalls
//   capstone-wasm           decoding to text
//   iced-x86                decoding, and eight fields read
//
// What is measured is what is shipped, dist/: the loader that runs this file makes each import a call.
//
// benny gives runs a second, and no percentiles; one run is a pass over as many faults as the case's name says.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import benny from "benny";
import { DEFAULT_POLICY } from "../dist/src/emulate/policy.js";
import { defaultHandler } from "../dist/handlers/list.js";
import { loadIsa } from "../dist/src/isa/list.js";
import { bench } from "../dist/src/replay/bench/bench.js";
import { competitorsFor } from "../dist/src/replay/bench/competitors.js";
import { standing } from "../dist/src/replay/bench/goals.js";
import { bundledInputs, generated } from "../dist/src/replay/bench/inputs.js";
import { subjectOf, type Subject } from "../dist/src/replay/bench/subject.js";
import { benchChart } from "../dist/src/report/bench/chart.js";
import { hgrm } from "../dist/src/report/bench/hgrm.js";
import { actionEntries, benchJson } from "../dist/src/report/bench/json.js";
import { benchText } from "../dist/src/report/bench/text.js";

const RESULTS = fileURLToPath(new URL("results", import.meta.url));
const GENERATED = 100_000;
const SECONDS_A_CASE = 0.5;

let consumed = 0;
const slug = (text: string): string => text.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();

async function suite(subject: Subject): Promise<void> {
  const { architecture } = subject.registers;
  const setup = { isa: await loadIsa(architecture), policy: DEFAULT_POLICY, handler: defaultHandler(architecture) };
  const { competitors } = await competitorsFor(subject, setup);
  const name = `${architecture}, ${subject.name}, ${subject.order}`;
  const cases = competitors.map((competitor) =>
    benny.add(
      `${competitor.name} (${competitor.faults} faults a run): ${competitor.does}`,
      () => {
        consumed += competitor.pass(() => undefined).done;
      },
      { maxTime: SECONDS_A_CASE },
    ),
  );
  await benny.suite(name, ...cases, benny.cycle(), benny.complete(), benny.save({ file: slug(name), folder: `${RESULTS}/benny`, format: "json", details: true }));
}

rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(`${RESULTS}/benny`, { recursive: true });
const inputs = (await bundledInputs(fileURLToPath(new URL("../traces", import.meta.url)))).filter(({ goals }) => goals);
for (const { name, header, registers, records } of inputs) {
  await suite(await subjectOf(name, "as recorded", registers, header.guest, records));
  const { architecture } = header;
  const trace = await generated(architecture, GENERATED, 1);
  await suite(await subjectOf(`${GENERATED} faults, seed 1`, "generated", registers, trace.header.guest, trace.records));
}
const result = await bench(inputs, { policy: DEFAULT_POLICY, rounds: 15, seed: 1, forms: false, generate: GENERATED, milliseconds: 4 });
for (const { architecture, name, order, measured } of result.subjects) {
  const fast = measured.find((each) => each.name === "fast path, batch");
  if (fast !== undefined) writeFileSync(`${RESULTS}/${slug(`${architecture}, ${name}, ${order}`)}.hgrm`, hgrm(fast));
}
writeFileSync(`${RESULTS}/action.json`, `${JSON.stringify(actionEntries(result), undefined, 2)}\n`);
writeFileSync(`${RESULTS}/chart.svg`, benchChart(result));
writeFileSync(`${RESULTS}/figures.json`, benchJson(result, standing));
writeFileSync(`${RESULTS}/figures.txt`, benchText(result, standing, (_, text) => text));
console.log(`${consumed} faults answered; results in ${RESULTS}`);
