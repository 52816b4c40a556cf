import * as v from "valibot";
import { ARCHITECTURES } from "../model/architecture.ts";
import { RegisterFile, type RegisterSet } from "../model/registers.ts";
import type { KnownKeys } from "./unknown.ts";

/** The JSON edge: what a header and a fault must look like (contract, section 1). Unknown keys are no error. */

const HEXADECIMAL = /^0[xX][0-9a-fA-F]+$/;
const BYTES = /^(?:[0-9a-fA-F]{2})*$/;

/** What was found where something else was expected, cut to a length that fits a line. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 37)}…`;
}

const expected = (what: string) => (issue: { readonly input: unknown }) => `expected ${what}, got ${shown(issue.input)}`;

/** An unsigned integer of at most `width` bits as `"0x…"`. */
function integer(width: number) {
  const what = `a hex string "0x…" of at most ${width} bits`;
  return v.pipe(
    v.string(expected('a hex string "0x…"')),
    v.regex(HEXADECIMAL, expected('a hex string "0x…"')),
    v.check((text) => text.length <= 2 + width / 4 || BigInt(text) >> BigInt(width) === 0n, expected(what)),
    v.transform((text) => BigInt(text)),
  );
}

const u64 = integer(64);

const bytes = v.pipe(
  v.string(expected("bytes as a hex string")),
  v.check((text) => text.length % 2 === 0, (issue) => `expected two hex digits a byte, got an odd number of digits: ${shown(issue.input)}`),
  v.regex(BYTES, expected("bytes as a hex string")),
  v.transform((text): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))),
);

const flag = v.boolean(expected("true or false"));
const size = v.picklist([1, 2, 4, 8], expected("1, 2, 4 or 8"));
const list = <Item extends v.GenericSchema>(item: Item) => v.array(item, expected("an array"));

/** An object with these keys, and perhaps others. */
function object<Entries extends v.ObjectEntries>(entries: Entries, what: string) {
  return v.pipe(v.custom<Record<string, unknown>>(isObject, expected(what)), v.object(entries, MISSING));
}

function isObject(input: unknown): boolean {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** All that can be wrong with an object that is one: a required key is absent. */
const MISSING = "is missing";

const calls = list(object({ write: flag, gpa: u64, size, value: u64 }, 'an object { "write", "gpa", "size", "value" }'));

const memory = list(object({ address: u64, bytes }, 'an object { "address", "bytes" }'));

/** Register values by name, as a {@link RegisterFile}. */
function registers(set: RegisterSet) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isObject, expected("an object of register values")),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const file = new RegisterFile(set);
      for (const [name, value] of Object.entries(dataset.value)) {
        const problem = capture(file, name, value);
        if (problem === undefined) continue;
        addIssue({ message: problem, path: [{ type: "object", origin: "value", input: dataset.value, key: name, value }] });
        return NEVER;
      }
      return file;
    }),
  );
}

/** Captures one register; what is wrong with it otherwise. */
function capture(file: RegisterFile, name: string, value: unknown): string | undefined {
  const found = file.set.find(name);
  if (found === undefined) return `${file.set.architecture} has no register of this name`;
  if (typeof value !== "string" || !HEXADECIMAL.test(value)) return expected('a hex string "0x…"')({ input: value });
  const bits = BigInt(value);
  if (value.length > 2 + found.width / 4 && bits >> BigInt(found.width) !== 0n) {
    return `expected at most ${found.width} bits, got ${shown(value)}`;
  }
  // A vector register may be there under a narrower and a wider name: the wider one counts, and both must agree.
  const before = file.capturedWidth(found.register);
  if (before !== 0) {
    const common = Math.min(before, found.width);
    if (BigInt.asUintN(common, file.get(found.register)! ^ bits) !== 0n) return "differs from the value under another name of this register";
    if (before >= found.width) return undefined;
  }
  file.capture(found.register, bits, found.width);
  return undefined;
}

