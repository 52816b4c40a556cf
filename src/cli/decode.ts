import type { Architecture, InstructionSet } from "../model/architecture.ts";
import { Refusal } from "../model/refusal.ts";
import { architectureOption } from "./architecture.ts";
import type { DefineCommand } from "./command.ts";
import { Progress } from "./progress.ts";
import { STATUS, type Status, type Terminal, UsageError } from "./terminal.ts";

interface Options {
  readonly arch: Architecture;
  readonly thumb?: true;
  readonly json?: string;
}

export const defineDecode: DefineCommand = (program, terminal, finish) => {
  program
    .command("decode")
    .summary("tell what an instruction is and what it would access")
    .description("Decodes instruction bytes: what the instruction is, what it accesses and needs, whether a hypervisor would have had a valid syndrome for it, and whether it is emulated.")
    .argument("[bytes...]", "instruction bytes in memory order, as hex; 0x… is one 32-bit word of a fixed-width instruction set")
    .addOption(architectureOption())
    .option("--thumb", "T32 instead of A32, for --arch arm")
    .option("--json <file>", "mass form: one instruction a line in hex, - for standard input; one JSON object a line comes out")
    .addHelpText(
      "after",
      `
Examples:
  $ trapline decode --arch aarch64 014440b8
  $ trapline decode --arch x86-64 44 8b 60 60
  $ trapline decode --arch arm --thumb 0368
  $ trapline decode --arch riscv64 --json instructions.txt`,
    )
    .action(async (words: string[], options: Options) => finish(await decode(words, options, terminal)));
};

const DEFAULT_SETS: Readonly<Record<Architecture, InstructionSet>> = { aarch64: "a64", arm: "a32", riscv64: "rv64", "x86-64": "x86-64" };

async function decode(words: readonly string[], { arch, thumb, json }: Options, terminal: Terminal): Promise<Status> {
  if (thumb && arch !== "arm") throw new UsageError(`--thumb is for --arch arm; the architecture is ${arch}`);
  const instructionSet = thumb ? "t32" : DEFAULT_SETS[arch];
  if (json !== undefined) {
    if (words.length > 0) throw new UsageError("decode takes either bytes or --json FILE, not both");
    await decodeMass(json, arch, instructionSet, terminal);
  } else {
    if (words.length === 0) throw new UsageError("decode needs instruction bytes, e.g. trapline decode --arch aarch64 014440b8, or --json FILE");
    await decodeText(words, arch, instructionSet, terminal);
  }
  return STATUS.ok;
}

async function decodeText(words: readonly string[], architecture: Architecture, instructionSet: InstructionSet, terminal: Terminal): Promise<void> {
  const parts = words.map((word) => parseBytes(word, `argument ${word}`, instructionSet));
  const [{ loadIsa }, { Disassembler }, { instructionText, undecodedText }, { styleFor }] = await Promise.all([
    import("../isa/list.ts"),
    import("../report/assembly.ts"),
    import("../report/instruction.ts"),
    import("../report/style.ts"),
  ]);
  const isa = await loadIsa(architecture);
  const disassembler = await Disassembler.open(instructionSet, isa.registers);
  const style = styleFor(terminal.output, terminal.environment);
  // Words may split an instruction's bytes anywhere, so they are read as one string; after bytes that are no instruction
  // decoding starts again at the next word.
  const bytes = Uint8Array.from(Buffer.concat(parts));
  const starts: number[] = [];
  parts.reduce((start, part) => (starts.push(start), start + part.length), 0);
  const texts: string[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const rest = bytes.subarray(offset);
    const decoded = isa.decode(rest, instructionSet);
    if (decoded instanceof Refusal) {
      const next = starts.find((start) => start > offset) ?? bytes.length;
      texts.push(undecodedText(bytes.subarray(offset, next), decoded, style));
      offset = next;
    } else {
      texts.push(instructionText(rest, decoded, disassembler.text(decoded, rest), instructionSet, isa.registers, style));
      offset += decoded.length;
    }
  }
  disassembler.close();
  terminal.output.write(texts.join("\n"));
}

async function decodeMass(path: string, architecture: Architecture, instructionSet: InstructionSet, terminal: Terminal): Promise<void> {
  const [{ loadIsa }, { Disassembler }, { instructionLine }, { openInput }, { splitLines }, { writing }] = await Promise.all([
    import("../isa/list.ts"),
    import("../report/assembly.ts"),
    import("../report/instruction.ts"),
    import("../trace/files.ts"),
    import("../trace/lines.ts"),
    import("./writing.ts"),
  ]);
  const input = await openInput(path, terminal.input);
  const isa = await loadIsa(architecture);
  const disassembler = await Disassembler.open(instructionSet, isa.registers);
  const name = path === "-" ? "standard input" : path;
  const progress = new Progress(terminal, "instructions");
  await writing("-", [], terminal, progress, async (output) => {
    for await (const { number, text } of splitLines(input)) {
      const bytes = parseBytes(text, `${name}: line ${number}`, instructionSet);
      const decoded = isa.decode(bytes, instructionSet);
      const assembly = decoded instanceof Refusal ? "" : disassembler.text(decoded, bytes);
      const full = output.write(instructionLine(bytes, decoded, assembly));
      if (full !== undefined) await full;
      progress.step();
    }
  });
  disassembler.close();
}

/** Instruction sets whose tools print whole words. */
const WORD_SETS: ReadonlySet<InstructionSet> = new Set(["a64", "a32", "rv64"]);

/** Bytes in memory order from hex digits; a word `0x…` of 32 bits has its bytes in the opposite order. */
function parseBytes(text: string, where: string, instructionSet: InstructionSet): Uint8Array {
  const word = /^0x/i.test(text);
  const digits = word ? text.slice(2) : text.replaceAll(/\s/g, "");
  const shown = text.length <= 40 ? text : `${text.slice(0, 37)}…`;
  if (!/^[0-9a-f]+$/i.test(digits)) throw new UsageError(`${where}: expected instruction bytes as hex, got ${shown}`);
  if (word && (digits.length !== 8 || !WORD_SETS.has(instructionSet))) {
    throw new UsageError(`${where}: expected hex digits without 0x, in memory order${WORD_SETS.has(instructionSet) ? "; 0x is for a word of 8 digits" : ""}, got ${shown}`);
  }
  if (digits.length % 2 !== 0) throw new UsageError(`${where}: expected two hex digits a byte, got an odd number of digits: ${shown}`);
  const bytes = Uint8Array.from(Buffer.from(digits, "hex"));
  return word ? bytes.toReversed() : bytes;
}
