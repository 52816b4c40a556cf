import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { IMPORTERS } from "../../src/import/list.ts";
import { SAMPLES, sampleText } from "../import/samples.ts";
import { elfImage } from "../support/elf.ts";
import { trapline } from "../support/terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "trapline-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

interface FaultJson {
  readonly pc: string;
  readonly regs: Readonly<Record<string, string>>;
  readonly fault: Readonly<Record<string, unknown>>;
  readonly imported: Readonly<Record<string, unknown>>;
}

/** Faults of a JSON-lines trace. */
const faults = (output: string): FaultJson[] => output.trim().split("\n").slice(1).map((line) => JSON.parse(line) as FaultJson);

async function importSample(file: string, ...words: string[]): Promise<FaultJson[]> {
  const { status, output } = await trapline(["import", "-", ...words], { input: sampleText(file) });
  expect(status).toBe(0);
  return faults(output);
}

describe("trapline import", () => {
  test("writes a trace, and says on standard error what it found", async () => {
    writeFileSync(at("log.txt"), sampleText("kvm-x86-trace-cmd.txt"));
    const { status, output, talk } = await trapline(["import", at("log.txt"), "-o", at("trace.jsonl")]);
    expect([status, output]).toEqual([0, ""]);
    expect(talk).toBe("2 faults: KVM trace events, x86 (kvm-x86)\npassed over, line 5: KVM emulated no instruction for this page fault: it was RAM\n");
    const [header, first] = readFileSync(at("trace.jsonl"), "utf8").split("\n").map((line) => line === "" ? {} : JSON.parse(line));
    expect(header).toEqual({ format: "trapline-trace", version: 1, arch: "x86-64", source: `imported from ${at("log.txt")}` });
    expect(first).toMatchObject({ insn: "448b6060", regs: {}, reads: ["0x1"], imported: { format: "kvm-x86", line: 2, exit: "EPT_MISCONFIG", pcAfter: "0xffffffff8134be3b" } });
  });

  test.each([...new Set(SAMPLES.map(({ file }) => file))])("%s becomes a trace that replays, converts and comes back the same", async (file) => {
    writeFileSync(at("in.txt"), sampleText(file));
    expect((await trapline(["import", at("in.txt"), "-o", at("a.jsonl")])).status).toBe(0);
    expect((await trapline(["replay", at("a.jsonl")])).status).toBeLessThan(2);
    expect((await trapline(["convert", at("a.jsonl"), at("a.trapline")])).status).toBe(0);
    expect((await trapline(["convert", at("a.trapline"), at("b.jsonl")])).status).toBe(0);
    expect(readFileSync(at("b.jsonl"), "utf8")).toBe(readFileSync(at("a.jsonl"), "utf8"));
  });

  test("a KVM trace with the base registers deduced is exact against KVM's own answers", async () => {
    const { output } = await trapline(["import", "-", "--deduce"], { input: sampleText("kvm-x86-trace-cmd.txt") });
    expect(faults(output).map(({ regs, imported }) => [regs, imported["deduced"]])).toEqual([
      [{ rax: "0xffffc90000005000" }, ["rax"]],
      [{ rdi: "0xffffffffff5fd0a0" }, ["rdi"]],
    ]);
    const verified = await trapline(["verify", "-"], { input: output });
    expect([verified.status, verified.output + verified.talk]).toEqual([0, "2 faults: 2 exact, 0 different, 0 refused\n"]);
  });

  test("a window gives the physical address that an oops lacks", async () => {
    const { output } = await trapline(["import", "-", "--window", "0xffff800012a4d000:0x9000000:0x1000"], { input: sampleText("linux-arm64-page-fault.txt") });
    const { status, output: outcome } = await trapline(["replay", "-"], { input: output });
    expect(status).toBe(0);
    expect(JSON.parse(outcome)).toMatchObject({ status: "emulated", calls: [{ write: true, gpa: "0x9000018", size: 4, value: "0x3" }, { write: true, gpa: "0x900001c", size: 4, value: "0x2" }] });
  });

  test("several formats in one text", async () => {
    const { status, output, talk } = await trapline(["import", "-"], { input: `${sampleText("kvm-x86-perf.txt")}\nand in the guest:\n\n${sampleText("linux-x86-page-fault.txt")}` });
    expect(status).toBe(0);
    expect(faults(output).map(({ imported }) => imported["format"])).toEqual(["kvm-x86", "linux-x86"]);
    expect(talk).toContain("1 fault: KVM trace events, x86 (kvm-x86)\n1 fault: Linux kernel oops");
  });

  test("a fault of another architecture is left out, and told", async () => {
    const input = sampleText("kvm-x86-perf.txt") + sampleText("linux-riscv.txt");
    const { status, output, talk } = await trapline(["import", "-"], { input });
    expect([status, faults(output).length]).toEqual([1, 1]);
    expect(talk).toContain("left out, line 4: a fault of riscv64, and the trace is of x86-64: import it by itself with --arch riscv64");
    const other = await trapline(["import", "-", "--arch", "riscv64"], { input });
    expect(faults(other.output).map(({ pc }) => pc)).toEqual(["0xffffffff80434c8a"]);
  });

  test("32-bit code is left out, and told", async () => {
    const { status, talk } = await trapline(["import", "-"], { input: `${sampleText("kvm-x86-perf.txt")} q 1 [001] 1.000001: kvm_emulate_insn: 0:c0100000:8b 07 (prot32)\n` });
    expect([status, talk]).toEqual([1, expect.stringContaining("left out, line 4: the instruction is of prot32 mode, and only 64-bit mode (prot64) is decoded")]);
  });

  test("parts that do not fit together are told", async () => {
    const { talk, output } = await trapline(["import", "-"], { input: sampleText("linux-x86-old.txt").replace("RAX: ffffc900010f4000", "RAX: ffffc900010f5000") });
    expect(talk).toContain("line 1: the registers give the address 0xffffc900010f5014, and the log reports 0xffffc900010f4014");
    expect(faults(output)[0]!.imported["disagrees"]).toHaveLength(1);
    const shifted = await trapline(["import", "-"], { input: sampleText("kvm-x86-trace-cmd.txt").replace("0xffffffff8134be3b", "0xffffffff8134be40") });
    expect(shifted.talk).toContain("the instruction has 4 bytes, and the machine went on at 0xffffffff8134be40, not behind it");
    const turned = await trapline(["import", "-"], { input: sampleText("linux-x86-old.txt").replace("Oops: 0000", "Oops: 0002") });
    expect(turned.talk).toContain("the instruction reads, and the log reports a write");
  });

  test("the direction that KVM puts into an injected abort is not believed against the instruction", async () => {
    const [fault] = await importSample("linux-arm64-external-abort.txt");
    expect(fault!.fault["write"]).toBe(false);
    const { output, talk } = await trapline(["import", "-"], { input: sampleText("linux-arm64-external-abort.txt").replace("(b9400021)", "(b9000021)") });
    expect(faults(output)[0]!.fault).toEqual({ esr: "0x96000210" });
    expect(talk).not.toContain("reports");
  });
});

