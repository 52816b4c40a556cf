import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyOperator, resultWidth, usesFlags } from "../../src/emulate/operators.ts";
import { applyFlagsOperator } from "../../src/emulate/x86-operators.ts";
import { FLAGS_OPERATORS, type FlagsOperator, type Operator, type PlainOperator } from "../../src/model/operation.ts";
import { Refusal } from "../../src/model/refusal.ts";

const CF = 0x001n;
const PF = 0x004n;
const AF = 0x010n;
const ZF = 0x040n;
const SF = 0x080n;
const OF = 0x800n;
const STATUS = CF | PF | AF | ZF | SF | OF;
/** Bits of RFLAGS that no arithmetic may touch: bit 1, IF, DF, NT, ID. */
const SYSTEM = 0x204602n;

interface Result {
  readonly value: bigint;
  readonly flags: bigint;
}

/** Any operator; RFLAGS goes in and out whole, and "#DE" stands for the exception. */
function apply(operator: Operator, width: number, inputs: readonly bigint[], flags: bigint): Result | "#DE" {
  if (!usesFlags(operator)) {
    const value = applyOperator(operator, width, inputs);
    if (value instanceof Refusal) throw new Error(value.detail);
    return { value, flags };
  }
  const result = applyFlagsOperator(operator, width, inputs, flags);
  if (!(result instanceof Refusal)) return { value: result.value, flags: result.flags ?? flags };
  expect(result.detail).toContain("#DE");
  return "#DE";
}

/** An operator that raises nothing. */
function applied(operator: Operator, width: number, inputs: readonly bigint[], flags = 0n): Result {
  const result = apply(operator, width, inputs, flags);
  if (result === "#DE") throw new Error(`${operator} raised #DE`);
  return result;
}

interface Measured {
  readonly operator: Operator;
  readonly width: number;
  readonly flags: bigint;
  readonly inputs: readonly bigint[];
  /** Undefined: #DE. */
  readonly result: Result | undefined;
  readonly line: string;
}

const hexadecimal = (text: string): bigint => BigInt(`0x${text}`);

/** The lines of test/oracles/x86-operators.txt; x86-operators.c says what they hold. */
function readMeasurements(): Measured[] {
  const text = readFileSync(new URL("../oracles/x86-operators.txt", import.meta.url), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [before, after] = line.split(" = ") as [string, string];
      const [operator, width, flags, ...inputs] = before.split(" ") as [Operator, string, string, ...string[]];
      const [value, flagsAfter] = after.split(" ") as [string, string | undefined];
      const result = flagsAfter === undefined ? undefined : { value: hexadecimal(value), flags: hexadecimal(flagsAfter) };
      return { operator, width: Number(width), flags: hexadecimal(flags), inputs: inputs.map(hexadecimal), result, line };
    });
}

/** What the measurement could see of a result: of the two-operand IMUL that is the low half. */
function measuredPart(operator: Operator, width: number, computed: Result | "#DE", measured: Result | undefined): Result | "#DE" {
  if (operator !== "x86-imul" || computed === "#DE") return computed;
  const low = BigInt.asUintN(width, computed.value);
  return { value: measured?.value === low ? low : computed.value, flags: computed.flags };
}

describe("the operators against a processor (test/oracles/x86-operators.txt)", () => {
  const measurements = readMeasurements();
  const groups = new Map<string, Measured[]>();
  for (const each of measurements) {
    const name = `${each.operator} of ${each.width} bits`;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }

  it.each([...groups])("%s", (_, group) => {
    for (const { operator, width, flags, inputs, result, line } of group) {
      const computed = apply(operator, width, inputs, flags | SYSTEM);
      const expected = result === undefined ? "#DE" : { value: result.value, flags: result.flags | SYSTEM };
      expect({ line, result: measuredPart(operator, width, computed, result) }).toEqual({ line, result: expected });
    }
  });

  it("was measured for every operator that knows the flags, but for two whose whole meaning is stated below", () => {
    const measured = new Set(measurements.map(({ operator }) => operator));
    const stated: readonly Operator[] = ["x86-compare-zero", "x86-default-flags"];
    expect(FLAGS_OPERATORS.filter((operator) => !measured.has(operator) && !stated.includes(operator))).toEqual([]);
    expect(measurements.some(({ result }) => result === undefined)).toBe(true);
  });
});

