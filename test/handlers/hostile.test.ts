// The eleven rules that a guest has to enforce against a hostile host or its own user space, one by one, each with the one who breaks it.
// Sources: Linux commits as named; edk2 #9259; CVE-2023-46813, CVE-2024-25742, CVE-2024-25743.
import { describe, expect, test } from "vitest";
import example from "../../handlers/example.ts";
import { HANDLERS } from "../../handlers/list.ts";
import tdx, { type VmcallAnswer, type VmcallRegisters } from "../../handlers/tdx.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/emulate/policy.ts";
import type { Handler, Host, SharedMemory } from "../../src/handler.ts";
import { loadIsa } from "../../src/isa/list.ts";
import type { Fault, GuestFacts } from "../../src/model/fault.ts";
import type { Emulated, Outcome } from "../../src/model/outcome.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { DEVICE_GPA, DEVICE_GVA, faultOf, type FaultText } from "../support/fault.ts";
import { accessOf, CONTEXT, done, RecordingDevice, refusalOf } from "./contract.ts";

const isa = await loadIsa("x86-64");

const SHARED = 1n << 51n;
const KERNEL_START = 0xffff_8000_0000_0000n;
const GVA = KERNEL_START + DEVICE_GVA;
const GPA = SHARED | DEVICE_GPA;
const GARBAGE = 0xdead_beef_dead_beefn;

const guest: GuestFacts = {
  windows: [
    { gva: GVA, gpa: GPA, size: 0x2000n },
    // A window whose pages are private, and one at a user address.
    { gva: GVA + 0x1_0000n, gpa: 0x9000_0000n, size: 0x1000n },
    { gva: 0x7000_0000n, gpa: SHARED | 0x7000_0000n, size: 0x1000n },
  ],
  sharedBit: 51,
  kernelStart: KERNEL_START,
};

interface Attack {
  readonly policy?: Partial<Policy>;
  readonly handler?: Handler;
  readonly exitReason?: bigint;
  readonly exitQualification?: bigint;
}

/** Replays a fault of a TDX guest; by default `mov eax, [rdi]` at the device. */
function replay(change: Partial<FaultText>, { policy, handler = tdx as Handler, ...exit }: Attack = {}): Outcome {
  const registers = { rax: GARBAGE, rdi: GVA, rflags: 2n, ...change.registers };
  const fault: Fault = {
    ...faultOf(isa, { bytes: "8b07", gva: GVA, gpa: GPA, write: false, reads: [0x1234_5678n], ...change, registers }),
    ...exit,
  };
  return replayFault(fault, { isa, guest, handler, policy: { ...DEFAULT_POLICY, ...policy } }).outcome;
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === "refused" ? outcome.refusal.reason : "emulated";
}

function after(outcome: Outcome): Record<string, bigint> {
  if (outcome.kind === "refused") throw new Error(outcome.message);
  return Object.fromEntries(outcome.after.registers.map(({ register, value }) => [isa.registers.name(register), value]));
}

/** tdx with a host of its own in place of the honest one. */
function tdxWith(answer: (request: VmcallRegisters) => Partial<VmcallAnswer>): {
  readonly handler: Handler;
  readonly calls: VmcallRegisters[];
} {
  const calls: VmcallRegisters[] = [];
  const host: Host<VmcallRegisters, VmcallAnswer> = {
    call: (request) => {
      calls.push(request);
      return { ...request, ...answer(request) };
    },
  };
  return { handler: { ...tdx, host: () => host } as Handler, calls };
}

test("without an attack the fault is emulated", () => {
  const outcome = replay({});
  expect(after(outcome)).toEqual({ rax: 0x1234_5678n });
  expect((outcome as Emulated).calls).toEqual([{ write: false, gpa: GPA, size: 4, value: 0x1234_5678n }]);
});

