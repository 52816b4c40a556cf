// Runs a binary trace through the fast path, chunk by chunk as they come from the file, and prints how many faults were emulated and what
// one took in nanoseconds: reading, checksums, unpacking and emulation. `jiti bench/support/run-file.ts FILE`; a child of bench/scaling.ts.
import { loadIsa } from "../../src/isa/list.ts";
import { openFastPath } from "../../src/replay/fast-path.ts";
import { ChunkFile } from "../../src/trace/columnar/chunk-file.ts";

const file = await ChunkFile.open(process.argv[2]!, async (architecture) => (await loadIsa(architecture)).registers);
const { architecture, guest } = file.header.header;
const fastPath = (await openFastPath(architecture, { guest, userMode: "refuse" }))!;
const start = process.hrtime.bigint();
let emulated = 0;
for (let number = 0; number < file.places.length; number++) {
  const { hot } = await file.chunk(number);
  fastPath.load(hot);
  emulated += fastPath.run(0, hot.count).emulated;
}
console.log(JSON.stringify({ emulated, nanoseconds: Number(process.hrtime.bigint() - start) / file.faults }));
await file.close();
