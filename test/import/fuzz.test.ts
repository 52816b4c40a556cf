import { expect, test } from "vitest";
import { LogGauntlet } from "./fuzz.ts";
import { Dice, mutate } from "./mutate.ts";
import { SAMPLES, sampleText } from "./samples.ts";

const CASES = 20_000;

test(`${CASES} damaged logs neither break anything nor hang`, { timeout: 120_000 }, async () => {
  const texts = [...new Set(SAMPLES.map(({ file }) => file))].map(sampleText);
  const gauntlet = await LogGauntlet.open();
  const seed = Date.now() & 0x7fffffff;
  const dice = new Dice(seed);
  for (let at = 0; at < CASES; at++) {
    const text = mutate(texts, dice);
    try {
      await gauntlet.run(text, at % 100 === 0);
    } catch (error) {
      throw new Error(`seed ${seed}, case ${at}: ${(error as Error).stack}\n${JSON.stringify(text.slice(0, 4000))}`, { cause: error });
    }
  }
  // Most of them still hold a fault.
  expect(gauntlet.faults).toBeGreaterThan(CASES / 2);
});
