import { describe, expect, test } from "vitest";
import { trapline } from "../support/terminal.ts";

const decode = async (...words: readonly string[]): Promise<string> => {
  const { status, output, talk } = await trapline(["decode", ...words]);
  expect([status, talk]).toEqual([0, ""]);
  return output;
};

async function mass(input: string, ...words: readonly string[]): Promise<unknown[]> {
  const { status, output, talk } = await trapline(["decode", ...words, "--json", "-"], { input });
  expect([status, talk]).toEqual([0, ""]);
  return output.split("\n").filter(Boolean).map((line) => JSON.parse(line) as unknown);
}

describe("decode for a person", () => {
  test("what it is, what it accesses and needs, what a hypervisor would know, and what happens here", async () => {
    expect(await decode("--arch", "aarch64", "014440b8")).toBe(
      [
        "01 44 40 b8  ldr w1, [x0], #4",
        "  form      LDR Wt, post-index",
        "  accesses  reads 4 bytes at [x0]",
        "  needs     x0",
        "  changes   x0, x1",
        "  syndrome  ISV = 0, the base register is written back: a hypervisor learns the address and the direction only",
        "  here      emulated, 1 access",
        "",
      ].join("\n"),
    );
  });

  test("a word is the same as its bytes", async () => expect(await decode("--arch", "aarch64", "0xb8404401")).toBe(await decode("--arch", "aarch64", "014440b8")));
  test("bytes may stand apart", async () => expect(await decode("--arch", "x86-64", "44", "8b", "60", "60")).toBe(await decode("--arch", "x86-64", "448b6060")));

  test("several instructions, one after the other, and on after one that is none", async () => {
    const headings = (await decode("--arch", "aarch64", "014440b8", "00000000", "410440f9010000b9")).split("\n").filter((line) => line !== "" && !line.startsWith(" "));
    expect(headings).toEqual(["01 44 40 b8  ldr w1, [x0], #4", "00 00 00 00", "41 04 40 f9  ldr x1, [x2, #8]", "01 00 00 b9  str w1, [x0]"]);
  });

  test.each([
    ["aarch64", ["0x885f7c01"], "refused, atomic, unless --atomics split"],
    ["aarch64", ["0xa9400441"], "refused, unpredictable: "],
    ["aarch64", ["0xd5087620"], "refused, not-a-data-abort: "],
    ["aarch64", ["0xf9800020"], "refused, not-memory-access: "],
    ["aarch64", ["0144"], "refused, truncated-instruction: "],
    ["x86-64", ["f3a4"], "depends on the registers"],
    ["arm", ["--thumb", "0168"], "ISV = 1"],
    ["riscv64", ["03a50500"], "htinst"],
  ] as const)("%s %j", async (architecture, words, text) => expect(await decode("--arch", architecture, ...words)).toContain(text));

  test("instructions that really faulted: the field's own examples", async () => {
    const words = ["b8004409", "b8004548", "f80085ab", "b8404401", "2943a408", "78404c22", "f8408422", "b81fc422", "4c002020"];
    const texts = (await decode("--arch", "aarch64", ...words.map((word) => `0x${word}`))).split("\n\n");
    expect(texts).toHaveLength(words.length);
    for (const text of texts) {
      expect(text).toContain("ISV = 0");
      expect(text).toContain("here      emulated");
    }
    expect(await decode("--arch", "aarch64", "0xb9400021")).toContain("ISV = 1");
  });
});

describe("decode --json", () => {
  test("has the contract's keys, one object a line", async () => {
    expect(await mass("014440B8\n\n01 0c 41 a9\n00000000\n0x885f7c01\n0144\n200080f9\n", "--arch", "aarch64")).toEqual([
      { insn: "014440b8", length: 4, text: "ldr w1, [x0], #4", form: expect.any(String) as string, access: "read", sizes: [4] },
      { insn: "010c41a9", length: 4, text: "ldp x1, x3, [x0, #0x10]", form: expect.any(String) as string, access: "read", sizes: [8, 8] },
      { insn: "00000000", length: 0, text: "", form: "", access: "none", sizes: [], reason: "undefined-instruction" },
      { insn: "017c5f88", length: 4, text: "ldxr w1, [x0]", form: expect.any(String) as string, access: "read", sizes: [4], reason: "atomic" },
      { insn: "0144", length: 0, text: "", form: "", access: "none", sizes: [], reason: "truncated-instruction" },
      { insn: "200080f9", length: 4, text: "prfm pldl1keep, [x1]", form: expect.any(String) as string, access: "none", sizes: [], reason: "not-memory-access" },
    ]);
  });

  test("x86-64: bytes behind the instruction are left alone, a count that depends on registers is 0", async () => {
    expect(await mass("8b07909090\nf3a4\n0107\nf00107\n", "--arch", "x86-64")).toEqual([
      { insn: "8b07909090", length: 2, text: "mov eax, dword ptr [rdi]", form: expect.any(String) as string, access: "read", sizes: [4] },
      { insn: "f3a4", length: 2, text: "rep movsb byte ptr [rdi], byte ptr [rsi]", form: expect.any(String) as string, access: "read-write", sizes: [0, 0] },
      { insn: "0107", length: 2, text: "add dword ptr [rdi], eax", form: expect.any(String) as string, access: "read-write", sizes: [4, 4] },
      { insn: "f00107", length: 3, text: "lock add dword ptr [rdi], eax", form: expect.any(String) as string, access: "read-write", sizes: [4, 4], reason: "atomic" },
    ]);
  });

  test("T32 and RISC-V", async () => {
    expect(await mass("0168\n", "--arch", "arm", "--thumb")).toMatchObject([{ length: 2, access: "read", sizes: [4] }]);
    expect(await mass("03a50500\n8841\n", "--arch", "riscv64")).toMatchObject([{ length: 4, text: "lw x10, 0(x11)" }, { length: 2, access: "read", sizes: [4] }]);
  });

  test("a line that is no hex is told by its number", async () => {
    expect(await trapline(["decode", "--arch", "aarch64", "--json", "-"], { input: "014440b8\nxyz\n" })).toEqual({
      status: 2,
      output: "",
      talk: "trapline: standard input: line 2: expected instruction bytes as hex, got xyz\n",
    });
  });
});
