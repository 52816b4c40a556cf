// The package's entry point, as a person uses it.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compare, loadIsa, openTrace, Refusal, replayFault, setUpReplay, Tally, UserError } from "../src/index.ts";

const TRACE = fileURLToPath(new URL("../traces/aarch64/pairs.jsonl", import.meta.url));

test("a trace is opened, replayed and compared", async () => {
  const trace = await openTrace(TRACE);
  const setup = await setUpReplay(trace.header, { handler: "kvm-run" });
  const tally = new Tally();
  for await (const record of trace.records) {
    const replayed = replayFault(record.fault, setup);
    tally.add(replayed.outcome, compare(record, replayed).verdict);
  }
  expect(tally).toMatchObject({ faults: 32, emulated: 32, verdicts: { exact: 32 } });
});

test("policy: what is not chosen is refused", async () => {
  const { header } = await openTrace(TRACE);
  expect((await setUpReplay(header)).policy).toEqual({ atomics: "refuse", userMode: "refuse" });
  expect((await setUpReplay(header, { policy: { atomics: "split" } })).policy).toEqual({ atomics: "split", userMode: "refuse" });
});

test("errors about input are UserErrors that name the file", async () => {
  await expect(openTrace("/nowhere")).rejects.toThrow(UserError);
  await expect(openTrace("/nowhere")).rejects.toThrow("/nowhere: no such file or directory");
});

test("one instruction", async () => {
  const isa = await loadIsa("aarch64");
  const instruction = isa.decode(Uint8Array.of(0x01, 0x44, 0x40, 0xb8), "a64");
  if (instruction instanceof Refusal) throw new Error(instruction.detail);
  expect(instruction).toMatchObject({ mnemonic: "ldr", length: 4, access: "read", sizes: [4] });
});
