// SEV-ES and SEV-SNP: a page that the guest fills before VMGEXIT and the host answers in. Sources: see layout.ts.
import {
  type Access,
  answerWidths,
  bytesToHexadecimal,
  checkFaultShared,
  checkShared,
  defineHandler,
  type Device,
  type Exit,
  type Handled,
  type HandledExit,
  type HandlerContext,
  hexadecimal,
  type Host,
  type PageReader,
  Refusal,
  type SharedMemory,
  SharedPages,
  truncate,
} from "../../src/handler.ts";
import { serve } from "./host.ts";
import {
  answerFields,
  EXIT_CPUID,
  EXIT_IOIO,
  EXIT_MMIO_READ,
  EXIT_MMIO_WRITE,
  EXIT_MSR,
  type Field,
  FIELDS,
  GHCB_ADDRESS,
  INJECT_EVENT,
  IOIO_ADDRESS_64,
  IOIO_IN,
  IOIO_PORT_SHIFT,
  IOIO_SIZE_SHIFT,
  MALFORMED_INPUT,
  MALFORMED_NAMES,
  NO_ACTION,
  PAGE_SIZE,
  PROTOCOL_VERSION,
  SHARED_BUFFER,
  USAGE,
  VALID_BITMAP,
  VERSION,
} from "./layout.ts";

/** EVENTINJ, AMD64 Architecture Programmer's Manual, volume 2, 15.20. */
const EVENT_VALID = 1n << 31n;
const EVENT_TYPE = 7n << 8n;
const EVENT_TYPE_EXCEPTION = 3n << 8n;
const EVENT_VECTOR = 0xffn;
const ACCEPTED_VECTORS: ReadonlyMap<bigint, string> = new Map([
  [6n, "#UD"],
  [13n, "#GP"],
]);

type GhcbHost = Host<SharedMemory, void>;

/** What the guest asks for: the fields that it makes valid, and the bytes of the shared buffer. */
interface Request {
  readonly fields: Partial<Record<Field, bigint>>;
  readonly buffer?: { readonly size: number; readonly value: bigint };
}

export default defineHandler<SharedMemory, void>({
  name: "sev-es",
  description: "SEV-ES and SEV-SNP guest: the GHCB page of each VMGEXIT (MMIO, CPUID, port I/O, MSR)",
  architectures: ["x86-64"],

  check({ fault, guest }: HandlerContext): Refusal | undefined {
    return checkFaultShared(fault, guest);
  },

  handle(access: Access, host: GhcbHost, { guest }: HandlerContext): Handled | Refusal {
    const { write, gpa, size } = access;
    const refusal = checkShared(gpa, guest);
    if (refusal !== undefined) return refusal;
    const request: Request = {
      fields: {
        sw_exit_code: write ? EXIT_MMIO_WRITE : EXIT_MMIO_READ,
        sw_exit_info_1: gpa,
        sw_exit_info_2: BigInt(size),
        sw_scratch: GHCB_ADDRESS + BigInt(SHARED_BUFFER),
      },
      ...(write ? { buffer: { size, value: truncate(access.value, 8 * size) } } : {}),
    };
    const answer = exchange(request, host, [], write ? 0 : size);
    if (answer instanceof Refusal) return answer;
    return { value: answer.buffer, record: record(request, write ? {} : { shared_buffer: hexadecimal(answer.buffer) }) };
  },

  exit(exit: Exit, host: GhcbHost): HandledExit | Refusal {
    const request = exitRequest(exit);
    if (request instanceof Refusal) return request;
    const answer = exchange(request, host, answerFields(exit), 0);
    if (answer instanceof Refusal) return answer;
    const values = answerValues(exit, answer.fields);
    const taken = Object.fromEntries(answerFields(exit).map((field, at) => [field, hexadecimal(answer.fields[at]!)]));
    return { values, record: record(request, taken) };
  },

  host(device: Device): GhcbHost {
    return { call: (ghcb) => serve(ghcb, device) };
  },
});

/** Fills the page, calls, and copies out what the host says: that all is well, the fields in `wanted`, and the buffer's first bytes. */
function exchange(
  request: Request,
  host: GhcbHost,
  wanted: readonly Field[],
  bufferSize: number,
): { readonly fields: readonly bigint[]; readonly buffer: bigint } | Refusal {
  const pages = new SharedPages("GHCB", { ghcb: host.share?.(PAGE_SIZE) ?? new Uint8Array(PAGE_SIZE) });
  const image = pageImage(request);
  pages.fill(({ ghcb }) => ghcb.copy(0, image));
  const refused = pages.call((memory) => host.call(memory.ghcb));
  if (refused instanceof Refusal) return refused;
  return pages.drain(({ ghcb }) => {
    const valid = ghcb.read(VALID_BITMAP, 16);
    const status = takeField(ghcb, valid, "sw_exit_info_1");
    const refusal = status instanceof Refusal ? status : checkStatus(truncate(status, 32), ghcb, valid);
    if (refusal !== undefined) return refusal;
    const fields: bigint[] = [];
    for (const field of wanted) {
      const value = takeField(ghcb, valid, field);
      if (value instanceof Refusal) return value;
      fields.push(value);
    }
    return { fields, buffer: bufferSize === 0 ? 0n : ghcb.read(SHARED_BUFFER, bufferSize) };
  });
}

