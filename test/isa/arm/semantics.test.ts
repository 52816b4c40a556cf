// What others got wrong, and the corners of the manual: hand-written cases.
import { describe, expect, test } from "vitest";
import { ARM } from "../../../src/isa/arm/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { RegisterFile } from "../../../src/model/registers.ts";
import { DEVICE_GVA, type FaultText, bytesOf, run, summary } from "../../support/fault.ts";
import { bytesOfWord } from "./against-capstone.ts";

const A32 = 0x1d3n;
const T32 = 0x1f3n;
const BIG_ENDIAN = 0x200n;
const DEVICE = { windows: [{ gva: DEVICE_GVA, gpa: 0x0a00_0000n, size: 0x1000n }] };

const REGISTERS = Object.fromEntries([
  ...Array.from({ length: 15 }, (_, number) => [`r${number}`, BigInt(0x1111_1111) * BigInt(number)]),
  ...Array.from({ length: 32 }, (_, number) => [`d${number}`, 0x0101_0101_0101_0101n * BigInt(number)]),
]) as Record<string, bigint>;

interface Scene {
  readonly registers?: Record<string, bigint>;
  readonly cpsr?: bigint;
  readonly reads?: readonly bigint[];
  readonly pc?: bigint;
  readonly memory?: Record<string, string>;
  readonly atomics?: "refuse" | "split";
}

function emulateA32(word: number, scene: Scene = {}) {
  return emulate(bytesOfWord(word, "a32"), { cpsr: A32, ...scene });
}

function emulateT32(word: number, scene: Scene = {}) {
  return emulate(bytesOfWord(word, "t32", word > 0xffff ? 32 : 16), { cpsr: T32, ...scene });
}

function emulate(bytes: string, { registers, cpsr, reads, pc, memory, atomics }: Scene) {
  const fault: FaultText = {
    bytes,
    pc: pc ?? 0x1000n,
    registers: { ...REGISTERS, r1: DEVICE_GVA, ...registers, cpsr: cpsr! },
    reads: reads ?? [],
    ...(memory && { memory }),
  };
  return run(ARM, fault, { guest: DEVICE, policy: { atomics: atomics ?? "refuse" } });
}

const done = (result: ReturnType<typeof run>) => summary(ARM, result);
const reason = (result: ReturnType<typeof run>) => (result instanceof Refusal ? result.reason : "emulated");
const detail = (result: ReturnType<typeof run>) => (result instanceof Refusal ? result.detail : "emulated");

/** The first access of an A32 load. */
const read = (word: number, registers: Record<string, bigint>, cpsr = A32) => done(emulateA32(word, { registers, cpsr, reads: [1n] })).calls[0];

/** ITSTATE in its two places of CPSR. */
const itState = (it: number): bigint => (BigInt(it >> 2) << 10n) | (BigInt(it & 3) << 25n);

describe("instruction set", () => {
  test("bit 5 of cpsr selects T32", () => {
    const registers = new RegisterFile(ARM.registers);
    registers.capture(ARM.registers.index("cpsr"), T32);
    expect(ARM.instructionSet(registers)).toBe("t32");
    registers.capture(ARM.registers.index("cpsr"), A32);
    expect(ARM.instructionSet(registers)).toBe("a32");
  });

  test("without cpsr it can't be told", () => {
    const told = ARM.instructionSet(new RegisterFile(ARM.registers));
    expect(told).toBeInstanceOf(Refusal);
    expect((told as Refusal).reason).toBe("missing-register");
  });

  test.for([
    ["a32", "0400", 4],
    ["t32", "51", 2],
    ["t32", "51f8", 4],
  ] as const)("%s: %s is cut short of %i bytes", ([set, bytes, length]) => {
    const decoded = ARM.decode(bytesOf(bytes), set);
    expect(decoded).toBeInstanceOf(Refusal);
    expect((decoded as Refusal).reason).toBe("truncated-instruction");
    expect((decoded as Refusal).detail).toContain(`${length} bytes`);
  });
});