describe("an image completes a log", () => {
  const stosb = Buffer.from("f3aa4c89c8c3904989fa400fb6ce48b8", "hex");
  const text = Uint8Array.from([...Array.from({ length: 9 }, () => 0x90), ...stosb, ...Array.from({ length: 64 }, () => 0xcc)]);
  const image = (plan: Parameters<typeof elfImage>[0]): string => {
    writeFileSync(at("vmlinux"), elfImage({ segments: [{ address: 0xffffffff81000000n, bytes: text }], ...plan }));
    return at("vmlinux");
  };
  const memset = { name: "memset_erms", address: 0xffffffff81000000n, size: 0x10n };

  test("a symbol becomes an address", async () => {
    const elf = image({ symbols: [memset] });
    const [fault] = await importSample("linux-x86-page-fault.txt", "--elf", elf);
    expect(fault).toMatchObject({ pc: "0xffffffff81000009", imported: { symbol: "memset_erms+0x9/0x10" } });
    expect(fault!.imported["pc"]).toBeUndefined();
    const [moved] = await importSample("linux-x86-page-fault.txt", "--elf", elf, "--load-offset", "0x1e000000");
    expect(moved!.pc).toBe("0xffffffff9f000009");
  });

  test("of two functions of one name the bytes tell which", async () => {
    const two = [memset, { ...memset, address: 0xffffffff81000020n }];
    const [fault] = await importSample("linux-x86-page-fault.txt", "--elf", image({ symbols: two }));
    expect(fault!.pc).toBe("0xffffffff81000009");
  });

  test("an address gets its bytes and its symbol", async () => {
    const elf = image({ segments: [{ address: 0x102a30n, bytes: Uint8Array.from([...Array.from({ length: 12 }, () => 0x90), 0x89, 0x50, 0x10]) }], symbols: [{ name: "poke", address: 0x102a30n, size: 0xfn }] });
    const [fault] = await importSample("qemu-exceptions-x86.txt", "--elf", elf);
    expect(fault).toMatchObject({ pc: "0x102a3c", insn: "895010", imported: { symbol: "poke+0xc" } });
  });

  test.each([
    ["of another build", { symbols: [{ ...memset, address: 0xffffffff81000030n }] }, "has other bytes at memset_erms+0x9 than the log: it is of another build"],
    ["without the function", { symbols: [] }, "has no function memset_erms of more than 0x9 bytes"],
  ])("one %s is told and not used", async (_, plan, message) => {
    const { status, output, talk } = await trapline(["import", "-", "--elf", image(plan)], { input: sampleText("linux-x86-page-fault.txt") });
    expect([status, faults(output)[0]!.pc, faults(output)[0]!.imported["pc"]]).toEqual([0, "0x0", "unknown"]);
    expect(talk).toContain(message);
  });

  test("one of another architecture, or that is none, is one line", async () => {
    const other = await trapline(["import", "-", "--elf", image({ machine: 183 }), "--arch", "x86-64"], { input: sampleText("linux-x86-page-fault.txt") });
    expect([other.status, other.talk]).toEqual([2, expect.stringContaining("vmlinux: is an image for aarch64, and the faults are of x86-64")]);
    writeFileSync(at("none"), "MZ");
    const none = await trapline(["import", "-", "--elf", at("none")], { input: sampleText("linux-x86-page-fault.txt") });
    expect([none.status, none.talk]).toEqual([2, expect.stringMatching(/^trapline: .*none: is no ELF file.*\n$/)]);
  });
});