/** The page as the guest writes it, whole: nothing of an earlier call is left in it. */
function pageImage({ fields, buffer }: Request): Uint8Array {
  const bytes = new Uint8Array(PAGE_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(fields)) {
    const offset = FIELDS[name as Field];
    view.setBigUint64(offset, value, true);
    bytes[VALID_BITMAP + (offset >> 6)]! |= 1 << ((offset >> 3) & 7);
  }
  if (buffer !== undefined) {
    for (let at = 0; at < buffer.size; at++) bytes[SHARED_BUFFER + at] = Number((buffer.value >> BigInt(8 * at)) & 0xffn);
  }
  view.setUint16(PROTOCOL_VERSION, VERSION, true);
  view.setUint32(USAGE, 0, true);
  return bytes;
}

/** A field that the host answers in, if it says that it did. */
function takeField(ghcb: PageReader, valid: bigint, field: Field): bigint | Refusal {
  if (((valid >> BigInt(FIELDS[field] / 8)) & 1n) === 1n) return ghcb.read(FIELDS[field], 8);
  return hostError(`it did not mark ${field} valid in the GHCB's bitmap`);
}

/** SW_EXITINFO1: only "no action" is success, and of the events that a host may ask for #GP and #UD are the only ones to believe. */
function checkStatus(status: bigint, ghcb: PageReader, valid: bigint): Refusal | undefined {
  if (status === NO_ACTION) return undefined;
  const event = takeField(ghcb, valid, "sw_exit_info_2");
  if (event instanceof Refusal) return event;
  if (status === INJECT_EVENT) {
    const name = ACCEPTED_VECTORS.get(event & EVENT_VECTOR);
    if ((event & EVENT_VALID) !== 0n && (event & EVENT_TYPE) === EVENT_TYPE_EXCEPTION && name !== undefined) {
      return new Refusal(
        "hypercall-failed",
        `the host asks for the exception ${name} (SW_EXITINFO2 ${hexadecimal(event)})`,
        "deliver it to the guest at this instruction",
      );
    }
    return hostError(`it asks for an event that it may not inject (SW_EXITINFO2 ${hexadecimal(event)})`);
  }
  if (status === MALFORMED_INPUT) {
    return hostError(
      `it calls the GHCB malformed: ${MALFORMED_NAMES[Number(truncate(event, 32))] ?? "unknown reason"} (SW_EXITINFO2 ${hexadecimal(event)})`,
    );
  }
  return hostError(`SW_EXITINFO1 is ${hexadecimal(status)}`);
}

function hostError(what: string): Refusal {
  return new Refusal(
    "hypercall-failed",
    `the host answered in a way that the GHCB specification does not allow a guest to accept: ${what}`,
    "see the host's log",
  );
}

function exitRequest(exit: Exit): Request | Refusal {
  switch (exit.kind) {
    case "cpuid":
      if (exit.leaf === 0xdn) {
        return new Refusal(
          "missing-register",
          "CPUID leaf 0xd depends on XCR0, which the GHCB has to carry and a trace does not hold",
          "answer this leaf from the guest's own CPUID table",
        );
      }
      return { fields: { rax: exit.leaf, rcx: exit.subleaf, ...exitCode(EXIT_CPUID, 0n) } };
    case "port-read":
      return { fields: exitCode(EXIT_IOIO, ioio(exit.port, exit.size) | IOIO_IN) };
    case "port-write":
      return { fields: { rax: truncate(exit.value, 8 * exit.size), ...exitCode(EXIT_IOIO, ioio(exit.port, exit.size)) } };
    case "msr-read":
      return { fields: { rcx: exit.index, ...exitCode(EXIT_MSR, 0n) } };
    case "msr-write":
      return { fields: { rcx: exit.index, rax: truncate(exit.value, 32), rdx: exit.value >> 32n, ...exitCode(EXIT_MSR, 1n) } };
    case "halt":
      return new Refusal(
        "unsupported-instruction",
        "HLT is an automatic exit under SEV-ES: the processor leaves to the host by itself, and raises no #VC",
        "check the fault's exit reason",
      );
    default:
      return exit satisfies never;
  }
}

function exitCode(code: bigint, first: bigint): Partial<Record<Field, bigint>> {
  return { sw_exit_code: code, sw_exit_info_1: first, sw_exit_info_2: 0n };
}

/** Size bits 4, 5, 6 for 1, 2, 4 bytes. String instructions come here one iteration at a time, so STR and REP are never set. */
function ioio(port: number, size: number): bigint {
  return (BigInt(port) << IOIO_PORT_SHIFT) | IOIO_ADDRESS_64 | (BigInt(size) << IOIO_SIZE_SHIFT);
}

/** The answers in the contract's form: RDMSR's is EDX:EAX in one. */
function answerValues(exit: Exit, fields: readonly bigint[]): readonly bigint[] {
  if (exit.kind === "msr-read") return [(truncate(fields[1]!, 32) << 32n) | truncate(fields[0]!, 32)];
  return answerWidths(exit).map((width, at) => truncate(fields[at]!, width));
}

/** What was written and what was taken. With the protocol's version and usage 0 these are all the bytes of the page that are not 0. */
function record({ fields, buffer }: Request, taken: Record<string, string>): Record<string, unknown> {
  const image = pageImage({ fields });
  return {
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, hexadecimal(value)])),
    valid_bitmap: bytesToHexadecimal(image.subarray(VALID_BITMAP, VALID_BITMAP + 16)),
    ...(buffer === undefined ? {} : { shared_buffer: hexadecimal(buffer.value) }),
    protocol_version: VERSION,
    usage: 0,
    answer: { sw_exit_info_1: hexadecimal(NO_ACTION), ...taken },
  };
}
