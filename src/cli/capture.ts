import { InvalidArgumentError, Option } from "commander";
import type { Tally } from "../capture/observer.ts";
import type { CaptureRequest, Session } from "../capture/session.ts";
import type { GuestFacts, Window } from "../model/fault.ts";
import { UserError } from "../model/user-error.ts";
import type { OpenMachine } from "../replay/capture.ts";
import { type Trace, TraceError, type TraceRecord } from "../trace/record.ts";
import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { STATUS, type Status, type Terminal, UsageError } from "./terminal.ts";
import { collectWindow } from "./window-option.ts";

interface Options {
  readonly gdb: { readonly host: string; readonly port: number };
  readonly window: readonly Window[];
  readonly output: string;
  readonly format: "jsonl" | "binary";
  readonly truth?: true;
  readonly step?: true;
  readonly count?: number;
  readonly seconds?: number;
  readonly stopAt?: string;
  readonly until?: string;
  readonly elf?: string;
  readonly source?: string;
}

export const defineCapture: DefineCommand = (program, terminal, finish) => {
  program
    .command("capture")
    .summary("record faults from a running machine over the GDB protocol")
    .description(
      "Sets watchpoints on device memory at a GDB stub (QEMU, gdbserver, OpenOCD) and records every instruction that touches it: program counter, bytes, registers, address, direction.",
    )
    .requiredOption("--gdb <host:port>", "where the stub listens", parseEndpoint)
    .requiredOption("--window <gva:gpa:size>", "device memory: virtual address, physical address, bytes; may be given several times", collectWindow)
    .option("-o, --output <file>", "where the trace goes, - for standard output", "-")
    .addOption(new Option("--format <form>", "form of the trace").choices(["jsonl", "binary"]).default("jsonl"))
    .option("--truth", "record as well what each instruction changed and what the device returned, for verify")
    .option("--step", "step through every instruction instead of setting watchpoints: slow, needs none, and sees all on x86-64")
    .option("--count <n>", "end after so many faults", parseCount)
    .option("--seconds <s>", "end after this time", parseSeconds)
    .option("--stop-at <address>", "run to this address or symbol first, at full speed")
    .option("--until <address>", "end where the guest comes to this address or symbol")
    .option("--elf <file>", "the guest's image, for symbols")
    .option("--source <text>", "what the trace's header says of where it comes from")
    .addHelpText(
      "after",
      `
Ctrl-C ends the capture and writes what it has. The guest runs on afterwards. Device memory is never read by the capture itself: values
that the device returned are taken from the registers or the RAM that the instruction loaded them into; where they left no exact
trace, the record goes without.

x86-64 stops after an access, when the state before is gone: the first visit of each instruction is then not recorded but counted (exit
status 1), unless with --step.

Exit status: 0 all well; 1 some accesses were seen and not recorded; 2 wrong usage, or the stub can't be used (what was captured is kept).

Examples:
  $ qemu-system-aarch64 -M virt -cpu cortex-a72 -display none -kernel guest.elf -S -gdb tcp::1234 &
  $ trapline capture --gdb localhost:1234 --window 0x9000000:0x9000000:0x1000 --truth --count 100 -o uart.jsonl
  $ trapline capture --gdb localhost:1234 --window 0x9010000:0x9010000:0x1000 --stop-at main --until 0x40001234 --elf guest.elf`,
    )
    .action(async (options: Options) => finish(await capture(options, terminal)));
};

function parseEndpoint(text: string): Options["gdb"] {
  const [, host, digits] = /^(?:tcp:)?(.*):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || !(port > 0 && port < 65536)) throw new InvalidArgumentError("Expected HOST:PORT, e.g. localhost:1234.");
  return { host: host === "" ? "localhost" : host.replace(/^\[(.*)\]$/, "$1"), port };
}

const INTEGER = /^(?:0x[0-9a-f]{1,16}|[0-9]{1,19})$/i;

function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) throw new InvalidArgumentError("Expected a number, 1 or more.");
  return value;
}

function parseSeconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 2_000_000) throw new InvalidArgumentError("Expected a number of seconds greater than 0.");
  return value;
}

async function capture(options: Options, terminal: Terminal): Promise<Status> {
  const { gdb, window: windows, output, format, truth = false, step = false, count, seconds } = options;
  const [{ openMachine }, { Session }, { writeTrace }, { jsonLines }, { columnar }] = await Promise.all([
    import("../replay/capture.ts"),
    import("../capture/session.ts"),
    import("./write-trace.ts"),
    import("../trace/json-lines.ts"),
    import("../trace/columnar/codec.ts"),
  ]);
  const resolve = await addresses(options.elf);
  const from = options.stopAt === undefined ? undefined : resolve(options.stopAt, "--stop-at");
  const until = options.until === undefined ? undefined : resolve(options.until, "--until");
  const guest: GuestFacts = { windows };
  const machine = await openMachine(gdb.host, gdb.port, guest);
  const ending = new AbortController();
  const timer = seconds === undefined ? undefined : setTimeout(() => ending.abort(), 1000 * seconds);
  try {
    terminal.onInterrupt?.(() => ending.abort());
    const request: CaptureRequest = {
      windows,
      truth,
      step,
      ...(count === undefined ? {} : { count }),
      ...(from === undefined ? {} : { from }),
      ...(until === undefined ? {} : { until }),
      interrupted: ending.signal,
    };
    const session = new Session(machine.stub, machine.analyst, request, (line) => terminal.talk.write(`trapline: ${line}\n`));
    const trace = traceOf(machine, session, guest, options.source ?? `GDB stub at ${gdb.host}:${gdb.port}`);
    const problem = await writeTrace(trace, format === "binary" ? columnar : jsonLines, output, [], terminal, new Progress(terminal, "faults", 1));
    if (problem !== undefined) throw problem;
    terminal.talk.write(describe(session));
    return session.tally.left.size === 0 ? STATUS.ok : STATUS.refused;
  } finally {
    clearTimeout(timer);
    machine.close();
  }
}

/** The session as a trace that can be written. What was captured before the stub went away is sound. */
function traceOf({ analyst: { registers } }: OpenMachine, session: Session, guest: GuestFacts, source: string): Trace {
  async function* records(): AsyncGenerator<TraceRecord> {
    try {
      yield* session.records();
    } catch (error) {
      const { faults } = session.tally;
      if (!(error instanceof UserError) || faults === 0) throw error;
      throw new TraceError(`${error.message} (${plural(faults)} captured before that, and kept)`, "start");
    }
  }
  return { header: { architecture: registers.architecture, source, guest, unknown: undefined }, registers, records: records() };
}

function plural(faults: number): string {
  return faults === 1 ? "1 fault" : `${faults} faults`;
}

function describe({ tally, ending }: Session): string {
  const lines = [`${plural(tally.faults)} captured; ${ending}`];
  for (const [heading, reasons] of [["not recorded", tally.left], ["without the whole truth", tally.partial]] as const satisfies readonly (readonly [string, Tally["left"]])[]) {
    for (const [reason, times] of reasons) lines.push(`${heading}: ${times}, ${reason}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Reads an address, or the name of a symbol of the image. */
async function addresses(elf: string | undefined): Promise<(text: string, option: string) => bigint> {
  const image = elf === undefined ? undefined : (await import("../elf/elf.ts")).ElfImage.open(elf);
  return (text, option) => {
    if (INTEGER.test(text)) return BigInt(text);
    if (image === undefined) throw new UsageError(`${option} ${text}: expected an address, e.g. 0x40080000; symbols need --elf FILE`);
    const [symbol, second] = image.symbolsNamed(text);
    if (symbol === undefined) throw new UsageError(`${option} ${text}: neither an address nor a symbol of ${elf}`);
    if (second !== undefined) throw new UsageError(`${option} ${text}: ${elf} has several symbols of this name; give the address`);
    return symbol.address;
  };
}
