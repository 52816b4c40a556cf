import type { Destination, Operation, Read, Source, Write } from "../../model/operation.ts";
import { type Register, ZERO_REGISTER } from "../../model/registers.ts";
import type { Attributes, Plan } from "../plan.ts";
import type { CompiledRow } from "../rows.ts";
import { sharedTable, tableOf } from "../tables.ts";
import type { Facts, Ordering, RegisterView } from "./facts.ts";
import { V0 } from "./registers.ts";

export const viewOf = (bytes: number): "w" | "x" => (bytes === 8 ? "x" : "w");
export const orderingOf = (access: "load" | "store"): Ordering => (access === "load" ? "acquire" : "release");

/** What these facts say of it; undefined: nothing, as of nearly all. */
export function attributesOf({ ordering, unprivileged }: Pick<Operation, "ordering" | "unprivileged">): Attributes | undefined {
  if (ordering === undefined && unprivileged === undefined) return undefined;
  return { ...(ordering && { ordering }), ...(unprivileged && { unprivileged }) };
}

/** `count` accesses of `bytes` each in one direction, those of 16 in two. */
export function planFor(access: "load" | "store", bytes: number, count: number, build: Plan["build"]): Plan {
  const pieces = bytes === 16 ? 2 : 1;
  return { access: access === "load" ? "read" : "write", sizes: tableOf(count * pieces, () => bytes / pieces), build };
}

/** Lowest bit of a register field, which has five. */
export function registerField({ fields, form }: CompiledRow<Facts>, name: string): number {
  const parts = fields.get(name);
  if (parts?.length !== 1 || parts[0]!.width !== 5) throw new Error(`row ${form} has no register field ${name}`);
  return parts[0]!.from;
}

/** Register number 31 is ZR where data is meant. */
export const data = (number: number): Register => (number === 31 ? ZERO_REGISTER : number);
export const vector = (number: number): Register => V0 + (number % 32);
const registerOf = (number: number, view: RegisterView): Register => (view === "v" ? vector(number) : data(number));

/** Destination of a loaded value: W and X registers are extended and cleared to 64 bits, V registers cleared to 128. */
export function destination(number: number, bytes: number, view: RegisterView, signed = false): Destination {
  const width = 8 * bytes;
  if (view === "v") return { register: vector(number), bit: 0, width, extension: "zero", extendTo: 128, clearTo: 128 };
  return { register: data(number), bit: 0, width, extension: signed ? "sign" : "zero", extendTo: view === "x" ? 64 : 32, clearTo: 64 };
}

/** Bits 127:64 of a Q register. */
function upperHalf(register: Register): Destination {
  return { register, bit: 64, width: 64, extension: "zero", extendTo: 128, clearTo: 128 };
}

export function source(number: number, bytes: number, view: RegisterView = viewOf(bytes)): Source {
  return { kind: "register", register: registerOf(number, view), bit: 0, width: 8 * bytes };
}

export type Size = 1 | 2 | 4 | 8;

/** By register number: the read at `offset` into that register. Those of 16 bytes are two of 8, low half first. */
export const readsInto = sharedTable((offset: number, bytes: number, view: RegisterView, signed: boolean): readonly (readonly Read[])[] =>
  tableOf(32, (number): readonly Read[] => {
    if (bytes < 16) return [{ address: 0, offset, size: bytes as Size, to: [destination(number, bytes, view, signed)] }];
    return [
      { address: 0, offset, size: 8, to: [destination(number, 8, view, signed)] },
      { address: 0, offset: offset + 8, size: 8, to: [upperHalf(vector(number))] },
    ];
  }),
);

/** By register number: the write at `offset` of that register. Those of 16 bytes are two of 8, low half first. */
export const writesFrom = sharedTable((offset: number, bytes: number, view: RegisterView): readonly (readonly Write[])[] =>
  tableOf(32, (number): readonly Write[] => {
    if (bytes < 16) return [{ address: 0, offset, size: bytes as Size, from: source(number, bytes, view) }];
    const register = registerOf(number, view);
    return [
      { address: 0, offset, size: 8, from: { kind: "register", register, bit: 0, width: 64 } },
      { address: 0, offset: offset + 8, size: 8, from: { kind: "register", register, bit: 64, width: 64 } },
    ];
  }),
);