const anyWidth = fc.constantFrom(8, 16, 32, 64);
const anyFlags = fc.bigInt(0n, 0xfffn).map((flags) => flags | SYSTEM);
const bits = (width: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt(0n, (1n << BigInt(width)) - 1n),
    fc.constantFrom(0n, 1n, (1n << BigInt(width)) - 1n, 1n << BigInt(width - 1), (1n << BigInt(width - 1)) - 1n),
  );
const twoOperands = anyWidth.chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width), anyFlags));
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
const digits = (value: bigint, width: number): string => value.toString(2).padStart(width, "0");
const number = (text: string): bigint => BigInt(`0b0${text}`);
const isSet = (flags: bigint, flag: bigint): boolean => (flags & flag) !== 0n;
const evenOnes = (value: bigint): boolean => [...digits(value & 0xffn, 8)].filter((digit) => digit === "1").length % 2 === 0;

/** All six status flags by the ranges of the true sum, not by bit tricks. */
function flagsOfSum(width: number, unsigned: bigint, signed: bigint, nibble: bigint): bigint {
  const value = BigInt.asUintN(width, unsigned);
  const half = 1n << BigInt(width - 1);
  return (
    (unsigned < 0n || unsigned >= 2n * half ? CF : 0n) |
    (evenOnes(value) ? PF : 0n) |
    (nibble < 0n || nibble > 15n ? AF : 0n) |
    (value === 0n ? ZF : 0n) |
    (value >= half ? SF : 0n) |
    (signed < -half || signed >= half ? OF : 0n)
  );
}

describe("sums and differences", () => {
  it.each([
    ["x86-add", 1n, false],
    ["x86-adc", 1n, true],
    ["x86-sub", -1n, false],
    ["x86-sbb", -1n, true],
  ] as const)("%s has the flags of the true result", (operator, sign, takesCarry) => {
    fc.assert(
      fc.property(twoOperands, ([width, first, second, flags]) => {
        const carry = takesCarry && isSet(flags, CF) ? 1n : 0n;
        const combine = (view: (value: bigint) => bigint): bigint => view(first) + sign * (view(second) + carry);
        const signedSecond = BigInt.asIntN(width, second);
        const unsigned = combine((value) => value);
        const signed = BigInt.asIntN(width, first) + sign * (signedSecond + carry);
        const nibble = (first & 15n) + sign * ((second & 15n) + carry);
        const result = applied(operator, width, [first, second], flags);
        expect(result.value).toBe(BigInt.asUintN(width, unsigned));
        expect(result.flags).toBe((flags & ~STATUS) | flagsOfSum(width, unsigned, signed, nibble));
      }),
    );
  });

  it("INC and DEC are ADD and SUB of 1 with CF as it was; NEG is 0 - x", () => {
    fc.assert(
      fc.property(twoOperands, ([width, first, , flags]) => {
        const increment = applied("x86-add", width, [first, 1n], flags);
        const decrement = applied("x86-sub", width, [first, 1n], flags);
        const carried = (result: Result): Result => ({ value: result.value, flags: (result.flags & ~CF) | (flags & CF) });
        expect(applied("x86-inc", width, [first], flags)).toEqual(carried(increment));
        expect(applied("x86-dec", width, [first], flags)).toEqual(carried(decrement));
        expect(applied("x86-neg", width, [first], flags)).toEqual(applied("x86-sub", width, [0n, first], flags));
      }),
    );
  });

  it("an addition in two halves by ADD and ADC is the addition of the whole", () => {
    fc.assert(
      fc.property(bits(64), bits(64), anyFlags, (first, second, flags) => {
        const low = applied("x86-add", 32, [first & 0xffffffffn, second & 0xffffffffn], flags);
        const high = applied("x86-adc", 32, [first >> 32n, second >> 32n], low.flags);
        const whole = applied("x86-add", 64, [first, second], flags);
        expect((high.value << 32n) | low.value).toBe(whole.value);
        expect(high.flags & (CF | OF | SF)).toBe(whole.flags & (CF | OF | SF));
      }),
    );
  });

  it("ADCX and ADOX carry in one flag and leave the other five alone", () => {
    fc.assert(
      fc.property(twoOperands, ([width, first, second, flags]) => {
        for (const [operator, flag] of [["x86-adcx", CF], ["x86-adox", OF]] as const) {
          const sum = first + second + (isSet(flags, flag) ? 1n : 0n);
          const result = applied(operator, width, [first, second], flags);
          expect(result.value).toBe(BigInt.asUintN(width, sum));
          expect(result.flags).toBe(sum >> BigInt(width) === 1n ? flags | flag : flags & ~flag);
        }
      }),
    );
  });
});

