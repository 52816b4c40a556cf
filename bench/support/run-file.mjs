// Runs a binary trace through the fast path, chunk by chunk as they come from the file, and prints how many faults were emulated and what
// one took in nanoseconds, by the clock and of processor time: reading, checksums, unpacking and emulation. `node bench/support/run-file.mjs FILE`; a child of bench/scaling.ts.
import { loadIsa } from "../../dist/src/isa/list.js";
import { openFastPath } from "../../dist/src/replay/fast-path.js";
import { ChunkFile } from "../../dist/src/trace/columnar/chunk-file.js";

const file = await ChunkFile.open(process.argv[2] ?? "", async (architecture) => (await loadIsa(architecture)).registers);
const { architecture, guest } = file.header.header;
const fastPath = await openFastPath(architecture, { guest, userMode: "refuse" });
const start = process.hrtime.bigint();
const used = process.cpuUsage();
let emulated = 0;
for (let number = 0; number < file.places.length; number++) {
  const { hot } = await file.chunk(number);
  fastPath.load(hot);
  emulated += fastPath.run(0, hot.count).emulated;
}
const { user, system } = process.cpuUsage(used);
console.log(JSON.stringify({ emulated, nanoseconds: Number(process.hrtime.bigint() - start) / file.faults, processor: (1000 * (user + system)) / file.faults }));
await file.close();
