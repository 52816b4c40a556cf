import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastPath, FastPathSettings } from "../fastpath/fast-path.ts";
import type { Architecture } from "../model/architecture.ts";
import { UserError } from "../model/user-error.ts";

/** The fast path of an architecture, or undefined where there is none (arm). Throws a UserError where its module is not built. */
export async function openFastPath(architecture: Architecture, settings: FastPathSettings): Promise<FastPath | undefined> {
  switch (architecture) {
    case "aarch64": {
      const [module, { AArch64FastPath }] = await Promise.all([builtModule("src/fastpath/kernel.wasm"), import("../fastpath/aarch64.ts")]);
      return new AArch64FastPath(module, settings);
    }
    case "x86-64": {
      const [module, { PlannedFastPath }, { X86_64 }] = await Promise.all([
        builtModule("src/fastpath/kernel.wasm"),
        import("../fastpath/planned.ts"),
        import("../isa/x86-64/index.ts"),
      ]);
      return new PlannedFastPath(module, X86_64, "x86-64", settings);
    }
    case "riscv64": {
      const [module, { PlannedFastPath }, { RISCV64 }] = await Promise.all([
        builtModule("src/fastpath/kernel.wasm"),
        import("../fastpath/planned.ts"),
        import("../isa/riscv64/index.ts"),
      ]);
      return new PlannedFastPath(module, RISCV64, "rv64", settings);
    }
    case "arm":
      return undefined;
    default:
      return architecture satisfies never;
  }
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
