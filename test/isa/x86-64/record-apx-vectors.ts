// Records test/isa/x86-64/apx-vectors.txt: APX instructions with a memory operand, as LLVM's disassembler writes them.
//
//   LLVM_MC=llvm-mc-22 npx jiti test/isa/x86-64/record-apx-vectors.ts > test/isa/x86-64/apx-vectors.txt
//
// Needs llvm-mc 19 or newer. Random encodings of REX2 and of EVEX map 4; those that LLVM calls invalid are left out.
import { spawnSync } from "node:child_process";
import { Random } from "./generator.ts";

const random = new Random(20261120);
const candidates: readonly (readonly number[])[] = Array.from({ length: 6000 }, () => {
  const modRm = (random.below(256) & 0x3f) | (random.below(3) << 6);
  const rest = Array.from({ length: 9 }, () => random.below(256));
  if (random.once(3)) return [0xd5, random.below(256), random.below(256), modRm, ...rest];
  const second =
    (random.below(2) << 7) | (random.once(2) ? 0x78 : random.below(16) << 3) | (random.once(8) ? 0 : 4) | (random.once(4) ? 1 : 0);
  const third = [0x08, 0x18, 0x0c, 0x1c, random.below(16)][random.below(5)]!;
  return [0x62, (random.below(32) << 3) | 4, second, third, random.below(256), modRm, ...rest];
});
/** Text of the first instruction of each byte string, and how many bytes it takes; the rest is filled up so that it shows. */
const FILLER = [...Array.from({ length: 15 }, () => 0x90), 0xcc];
const hex = (bytes: readonly number[]): string => bytes.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
const disassemble = (bytes: readonly number[]) => {
  const { stdout, stderr } = spawnSync(
    process.env["LLVM_MC"] ?? "llvm-mc-22",
    ["--disassemble", "--triple=x86_64", "--output-asm-variant=1"],
    {
      input: `${hex(bytes)}\n`,
      encoding: "utf8",
    },
  );
  const lines = stdout.split("\n").map((line) => line.replace(/#.*/, "").trim().replace(/\s+/g, " "));
  return { lines: lines.filter((line) => line !== "" && line !== ".text"), invalid: stderr.includes("invalid instruction encoding") };
};
/**
 * What LLVM 22 decodes and the APX specification forbids (sections 3.1.1.1 and 3.1.2.3): REX2 before the opcode rows that it can't reach,
 * a second escape,
 * vector registers above 15 with REX2, reserved bits of the last byte of EVEX in map 4, 66 with byte operands.
 */
function isTooLenient(bytes: readonly number[], text: string): boolean {
  const [prefix, payload, opcode, last] = bytes as readonly [number, number, number, number];
  if (text.startsWith("ud1 ")) return true;
  if (prefix === 0x62) return ((last & 3) !== 0 && !/ccmp|ctest/.test(text)) || ((opcode & 3) !== 0 && text.includes("byte ptr"));
  const rows = payload >> 7 === 0 ? [0x4, 0x7, 0xa, 0xe] : [0x3, 0x8];
  return (payload >> 7 === 0 && opcode === 0x0f) || rows.includes(opcode >> 4) || /xmm(1[6-9]|[23]\d)/.test(text);
}
let recorded = 0;
for (const bytes of candidates) {
  if (recorded === 400) break;
  for (let length = 3; length <= bytes.length; length++) {
    const { lines, invalid } = disassemble([...bytes.slice(0, length), ...FILLER]);
    const nops = lines.filter((line) => line === "nop").length;
    if (isTooLenient(bytes, lines[0] ?? "")) break;
    if (invalid || nops !== 15 || lines.length !== 17 || !lines[0]!.includes(" ptr [")) continue;
    console.log(`${Buffer.from(bytes.slice(0, length)).toString("hex")} ${lines[0]}`);
    recorded++;
    break;
  }
}
