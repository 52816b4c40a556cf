import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeviceMap, pageOf, Ram } from "../../src/emulate/memory.ts";
import { ARM_REGISTERS } from "../../src/isa/arm/registers.ts";
import { faultOf } from "../support/fault.ts";

const ramOf = (memory: Record<string, string>): Ram => new Ram(faultOf({ registers: ARM_REGISTERS }, { bytes: "", registers: {}, memory }));

describe("the map of device memory", () => {
  const windows = [
    { gva: 0x7000n, gpa: 0x9_7000n, size: 0x800n },
    { gva: 0x4000n, gpa: 0x5_0000n, size: 0x1000n },
  ];

  it("has the faulting page as the fault gives it, before any window", () => {
    const map = new DeviceMap(0x4123n, 0xff_0123n, { windows });
    expect(map.translate(0x4000n)).toBe(0xff_0000n);
    expect(map.translate(0x4fffn)).toBe(0xff_0fffn);
    expect(map.translate(0x5000n)).toBeUndefined();
    expect(map.translate(0x3fffn)).toBeUndefined();
  });

  it("has other pages from the windows, to their last byte", () => {
    const map = new DeviceMap(undefined, undefined, { windows });
    expect(map.translate(0x7000n)).toBe(0x9_7000n);
    expect(map.translate(0x77ffn)).toBe(0x9_77ffn);
    expect(map.translate(0x7800n)).toBeUndefined();
    expect(map.translate(0x4abcn)).toBe(0x5_0abcn);
  });

  it.each([
    [0x4123n, undefined],
    [undefined, 0xff_0123n],
  ])("knows the faulting page only with both addresses", (gva, gpa) => {
    expect(new DeviceMap(gva, gpa, { windows: [] }).translate(0x4123n)).toBeUndefined();
  });

  it("has pages of 4096 bytes", () => {
    expect([0n, 0xfffn, 0x1000n, 0xffff_ffff_ffff_ffffn].map(pageOf)).toEqual([0n, 0n, 0x1000n, 0xffff_ffff_ffff_f000n]);
  });
});

describe("ordinary RAM", () => {
  it("reads little-endian, over the border of two captured ranges", () => {
    expect(ramOf({ "0x10": "0102", "0x12": "0304" }).read(0x10n, 4)).toBe(0x0403_0201n);
  });

  it("names the first byte that was not captured", () => {
    expect(ramOf({ "0x10": "0102" }).read(0x10n, 4)).toMatchObject({ reason: "missing-memory", detail: expect.stringContaining("the byte at 0x12 ") });
    expect(ramOf({ "0x10": "0102" }).has(0x10n, 2)).toBe(true);
    expect(ramOf({ "0x10": "0102" }).has(0x10n, 3)).toBe(false);
    expect(ramOf({ "0x10": "0102" }).has(0xfn, 2)).toBe(false);
  });

  it("reads what was written, before what was captured", () => {
    const ram = ramOf({ "0x10": "01020304" });
    ram.write(0x11n, 2, 0xbbaan);
    expect(ram.read(0x10n, 4)).toBe(0x04bb_aa01n);
    expect(ram.has(0x10n, 4)).toBe(true);
    expect(ram.changes()).toEqual([{ address: 0x11n, bytes: Uint8Array.of(0xaa, 0xbb) }]);
  });

  it("wraps at the end of the address space", () => {
    const ram = ramOf({});
    ram.write(0xffff_ffff_ffff_ffffn, 2, 0x2211n);
    expect(ram.changes()).toEqual([
      { address: 0n, bytes: Uint8Array.of(0x22) },
      { address: 0xffff_ffff_ffff_ffffn, bytes: Uint8Array.of(0x11) },
    ]);
  });

  it("lists its changes ascending, each byte once, adjacent ones joined", () => {
    const writes = fc.array(fc.tuple(fc.nat(60), fc.constantFrom(1, 2, 4, 8), fc.bigInt(0n, 0xffff_ffff_ffff_ffffn)), { maxLength: 12 });
    fc.assert(
      fc.property(writes, (list) => {
        const ram = ramOf({});
        const expected = new Map<number, number>();
        for (const [address, size, value] of list) {
          ram.write(BigInt(address), size, value);
          for (let byte = 0; byte < size; byte++) expected.set(address + byte, Number((value >> BigInt(8 * byte)) % 256n));
        }
        const changes = ram.changes();
        const flat = changes.flatMap(({ address, bytes }) => Array.from(bytes, (byte, at) => [Number(address) + at, byte] as const));
        expect(flat).toEqual([...expected].toSorted(([first], [second]) => first - second));
        // A gap of one byte at least lies between two ranges.
        const gaps = changes.slice(1).map(({ address }, at) => address - (changes[at]!.address + BigInt(changes[at]!.bytes.length)));
        expect(gaps.every((gap) => gap > 0n)).toBe(true);
      }),
    );
  });
});