describe("a log that can't be imported is one line, and status 2", () => {
  const names = IMPORTERS.map(({ name }) => name).join(", ");
  test.each([
    ["empty", "", `is empty; expected a log in one of the formats ${names}`],
    ["of no known format", "dear all,\nit does not work\n", `is a log in no known format; tried ${names}; no line looks like any of them`],
    ["binary garbage", "\u0000\u0001\u0002\u0003", "is not text; tried"],
    ["trace.dat", "\u0017\u0008\u0044tracing6\u0000", "this is trace-cmd's trace.dat; run trace-cmd report on it and import the text"],
    ["perf.data", "PERFILE2\u0000\u0000", "this is perf.data; run perf script"],
    ["gzip", "\u001f\u008b\u0008\u0000", "compressed with gzip; unpack it first"],
    ["a trace", '{"format":"trapline-trace","version":1,"arch":"arm"}\n', "this is a trace already"],
    ["nearly one", "hello\nTaking exception 2 [SVC] on CPU 0\nbye\n", 'one line is like qemu-exceptions (QEMU exception log (-d int)), the first 2: "Taking exception 2 [SVC] on CPU 0"; expected Taking exception 4'],
    ["without a memory fault", "[    1.0] WARNING: CPU: 0 PID: 1 at x.c:1 f+0x1/0x2\n[    1.0] RIP: 0010:f+0x1/0x2\n", 'holds no fault: line 1: "WARNING: CPU" is no failed memory access'],
    ["of a 32-bit guest", "KVM internal error. Suberror: 1\nEAX=00000023 EBX=00000002 ECX=00000000 EDX=00000600\nEIP=00001000\n", "holds no fault that can be imported: line 1: the guest was not in 64-bit mode"],
  ])("%s", async (_, input, message) => {
    const { status, output, talk } = await trapline(["import", "-"], { input: Buffer.from(input, "latin1") });
    expect([status, output]).toEqual([2, ""]);
    expect(talk).toMatch(/^trapline: standard input: [^\n]+\n$/);
    expect(talk).toContain(message);
  });

  test.each([
    [["--as", "linux-arm64"], "holds no whole fault of a known format|is a log in no known format; tried linux-arm64"],
    [["--as", "linux-arm"], "format linux-arm: no such format \\(did you mean linux-arm64\\?\\)"],
    [["--arch", "aarch64"], "holds faults of x86-64 \\(kvm-x86\\), and none of aarch64"],
    [["--load-offset", "0x10"], "--load-offset moves the image of --elf, and there is none"],
    [["--load-offset", "ten", "--elf", "x"], "Expected a number, e.g. 0x1e000000"],
    [["--window", "0x1000"], "Expected GVA:GPA:SIZE"],
    [["--window", "0:0:0"], "Expected GVA:GPA:SIZE"],
    [["--window", "0xfffffffffffff000:0:0x2000"], "Expected GVA:GPA:SIZE"],
    [["--elf", "/nowhere/vmlinux"], "/nowhere/vmlinux: no such file or directory"],
  ])("%j", async (words, message) => {
    const { status, talk } = await trapline(["import", "-", ...words], { input: sampleText("kvm-x86-perf.txt") });
    expect([status, talk]).toEqual([2, expect.stringMatching(new RegExp(`^trapline: [^\\n]*(?:${message})[^\\n]*\\n$`))]);
  });

  test("a file that is not there", async () => expect(await trapline(["import", "/nowhere/log"])).toEqual({ status: 2, output: "", talk: "trapline: /nowhere/log: no such file or directory\n" }));
});