describe("conditions and IT blocks", () => {
  // ldreq r0, [r1]
  test("a failed condition advances the PC and accesses nothing", () => {
    expect(done(emulateA32(0x05910000))).toEqual({ calls: [], pc: 0x1004n, registers: {}, memory: [] });
    expect(done(emulateA32(0x05910000, { cpsr: A32 | 0x4000_0000n, reads: [7n] })).registers).toEqual({ r0: 7n });
  });

  test.for([...Array(14).keys()])("condition %i holds for the flags that the manual names", (condition) => {
    for (let flags = 0; flags < 16; flags++) {
      const [n, z, c, v] = [8, 4, 2, 1].map((bit) => (flags & bit) !== 0) as [boolean, boolean, boolean, boolean];
      const expected = [z, !z, c, !c, n, !n, v, !v, c && !z, !c || z, n === v, n !== v, !z && n === v, z || n !== v][condition]!;
      const cpsr = A32 | (BigInt(flags) << 28n);
      expect(done(emulateA32((condition << 28) | 0x0591_0000, { cpsr, reads: [7n] })).calls.length).toBe(expected ? 1 : 0);
    }
  });

  test("an instruction in an IT block advances ITSTATE, executed or not", () => {
    // ITTE EQ: 0000 0110; then 0000 1100; then (else) 0001 1000.
    const z = 0x4000_0000n;
    const ldr = 0x6808; // ldr r0, [r1]
    expect(done(emulateT32(ldr, { cpsr: T32 | z | itState(0b0000_0110), reads: [7n] })).registers).toEqual({ r0: 7n, cpsr: T32 | z | itState(0b0000_1100) });
    expect(done(emulateT32(ldr, { cpsr: T32 | itState(0b0000_0110) }))).toEqual({ calls: [], pc: 0x1002n, registers: { cpsr: T32 | itState(0b0000_1100) }, memory: [] });
    expect(done(emulateT32(ldr, { cpsr: T32 | itState(0b0001_1000), reads: [7n] })).registers).toEqual({ r0: 7n, cpsr: T32 });
  });

  test("a branch within an IT block is for its last instruction only", () => {
    const ldrPc = 0xf8d1f000; // ldr.w pc, [r1]
    expect(reason(emulateT32(ldrPc, { cpsr: T32 | itState(0b1110_0100), reads: [0x2001n] }))).toBe("unpredictable");
    expect(done(emulateT32(ldrPc, { cpsr: T32 | itState(0b1110_1000), reads: [0x2001n] })).pc).toBe(0x2000n);
  });

  test("half-precision VLDR is not for IT blocks", () => {
    const word = 0xed910900; // vldr.16 s0, [r1]
    expect(reason(emulateT32(word, { cpsr: T32 | itState(0b1110_1000), reads: [1n] }))).toBe("unpredictable");
    expect(reason(emulateT32(word, { reads: [1n] }))).toBe("emulated");
  });
});

