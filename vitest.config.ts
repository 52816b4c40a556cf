import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Processes, not threads: a crash inside a WebAssembly disassembler then fails one file, not the run.
    // Two of them, for a machine of two cores; more only makes the timings of the others worse.
    pool: "forks",
    maxWorkers: 2,
    // Property tests and tests that start the command line take seconds, and more on a busy machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
