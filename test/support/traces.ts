import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Traces in this repository. */
export const BUNDLED = fileURLToPath(new URL("../../traces", import.meta.url));
/** A larger collection beside the repository, if somebody has it. */
export const RECORDED = fileURLToPath(new URL("../../../shared/traces", import.meta.url));

/** Paths of a folder's JSON-lines traces, by architecture; none if the folder does not exist. */
export function traceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".jsonl"))
    .toSorted()
    .map((file) => join(folder, file));
}

export const header = (more: object = {}): string => JSON.stringify({ format: "trapline-trace", version: 1, arch: "aarch64", source: "test", ...more });

/** `ldr w1, [x0], #4` at a device address, as a fault line; `more` replaces keys. */
export const fault = (more: object = {}): string =>
  JSON.stringify({
    pc: "0x1000",
    insn: "014440b8",
    regs: { x0: "0x40000010" },
    fault: { gpa: "0xa000010", gva: "0x40000010", write: false },
    reads: ["0xcafe"],
    calls: [{ write: false, gpa: "0xa000010", size: 4, value: "0xcafe" }],
    after: { pc: "0x1004", regs: { x0: "0x40000014", x1: "0xcafe" } },
    ...more,
  });

/** Text of a trace file. */
export const trace = (...lines: readonly string[]): string => `${lines.join("\n")}\n`;

/** The bytes of a text in pieces of `size`. */
export async function* pieces(text: string | Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

export function readText(path: string): string {
  return readFileSync(path, "utf8");
}