describe("1. a physical address without the shared bit", () => {
  test.each(HANDLERS.filter(({ name }) => ["tdx", "sev-es", "hyperv"].includes(name)).map((handler) => [handler.name, handler] as const))(
    "is refused by %s before anything leaves the guest",
    (_, handler) => {
      const calls: unknown[] = [];
      const spied: Handler = { ...handler, host: () => ({ call: (call) => calls.push(call) }) };
      expect(reasonOf(replay({ gpa: DEVICE_GPA }, { handler: spied }))).toBe("private-address");
      expect(calls).toEqual([]);
    },
  );

  test("is refused in another page of the same instruction, and nothing of it is committed", () => {
    // movsd: reads the shared device, then would write private memory through the host.
    const { handler, calls } = tdxWith(() => ({ r10: 0n, r11: 7n }));
    const outcome = replay({ bytes: "a5", registers: { rsi: GVA, rdi: GVA + 0x1_0000n } }, { handler });
    expect(reasonOf(outcome)).toBe("private-address");
    expect(calls.map(({ r14 }) => r14)).toEqual([GPA]);
  });
});

describe("2. faults of user mode, and of the kernel at user addresses (Linux a37cd2a59d0c, 63e44bc52047, d4fc4d014715)", () => {
  const atUser = { gva: 0x7000_0000n, gpa: SHARED | 0x7000_0000n, registers: { rdi: 0x7000_0000n } };
  test("are refused", () => {
    expect(reasonOf(replay({ mode: "user" }))).toBe("user-mode");
    expect(reasonOf(replay(atUser))).toBe("user-mode");
  });

  test("are refused for every access of the instruction, not for the faulting one alone", () => {
    expect(reasonOf(replay({ bytes: "a5", registers: { rsi: GVA, rdi: 0x7000_0000n } }))).toBe("user-mode");
  });

  test("are emulated where the policy allows it", () => {
    expect(reasonOf(replay({ mode: "user" }, { policy: { userMode: "allow" } }))).toBe("emulated");
    expect(reasonOf(replay(atUser, { policy: { userMode: "allow" } }))).toBe("emulated");
  });
});

describe("3. where user mode is allowed, direction and address are still held against the instruction", () => {
  const policy = { userMode: "allow" } as const;
  test("the fault says write, and the instruction reads", () => {
    expect(reasonOf(replay({ mode: "user", write: true }, { policy }))).toBe("direction-mismatch");
  });
  test("the exit qualification says write, and the fault read", () => {
    expect(reasonOf(replay({ mode: "user" }, { policy, exitReason: 48n, exitQualification: 2n }))).toBe("direction-mismatch");
  });
  test("another thread changed the instruction's base register's page", () => {
    expect(reasonOf(replay({ mode: "user", registers: { rdi: GVA + 0x1000n } }, { policy }))).toBe("address-mismatch");
  });
});

describe("4. the address from the registers is the address that faulted (edk2 #9259)", () => {
  test.each([
    ["another offset", { registers: { rdi: GVA + 4n } }],
    ["another page", { registers: { rdi: GVA + 0x1000n } }],
    ["a RIP-relative address counted from the wrong end", { bytes: "8b0500000000", pc: GVA - 2n }],
  ])("%s", (_, change) => expect(reasonOf(replay(change))).toBe("address-mismatch"));
});

