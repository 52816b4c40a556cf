import { type Device, type Exit, Refusal, type SharedMemory, truncate } from "../../src/handler.ts";
import {
  answerFields,
  EXIT_CPUID,
  EXIT_IOIO,
  EXIT_MMIO_READ,
  EXIT_MMIO_WRITE,
  EXIT_MSR,
  type Field,
  FIELDS,
  INVALID_INPUT,
  IOIO_IN,
  IOIO_PORT_SHIFT,
  IOIO_SIZE_SHIFT,
  MALFORMED_INPUT,
  MISSING_INPUT,
  NO_ACTION,
  SHARED_BUFFER,
  VALID_BITMAP,
} from "./layout.ts";

/** What a host does with the page: it takes the valid fields, clears the bitmap, and answers in place, as KVM does. */
export function serve(ghcb: SharedMemory, device: Device): Refusal | void {
  const get = (offset: number, size: number): bigint => {
    let value = 0n;
    for (let at = 0; at < size; at++) value |= BigInt(ghcb[offset + at]!) << BigInt(8 * at);
    return value;
  };
  const put = (offset: number, size: number, value: bigint): void => {
    for (let at = 0; at < size; at++) ghcb[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
  };
  const bitmap = get(VALID_BITMAP, 16);
  const isValid = (field: Field): boolean => ((bitmap >> BigInt(FIELDS[field] / 8)) & 1n) === 1n;
  const answerIn = (field: Field, value: bigint): void => {
    put(FIELDS[field], 8, value);
    put(VALID_BITMAP, 16, get(VALID_BITMAP, 16) | (1n << BigInt(FIELDS[field] / 8)));
  };
  const [code, first, second, rax, rcx, rdx] = (["sw_exit_code", "sw_exit_info_1", "sw_exit_info_2", "rax", "rcx", "rdx"] as const).map(
    (field) => (isValid(field) ? get(FIELDS[field], 8) : undefined),
  );
  put(VALID_BITMAP, 16, 0n);
  const reply = (status: bigint, reason: bigint): void => {
    answerIn("sw_exit_info_1", status);
    answerIn("sw_exit_info_2", reason);
  };
  if (code === undefined || first === undefined || second === undefined) return reply(MALFORMED_INPUT, MISSING_INPUT);
  if (code === EXIT_MMIO_READ || code === EXIT_MMIO_WRITE) {
    const size = Number(second);
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return reply(MALFORMED_INPUT, INVALID_INPUT);
    if (code === EXIT_MMIO_WRITE) {
      device.write(first, size, get(SHARED_BUFFER, size));
    } else {
      const value = device.read(first, size);
      if (value instanceof Refusal) return value;
      put(SHARED_BUFFER, size, value);
    }
    return reply(NO_ACTION, 0n);
  }
  const exit = exitOf(code, first, { rax, rcx, rdx });
  if (exit === undefined) return reply(MALFORMED_INPUT, MISSING_INPUT);
  const values = device.exit(exit);
  if (values instanceof Refusal) return values;
  if (exit.kind === "msr-read") {
    answerIn("rax", truncate(values[0]!, 32));
    answerIn("rdx", truncate(values[0]! >> 32n, 32));
  } else {
    answerFields(exit).forEach((field, at) => answerIn(field, values[at]!));
  }
  return reply(NO_ACTION, 0n);
}

/** The exit that the page asks for; undefined if a field that it needs is not valid. */
function exitOf(
  code: bigint,
  first: bigint,
  { rax, rcx, rdx }: { rax: bigint | undefined; rcx: bigint | undefined; rdx: bigint | undefined },
): Exit | undefined {
  switch (code) {
    case EXIT_CPUID:
      return rax === undefined || rcx === undefined ? undefined : { kind: "cpuid", leaf: rax, subleaf: rcx };
    case EXIT_IOIO: {
      const port = Number(first >> IOIO_PORT_SHIFT);
      const size = Number((first >> IOIO_SIZE_SHIFT) & 7n);
      if (size !== 1 && size !== 2 && size !== 4) return undefined;
      if ((first & IOIO_IN) !== 0n) return { kind: "port-read", port, size };
      return rax === undefined ? undefined : { kind: "port-write", port, size, value: rax };
    }
    case EXIT_MSR:
      if (rcx === undefined) return undefined;
      if (first === 0n) return { kind: "msr-read", index: rcx };
      return rax === undefined || rdx === undefined ? undefined : { kind: "msr-write", index: rcx, value: (rdx << 32n) | rax };
    default:
      return undefined;
  }
}
