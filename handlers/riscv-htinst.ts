// RISC-V: the trap values of a guest-page fault, with a standard transformed instruction in htinst.
// RISC-V Privileged Architecture, chapter "H" Extension, "Transformed Instruction or Pseudoinstruction for mtinst or htinst" and
// "Guest-Page Faults and htval"; the rewriting to a0: Salus, src/vm_cpu.rs.
import { type Access, defineHandler, type Device, type Handled, hexadecimal, type Host, Refusal, truncate } from "../src/handler.ts";

/** What the host sees of the trap: scause tells a load's from a store's guest-page fault. */
export interface GuestPageFault {
  readonly scause: bigint;
  readonly htinst: bigint;
  /** Guest physical address, shifted right by 2. */
  readonly htval: bigint;
  /** The two low bits of the faulting virtual address, which are also the guest physical address's. */
  readonly stval: bigint;
  /** Register a0: the value of a write, 0 for a read. */
  readonly a0: bigint;
}

/** Register a0 as the host left it: the value of a read. */
export interface GuestPageFaultAnswer {
  readonly a0: bigint;
}

type TrapHost = Host<GuestPageFault, GuestPageFaultAnswer>;

const LOAD_GUEST_PAGE_FAULT = 21n;
const STORE_GUEST_PAGE_FAULT = 23n;

/** Major opcodes, bits 6:0, of the 32-bit base encoding. */
const OPCODE_LOAD = 0x03;
const OPCODE_STORE = 0x23;
/** Bit 1 of a transformed instruction is 0 where the original was 16 bits long; bit 0 is always 1. */
const BIT_1 = 0x02;
const FUNCT3_SHIFT = 12;
/** rd of a load, rs2 of a store. */
const RD_SHIFT = 7;
const RS2_SHIFT = 20;
const A0 = 10;

export default defineHandler<GuestPageFault, GuestPageFaultAnswer>({
  name: "riscv-htinst",
  description: "RISC-V hypervisor extension: htinst (transformed instruction), htval and stval for each access",
  architectures: ["riscv64"],

  handle(access: Access, host: TrapHost): Handled | Refusal {
    const { write, gpa, gva, size } = access;
    if ((gpa & 3n) !== (gva & 3n)) {
      return new Refusal(
        "address-mismatch",
        `the physical address ${hexadecimal(gpa)} and the virtual address ${hexadecimal(gva)} differ in bits 1:0, which htval takes from stval`,
        "pages are mapped whole: check fault.gpa, fault.gva and guest.windows in the trace",
      );
    }
    const htinst = BigInt(transformedInstruction(access));
    const written = write ? truncate(access.value, 8 * size) : 0n;
    const scause = write ? STORE_GUEST_PAGE_FAULT : LOAD_GUEST_PAGE_FAULT;
    const shown: GuestPageFault = { scause, htinst, htval: gpa >> 2n, stval: gva & 3n, a0: written };
    const answer = host.call(shown);
    if (answer instanceof Refusal) return answer;
    const value = write ? 0n : truncate(answer.a0, 8 * size);
    return {
      value,
      record: {
        scause: hexadecimal(scause),
        htinst: hexadecimal(htinst),
        htval: hexadecimal(shown.htval),
        stval: hexadecimal(gva),
        value: hexadecimal(write ? written : value),
        host: { stval: hexadecimal(shown.stval), a0: hexadecimal(written) },
      },
    };
  },

  host(device: Device): TrapHost {
    return {
      call: ({ htinst, htval, stval, a0 }) => {
        const instruction = Number(htinst);
        const size = ([1, 2, 4, 8] as const)[(instruction >> FUNCT3_SHIFT) & 3]!;
        const gpa = (htval << 2n) | (stval & 3n);
        if ((instruction & 0x7c) === (OPCODE_STORE & 0x7c)) {
          device.write(gpa, size, a0);
          return { a0 };
        }
        const value = device.read(gpa, size);
        return value instanceof Refusal ? value : { a0: value };
      },
    };
  },
});

/**
 * The plain integer load or store of this access, as a processor would have transformed it: immediate and base register are replaced
 * by zeros (the rs1 field holds the address offset, which only an access that faults in its middle has). Floating-point, vector and
 * atomic accesses are shown as the integer access of the same width, which every host knows: the guest makes of the value what its own
 * decode says. The register is always a0: which one the guest uses is not the host's to know.
 */
function transformedInstruction({ write, size, target, instructionLength }: Access): number {
  const width = Math.log2(size);
  const length = instructionLength === 2 ? 0 : BIT_1;
  if (write) return (A0 << RS2_SHIFT) | (width << FUNCT3_SHIFT) | (OPCODE_STORE & ~BIT_1) | length;
  // funct3 bit 2: LBU, LHU and LWU zero-extend; LD fills the register.
  const unsigned = target.signExtend || size === 8 ? 0 : 4;
  return ((width | unsigned) << FUNCT3_SHIFT) | (A0 << RD_SHIFT) | (OPCODE_LOAD & ~BIT_1) | length;
}
