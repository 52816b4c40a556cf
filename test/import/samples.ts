import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Architecture } from "../../src/model/architecture.ts";
import type { Finding } from "../../src/import/finding.ts";

/** What a fault of a sample must be. What is left out must be unknown, registers excepted: those are some of many. */
export interface ExpectedFault {
  readonly line: number;
  readonly pc?: bigint;
  readonly symbol?: string;
  readonly bytes?: string;
  readonly registers?: Readonly<Record<string, bigint>>;
  readonly gva?: bigint;
  readonly gpa?: bigint;
  readonly write?: boolean;
  readonly mode?: "kernel" | "user";
  readonly syndrome?: bigint;
  readonly exitReason?: bigint;
  readonly reads?: readonly bigint[];
  readonly calls?: Finding["calls"];
  readonly pcAfter?: bigint;
}

export interface Sample {
  readonly file: string;
  /** The importer that must find it. */
  readonly importer: string;
  readonly architecture: Architecture;
  readonly faults: readonly ExpectedFault[];
  /** Things that are told and passed over. */
  readonly passedOver?: number;
}

const folder = fileURLToPath(new URL("samples/", import.meta.url));

export function sampleText(file: string): string {
  return readFileSync(`${folder}${file}`, "latin1");
}

const arm64Dump = { x0: 0n, x1: 0x900_0018n, x2: 0x30n, x10: 0n, x29: 0n, x30: 0x20_1a10n, sp: 0x20_3ff0n, pstate: 0x6000_03c5n };