describe("the program counter", () => {
  test("is 8 ahead as an A32 base", () => {
    const result = emulateA32(0xe59f0004, { pc: DEVICE_GVA, reads: [5n] }); // ldr r0, [pc, #4]
    expect(done(result).calls).toEqual(["read 4 at a00000c: 5"]);
  });

  test.for([0x4000_0000n, 0x4000_0002n])("is 4 ahead and rounded down as a T32 base (pc %s)", (pc) => {
    expect(done(emulateT32(0x4801, { pc, reads: [5n] })).calls).toEqual(["read 4 at a000008: 5"]); // ldr r0, [pc, #4]
    expect(done(emulateT32(0xf85f0002, { pc, reads: [5n] })).calls).toEqual(["read 4 at a000002: 5"]); // ldr.w r0, [pc, #-2]
    expect(done(emulateT32(0xed9f0b01, { pc, reads: [5n] })).calls).toEqual(["read 8 at a000008: 5"]); // vldr d0, [pc, #4]
  });

  test("is stored 8 ahead", () => {
    expect(done(emulateA32(0xe581f000)).calls).toEqual(["write 4 at a000000: 1008"]); // str pc, [r1]
    expect(done(emulateA32(0xe8818001)).calls).toEqual(["write 4 at a000000: 0", "write 4 at a000004: 1008"]); // stm r1, {r0, pc}
  });

  test.for([
    [0x2001n, 0x2000n, T32],
    [0x2000n, 0x2000n, A32],
    [0x2002n, 0x2002n, A32],
    [0x2003n, 0x2002n, T32],
  ] as const)("loaded with %i branches to %i and selects the instruction set", ([value, pc, cpsr]) => {
    expect(done(emulateA32(0xe591f000, { reads: [value] }))).toMatchObject({ pc, registers: cpsr === A32 ? {} : { cpsr } });
    expect(done(emulateT32(0xf8d1f000, { reads: [value] }))).toMatchObject({ pc, registers: cpsr === T32 ? {} : { cpsr } });
  });

  test("loaded from an address that is no multiple of four is unpredictable, not an alignment exception", () => {
    expect(reason(emulateA32(0xe591f002, { reads: [0n] }))).toBe("unpredictable");
    expect(reason(emulateA32(0xe5910002, { reads: [0n] }))).toBe("emulated");
  });

  test("writeback goes with it", () => {
    expect(done(emulateA32(0xe491f004, { reads: [0x2000n] }))).toMatchObject({ pc: 0x2000n, registers: { r1: DEVICE_GVA + 4n } });
  });

  test("TBB and TBH branch forward by twice the value", () => {
    const registers = { r2: 3n };
    expect(done(emulateT32(0xe8d1f002, { registers, reads: [0xffn] }))).toMatchObject({ calls: ["read 1 at a000003: ff"], pc: 0x1004n + 0x1fen, registers: {} });
    expect(done(emulateT32(0xe8d1f012, { registers, reads: [0xffffn] }))).toMatchObject({ calls: ["read 2 at a000006: ffff"], pc: 0x1004n + 0x1fffen });
    // The base PC is not rounded down.
    expect(done(emulateT32(0xe8dff002, { registers, pc: DEVICE_GVA + 2n, reads: [1n] }))).toMatchObject({ calls: ["read 1 at a000009: 1"], pc: DEVICE_GVA + 8n });
  });
});

describe("addresses", () => {
  test.for([
    ["lsl #2", 0xe7910102, 0x10n, 0x40n],
    ["lsr #32", 0xe7910022, 0xffff_ffffn, 0n],
    ["asr #32", 0xe7910042, 0x8000_0000n, -1n],
    ["ror #4", 0xe7910262, 0x80n, 8n],
    ["rrx", 0xe7910062, 0x20n, 0x10n],
  ] as const)("index %s", ([, word, r2, offset]) => {
    expect(read(word, { r1: DEVICE_GVA + 0x100n, r2 })).toBe(`read 4 at ${(0x0a00_0100n + offset).toString(16)}: 1`);
  });

  test("rrx shifts the carry in", () => {
    expect(read(0xe7910062, { r1: 0xc000_0000n, r2: 0n }, A32 | 0x2000_0000n)).toBe("read 4 at a000000: 1");
  });

  test("wrap at 32 bits", () => {
    expect(read(0xe5910008, { r1: 0x4000_0000n - 8n })).toBe("read 4 at a000000: 1");
    expect(read(0xe7910002, { r1: 0xf000_0000n, r2: 0x5000_0000n })).toBe("read 4 at a000000: 1");
  });

  test("post-index by a register, subtracted", () => {
    expect(done(emulateA32(0xe6110002, { registers: { r2: 0x10n }, reads: [1n] })).registers).toEqual({ r0: 1n, r1: DEVICE_GVA - 0x10n });
  });
});

