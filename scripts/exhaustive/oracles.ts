import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shapeOf } from "./shape.ts";
import type { OracleId } from "./mine.ts";
import type { WordSet } from "./sets.ts";

/** Names of words: `names[numbers[i]]` is that of word `i`, "" where the oracle decodes nothing. A name is made by {@link shapeOf}. */
export interface Names {
  readonly numbers: Uint16Array;
  readonly names: readonly string[];
}

/** An independent decoder. */
export interface Oracle {
  readonly id: OracleId;
  /** Its name and version. */
  readonly title: string;
  name(words: Uint32Array): Promise<Names>;
  close(): void;
}

/** An oracle that this machine does not have: the reason, for people. */
export class MissingOracle extends Error {}

export const ORACLES = { none: undefined, capstone: openCapstone, llvm: openLlvm } as const;

const SOURCE = fileURLToPath(new URL("../oracles/llvm-words.c", import.meta.url));
/** Everything of the architecture that LLVM has. */
const LLVM_TARGETS: Readonly<Record<WordSet, readonly [triple: string, features: string]>> = {
  a64: ["aarch64", "+all"],
  a32: ["armv8.6a", "+neon,+fp-armv8d16sp,+fp-armv8,+fullfp16,+fp16fml,+crc,+crypto,+sha2,+aes,+dotprod,+i8mm,+bf16,+sb,+ras,+dsp,+hwdiv-arm,+mp,+virtualization,+trustzone"],
};

/** LLVM's C disassembler, by a program that is compiled here with the system's C compiler against an LLVM whose llvm-config is found. */
async function openLlvm(set: WordSet): Promise<Oracle> {
  const config = ["llvm-config-19", "llvm-config"].find((command) => succeeds(command, ["--version"]));
  if (config === undefined) throw new MissingOracle("LLVM's development files are not installed: no llvm-config-19 (Debian: llvm-19-dev)");
  const ask = (option: string): string[] => execFileSync(config, [option], { encoding: "utf8" }).trim().split(/\s+/);
  const folder = mkdtempSync(join(tmpdir(), "llvm-words-"));
  const program = join(folder, "llvm-words");
  try {
    execFileSync("cc", ["-O2", SOURCE, ...ask("--cflags"), `-L${ask("--libdir")[0]!}`, ...ask("--libs"), "-o", program], { stdio: "pipe" });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw new MissingOracle(`${SOURCE} does not compile here: ${(error as Error).message}`);
  }
  return {
    id: "llvm",
    title: `LLVM ${ask("--version")[0]!}`,
    name: (words) => runLlvm(program, LLVM_TARGETS[set], words),
    close: () => rmSync(folder, { recursive: true }),
  };
}

function succeeds(command: string, options: readonly string[]): boolean {
  try {
    execFileSync(command, options, { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

function runLlvm(program: string, target: readonly string[], words: Uint32Array): Promise<Names> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...target], { stdio: ["pipe", "pipe", "inherit"] });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    child.on("error", reject);
    child.on("close", (status) => {
      if (status !== 0) {
        reject(new Error(`llvm-words ended with status ${status}`));
        return;
      }
      const all = Buffer.concat(pieces);
      const numbers = Uint16Array.from({ length: words.length }, (_, at) => all.readUInt16LE(2 * at));
      resolve({ numbers, names: ["", ...all.toString("utf8", 2 * words.length).split("\n")] });
    });
    // A program that dies closes its input: its status tells.
    child.stdin.on("error", () => undefined);
    child.stdin.end(littleEndian(words));
  });
}

/** The bytes of words in memory order. */
function littleEndian(words: Uint32Array): Buffer {
  const bytes = Buffer.alloc(4 * words.length);
  words.forEach((word, at) => bytes.writeUInt32LE(word, 4 * at));
  return bytes;
}

/** A handle of Capstone is given up after so many words: it leaks, and crashes in the end. */
const CAPSTONE_BATCH = 4000;

async function openCapstone(set: WordSet): Promise<Oracle> {
  const { Capstone, Const, loadCapstone } = await import("capstone-wasm");
  await loadCapstone();
  const [arch, mode] = set === "a64" ? [Const["CS_ARCH_ARM64"]!, 0] : [Const["CS_ARCH_ARM"]!, Const["CS_MODE_ARM"]! | Const["CS_MODE_V8"]!];
  return {
    id: "capstone",
    title: "capstone-wasm 1.0.3",
    close: () => undefined,
    async name(words) {
      const bytes = littleEndian(words);
      const names = [""];
      const known = new Map<string, number>();
      const numbers = new Uint16Array(words.length);
      for (let start = 0; start < words.length; start += CAPSTONE_BATCH) {
        const handle = new Capstone(arch, mode);
        for (let at = start; at < Math.min(start + CAPSTONE_BATCH, words.length); at++) {
          const name = nameOf(() => handle.disasm(bytes.subarray(4 * at, 4 * at + 4), { address: 0x10000n, count: 1 }));
          if (name === undefined) continue;
          if (!known.has(name)) known.set(name, names.push(name) - 1);
          numbers[at] = known.get(name)!;
        }
        handle.close();
      }
      return { numbers, names };
    },
  };
}

function nameOf(disassemble: () => readonly { readonly mnemonic: string; readonly opStr: string }[]): string | undefined {
  try {
    const [found] = disassemble();
    return found && shapeOf(found.mnemonic, found.opStr);
  } catch {
    // This is how Capstone says that it knows no such instruction.
    return undefined;
  }
}
