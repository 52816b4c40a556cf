// Forms that real logs have and the samples have not.
import { describe, expect, test } from "vitest";
import { findings } from "./contract.ts";
import { sampleText } from "./samples.ts";

const only = async (text: string) => {
  const { faults } = await findings(text);
  expect(faults).toHaveLength(1);
  return faults[0]!;
};

describe("arm64 oopses", () => {
  const before416 = `[  233.001042] Unhandled fault: synchronous external abort (0x96000210) at 0xffffff80096c61b0
[  233.001921] Internal error: : 96000210 [#1] SMP
[  233.006007] task: ffffffc0efcb8000 task.stack: ffffffc0efcb4000
[  233.006631] PC is at port_read+0x70/0x98
[  233.007081] LR is at port_poll+0x88/0x94
[  233.007528] pc : [<ffffff800877cb8c>] lr : [<ffffff80087634a4>] pstate: 80000145
[  233.008292] sp : ffffffc0efcb7a50
[  233.008640] x1 : 0000000000000004 x0 : ffffff80096c61b0
`;

  test("before 4.16: address and syndrome in one line, PC in brackets", async () => {
    expect(await only(before416)).toMatchObject({
      pc: 0xffffff800877cb8cn, gva: 0xffffff80096c61b0n, syndrome: 0x96000210n, write: false, symbol: { name: "port_read", offset: 0x70n, size: 0x98n },
    });
  });

  test("whose brackets a web page has eaten", async () => {
    const fault = await only(before416.replaceAll(/\[<\w+>\]/g, "[]"));
    expect([fault.pc, fault.symbol?.name, fault.registers.get("x0"), fault.registers.get("pstate")]).toEqual([undefined, "port_read", 0xffffff80096c61b0n, 0x80000145n]);
  });

  test("of other exceptions and of 32-bit Arm are none", async () => {
    for (const line of ["Internal error: Oops - BUG: 00000000f2000800 [#1] SMP", "Internal error: synchronous external abort: 0000000086000010 [#1] SMP", "Internal error: Oops: 5 [#1] SMP ARM", "Internal error: Oops - bad mode: 0 [#1] PREEMPT SMP"]) {
      const text = sampleText("linux-arm64-external-abort.txt").replace("Internal error: synchronous external abort: 96000210 [#1] SMP", line);
      expect((await findings(text)).faults).toEqual([]);
    }
  });
});

/** What the kernel prints of a program that ends. */
const dump = (pc: string) => `[ 1.0] ld[48]: unhandled signal 11 code 0x1 at 0x0000000000000003 in libc.so[3faddf9000+121000]
[ 1.0] CPU: 32 PID: 48 Comm: ld Not tainted 6.6.20 #1
[ 1.0] epc : ${pc} ra : 0000003fadfb1a2a sp : 0000003ffe913bd0
[ 1.0] status: 8000000200006020 badaddr: 0000000000000003 cause: 000000000000000d
`;

describe("riscv dumps", () => {
  test("with a PC without a space", async () => expect((await only(sampleText("linux-riscv.txt").replace("epc : ffffffff80434c8a", "epc: ffffffff80434c8a"))).pc).toBe(0xffffffff80434c8an));

  test("of programs that a signal ended, one after the other", async () => {
    const { faults } = await findings(dump("0000003fade71698") + dump("0000003fade71699"));
    expect(faults.map(({ pc, mode, gva }) => [pc, mode, gva])).toEqual([[0x3fade71698n, "user", 3n], [0x3fade71699n, "user", 3n]]);
  });

  test("of illegal instructions are none", async () => {
    const { faults, summary } = await findings(sampleText("linux-riscv.txt").replace("cause: 000000000000000d", "cause: 0000000000000002"));
    expect([faults, summary.omissions.map(({ why }) => why)]).toEqual([[], ["cause 2 is no load, store or AMO"]]);
  });
});

describe("x86-64 oopses", () => {
  const text = sampleText("linux-x86-page-fault.txt");

  test("without a title at the start of a text", async () => {
    const fault = await only(text.slice(text.indexOf("[    3.217510]")));
    expect([fault.symbol?.name, fault.registers.get("rdi"), fault.gva]).toEqual(["memset_erms", 0xffffc90000c3f000n, undefined]);
  });

  test("after a WARNING, and not the WARNING", async () => {
    const warning = "[    1.0] WARNING: CPU: 0 PID: 1 at drivers/x.c:223 probe+0x1/0x2\n[    1.0] RIP: 0010:probe+0x1/0x2\n[    1.0] Code: 90 <0f> 0b\n[    1.0] RAX: 0000000000000000 RBX: 0000000000000001 RCX: 0000000000000002\n";
    expect((await only(warning + text)).symbol?.name).toBe("memset_erms");
    expect((await only(text + warning)).symbol?.name).toBe("memset_erms");
  });

  test("with a general protection fault, whose error code says nothing of a page", async () => {
    const fault = await only(`general protection fault, probably for non-canonical address 0xdead000000000110: 0000 [#1] SMP\n${text.slice(text.indexOf("[    3.217510]"))}`);
    expect([fault.gva, fault.write]).toEqual([0xdead000000000110n, undefined]);
  });

  test("with an instruction fetch", async () => {
    const fault = await only(text.replace("0x000b", "0x0010").replace("Oops: 000b", "Oops: 0010").replaceAll(/Code: .*/g, "Code: Bad RIP value."));
    expect([fault.write, fault.bytes, fault.facts["access"]]).toEqual([undefined, undefined, "instruction fetch"]);
  });

  test("whose code comes after the call trace, and not the code of a system call's caller", async () => {
    const lines = text.split("\n").filter((line) => !/Code: c1 e9/.test(line));
    expect((await only(lines.join("\n"))).bytes).toBeUndefined();
  });
});

