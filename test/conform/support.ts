import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conform, type Conformance, type ConformOptions } from "../../src/conform/conform.ts";
import { type Case, openSuite, type SuiteName } from "../../src/conform/suites.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import { generatedGuest } from "../../src/generate/machine.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Architecture } from "../../src/model/architecture.ts";

/** The C peers. */
export const PEERS = fileURLToPath(new URL("../peers", import.meta.url));

/** Whether a C compiler is there; tests that need one are skipped by name where not. */
export const HAS_COMPILER = spawnSync("cc", ["--version"]).status === 0;
export const HAS_RUST = spawnSync("rustc", ["--version"]).status === 0;

/** A folder that `remove` takes away. */
export function scratchFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "trapline-conform-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a compiler; throws with what it said if it failed. */
export function compile(command: string, ...words: readonly string[]): void {
  const { status, stderr } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")}: ${stderr}`);
}

/** Forms that the decoder of test/peers has. */
export const PEER_FORMS = /^(LDP|STP|LDNP|STNP|LDPSW|LDU?T?R(S?[BHW])?|STU?T?R[BH]?) [WX]t, (?!literal)/;

export async function cases(architecture: Architecture, suite: SuiteName, count: number, more: { seed?: number; forms?: RegExp } = {}): Promise<Case[]> {
  const isa = await loadIsa(architecture);
  return [...(await openSuite(suite, { isa, policy: DEFAULT_POLICY, seed: more.seed ?? 1, count, forms: more.forms }))];
}

/** Asks a program about cases. */
export async function ask(architecture: Architecture, command: readonly string[], questions: ConformOptions["cases"], patience = 5000): Promise<Conformance> {
  const isa = await loadIsa(architecture);
  return conform({ isa, guest: generatedGuest(architecture), policy: DEFAULT_POLICY, cases: questions, command, patience, timeLimit: 60_000 });
}
