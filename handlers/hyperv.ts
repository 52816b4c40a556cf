// Hyper-V: the hypercalls that read and write device memory for a guest.
// Linux, include/hyperv/hvgdk_mini.h and hvhdk.h, HVCALL_MMIO_READ and HVCALL_MMIO_WRITE; Hypervisor Top-Level Functional
// Specification, chapter 3, "Hypercall Interface" (control word, result, status codes).
import {
  type Access,
  bytesToHexadecimal,
  checkFaultShared,
  checkShared,
  defineHandler,
  type Device,
  type Handled,
  type HandlerContext,
  hexadecimal,
  type Host,
  Refusal,
  type SharedMemory,
  SharedPages,
  truncate,
} from "../src/handler.ts";

/**
 * A hypercall: the control word and the pages that hold its input and output. On x86-64 they are RCX, and RDX and R8 with the pages'
 * addresses; on Arm X0, X1 and X2 of HVC #1.
 */
export interface Hypercall {
  /** Call code in bits 15:0. Not fast, no variable header, not a rep call: all other bits are 0. */
  readonly control: bigint;
  readonly input: SharedMemory;
  readonly output: SharedMemory;
}

export interface HypercallResult {
  /** Status in bits 15:0. */
  readonly result: bigint;
}

const MMIO_READ = 0x0106n;
const MMIO_WRITE = 0x0107n;

/** Input of both: u64 gpa, u32 size, u32 reserved; then, of a write, the data. Output of a read: the data. */
const GPA = 0;
const SIZE = 8;
const INPUT_DATA = 16;
const OUTPUT_DATA = 0;
const MAXIMUM_DATA = 64;
const PAGE_SIZE = 4096;

/** Specification, appendix B, "Hypercall Status Codes". */
const STATUS_NAMES: ReadonlyMap<bigint, string> = new Map([
  [0x02n, "HV_STATUS_INVALID_HYPERCALL_CODE"],
  [0x03n, "HV_STATUS_INVALID_HYPERCALL_INPUT"],
  [0x04n, "HV_STATUS_INVALID_ALIGNMENT"],
  [0x05n, "HV_STATUS_INVALID_PARAMETER"],
  [0x06n, "HV_STATUS_ACCESS_DENIED"],
  [0x07n, "HV_STATUS_INVALID_PARTITION_STATE"],
  [0x08n, "HV_STATUS_OPERATION_DENIED"],
  [0x0bn, "HV_STATUS_INSUFFICIENT_MEMORY"],
  [0x0dn, "HV_STATUS_INVALID_PARTITION_ID"],
  [0x0en, "HV_STATUS_INVALID_VP_INDEX"],
  [0x15n, "HV_STATUS_INVALID_VP_STATE"],
  [0x78n, "HV_STATUS_TIME_OUT"],
]);
const INVALID_HYPERCALL_CODE = 0x02n;
const INVALID_PARAMETER = 0x05n;

type HypervHost = Host<Hypercall, HypercallResult>;

/** An instruction whose operand is wider than 8 bytes repeats the hypercall, once for each of its accesses. */
export default defineHandler<Hypercall, HypercallResult>({
  name: "hyperv",
  description: "Hyper-V guest: input and output pages of HVCALL_MMIO_READ and HVCALL_MMIO_WRITE",
  architectures: ["x86-64", "aarch64"],

  check({ fault, guest }: HandlerContext): Refusal | undefined {
    return checkFaultShared(fault, guest);
  },

  handle(access: Access, host: HypervHost, { guest }: HandlerContext): Handled | Refusal {
    const { write, gpa, size } = access;
    const refusal = checkShared(gpa, guest);
    if (refusal !== undefined) return refusal;
    const control = write ? MMIO_WRITE : MMIO_READ;
    const pages = new SharedPages("hypercall pages", {
      input: host.share?.(PAGE_SIZE) ?? new Uint8Array(PAGE_SIZE),
      output: host.share?.(PAGE_SIZE) ?? new Uint8Array(PAGE_SIZE),
    });
    const request = inputOf(gpa, size, write ? truncate(access.value, 8 * size) : undefined);
    pages.fill(({ input }) => input.copy(0, request));
    const answer = pages.call(({ input, output }) => host.call({ control, input, output }));
    if (answer instanceof Refusal) return answer;
    const status = truncate(answer.result, 16);
    if (status !== 0n) {
      const name = STATUS_NAMES.get(status) ?? "not a status that this call gives";
      return new Refusal(
        "hypercall-failed",
        `${write ? "HVCALL_MMIO_WRITE" : "HVCALL_MMIO_READ"} of ${size} bytes at ${hexadecimal(gpa)}: status ${hexadecimal(status)} (${name})`,
        "check that the host has a device there, and grants this guest MMIO hypercalls (CPUID 0x40000004, EAX bit 21)",
      );
    }
    const value = write ? 0n : pages.drain(({ output }) => output.read(OUTPUT_DATA, size));
    return {
      value,
      record: {
        hypercall: write ? "HVCALL_MMIO_WRITE" : "HVCALL_MMIO_READ",
        control: hexadecimal(control),
        gpa: hexadecimal(gpa),
        size,
        value: hexadecimal(write ? truncate(access.value, 8 * size) : value),
        input: bytesToHexadecimal(request),
        status: hexadecimal(status),
      },
    };
  },

  host(device: Device): HypervHost {
    return { call: (hypercall) => serve(hypercall, device) };
  },
});

/** The input structure, whole: 16 bytes of a read, and 64 bytes of data more of a write, of which only `size` are not 0. */
function inputOf(gpa: bigint, size: number, value: bigint | undefined): Uint8Array {
  const bytes = new Uint8Array(value === undefined ? INPUT_DATA : INPUT_DATA + MAXIMUM_DATA);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(GPA, gpa, true);
  view.setUint32(SIZE, size, true);
  if (value !== undefined) view.setBigUint64(INPUT_DATA, value, true);
  return bytes;
}

/** What a host does with the call. */
function serve({ control, input, output }: Hypercall, device: Device): HypercallResult | Refusal {
  if (control !== MMIO_READ && control !== MMIO_WRITE) return { result: INVALID_HYPERCALL_CODE };
  const view = new DataView(Uint8Array.from({ length: INPUT_DATA + 8 }, (_, at) => input[at]!).buffer);
  const gpa = view.getBigUint64(GPA, true);
  const size = view.getUint32(SIZE, true);
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return { result: INVALID_PARAMETER };
  if (control === MMIO_WRITE) {
    device.write(gpa, size, truncate(view.getBigUint64(INPUT_DATA, true), 8 * size));
    return { result: 0n };
  }
  const value = device.read(gpa, size);
  if (value instanceof Refusal) return value;
  for (let at = 0; at < size; at++) output[OUTPUT_DATA + at] = Number((value >> BigInt(8 * at)) & 0xffn);
  return { result: 0n };
}
