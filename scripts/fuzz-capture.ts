// Feeds the packet parser damaged packets, and the capture stubs that answer with garbage. Nothing may throw but a CaptureError of one line,
// nothing may hang, and what was captured must be a trace that can be written.
//
//   npx jiti scripts/fuzz-capture.ts [--count 1000000] [--seed N]
//
// Of every 500 cases one is a whole capture. Prints the seed; with the same seed a run is the same.
import { parseArgs } from "node:util";
import { fuzzPackets, fuzzSessions } from "../test/capture/fuzz.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "1000000" }, seed: { type: "string" } } });
const count = Number(values.count);
const captures = Math.ceil(count / 500);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
console.log(`seed ${seed}: ${count} packets, ${captures} captures`);
console.log(fuzzPackets(count, seed));
console.log(await fuzzSessions(captures, seed));
