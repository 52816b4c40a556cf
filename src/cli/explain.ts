import { InvalidArgumentError } from "commander";
import type { Isa } from "../model/instruction.ts";
import type { Trace, TraceRecord } from "../trace/record.ts";
import type { DefineCommand } from "./command.ts";
import { addImportOptions, importChoices, type ImportOptions } from "./import-options.ts";
import { STATUS, type Status, type Terminal, UsageError } from "./terminal.ts";

interface Options extends ImportOptions {
  readonly index: number;
  readonly handler?: string;
}

/** A page is no wider than this, however wide the screen is. */
const WIDTH_LIMIT = 80;

export const defineExplain: DefineCommand = (program, terminal, finish) => {
  addImportOptions(
    program
      .command("explain")
      .summary("say in plain words why an access failed, and what to do")
      .description("Takes a kernel oops, a crash of a VMM or any other log that import reads, or a trace, and says about one fault: what the instruction is, why the hypervisor could not handle it, what a handler in the guest would do with which hypercalls, and what to change in the source.")
      .argument("[file]", "log or trace, - for standard input", "-"),
  )
    .option("--index <number>", "which fault, counted from 0", parseIndex, 0)
    .option("--handler <name-or-file>", "guest exception handler whose hypercalls are shown; default by architecture")
    .addHelpText(
      "after",
      `
Examples:
  $ trapline explain oops.txt
  $ dmesg | trapline explain
  $ trapline explain panic.txt --elf vmlinux --window 0xffff800012345000:0x9000000:0x1000
  $ trapline explain trace.jsonl --index 3`,
    )
    .action(async (path: string, options: Options) => finish(await explain(path, options, terminal)));
};

function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a number, counted from 0.");
  return Number(text);
}

async function explain(path: string, { index, handler: handlerName, ...options }: Options, terminal: Terminal): Promise<Status> {
  const name = path === "-" ? "standard input" : path;
  if (path === "-" && terminal.input === process.stdin && process.stdin.isTTY) terminal.talk.write("Paste the log, then press Ctrl-D on a line of its own.\n");
  const [{ openFaults }, { loadIsa }, { loadHandler }, { explainFault, validSyndrome }, { explanationText }, { Disassembler }, { styleFor }] = await Promise.all([
    import("../replay/open-faults.ts"),
    import("../isa/list.ts"),
    import("../replay/handlers.ts"),
    import("../replay/explain.ts"),
    import("../report/explanation.ts"),
    import("../report/assembly.ts"),
    import("../report/style.ts"),
  ]);
  const trace = await openFaults(path, await importChoices(options), terminal.input);
  const { record, count, more } = await pick(trace, index);
  if (record === undefined) {
    throw new UsageError(`${name}: has ${count === 0 ? "no fault" : count === 1 ? "one fault, number 0" : `${count} faults, number 0 to ${count - 1}`}; there is none with --index ${index}`);
  }
  const isa: Isa = await loadIsa(trace.header.architecture);
  const { guest } = trace.header;
  const windows = options.window ?? [];
  const explanation = explainFault(record, isa, windows.length === 0 ? guest : { ...guest, windows }, await loadHandler(handlerName, isa.architecture));
  const { instruction, instructionSet, fault, imported } = explanation;
  let assembly: string | undefined;
  if (instruction !== undefined && instructionSet !== undefined) {
    const disassembler = await Disassembler.open(instructionSet, isa.registers);
    assembly = disassembler.text(instruction, fault.bytes, fault.pc);
    disassembler.close();
  }
  const { IMPORTERS } = await import("../import/list.ts");
  const format = IMPORTERS.find((each) => each.name === imported["format"])?.title;
  const where = format === undefined ? `fault ${index} of ${name}` : `${name}, line ${String(imported["line"])}`;
  const style = styleFor(terminal.output, terminal.environment);
  const width = Math.min(terminal.output.columns ?? WIDTH_LIMIT, WIDTH_LIMIT);
  terminal.output.write(explanationText(explanation, { registers: isa.registers, assembly, where, format, syndrome: validSyndrome(fault.syndrome) }, { style, width }));
  if (more) terminal.talk.write(`\nThere are more faults: --index ${index + 1} explains the next.\n`);
  return STATUS.ok;
}

/** One fault of a trace, and whether there is another behind it. */
async function pick(trace: Trace, index: number): Promise<{ record: TraceRecord | undefined; count: number; more: boolean }> {
  let record: TraceRecord | undefined;
  let count = 0;
  for await (const each of trace.records) {
    if (count > index) return { record, count, more: true };
    if (count === index) record = each;
    count++;
  }
  return { record, count, more: false };
}
