import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Examples and templates import the package by its name, as a person's files do; here that is its sources.
    alias: [
      { find: /^trapline$/, replacement: source("index.ts") },
      { find: /^trapline\/(handler|vitest)$/, replacement: source("$1.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    // Processes, not threads: a crash inside a WebAssembly disassembler then fails one file, not the run.
    // Two of them, for a machine of two cores; more only makes the timings of the others worse.
    pool: "forks",
    maxWorkers: 2,
    // Property tests and tests that start the command line take seconds, and more on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
