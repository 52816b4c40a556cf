import { hexadecimal } from "../model/bits.ts";
import type { GuestFacts } from "../model/fault.ts";
import { TraceError, type TraceHeader } from "./record.ts";
import { HEADER_KEYS, headerSchema } from "./schema.ts";
import { unknownKeys, withUnknownKeys } from "./unknown.ts";
import { validate } from "./validate.ts";

/** The header as a JSON object (contract, section 1): the first line of the JSON-lines form, and a part of the binary one. */

export const HEADER_EXAMPLE = '{"format":"trapline-trace","version":1,"arch":"…"}';

/** The header that a JSON value holds. Throws a {@link TraceError}; `where` says where in the file it stands. */
export function headerOfJson(json: unknown, where: string): TraceHeader {
  if (typeof json !== "object" || json === null || !("format" in json)) {
    throw new TraceError(`${where}: is not a trace; expected a header ${HEADER_EXAMPLE}`);
  }
  const { arch, source, guest } = validate(headerSchema, json, where);
  const facts: GuestFacts = {
    windows: guest?.windows ?? [],
    ...(guest?.sharedBit === undefined ? {} : { sharedBit: guest.sharedBit }),
    ...(guest?.kernelStart === undefined ? {} : { kernelStart: guest.kernelStart }),
  };
  return { architecture: arch, source, guest: facts, unknown: unknownKeys(json, HEADER_KEYS) };
}

/** The header as a JSON object with its unknown keys in their places. */
export function jsonOfHeader({ architecture, source, guest, unknown }: TraceHeader): object {
  const facts = {
    ...(guest.windows.length === 0
      ? {}
      : { windows: guest.windows.map(({ gva, gpa, size }) => ({ gva: hexadecimal(gva), gpa: hexadecimal(gpa), size: hexadecimal(size) })) }),
    ...(guest.sharedBit === undefined ? {} : { sharedBit: guest.sharedBit }),
    ...(guest.kernelStart === undefined ? {} : { kernelStart: hexadecimal(guest.kernelStart) }),
  };
  const header = {
    format: "trapline-trace",
    version: 1,
    arch: architecture,
    source,
    ...(Object.keys(facts).length === 0 ? {} : { guest: facts }),
  };
  return withUnknownKeys(header, unknown) as object;
}
