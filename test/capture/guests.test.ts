// Captures from real emulators: driver programs of our own at -O2 on QEMU's machines, one real firmware, and user programs. What QEMU's own
// log says of the accesses is the judge of the captured ones; verify holds all the rest.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, freePort, GUESTS, missingTool, start, stop, stopAll } from "../guests/machine.ts";
import { type Finished, trapline } from "../support/terminal.ts";

const FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd";
const HEADLESS = ["-display", "none", "-monitor", "none", "-serial", "null", "-S"];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trapline-guests-"));
});
afterAll(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

/** Whether a tool is absent that a group needs, which is then skipped with this printed reason. */
function lacks(group: string, ...tools: readonly string[]): boolean {
  const missing = missingTool(...tools);
  if (missing !== undefined) console.log(`test/capture/guests.test.ts: ${group} skipped, there is no ${missing}`);
  return missing !== undefined;
}

/** Runs the capture command until the stub listens. */
async function capture(port: number, words: readonly string[], more: Parameters<typeof trapline>[1] = {}): Promise<Finished> {
  for (let attempt = 0; ; attempt++) {
    const finished = await trapline(["capture", "--gdb", `127.0.0.1:${port}`, ...words], more);
    if (!finished.talk.includes("connection refused") || attempt === 100) return finished;
    await sleep(50);
  }
}

/** Findings and verdict of the verify command. */
async function verified(trace: string, ...words: readonly string[]): Promise<string> {
  const { output, talk } = await trapline(["verify", ...words, trace]);
  return output + talk;
}

interface Operation {
  readonly write: boolean;
  readonly address: number;
  readonly size: number;
  readonly value: bigint;
}

/** The accesses to these windows in QEMU's log, in order. */
function logged(file: string, windows: readonly string[]): Operation[] {
  const ranges = windows.map((window) => window.split(":").map(Number) as [number, number, number]);
  const lines = readFileSync(file, "utf8").matchAll(/^memory_region_ops_(read|write) cpu -?\d+ mr \S+ addr (\S+) value (\S+) size (\d+) /gm);
  return [...lines]
    .map(([, kind, address, value, size]) => ({ write: kind === "write", address: Number(address), size: Number(size), value: BigInt.asUintN(8 * Number(size), BigInt(value!)) }))
    .filter(({ address }) => ranges.some(([, gpa, length]) => address >= gpa && address < gpa + length));
}

interface CallJson {
  readonly write: boolean;
  readonly gpa: string;
  readonly size: number;
  readonly value: string;
}

/** The captured accesses, cut as QEMU's devices take them: no more than 4 bytes at a time. */
function captured(file: string): Operation[] {
  const records = readFileSync(file, "utf8").trimEnd().split("\n").slice(1).map((line) => JSON.parse(line) as { calls: CallJson[] });
  return records.flatMap(({ calls }) => calls).flatMap(({ write, gpa, size, value }) =>
    Array.from({ length: Math.ceil(size / 4) }, (_, part) => {
      const width = Math.min(size, 4);
      return { write, address: Number(gpa) + 4 * part, size: width, value: BigInt.asUintN(8 * width, BigInt(value) >> BigInt(32 * part)) };
    }),
  );
}

/** Form names of what a trace holds. */
async function forms(file: string): Promise<Set<string>> {
  const { output } = await trapline(["replay", file]);
  return new Set(output.trimEnd().split("\n").map((line) => (JSON.parse(line) as { form: string }).form));
}

/** Forms that the compilers make of the driver, of the kind that hypervisors can't decode by the syndrome. */
const HARD: Readonly<Record<keyof typeof GUESTS, readonly RegExp[]>> = {
  aarch64: [/^LDR.*post-index/, /^STR.*post-index/, /^LDP/, /^STP/, /^ST1/],
  a32: [/^LDR/, /^STM/, /^VST1/],
  t32: [/^LDRD/, /^STRD/, /^VST1/],
  riscv64: [/^C\.LW/, /^C\.SW/, /^FLW/],
  "x86-64": [/^MOVS/, /^PUSH/, /^ADD/, /^MOVSX/],
};

for (const [name, { build: how, machine, windows, words }] of Object.entries(GUESTS)) {
  describe.skipIf(lacks(name, how.compiler, machine[0]))(`a driver on ${machine[0]} (${name})`, () => {
    let elf = "";
    beforeAll(() => {
      elf = join(folder, `${name}.elf`);
      build(how, elf);
    });
    const request = () => [...windows.flatMap((window) => ["--window", window]), "--truth", "--elf", elf, "--until", "finished"];

    test("is captured whole, as the machine's own log has it", async () => {
      const [trace, log] = [join(folder, `${name}.jsonl`), join(folder, `${name}.log`)];
      const port = await freePort();
      const child = start(machine[0], [...machine.slice(1), ...HEADLESS, "-kernel", elf, "-gdb", `tcp:127.0.0.1:${port}`, "-d", "trace:memory_region_ops_read,trace:memory_region_ops_write", "-D", log]);
      const finished = await capture(port, [...request(), ...words, "-o", trace]);
      expect(finished).toEqual({ status: 0, output: "", talk: expect.stringMatching(/^\d+ faults captured; the guest came to 0x[0-9a-f]+\n$/) as string });
      await stop(child);
      const ours = captured(trace);
      const machines = logged(log, windows);
      expect(ours.length).toBeGreaterThan(40);
      // On the PC a BIOS ran before the driver; the log can lack what QEMU had not written when it was stopped.
      const begin = name === "x86-64" ? machines.length - ours.length : 0;
      expect(ours).toEqual(machines.slice(begin));
      expect(await verified(trace)).toMatch(/^(\d+) faults: \1 exact, 0 different, 0 refused\n$/);
      const found = [...(await forms(trace))];
      expect(HARD[name as keyof typeof GUESTS].filter((form) => !found.some((each) => form.test(each)))).toEqual([]);
    });
  });
}

describe.skipIf(lacks("x86-64 without stepping", "x86_64-linux-gnu-gcc", "qemu-system-x86_64"))("x86-64 without stepping", () => {
  test("captures what comes again, and counts what it could not", async () => {
    const { build: how, machine, windows } = GUESTS["x86-64"];
    const elf = join(folder, "x86-64-watched.elf");
    build(how, elf);
    const port = await freePort();
    start(machine[0], [...machine.slice(1), ...HEADLESS, "-kernel", elf, "-gdb", `tcp:127.0.0.1:${port}`]);
    const trace = join(folder, "watched.trapline");
    const options = [...windows.flatMap((window) => ["--window", window]), "--truth", "--elf", elf, "--stop-at", "drive", "--until", "finished"];
    const { status, talk } = await capture(port, [...options, "--format", "binary", "-o", trace]);
    expect(talk).toMatch(/^(\d+) faults captured; the guest came to \S+\nnot recorded: \d+, first visits of an instruction/);
    expect(status).toBe(1);
    expect(await verified(trace)).toMatch(/^(\d\d+) faults: \1 exact, 0 different, 0 refused\n$/);
  });
});

/** Starts a machine of four processors with the AArch64 guest. `printed` waits until its driver has printed its line, which is its end. */
async function boot() {
  const { build: how, machine } = GUESTS.aarch64;
  const elf = join(folder, "four.elf");
  build(how, elf);
  const port = await freePort();
  const serial = join(folder, `serial-${port}`);
  const headless = HEADLESS.map((word) => (word === "null" ? `file:${serial}` : word));
  const child = start(machine[0], [...machine.slice(1), ...headless, "-smp", "4", "-kernel", elf, "-gdb", `tcp:127.0.0.1:${port}`]);
  const printed = async (): Promise<void> => {
    while (!existsSync(serial) || !readFileSync(serial, "utf8").includes("trapline\n")) await sleep(50);
    await sleep(300);
  };
  return { port, child, printed, trace: join(folder, `four-${port}.jsonl`) };
}

describe.skipIf(lacks("four processors", "aarch64-linux-gnu-gcc", "qemu-system-aarch64"))("a machine of four processors that is interrupted, or goes away", () => {
  const WINDOW = ["--window", "0x9000000:0x9000000:0x1000", "--truth"];

  test("Ctrl-C writes what was captured", async () => {
    const { port, trace, printed } = await boot();
    const { status, talk } = await capture(port, [...WINDOW, "-o", trace], { onInterrupt: (action) => void printed().then(action) });
    expect({ status, talk }).toEqual({ status: 0, talk: expect.stringMatching(/^2[67] faults captured; interrupted\n$/) as string });
    expect(await verified(trace)).toMatch(/^(2[67]) faults: \1 exact, 0 different, 0 refused\n$/);
  });
  test("--seconds as well, and the guest runs on: a second capture finds it", async () => {
    const { port, trace } = await boot();
    expect(await capture(port, [...WINDOW, "--count", "5", "-o", trace])).toMatchObject({ status: 0, talk: "5 faults captured; 5 asked for\n" });
    expect(await capture(port, [...WINDOW, "--seconds", "0.5"])).toMatchObject({ status: 0, talk: expect.stringMatching(/interrupted\n$/) as string });
  });
  test("what was captured before a peer went stays, and the status is 2", async () => {
    const { port, child, trace, printed } = await boot();
    void printed().then(() => stop(child));
    const { status, talk } = await capture(port, [...WINDOW, "-o", trace]);
    expect({ status, talk }).toEqual({ status: 2, talk: expect.stringMatching(/^trapline: 127.0.0.1:\d+: the connection ended.* \(2[67] faults captured before that, and kept\)\n$/) as string });
    expect(await verified(trace)).toMatch(/^(2[67]) faults: \1 exact, 0 different, 0 refused\n$/);
  });
  test("a window that the guest maps elsewhere is one line", async () => {
    const { port, trace } = await boot();
    const { status, talk } = await capture(port, ["--window", "0x9000000:0xa000000:0x1000", "-o", trace]);
    expect(talk).toMatch(/^trapline: 127.0.0.1:\d+: the guest maps 0x9000\w+ to 0x9000\w+, and --window says 0xa000\w+; give 0x9000000:0x9000000:…\n$/);
    expect(status).toBe(2);
  });
});

describe.skipIf(lacks("a real firmware", "qemu-system-aarch64", FIRMWARE))("a real firmware (EDK2 for AArch64)", () => {
  test("is captured while it boots", async () => {
    const [trace, log] = [join(folder, "firmware.jsonl"), join(folder, "firmware.log")];
    const port = await freePort();
    const windows = ["0x9000000:0x9000000:0x1000", "0x9010000:0x9010000:0x1000"];
    const child = start("qemu-system-aarch64", ["-M", "virt", "-cpu", "cortex-a72", ...HEADLESS, "-net", "none", "-bios", FIRMWARE, "-gdb", `tcp:127.0.0.1:${port}`, "-d", "trace:memory_region_ops_read,trace:memory_region_ops_write", "-D", log]);
    const { status, talk } = await capture(port, [...windows.flatMap((window) => ["--window", window]), "--truth", "--count", "60", "--seconds", "25", "-o", trace]);
    expect({ status, talk }).toEqual({ status: 0, talk: "60 faults captured; 60 asked for\n" });
    await stop(child);
    expect(captured(trace)).toEqual(logged(log, windows).slice(0, 60));
    expect(await verified(trace)).toBe("60 faults: 60 exact, 0 different, 0 refused\n");
  });
});

/** Address of the "device" of user.c, which its link gives. */
const DEVICE = "0x700000";
const USER_WINDOW = ["--window", `${DEVICE}:0xa000000:0x100`, "--truth"];
const NO_WATCHPOINTS = /^trapline: \S+ the stub has no watchpoints for reads and writes \(Z4\); --step finds the accesses without them, by stepping through every instruction\n$/;
/** The processor has four points in all, and several addresses may be the start of the instruction before a stop. */
const FEW_POINTS = /^trapline: window 0x700000: the stub's watchpoints cover 32 of 256 bytes, 0x700000 to 0x70001f; .*\ntrapline: \S+ the stub has too few hardware breakpoints to stop before an access next time; use --step\n$/;
const USERS = [
  ["qemu-aarch64", "aarch64-linux-gnu-gcc", NO_WATCHPOINTS],
  ["qemu-arm", "arm-linux-gnueabihf-gcc", NO_WATCHPOINTS],
  ["qemu-riscv64", "riscv64-linux-gnu-gcc", NO_WATCHPOINTS],
  ["qemu-x86_64", "x86_64-linux-gnu-gcc", NO_WATCHPOINTS],
  ["gdbserver", "x86_64-linux-gnu-gcc", FEW_POINTS],
] as const;

for (const [stub, compiler, lacking] of USERS) {
  describe.skipIf(lacks(stub, stub, compiler))(`a user program under ${stub}`, () => {
    let elf = "";
    beforeAll(() => {
      elf = join(folder, `${stub}.elf`);
      build({ compiler, sources: ["user.c"], options: [`-Wl,--section-start=.device=${DEVICE}`] }, elf);
    });
    async function launch(): Promise<number> {
      const port = await freePort();
      start(stub, stub === "gdbserver" ? ["--once", `127.0.0.1:${port}`, elf] : ["-g", String(port), elf]);
      return port;
    }
    test("is captured by stepping", async () => {
      const trace = join(folder, `${stub}.jsonl`);
      const { status, talk } = await capture(await launch(), [...USER_WINDOW, "--step", "--stop-at", "drive", "--elf", elf, "--count", "20", "-o", trace]);
      expect({ status, talk }).toEqual({ status: 0, talk: "20 faults captured; 20 asked for\n" });
      expect(await verified(trace, "--user-mode", "allow")).toBe("20 faults: 20 exact, 0 different, 0 refused\n");
    });
    test(`says what ${stub} lacks`, async () => {
      const { status, talk } = await capture(await launch(), USER_WINDOW);
      expect({ status, talk }).toEqual({ status: 2, talk: expect.stringMatching(lacking) as string });
    });
  });
}
