// seL4: the VM fault message that the kernel sends to a thread's fault handler, and the reply, in the IPC buffer.
// seL4 Reference Manual, section 5.2.1.5 ("VM Fault"); libsel4: sel4/shared_types.h (fault labels, struct seL4_IPCBuffer_),
// sel4/shared_types.bf (seL4_MessageInfo), sel4_arch/constants.h (seL4_VMFault_Msg).
import {
  type Access,
  type Architecture,
  defineHandler,
  type Device,
  type Handled,
  type Handler,
  type HandlerContext,
  hexadecimal,
  type Host,
  Refusal,
  type SharedMemory,
  SharedPages,
  truncate,
} from "../src/handler.ts";
import { VM_FAULT_LABEL, VM_FAULT_LABEL_MCS, VM_FAULT_WORDS } from "../src/model/vm-fault.ts";

/** The IPC buffer of a 64-bit machine: the message info word, then 120 message registers. */
const TAG = 0;
const WORD = 8;
const MESSAGE = 8;
const BUFFER_SIZE = 1024;

/** Message registers of a VM fault: 0 IP, 1 Addr, 2 PrefetchFault, 3 FSR. */
const ADDR = 1;
const PREFETCH_FAULT = 2;
const NO_PREFETCH_FAULT = 0n;
/**
 * What the kernel's own message does not have. A fault handler that it calls reads and writes the faulting thread's registers, all of
 * them; here the one value travels in the message, and no register is shown.
 */
const SIZE = VM_FAULT_WORDS;
const VALUE = VM_FAULT_WORDS + 1;
const READ_WORDS = VM_FAULT_WORDS + 1;
const WRITE_WORDS = VM_FAULT_WORDS + 2;
/** The reply: the value of a read. */
const REPLY_VALUE = 0;

/** seL4_MessageInfo: label 63:12, capsUnwrapped 11:9, extraCaps 8:7, length 6:0. */
const LABEL_SHIFT = 12n;
const CAPS = 0x1fn << 7n;
const LENGTH = 0x7fn;

/** AArch64: ESR of a data abort from a lower exception level with ISV = 1, see arm-syndrome.ts; SRT is 0, for the value is in the message. */
const ESR_BASE = (0x24n << 26n) | (1n << 25n) | (1n << 24n) | 0x07n;
const ESR_KEPT = (0x3fn << 26n) | (1n << 25n) | (0xfn << 9n) | 0x3fn;
const ESR_ISV = 1n << 24n;
const ESR_SAS_SHIFT = 22n;
const ESR_SF = 1n << 15n;
const ESR_WNR = 1n << 6n;

/** RISC-V: the five low bits of scause, load and store page fault. */
const LOAD_PAGE_FAULT = 13n;
const STORE_PAGE_FAULT = 15n;

type Sel4Host = Host<SharedMemory, void>;

const ARCHITECTURES: readonly Architecture[] = ["aarch64", "riscv64"];

/** The handler for a kernel without or with the MCS extensions: they differ in the fault's label. */
function createHandler(name: string, kernel: string, label: bigint): Handler<SharedMemory, void> {
  return defineHandler<SharedMemory, void>({
    name,
    description: `seL4 (${kernel}): a VM fault message and its reply in the IPC buffer`,
    architectures: ARCHITECTURES,

    handle(access: Access, host: Sel4Host, context: HandlerContext): Handled | Refusal {
      const { write, gpa, size } = access;
      const status = faultStatus(access, context);
      const request = {
        tag: (label << LABEL_SHIFT) | BigInt(write ? WRITE_WORDS : READ_WORDS),
        words: [context.fault.pc, gpa, NO_PREFETCH_FAULT, status, BigInt(size), ...(write ? [truncate(access.value, 8 * size)] : [])],
      };
      const pages = new SharedPages("seL4 IPC buffer", { buffer: host.share?.(BUFFER_SIZE) ?? new Uint8Array(BUFFER_SIZE) });
      pages.fill(({ buffer }) => {
        buffer.write(TAG, WORD, request.tag);
        request.words.forEach((word, index) => buffer.write(MESSAGE + WORD * index, WORD, word));
      });
      const refusal = pages.call((memory) => host.call(memory.buffer));
      if (refusal instanceof Refusal) return refusal;
      const reply = pages.drain(({ buffer }): { tag: bigint; value: bigint } | Refusal => {
        const tag = buffer.read(TAG, WORD);
        return checkReply(tag, write ? 0 : 1) ?? { tag, value: write ? 0n : buffer.read(MESSAGE + WORD * REPLY_VALUE, size) };
      });
      if (reply instanceof Refusal) return reply;
      return {
        value: reply.value,
        record: {
          tag: hexadecimal(request.tag),
          label: hexadecimal(label),
          mrs: request.words.map(hexadecimal),
          reply: { tag: hexadecimal(reply.tag), mrs: write ? [] : [hexadecimal(reply.value)] },
        },
      };
    },

    host(device: Device): Sel4Host {
      return { call: (buffer) => serve(buffer, label, device) };
    },
  });
}

