// What is recognised and not emulated, what is no instruction, and what is too short: hand cases from the manual.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMPRESSED_TABLE } from "../../../src/isa/riscv64/compressed-table.ts";
import { type Facts, fieldsOf, row } from "../../../src/isa/riscv64/facts.ts";
import { RISCV64 } from "../../../src/isa/riscv64/index.ts";
import { TABLE } from "../../../src/isa/riscv64/table.ts";
import { type Row, RowTable } from "../../../src/isa/rows.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf } from "./machine.ts";

function decode(bytes: Uint8Array): Instruction | Refusal {
  return RISCV64.decode(bytes, "rv64");
}

function decoded(word: number, length: 2 | 4 = 4): Instruction {
  const instruction = decode(bytesOf(word, length));
  if (instruction instanceof Refusal) throw new Error(`${instruction.reason}: ${instruction.detail}`);
  return instruction;
}

describe("recognised, and refused with a reason", () => {
  test.for([
    ["flq", 0x00004007, "read", [8, 8], "unsupported-instruction"],
    ["fsq", 0x00004027, "write", [8, 8], "unsupported-instruction"],
    ["vle32.v", 0x0205e407, "read", [0], "unsupported-instruction"],
    ["vlseg3e8.v", 0x42058407, "read", [0], "unsupported-instruction"],
    ["vsoxei16.v", 0x0e85d427, "write", [0], "unsupported-instruction"],
    ["vl2re64.v", 0x2285f407, "read", [0], "unsupported-instruction"],
    ["vs8r.v", 0xe2858427, "write", [0], "unsupported-instruction"],
    ["vlm.v", 0x02b58407, "read", [0], "unsupported-instruction"],
    ["hlv.wu", 0x6815c573, "read", [4], "unsupported-instruction"],
    ["hsv.d", 0x6ea5c073, "write", [8], "unsupported-instruction"],
    ["cbo.zero", 0x0045a00f, "write", [0], "unsupported-instruction"],
    ["ssamoswap.d", 0x4aa5b52f, "read-write", [8, 8], "unsupported-instruction"],
    ["sspush", 0xce104073, "write", [8], "unsupported-instruction"],
    ["sspopchk", 0xcdc2c073, "read", [8], "unsupported-instruction"],
    ["cbo.flush", 0x0025a00f, "none", [], "not-memory-access"],
    ["prefetch.w", 0x0035e013, "none", [], "not-memory-access"],
    ["fence", 0x0ff0000f, "none", [], "not-memory-access"],
    ["fence.i", 0x0000100f, "none", [], "not-memory-access"],
    ["add", 0x00b50533, "none", [], "not-memory-access"],
    ["csrrs", 0x30002573, "none", [], "not-memory-access"],
    ["mop.rr.7", 0xce004073, "none", [], "not-memory-access"],
  ] as const)("%s", ([mnemonic, word, access, sizes, reason]) => {
    const instruction = decoded(word);
    const refused = instruction.operation;
    expect({ ...instruction, operation: refused instanceof Refusal ? refused.reason : "emulated" }).toEqual({
      form: expect.any(String),
      mnemonic,
      length: 4,
      access,
      sizes,
      operation: reason,
    });
  });

  test("aq and rl are in the mnemonic", () => {
    expect([0x00b6252f, 0x02b6252f, 0x04b6252f, 0x06b6252f].map((word) => decoded(word).mnemonic)).toEqual([
      "amoadd.w",
      "amoadd.w.rl",
      "amoadd.w.aq",
      "amoadd.w.aqrl",
    ]);
    expect([0x3405a52f, 0x3605a52f, 0x3aa5a02f, 0x3ea5a02f].map((word) => decoded(word).mnemonic)).toEqual(["lw.aq", "lw.aqrl", "sw.rl", "sw.aqrl"]);
  });

  test("sizes of what is emulated", () => {
    expect([0x00052503, 0x00b53023, 0x00b6252f, 0x28c5452f].map((word) => decoded(word)).map(({ access, sizes }) => [access, sizes])).toEqual([
      ["read", [4]],
      ["write", [8]],
      ["read-write", [4, 4]],
      ["read-write", [8, 8, 8, 8]],
    ]);
  });
});