describe("single registers", () => {
  test("narrow loads are extended from their width, whatever the host answers", () => {
    const reads = [0xffff_ff80n];
    expect(done(emulateA32(0xe5d10000, { reads })).registers).toEqual({ r0: 0x80n }); // ldrb
    expect(done(emulateA32(0xe1d100d0, { reads })).registers).toEqual({ r0: 0xffff_ff80n }); // ldrsb
    expect(done(emulateA32(0xe1d100b0, { reads })).registers).toEqual({ r0: 0xff80n }); // ldrh
    expect(done(emulateA32(0xe1d100f0, { reads: [0x7f80n] })).registers).toEqual({ r0: 0x7f80n }); // ldrsh
  });

  test("only the stored bytes leave the guest", () => {
    expect(done(emulateA32(0xe1c120b0)).calls).toEqual(["write 2 at a000000: 2222"]); // strh r2, [r1]
  });

  test("A32 unprivileged forms write back always, T32's never", () => {
    expect(done(emulateA32(0xe4b10004, { reads: [9n] })).registers).toEqual({ r0: 9n, r1: DEVICE_GVA + 4n }); // ldrt r0, [r1], #4
    expect(done(emulateT32(0xf8510e04, { reads: [9n] }))).toMatchObject({ calls: ["read 4 at a000004: 9"], registers: { r0: 9n } });
  });

  test("unprivileged forms are unpredictable in Hyp mode, and others are not", () => {
    const hyp = 0x1dan;
    expect(reason(emulateA32(0xe4b10004, { cpsr: hyp, reads: [9n] }))).toBe("unpredictable");
    expect(reason(emulateT32(0xf8510e04, { cpsr: hyp | 0x20n, reads: [9n] }))).toBe("unpredictable");
    expect(reason(emulateA32(0xe4910004, { cpsr: hyp, reads: [9n] }))).toBe("emulated");
  });

  test("a swap reads, then writes what the register held, under the policy", () => {
    const word = 0xe1010090; // swp r0, r0, [r1]
    expect(reason(emulateA32(word))).toBe("atomic");
    expect(done(emulateA32(word, { registers: { r0: 5n }, reads: [6n], atomics: "split" }))).toMatchObject({
      calls: ["read 4 at a000000: 6", "write 4 at a000000: 5"],
      registers: { r0: 6n },
    });
  });
});

describe("pairs and exclusives", () => {
  test("LDRD and STRD are two words, one for each register", () => {
    expect(done(emulateA32(0xe1c120d8, { reads: [1n, 2n] }))).toMatchObject({ calls: ["read 4 at a000008: 1", "read 4 at a00000c: 2"], registers: { r2: 1n, r3: 2n } });
    expect(done(emulateT32(0xe9c14302)).calls).toEqual(["write 4 at a000008: 44444444", "write 4 at a00000c: 33333333"]);
  });

  test("LDRD may load its base without writeback", () => {
    expect(done(emulateA32(0xe1c000d0, { registers: { r0: DEVICE_GVA }, reads: [1n, 2n] })).registers).toEqual({ r0: 1n, r1: 2n });
  });

  test("a failed second half leaves nothing changed", () => {
    expect(reason(emulateA32(0xe0c120d8, { reads: [1n] }))).toBe("missing-read");
  });

  test("LDREXD is one access", () => {
    const reads = [0x1122_3344_5566_7788n];
    expect(done(emulateA32(0xe1b12f9f, { reads, atomics: "split" })).registers).toEqual({ r2: 0x5566_7788n, r3: 0x1122_3344n });
    expect(done(emulateA32(0xe1b12f9f, { reads, atomics: "split", cpsr: A32 | BIG_ENDIAN })).registers).toEqual({ r2: 0x8877_6655n, r3: 0x4433_2211n });
  });

  test.for([0xe1810f92, 0xe1810e92, 0xe1a10f92])("a store-exclusive is refused under both policies (%i)", (word) => {
    expect(reason(emulateA32(word, { atomics: "split" }))).toBe("atomic");
    expect(reason(emulateA32(word, { atomics: "refuse" }))).toBe("atomic");
  });

  test("the processor's own alignment rules are held", () => {
    const registers = { r1: DEVICE_GVA + 2n };
    const options = { registers, reads: [1n, 2n], atomics: "split" } as const;
    expect(reason(emulateA32(0xe1910f9f, options))).toBe("address-mismatch"); // ldrex
    expect(reason(emulateA32(0xe1910c9f, options))).toBe("address-mismatch"); // lda
    expect(reason(emulateA32(0xe1c120d0, options))).toBe("address-mismatch"); // ldrd
    expect(reason(emulateA32(0xe8910001, options))).toBe("address-mismatch"); // ldm
    expect(reason(emulateA32(0xed910b00, options))).toBe("address-mismatch"); // vldr
    expect(reason(emulateA32(0xe5910000, options))).toBe("emulated"); // ldr
    expect(reason(emulateA32(0xf421078f, options))).toBe("emulated"); // vld1.32 {d0}, [r1]
    expect(reason(emulateA32(0xf421079f, options))).toBe("address-mismatch"); // vld1.32 {d0}, [r1:64]
  });
});

