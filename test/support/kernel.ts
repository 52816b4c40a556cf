import { readFileSync } from "node:fs";
import { buildFastPath } from "../../scripts/build-fastpath.mjs";

/** The bytes of kernel.wasm, compiled first if the sources are newer. */
export async function kernelModule(): Promise<Uint8Array> {
  await buildFastPath();
  return readFileSync(new URL("../../dist/src/fastpath/kernel.wasm", import.meta.url));
}
