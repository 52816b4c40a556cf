import { describe, expect, it } from "vitest";
import type { Row } from "../../../src/isa/x86-64/notation.ts";
import { compileRow } from "../../../src/isa/x86-64/compile-row.ts";
import { OpcodeTable } from "../../../src/isa/x86-64/opcode-table.ts";
import { X86_64_ROWS } from "../../../src/isa/x86-64/tables/list.ts";

describe("the opcode tables", () => {
  it("compile, without overlap, duplicates or anything that can't be read", () => {
    const variants = new OpcodeTable(X86_64_ROWS).compileAll();
    expect(variants.length).toBeGreaterThan(4000);
    expect(new Set(variants.map(({ row }) => row)).size).toBe(X86_64_ROWS.length);
  });

  it("are indexed in a few milliseconds: rows are compiled when their opcode is met", () => {
    const start = performance.now();
    const table = new OpcodeTable(X86_64_ROWS);
    expect(table.bucket("legacy", 0, 0x8b)!.variants).toHaveLength(3);
    expect(performance.now() - start).toBeLessThan(50);
  });
});

const forms = (row: Row): string[] => compileRow(row).map(({ form }) => form);

describe("a row", () => {
  it("stands for one line of the SDM for each operand size", () => {
    expect(forms(["o16|32|64 81 /0 iO", "ADD r/mO, immO", "MI", "add"])).toEqual([
      "ADD r/m16, imm16 [81 /0 iw]",
      "ADD r/m32, imm32 [81 /0 id]",
      "ADD r/m64, imm32 [REX.W + 81 /0 id]",
    ]);
  });

  it("stands for one line of the SDM for each vector length, with rounding at the last", () => {
    expect(
      forms(["EVEX.128|256|512.0F.W0 58 /r", "VADDPS vmm1 {k1}{z}, vmm2, vmm3/mV/m32bcst{er}", "RVM", "reads", { tuple: "Full" }]),
    ).toEqual([
      "VADDPS xmm1 {k1}{z}, xmm2, xmm3/m128/m32bcst [EVEX.128.0F.W0 58 /r]",
      "VADDPS ymm1 {k1}{z}, ymm2, ymm3/m256/m32bcst [EVEX.256.0F.W0 58 /r]",
      "VADDPS zmm1 {k1}{z}, zmm2, zmm3/m512/m32bcst{er} [EVEX.512.0F.W0 58 /r]",
    ]);
  });

  it("takes the size without a prefix from the sizes that the instruction has", () => {
    expect(compileRow(["o16|64 FF /6", "PUSH r/mO", "M", "push"]).map(({ sizes }) => sizes)).toEqual([0b001, 0b110]);
    expect(
      compileRow(["o32|64 0F C7 /1", "CMPXCHG8B|CMPXCHG16B m64|m128", "M", "compare-exchange-pair"]).map(({ sizes }) => sizes),
    ).toEqual([0b011, 0b100]);
  });
});

describe("tables that are refused", () => {
  const refused: readonly (readonly [string, readonly Row[], RegExp])[] = [
    ["an opcode column without opcode", [["/r", "MOV r/m8, r8", "MR", "move"]], /no prefix and opcode byte/],
    ["a word that is not part of an opcode", [["88 /r ix", "MOV r/m8, r8", "MR", "move"]], /"ix" is not part of an opcode/],
    [
      "a word that is not part of a VEX prefix",
      [["VEX.129.0F.WIG 28 /r", "VMOVAPS xmm1, xmm2/m128", "RM", "vector-move"]],
      /"129" is not part of a VEX prefix/,
    ],
    ["an operand kind that nobody knows", [["88 /r", "MOV r/m9, r8", "MR", "move"]], /operand kind "r" is unknown/],
    ["a register that nobody knows", [["88 /r", "MOV r/m8, q8", "MR", "move"]], /operand kind "q8" is unknown/],
    ["two memory operands in one", [["88 /r", "MOV m8/m16, r8", "MR", "move"]], /operand kind "m16" is unknown/],
    ["fewer places than operands", [["88 /r", "MOV r/m8, r8", "M", "move"]], /2 operands, and places for 1/],
    ["a place that does not exist", [["88 /r", "MOV r/m8, r8", "MQ", "move"]], /"Q" is not a place/],
    ["an operand in a ModRM byte that is not there", [["88", "MOV r/m8, r8", "MR", "move"]], /ModRM byte that the opcode does not have/],
    ["an operand that does not fit the ModRM byte", [["0F 01 C8", "MONITOR m8", "M", "reads"]], /does not fit the ModRM byte/],
    ["a fixed ModRM byte of a memory form", [["0F 01 08", "MONITOR", "", "touches-nothing"]], /not a register form/],
    ["an implied register with a place", [["04 ib", "ADD AL, imm8", "RI", "add"]], /AL is implied/],
    ["another number of alternatives", [["o16|32|64 89 /r", "MOV r/m16|r/m32, rO", "MR", "move"]], /2 alternatives, the opcode 3/],
    ["two lists of alternatives", [["VEX.128|256.0F.W0|1 28 /r", "VMOVAPS vmm1, vmm2/mV", "RM", "vector-move"]], /more than one list/],
    ["a letter without alternatives", [["89 /r", "MOV r/mO, rO", "MR", "move"]], /has no meaning/],
    ["iO without operand sizes", [["81 /0 iO", "ADD r/m32, imm32", "MI", "add"]], /need operand sizes/],
    [
      "EVEX memory without tuple type",
      [["EVEX.128.0F.W0 28 /r", "VMOVAPS xmm1 {k1}{z}, xmm2/m128", "RM", "vector-move"]],
      /must state its tuple type/,
    ],
    [
      "a tuple type that does not fit",
      [["EVEX.256.0F.W0 28 /r", "VMOVAPS ymm1 {k1}{z}, ymm2/m256", "RM", "vector-move", { tuple: "Half Mem" }]],
      /Half Mem does not fit/,
    ],
    [
      "the same encoding twice",
      [
        ["88 /r", "MOV r/m8, r8", "MR", "move"],
        ["88 /r", "XCHG r/m8, r8", "MR", "exchange"],
      ],
      /are the same encoding/,
    ],
    [
      "overlap that no row is the special case of",
      [
        ["NFx C7 /r", "MOV r/m8, r8", "MR", "move"],
        ["C7 /0", "NOT r/m8", "M", "not"],
      ],
      /neither is a special case/,
    ],
    [
      "rows of one opcode of which only one has a ModRM byte",
      [
        ["C6 /0 ib", "MOV r/m8, imm8", "MI", "move"],
        ["o16 C6", "LEAVE", "", "leave"],
      ],
      /only one of them has a ModRM byte|neither is a special case/,
    ],
    [
      "one form in two rows",
      [
        ["F6 /0 ib", "TEST r/m8, imm8", "MI", "test"],
        ["F6 /0  ib", "TEST r/m8, imm8", "MI", "test"],
      ],
      /are the same encoding/,
    ],
  ];
  it.for(refused)("%s", ([, rows, message]) => {
    expect(() => new OpcodeTable(rows).compileAll()).toThrow(message);
  });
});
