// APX against LLVM 22, whose answers are recorded in apx-vectors.txt (see record-apx-vectors.ts): iced-x86 and capstone do not know it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";
import type { Address } from "../../../src/model/operation.ts";
import { PROGRAM_COUNTER } from "../../../src/model/registers.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf } from "../../support/fault.ts";

const vectors = readFileSync(new URL("apx-vectors.txt", import.meta.url), "utf8")
  .trim()
  .split("\n");
const SIZES: Readonly<Record<string, number>> = { byte: 1, word: 2, dword: 4, qword: 8, tbyte: 10, xmmword: 16, zmmword: 64 };

/** LLVM's name of what the SDM calls otherwise: conditions of CCMP and CTEST are part of it. */
function sdmName(mnemonic: string): string {
  return mnemonic.replace(/^(ccmp|ctest)[a-z]+$/, "$1").replace(/^(push|pop)p$/, "$1");
}

function name(register: number): string {
  return register === PROGRAM_COUNTER ? "rip" : X86_64.registers.name(register);
}

/** The address as LLVM writes it, without its displacement, and that. */
function written(address: Address): string {
  const index =
    address.index &&
    `${address.index.shift.amount === 0 ? "" : `${1 << address.index.shift.amount}*`}${name(address.index.slice.register)}`;
  return [address.base === undefined ? undefined : name(address.base), index].filter((part) => part !== undefined).join("+");
}

describe("APX instructions that LLVM 22 disassembled", () => {
  it("are several hundred", () => expect(vectors.length).toBeGreaterThan(300));

  it.for(vectors)("%s", (vector) => {
    const [hex, ...words] = vector.split(" ");
    const text = words.filter((word) => !/^(\{(evex|nf|dfv=.*)\}|lock|rep|repne)$/.test(word)).join(" ");
    const bytes = bytesOf(hex!);
    const instruction = X86_64.decode(bytes, "x86-64");
    if (instruction instanceof Refusal) throw new Error(instruction.detail);
    expect({ mnemonic: instruction.mnemonic, length: instruction.length }).toEqual({
      mnemonic: sdmName(text.split(" ")[0]!),
      length: bytes.length,
    });
    const [, size, inner] = /(\w+) ptr \[(.*)\]/.exec(text)!;
    const { operation } = instruction;
    // What is only named says no address; its name, length and size are checked.
    const elements = operation instanceof Refusal ? [] : [...operation.reads, ...operation.writes].filter(({ address }) => address === 0);
    const [address] = operation instanceof Refusal ? [] : operation.addresses;
    const compact = inner!.replaceAll(" ", "");
    const displacement = /(^-?\d+|[+-]\d+)$/.exec(compact)?.[0] ?? "0";
    const parts = compact
      .slice(0, compact.length - (displacement === "0" ? 0 : displacement.length))
      .replace(/\+?(\d\*)?[re]iz/, "")
      .replace(/^1\*/, "");
    const length = BigInt(bytes.length);
    const found = address && {
      parts: written(address),
      displacement: BigInt.asUintN(64, address.displacement - (address.base === PROGRAM_COUNTER ? length : 0n)),
    };
    expect(found ?? "named").toEqual(address ? { parts, displacement: BigInt.asUintN(64, BigInt(displacement)) } : "named");
    const perDirection = elements.some((each) => "from" in each) && elements.some((each) => "to" in each) ? 2 : 1;
    const total = elements.length > 0 ? elements.reduce((sum, each) => sum + each.size, 0) / perDirection : undefined;
    expect(total ?? SIZES[size!]).toBe(SIZES[size!]);
  });
});
