// Arm: an ISV = 1 data abort for every access, as a hypervisor would have got it for a plain load or store of one register.
// Arm Architecture Reference Manual (DDI 0487) D24.2.40, "ISS encoding for an exception from a Data Abort"; what of it a host of a
// realm sees: TF-RMM, runtime/core/exit.c, handle_data_abort().
import {
  type Access,
  defineHandler,
  type Device,
  type Handled,
  type HandlerContext,
  hexadecimal,
  type Host,
  mask,
  Refusal,
  truncate,
} from "../src/handler.ts";

/** What the realm management monitor shows the host: never SRT, SSE, AR or IL, and of the virtual address the page offset only. */
export interface DataAbort {
  readonly esr: bigint;
  readonly hpfar: bigint;
  readonly far: bigint;
  /** gprs[0]: the value of a write, 0 for a read. */
  readonly gpr0: bigint;
}

/** gprs[0] as the host left it: the value of a read. */
export interface DataAbortAnswer {
  readonly gpr0: bigint;
}

type SyndromeHost = Host<DataAbort, DataAbortAnswer>;

const IL = 1n << 25n;
const ISV = 1n << 24n;
const SAS_SHIFT = 22n;
const SSE = 1n << 21n;
const SRT_SHIFT = 16n;
const SF = 1n << 15n;
const AR = 1n << 14n;
const WNR = 1n << 6n;
/** Bits 23:14: SAS, SSE, SRT, SF and AR, which are RES0 while ISV is 0. */
const TRANSFER = mask(10) << 14n;
const EC = mask(6) << 26n;
/** SET (12:11), FnV (10), EA (9) and the fault status (5:0). */
const SET_FNV_EA_FSC = (mask(4) << 9n) | mask(6);

/** Exception class 0x24, data abort from a lower exception level, and fault status 7, translation fault at level 3. */
const DEFAULT_SYNDROME = (0x24n << 26n) | 0x07n;

/** ESR_EL2 bits of an emulatable abort that TF-RMM passes to the host. */
const HOST_VISIBLE = EC | ISV | (3n << SAS_SHIFT) | SF | WNR | SET_FNV_EA_FSC;

const PAGE_OFFSET = mask(12);
/** HPFAR_EL2.FIPA holds the physical address's bits 51:12 from bit 4 up. */
const HPFAR_FIPA = mask(40) << 4n;

export default defineHandler<DataAbort, DataAbortAnswer>({
  name: "arm-syndrome",
  description: "Arm hypervisor or realm: an ESR_EL2 with ISV = 1, HPFAR_EL2 and FAR_EL2 for each access",
  architectures: ["aarch64", "arm"],

  handle(access: Access, host: SyndromeHost, context: HandlerContext): Handled | Refusal {
    const { write, gpa, gva, size } = access;
    if ((gpa & PAGE_OFFSET) !== (gva & PAGE_OFFSET)) return differentOffsets(gpa, gva);
    const esr = syndrome(access, context);
    const hpfar = (gpa >> 8n) & HPFAR_FIPA;
    const written = write ? truncate(access.value, 8 * size) : 0n;
    const shown: DataAbort = { esr: esr & HOST_VISIBLE, hpfar, far: gva & PAGE_OFFSET, gpr0: written };
    const answer = host.call(shown);
    if (answer instanceof Refusal) return answer;
    const value = write ? 0n : truncate(answer.gpr0, 8 * size);
    return {
      value,
      record: {
        esr_el2: hexadecimal(esr),
        hpfar_el2: hexadecimal(hpfar),
        far_el2: hexadecimal(gva),
        value: hexadecimal(write ? written : value),
        host: { esr: hexadecimal(shown.esr), hpfar: hexadecimal(hpfar), far: hexadecimal(shown.far), gpr0: hexadecimal(shown.gpr0) },
      },
    };
  },

  host(device: Device): SyndromeHost {
    return {
      call: ({ esr, hpfar, far, gpr0 }) => {
        const size = ([1, 2, 4, 8] as const)[Number((esr >> SAS_SHIFT) & 3n)]!;
        const gpa = ((hpfar & HPFAR_FIPA) << 8n) | (far & PAGE_OFFSET);
        if ((esr & WNR) !== 0n) {
          device.write(gpa, size, gpr0);
          return { gpr0: 0n };
        }
        const value = device.read(gpa, size);
        return value instanceof Refusal ? value : { gpr0: value };
      },
    };
  },
});

/** HPFAR holds the page and FAR the offset in it, so one that is not the other's can't be told. A page is mapped as a whole. */
function differentOffsets(gpa: bigint, gva: bigint): Refusal {
  return new Refusal(
    "address-mismatch",
    `the physical address ${hexadecimal(gpa)} and the virtual address ${hexadecimal(gva)} have different offsets in their pages`,
    "pages are mapped whole: check fault.gpa, fault.gva and guest.windows in the trace",
  );
}

/**
 * ESR_EL2 with a valid instruction syndrome. What says nothing of the transfer (EC, IL, SET, FnV, EA, FSC) is as in the fault's own
 * syndrome, if there was one. Without it IL tells a 16-bit T32 instruction (0) from all others (1).
 *
 * SRT is the register that the instruction names, 31 for the zero register. A vector register or a computed value has no such number: SRT
 * is then 0, where the monitor passes the data anyway (gprs[0]), and SF is that of a general register as wide as the access. An access of
 * 8 bytes in AArch32 (VLDR of a D register) has SAS 3 like any other: no processor reports it, but hosts read SAS alike for both states.
 */
function syndrome({ write, size, target, instructionLength }: Access, { fault }: HandlerContext): bigint {
  const original = fault.syndrome ?? DEFAULT_SYNDROME | (instructionLength === 2 ? 0n : IL);
  const sizeField = BigInt(Math.log2(size)) << SAS_SHIFT;
  const register = BigInt(target.register ?? 0) << SRT_SHIFT;
  const sixtyFour = target.register === undefined ? size === 8 : target.sixtyFour;
  return (
    (original & ~(TRANSFER | WNR)) |
    ISV |
    sizeField |
    register |
    (target.signExtend ? SSE : 0n) |
    (sixtyFour ? SF : 0n) |
    (target.ordered ? AR : 0n) |
    (write ? WNR : 0n)
  );
}
