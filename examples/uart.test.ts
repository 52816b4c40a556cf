// A driver's captured faults against a device model: what the guest prints arrives in the UART. Run: npx vitest run examples
import { describe, expect, test } from "vitest";
import { openTrace, replayFault, setUpReplay } from "trapline";
import { deviceHost, Pl011, traceFaults } from "trapline/vitest";
import { fileURLToPath } from "node:url";

const trace = fileURLToPath(new URL("../traces/aarch64/program-uart-gcc.jsonl", import.meta.url));
/** Where the traced guest has its UART: the page of its accesses. */
const UART = 0xa00_2000n;

describe("the driver's accesses", () => {
  test("reach a PL011 through a hypercall of our own", async () => {
    const uart = new Pl011();
    const { header, records } = await openTrace(trace);
    const setup = await setUpReplay(header, { handler: "kvm-run", host: deviceHost([{ gpa: UART, model: uart }]) });
    // Enable the UART, as a guest's firmware does.
    uart.write(0x30, 4, 0x301n);
    const writes: bigint[] = [];
    for await (const { fault } of records) {
      const { outcome } = replayFault(fault, setup);
      expect(outcome.kind).toBe("emulated");
      if (outcome.kind === "emulated") writes.push(...outcome.calls.filter(({ write, gpa }) => write && gpa === UART).map(({ value }) => value & 0xffn));
    }
    expect(uart.sent.length).toBeGreaterThan(10);
    expect(uart.sent.map(BigInt)).toEqual(writes);
  });

  test("are what the machine did, with what the trace recorded", async () => {
    const { records, replay } = await traceFaults(trace, { handler: "kvm-run" });
    for (const record of records) expect(replay(record)).toMatchTruth(record);
  });

  test("need nothing beyond what asm/io.h is made of", async () => {
    const { records, replay } = await traceFaults(trace, { accepts: "io.h" });
    for (const record of records) expect(replay(record)).toMatchTruth(record);
  });
});
