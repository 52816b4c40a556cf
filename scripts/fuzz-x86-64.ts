// Holds the x86-64 decoder against iced-x86 on random and mutated byte strings: length, direction, bytes and address of every access.
//
//   npx jiti scripts/fuzz-x86-64.ts [--count 5000000] [--seed N] [--shard i/n]
//
// Prints the seed; with the same seed and shard a run is the same. Exit status 1 if there is a difference that
// test/isa/x86-64/differences.ts does not explain.
import { parseArgs } from "node:util";
import { unexplainedDifference } from "../test/isa/x86-64/differences.ts";
import { Random, generateBytes } from "../test/isa/x86-64/generator.ts";
import { ourVerdict } from "../test/isa/x86-64/iced.ts";

const { values } = parseArgs({
  options: { count: { type: "string", default: "5000000" }, seed: { type: "string" }, shard: { type: "string", default: "1/1" } },
});
const [shard, shards] = values.shard.split("/").map(Number) as [number, number];
const seed = values.seed === undefined ? Date.now() >>> 0 : Number(values.seed);
const count = Math.ceil(Number(values.count) / shards);
console.log(`seed ${seed}, shard ${shard}/${shards}: ${count} byte strings`);

const random = new Random(seed * 31 + shard);
const known: Uint8Array[] = [];
const found = new Map<string, { count: number; readonly example: string }>();
let instructions = 0;
let accesses = 0;
const start = performance.now();
for (let index = 0; index < count; index++) {
  const bytes = generateBytes(random, known);
  const difference = unexplainedDifference(bytes);
  const ours = ourVerdict(bytes);
  if (ours.kind === "instruction") {
    instructions++;
    if (ours.access !== "none") accesses++;
    if (known.length < 4096) known.push(bytes);
    else known[random.below(4096)] = bytes;
  }
  if (difference !== undefined) {
    const what = difference.slice(difference.indexOf(":") + 2);
    const entry = found.get(what) ?? { count: 0, example: difference };
    entry.count++;
    found.set(what, entry);
  }
  if (index % 250_000 === 249_999)
    console.error(`${index + 1} done, ${found.size} kinds of difference, ${Math.round((performance.now() - start) / 1000)} s`);
}
console.log(
  `${count} byte strings, ${instructions} instructions, ${accesses} of them with memory accesses, ${found.size} kinds of unexplained difference`,
);
for (const { count: times, example } of [...found.values()].toSorted((first, second) => second.count - first.count))
  console.log(`${times} times: ${example}`);
process.exitCode = found.size === 0 ? 0 : 1;