/** One bit at a time, as the SDM's pseudocode has it. */
function stepwise(operator: string, width: number, value: bigint, count: number, flags: bigint): { value: bigint; carry: boolean } {
  let text = digits(value, width);
  let carry = isSet(flags, CF);
  for (let step = 0; step < count; step++) {
    const top = text[0]!;
    const bottom = text.at(-1)!;
    const held = carry ? "1" : "0";
    switch (operator) {
      case "x86-shl":
        text = `${text.slice(1)}0`;
        break;
      case "x86-shr":
        text = `0${text.slice(0, -1)}`;
        break;
      case "x86-sar":
        text = `${top}${text.slice(0, -1)}`;
        break;
      case "x86-rol":
        text = `${text.slice(1)}${top}`;
        break;
      case "x86-ror":
        text = `${bottom}${text.slice(0, -1)}`;
        break;
      case "x86-rcl":
        text = `${text.slice(1)}${held}`;
        break;
      default:
        text = `${held}${text.slice(0, -1)}`;
    }
    carry = (operator.endsWith("l") ? top : bottom) === "1";
  }
  return { value: number(text), carry };
}

describe("shifts and rotates", () => {
  it.each(["x86-shl", "x86-shr", "x86-sar", "x86-rol", "x86-ror", "x86-rcl", "x86-rcr"] as const)("%s is that many steps of one", (operator) => {
    fc.assert(
      fc.property(twoOperands, fc.integer({ min: 0, max: 255 }), ([width, value, , flags], count) => {
        const masked = count & (width === 64 ? 63 : 31);
        const result = applied(operator, width, [value, BigInt(count)], flags);
        const expected = stepwise(operator, width, value, masked, flags);
        const rotates = operator.startsWith("x86-r");
        const ofResult = rotates ? flags : flagsOfSum(width, expected.value, 0n, 0n);
        // SDM: of a count of 1 OF tells that the sign changed (SHL, SHR, rotates); SAR clears it.
        const signChanged = (value ^ expected.value) >> BigInt(width - 1) === 1n && operator !== "x86-sar";
        const overflow = masked === 1 ? (signChanged ? OF : 0n) : result.flags & OF;
        const adjust = rotates ? flags & AF : result.flags & AF;
        const expectedFlags = (flags & ~STATUS) | (ofResult & (SF | ZF | PF)) | (expected.carry ? CF : 0n) | overflow | adjust;
        expect(result).toEqual({ value: expected.value, flags: masked === 0 ? flags : expectedFlags });
      }),
    );
  });

  it("SHLD and SHRD take their bits from the filler", () => {
    fc.assert(
      fc.property(fc.constantFrom(16, 32, 64).chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width), anyFlags)), fc.nat(63), ([width, value, filler, flags], raw) => {
        const count = raw % width;
        const left = digits(value, width) + digits(filler, width);
        const right = digits(filler, width) + digits(value, width);
        const shiftedLeft = applied("x86-shld", width, [value, filler, BigInt(count)], flags);
        const shiftedRight = applied("x86-shrd", width, [value, filler, BigInt(count)], flags);
        expect(shiftedLeft.value).toBe(number(left.slice(count, count + width)));
        expect(shiftedRight.value).toBe(number(right.slice(width - count, 2 * width - count)));
        const carry = (text: string, at: number): boolean => (count === 0 ? isSet(flags, CF) : text[at] === "1");
        expect(isSet(shiftedLeft.flags, CF)).toBe(carry(left, count - 1));
        expect(isSet(shiftedRight.flags, CF)).toBe(carry(right, 2 * width - count));
      }),
    );
  });

  it("the flagless ones take the count modulo the width", () => {
    fc.assert(
      fc.property(fc.constantFrom(32, 64).chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width))), ([width, value, count]) => {
        const by = Number(count % BigInt(width));
        const text = digits(value, width);
        const run = (operator: PlainOperator): bigint => applied(operator, width, [value, count]).value;
        expect(run("shift-left")).toBe(number(text.slice(by) + "0".repeat(by)));
        expect(run("shift-right")).toBe(number(text.slice(0, width - by)));
        expect(run("shift-right-arithmetic")).toBe(number(text[0]!.repeat(by) + text.slice(0, width - by)));
        expect(run("rotate-right")).toBe(number(text.slice(width - by) + text.slice(0, width - by)));
      }),
    );
  });
});

