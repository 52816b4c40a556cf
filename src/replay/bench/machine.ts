import { cpus, loadavg, release, totalmem, type } from "node:os";
import { packageVersionOf } from "./peers.ts";

/** Where figures were taken. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** Mean number of processes that wanted a processor in the last minute, before the bench. */
  readonly load: number;
  /** Versions of the peers that are installed. */
  readonly peers: Readonly<Record<string, string | undefined>>;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? process.arch,
    processors: all.length,
    memory: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    load: loadavg()[0]!,
    peers: { "capstone-wasm": packageVersionOf("capstone-wasm"), "iced-x86": packageVersionOf("iced-x86") },
  };
}
