import type { Readable } from "node:stream";
import { loadIsa } from "../isa/list.ts";
import { openInput } from "../trace/files.ts";
import { readTrace } from "../trace/read.ts";
import { type Trace, TraceError } from "../trace/record.ts";
import { importBytes, type ImportChoices } from "./import.ts";

/** Bytes by which a trace is told from a log. */
const START_LENGTH = 256;
const BINARY_START = "\u0094\u00a8trapline";

/** Opens a trace or a log, `-` for standard input, whichever it is. */
export async function openFaults(path: string, choices: ImportChoices, standardInput: Readable): Promise<Trace> {
  const name = path === "-" ? "standard input" : path;
  const chunks = (await openInput(path, standardInput))[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  for (let length = 0; length < START_LENGTH; ) {
    const next = await chunks.next();
    if (next.done === true) break;
    held.push(next.value);
    length += next.value.length;
  }
  const bytes = resume(held, chunks);
  if (!isTrace(Buffer.concat(held).subarray(0, START_LENGTH).toString("latin1"))) return importBytes(bytes, name, choices);
  return readTrace(bytes, async (architecture) => (await loadIsa(architecture)).registers).catch((error: unknown) => {
    throw error instanceof TraceError ? new TraceError(`${name}: ${error.message}`, error.kept) : error;
  });
}

/** JSON alone is no sign: logs come as JSON too. */
function isTrace(start: string): boolean {
  return start.startsWith(BINARY_START) || /^(?:\u00ef\u00bb\u00bf)?\s*\{.*"trapline-trace"/s.test(start);
}

async function* resume(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