test("of a log that breaks off, what was read is kept", async () => {
  const { importBytes } = await import("../../src/replay/import.ts");
  const { FileError } = await import("../../src/trace/files.ts");
  let events = 0;
  const trace = await importBytes(
    (async function* () {
      yield Buffer.from(sampleText("kvm-x86-perf.txt").repeat(400).replaceAll(/1404\.389\d+/g, () => (1404 + events++ / 1000).toFixed(6)));
      yield Buffer.from("\n");
      throw new FileError("log: the disk is gone");
    })(),
    "log",
    {},
  );
  const kept: unknown[] = [];
  const problem = await (async () => {
    for await (const record of trace.records) kept.push(record);
  })().catch((error: unknown) => error);
  expect(kept.length).toBeGreaterThan(300);
  expect(problem).toMatchObject({ name: "TraceError", message: "log: the disk is gone", kept: "start" });
});

test("a long log takes constant memory, whatever its lines are", async () => {
  const line = Buffer.alloc(1 << 20, "x");
  const { Readable } = await import("node:stream");
  const { importBytes } = await import("../../src/replay/import.ts");
  const stream = Readable.from((function* () {
    yield Buffer.from(sampleText("kvm-x86-perf.txt"));
    // 768 MB without a line feed, then a fault.
    for (let count = 0; count < 768; count++) yield line;
    yield Buffer.from(`\n${sampleText("kvm-x86-perf.txt").replaceAll("1404.", "1405.")}`);
  })());
  const before = process.memoryUsage().rss;
  let count = 0;
  for await (const _ of (await importBytes(stream, "log", {})).records) count++;
  expect(count).toBe(2);
  // Half of it leaves room for what the collector has not come to yet on a busy machine.
  expect(process.memoryUsage().rss - before).toBeLessThan(384 << 20);
}, 60_000);
