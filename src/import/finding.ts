import type { Call } from "../model/access.ts";
import type { Architecture } from "../model/architecture.ts";

/** A place as kernels name it: `memset_erms+0x9/0x10`. */
export interface SymbolPlace {
  readonly name: string;
  /** Bytes from the symbol. */
  readonly offset: bigint;
  /** Bytes of the function, where the log tells. */
  readonly size?: bigint;
}

/**
 * One fault as a log tells it. What the log does not say stays undefined: nothing here is guessed. Register names are those of the trace
 * format.
 */
export class Finding {
  /** Name of the importer. */
  readonly format: string;
  readonly architecture: Architecture;
  /** Line of the log where it starts, counted from 1. */
  readonly line: number;
  readonly registers = new Map<string, bigint>();
  /** What the log knows beyond the keys of a trace: it goes into the record's "imported". */
  readonly facts: Record<string, string | boolean> = {};
  readonly reads: bigint[] = [];
  pc: bigint | undefined;
  symbol: SymbolPlace | undefined;
  /** From the faulting instruction on. */
  bytes: Uint8Array | undefined;
  gva: bigint | undefined;
  gpa: bigint | undefined;
  write: boolean | undefined;
  mode: "kernel" | "user" | undefined;
  syndrome: bigint | undefined;
  exitReason: bigint | undefined;
  exitQualification: bigint | undefined;
  /** The device accesses that the machine made, where the log has all of them. */
  calls: Call[] | undefined;
  /** Where the machine went on after the instruction. */
  pcAfter: bigint | undefined;

  constructor(format: string, architecture: Architecture, line: number) {
    this.format = format;
    this.architecture = architecture;
    this.line = line;
  }
}
