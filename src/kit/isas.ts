import { ARCHITECTURES, type Architecture } from "../model/architecture.ts";
import type { Isa } from "../model/instruction.ts";
import { loadIsa } from "../isa/list.ts";

/** All decoders, loaded with the kit, so that a matcher is done when it returns: one that has to be awaited passes when that is forgotten. */
export const ISAS = Object.fromEntries(await Promise.all(ARCHITECTURES.map(async (architecture) => [architecture, await loadIsa(architecture)]))) as Readonly<
  Record<Architecture, Isa>
>;
