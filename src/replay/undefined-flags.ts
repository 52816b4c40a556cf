import type { Fault } from "../model/fault.ts";
import type { Compute, Operation, Source } from "../model/operation.ts";

/** RFLAGS, SDM volume 1, section 3.4.3.1. */
const CF = 1n;
const PF = 1n << 2n;
const AF = 1n << 4n;
const ZF = 1n << 6n;
const SF = 1n << 7n;
const OF = 1n << 11n;

/**
 * The flags that an x86-64 operation leaves undefined: a processor may put anything there, and so may we. Each as the "Flags
 * Affected" section of the instruction in the SDM, volume 2, says; the contract, section 1, lists the same.
 */
export function undefinedFlags(operation: Operation, fault: Fault): bigint {
  let flags = 0n;
  for (const compute of operation.computes) if (compute.flags !== "keep") flags |= undefinedBy(compute, fault);
  return flags;
}

function undefinedBy(compute: Compute, fault: Fault): bigint {
  switch (compute.operator) {
    case "x86-and":
    case "x86-or":
    case "x86-xor":
      return AF;
    case "x86-mul":
    case "x86-imul":
      return SF | ZF | AF | PF;
    case "x86-div":
    case "x86-idiv":
      return CF | PF | AF | ZF | SF | OF;
    case "x86-shl":
    case "x86-shr":
      return shiftFlags(compute, fault);
    case "x86-sar":
    case "x86-rol":
    case "x86-ror":
    case "x86-rcl":
    case "x86-rcr":
      return count(compute, 1, fault) === 1 ? AF : AF | OF;
    case "x86-shld":
    case "x86-shrd":
      return AF | OF;
    case "x86-bt":
    case "x86-bts":
    case "x86-btr":
    case "x86-btc":
      return OF | SF | AF | PF;
    case "x86-bsf":
    case "x86-bsr":
      return CF | OF | SF | AF | PF;
    case "x86-lzcnt":
    case "x86-tzcnt":
      return OF | SF | AF | PF;
    case "x86-bextr":
      return AF | SF | PF;
    case "x86-andn":
    case "x86-bzhi":
    case "x86-blsi":
    case "x86-blsmsk":
    case "x86-blsr":
      return AF | PF;
    default:
      return 0n;
  }
}

/** SHL and SHR: CF too where the count is not less than the operand's width. */
function shiftFlags(compute: Compute, fault: Fault): bigint {
  const shifted = count(compute, 1, fault);
  if (shifted === 1) return AF;
  return shifted !== undefined && shifted < compute.width ? AF | OF : AF | OF | CF;
}

/** The masked shift count; undefined if it is computed. */
function count({ inputs, width }: Compute, position: number, fault: Fault): number | undefined {
  const source: Source | undefined = inputs[position];
  let value: bigint | undefined;
  if (source?.kind === "immediate") value = source.value;
  else if (source?.kind === "register" && source.register >= 0) {
    const register = fault.registers.get(source.register);
    value = register === undefined ? undefined : register >> BigInt(source.bit);
  }
  return value === undefined ? undefined : Number(value & (width === 64 ? 0x3fn : 0x1fn));
}
