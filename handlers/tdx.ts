// TDX: TDG.VP.VMCALL, the call of a trust domain to its host. Intel TDX Guest-Hypervisor Communication Interface (GHCI)
// specification, "TDG.VP.VMCALL leaves"; Intel TDX Module ABI specification, "TDG.VP.VMCALL".
import {
  type Access,
  answerWidths,
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
  type HypercallRecord,
  Refusal,
  truncate,
} from "../src/handler.ts";

/** The registers that the guest exposes with TDCALL, RAX = 0 (TDG.VP.VMCALL). */
export interface VmcallRegisters {
  readonly rax: bigint;
  /** Mask of the registers that the host can see and change. */
  readonly rcx: bigint;
  /** 0: a leaf that the GHCI defines. */
  readonly r10: bigint;
  /** The leaf. */
  readonly r11: bigint;
  readonly r12: bigint;
  readonly r13: bigint;
  readonly r14: bigint;
  readonly r15: bigint;
}

/** What is in them afterwards: RAX comes from the TDX module, the others from the host. */
export type VmcallAnswer = Omit<VmcallRegisters, "rcx">;

/** R10 to R15 and nothing else. Linux and edk2 expose 0xffcc, with registers that no leaf below uses. */
const EXPOSED_REGISTERS = 0xfc00n;

const LEAF = {
  cpuid: 0x0an,
  halt: 0x0cn,
  port: 0x1en,
  "msr-read": 0x1fn,
  "msr-write": 0x20n,
  mmio: 0x30n,
} as const;

const READ = 0n;
const WRITE = 1n;
/** R12 of the HLT leaf: the host may wake the guest although interrupts are blocked. */
const INTERRUPTS_BLOCKED = 1n;

/** R10 after the call, GHCI, "TDG.VP.VMCALL completion status codes". */
const SUCCESS = 0n;
const RETRY = 1n;
const OPERAND_INVALID = 0x8000_0000_0000_0000n;
const SUBFUNCTION_UNSUPPORTED = 0x8000_0000_0000_0003n;
const STATUS_NAMES: ReadonlyMap<bigint, string> = new Map([
  [RETRY, "TDG.VP.VMCALL_RETRY"],
  [OPERAND_INVALID, "TDG.VP.VMCALL_OPERAND_INVALID"],
  [0x8000_0000_0000_0001n, "TDG.VP.VMCALL_GPA_INUSE"],
  [0x8000_0000_0000_0002n, "TDG.VP.VMCALL_ALIGN_ERROR"],
  [SUBFUNCTION_UNSUPPORTED, "TDG.VP.VMCALL_SUBFUNC_UNSUPPORTED"],
]);

/** A host that keeps on asking for another try would hold the guest in its exception handler for ever. */
const ATTEMPTS = 8;

type TdxHost = Host<VmcallRegisters, VmcallAnswer>;

export default defineHandler<VmcallRegisters, VmcallAnswer>({
  name: "tdx",
  description: "TDX guest: TDG.VP.VMCALL registers (MMIO, CPUID, HLT, port I/O, MSR)",
  architectures: ["x86-64"],

  check(context: HandlerContext): Refusal | undefined {
    return checkQualification(context) ?? checkFaultShared(context.fault, context.guest);
  },

  handle(access: Access, host: TdxHost, context: HandlerContext): Handled | Refusal {
    const refusal = checkShared(access.gpa, context.guest);
    if (refusal !== undefined) return refusal;
    const { write, gpa, size } = access;
    const request = registers(LEAF.mmio, BigInt(size), write ? WRITE : READ, gpa, write ? truncate(access.value, 8 * size) : 0n);
    const answer = vmcall("MMIO", request, host);
    if (answer instanceof Refusal) return answer;
    const value = write ? 0n : truncate(answer.r11, 8 * size);
    return { value, record: record("mmio", request, write ? {} : { r11: value }) };
  },

  exit(exit: Exit, host: TdxHost): HandledExit | Refusal {
    const request = exitRegisters(exit);
    const answer = vmcall(exit.kind, request, host);
    if (answer instanceof Refusal) return answer;
    const taken = answerWidths(exit).map(
      (width, at) => [answerRegisters(exit)[at]!, truncate(answer[answerRegisters(exit)[at]!], width)] as const,
    );
    return { values: taken.map(([, value]) => value), record: record(exit.kind, request, Object.fromEntries(taken)) };
  },

  host(device: Device): TdxHost {
    return { call: (request) => serve(request, device) };
  },
});

/** Exit reason of an EPT violation, SDM volume 3, appendix C. Others are no device accesses. */
const EPT_VIOLATION = 48n;

/** The qualification of an EPT violation, SDM volume 3, table 28-7: bit 0 data read, 1 data write, 2 instruction fetch. */
function checkQualification({ fault }: HandlerContext): Refusal | undefined {
  const { exitReason, exitQualification: qualification, write } = fault;
  if (exitReason !== EPT_VIOLATION || qualification === undefined) return undefined;
  const [read, written, fetched] = [0n, 1n, 2n].map((bit) => ((qualification >> bit) & 1n) === 1n);
  if (fetched) {
    return new Refusal(
      "not-a-data-abort",
      `the exit qualification ${hexadecimal(qualification)} says that an instruction fetch faulted`,
      "no instruction can be fetched from an emulated device",
    );
  }
  if (write === undefined || (write ? written : read)) return undefined;
  return new Refusal(
    "direction-mismatch",
    `the fault was a ${write ? "write" : "read"}, and the exit qualification ${hexadecimal(qualification)} does not say so`,
    "the fault record contradicts itself: it was not captured at one moment",
  );
}

