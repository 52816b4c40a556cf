// The regression guard: ratios of times measured side by side, each held against bench/guard.json. It fails when one has doubled.
//
//   jiti bench/guard.ts            measures and compares; status 1 where a ratio doubled
//   jiti bench/guard.ts --update   writes the ratios measured to bench/guard.json
//
// What is measured is what is shipped, dist/: the loader that runs this file makes each import a call.
//
// A ratio of medians of short passes, taken in turn, moved by a few per cent on two processors with a load of 16, and by some ten per cent
// from one machine to another; a factor of two leaves room for both. A ratio that is beyond it is measured again before it counts.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEFAULT_POLICY } from "../dist/src/emulate/policy.js";
import { bench } from "../dist/src/replay/bench/bench.js";
import { NAMES } from "../dist/src/replay/bench/competitors.js";
import { bundledInputs } from "../dist/src/replay/bench/inputs.js";
import { layOut } from "../dist/src/report/table.js";

const FILE = fileURLToPath(new URL("guard.json", import.meta.url));
const TRACES = fileURLToPath(new URL("../traces", import.meta.url));
/** What a ratio may grow by. */
const MARGIN = 2;
/** How often it is measured until it counts. */
const TRIALS = 3;
const GENERATED = 20_480;

/** Ratios by name: what ours costs in terms of a yardstick. Less is better. */
type Ratios = Readonly<Record<string, number>>;

const BINARY = "bytes of the binary trace";
const OBJECTS = "bytes of MessagePack objects";

/** What is compared: of the first, in terms of the second. The floor is memory and WebAssembly, the decoder is JavaScript. */
const PAIRS = [
  [NAMES.fast, NAMES.floor],
  [NAMES.single, NAMES.floor],
  [NAMES.decode, NAMES.floor],
  [NAMES.reference, NAMES.floor],
  [NAMES.fast, NAMES.capstone],
  [NAMES.decode, NAMES.capstone],
  [NAMES.reference, NAMES.capstone],
  [NAMES.fast, NAMES.iced],
  [NAMES.decode, NAMES.iced],
  [BINARY, OBJECTS],
] as const;

/** Nanoseconds and bytes by place and name: the least that was seen, as what else runs can only add to it. */
type Least = Readonly<Record<string, Readonly<Record<string, number>>>>;

async function measureLeast(before: Least): Promise<Least> {
  const inputs = (await bundledInputs(TRACES)).filter(({ goals }) => goals);
  const options = { policy: DEFAULT_POLICY, rounds: 5, seed: 1, forms: false, generate: GENERATED, milliseconds: 3 };
  const { subjects } = await bench(inputs, options);
  const places = subjects
    .filter(({ order }) => order !== "shuffled")
    .map((subject) => {
      const place = `${subject.architecture}, ${subject.order}`;
      const times = subject.measured.map(({ name, rounds }) => [name, Math.min(...rounds, before[place]?.[name] ?? Number.POSITIVE_INFINITY)]);
      return [place, { ...(Object.fromEntries(times) as Record<string, number>), [BINARY]: subject.sizes.binary, [OBJECTS]: subject.sizes.objects }] as const;
    });
  return Object.fromEntries(places);
}

function ratiosOf(least: Least): Ratios {
  const ratios: Record<string, number> = {};
  for (const [place, values] of Object.entries(least)) {
    for (const [of, to] of PAIRS) {
      const [first, second] = [values[of], values[to]];
      if (first !== undefined && second !== undefined) ratios[`${place}: ${of} ÷ ${to}`] = first / second;
    }
  }
  return ratios;
}

let least = await measureLeast({});
if (process.argv.includes("--update")) {
  for (let trial = 1; trial < TRIALS; trial++) least = await measureLeast(least);
  const rounded = Object.entries(ratiosOf(least)).map(([name, value]) => [name, Number(value.toPrecision(3))]);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(rounded), undefined, 2)}\n`);
  console.log(`${rounded.length} ratios written to ${FILE}`);
} else {
  process.exitCode = await compare(JSON.parse(readFileSync(FILE, "utf8")) as Ratios);
}

async function compare(baseline: Ratios): Promise<number> {
  let ratios = ratiosOf(least);
  const beyond = (): string[] => Object.keys(baseline).filter((name) => !(ratios[name]! <= MARGIN * baseline[name]!));
  for (let trial = 1; trial < TRIALS && beyond().length > 0; trial++) {
    least = await measureLeast(least);
    ratios = ratiosOf(least);
  }
  const failed = new Set(beyond());
  const rows = Object.entries(baseline).map(([name, before]) => [name, before.toPrecision(3), ratios[name]?.toPrecision(3) ?? "not measured", failed.has(name) ? "has doubled" : ""]);
  console.log(layOut([{ title: "ratio", align: "left" }, { title: "baseline", align: "right" }, { title: "now", align: "right" }, { title: "", align: "left" }], rows).join("\n"));
  console.log(failed.size === 0 ? `${rows.length} ratios, none has doubled` : `${failed.size} of ${rows.length} ratios have doubled; if that is meant: npm run bench:guard -- --update`);
  return failed.size === 0 ? 0 : 1;
}