/** A kernel without the MCS extensions. */
export default createHandler("sel4", "without MCS", VM_FAULT_LABEL);
/** A kernel with them. */
export const sel4Mcs = createHandler("sel4-mcs", "with MCS", VM_FAULT_LABEL_MCS);

/** FSR of the access: on AArch64 the ESR of a plain load or store of its size, on RISC-V the cause. */
function faultStatus({ write, size, target }: Access, { fault, architecture }: HandlerContext): bigint {
  if (architecture === "riscv64") return write ? STORE_PAGE_FAULT : LOAD_PAGE_FAULT;
  const base = fault.syndrome === undefined ? ESR_BASE : truncate(fault.syndrome, 32) & ESR_KEPT;
  const sixtyFour = target.register === undefined ? size === 8 : target.sixtyFour;
  return base | ESR_ISV | (BigInt(Math.log2(size)) << ESR_SAS_SHIFT) | (sixtyFour ? ESR_SF : 0n) | (write ? ESR_WNR : 0n);
}

/** A reply with label 0 lets the thread go on. It has as many words as the access has values, and no capabilities. */
function checkReply(tag: bigint, words: number): Refusal | undefined {
  const failed = (what: string): Refusal =>
    new Refusal(
      "hypercall-failed",
      `the fault handler's reply ${what} (message info ${hexadecimal(tag)})`,
      "see the fault handler's log: it has no such device, or it is not this handler's other side",
    );
  if (tag >> LABEL_SHIFT !== 0n) return failed(`has label ${hexadecimal(tag >> LABEL_SHIFT)}, so the thread must not go on`);
  if ((tag & CAPS) !== 0n) return failed("hands over capabilities, which nobody asked for");
  if (tag !== BigInt(words)) return failed(`has ${tag & LENGTH} words instead of ${words}`);
  return undefined;
}

/** What a fault handler does with the message: it finds the device by Addr, and replies in the same buffer. */
function serve(buffer: SharedMemory, label: bigint, device: Device): Refusal | void {
  const get = (offset: number): bigint => {
    let word = 0n;
    for (let at = 0; at < WORD; at++) word |= BigInt(buffer[offset + at]!) << BigInt(8 * at);
    return word;
  };
  const put = (offset: number, word: bigint): void => {
    for (let at = 0; at < WORD; at++) buffer[offset + at] = Number((word >> BigInt(8 * at)) & 0xffn);
  };
  const REFUSED = 1n << LABEL_SHIFT;
  const tag = get(TAG);
  const message = (index: number): bigint => get(MESSAGE + WORD * index);
  const size = Number(message(SIZE));
  const write = tag === ((label << LABEL_SHIFT) | BigInt(WRITE_WORDS));
  const known = write || tag === ((label << LABEL_SHIFT) | BigInt(READ_WORDS));
  if (!known || message(PREFETCH_FAULT) !== NO_PREFETCH_FAULT || (size !== 1 && size !== 2 && size !== 4 && size !== 8))
    return put(TAG, REFUSED);
  if (write) {
    device.write(message(ADDR), size, message(VALUE));
    return put(TAG, 0n);
  }
  const value = device.read(message(ADDR), size);
  if (value instanceof Refusal) return value;
  put(MESSAGE + WORD * REPLY_VALUE, value);
  put(TAG, 1n);
}
