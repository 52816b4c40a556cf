// The bench of my-handler: a whole fault from instruction bytes to registers, with my-handler and an honest host. Run: npx vitest bench my-handler.bench.ts
import * as fc from "fast-check";
import { bench, describe } from "vitest";
import { faults, replayGenerated } from "trapline/vitest";
import handler from "./my-handler.ts";

describe.each(handler.architectures)("my-handler on %s", (architecture) => {
  const sample = fc.sample(faults(architecture), { numRuns: 200, seed: 1 });
  let next = 0;
  bench("one fault", () => {
    replayGenerated(sample[next++ % sample.length]!, handler);
  });
});
