import type { Architecture } from "../model/architecture.ts";
import type { Finding } from "./finding.ts";

/** A line of a log without what surrounds it: quoting, timestamps, line ends. */
export interface LogLine {
  /** Counted from 1; of a line that was put together again, that of its first part. */
  readonly number: number;
  readonly text: string;
}

/** What a parser hands on. */
export interface Sink {
  /** A fault, complete as far as the log goes. */
  fault(finding: Finding): void;
  /** A fault that a trace can't hold: `line` and why. It is counted and told, and the log was not imported whole. */
  leaveOut(line: number, why: string): void;
  /** Something that looks like a fault and is none: it is counted and told. */
  passOver(line: number, why: string): void;
}

/** Follows one log through. It keeps a bounded amount of it. */
export interface LogParser {
  /** Takes the next line; true if it is of this format. */
  line(line: LogLine): boolean;
  /** The log ends here. */
  end(): void;
}

/** One format of logs: a file of this folder, and a row of its list. */
export interface Importer {
  /** Name on the command line (`--as`). */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly architectures: readonly Architecture[];
  /** What a text of this format has in it, for whoever wonders why theirs was not found. */
  readonly expects: string;
  /** A line that may matter has this in it; lines without, other than the few that follow, are not shown to the parser. No global flag. */
  readonly marks: RegExp;
  parser(sink: Sink): LogParser;
}
