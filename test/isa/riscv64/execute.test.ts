// What the instructions do: cases worked out by hand from the manual, and properties over all loads, stores and atomics.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Call } from "../../../src/model/access.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf, DEVICE, DEVICE_PHYSICAL, type Run, run, type Scene } from "./machine.ts";

const X10 = 10;
const X11 = 11;
const ONES = 0xffff_ffff_ffff_ffffn;

function ran(scene: Scene & { readonly bytes: Uint8Array }): Run {
  const done = run(scene);
  if (done instanceof Refusal) throw new Error(`${done.reason}: ${done.detail}`);
  return done;
}

function refusal(scene: Scene & { readonly bytes: Uint8Array }): string {
  const done = run(scene);
  return done instanceof Refusal ? done.reason : "emulated";
}

/** I-type: LOAD or LOAD-FP. */
function load(funct3: number, rd: number, rs1: number, immediate = 0, opcode = 0x03): Uint8Array {
  return bytesOf((immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode);
}

/** S-type: STORE or STORE-FP. */
function store(funct3: number, rs2: number, rs1: number, immediate = 0, opcode = 0x23): Uint8Array {
  return bytesOf(((immediate >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((immediate & 31) << 7) | opcode);
}

/** R-type of the AMO opcode. */
function amo(funct5: number, funct3: number, rd: number, rs1: number, rs2: number, aq = 0, rl = 0): Uint8Array {
  return bytesOf((funct5 << 27) | (aq << 26) | (rl << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | 0x2f);
}

const LR = 2;
const SC = 3;
const CAS = 5;

function loaded(funct3: number, value: bigint): bigint | undefined {
  return ran({ bytes: load(funct3, X10, X11), registers: { x11: DEVICE }, reads: [value] }).changed["x10"];
}

describe("loads", () => {
  test.for([
    ["LB", 0, 0x80n, 0xffff_ffff_ffff_ff80n],
    ["LH", 1, 0x8001n, 0xffff_ffff_ffff_8001n],
    ["LW", 2, 0x8000_0001n, 0xffff_ffff_8000_0001n],
    ["LD", 3, 0x8000_0000_0000_0001n, 0x8000_0000_0000_0001n],
    ["LBU", 4, 0x80n, 0x80n],
    ["LHU", 5, 0x8001n, 0x8001n],
    ["LWU", 6, 0x8000_0001n, 0x8000_0001n],
  ] as const)("%s extends as the manual says", ([, funct3, value, expected]) => expect(loaded(funct3, value)).toBe(expected));

  test("only the low bytes of what the device says count", () => expect(loaded(4, ONES - 0x7fn)).toBe(0x80n));

  test("to x0 read the device and change nothing", () => {
    const done = ran({ bytes: load(2, 0, X11, 4), registers: { x11: DEVICE }, gva: DEVICE + 4n, reads: [7n] });
    expect(done.calls).toEqual([{ write: false, gpa: DEVICE_PHYSICAL + 4n, size: 4, value: 7n }]);
    expect(done.changed).toEqual({});
    expect(done.accesses[0]!.target.register).toBe(0);
  });

  test("with a negative offset, and rd the base", () => {
    const done = ran({ bytes: load(3, X11, X11, -2048), registers: { x11: DEVICE + 2048n }, reads: [5n] });
    expect(done.changed).toEqual({ x11: 5n });
  });

  test("with x0 as base need no register", () => {
    expect(ran({ bytes: load(2, X10, 0, 0x7f0), registers: {}, gva: 0x7f0n, gpa: 0x7f0n, reads: [1n] }).changed).toEqual({ x10: 1n });
  });

  test("wrap at the top of the address space", () => {
    const done = ran({ bytes: load(2, X10, X11, 8), registers: { x11: ONES - 3n }, gva: 4n, gpa: 4n, reads: [1n] });
    expect(done.changed).toEqual({ x10: 1n });
  });

  test("need their base register", () => expect(refusal({ bytes: load(2, X10, X11), registers: {} })).toBe("missing-register"));

  test("across a page end are refused", () => {
    expect(refusal({ bytes: load(2, X10, X11), registers: { x11: DEVICE + 0xffen }, gva: DEVICE + 0xffen, reads: [0n] })).toBe("page-crossing");
  });

  test("are not writes", () => expect(refusal({ bytes: load(2, X10, X11), registers: { x11: DEVICE }, write: true, reads: [0n] })).toBe("direction-mismatch"));
});

describe("floating-point accesses", () => {
  test.for([
    ["FLH", 1, 0x3c00n, 0xffff_ffff_ffff_3c00n],
    ["FLW", 2, 0x3f80_0000n, 0xffff_ffff_3f80_0000n],
    ["FLD", 3, 0x3ff0_0000_0000_0000n, 0x3ff0_0000_0000_0000n],
  ] as const)("%s boxes narrow values in ones", ([, funct3, value, expected]) => {
    expect(ran({ bytes: load(funct3, 9, X11, 0, 0x07), registers: { x11: DEVICE }, reads: [value] }).changed).toEqual({ f9: expected });
  });

  test.for([
    ["FSH", 1, 2, 0xcdefn],
    ["FSW", 2, 4, 0x89ab_cdefn],
    ["FSD", 3, 8, 0x0123_4567_89ab_cdefn],
  ] as const)("%s writes the low bits, boxed or not", ([, funct3, size, value]) => {
    const done = ran({ bytes: store(funct3, 9, X11, 0, 0x27), registers: { x11: DEVICE, f9: 0x0123_4567_89ab_cdefn } });
    expect(done.calls).toEqual([{ write: true, gpa: DEVICE_PHYSICAL, size, value }]);
    expect(done.accesses[0]!.target.register).toBeUndefined();
  });

  test("f0 is a register like the others", () => {
    expect(ran({ bytes: load(3, 0, X11, 0, 0x07), registers: { x11: DEVICE }, reads: [5n] }).changed).toEqual({ f0: 5n });
  });
});

describe("compressed instructions", () => {
  test("advance the PC by 2", () => {
    // c.lw x8, 0(x11)
    const done = ran({ bytes: bytesOf(0x4180, 2), registers: { x11: DEVICE }, reads: [1n] });
    expect(done.after.pc).toBe(0x1002n);
    expect(done.changed).toEqual({ x8: 1n });
  });

  test("relative to the stack pointer need x2", () => {
    // c.sdsp x1, 504(sp)
    const scene = { bytes: bytesOf(0xff86, 2), gva: DEVICE + 504n };
    expect(ran({ ...scene, registers: { x1: 9n, x2: DEVICE } }).calls).toEqual([{ write: true, gpa: DEVICE_PHYSICAL + 504n, size: 8, value: 9n }]);
    expect(refusal({ ...scene, registers: { x1: 9n } })).toBe("missing-register");
  });

  test.for([
    ["all zero", 0x0000],
    ["C.LWSP to x0", 0x4002],
    ["C.LDSP to x0", 0x6002],
    ["C.ADDIW to x0", 0x2001],
    ["C.JR of x0", 0x8002],
    ["C.LUI of 0", 0x6201],
    ["Zcb, bit 6 of C.SH set", 0x8c40],
  ] as const)("%s is undefined", ([, word]) => expect(refusal({ bytes: bytesOf(word, 2), registers: {} })).toBe("undefined-instruction"));
});

describe("load-reserved and store-conditional", () => {
  test("LR is a load under the split policy, sign-extended", () => {
    expect(ran({ bytes: amo(LR, 2, X10, X11, 0), registers: { x11: DEVICE }, reads: [0x8000_0000n] }).changed).toEqual({ x10: 0xffff_ffff_8000_0000n });
  });

  test.for(["split", "refuse"] as const)("SC is refused under --atomics %s: nobody knows the reservation", (atomics) => {
    expect(refusal({ bytes: amo(SC, 2, X10, X11, 12), registers: { x11: DEVICE, x12: 1n }, atomics })).toBe("atomic");
  });

  test("atomics are refused by default", () => {
    for (const funct5 of [LR, 0, 1]) {
      expect(refusal({ bytes: amo(funct5, 2, X10, X11, 0), registers: { x11: DEVICE }, reads: [0n], atomics: "refuse" })).toBe("atomic");
    }
  });

  test("atomics must be aligned", () => {
    expect(refusal({ bytes: amo(0, 3, X10, X11, 0), registers: { x11: DEVICE + 4n }, gva: DEVICE + 4n, reads: [0n] })).toBe("address-mismatch");
  });
});

/** An access of 8 bytes. */
function at(offset: bigint, write: boolean, value: bigint): Call {
  return { write, gpa: DEVICE_PHYSICAL + offset, size: 8, value };
}

describe("AMOCAS.Q", () => {
  const expected = { x10: 1n, x11: 2n };
  const replacement = { x12: 3n, x13: 4n };
  const scene = { bytes: amo(CAS, 4, 10, 14, 12), registers: { x14: DEVICE, ...expected, ...replacement } };

  test("writes the pair if both halves are as expected", () => {
    const done = ran({ ...scene, reads: [1n, 2n] });
    expect(done.calls).toEqual([at(0n, false, 1n), at(8n, false, 2n), at(0n, true, 3n), at(8n, true, 4n)]);
    expect(done.changed).toEqual({});
  });

  test.for([[[1n, 9n]], [[9n, 2n]]])("writes the old value back if one half differs: %s", ([reads]) => {
    const done = ran({ ...scene, reads: reads! });
    expect(done.calls.slice(2)).toEqual([at(0n, true, reads![0]!), at(8n, true, reads![1]!)]);
    expect({ ...expected, ...done.changed }).toEqual({ x10: reads![0]!, x11: reads![1]! });
  });

  test("a pair that starts at x0 is zero and discards", () => {
    const done = ran({ bytes: amo(CAS, 4, 0, 14, 0), registers: { x14: DEVICE, x1: 7n }, reads: [0n, 0n] });
    expect(done.calls.slice(2)).toEqual([at(0n, true, 0n), at(8n, true, 0n)]);
    expect(done.changed).toEqual({});
  });

  test.for([
    [11, 12],
    [10, 13],
  ] as const)("pairs that start at odd registers are reserved: rd x%i, rs2 x%i", ([rd, rs2]) => {
    expect(refusal({ bytes: amo(CAS, 4, rd, 14, rs2), registers: {} })).toBe("undefined-instruction");
  });
});

describe("Zalasr", () => {
  test("a load without aq and a store without rl are reserved", () => {
    expect(refusal({ bytes: amo(6, 2, X10, X11, 0, 0, 1), registers: {} })).toBe("undefined-instruction");
    expect(refusal({ bytes: amo(7, 2, 0, X11, X10, 1, 0), registers: {} })).toBe("undefined-instruction");
  });

  test("is no atomic: the policy leaves it alone, and the handler hears of the order", () => {
    const done = ran({ bytes: amo(6, 2, X10, X11, 0, 1, 0), registers: { x11: DEVICE }, reads: [0x8000_0000n], atomics: "refuse" });
    expect(done.changed).toEqual({ x10: 0xffff_ffff_8000_0000n });
    expect(done.accesses[0]!.target.ordered).toBe(true);
    const stored = ran({ bytes: amo(7, 3, 0, X11, X10, 0, 1), registers: { x10: 5n, x11: DEVICE }, atomics: "refuse" });
    expect(stored.calls).toEqual([{ write: true, gpa: DEVICE_PHYSICAL, size: 8, value: 5n }]);
  });
});

/** What an AMO writes, by funct5, in the manual's terms: the old value and rs2 as signed and as unsigned numbers. */
const WRITTEN: Readonly<Record<number, (old: Operand, rs2: Operand) => bigint>> = {
  0x00: (old, rs2) => old.unsigned + rs2.unsigned,
  0x01: (_old, rs2) => rs2.unsigned,
  0x04: (old, rs2) => old.unsigned ^ rs2.unsigned,
  0x08: (old, rs2) => old.unsigned | rs2.unsigned,
  0x0c: (old, rs2) => old.unsigned & rs2.unsigned,
  0x10: (old, rs2) => (old.signed < rs2.signed ? old.signed : rs2.signed),
  0x14: (old, rs2) => (old.signed > rs2.signed ? old.signed : rs2.signed),
  0x18: (old, rs2) => (old.unsigned < rs2.unsigned ? old.unsigned : rs2.unsigned),
  0x1c: (old, rs2) => (old.unsigned > rs2.unsigned ? old.unsigned : rs2.unsigned),
};

interface Operand {
  readonly signed: bigint;
  readonly unsigned: bigint;
}

const operand = (value: bigint, bits: number): Operand => ({ signed: BigInt.asIntN(bits, value), unsigned: BigInt.asUintN(bits, value) });
const operations = fc.constantFrom(...Object.keys(WRITTEN).map(Number));
const sizes = fc.constantFrom(0, 1, 2, 3);
/** Any number, and those at which signed and unsigned order part. */
const value64 = fc.oneof(
  fc.bigInt({ min: 0n, max: ONES }),
  fc.constantFrom(0n, 0x7fn, 0x80n, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffff_0000_0000n, ONES >> 1n, ONES),
);

describe("read-modify-write", () => {
  test("reads, then writes the result of the low bits, and rd gets the old value sign-extended", () => {
    fc.assert(
      fc.property(operations, sizes, fc.nat(31), fc.nat(31), value64, value64, (funct5, funct3, rd, rs2, old, given) => {
        const bits = 8 << funct3;
        const base = rs2 === 5 ? 6 : 5;
        const registers = { [`x${rs2 || 31}`]: given, [`x${base}`]: DEVICE };
        const done = ran({ bytes: amo(funct5, funct3, rd, base, rs2), registers, reads: [old] });
        const written = BigInt.asUintN(bits, WRITTEN[funct5]!(operand(old, bits), operand(rs2 === 0 ? 0n : given, bits)));
        const size = bits / 8;
        expect(done.calls).toEqual([
          { write: false, gpa: DEVICE_PHYSICAL, size, value: BigInt.asUintN(bits, old) },
          { write: true, gpa: DEVICE_PHYSICAL, size, value: written },
        ]);
        const result = BigInt.asUintN(64, BigInt.asIntN(bits, old));
        const after: Readonly<Record<string, bigint>> = { ...registers, ...done.changed };
        expect(after).toEqual(rd === 0 ? registers : { ...registers, [`x${rd}`]: result });
      }),
    );
  });

  test("AMOCAS compares the low bits only", () => {
    fc.assert(
      fc.property(sizes, value64, value64, value64, fc.boolean(), (funct3, old, other, replacement, equal) => {
        const bits = 8 << funct3;
        const expected = equal ? (other & ~((1n << BigInt(bits)) - 1n)) | BigInt.asUintN(bits, old) : other;
        const done = ran({ bytes: amo(CAS, funct3, 10, 11, 12), registers: { x10: expected, x11: DEVICE, x12: replacement }, reads: [old] });
        const same = BigInt.asUintN(bits, old) === BigInt.asUintN(bits, expected);
        expect(done.calls[1]!.value).toBe(BigInt.asUintN(bits, same ? replacement : old));
        expect({ x10: expected, ...done.changed }).toEqual({ x10: BigInt.asUintN(64, BigInt.asIntN(bits, old)) });
      }),
    );
  });
});

describe("stores", () => {
  test("write the low bytes and change no register", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: -2048, max: 2047 }), value64, (funct3, immediate, value) => {
        const gva = DEVICE + 0x800n;
        const done = ran({ bytes: store(funct3, 7, 6, immediate), registers: { x6: gva - BigInt(immediate), x7: value }, gva, write: true });
        const size = 1 << funct3;
        expect(done.calls).toEqual([{ write: true, gpa: DEVICE_PHYSICAL + 0x800n, size, value: BigInt.asUintN(8 * size, value) }]);
        expect(done.changed).toEqual({});
        expect(done.after.pc).toBe(0x1004n);
      }),
    );
  });

  test("of x0 write zero", () => {
    expect(ran({ bytes: store(3, 0, X11), registers: { x11: DEVICE } }).calls[0]!.value).toBe(0n);
  });
});