export const SAMPLES: readonly Sample[] = [
  {
    file: "kvm-x86-trace-cmd.txt",
    importer: "kvm-x86",
    architecture: "x86-64",
    passedOver: 1,
    faults: [
      {
        line: 2, pc: 0xffffffff8134be37n, bytes: "448b6060", gva: 0xffffc90000005060n, gpa: 0xd0000060n, write: false, reads: [1n], pcAfter: 0xffffffff8134be3bn,
        calls: [{ write: false, gpa: 0xd0000060n, size: 4, value: 1n }],
      },
      {
        line: 11, pc: 0xffffffff8134c002n, bytes: "c7471000000000", gva: 0xffffffffff5fd0b0n, gpa: 0xfee000b0n, write: true, pcAfter: 0xffffffff8134c009n,
        calls: [{ write: true, gpa: 0xfee000b0n, size: 4, value: 0n }],
      },
    ],
  },
  {
    file: "kvm-x86-perf.txt",
    importer: "kvm-x86",
    architecture: "x86-64",
    faults: [
      { line: 1, pc: 0xffffffff8134be37n, bytes: "448b6060", gva: 0xffffc90000005060n, gpa: 0xd0000060n, write: false, reads: [1n], calls: [{ write: false, gpa: 0xd0000060n, size: 4, value: 1n }] },
    ],
  },
  {
    file: "kvm-x86-page-faults.txt",
    importer: "kvm-x86",
    architecture: "x86-64",
    faults: [
      { line: 1, gpa: 0xd0000060n, write: false },
      { line: 2, pc: 0xffffffff8134be37n, gpa: 0xd0000064n, write: true },
    ],
  },
  {
    file: "kvm-arm64.txt",
    importer: "kvm-arm64",
    architecture: "aarch64",
    faults: [
      { line: 8, pc: 0xffff8000106a1c28n, gva: 0xffff800011ab5018n, gpa: 0x9000018n, write: true, syndrome: 0x93820046n, calls: [{ write: true, gpa: 0x9000018n, size: 4, value: 0xdeadbeefn }] },
      { line: 12, pc: 0xffff8000106a1c40n, gva: 0xffff800011ab6ffcn, gpa: 0x9010ffcn, write: true, syndrome: 0x92000047n },
    ],
  },
  { file: "kvm-arm64-message.txt", importer: "kvm-arm64", architecture: "aarch64", faults: [{ line: 1 }] },
  { file: "kvm-arm64-message.txt", importer: "qemu-registers", architecture: "aarch64", faults: [{ line: 2, pc: 0x201a28n, mode: "kernel", registers: { x1: 0x9000018n, x30: 0x201a10n } }] },
  {
    file: "mmiotrace.txt",
    importer: "mmiotrace",
    architecture: "x86-64",
    faults: [
      { line: 4, pc: 0xffffffffa0041c10n, gva: 0xffffc90010e80000n, gpa: 0xfd000000n, write: false, reads: [0x20154a1n], calls: [{ write: false, gpa: 0xfd000000n, size: 4, value: 0x20154a1n }] },
      { line: 5, pc: 0xffffffffa0041c22n, gva: 0xffffc90010e80140n, gpa: 0xfd000140n, write: true, calls: [{ write: true, gpa: 0xfd000140n, size: 4, value: 1n }] },
      { line: 6, gva: 0xffffc90010f403c2n, gpa: 0xfd0c03c2n, write: false, reads: [0x10n], calls: [{ write: false, gpa: 0xfd0c03c2n, size: 1, value: 0x10n }] },
      { line: 8, pc: 0xffffffffa0041c30n, bytes: "0f6f07", gva: 0xffffc90010e89400n, gpa: 0xfd009400n },
      { line: 9, gpa: 0xfe000002n, write: true, calls: [{ write: true, gpa: 0xfe000002n, size: 2, value: 0x1234n }] },
    ],
  },
  {
    file: "linux-x86-page-fault.txt",
    importer: "linux-x86",
    architecture: "x86-64",
    faults: [
      {
        line: 1, symbol: "memset_erms+0x9/0x10", bytes: "f3aa4c89c8c3904989fa400fb6ce48", gva: 0xffffc90000c3f000n, write: true, mode: "kernel",
        registers: { rax: 0n, rbx: 0xffff888101c3a000n, rcx: 0x1000n, rdi: 0xffffc90000c3f000n, rsp: 0xffffc90000013c78n, rflags: 0x10246n, r9: 0xffffc90000c3f000n, r15: 0n, gs_base: 0xffff88813bd00000n, fs_base: 0n },
      },
    ],
  },
  {
    file: "linux-x86-old.txt",
    importer: "linux-x86",
    architecture: "x86-64",
    faults: [
      {
        line: 1, pc: 0xffffffffa0034a2bn, bytes: "448b60144181e4ff0000004585e474", gva: 0xffffc900010f4014n, write: false, mode: "kernel",
        registers: { rax: 0xffffc900010f4000n, rsp: 0xffff88013a8abd28n, r8: 0n, r14: 0xffffffffa0036080n, rflags: 0x10286n, fs_base: 0x7f1f2fd3f700n, gs_base: 0xffff88013fc00000n },
      },
    ],
  },
  {
    file: "linux-x86-confidential.txt",
    importer: "linux-x86",
    architecture: "x86-64",
    faults: [
      { line: 1, pc: 0x7fe5404d3840n, mode: "user", exitReason: 0x404n },
      { line: 3, symbol: "native_write_cr4+0x3/0x10", bytes: "0f22e7c3cccccccc", mode: "kernel", exitReason: 28n, registers: { rdi: 0x6b0n, rcx: 1n } },
    ],
  },
  {
    file: "linux-arm64-external-abort.txt",
    importer: "linux-arm64",
    architecture: "aarch64",
    faults: [
      {
        line: 1, symbol: "pl011_probe+0x24/0x150", bytes: "210040b9", write: false, mode: "kernel", syndrome: 0x96000210n,
        registers: { x0: 0n, x1: 0xffffffc0118bd024n, x8: 0x101010101010101n, x9: 0xffffffc010100b1cn, x29: 0xffffffc01181bbd0n, sp: 0xffffffc01181bbd0n, pstate: 0x60400005n },
      },
    ],
  },
  {
    file: "linux-arm64-page-fault.txt",
    importer: "linux-arm64",
    architecture: "aarch64",
    faults: [
      {
        line: 1, pc: 0xffff800008c41a3cn, bytes: "220c0029", gva: 0xffff800012a4d018n, write: true, mode: "kernel", syndrome: 0x96000047n,
        registers: { x1: 0xffff800012a4d018n, x2: 3n, x3: 2n, x7: 0xdeadbeefn, x30: 0xffff800008c41a10n, sp: 0xffff80000c0bb9f0n, pstate: 0x80000005n },
      },
    ],
  },
  {
    file: "linux-riscv.txt",
    importer: "linux-riscv",
    architecture: "riscv64",
    faults: [
      {
        line: 1, pc: 0xffffffff80434c8an, symbol: "vm_find+0x1c/0x3e", bytes: "184701451d8f", gva: 0xffffffd004002008n, write: false, mode: "kernel",
        registers: { x1: 0xffffffff80434e1cn, x2: 0xff20000000013c30n, x3: 0xffffffff81501aa8n, x4: 0xff60000001670000n, x5: 0x40n, x8: 0xff20000000013c60n, x9: 0xff60000001a04c10n, x12: 1n, x14: 0xffffffd004002000n, x15: 2n, x18: 0xff60000001a04c00n, x28: 1n, x31: 4n },
      },
    ],
  },
  {
    file: "qemu-registers-x86.txt",
    importer: "qemu-registers",
    architecture: "x86-64",
    faults: [
      {
        line: 1, pc: 0xffff80000020ea22n, bytes: "660f7f00c9c3554889e54883ec1089", mode: "kernel",
        registers: { rax: 0xffff8000fee000f0n, rcx: 0x1bn, rsp: 0xffff800000ffff38n, r8: 0xffff800000ffff40n, r9: 0xefn, r12: 0xbe8b4a18n, rflags: 0x10086n, fs_base: 0x1000n, gs_base: 0xffff800001416000n },
      },
    ],
  },
  {
    file: "qemu-registers-arm64.txt",
    importer: "qemu-registers",
    architecture: "aarch64",
    faults: [{ line: 1, pc: 0x201a28n, mode: "kernel", registers: { ...arm64Dump, v0: 0x00000000000000010000000000000002n, v1: 0n } }],
  },
  {
    file: "qemu-exceptions-arm64.txt",
    importer: "qemu-exceptions",
    architecture: "aarch64",
    faults: [{ line: 6, pc: 0x40080124n, gva: 0x9000018n, write: false, mode: "kernel", syndrome: 0x96000004n }],
  },
  {
    file: "qemu-exceptions-x86.txt",
    importer: "qemu-exceptions",
    architecture: "x86-64",
    faults: [{ line: 2, pc: 0x102a3cn, gva: 0xfed00010n, write: true, mode: "kernel", registers: { rax: 0xfed00000n, rdx: 1n, rsp: 0x108f60n, r15: 0n, rflags: 0x46n } }],
  },
  {
    file: "qemu-exceptions-riscv.txt",
    importer: "qemu-exceptions",
    architecture: "riscv64",
    faults: [{ line: 2, pc: 0x80200136n, gva: 0x10002004n, write: false }],
  },
  {
    file: "edk2-x64.txt",
    importer: "edk2",
    architecture: "x86-64",
    faults: [{ line: 1, pc: 0x7ee21e9an, gva: 0xfed00010n, write: true, registers: { rax: 1n, rcx: 0xfed00010n, rbx: 0x7ef3b018n, rsp: 0x7ff9c8e0n, r9: 3n, r15: 0n, rflags: 0x210206n } }],
  },
  {
    file: "edk2-aarch64.txt",
    importer: "edk2",
    architecture: "aarch64",
    faults: [
      {
        line: 3, pc: 0x5c1e2a34n, gva: 0x9010000n, write: false, syndrome: 0x96000010n,
        registers: { x0: 0x9010000n, x2: 1n, x16: 0x5f6fe000n, x29: 0x5f6fea10n, x30: 0x5c1e24a8n, sp: 0x5f6fea10n, pstate: 0x60000205n, v0: 0x00000000000000010000000000000002n },
      },
    ],
  },
  {
    file: "xen-x86.txt",
    importer: "xen",
    architecture: "x86-64",
    faults: [
      {
        line: 3, pc: 0xffff82d040328076n, bytes: "42881c20e972ffffff554889e54157", gva: 0xffff82c000201010n, write: true, mode: "kernel",
        registers: { rax: 0xffff82c000201000n, rbx: 0x12n, r12: 0x10n, rsp: 0xffff82d04045fc38n, rflags: 0x10002n, fs_base: 0n },
      },
    ],
  },
  { file: "xen-arm.txt", importer: "xen", architecture: "aarch64", faults: [{ line: 1, pc: 0xffffffc00058a230n, gva: 0xffffff8000064004n, gpa: 0x1c29004n, write: false, syndrome: 0x93c08004n }] },
];
