import { expect, test } from "vitest";
import { IMPORTERS } from "../../src/import/list.ts";
import { importerContract } from "./contract.ts";
import { SAMPLES } from "./samples.ts";

test("every importer has a sample", () => {
  expect(IMPORTERS.map(({ name }) => name).filter((name) => !SAMPLES.some(({ importer }) => importer === name))).toEqual([]);
});

for (const sample of SAMPLES) importerContract(sample);