describe("products and quotients", () => {
  it("MUL, IMUL and MULX are the sum of shifted operands, CF and OF where the high half matters", () => {
    fc.assert(
      fc.property(twoOperands, ([width, first, second, flags]) => {
        let unsigned = 0n;
        for (let bit = 0; bit < width; bit++) if (isSet(second, 1n << BigInt(bit))) unsigned += first << BigInt(bit);
        // Two's complement: each negative operand takes the other, shifted by the width, from the product.
        const half = 1n << BigInt(width - 1);
        const full = 1n << BigInt(width);
        const signed = BigInt.asUintN(2 * width, unsigned - (first >= half ? second * full : 0n) - (second >= half ? first * full : 0n));
        const over = (set: boolean): bigint => (flags & ~(CF | OF)) | (set ? CF | OF : 0n);
        expect(applied("multiply", width, [first, second]).value).toBe(unsigned);
        expect(applied("x86-mul", width, [first, second], flags)).toEqual({ value: unsigned, flags: over(unsigned >= full) });
        const high = signed >> BigInt(width);
        const needed = high !== ((signed & (full - 1n)) >= half ? full - 1n : 0n);
        expect(applied("x86-imul", width, [first, second], flags)).toEqual({ value: signed, flags: over(needed) });
      }),
    );
  });

  it("DIV and IDIV: quotient × divisor + remainder is the dividend, the remainder is smaller and has its sign; else #DE", () => {
    fc.assert(
      fc.property(
        anyWidth.chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width), bits(width), fc.boolean())),
        ([width, high, low, divisor, signed]) => {
          const view = (value: bigint, size: number): bigint => (signed ? BigInt.asIntN(size, value) : value);
          const dividend = view((high << BigInt(width)) | low, 2 * width);
          const by = view(divisor, width);
          const negative = signed && dividend < 0n !== by < 0n;
          // Sizes below this have a quotient in range: one more if it is negative.
          const limit = ((1n << BigInt(width - (signed ? 1 : 0))) + (negative ? 1n : 0n)) * magnitude(by);
          const result = apply(signed ? "x86-idiv" : "x86-div", width, [high, low, divisor], 0n);
          expect(result === "#DE").toBe(magnitude(dividend) >= limit);
          if (result === "#DE") return true;
          const quotient = view(BigInt.asUintN(width, result.value), width);
          const remainder = view(result.value >> BigInt(width), width);
          const sameSign = remainder === 0n || remainder < 0n === dividend < 0n;
          return quotient * by + remainder === dividend && magnitude(remainder) < magnitude(by) && sameSign;
        },
      ),
    );
  });

  it("#DE names the exception and says that nothing was committed", () => {
    const byZero = applyFlagsOperator("x86-div", 32, [0n, 5n, 0n], 0n);
    expect(byZero).toBeInstanceOf(Refusal);
    expect(byZero).toMatchObject({
      reason: "unsupported-instruction",
      detail: "it divides by zero: the processor raises #DE, and nothing of the instruction was committed",
      advice: "inject #DE into the guest at this PC",
    });
    // The one quotient of the SDM's footnote: -128 / -1 does not fit into AL.
    expect(applyFlagsOperator("x86-idiv", 8, [0xffn, 0x80n, 0xffn], 0n)).toMatchObject({ detail: expect.stringContaining("does not fit into 8 bits") });
    expect(applied("x86-idiv", 8, [0xffn, 0x80n, 1n]).value).toBe(0x0080n);
  });
});

/** The bytes as a little-endian number. */
const little = (bytes: bigint[]): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | byte, 0n);

