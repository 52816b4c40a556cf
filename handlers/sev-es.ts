// SEV-ES and SEV-SNP: the Guest-Hypervisor Communication Block, a page that the guest fills before VMGEXIT and the host answers in.
// AMD, SEV-ES Guest-Hypervisor Communication Block Standardization (56421), table 1 (layout), section 2.6 (SW_EXITINFO1 on return),
// section 4.1 (exits and what they need); offsets as in Linux, arch/x86/include/asm/svm.h, struct ghcb.
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
} from "../src/handler.ts";

/** Quadwords of the save area by their offsets in bytes. A field's bit in the valid bitmap is its offset / 8. */
const FIELDS = {
  rax: 0x1f8,
  rcx: 0x308,
  rdx: 0x310,
  rbx: 0x318,
  sw_exit_code: 0x390,
  sw_exit_info_1: 0x398,
  sw_exit_info_2: 0x3a0,
  sw_scratch: 0x3a8,
} as const;
type Field = keyof typeof FIELDS;

const VALID_BITMAP = 0x3f0;
const SHARED_BUFFER = 0x800;
const PROTOCOL_VERSION = 0xffa;
const USAGE = 0xffc;
const PAGE_SIZE = 0x1000;

/** Version 2 of the protocol, and usage 0: the layout above. */
const VERSION = 2;

/** Where this guest has its GHCB: a page shared with the host. Only SW_SCRATCH, which points into it, shows it. */
const GHCB_ADDRESS = 0x0100_0000n;

/** SW_EXITCODE: those of VMEXIT for intercepted instructions, and those of the GHCB for MMIO. */
const EXIT_CPUID = 0x72n;
const EXIT_IOIO = 0x7bn;
const EXIT_MSR = 0x7cn;
const EXIT_MMIO_READ = 0x8000_0001n;
const EXIT_MMIO_WRITE = 0x8000_0002n;

/** EXITINFO1 of an I/O intercept, AMD64 Architecture Programmer's Manual, volume 2, 15.10.2. */
const IOIO_IN = 1n;
const IOIO_SIZE_SHIFT = 4n;
const IOIO_ADDRESS_64 = 1n << 9n;
const IOIO_PORT_SHIFT = 16n;

/** SW_EXITINFO1, bits 31:0, on return. */
const NO_ACTION = 0n;
const INJECT_EVENT = 1n;
const MALFORMED_INPUT = 2n;
/** SW_EXITINFO2 that goes with MALFORMED_INPUT. */
const MALFORMED_NAMES = ["no reason", "GHCB not registered", "invalid usage", "invalid scratch area", "missing input", "invalid input", "invalid event"];

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
      return new Refusal("hypercall-failed", `the host asks for the exception ${name} (SW_EXITINFO2 ${hexadecimal(event)})`, "deliver it to the guest at this instruction");
    }
    return hostError(`it asks for an event that it may not inject (SW_EXITINFO2 ${hexadecimal(event)})`);
  }
  if (status === MALFORMED_INPUT) {
    return hostError(`it calls the GHCB malformed: ${MALFORMED_NAMES[Number(truncate(event, 32))] ?? "unknown reason"} (SW_EXITINFO2 ${hexadecimal(event)})`);
  }
  return hostError(`SW_EXITINFO1 is ${hexadecimal(status)}`);
}

function hostError(what: string): Refusal {
  return new Refusal("hypercall-failed", `the host answered in a way that the GHCB specification does not allow a guest to accept: ${what}`, "see the host's log");
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

/** The fields that an exit's answer comes back in. */
function answerFields(exit: Exit): readonly Field[] {
  switch (exit.kind) {
    case "cpuid":
      return ["rax", "rbx", "rcx", "rdx"];
    case "port-read":
      return ["rax"];
    case "msr-read":
      return ["rax", "rdx"];
    case "halt":
    case "port-write":
    case "msr-write":
      return [];
    default:
      return exit satisfies never;
  }
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

/** What a host does with the page: it takes the valid fields, clears the bitmap, and answers in place, as KVM does. */
function serve(ghcb: SharedMemory, device: Device): Refusal | void {
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
  const MISSING_INPUT = 4n;
  const INVALID_INPUT = 5n;
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
function exitOf(code: bigint, first: bigint, { rax, rcx, rdx }: { rax: bigint | undefined; rcx: bigint | undefined; rdx: bigint | undefined }): Exit | undefined {
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
