// Prints encodings of every vector instruction that is emulated, for test/oracles/x86-vectors.c: memory at [rax] (or [rax + zmm3]), zmm0,
// zmm1, zmm2 and k1; EVEX without mask, with merging and with zeroing, and with broadcast. One a line, with the bits of a VSIB index.
import type { Variant } from "../../../src/isa/x86-64/notation.ts";
import { OpcodeTable } from "../../../src/isa/x86-64/opcode-table.ts";
import { X86_64_ROWS } from "../../../src/isa/x86-64/tables/list.ts";
import { Random } from "./generator.ts";

const random = new Random(20261120);

/** Lowest member of a set that is a bit mask. */
function lowest(set: number): number {
  return 31 - Math.clz32(set & -set);
}

interface Masking {
  readonly opmask: 0 | 1;
  readonly zeroing: 0 | 1;
  readonly broadcast: 0 | 1;
}

function encode(variant: Variant, { opmask, zeroing, broadcast }: Masking): number[] {
  const { space, map, opcode, does, operands } = variant;
  const prefix = lowest(variant.prefixes);
  const vvvv = operands.some(({ field }) => field === "V") ? (does === "vector-gather" ? 2 : 1) : 0;
  const modRm =
    does === "vector-masked-bytes" ? [0xc1] : operands.some(({ memory }) => memory?.vectorIndex !== undefined) ? [0x04, 0x18] : [0x00];
  const second = ((variant.w === 2 ? 1 : 0) << 7) | ((~vvvv & 15) << 3) | prefix;
  const length = lowest(variant.lengths);
  const immediate = variant.immediateBytes === 1 ? [random.below(256)] : [];
  if (space === "vex") return [0xc4, 0xe0 | map, second | (length << 2), opcode, ...modRm, ...immediate];
  if (space === "evex") {
    const third = (zeroing << 7) | (length << 5) | (broadcast << 4) | 8 | opmask;
    return [0x62, 0xf0 | map, second | 4, third, opcode, ...modRm, ...immediate];
  }
  const mandatory = [[], [0x66], [0xf3], [0xf2]][prefix]!;
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][map]!;
  return [...mandatory, ...(variant.sizes === 4 ? [0x48] : []), ...escape, opcode, ...modRm, ...immediate];
}

for (const variant of new OpcodeTable(X86_64_ROWS).compileAll()) {
  const { does, form, operands, space, facts, masking, zeroing } = variant;
  const memory = operands.find((operand) => operand.memory !== undefined)?.memory;
  const untraced = operands.some(({ register }) => register?.file === "mmx");
  // APX promotions need a processor that has them, and KMOV stores would need k0.
  if (!/^(vector|lanes)-/.test(does) || untraced || form.includes("[EVEX.L0.")) continue;
  const store = operands[0]!.memory !== undefined;
  for (const opmask of [0, 1] as const) {
    for (const zero of [0, 1] as const) {
      for (const broadcast of [0, 1] as const) {
        if ((opmask === 1 && !masking) || (opmask === 0 && facts.maskRequired)) continue;
        if ((zero === 1 && (opmask === 0 || !zeroing || store)) || (broadcast === 1 && memory?.broadcast === undefined)) continue;
        if (space !== "evex" && opmask + zero + broadcast > 0) continue;
        const bytes = encode(variant, { opmask, zeroing: zero, broadcast });
        console.log(`${Buffer.from(bytes).toString("hex")} ${memory?.vectorIndex?.bits ?? 0}`);
      }
    }
  }
}
