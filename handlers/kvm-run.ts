// KVM: the MMIO exit of struct kvm_run, which the kernel shares with its virtual machine monitor.
// Linux, Documentation/virt/kvm/api.rst, "The kvm_run structure", and include/uapi/linux/kvm.h.
import {
  type Access,
  bytesToHexadecimal,
  defineHandler,
  type Device,
  type Handled,
  hexadecimal,
  type Host,
  Refusal,
  type SharedMemory,
  SharedPages,
  truncate,
} from "../src/handler.ts";

/** Offsets in struct kvm_run, in bytes. All integers are little-endian on the architectures here. */
const EXIT_REASON = 8;
const PHYS_ADDR = 32;
const DATA = 40;
const LEN = 48;
const IS_WRITE = 52;
/** End of the MMIO part. The structure goes on, with nothing that an MMIO exit uses. */
const END = 56;
const PAGE_SIZE = 4096;

const KVM_EXIT_MMIO = 6;

type KvmRunHost = Host<SharedMemory, void>;

export default defineHandler<SharedMemory, void>({
  name: "kvm-run",
  description: "KVM: the bytes of struct kvm_run's MMIO exit, as a virtual machine monitor sees them",
  architectures: ["x86-64", "aarch64", "arm", "riscv64"],

  handle(access: Access, host: KvmRunHost): Handled | Refusal {
    const { write, gpa, size } = access;
    const written = write ? truncate(access.value, 8 * size) : 0n;
    const run = host.share?.(PAGE_SIZE) ?? new Uint8Array(PAGE_SIZE);
    const pages = new SharedPages("struct kvm_run", { run });
    const request = mmioExit(gpa, size, write, written);
    pages.fill(({ run: page }) => page.copy(0, request));
    const refusal = pages.call((memory) => host.call(memory.run));
    if (refusal instanceof Refusal) return refusal;
    const value = write ? 0n : pages.drain(({ run: page }) => page.read(DATA, size));
    return {
      value,
      record: {
        exit_reason: KVM_EXIT_MMIO,
        phys_addr: hexadecimal(gpa),
        data: hexadecimal(write ? written : value),
        len: size,
        is_write: write ? 1 : 0,
        bytes: bytesToHexadecimal(request),
      },
    };
  },

  host(device: Device): KvmRunHost {
    return { call: (run) => serve(run, device) };
  },
});

/** The first bytes of the structure, up to the end of its MMIO part, in the guest's own memory. */
function mmioExit(gpa: bigint, size: number, write: boolean, value: bigint): Uint8Array {
  const bytes = new Uint8Array(END);
  const view = new DataView(bytes.buffer);
  view.setUint32(EXIT_REASON, KVM_EXIT_MMIO, true);
  view.setBigUint64(PHYS_ADDR, gpa, true);
  view.setBigUint64(DATA, value, true);
  view.setUint32(LEN, size, true);
  view.setUint8(IS_WRITE, write ? 1 : 0);
  return bytes;
}

/** What a virtual machine monitor does with the exit: it fills `data` in place for a read. */
function serve(run: SharedMemory, device: Device): Refusal | void {
  const bytes = Uint8Array.from({ length: END }, (_, at) => run[at]!);
  const view = new DataView(bytes.buffer);
  const size = view.getUint32(LEN, true);
  if (view.getUint32(EXIT_REASON, true) !== KVM_EXIT_MMIO || (size !== 1 && size !== 2 && size !== 4 && size !== 8)) return;
  const gpa = view.getBigUint64(PHYS_ADDR, true);
  if (view.getUint8(IS_WRITE) === 1) {
    device.write(gpa, size, truncate(view.getBigUint64(DATA, true), 8 * size));
    return;
  }
  const value = device.read(gpa, size);
  if (value instanceof Refusal) return value;
  for (let at = 0; at < size; at++) run[DATA + at] = Number((value >> BigInt(8 * at)) & 0xffn);
}
