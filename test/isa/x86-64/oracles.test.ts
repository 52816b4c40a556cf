import { describe, expect, it } from "vitest";
import { openCapstone } from "../../support/capstone.ts";
import { KNOWN_DIFFERENCES, unexplainedDifference } from "./differences.ts";
import { LEGACY_PREFIXES, Random, generateBytes } from "./generator.ts";
import { icedVerdict, ourVerdict } from "./iced.ts";

const seed = Number(process.env["SEED"] ?? Date.now() >>> 0);

describe(`against other decoders, SEED=${seed}`, () => {
  it("iced-x86: length, direction, bytes and address of random and mutated instructions", () => {
    const random = new Random(seed);
    const known: Uint8Array[] = [];
    const found: string[] = [];
    let accesses = 0;
    for (let count = 0; count < 30_000; count++) {
      const bytes = generateBytes(random, known);
      const difference = unexplainedDifference(bytes);
      if (difference !== undefined) found.push(difference);
      const { kind, access } = ourVerdict(bytes);
      if (kind === "instruction" && access !== "none") {
        accesses++;
        known.push(bytes);
      }
    }
    expect(found).toEqual([]);
    expect(accesses).toBeGreaterThan(5_000);
  });

  it("capstone: the name of every load and store, of what both decode", async () => {
    const capstone = await openCapstone("CS_ARCH_X86", "CS_MODE_64");
    const random = new Random(seed + 1);
    const found: string[] = [];
    let compared = 0;
    try {
      for (let count = 0; count < 20_000; count++) {
        const bytes = generateBytes(random, []);
        const ours = ourVerdict(bytes);
        if (ours.kind !== "instruction" || ours.access === "none") continue;
        const theirs = capstone.disassemble(bytes, 0n);
        // Where the two do not agree on the length, iced-x86 has the casting vote (above).
        if (theirs === undefined || theirs.size !== ours.length || confusesCapstone(bytes)) continue;
        compared++;
        const name = capstoneName(theirs.mnemonic);
        if (name !== ours.mnemonic && !sameInstruction(name, ours.mnemonic)) {
          found.push(
            `${Buffer.from(bytes.subarray(0, ours.length)).toString("hex")}: capstone ${theirs.mnemonic} ${theirs.operands}, we ${ours.instruction!.form}`,
          );
        }
      }
    } finally {
      capstone.close();
    }
    expect(found).toEqual([]);
    expect(compared).toBeGreaterThan(1_500);
  });
});

describe("the list of known differences", () => {
  it.for([
    ["APX", "d5 10 8b 00"],
    ["UD0, UD1, UD2", "0f 0b"],
    ["CLFLUSH, CLFLUSHOPT, CLWB, UMONITOR", "0f ae 38"],
    ["CLZERO", "0f 01 fc"],
    ["BNDLDX, BNDSTX", "0f 1a 00"],
    ["VIA PadLock", "0f a7 c0"],
  ] as const)("%s is a difference still", ([name, hex]) => {
    const bytes = Uint8Array.from(Buffer.from(`${hex.replaceAll(" ", "")}${"00".repeat(15)}`, "hex").subarray(0, 15));
    const [iced, ours] = [icedVerdict(bytes), ourVerdict(bytes)];
    expect(KNOWN_DIFFERENCES.find((each) => each.name === name)!.applies(bytes, iced, ours)).toBe(true);
    expect({ kind: iced.kind, access: iced.access }).not.toEqual({ kind: ours.kind, access: ours.access });
  });

  it("is tested entry by entry", () => expect(KNOWN_DIFFERENCES).toHaveLength(6));
});

/** capstone writes prefixes and hints into the name. */
function capstoneName(mnemonic: string): string {
  return mnemonic.replace(/^((lock|rep|repe|repz|repne|repnz|xacquire|xrelease|bnd|notrack|data16|addr32) )+/, "");
}

/**
 * Of 66 and F2 or F3 capstone takes the last as mandatory prefix (SDM volume 2, section 2.1.2: 66 is the operand size then), and of 66
 * and REX.W 66 as the operand size (section 2.2.1.2: REX.W wins).
 */
function confusesCapstone(bytes: Uint8Array): boolean {
  const end = bytes.findIndex((byte) => !(LEGACY_PREFIXES as readonly number[]).includes(byte) && (byte & 0xf0) !== 0x40);
  const prefixes = bytes.subarray(0, end);
  return prefixes.includes(0x66) && prefixes.some((byte) => byte === 0xf2 || byte === 0xf3 || (byte & 0xf8) === 0x48);
}

/** Other names of the same instruction: capstone's, and the SDM's. */
const SYNONYMS: readonly (readonly [RegExp, RegExp])[] = [
  [/^movabs$/, /^mov$/],
  [/^retfq$/, /^retf$/],
  [/^lcall$/, /^call$/],
  [/^ljmp$/, /^jmp$/],
  // The predicate is in the immediate: VCMPUNORDPS is VCMPPS with 3, VPCOMTRUEUD is VPCOMUD with 7.
  [/^v?cmp\w+[ps][sdh]$/, /^v?cmp[ps][sdh]$/],
  [/^vp(com|cmp)\w+$/, /^vp(com|cmp)u?[bwdq]$/],
];

function sameInstruction(capstone: string, ours: string): boolean {
  return SYNONYMS.some(([theirs, mine]) => theirs.test(capstone) && mine.test(ours));
}