describe("bits", () => {
  it("BT, BTS, BTR and BTC work on the bit that the offset names modulo the width, and on CF", () => {
    fc.assert(
      fc.property(twoOperands, ([width, base, offset, flags]) => {
        const bit = 1n << (offset % BigInt(width));
        const expected = isSet(base, bit) ? flags | CF : flags & ~CF;
        expect(applied("x86-bt", width, [base, offset], flags)).toEqual({ value: base, flags: expected });
        expect(applied("x86-bts", width, [base, offset], flags)).toEqual({ value: base | bit, flags: expected });
        expect(applied("x86-btr", width, [base, offset], flags)).toEqual({ value: (base | bit) - bit, flags: expected });
        expect(applied("x86-btc", width, [base, offset], flags)).toEqual({ value: base ^ bit, flags: expected });
      }),
    );
  });

  it("scans and counts agree with the binary digits", () => {
    fc.assert(
      fc.property(twoOperands, ([width, source, , flags]) => {
        const text = digits(source, width);
        const ones = text.replaceAll("0", "").length;
        const leading = text.indexOf("1") === -1 ? width : text.indexOf("1");
        const trailing = text.includes("1") ? width - 1 - text.lastIndexOf("1") : width;
        const run = (operator: FlagsOperator): Result => applied(operator, width, [source], flags);
        expect(run("x86-popcnt")).toEqual({ value: BigInt(ones), flags: (flags & ~STATUS) | (source === 0n ? ZF : 0n) });
        for (const [operator, zeros] of [["x86-lzcnt", leading], ["x86-tzcnt", trailing]] as const) {
          const result = run(operator);
          expect(result.value).toBe(BigInt(zeros));
          expect([isSet(result.flags, CF), isSet(result.flags, ZF)]).toEqual([source === 0n, zeros === 0]);
        }
        for (const [operator, position] of [["x86-bsf", trailing], ["x86-bsr", width - 1 - leading]] as const) {
          const result = run(operator);
          expect(isSet(result.flags, ZF)).toBe(source === 0n);
          expect(source === 0n || result.value === BigInt(position)).toBe(true);
        }
      }),
    );
  });

  it("ANDN, BEXTR, BZHI, BLSI, BLSMSK and BLSR agree with the binary digits", () => {
    fc.assert(
      fc.property(fc.constantFrom(32, 64).chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width), anyFlags)), fc.nat(255), fc.nat(255), ([width, source, other, flags], start, length) => {
        const text = digits(source, width);
        const lowest = text.lastIndexOf("1");
        const below = lowest === -1 ? width : width - 1 - lowest;
        const check = (operator: FlagsOperator, inputs: bigint[], value: bigint, carry: boolean): void => {
          const result = applied(operator, width, inputs, flags);
          expect(result.value).toBe(value);
          expect([isSet(result.flags, ZF), isSet(result.flags, CF), isSet(result.flags, OF)]).toEqual([value === 0n, carry, false]);
          const sign = isSet(result.flags, SF) === (value >> BigInt(width - 1) === 1n);
          expect(operator === "x86-bextr" || sign).toBe(true);
        };
        check("x86-andn", [source, other], number([...text].map((digit, at) => (digit === "0" ? digits(other, width)[at]! : "0")).join("")), false);
        const control = BigInt(start) | (BigInt(length) << 8n) | ((other >> 16n) << 16n);
        const field = [...text].toReversed().slice(start, start + length).toReversed().join("");
        check("x86-bextr", [source, control], number(field), false);
        check("x86-bzhi", [source, (other & ~0xffn) | BigInt(start)], start < width ? number(text.slice(width - start)) : source, start >= width);
        check("x86-blsi", [source], lowest === -1 ? 0n : 1n << BigInt(below), source !== 0n);
        check("x86-blsmsk", [source], (1n << BigInt(Math.min(below + 1, width))) - 1n, source === 0n);
        check("x86-blsr", [source], lowest === -1 ? 0n : source - (1n << BigInt(below)), source === 0n);
      }),
    );
  });

  it("PDEP and PEXT undo each other at the mask's positions", () => {
    fc.assert(
      fc.property(fc.constantFrom(32, 64).chain((width) => fc.tuple(fc.constant(width), bits(width), bits(width))), ([width, source, positions]) => {
        const ones = digits(positions, width).replaceAll("0", "").length;
        const deposited = applied("deposit-bits", width, [source, positions]).value;
        expect(deposited & ~positions).toBe(0n);
        expect(applied("extract-bits", width, [deposited, positions]).value).toBe(source & ((1n << BigInt(ones)) - 1n));
        expect(applied("deposit-bits", width, [applied("extract-bits", width, [source, positions]).value, positions]).value).toBe(source & positions);
      }),
    );
  });

  it("CRC32 gives the check value of CRC-32C, whatever the pieces", () => {
    const text = [..."123456789"].map((letter) => BigInt(letter.charCodeAt(0)));
    const start = 0xffffffffn;
    const bytewise = text.reduce((sum, byte) => applied("crc32c", 8, [sum, byte]).value, start);
    expect(bytewise ^ start).toBe(0xe3069283n);
    const eight = applied("crc32c", 64, [start, little(text.slice(0, 8))]).value;
    expect(applied("crc32c", 8, [eight, text[8]!]).value).toBe(bytewise);
    const four = applied("crc32c", 32, [start, little(text.slice(0, 4))]).value;
    const six = applied("crc32c", 16, [four, little(text.slice(4, 6))]).value;
    expect(text.slice(6).reduce((sum, byte) => applied("crc32c", 8, [sum, byte]).value, six)).toBe(bytewise);
  });
});

