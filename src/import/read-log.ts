import { UserError } from "../model/user-error.ts";
import type { Finding } from "./finding.ts";
import type { Importer, LogLine, LogParser } from "./importer.ts";
import { IMPORTERS } from "./list.ts";
import { type RawLine, splitLog, strip, Unwrapper, withoutColours } from "./text.ts";

/** A log in which no known format was found. The message says what was tried and what came closest. */
export class LogError extends UserError {
  override readonly name = "LogError";
}

/** Things of one kind that were met and not imported. */
export interface Omission {
  readonly why: string;
  /** Line of the first. */
  readonly line: number;
  readonly count: number;
  /** They are faults, which a trace can't hold. */
  readonly fault: boolean;
}

/** What is known of a log when it has been read. */
export class LogSummary {
  /** Faults by importer. */
  readonly found = new Map<Importer, number>();
  readonly #omissions = new Map<string, { why: string; line: number; count: number; fault: boolean }>();

  get omissions(): readonly Omission[] {
    return [...this.#omissions.values()];
  }

  omit(line: number, why: string, fault: boolean): void {
    const known = this.#omissions.get(why);
    if (known !== undefined) known.count++;
    else if (this.#omissions.size < OMISSION_LIMIT) this.#omissions.set(why, { why, line, count: 1, fault });
    else if (fault) this.#omissions.set(OTHERS, { why: OTHERS, line, count: (this.#omissions.get(OTHERS)?.count ?? 0) + 1, fault });
  }
}

/** Faults that are held to be put in order. */
const BATCH = 256;
/** Kinds of omissions that are told apart. */
const OMISSION_LIMIT = 50;
const OTHERS = "of other kinds";
/** Lines after one with a mark that are shown to the parsers as well: continuations of wrapped lines, code after its heading. */
const LINES_AFTER_MARK = 4;
/** Bytes that start what is no text, and what to do with it. */
const BINARIES: readonly (readonly [start: string, advice: string])[] = [
  ["\u0017\u0008\u0044tracing", "this is trace-cmd's trace.dat; run trace-cmd report on it and import the text"],
  ["PERFILE2", "this is perf.data; run perf script on it and import the text"],
  ["\u001f\u008b", "this is compressed with gzip; unpack it first"],
  ["\u0028\u00b5\u002f\u00fd", "this is compressed with zstd; unpack it first"],
  ["\u00fd7zXZ", "this is compressed with xz; unpack it first"],
  ["\u007fELF", "this is an ELF file; give it with --elf, and a log to import"],
  ["\u0094\u00a8trapline", "this is a trace already; replay it as it is"],
  ['{"format":"trapline-trace"', "this is a trace already; replay it as it is"],
];

/**
 * Reads the faults of a log, in whatever known format they are; several formats may follow each other. Constant memory, whatever the length
 * of the log and of its lines. Throws a {@link LogError} at the end if there is none.
 */
export async function* readLog(chunks: AsyncIterable<Uint8Array>, summary: LogSummary, importers: readonly Importer[] = IMPORTERS): AsyncGenerator<Finding> {
  const reading = new Reading(summary, importers);
  for await (const lines of splitLog(chunks)) {
    const before = reading.collect();
    for (const line of lines) reading.take(line);
    // A chunk later: what starts early may end late, and faults should come in the order of their lines.
    if (before.length > BATCH) yield* before;
    else reading.keep(before);
  }
  reading.end();
  yield* reading.collect();
  if (summary.found.size === 0) throw new LogError(reading.whyNothing());
}

interface Active {
  readonly importer: Importer;
  readonly parser: LogParser;
  /** Lines that were of the format, and the first of them. */
  hits: number;
  first: LogLine | undefined;
}

class Reading {
  readonly #summary: LogSummary;
  readonly #active: readonly Active[];
  readonly #marks: RegExp;
  readonly #unwrapper = new Unwrapper();
  #findings: Finding[] = [];
  #lines = 0;
  #interest = 0;
  #previous = "";
  #before: RawLine | undefined;
  #start = "";

  constructor(summary: LogSummary, importers: readonly Importer[]) {
    this.#summary = summary;
    this.#marks = new RegExp(importers.map(({ marks }) => `(?:${marks.source})`).join("|"), "i");
    this.#active = importers.map((importer) => {
      const parser = importer.parser({
        fault: (finding) => {
          this.#findings.push(finding);
          summary.found.set(importer, (summary.found.get(importer) ?? 0) + 1);
        },
        leaveOut: (line, why) => summary.omit(line, why, true),
        passOver: (line, why) => summary.omit(line, why, false),
      });
      return { importer, parser, hits: 0, first: undefined };
    });
  }