describe("5. exit reason and opcode agree (Linux e3ef461af35a, CVE-2024-25742, CVE-2024-25743)", () => {
  const { handler, calls } = tdxWith(() => ({ r10: 0n }));
  test.each<[string, string, bigint]>([
    ["mov with the reason of CPUID", "8b07", 10n],
    ["mov with the reason of HLT", "8b07", 12n],
    ["mov with the reason of port I/O", "8b07", 30n],
    ["mov with the reason of RDMSR", "8b07", 31n],
    ["CPUID with the reason of RDMSR", "0fa2", 31n],
    ["RDMSR with the reason of WRMSR", "0f32", 32n],
    ["WBINVD's reason, which is none of ours", "0f09", 54n],
    ["a reason that does not exist", "8b07", 0xffffn],
  ])("%s", (_, bytes, exitReason) => {
    expect(reasonOf(replay({ bytes, registers: { rcx: 0n, rdx: 0n } }, { handler, exitReason }))).toBe("not-a-data-abort");
    expect(calls).toEqual([]);
  });

  test.each([
    ["CPUID", "0fa2"],
    ["HLT", "f4"],
    ["IN", "ec"],
    ["WRMSR", "0f30"],
  ])("%s with the reason of an EPT violation, or none", (_, bytes) => {
    for (const attack of [{ handler }, { handler, exitReason: 48n }]) {
      expect(reasonOf(replay({ bytes }, attack))).toBe("not-memory-access");
    }
    expect(calls).toEqual([]);
  });

  test("int 0x80 or any other instruction injected at a #VC is no access (CVE-2024-25743)", () => {
    expect(reasonOf(replay({ bytes: "cd80" }))).toBe("not-memory-access");
  });
});

/** Hex of everything in a call, in memory order and most significant byte first, to look for bytes that should not be there. */
function everything(value: unknown): string {
  if (typeof value === "bigint") return ` ${value.toString(16)} `;
  if (value instanceof Uint8Array) return ` ${Buffer.from(value).toString("hex")} `;
  return typeof value === "object" && value !== null ? Object.values(value).map(everything).join("") : "";
}

describe("6. only the bytes of the access leave the guest (Linux b6fb565a2d15, 0f63e656b1c6)", () => {
  // mov [rdi], al; mov [rdi], ax; mov [rdi], eax: the secret is the rest of RAX.
  test.each([
    ["8807", 1],
    ["668907", 2],
    ["8907", 4],
  ] as const)("%s stores %i bytes", (bytes, size) => {
    const secret = 0xa1a2_a3a4_a5a6_a7a8n;
    for (const handler of HANDLERS.filter(({ architectures }) => architectures.includes("x86-64"))) {
      const shown: string[] = [];
      const honest = handler.host(new RecordingDevice());
      const spied: Handler = {
        ...handler,
        host: () => ({
          call: (call) => {
            shown.push(everything(call));
            return honest.call(call);
          },
        }),
      };
      expect(reasonOf(replay({ bytes, write: true, registers: { rax: secret } }, { handler: spied }))).toBe("emulated");
      const hidden = ["a8", "a7", "a6", "a5", "a4", "a3", "a2", "a1"].slice(size);
      for (const byte of hidden) expect(`${handler.name}: ${shown.join("")}`).not.toContain(byte);
      expect(shown.join("")).toContain("a8");
    }
  });

  test("a read shows no register at all", () => {
    const { handler, calls } = tdxWith(() => ({ r10: 0n }));
    replay({ registers: { rax: 0xa1a2_a3a4_a5a6_a7a8n } }, { handler });
    expect(everything(calls)).not.toMatch(/a[1-8]/);
  });
});

describe("7. only the bytes of the access are taken, and extended by the guest's own decode (Linux 1fe104b048d7, 941370fc93cc)", () => {
  const { handler } = tdxWith(() => ({ r10: 0n, r11: GARBAGE, r12: GARBAGE, r13: GARBAGE, r14: GARBAGE, r15: GARBAGE }));
  test.each<[string, string, bigint]>([
    ["mov al, [rdi] keeps the rest of RAX", "8a07", 0x1111_1111_1111_11efn],
    ["mov ax, [rdi] keeps the rest of RAX", "668b07", 0x1111_1111_1111_beefn],
    ["mov eax, [rdi] clears the upper half", "8b07", 0xdead_beefn],
    ["movzx eax, byte [rdi]", "0fb607", 0xefn],
    ["movsx rax, byte [rdi]", "480fbe07", 0xffff_ffff_ffff_ffefn],
    ["movsxd rax, dword [rdi]", "486307", 0xffff_ffff_dead_beefn],
  ])("%s", (_, bytes, rax) => {
    expect(after(replay({ bytes, registers: { rax: 0x1111_1111_1111_1111n } }, { handler }))).toEqual({ rax });
  });

  test("CPUID takes 32 bits of each register", () => {
    const outcome = replay({ bytes: "0fa2", registers: { rax: 0x4000_0000n, rcx: 0n, rbx: 0n, rdx: 0n } }, { handler, exitReason: 10n });
    expect(after(outcome)).toEqual({ rax: 0xdead_beefn, rbx: 0xdead_beefn, rcx: 0xdead_beefn, rdx: 0xdead_beefn });
  });

  test("a host that changes other registers than the answer's changes nothing", () => {
    expect(after(replay({}, { handler }))).toEqual({ rax: 0xdead_beefn });
  });
});

