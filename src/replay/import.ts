import type { Readable } from "node:stream";
import type { ElfImage } from "../elf/elf.ts";
import type { Finding } from "../import/finding.ts";
import type { Importer } from "../import/importer.ts";
import { IMPORTERS } from "../import/list.ts";
import { LogError, LogSummary, type Omission, readLog } from "../import/read-log.ts";
import { loadIsa } from "../isa/list.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Window } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import { UserError } from "../model/user-error.ts";
import { FileError, openInput } from "../trace/files.ts";
import { type Trace, TraceError, type TraceRecord } from "../trace/record.ts";
import { type Completion, recordOf } from "./imported.ts";
import { nearest } from "./nearest.ts";

/** What a person may say about a log. */
export interface ImportChoices {
  /** Name of the only format to look for. */
  readonly as?: string | undefined;
  readonly architecture?: Architecture | undefined;
  readonly image?: ElfImage | undefined;
  readonly windows?: readonly Window[] | undefined;
  /** Fill in a base register that the address and the instruction determine. */
  readonly deduce?: boolean | undefined;
}

/** What was found in a log; complete when all records have been read. */
export interface ImportReport {
  /** Formats with the number of their faults. */
  readonly formats: readonly { readonly name: string; readonly title: string; readonly faults: number }[];
  readonly omissions: readonly Omission[];
  /** Parts of faults that do not fit together: the first few, and how many there are. */
  readonly disagreements: readonly { readonly line: number; readonly what: string }[];
  readonly disagreementCount: number;
}

/** A log that is open for reading as a trace. */
export interface ImportedTrace extends Trace {
  readonly report: () => ImportReport;
}

/** Disagreements that are told one by one. */
const TOLD = 5;

/**
 * Opens a log, `-` for standard input, as a trace: the formats are found from its content, the architecture is that of the first fault.
 * Errors are LogError and FileError, and name the file.
 */
export async function importLog(path: string, choices: ImportChoices = {}, standardInput: Readable = process.stdin): Promise<ImportedTrace> {
  const name = path === "-" ? "standard input" : path;
  return importBytes(await openInput(path, standardInput), name, choices);
}

/** The same for bytes; `name` is for messages and the trace's source. */
export async function importBytes(bytes: AsyncIterable<Uint8Array>, name: string, choices: ImportChoices): Promise<ImportedTrace> {
  const summary = new LogSummary();
  const findings = readLog(bytes, summary, importersOf(choices.as));
  const locate = (error: unknown): unknown => (error instanceof LogError ? new LogError(`${name}: ${error.message}`) : error);
  const first = await findings.next().catch((error: unknown) => {
    throw locate(error);
  });
  if (first.done === true) throw new LogError(`${name}: holds no fault`);
  const architecture = choices.architecture ?? choices.image?.architecture ?? first.value.architecture;
  const isa = await loadIsa(architecture);
  const { image } = choices;
  if (image !== undefined && image.architecture !== architecture) {
    throw new UserError(`${image.name}: is an image for ${image.architecture ?? `machine ${image.machine}`}, and the faults are of ${architecture}`);
  }
  const importing = new Importing(summary, isa, { image, deduce: choices.deduce === true });
  return {
    header: { architecture, source: `imported from ${name}`, guest: { windows: choices.windows ?? [] }, unknown: undefined },
    registers: isa.registers,
    records: importing.records(name, first.value, findings),
    report: () => importing.report(),
  };
}

function importersOf(name: string | undefined): readonly Importer[] {
  if (name === undefined) return IMPORTERS;
  const found = IMPORTERS.filter((each) => each.name === name);
  if (found.length > 0) return found;
  const names = IMPORTERS.map((each) => each.name);
  const near = nearest(name, names);
  throw new UserError(`format ${name}: no such format${near === undefined ? "" : ` (did you mean ${near}?)`}; known are ${names.join(", ")}`);
}

class Importing {
  readonly #summary: LogSummary;
  readonly #isa: Isa;
  readonly #completion: Completion;
  readonly #disagreements: { line: number; what: string }[] = [];
  #disagreementCount = 0;
  #kept = 0;

  constructor(summary: LogSummary, isa: Isa, completion: Completion) {
    this.#summary = summary;
    this.#isa = isa;
    this.#completion = completion;
  }

  async *records(name: string, first: Finding, rest: AsyncIterator<Finding>): AsyncGenerator<TraceRecord> {
    try {
      for (let finding: Finding | undefined = first; finding !== undefined; ) {
        const record = this.#record(finding);
        if (record !== undefined) yield record;
        const next: IteratorResult<Finding> = await rest.next();
        finding = next.done === true ? undefined : next.value;
      }
    } catch (error) {
      // The log broke off: what was read of it so far is sound.
      throw error instanceof FileError ? new TraceError(error.message, "start") : error;
    } finally {
      await rest.return?.();
    }
    if (this.#kept > 0) return;
    const [other] = this.#summary.found.keys();
    throw new LogError(`${name}: holds faults of ${other?.architectures.join(" or ")} (${other?.name}), and none of ${this.#isa.architecture}`);
  }

  report(): ImportReport {
    return {
      formats: IMPORTERS.flatMap((importer) => {
        const faults = this.#summary.found.get(importer);
        return faults === undefined ? [] : [{ name: importer.name, title: importer.title, faults }];
      }),
      omissions: this.#summary.omissions,
      disagreements: this.#disagreements,
      disagreementCount: this.#disagreementCount,
    };
  }

  #record(finding: Finding): TraceRecord | undefined {
    if (finding.architecture !== this.#isa.architecture) {
      this.#summary.omit(finding.line, `a fault of ${finding.architecture}, and the trace is of ${this.#isa.architecture}: import it by itself with --arch ${finding.architecture}`, true);
      return undefined;
    }
    this.#kept++;
    const { record, disagreements } = recordOf(finding, this.#isa, this.#completion);
    for (const what of disagreements) {
      this.#disagreementCount++;
      if (this.#disagreements.length < TOLD) this.#disagreements.push({ line: finding.line, what });
    }
    return record;
  }
}
