// Compiles the fast path's AssemblyScript to dist/src/fastpath/kernel.wasm. Run by `npm run build`, and by tests and benchmarks when it is stale.
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = `${root}src/fastpath/assembly`;
const output = `${root}dist/src/fastpath/kernel.wasm`;

/** Whether the module is there and newer than all of its sources and this script. */
function isFresh() {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  const files = readdirSync(sources).map((name) => `${sources}/${name}`);
  return [...files, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < built);
}

/** Compiles where needed. Throws with the compiler's own words if it refuses the sources. */
export async function buildFastPath() {
  if (isFresh()) return;
  const options = ["--baseDir", root, "-O3", "--converge", "--noAssert", "--runtime", "stub", "--initialMemory", "16", "--outFile", "kernel.wasm"];
  /** @type {Uint8Array | undefined} */
  let module;
  const { error, stderr } = await asc.main(["src/fastpath/assembly/index.ts", ...options], {
    writeFile: (_name, contents) => {
      if (contents instanceof Uint8Array) module = contents;
    },
  });
  if (error !== null || module === undefined) throw new Error(`the fast path does not compile: ${error?.message}\n${stderr.toString()}`);
  mkdirSync(`${root}dist/src/fastpath`, { recursive: true });
  // Several test processes may do this at the same time: each puts a whole file in place.
  writeFileSync(`${output}.${process.pid}.tmp`, module);
  renameSync(`${output}.${process.pid}.tmp`, output);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildFastPath();