describe("8. an access over a page's end (Linux 1e7769653b06)", () => {
  test.each([
    ["4 bytes", "8b07", GVA + 0xffdn],
    ["2 bytes", "668b07", GVA + 0xfffn],
    ["8 bytes", "488b07", GVA + 0xff9n],
  ])("of %s is refused, though the next page is a device's too", (_, bytes, gva) => {
    expect(reasonOf(replay({ bytes, gva, gpa: GPA + (gva - GVA), registers: { rdi: gva } }))).toBe("page-crossing");
  });
});

/** Value of a read of 4 bytes whose host puts 0xcc over every byte of the shared pages, except for what `spare` puts back. */
function readScribbled(name: string, spare: (memory: SharedMemory) => void): bigint {
  const handler = HANDLERS.find((each) => each.name === name)!;
  const pages: SharedMemory[] = [];
  const host: Host<unknown, unknown> = {
    share: (length) => {
      const memory = new Uint8Array(length);
      pages.push(memory);
      return memory;
    },
    call: () => {
      for (const memory of pages) for (let at = 0; at < memory.length; at++) memory[at] = 0xcc;
      spare(pages[0]!);
      return { result: 0n };
    },
  };
  return done(handler.handle(accessOf({ size: 4 }), host, { ...CONTEXT, architecture: handler.architectures[0]! })).value;
}

describe("9. retries are bounded, and no address of the host's is believed", () => {
  test("a host that asks for another try for ever", () => {
    const { handler, calls } = tdxWith(() => ({ r10: 1n }));
    const outcome = replay({}, { handler });
    expect(reasonOf(outcome)).toBe("hypercall-failed");
    expect(calls.length).toBeLessThan(100);
  });

  test("a retry that goes on with another address", () => {
    let call = 0;
    const { handler, calls } = tdxWith(() => ({ r10: call++ === 0 ? 1n : 0n, r11: 5n, r14: 0x6666_0000n }));
    expect(reasonOf(replay({}, { handler }))).toBe("emulated");
    expect(calls.map(({ r14 }) => r14)).toEqual([GPA, GPA]);
  });

  // What has to be right is the status alone.
  test.each<[string, string, (memory: SharedMemory) => void]>([
    [
      "sev-es",
      "the GHCB's scratch address",
      (ghcb) => {
        for (let at = 0x398; at < 0x3a0; at++) ghcb[at] = 0;
        ghcb[0x3fe] = 0x08;
      },
    ],
    ["kvm-run", "phys_addr and len", () => {}],
    ["hyperv", "gpa and size", () => {}],
    [
      "sel4",
      "Addr",
      (buffer) => {
        for (let at = 0; at < 8; at++) buffer[at] = at === 0 ? 1 : 0;
      },
    ],
  ])("%s: %s are the guest's own, whatever the page says afterwards", (name, _, spare) => {
    expect(readScribbled(name, spare)).toBe(0xcccc_ccccn);
  });
});