describe("no instruction", () => {
  test.for([
    ["custom-0", 0x0000000b, /custom-0.*vendors/],
    ["custom-3", 0x0000007b, /custom-3.*vendors/],
    ["a reserved major opcode", 0x0000006b, /reserved major opcode/],
    ["LOAD with funct3 7", 0x00007003, /reserved.*LOAD/],
    ["STORE with funct3 4", 0x00004023, /reserved.*STORE/],
    ["LOAD-FP with funct3 0 and nf 0, mew 1: a vector width of 128", 0x10000007, /LOAD-FP/],
    ["a whole-register load of 3", 0x42858407, /LOAD-FP/],
    ["a whole-register load to an odd group", 0x2285f487, /LOAD-FP/],
    ["LR with rs2", 0x1015252f, /AMO/],
    ["an AMO of funct5 31", 0xf805252f, /AMO/],
    ["CBO with rd", 0x0045a08f, /MISC-MEM/],
    ["BRANCH with funct3 2", 0x00002063, /BRANCH/],
    ["JALR with funct3 1", 0x00001067, /JALR/],
    ["an OP of funct7 127", 0xfe000033, /reserved.*major opcode OP$/],
    ["FADD.S with rounding mode 5", 0x00005053, /OP-FP/],
  ] as const)("%s", ([, word, detail]) => {
    const refused = decode(bytesOf(word));
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ reason: "undefined-instruction", detail: expect.stringMatching(detail) });
  });

  test.for([
    ["48 bits", "1f0000000000"],
    ["64 bits", "3f00000000000000"],
    ["80 bits and more", "7f000000000000000000"],
    ["all ones", "ffffffff"],
  ] as const)("an encoding of %s", ([, hex]) => {
    expect(decode(Uint8Array.from(Buffer.from(hex, "hex")))).toMatchObject({ reason: "undefined-instruction", detail: expect.stringContaining("more than 32 bits") });
  });
});

describe("bytes", () => {
  test.for(["", "03", "0325", "03250a", "02"])("too few of them: '%s'", (hex) => {
    expect(decode(Uint8Array.from(Buffer.from(hex, "hex")))).toMatchObject({ reason: "truncated-instruction" });
  });

  test("more of them change nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 11 }), (bytes, more) => {
        expect(decode(Uint8Array.from([...bytes, ...more]))).toEqual(decode(bytes));
      }),
    );
  });

  test("any of them give an instruction or a refusal of the two kinds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 15 }), (bytes) => {
        const instruction = decode(bytes);
        const length = (bytes[0]! & 3) === 3 ? 4 : 2;
        expect(["truncated-instruction", "undefined-instruction", length]).toContain(instruction instanceof Refusal ? instruction.reason : instruction.length);
      }),
    );
  });
});

describe("the tables", () => {
  const options = { name: "test", width: 32, index: [6, 5, 4, 3, 2, 14, 13, 12], fieldsOf } as const;
  const lw = TABLE.rows.find(({ form }) => form === "LW")!.facts;
  const build = (...rows: readonly Row<Facts>[]) => (): unknown => new RowTable(rows, options);

  test.for([
    ["lacks a field", build(row("LW", "imm[11:0] xxxxx 010 rd:5 0000011", lw)), /need a field rs1/],
    ["has a field too many", build(row("LW", "imm[11:4] hint:4 rs1:5 010 rd:5 0000011", lw)), /nobody reads the field hint/],
    ["has a bit too few", build(row("LW", "imm[11:0] rs1:5 010 rd:4 0000011", lw)), /31 bits/],
    ["gives bits of the immediate twice", build(row("LW", "imm[11:5] imm[6:2] rs1:5 010 rd:5 0000011", lw)), /imm twice/],
    [
      "overlaps another",
      build(row("LW", "imm[11:0] rs1:5 010 rd:5 0000011", lw), row("LX", "imm[11:0] rs1:5 010 rd:5 0000011", lw, { rd: [1, 2] })),
      /match the same word/,
    ],
  ] as const)("are refused where a row %s", ([, make, message]) => expect(make).toThrow(message));

  test("have a row for each form, and each can be found by its own bits", () => {
    for (const [table, length] of [[TABLE, 4], [COMPRESSED_TABLE, 2]] as const) {
      for (const { form, match, conditions } of table.rows) {
        let word = match;
        for (const { parts, allowed } of conditions) {
          const value = [...allowed].at(-1)!;
          for (const { from, to, width } of parts) word |= ((value >>> to) & ((1 << width) - 1)) << from;
        }
        expect(table.find(word)?.form).toBe(form);
        expect(decoded(word >>> 0, length).form).toBe(form);
      }
    }
  });
});
