// What does not compile: `npm run lint` type-checks this file, and an expected error that does not come is an error.
import { describe, expect, test } from "vitest";
import { defineHandler, Refusal } from "../../src/handler.ts";
import { faults, hostileHost, read, replayGenerated } from "../../src/vitest.ts";
import { generateFault, loadForms, loadIsa, Random, setUpReplay } from "../../src/index.ts";

/** Calls that are wrong, each in a function that nobody runs. */
export const WRONG: readonly (() => unknown)[] = [
  // @ts-expect-error -- there is no such architecture
  () => faults("arm64"),
  // @ts-expect-error -- there is no such refusal
  () => faults("aarch64", { expected: "segfault" }),
  // @ts-expect-error -- no access has three bytes
  () => read(0n, 3, 0n),
  // @ts-expect-error -- an address is a bigint
  () => read(0x1000, 4, 0n),
  // @ts-expect-error -- there is no such reason
  () => expect({}).toRefuse("nonsense"),
  // @ts-expect-error -- the architecture is missing
  () => expect("00").toDecodeAs({ form: "LDR" }),
  // @ts-expect-error -- an access lacks its value
  () => expect({}).toEmit([{ write: true, gpa: 0n, size: 4 }]),
  // @ts-expect-error -- there is no such attack
  () => hostileHost(1, ["kindness"]),
  // @ts-expect-error -- a handler needs a host
  () => defineHandler({ name: "x", description: "x", architectures: ["arm"], handle: () => new Refusal("atomic", "", "") }),
  // @ts-expect-error -- a file's text is no generated fault
  () => replayGenerated("trace.jsonl", undefined),
  async () => setUpReplay({ architecture: "arm", source: "", guest: { windows: [] }, unknown: undefined }, {
    // @ts-expect-error -- a policy is refuse or split
    policy: { atomics: "maybe" },
  }),
  async () => {
    const [form] = await loadForms("arm");
    // @ts-expect-error -- a seed is no source of numbers
    return generateFault(await loadIsa("arm"), form!, 7);
  },
];

describe("the library", () => {
  test("has types that refuse wrong calls", () => expect(WRONG.length).toBe(12));

  test("has a right way for each of them", async () => {
    const isa = await loadIsa("riscv64");
    const forms = await loadForms("riscv64");
    const generated = generateFault(isa, forms.find(({ name }) => name === "LW")!, new Random(1))!;
    expect(generated.fault.bytes).toDecodeAs({ architecture: "riscv64", form: "LW" });
  });
});