describe("register lists", () => {
  test.for([
    ["IA", 0xe8b1000c, 0n, 8n],
    ["IB", 0xe9b1000c, 4n, 8n],
    ["DA", 0xe831000c, -4n, -8n],
    ["DB", 0xe931000c, -8n, -8n],
  ] as const)("LDM%s", ([, word, first, end]) => {
    const at = (offset: bigint): string => (0x0a00_0100n + first + offset).toString(16);
    expect(done(emulateA32(word, { registers: { r1: DEVICE_GVA + 0x100n }, reads: [1n, 2n] }))).toMatchObject({
      calls: [`read 4 at ${at(0n)}: 1`, `read 4 at ${at(4n)}: 2`],
      registers: { r1: DEVICE_GVA + 0x100n + end, r2: 1n, r3: 2n },
    });
  });

  test("a base in the list is loaded without writeback, and stored as it was if it is the lowest", () => {
    expect(done(emulateA32(0xe8910006, { reads: [1n, 2n] })).registers).toEqual({ r1: 1n, r2: 2n });
    expect(done(emulateT32(0xc906, { reads: [1n, 2n] })).registers).toEqual({ r1: 1n, r2: 2n }); // ldm r1, {r1, r2}
    expect(done(emulateT32(0xc904, { reads: [1n] })).registers).toEqual({ r1: DEVICE_GVA + 4n, r2: 1n }); // ldm r1!, {r2}
    expect(done(emulateA32(0xe8a10006))).toMatchObject({ calls: ["write 4 at a000000: 40000000", "write 4 at a000004: 22222222"] });
    expect(reason(emulateA32(0xe8a10003))).toBe("unpredictable");
    expect(reason(emulateT32(0xc103))).toBe("unpredictable");
  });

  test("POP to PC interworks", () => {
    expect(done(emulateT32(0xbd01, { registers: { r13: DEVICE_GVA }, reads: [1n, 0x2000n] }))).toEqual({
      calls: ["read 4 at a000000: 1", "read 4 at a000004: 2000"],
      pc: 0x2000n,
      registers: { r0: 1n, r13: DEVICE_GVA + 8n, cpsr: A32 },
      memory: [],
    });
  });

  test("a list that runs from the device into RAM shows the device only its own words", () => {
    const registers = { r1: DEVICE_GVA + 0xffcn };
    const result = emulateA32(0xe891000c, { registers, reads: [1n], memory: { "0x40001000": "78563412" } });
    expect(done(result)).toMatchObject({ calls: ["read 4 at a000ffc: 1"], registers: { r2: 1n, r3: 0x1234_5678n } });
    expect(reason(emulateA32(0xed910b00, { registers, reads: [1n] }))).toBe("page-crossing");
  });

  test.for([
    [0xe8d18001, "SPSR"],
    [0xe8d10001, "User mode"],
    [0xe8c10001, "User mode"],
    [0xf8910a00, "exception"],
    [0xf8cd0513, "another mode"],
  ] as const)("%i is recognised and refused", ([word, why]) => {
    expect(reason(emulateA32(word))).toBe("unsupported-instruction");
    expect(detail(emulateA32(word))).toContain(why);
  });
});

