// Compiles the fast path's AssemblyScript to dist/src/fastpath/kernel.wasm, and the benchmarks' floor to dist/bench/floor.wasm. Run by
// `npm run build`, and by tests and benchmarks when they are stale.
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = [`${root}src/fastpath/assembly`, `${root}bench/assembly`];
const MODULES = [
  { source: "src/fastpath/assembly/index.ts", output: `${root}dist/src/fastpath/kernel.wasm` },
  { source: "bench/assembly/floor.ts", output: `${root}dist/bench/floor.wasm` },
];

/**
 * Whether a module is there and newer than all sources and this script.
 * @param {string} output
 */
function isFresh(output) {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  return [...files, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs < built);
}

/**
 * Compiles AssemblyScript, given by its path in this repository. Throws with the compiler's own words if it refuses the sources.
 * @param {string} source
 */
export async function compile(source) {
  const options = ["--baseDir", root, "-O3", "--converge", "--enable", "simd", "--noAssert", "--runtime", "stub", "--initialMemory", "32", "--outFile", "module.wasm"];
  /** @type {Uint8Array | undefined} */
  let module;
  const { error, stderr } = await asc.main([source, ...options], {
    writeFile: (_name, contents) => {
      if (contents instanceof Uint8Array) module = contents;
    },
  });
  if (error !== null || module === undefined) throw new Error(`${source} does not compile: ${error?.message}\n${stderr.toString()}`);
  return module;
}

/** Compiles what is stale. */
export async function buildFastPath() {
  for (const { source, output } of MODULES) {
    if (isFresh(output)) continue;
    const module = await compile(source);
    mkdirSync(dirname(output), { recursive: true });
    // Several test processes may do this at the same time: each puts a whole file in place.
    writeFileSync(`${output}.${process.pid}.tmp`, module);
    renameSync(`${output}.${process.pid}.tmp`, output);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildFastPath();