  take({ number, text: line }: RawLine): void {
    this.#lines = number;
    if (number === 1) this.#start = line.slice(0, 64);
    const text = withoutColours(line);
    if (this.#marks.test(text)) {
      // Of a wrapped line the mark may stand in the second part.
      if (this.#interest === 0 && this.#before !== undefined) this.#look(this.#before);
      this.#interest = LINES_AFTER_MARK + 1;
    }
    if (this.#interest === 0) {
      this.#before = { number, text };
      return;
    }
    this.#before = undefined;
    this.#interest--;
    this.#look({ number, text });
  }

  #look({ number, text }: RawLine): void {
    // A line that stands there twice, with the same time stamp, tells of one event.
    if (text === this.#previous && /\d\.\d{4,9}\b/.test(text)) return;
    this.#previous = text;
    const whole = this.#unwrapper.push(strip({ number, text }));
    if (whole !== undefined) this.#show(whole);
  }

  end(): void {
    const last = this.#unwrapper.flush();
    if (last !== undefined) this.#show(last);
    for (const { parser } of this.#active) parser.end();
  }

  /** The faults so far, in the order of their lines. */
  collect(): Finding[] {
    const findings = this.#findings.toSorted((first, second) => first.line - second.line);
    this.#findings = [];
    return findings;
  }

  /** Takes faults back, for a later {@link collect}. */
  keep(findings: readonly Finding[]): void {
    this.#findings.unshift(...findings);
  }

  #show(line: LogLine): void {
    for (const active of this.#active) {
      if (!active.parser.line(line)) continue;
      active.hits++;
      active.first ??= line;
    }
  }

  /** Why there is nothing: one line for a person. */
  whyNothing(): string {
    const tried = this.#active.map(({ importer }) => importer.name).join(", ");
    const faults = this.#summary.omissions.filter(({ fault }) => fault);
    if (faults.length > 0) return `holds no fault that can be imported: line ${faults[0]!.line}: ${faults[0]!.why}`;
    if (this.#lines === 0) return `is empty; expected a log in one of the formats ${tried}`;
    const binary = BINARIES.find(([start]) => this.#start.startsWith(start));
    if (binary !== undefined) return binary[1];
    const [nearest] = this.#active.filter(({ hits }) => hits > 0).toSorted((first, second) => second.hits - first.hits);
    if (nearest === undefined) {
      const what = this.#start.includes("\u0000") ? "is not text" : "is a log in no known format";
      return `${what}; tried ${tried}; no line looks like any of them${this.#active.length === 1 ? `: expected ${this.#active[0]!.importer.expects}` : ""}`;
    }
    const { importer, first, hits } = nearest;
    const passed = this.#summary.omissions[0];
    const lines = hits === 1 ? "one line is" : `${hits} lines are`;
    const closest = `${lines} like ${importer.name} (${importer.title}), the first ${first!.number}: ${shown(first!.text)}`;
    if (passed !== undefined) return `holds no fault: line ${passed.line}: ${passed.why}; ${closest}`;
    return `holds no whole fault of a known format; tried ${tried}; ${closest}; expected ${importer.expects}`;
  }
}

/** A line of a log for a message: its characters as they were meant, no control characters, not too long. */
function shown(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a log may hold anything
  const clean = Buffer.from(text, "latin1").toString("utf8").replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "·").trim();
  return clean.length <= 80 ? `"${clean}"` : `"${clean.slice(0, 79)}…"`;
}