const windows = list(object({ gva: u64, gpa: u64, size: u64 }, 'an object { "gva", "gpa", "size" }'));

/** Header line. */
export const headerSchema = object(
  {
    format: v.literal("trapline-trace", expected('"trapline-trace"')),
    version: v.literal(1, expected("version 1, which is the only one")),
    arch: v.picklist(ARCHITECTURES, expected(ARCHITECTURES.map((name) => `"${name}"`).join(", "))),
    source: v.optional(v.string(expected("text")), ""),
    guest: v.optional(
      object(
        {
          windows: v.optional(windows),
          sharedBit: v.optional(v.picklist([47, 51], expected("47 or 51"))),
          kernelStart: v.optional(u64),
        },
        "an object",
      ),
    ),
  },
  "a JSON object",
);

/** Fault line. */
export function faultSchema(set: RegisterSet) {
  const file = registers(set);
  return object(
    {
      pc: u64,
      insn: v.optional(bytes),
      regs: file,
      fault: object(
        {
          gpa: v.optional(u64),
          gva: v.optional(u64),
          write: v.optional(flag),
          mode: v.optional(v.picklist(["kernel", "user"], expected('"kernel" or "user"')), "kernel"),
          esr: v.optional(u64),
          htinst: v.optional(u64),
          exitReason: v.optional(u64),
          exitQualification: v.optional(u64),
          sel4: v.optional(object({ label: u64, mrs: list(u64), vcpu: v.optional(flag, false) }, 'an object { "label", "mrs" }')),
        },
        "an object",
      ),
      memory: v.optional(memory),
      reads: v.optional(list(u64)),
      calls: v.optional(calls),
      after: v.optional(object({ pc: v.optional(u64), regs: v.optional(file), memory: v.optional(memory) }, "an object")),
    },
    "a JSON object",
  );
}

/** Line of replay output (contract, section 2), as far as it says what the instruction did. `form` and `records` are its writer's own. */
export function outcomeSchema(set: RegisterSet) {
  const index = v.pipe(v.number(expected("a number")), v.safeInteger(expected("a whole number")));
  const after = object({ pc: u64, regs: v.optional(registers(set)), memory: v.optional(memory) }, "an object");
  return v.pipe(
    v.custom<Record<string, unknown>>(isObject, expected("a JSON object")),
    v.variant(
      "status",
      [
        v.object({ status: v.literal("emulated"), index, pc: v.optional(u64), calls: v.optional(calls), after }, MISSING),
        v.object({ status: v.literal("refused"), index, pc: v.optional(u64), reason: v.optional(v.string(expected("text"))), message: v.optional(v.string(expected("text"))) }, MISSING),
      ],
      expected('"status": "emulated" or "refused"'),
    ),
  );
}

const ranges: KnownKeys = { elements: { keys: { address: true, bytes: true } } };

export const HEADER_KEYS: KnownKeys = {
  keys: {
    format: true,
    version: true,
    arch: true,
    source: true,
    guest: { keys: { windows: { elements: { keys: { gva: true, gpa: true, size: true } } }, sharedBit: true, kernelStart: true } },
  },
};

export const FAULT_KEYS: KnownKeys = {
  keys: {
    pc: true,
    insn: true,
    regs: true,
    fault: { keys: { gpa: true, gva: true, write: true, mode: true, esr: true, htinst: true, exitReason: true, exitQualification: true, sel4: { keys: { label: true, mrs: true, vcpu: true } } } },
    memory: ranges,
    reads: true,
    calls: { elements: { keys: { write: true, gpa: true, size: true, value: true } } },
    after: { keys: { pc: true, regs: true, memory: ranges } },
  },
};

/** The first problem as `path: what was expected`, e.g. `calls[2].gpa: expected a hex string "0x…", got 12`. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  let path = "";
  for (const { key } of issue.path ?? []) {
    if (typeof key === "number") path += `[${key}]`;
    else path += path === "" ? String(key) : `.${String(key)}`;
  }
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
