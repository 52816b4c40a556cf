import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { defaultHandler, HANDLERS } from "../../handlers/list.ts";
import { ARCHITECTURES, type Architecture, type Handler } from "../handler.ts";
import { UserError } from "../model/user-error.ts";
import { nearest } from "./nearest.ts";

/** A handler that can't be had: no such name or file, a module that fails, or one that is no handler. */
export class HandlerLoadError extends UserError {
  override readonly name = "HandlerLoadError";
}

const EXTENSIONS = [".js", ".mjs", ".ts"];

/**
 * The handler for a trace: the built-in one of that name, the default export of that file, or, without either, the default of the
 * architecture. Throws a {@link HandlerLoadError} that says what is wrong with it.
 */
export async function loadHandler(nameOrFile: string | undefined, architecture: Architecture): Promise<Handler> {
  if (nameOrFile === undefined) return defaultHandler(architecture);
  const handler = HANDLERS.find(({ name }) => name === nameOrFile) ?? (await loadFile(nameOrFile));
  if (!handler.architectures.includes(architecture)) {
    throw new HandlerLoadError(`handler ${handler.name} serves ${handler.architectures.join(", ")}, and the trace is ${architecture}`);
  }
  return handler;
}

async function loadFile(file: string): Promise<Handler> {
  const isFile = (await stat(file).catch(() => undefined))?.isFile() === true;
  const extension = extname(file);
  if (!isFile && !/[./\\]/.test(file)) throw new HandlerLoadError(unknownName(file));
  if (!isFile) throw new HandlerLoadError(`handler ${file}: no such file`);
  if (!EXTENSIONS.includes(extension)) throw new HandlerLoadError(`handler ${file}: expected a file that ends in ${EXTENSIONS.join(", ")}`);
  let module: unknown;
  try {
    module = await importModule(resolve(file));
  } catch (error) {
    throw new HandlerLoadError(`handler ${file}: the module can't be loaded: ${oneLine(error)}`, { cause: error });
  }
  return checkHandler(file, (module as { default?: unknown } | undefined)?.default);
}

function unknownName(name: string): string {
  const names = HANDLERS.map((each) => each.name);
  const near = nearest(name, names);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  return `handler ${name}: no built-in handler of this name${hint}; built in are ${names.join(", ")}, and a file's path works too`;
}

/**
 * TypeScript and JavaScript alike, wherever the file lies: "trapline/handler" is this very program's module, so that its Refusal is
 * ours. Nothing is cached on disk.
 */
async function importModule(path: string): Promise<unknown> {
  const { createJiti } = await import("jiti");
  const handlerModule = await import("../handler.ts");
  const jiti = createJiti(pathToFileURL(path).href, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { "trapline/handler": handlerModule },
  });
  return jiti.import(path);
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split("\n")[0]!.trim();
}

/** What each member must be. */
const MEMBERS: readonly { readonly name: keyof Handler; readonly expected: string; readonly optional?: true; is(value: unknown): boolean }[] = [
  { name: "name", expected: "a name of one word", is: (value) => typeof value === "string" && /^\S+$/.test(value) },
  { name: "description", expected: "a line of text", is: (value) => typeof value === "string" },
  {
    name: "architectures",
    expected: `an array of one or more of ${ARCHITECTURES.join(", ")}`,
    is: (value) => Array.isArray(value) && value.length > 0 && value.every((each) => (ARCHITECTURES as readonly unknown[]).includes(each)),
  },
  { name: "check", expected: "a function, or to be left out", optional: true, is: isFunction },
  { name: "handle", expected: "a function (access, host, context)", is: isFunction },
  { name: "exit", expected: "a function, or to be left out", optional: true, is: isFunction },
  { name: "host", expected: "a function (device)", is: isFunction },
];

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function checkHandler(file: string, candidate: unknown): Handler {
  if (candidate === undefined) throw new HandlerLoadError(`handler ${file}: the module has no default export; expected: export default defineHandler({ … })`);
  if (typeof candidate !== "object" || candidate === null) {
    throw new HandlerLoadError(`handler ${file}: the default export is a ${candidate === null ? "null" : typeof candidate}; expected an object, as defineHandler({ … }) gives`);
  }
  for (const { name, expected, optional, is } of MEMBERS) {
    const value = (candidate as Partial<Record<keyof Handler, unknown>>)[name];
    if (value === undefined && optional === true) continue;
    if (value === undefined) throw new HandlerLoadError(`handler ${file}: the default export lacks the member "${name}"; expected ${expected}`);
    if (!is(value)) throw new HandlerLoadError(`handler ${file}: its member "${name}" is not what it must be; expected ${expected}`);
  }
  return candidate as Handler;
}
