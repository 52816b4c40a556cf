import { NONE, type Plan, withAttributes } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { tableOf } from "../tables.ts";
import type { Facts, Ordering, RegisterView } from "./facts.ts";
import { type Location, addressesOf, baseOnly, locationOf, updatesOf } from "./locations.ts";
import { attributesOf, planFor, readsInto, registerField, writesFrom } from "./operands.ts";

/** What plain loads and stores have in common. */
interface TransferFacts {
  readonly access: "load" | "store";
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  readonly register: RegisterView;
  readonly signed?: true;
  readonly ordering?: Ordering;
  readonly unprivileged?: true;
}

export function single(facts: Extract<Facts, { kind: "single" }>, row: CompiledRow<Facts>): Plan {
  return oneRegister(facts, locationOf(facts.address, facts.bytes, row), row);
}

export function oneRegister(facts: TransferFacts, location: Location, row: CompiledRow<Facts>): Plan {
  const { access, bytes, register, signed } = facts;
  const Rt = registerField(row, "Rt");
  const loads = access === "load" ? readsInto(0, bytes, register, signed ?? false) : NONE;
  const stores = access === "store" ? writesFrom(0, bytes, register) : NONE;
  const build: Plan["build"] =
    access === "load"
      ? (word) => ({ addresses: addressesOf(location, word), reads: loads[(word >>> Rt) & 31]!, computes: NONE, writes: NONE, updates: updatesOf(location, word) })
      : (word) => ({ addresses: addressesOf(location, word), reads: NONE, computes: NONE, writes: stores[(word >>> Rt) & 31]!, updates: updatesOf(location, word) });
  return planFor(access, bytes, 1, withAttributes(build, attributesOf(facts)));
}

/** Two registers at ascending addresses, one access each; those of Q registers are two. */
export function pair(facts: TransferFacts, location: Location, row: CompiledRow<Facts>): Plan {
  const { access, bytes, register, signed = false } = facts;
  const Rt = registerField(row, "Rt");
  const Rt2 = registerField(row, "Rt2");
  const [firstLoads, secondLoads] = access === "load" ? [readsInto(0, bytes, register, signed), readsInto(bytes, bytes, register, signed)] : [NONE, NONE];
  const [firstStores, secondStores] = access === "store" ? [writesFrom(0, bytes, register), writesFrom(bytes, bytes, register)] : [NONE, NONE];
  const build: Plan["build"] =
    access === "load"
      ? (word) => {
          const reads = joined(firstLoads[(word >>> Rt) & 31]!, secondLoads[(word >>> Rt2) & 31]!);
          return { addresses: addressesOf(location, word), reads, computes: NONE, writes: NONE, updates: updatesOf(location, word) };
        }
      : (word) => {
          const writes = joined(firstStores[(word >>> Rt) & 31]!, secondStores[(word >>> Rt2) & 31]!);
          return { addresses: addressesOf(location, word), reads: NONE, computes: NONE, writes, updates: updatesOf(location, word) };
        };
  return planFor(access, bytes, 2, withAttributes(build, attributesOf(facts)));
}

/** Two lists of one or two accesses as one. */
function joined<Access>(first: readonly Access[], second: readonly Access[]): readonly Access[] {
  return first.length === 1 ? [first[0]!, second[0]!] : [first[0]!, first[1]!, second[0]!, second[1]!];
}

export function sixtyFourBytes({ access }: Extract<Facts, { kind: "sixty-four-bytes" }>, row: CompiledRow<Facts>): Plan {
  const location = baseOnly(row);
  const Rt = registerField(row, "Rt");
  const registers = tableOf(8, (index) => index);
  const build: Plan["build"] = (word) => {
    const first = (word >>> Rt) & 31;
    return {
      addresses: addressesOf(location, word),
      reads: access === "load" ? registers.map((each) => readsInto(8 * each, 8, "x", false)[first + each]![0]!) : NONE,
      computes: NONE,
      writes: access === "store" ? registers.map((each) => writesFrom(8 * each, 8, "x")[first + each]![0]!) : NONE,
      updates: NONE,
      alignment: 64,
    };
  };
  return planFor(access, 8, 8, build);
}
