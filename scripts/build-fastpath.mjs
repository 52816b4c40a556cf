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

/**
 * Compiles AssemblyScript, given by its path in this repository. Throws with the compiler's own words if it refuses the sources.
 * @param {string} source
 */
export async function compile(source) {
  const options = ["--baseDir", root, "-O3", "--converge", "--noAssert", "--runtime", "stub", "--initialMemory", "32", "--outFile", "module.wasm"];
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

/** Compiles the kernel where needed. */
export async function buildFastPath() {
  if (isFresh()) return;
  const module = await compile("src/fastpath/assembly/index.ts");
  mkdirSync(`${root}dist/src/fastpath`, { recursive: true });
  // Several test processes may do this at the same time: each puts a whole file in place.
  writeFileSync(`${output}.${process.pid}.tmp`, module);
  renameSync(`${output}.${process.pid}.tmp`, output);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildFastPath();
