// Lines that make a careless search try everything: none may take longer than a line should.
import { expect, test } from "vitest";
import { findings } from "./contract.ts";

const UNITS = [
  "a", "0", "f", " ", "x1 : ", "0 ", "00", "<", "> ", "[", "(", "RIP: ", "Code: ", "Code: 00 ", "44 ", "at virtual address ", "Unable to handle kernel ", "BUG: unable to handle ", "Internal error: a: ",
  "-", "1.1", "kvm_mmio: ", "a-1 [0", "\u001b[", "HSR=0 ", "pc=", "... with", "\t", "general protection fault, ", "> > ", "Nov 20", "a_", "R 4 1.1 ", "Unhandled fault: (", "Oops - ", "rcu", "symbol+0x1/",
  "f:", "gva 0x1 gpa ", "ff<", "ff)", "ff?", "0xff", "X1 0x", "RAX  - ", "v=0e e=", "kvm [1]: ",
];
const LEADS = ["", "Code: ", "Code=", "Xen code around <", "kvm_mmio: RAX: x1 : ", "q-1 [001] 1.000001: kvm_emulate_insn: 0:", "RAX: 0000000000000000 ", "> "];
const TITLES = [
  "", "BUG: unable to handle page fault for address: ffffc90000c3f000\nRIP: 0010:a+0x1/0x2\n", "Internal error: x: 96000210 [#1]\nx1 : ffffffc0118bd024\n",
  "epc : ffffffff80434c8a ra : ffffffff80434e1c sp : ff20000000013c30\n", "KVM internal error. Suberror: 1\nRAX=ffff8000fee000f0 RBX=0000000000000000\n", "!!!! X64 Exception Type - 0E(#PF\n",
  "Synchronous Exception at 0x000000005C1E2A34\n", "(XEN) RIP:    e008:[<ffff82d040328076>] x\n", "Taking exception 4 [Data Abort]\n", "[    1.000001] BUG: unable to handle page fault for address:\n",
];

/** Milliseconds of processor time: the machine may be busy with other things. */
const cpu = (): number => process.cpuUsage().user / 1000;

test.each([60, 300, 2000])("lines of %i characters", { timeout: 120_000 }, async (length) => {
  const slow: string[] = [];
  for (const title of TITLES) {
    for (const lead of LEADS) {
      for (const unit of UNITS) {
        for (const tail of ["", "!"]) {
          const line = lead + unit.repeat(Math.ceil(length / unit.length)) + tail;
          const start = cpu();
          await findings(`${title}${line}\n${line}\nx`);
          if (cpu() - start > 1000) slow.push(JSON.stringify([title, lead, unit, tail]));
        }
      }
    }
  }
  expect(slow).toEqual([]);
});