describe("the operators that no instruction has alone", () => {
  it("x86-compare-zero changes ZF only", () => {
    expect(applied("x86-compare-zero", 128, [7n << 100n, 7n << 100n], STATUS & ~ZF)).toEqual({ value: 7n << 100n, flags: STATUS });
    expect(applied("x86-compare-zero", 128, [7n << 100n, 7n << 99n], STATUS)).toEqual({ value: 7n << 100n, flags: STATUS & ~ZF });
  });

  it("x86-default-flags sets OF, SF, ZF and CF as given, PF as CF, and clears AF", () => {
    const run = (values: bigint): bigint => applied("x86-default-flags", 8, [values], STATUS | SYSTEM).flags;
    expect(run(0n)).toBe(SYSTEM);
    expect(run(1n)).toBe(SYSTEM | CF | PF);
    expect(run(2n)).toBe(SYSTEM | ZF);
    expect(run(4n)).toBe(SYSTEM | SF);
    expect(run(8n)).toBe(SYSTEM | OF);
  });

  it("select, compare-select, not-equal, not and copy", () => {
    expect(applied("select", 32, [1n, 0x1_0000_0005n, 6n]).value).toBe(5n);
    expect(applied("select", 32, [2n, 5n, 6n]).value).toBe(6n);
    expect(applied("compare-select", 16, [3n, 3n, 9n]).value).toBe(9n);
    expect(applied("compare-select", 16, [3n, 4n, 9n]).value).toBe(3n);
    expect(applied("not-equal", 16, [0x10003n, 3n]).value).toBe(0n);
    expect(applied("not-equal", 16, [4n, 3n]).value).toBe(1n);
    expect(applied("not", 16, [0xff00n]).value).toBe(0x00ffn);
    expect(applied("copy", 16, [0x12345n]).value).toBe(0x2345n);
  });

  it("LDMXCSR refuses every bit that MXCSR reserves and no other", () => {
    const results = Array.from({ length: 32 }, (_, bit) => applyOperator("x86-mxcsr", 32, [1n << BigInt(bit)]));
    expect(results.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, bit) => 1n << BigInt(bit)));
    const refusal = { reason: "unsupported-instruction", detail: expect.stringContaining("#GP(0)") };
    expect(results.slice(16)).toMatchObject(Array.from({ length: 16 }, () => refusal));
  });

  it("too few inputs are a mistake of the decoder's", () => {
    expect(() => applied("x86-add", 32, [1n])).toThrow(TypeError);
    expect(() => applied("add", 32, [1n])).toThrow(TypeError);
  });

  it("only products, quotients and CRC32 have results of another width", () => {
    expect(resultWidth("x86-div", 16)).toBe(32);
    expect(resultWidth("multiply", 64)).toBe(128);
    expect(resultWidth("crc32c", 8)).toBe(32);
    expect(resultWidth("x86-add", 16)).toBe(16);
  });
});
