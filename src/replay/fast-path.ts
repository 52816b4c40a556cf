import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastPath, FastPathSettings } from "../fastpath/fast-path.ts";
import { loadIsa } from "../isa/list.ts";
import type { Architecture } from "../model/architecture.ts";
import { UserError } from "../model/user-error.ts";

/** The fast path of an architecture. Throws a UserError where its module is not built. */
export async function openFastPath(architecture: Architecture, settings: FastPathSettings): Promise<FastPath> {
  const module = builtModule("src/fastpath/kernel.wasm");
  if (architecture === "aarch64") {
    const { AArch64FastPath } = await import("../fastpath/aarch64.ts");
    return new AArch64FastPath(await module, settings);
  }
  const [isa, { PlannedFastPath }] = await Promise.all([loadIsa(architecture), import("../fastpath/planned.ts")]);
  return new PlannedFastPath(await module, isa, settings);
}

/** A WebAssembly module that the build compiled, by its path in dist/. */
export async function builtModule(path: string): Promise<Uint8Array> {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const file = join(folder, "dist", path);
  return readFile(file).catch((error: unknown) => {
    throw new UserError(`${file} can't be read; npm run build makes it`, { cause: error });
  });
}