describe("KVM events", () => {
  test("of several threads in any order", async () => {
    const { faults } = await findings(sampleText("kvm-x86-trace-cmd.txt").replaceAll("8398", "8397").replaceAll("[001]", "[002]"));
    // One thread can't be in two instructions: what does not belong together is not joined.
    expect(faults.map(({ pc, calls }) => [pc, calls?.length])).toContainEqual([0xffffffff8134c002n, 1]);
  });

  test("a read that was never answered has no truth", async () => {
    const fault = await only("q-1 [001] 1.000001: kvm_emulate_insn: 0:ffffffff8134be37:44 8b 60 60 (prot64)\nq-1 [001] 1.000002: kvm_mmio: mmio unsatisfied-read len 4 gpa 0xd0000060 val 0x0\n");
    expect([fault.calls, fault.reads, fault.gpa, fault.write]).toEqual([undefined, [], 0xd0000060n, false]);
  });

  test("an emulation that failed says so", async () => {
    const fault = await only("q-1 [001] 1.000001: kvm_emulate_insn: 0:ffffffff8134be37:0f 6f 07 (prot64) failed\n");
    expect([fault.facts["emulation"], fault.calls]).toEqual(["failed", undefined]);
  });

  test("with a comma after every value, and without any", async () => {
    const lines = ["kvm_guest_fault: ipa 0x9000000, hsr 0x93820046, hxfar 0xffff800011ab5018, pc 0xffff8000106a1c28", "kvm_guest_fault: ipa 0x9000000 hsr 0x93820046 hxfar 0xffff800011ab5018 pc 0xffff8000106a1c28"];
    for (const line of lines) expect((await only(line)).gpa).toBe(0x9000018n);
  });

  test("accesses of kvm_mmio alone are of no architecture", async () => expect((await findings("q-1 [001] 1.0: kvm_mmio: mmio read len 4 gpa 0xd0000060 val 0x1\n")).faults).toEqual([]));
});

test("QEMU marks no byte in very old dumps: twenty stand before the instruction", async () => {
  const text = sampleText("qemu-registers-x86.txt").replace("<66>", "66");
  expect((await only(text)).bytes?.subarray(0, 4)).toEqual(Uint8Array.of(0x66, 0x0f, 0x7f, 0));
});

/** What QEMU prints of a processor. */
const registerDump = (value: number) => `RAX=000000000000000${value} RBX=0000000000000002\nRIP=ffff80000020ea2${value} RFL=00010086\n`;

describe("pieces that tell what they are", () => {
  test.each([
    ["a status and its code", "status: 0000000200000120 badaddr: ffffffd000b5d000 cause: 000000000000000f\nCode: 0293 0000 (8053) f002\n", { gva: 0xffffffd000b5d000n, write: true, bytes: Uint8Array.of(0x53, 0x80, 0x02, 0xf0) }],
    ["an exception without its title", "...with ESR 0x25/0x96000044\n...with FAR 0x9000000\n...with ELR 0x40080000\n", { pc: 0x40080000n, gva: 0x9000000n, write: true }],
    ["arm64 registers without a message", " PC=0000000000201a28 X00=0000000000000000\nPSTATE=600003c5 -ZC- EL1h\n", { pc: 0x201a28n, mode: "kernel" }],
    ["x86-64 registers without a message", "RAX=0000000000000001 RBX=0000000000000002\nRIP=ffff80000020ea22 RFL=00010086 [--S--P-] CPL=3\n", { pc: 0xffff80000020ea22n, mode: "user" }],
    ["Xen's code alone", "Xen code around <ffff82d040328076> (f+0x1/0x2):\n 90 <8b> 07\n", { pc: 0xffff82d040328076n, bytes: Uint8Array.of(0x8b, 7) }],
    ["a message of TDX", "tdx: Unexpected #VE: 28\n", { exitReason: 28n }],
  ])("%s", async (_, text, fault) => expect(await only(text)).toMatchObject(fault));

  test("of a log of -d cpu only the first dump is taken", async () => {
    const { faults, summary } = await findings(registerDump(1) + registerDump(2) + registerDump(3));
    expect(faults.map(({ pc, registers }) => [pc, registers.get("rax")])).toEqual([[0xffff80000020ea21n, 1n]]);
    expect(summary.omissions).toMatchObject([{ fault: false, line: 3 }]);
  });
});
