// Every built-in handler against hosts that attack: an outcome is either exact for what the guest could know, or a refusal.
import { describe, expect, test } from "vitest";
import example from "../../handlers/example.ts";
import { HANDLERS } from "../../handlers/list.ts";
import { generateFault, type GeneratedFault } from "../../src/generate/fault.ts";
import { loadForms } from "../../src/generate/forms.ts";
import { type Architecture, type Handler, Refusal, type SharedMemory } from "../../src/handler.ts";
import { type Attack, ATTACKS, hostileHost } from "../../src/hosts/hostile.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Emulated } from "../../src/model/outcome.ts";
import { Random } from "../../src/model/random.ts";
import { replayFault, type ReplaySetup } from "../../src/replay/replay.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";

/** The same faults of an architecture for every handler and attack. */
const known = new Map<Architecture, Promise<readonly GeneratedFault[]>>();

/** Generated faults for a handler's first architecture. */
async function faultsFor(handler: Handler, count: number): Promise<readonly GeneratedFault[]> {
  const architecture = handler.architectures[0]!;
  if (!known.has(architecture)) known.set(architecture, generateFaults(architecture));
  return (await known.get(architecture)!).slice(0, count);
}

async function generateFaults(architecture: Architecture): Promise<readonly GeneratedFault[]> {
  const isa = await loadIsa(architecture);
  const forms = await loadForms(architecture);
  const random = new Random(31);
  const faults: GeneratedFault[] = [];
  while (faults.length < 120) {
    const generated = generateFault(isa, random.pick(forms), random);
    if (generated !== undefined) faults.push(generated);
  }
  return faults;
}

function setUp({ isa, guest }: GeneratedFault, handler: Handler): ReplaySetup {
  return { isa, guest, handler, policy: DEFAULT_POLICY };
}

/** What remains of an outcome once the handler's own record is left out. */
const effects = ({ calls, after, form }: Emulated): unknown => ({ calls, after, form });

describe.each([...HANDLERS, example as Handler].map((handler) => [handler.name, handler] as const))("%s", (_, handler) => {
  test.each(ATTACKS)("%s: exact for what the guest took of the answers, or refused", async (attack: Attack) => {
    const counts = { emulated: 0, refused: 0 };
    const reasons = new Set<string>();
    for (const [seed, generated] of (await faultsFor(handler, 60)).entries()) {
      const { fault } = generated;
      const setup = setUp(generated, handler);
      // A throw is a HandlerError: whatever a host says must not bring a handler down.
      const { outcome } = replayFault(fault, { ...setup, host: hostileHost(seed, [attack]) });
      if (outcome.kind === "refused") {
        counts.refused++;
        reasons.add(outcome.refusal.reason);
        continue;
      }
      counts.emulated++;
      const taken = outcome.calls.filter(({ write }) => !write).map(({ value }) => value);
      const honest = replayFault({ ...fault, reads: taken }, setup).outcome;
      expect(effects(outcome)).toEqual(effects(honest as Emulated));
      for (const { value, size } of outcome.calls) expect(value >> BigInt(8 * size)).toBe(0n);
    }
    expect(attack === "honest" ? counts.refused : 0).toBe(0);
    // An exception that device values raise (division) is refused as unsupported.
    expect([...reasons].filter((reason) => reason !== "hypercall-failed" && reason !== "unsupported-instruction")).toEqual([]);
  });

  test("the same seed attacks a fault in the same way", async () => {
    for (const generated of await faultsFor(handler, 20)) {
      const setup = { ...setUp(generated, handler), host: hostileHost(5) };
      expect(replayFault(generated.fault, setup)).toEqual(replayFault(generated.fault, setup));
    }
  });
});

const outcomes = async (handler: Handler, attack: Attack): Promise<string[]> =>
  (await faultsFor(handler, 120)).map((generated, seed) => {
    const { outcome } = replayFault(generated.fault, { ...setUp(generated, handler), host: hostileHost(seed, [attack]) });
    return outcome.kind === "refused" ? outcome.message : "emulated";
  });
const builtIn = (name: string): Handler => HANDLERS.find((each) => each.name === name)!;

describe("the attacks bite", () => {
  test("a status of garbage is refused", async () => {
    expect((await outcomes(builtIn("tdx"), "garbage")).filter((each) => each === "emulated")).toEqual([]);
  });

  test("endless retries are refused", async () => {
    expect((await outcomes(builtIn("tdx"), "stuck")).some((each) => /0x1 .*8 times/.test(each))).toBe(true);
  });

  test("a handler that retries for ever is caught", async () => {
    let most = 0;
    const patient: Handler<bigint, { status: bigint; value: bigint }> = {
      name: "patient",
      description: "asks until the host is done",
      architectures: ["riscv64"],
      handle(access, host) {
        for (let calls = 1; ; calls++) {
          most = Math.max(most, calls);
          const answer = host.call(access.gpa);
          if (answer instanceof Refusal) return answer;
          if (answer.status === 0n) return { value: answer.value, record: {} };
          if (calls === 1000) throw new Error("for ever");
        }
      },
      host: (device) => ({
        call(gpa) {
          const value = device.read(gpa, 8);
          return value instanceof Refusal ? value : { status: 0n, value };
        },
      }),
    };
    await expect(outcomes(patient as Handler, "stuck")).rejects.toThrow("for ever");
    expect(most).toBe(1000);
  });

  test("a handler that looks at a shared page twice sees two things", async () => {
    const looks: boolean[] = [];
    const careless: Handler<SharedMemory, void> = {
      name: "careless",
      description: "checks a byte, then reads it again",
      architectures: ["riscv64"],
      handle(_, host) {
        const page = host.share!(16);
        host.call(page);
        looks.push(page[0] === page[0]);
        return { value: 0n, record: {} };
      },
      host: () => ({ call: () => undefined }),
    };
    await outcomes(careless as Handler, "late");
    expect(looks).toContain(false);
  });
});
