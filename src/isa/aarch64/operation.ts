import type { Plan } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { atomic, atomicPair, compareAndSwap, compareAndSwapPair, exclusive, exclusivePair } from "./atomics.ts";
import type { Facts } from "./facts.ts";
import { constant, indexed, signedField } from "./locations.ts";
import { orderingOf, viewOf } from "./operands.ts";
import { multiple, oneLane, replicate } from "./structures.ts";
import { oneRegister, pair, single, sixtyFourBytes } from "./transfers.ts";

/** Facts of a row that is emulated. */
export type EmulatedFacts = Exclude<Facts, { kind: "refused" }>;

/** The plan of a row. */
export function planOf(facts: EmulatedFacts, row: CompiledRow<Facts>): Plan {
  switch (facts.kind) {
    case "single":
      return single(facts, row);
    case "pair":
      return pair(facts, indexed(row, facts.index, signedField(row, "imm7", facts.bytes)), row);
    case "tag-pair":
      return pair({ access: "store", bytes: 8, register: "x" }, indexed(row, facts.index, signedField(row, "imm7", 16)), row);
    case "ordered-pair": {
      const load = facts.access === "load";
      const index = !facts.writeback ? "offset" : load ? "post-index" : "pre-index";
      const amount = constant(!facts.writeback ? 0 : load ? 2 * facts.bytes : -2 * facts.bytes);
      return pair({ ...facts, register: viewOf(facts.bytes), ordering: orderingOf(facts.access) }, indexed(row, index, amount), row);
    }
    case "ordered-writeback": {
      const load = facts.access === "load";
      const location = indexed(row, load ? "post-index" : "pre-index", constant(load ? facts.bytes : -facts.bytes));
      return oneRegister({ ...facts, register: viewOf(facts.bytes), ordering: orderingOf(facts.access) }, location, row);
    }
    case "multiple":
      return multiple(facts, row);
    case "lane":
      return oneLane(facts, row);
    case "replicate":
      return replicate(facts, row);
    case "exclusive":
      return facts.pair ? exclusivePair(facts, row) : exclusive(facts, row);
    case "atomic":
      return atomic(facts, row);
    case "compare-and-swap":
      return compareAndSwap(facts, row);
    case "atomic-pair":
      return atomicPair(facts, row);
    case "compare-and-swap-pair":
      return compareAndSwapPair(facts, row);
    case "sixty-four-bytes":
      return sixtyFourBytes(facts, row);
    default:
      return facts satisfies never;
  }
}
