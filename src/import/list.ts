import { edk2 } from "./edk2.ts";
import type { Importer } from "./importer.ts";
import { kvmArm64 } from "./kvm-arm64.ts";
import { kvmX86 } from "./kvm-x86.ts";
import { linuxArm64 } from "./linux-arm64.ts";
import { linuxRiscv } from "./linux-riscv.ts";
import { linuxX86 } from "./linux-x86.ts";
import { mmiotrace } from "./mmiotrace.ts";
import { qemuExceptions } from "./qemu-exceptions.ts";
import { qemuRegisters } from "./qemu-registers.ts";
import { xen } from "./xen.ts";

/** The formats of logs that faults are imported from. */
export const IMPORTERS: readonly Importer[] = [kvmX86, kvmArm64, mmiotrace, linuxX86, linuxArm64, linuxRiscv, qemuRegisters, qemuExceptions, edk2, xen];