describe("10. HLT with interrupts enabled, and what follows a fatal error", () => {
  test("HLT is refused with interrupts enabled, done without", () => {
    const { handler, calls } = tdxWith(() => ({ r10: 0n }));
    expect(reasonOf(replay({ bytes: "f4", registers: { rflags: 0x202n } }, { handler, exitReason: 12n }))).toBe("unsupported-instruction");
    expect(calls).toEqual([]);
    expect(reasonOf(replay({ bytes: "f4" }, { handler, exitReason: 12n }))).toBe("emulated");
    expect(calls).toHaveLength(1);
  });

  test("after a fatal error nothing is committed, and no further call is made", () => {
    let call = 0;
    // rep movsd from the device: the second call is fatal.
    const { handler, calls } = tdxWith(() => (call++ === 0 ? { r10: 0n, r11: 1n } : { rax: 0xc000_0100_0000_0000n, r10: 0n, r11: 2n }));
    const outcome = replay({ bytes: "f3a5", registers: { rsi: GVA, rdi: KERNEL_START + 0x9000_0000n, rcx: 4n } }, { handler });
    expect(reasonOf(outcome)).toBe("hypercall-failed");
    expect(outcome).not.toHaveProperty("after");
    expect(calls).toHaveLength(2);
  });
});

describe("11. the instruction is fetched once, and the next page only if it is needed", () => {
  test("bytes that end at the page's end are enough for an instruction that ends there", () => {
    expect(reasonOf(replay({ bytes: "8b07", pc: 0x1ffen }))).toBe("emulated");
  });

  test.each([
    ["8b", "8b07: ModRM is missing"],
    ["c707", "c707 imm32: the immediate is missing"],
    ["c707000000", "c707 imm32: a byte of the immediate is missing"],
    ["8b87", "8b87 disp32: the displacement is missing"],
    ["66", "the opcode is missing"],
  ])("%s is truncated (%s), and the message says how much more is needed", (bytes) => {
    const outcome = replay({ bytes, pc: 0x2000n - BigInt(bytes.length / 2) });
    expect(reasonOf(outcome)).toBe("truncated-instruction");
    expect(outcome.kind === "refused" && outcome.message).toMatch(/at least \d+ more byte/);
  });

  test("what stands behind the instruction changes nothing", () => {
    expect(replay({ bytes: "8b07cd80ffff" })).toEqual(replay({ bytes: "8b07" }));
  });
});

describe("wrong answers", () => {
  test("every status but success ends the instruction with nothing committed", () => {
    for (const r10 of [2n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0003n, (1n << 64n) - 1n]) {
      const { handler } = tdxWith(() => ({ r10, r11: 1n }));
      const outcome = replay({}, { handler });
      expect(reasonOf(outcome)).toBe("hypercall-failed");
      expect(outcome).not.toHaveProperty("after");
    }
  });

  test("a page that changes at every look gives one value, which is also the record's", () => {
    for (const handler of HANDLERS.filter(({ name }) => ["kvm-run", "hyperv", "sev-es"].includes(name))) {
      const looks = new Map<string, number>();
      const changing = (length: number): SharedMemory =>
        new Proxy(new Uint8Array(length), {
          get: (target, key) => {
            if (typeof key === "string" && /^\d+$/.test(key)) looks.set(key, (looks.get(key) ?? 0) + 1);
            return Reflect.get(target, key, target);
          },
        });
      const honest = handler.host(new RecordingDevice(0x4433_2211n));
      let answered = false;
      const host: Host<unknown, unknown> = {
        share: changing,
        call: (call) => {
          const answer = honest.call(call);
          looks.clear();
          answered = true;
          return answer;
        },
      };
      const context = { ...CONTEXT, architecture: handler.architectures[0]! };
      const { value, record } = done(handler.handle(accessOf({ size: 4 }), host, context));
      expect([handler.name, answered, value]).toEqual([handler.name, true, 0x4433_2211n]);
      expect(Math.max(...looks.values())).toBe(1);
      expect(JSON.stringify(record)).toContain("0x44332211");
    }
  });

  test("the example's interface is no weaker", () => {
    const statuses = [1n, 2n, 3n, 1n << 40n];
    for (const status of statuses) {
      expect(refusalOf(example.handle(accessOf({}), { call: () => ({ status, value: 1n }) }, CONTEXT)).reason).toBe("hypercall-failed");
    }
  });
});
