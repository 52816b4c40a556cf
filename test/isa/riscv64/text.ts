import type { Instruction } from "../../../src/model/instruction.ts";
import type { Operation, Source } from "../../../src/model/operation.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { type Register, ZERO_REGISTER } from "../../../src/model/registers.ts";
import { RISCV64_REGISTERS } from "../../../src/isa/riscv64/registers.ts";

/**
 * Assembly of an instruction that accesses memory, written from its `Operation` alone, with numeric register names. Of one that is
 * only recognised, the mnemonic.
 */
export function textOf({ mnemonic, operation }: Instruction): string {
  if (operation instanceof Refusal) return mnemonic;
  const { base, displacement } = operation.addresses[0]!;
  const address = `${name(base!)}`;
  const memory = operation.ordering === undefined && operation.atomic === undefined && !isBare(mnemonic) ? `${displacement}(${address})` : `(${address})`;
  return `${mnemonic} ${[...operands(operation), memory].join(", ")}`;
}

/** rd, then rs2. */
function operands({ reads, computes, writes, atomic }: Operation): string[] {
  const targets: string[] = [];
  const load = reads[0]?.to[0] ?? (atomic === "exclusive-store" ? computes[0]!.to[0] : undefined);
  if (load !== undefined) targets.push(name(load.register));
  const stored = writes[0]?.from;
  if (stored?.kind === "register") targets.push(name(stored.register));
  if (stored?.kind === "temporary") {
    // Of an AMO the second input, of an AMOCAS the third; AMOCAS.Q gathers the low half of its replacement third of all.
    const inputs = computes.length === 1 ? computes[0]!.inputs : computes[2]!.inputs;
    targets.push(sourceName(inputs.at(-1)!));
  }
  return targets;
}

function isBare(mnemonic: string): boolean {
  return /^(amo|lr\.|sc\.)/.test(mnemonic);
}

function sourceName(source: Source): string {
  if (source.kind !== "register") throw new Error(`an operand is ${source.kind}`);
  return name(source.register);
}

function name(register: Register): string {
  return register === ZERO_REGISTER ? "x0" : RISCV64_REGISTERS.name(register);
}