describe("floating point and Advanced SIMD", () => {
  test("S registers are halves of D registers", () => {
    expect(done(emulateA32(0xedd10a00, { reads: [7n], registers: { d0: 0x1122_3344_5566_7788n } })).registers).toEqual({ d0: 0x0000_0007_5566_7788n }); // vldr s1
    expect(done(emulateA32(0xed810a01, { registers: { d0: 0x1122_3344_5566_7788n } })).calls).toEqual(["write 4 at a000004: 55667788"]);
  });

  test("a half-precision load clears the rest of its S register only", () => {
    expect(done(emulateA32(0xedd10900, { reads: [7n], registers: { d0: 0x1122_3344_5566_7788n } })).registers).toEqual({ d0: 0x0000_0007_5566_7788n });
  });

  test("an S register of a D register that was not captured is refused", () => {
    const result = run(ARM, { bytes: bytesOfWord(0xedd10a00, "a32"), registers: { r1: DEVICE_GVA, cpsr: A32 }, reads: [7n] }, { guest: DEVICE });
    expect(reason(result)).toBe("missing-register");
  });

  test("FLDMX moves its base by a word more than it loads", () => {
    expect(done(emulateA32(0xecb10b03, { reads: [7n] }))).toMatchObject({ calls: ["read 8 at a000000: 7"], registers: { d0: 7n, r1: DEVICE_GVA + 12n } });
  });

  test("VLD1 moves registers, VLD2 structures element by element", () => {
    expect(done(emulateA32(0xf421070d, { reads: [7n] }))).toMatchObject({ calls: ["read 8 at a000000: 7"], registers: { d0: 7n, r1: DEVICE_GVA + 8n } });
    const reads = [1n, 2n, 3n, 4n];
    expect(done(emulateA32(0xf421088f, { reads, registers: { d0: 0n, d1: 0n } })).registers).toEqual({ d0: 0x0000_0003_0000_0001n, d1: 0x0000_0004_0000_0002n }); // vld2.32 {d0, d1}
  });

  test("one lane keeps the others, all lanes none", () => {
    expect(done(emulateA32(0xf4a1004f, { reads: [0xeen], registers: { d0: 0n } })).registers).toEqual({ d0: 0xee_0000n }); // vld1.8 {d0[2]}
    expect(done(emulateA32(0xf4a10c2f, { reads: [0xeen] })).registers).toEqual({ d0: 0xeeee_eeee_eeee_eeeen, d1: 0xeeee_eeee_eeee_eeeen }); // vld1.8 {d0[], d1[]}
  });

  test("writeback by a register", () => {
    expect(done(emulateA32(0xf4210702, { reads: [7n], registers: { r2: 0x123n } })).registers).toMatchObject({ r1: DEVICE_GVA + 0x123n });
  });
});

describe("big-endian data", () => {
  const cpsr = A32 | BIG_ENDIAN;

  test("words, halfwords and pairs are swapped each on its own", () => {
    expect(done(emulateA32(0xe5910000, { cpsr, reads: [0x1122_3344n] })).registers).toEqual({ r0: 0x4433_2211n });
    expect(done(emulateA32(0xe1d100f0, { cpsr, reads: [0x0080n] })).registers).toEqual({ r0: 0xffff_8000n });
    expect(done(emulateA32(0xe1c120d0, { cpsr, reads: [1n, 2n] })).registers).toEqual({ r2: 0x0100_0000n, r3: 0x0200_0000n });
    expect(done(emulateA32(0xe891000c, { cpsr, reads: [1n, 2n] })).registers).toEqual({ r2: 0x0100_0000n, r3: 0x0200_0000n });
    expect(done(emulateA32(0xe5812000, { cpsr, registers: { r2: 0x1122_3344n } })).calls).toEqual(["write 4 at a000000: 44332211"]);
  });

  test("a D register is swapped whole, also of VLDM", () => {
    expect(done(emulateA32(0xed910b00, { cpsr, reads: [0x0102_0304_0506_0708n] })).registers).toEqual({ d0: 0x0807_0605_0403_0201n });
    expect(done(emulateA32(0xec910b02, { cpsr, reads: [0x0102_0304_0506_0708n] })).registers).toEqual({ d0: 0x0807_0605_0403_0201n });
    expect(done(emulateA32(0xec910a02, { cpsr, reads: [1n, 2n] })).registers).toEqual({ d0: 0x0200_0000_0100_0000n });
  });

  test("VLD1 and VST1 are swapped by element", () => {
    const reads = [0x0102_0304_0506_0708n];
    const d0 = (word: number) => done(emulateA32(word, { cpsr, reads })).registers["d0"];
    expect(d0(0xf421070f)).toBe(0x0102_0304_0506_0708n); // vld1.8
    expect(d0(0xf421074f)).toBe(0x0201_0403_0605_0807n); // vld1.16
    expect(d0(0xf421078f)).toBe(0x0403_0201_0807_0605n); // vld1.32
    expect(d0(0xf42107cf)).toBe(0x0807_0605_0403_0201n); // vld1.64
    expect(done(emulateA32(0xf401074f, { cpsr, registers: { d0: 0x0102_0304_0506_0708n } })).calls).toEqual(["write 8 at a000000: 201040306050807"]);
  });
});
