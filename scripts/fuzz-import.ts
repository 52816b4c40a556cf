// Fuzzes the importers: damaged logs are imported, replayed, explained, written and read back.
//   node_modules/.bin/jiti scripts/fuzz-import.ts [CASES] [SEED]
import { LogGauntlet } from "../test/import/fuzz.ts";
import { Dice, mutate } from "../test/import/mutate.ts";
import { SAMPLES, sampleText } from "../test/import/samples.ts";

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() & 0x7fffffff);
const texts = [...new Set(SAMPLES.map(({ file }) => file))].map(sampleText);
const gauntlet = await LogGauntlet.open();
const dice = new Dice(seed);
let slowest = 0;
console.log(`${cases} cases, seed ${seed}`);
for (let at = 0; at < cases; at++) {
  const text = mutate(texts, dice);
  const start = performance.now();
  try {
    await gauntlet.run(text, at % 100 === 0);
  } catch (error) {
    console.error(`case ${at}: ${(error as Error).stack}\n${JSON.stringify(text)}`);
    process.exit(1);
  }
  slowest = Math.max(slowest, performance.now() - start);
  if ((at + 1) % 100_000 === 0) console.log(`${at + 1} cases, ${gauntlet.faults} faults, the slowest took ${slowest.toFixed(0)} ms`);
}
console.log(`done: ${cases} cases, ${gauntlet.faults} faults, no crash; the slowest took ${slowest.toFixed(0)} ms`);
