// Decoding held against llvm-mc: what it said is recorded in words.txt and compressed.txt (see record-vectors.mjs).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RISCV64 } from "../../../src/isa/riscv64/index.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { riscv64Assembly } from "../../../src/report/riscv64-assembly.ts";

function record(name: string): string[] {
  return readFileSync(new URL(name, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function decodeWord(word: number, length: 2 | 4): Instruction | Refusal {
  return RISCV64.decode(Uint8Array.from({ length }, (_, index) => (word >>> (8 * index)) & 0xff), "rv64");
}

/** Whether llvm's text is of an instruction that accesses memory: an address in parentheses, or one of the shadow stack. */
function accessesMemory(text: string): boolean {
  if (/^(jalr |prefetch|cbo\.(clean|flush|inval))/.test(text)) return false;
  return /\(x\d+\)(, v\d+|, x\d+|, v0\.t)*$/.test(text) || /^ss(push|popchk)/.test(text);
}

/** Classes that are told by their major opcode alone: some of their encodings are reserved, and none accesses memory. */
const BY_CLASS = new Set(["OP-V"]);
/** llvm-mc 19 does not have Q: FADD.Q, FCVT.S.Q, FMVP.Q.X. */
const QUAD = /^F.*\.Q(\.|$)/;
/**
 * What else llvm-mc 19 does not know and the manual defines: fields of fences that are to be ignored, the may-be-operations next to
 * those that Zicfiss uses, and Zvkgs.
 */
const UNKNOWN_TO_LLVM = new Set(["FLQ", "FSQ", "FENCE", "FENCE.I", "MOP.R.28", "MOP.RR.7", "VGHSH.VS", "VGMUL.VS"]);

/** What llvm-mc 19 takes and the manual reserves: AES64KS1I with a round number above 10, FCVTMOD.W.D with a mode that is not rtz. */
const RESERVED_BY_MANUAL = /^(aes64ks1i .*, 1[1-5]|fcvtmod\.w\.d .*, (rne|rdn|rup|rmm|dyn))$/;

/** What is found here where it differs from llvm's text; undefined where both agree. */
function compare(text: string, decoded: Instruction | Refusal): string | undefined {
  if (decoded instanceof Refusal) {
    const none = text === "-" || RESERVED_BY_MANUAL.test(text);
    return none && decoded.reason === "undefined-instruction" ? undefined : `${decoded.reason} ${decoded.detail}`;
  }
  if (text === "-") return BY_CLASS.has(decoded.form) || QUAD.test(decoded.form) || UNKNOWN_TO_LLVM.has(decoded.form) ? undefined : decoded.form;
  if (!accessesMemory(text)) return decoded.access === "none" ? undefined : decoded.form;
  if (decoded.access === "none") return `${decoded.form}, no access`;
  const expected = decoded.operation instanceof Refusal ? text.split(" ", 1)[0]!.replace(/^(ssamoswap\.[wd])\.\w+$/, "$1") : text;
  const found = riscv64Assembly(decoded, RISCV64.registers);
  return found === expected ? undefined : found;
}

function shadowStackText(decoded: Instruction): string {
  return decoded.form === "C.SSPUSH" ? "c.sspush x1" : decoded.form === "C.SSPOPCHK" ? "c.sspopchk x5" : riscv64Assembly(decoded, RISCV64.registers);
}

describe("32-bit words", () => {
  const lines = record("words.txt").map((line) => [line.slice(0, 8), line.slice(9)] as const);

  test("the record is not empty", () => expect(lines.length).toBeGreaterThan(4000));

  test("decode to what llvm-mc prints", () => {
    const differences: string[] = [];
    for (const [hex, text] of lines) {
      const decoded = decodeWord(Number.parseInt(hex, 16), 4);
      const difference = compare(text, decoded);
      if (difference !== undefined) differences.push(`${hex} llvm: ${text}; here: ${difference}`);
    }
    expect(differences).toEqual([]);
  });
});

describe("16-bit words, all of them", () => {
  const recorded = new Map(record("compressed.txt").map((line) => [line.split(" ")[0]!, line.split(" ").slice(1).join(" ")]));
  const groups = new Map<string, string[]>();
  for (let word = 0; word < 0x10000; word++) {
    if ((word & 3) === 3) continue;
    const decoded = decodeWord(word, 2);
    const text = decoded instanceof Refusal ? "-" : decoded.access === "none" ? "other" : shadowStackText(decoded);
    const group = text.split(" ", 1)[0]!;
    groups.set(group, [...(groups.get(group) ?? []), `${word.toString(16).padStart(4, "0")} ${text}\n`]);
  }

  test("fall into the same groups", () => expect([...groups.keys()].toSorted()).toEqual([...recorded.keys()].toSorted()));

  test.for([...recorded])("%s", ([group, expected]) => {
    const lines = groups.get(group) ?? [];
    expect(`${lines.length} ${createHash("sha256").update(lines.join("")).digest("hex")}`).toBe(expected);
  });
});
