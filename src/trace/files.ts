import { constants, createReadStream, createWriteStream, rmSync } from "node:fs";
import { access, open, realpath, rename, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { UserError } from "../model/user-error.ts";

/** Chunks of what is read from disk: large enough that their number does not count. */
const READ_SIZE = 256 * 1024;
/** Small writes are gathered to this size. */
const WRITE_SIZE = 64 * 1024;

/** A file that can't be opened, read or written. The message names it and says what to do. */
export class FileError extends UserError {
  override readonly name = "FileError";
}

/** Opens a file for reading, `-` for standard input. Throws a {@link FileError}. */
export async function openInput(path: string, standardInput: Readable): Promise<AsyncIterable<Uint8Array>> {
  if (path === "-") return guarded(standardInput, "standard input");
  try {
    if ((await stat(path)).isDirectory()) throw new FileError(`${path}: is a directory; expected a file`);
    await access(path, constants.R_OK);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(`${path}: ${reason(error)}`);
  }
  return guarded(createReadStream(path, { highWaterMark: READ_SIZE }), path);
}

async function* guarded(stream: Readable, name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
  } catch (error) {
    throw new FileError(`${name}: ${reason(error)}`);
  }
}

/** A file that is being written. Nothing is at its path until `commit`. */
export interface Output {
  /** Waits while the other side is slower. */
  write(bytes: string | Uint8Array): Promise<void> | undefined;
  commit(): Promise<void>;
  /** Gives up: what was there before stays there. */
  discard(): Promise<void>;
}

/** Temporary files that are open; an interrupted program removes them. */
const unfinished = new Set<string>();
process.once("exit", () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/**
 * Opens a file for writing, `-` for standard output: a temporary file beside it takes its place on `commit`. Devices and pipes are
 * written to directly. Refuses to replace one of `inputs`. Throws a {@link FileError}.
 */
export async function openOutput(path: string, standardOutput: Writable, inputs: readonly string[] = []): Promise<Output> {
  if (path === "-") return new StreamOutput(standardOutput, "standard output");
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory()) throw new FileError(`${path}: is a directory; expected the path of a file to write`);
  if (existing !== undefined && !existing.isFile()) return new StreamOutput(createWriteStream(path), path, true);
  const target = existing === undefined ? resolve(path) : await realpath(path);
  for (const input of inputs) {
    if (input !== "-" && (await realpath(input).catch(() => "")) === target) {
      throw new FileError(`${path}: is also an input and would be replaced; give another output path`);
    }
  }
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    if (existing !== undefined) await access(target, constants.W_OK);
    const handle = await open(temporary, "w", existing?.mode);
    unfinished.add(temporary);
    return new FileOutput(createWriteStream("", { fd: handle }), path, temporary, target);
  } catch (error) {
    throw new FileError(`${path}: can't be written: ${reason(error)}`);
  }
}

/** Gathers small writes, and keeps to the pace of the stream. */
class StreamOutput implements Output {
  readonly #stream: Writable;
  readonly #name: string;
  readonly #owned: boolean;
  #held: Buffer[] = [];
  #length = 0;
  #failure: Error | undefined;

  constructor(stream: Writable, name: string, owned = false) {
    this.#stream = stream;
    this.#name = name;
    this.#owned = owned;
    stream.on("error", this.#fail);
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
  };

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    const chunk = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#held.push(chunk);
    this.#length += chunk.length;
    return this.#length < WRITE_SIZE ? undefined : this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    await this.#close();
    if (this.#failure !== undefined) throw this.#described(this.#failure);
  }

  async discard(): Promise<void> {
    this.#held = [];
    await this.#close();
  }

  /** A stream of our own is closed; of another's only our listener goes. */
  async #close(): Promise<void> {
    if (this.#owned) {
      this.#stream.end();
      await finished(this.#stream).catch(this.#fail);
    } else {
      this.#stream.off("error", this.#fail);
    }
  }

  async #flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#described(this.#failure);
    if (this.#length === 0) return;
    const chunk = Buffer.concat(this.#held, this.#length);
    this.#held = [];
    this.#length = 0;
    await new Promise<void>((done) => this.#stream.write(chunk, () => done()));
    if (this.#failure !== undefined) throw this.#described(this.#failure);
  }

  /** A closed pipe keeps its code, for whoever wants to end quietly. */
  #described(error: Error): Error {
    if (isClosedPipe(error)) return error;
    return new FileError(`${this.#name}: can't be written: ${reason(error)}`);
  }
}

class FileOutput extends StreamOutput {
  readonly #temporary: string;
  readonly #target: string;

  constructor(stream: Writable, name: string, temporary: string, target: string) {
    super(stream, name, true);
    this.#temporary = temporary;
    this.#target = target;
  }

  override async commit(): Promise<void> {
    await super.commit();
    await rename(this.#temporary, this.#target);
    unfinished.delete(this.#temporary);
  }

  override async discard(): Promise<void> {
    await super.discard();
    rmSync(this.#temporary, { force: true });
    unfinished.delete(this.#temporary);
  }
}

/** Whether the other end of a pipe has gone away (`| head`). */
export function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED";
}

/** An error of the operating system in words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "no such file or directory";
    case "EISDIR":
      return "is a directory; expected a file";
    case "ENOTDIR":
      return "a part of the path is not a directory";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ENOSPC":
      return "no space left on the device";
    case "EROFS":
      return "the file system is read-only";
    default:
      return message;
  }
}
