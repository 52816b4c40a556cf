import { hexadecimal } from "../model/bits.ts";
import type { Instruction } from "../model/instruction.ts";
import type { Operation, Source } from "../model/operation.ts";
import { Refusal } from "../model/refusal.ts";
import { type Register, type RegisterSet, ZERO_REGISTER } from "../model/registers.ts";

/** Mnemonics of the A extensions, whose address is a register in parentheses without an offset. */
const WITHOUT_OFFSET = /^(amo|lr\.|sc\.)|\.(aq|rl|aqrl)$/;

/**
 * RISC-V assembly for people: Capstone, as it is built here, knows none. Written from the operation alone, with the trace's register names;
 * of an instruction that is only recognised, the mnemonic.
 */
export function riscv64Assembly({ mnemonic, operation }: Instruction, registers: RegisterSet): string {
  if (operation instanceof Refusal) return mnemonic;
  const name = (register: Register): string => (register === ZERO_REGISTER ? "x0" : registers.name(register));
  const { base, displacement } = operation.addresses[0]!;
  // The operation of a transformed instruction (htinst) has an address and no base register.
  const offset = WITHOUT_OFFSET.test(mnemonic) ? "" : displacement.toString();
  const place = base === undefined ? hexadecimal(displacement) : `${offset}(${name(base)})`;
  return `${mnemonic} ${[...operandRegisters(operation).map(name), place].join(", ")}`;
}

/** rd where there is one, then rs2. */
function operandRegisters({ reads, computes, writes, atomic }: Operation): Register[] {
  const rd = reads[0]?.to[0] ?? (atomic === "exclusive-store" ? computes[0]!.to[0] : undefined);
  const stored = writes[0]?.from;
  // An AMO writes what it computes: rs2 is the last input. AMOCAS.Q gathers rd and then rs2 first, a half at a time.
  const rs2 = stored?.kind === "temporary" ? computes[computes.length === 1 ? 0 : 2]!.inputs.at(-1) : stored;
  return [...(rd === undefined ? [] : [rd.register]), ...(rs2 === undefined ? [] : [registerOf(rs2)])];
}

function registerOf(source: Source): Register {
  if (source.kind !== "register") throw new Error(`a RISC-V operand is no register but ${source.kind}`);
  return source.register;
}