/** The call that an exit makes. */
function exitRegisters(exit: Exit): VmcallRegisters {
  switch (exit.kind) {
    case "cpuid":
      return registers(LEAF.cpuid, exit.leaf, exit.subleaf);
    case "halt":
      return registers(LEAF.halt, INTERRUPTS_BLOCKED);
    case "port-read":
      return registers(LEAF.port, BigInt(exit.size), READ, BigInt(exit.port));
    case "port-write":
      return registers(LEAF.port, BigInt(exit.size), WRITE, BigInt(exit.port), truncate(exit.value, 8 * exit.size));
    case "msr-read":
      return registers(LEAF["msr-read"], exit.index);
    case "msr-write":
      return registers(LEAF["msr-write"], exit.index, exit.value);
    default:
      return exit satisfies never;
  }
}

/** The registers that an exit's answers come back in, in order. */
function answerRegisters(exit: Exit): readonly ("r11" | "r12" | "r13" | "r14" | "r15")[] {
  return exit.kind === "cpuid" ? ["r12", "r13", "r14", "r15"] : ["r11"];
}

function registers(r11: bigint, r12: bigint, r13 = 0n, r14 = 0n, r15 = 0n): VmcallRegisters {
  return { rax: 0n, rcx: EXPOSED_REGISTERS, r10: 0n, r11, r12, r13, r14, r15 };
}

/** Calls the host until it gives a result or an error; a host that wants to be asked again is asked {@link ATTEMPTS} times. */
function vmcall(what: string, request: VmcallRegisters, host: TdxHost): VmcallAnswer | Refusal {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = host.call(request);
    if (answer instanceof Refusal) return answer;
    if (answer.rax !== 0n) {
      return new Refusal(
        "hypercall-failed",
        `${what}: the TDX module refused TDG.VP.VMCALL with RAX ${hexadecimal(answer.rax)}, which is fatal`,
        "the guest must stop here: the call itself is malformed (RCX exposes a register that it may not)",
      );
    }
    if (answer.r10 === SUCCESS) return answer;
    if (answer.r10 !== RETRY) {
      const name = STATUS_NAMES.get(answer.r10) ?? "not a status of the specification";
      return new Refusal(
        "hypercall-failed",
        `${what}: the host answered R10 ${hexadecimal(answer.r10)} (${name})`,
        "see the host's log: it has no such device or register, or it denies it",
      );
    }
  }
  return new Refusal(
    "hypercall-failed",
    `${what}: the host answered R10 0x1 (${STATUS_NAMES.get(RETRY)}) ${ATTEMPTS} times`,
    "a host may ask for another try, not for endless ones",
  );
}

/** The registers that left the guest, and those that it took back, cut to what counts. */
function record(leaf: string, request: VmcallRegisters, taken: Partial<VmcallAnswer>): HypercallRecord {
  return { hypercall: "TDG.VP.VMCALL", leaf, ...hexadecimals(request), answer: hexadecimals({ rax: 0n, r10: SUCCESS, ...taken }) };
}

function hexadecimals(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values as Record<string, bigint>).map(([name, value]) => [name, hexadecimal(value)]));
}

/** What a host does with a call. KVM rejects other sizes and directions in the same way. */
function serve(request: VmcallRegisters, device: Device): VmcallAnswer | Refusal {
  if (request.r11 === LEAF.mmio) return serveMmio(request, device);
  const exit = exitOf(request);
  if (exit === undefined)
    return { ...request, r10: Object.values<bigint>(LEAF).includes(request.r11) ? OPERAND_INVALID : SUBFUNCTION_UNSUPPORTED };
  const values = device.exit(exit);
  if (values instanceof Refusal) return values;
  const names = answerRegisters(exit);
  return { ...request, r10: SUCCESS, ...Object.fromEntries(values.map((value, at) => [names[at]!, value])) };
}

function serveMmio(request: VmcallRegisters, device: Device): VmcallAnswer | Refusal {
  const size = Number(request.r12);
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return { ...request, r10: OPERAND_INVALID };
  if (request.r13 === WRITE) {
    device.write(request.r14, size, request.r15);
    return { ...request, r10: SUCCESS };
  }
  if (request.r13 !== READ) return { ...request, r10: OPERAND_INVALID };
  const value = device.read(request.r14, size);
  return value instanceof Refusal ? value : { ...request, r10: SUCCESS, r11: value };
}

/** The exit that a call asks for; undefined if its operands are invalid. */
function exitOf({ r11, r12, r13, r14, r15 }: VmcallRegisters): Exit | undefined {
  switch (r11) {
    case LEAF.cpuid:
      return { kind: "cpuid", leaf: r12, subleaf: r13 };
    case LEAF.halt:
      return { kind: "halt" };
    case LEAF.port: {
      const size = Number(r12);
      if ((size !== 1 && size !== 2 && size !== 4) || r14 > 0xffffn || r13 > WRITE) return undefined;
      return r13 === READ ? { kind: "port-read", port: Number(r14), size } : { kind: "port-write", port: Number(r14), size, value: r15 };
    }
    case LEAF["msr-read"]:
      return { kind: "msr-read", index: r12 };
    case LEAF["msr-write"]:
      return { kind: "msr-write", index: r12, value: r13 };
    default:
      return undefined;
  }
}
