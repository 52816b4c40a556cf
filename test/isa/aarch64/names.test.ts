// Names, directions and refusals of what is recognised and not emulated, and of the extensions of 2024 and 2025. The words are those of LLVM's
// and binutils' own assembler tests (facts of the encoding), or taken from the manual's diagrams.
import { describe, expect, it } from "vitest";
import { A64_TABLE } from "../../../src/isa/aarch64/decode.ts";
import { AARCH64 } from "../../../src/isa/aarch64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";

function decode(word: number): { mnemonic: string; access: string; outcome: string } {
  const decoded = AARCH64.decode(Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24), "a64");
  if (decoded instanceof Refusal) return { mnemonic: "", access: "", outcome: decoded.reason };
  return { mnemonic: decoded.mnemonic, access: decoded.access, outcome: decoded.operation instanceof Refusal ? decoded.operation.reason : "emulated" };
}

const UNSUPPORTED = "unsupported-instruction";

describe("A64 names", () => {
  it.each([
    // SVE and SME
    [0xa400a000, "ld1b", "read", UNSUPPORTED],
    [0xa5008000, "ld1w", "read", UNSUPPORTED],
    [0xa480a000, "ld1sw", "read", UNSUPPORTED],
    [0xa510ce25, "ldnt1w", "read", UNSUPPORTED],
    [0xa5555555, "ld1w", "read", UNSUPPORTED],
    [0xa41f4000, "", "", "undefined-instruction"], // Rm 31 of scalar plus scalar
    [0x85800000, "ldr", "read", UNSUPPORTED],
    [0xe5804000, "str", "write", UNSUPPORTED],
    [0x85c00000, "prfb", "none", "not-memory-access"],
    [0xa1006008, "ldnt1d", "read", UNSUPPORTED], // strided: multi-vector
    [0xa1600000, "st1b", "write", UNSUPPORTED],
    [0xe1000000, "ldr", "read", UNSUPPORTED], // ZA
    [0xe13f8000, "str", "write", UNSUPPORTED], // ZT0
    [0xa0800000, "sme data processing", "none", "not-memory-access"],
    [0xe1400000, "", "", "undefined-instruction"],
    // FEAT_MOPS and its operands
    [0x19010440, "cpyfp", "read-write", UNSUPPORTED],
    [0x19015440, "cpyfpwtwn", "read-write", UNSUPPORTED],
    [0x1901f440, "cpyfptn", "read-write", UNSUPPORTED],
    [0x19000440, "cpyfp", "read-write", "unpredictable"], // Rd = Rs
    [0x1901045f, "cpyfp", "read-write", "unpredictable"], // Rd = 31
    [0x19c10440, "setp", "write", UNSUPPORTED],
    [0x19df0440, "setp", "write", UNSUPPORTED], // the data may be XZR
    [0x19c107e0, "setp", "write", "unpredictable"], // the size may not
    [0x1ddf4043, "setgom", "write", UNSUPPORTED],
    // FEAT_LSUI
    [0xc95f7fe9, "ldtxr", "read", "emulated"],
    [0xc905fce6, "stltxr", "write", "emulated"],
    [0xe95ff455, "ldtp", "read", "emulated"],
    [0xed800fe3, "sttp", "write", "emulated"],
    [0xe8401440, "ldtnp", "read", "emulated"],
    [0xe8c01441, "ldtp", "read", "emulated"],
    [0xe8c00841, "ldtp", "read", "unpredictable"], // Rt2 = Rn with writeback
    [0xc9c0fc41, "casalt", "read-write", "emulated"],
    [0x49c0fc82, "caspalt", "read-write", "emulated"],
    [0x49c1fc82, "", "", "undefined-instruction"], // odd Rs
    [0x19a784bf, "swpta", "read-write", "emulated"],
    [0x592907ff, "sttadd", "read-write", "emulated"],
    [0x19a704bf, "ldtadda", "read-write", "emulated"],
    [0x19e734bf, "ldtsetal", "read-write", "emulated"],
    // FEAT_LSFE
    [0x7c200041, "ldfadd", "read-write", UNSUPPORTED],
    [0x3ce00041, "ldbfaddal", "read-write", UNSUPPORTED],
    [0xbc60e05f, "stfmaxnml", "read-write", UNSUPPORTED],
    // FEAT_LSCP
    [0xd9415840, "ldap", "read", "emulated"],
    [0xd9417840, "ldapp", "read", "emulated"],
    [0xd9015840, "stlp", "write", "emulated"],
    // Orderings in names: LSE, LSE128, RCW
    [0xb8e00041, "ldaddal", "read-write", "emulated"],
    [0x3860005f, "staddlb", "read-write", "emulated"],
    [0x48e0fc41, "casalh", "read-write", "emulated"],
    [0x19a21041, "ldclrpa", "read-write", "emulated"],
    [0x78e09041, "rcwsclral", "read-write", "atomic"],
    // The system class
    [0xd50b7520, "ic", "none", "not-a-data-abort"],
    [0xd50b7740, "gcsss1", "read-write", UNSUPPORTED],
    [0xd508764f, "branch, exception or system", "none", "not-memory-access"],
    [0xf8a04a38, "rprfm", "none", "not-memory-access"],
    [0xf8a04a30, "prfm", "none", "not-memory-access"],
    [0xf8201c00, "ldraa", "read", "unpredictable"],
  ])("%i is %s", (word, mnemonic, access, outcome) => {
    expect(decode(word)).toEqual({ mnemonic, access, outcome });
  });

  it("has the register fields of its rules in the places that ./rules.ts reads", () => {
    const places: Readonly<Record<string, readonly number[]>> = { Rt: [0], Rd: [0], Rn: [5], Rt2: [10, 16], Rs: [16] };
    for (const { form, fields, facts } of A64_TABLE.rows) {
      for (const [name, from] of Object.entries(places)) {
        const parts = fields.get(name);
        if (parts === undefined || facts.kind === "refused" && facts.registers === undefined) continue;
        const second = facts.kind === "ordered-pair" || facts.kind === "atomic-pair" ? 16 : 10;
        expect([form, name, parts]).toEqual([form, name, [{ from: name === "Rt2" ? second : from[0]!, to: 0, width: 5 }]]);
      }
    }
  });
});
