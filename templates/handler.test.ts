// The test of my-handler: one plain access, every form of instruction, and hosts that lie. Run: npx vitest run my-handler.test.ts
import { describe, expect, test } from "vitest";
import { ATTACKS, check, faults, hostileHost, read, replayGenerated, write } from "trapline/vitest";
import handler from "./my-handler.ts";

describe.each(handler.architectures)("my-handler on %s", { timeout: 60_000 }, (architecture) => {
  test("does every fault as the instruction asks, whatever its form", async () => {
    await check(faults(architecture, { policy: { atomics: "split" } }), (fault) => {
      expect(replayGenerated(fault, handler)).toMatchTruth(fault);
    });
  });

  test("is exact or refuses, whatever the host answers", async () => {
    const some = faults(architecture);
    for (const attack of ATTACKS) {
      await check(
        some,
        (fault) => {
          const { outcome } = replayGenerated(fault, handler, { host: hostileHost(1, [attack]) });
          if (outcome.kind === "refused") return;
          // What was emulated came from the answers that were taken, cut to the size of each access, and from nothing else.
          const reads = outcome.calls.filter((call) => !call.write).map(({ value }) => value);
          const again = { ...fault, fault: { ...fault.fault, reads } };
          expect(replayGenerated(again, handler).outcome).toMatchObject({ calls: outcome.calls, after: outcome.after });
        },
        { numRuns: 40 },
      );
    }
  });
});

test("a load and a store make one call each", async () => {
  const device = 0xa00_8000n;
  const small = { forms: "LDR Wt, unsigned offset" } as const;
  await check(
    faults("aarch64", small),
    (fault) => {
      const { gpa, reads } = fault.fault;
      expect(replayGenerated(fault, handler)).toEmit([read(gpa ?? device, 4, BigInt.asUintN(32, reads[0] ?? 0n))]);
    },
    { numRuns: 20 },
  );
  await check(
    faults("aarch64", { forms: "STR Wt, unsigned offset" }),
    (fault) => {
      const { outcome } = replayGenerated(fault, handler);
      const [stored] = outcome.kind === "emulated" ? outcome.calls : [];
      expect(outcome).toEmit([write(fault.fault.gpa ?? device, 4, stored?.value ?? 0n)]);
    },
    { numRuns: 20 },
  );
});
