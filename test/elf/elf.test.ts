import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ElfError, ElfImage, type ElfSource } from "../../src/elf/elf.ts";
import { elfImage, type ElfPlan } from "../support/elf.ts";

const folder = mkdtempSync(join(tmpdir(), "trapline-elf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = (bytes: Uint8Array): ElfSource => ({ name: "image", size: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) });
const open = (plan: ElfPlan, loadOffset?: bigint): ElfImage => new ElfImage(source(elfImage(plan)), loadOffset);

const code = Uint8Array.from({ length: 64 }, (_, at) => at);
const plan: ElfPlan = {
  segments: [
    { address: 0x1000n, bytes: code, memorySize: 80n },
    { address: 0x9000n, bytes: Uint8Array.of(1, 2, 3) },
  ],
  symbols: [
    { name: "start", address: 0x1000n, size: 16n },
    { name: "label", address: 0x1000n, type: 0 },
    { name: "same", address: 0x1010n, size: 8n },
    { name: "same", address: 0x1020n, size: 8n },
    { name: "assembly", address: 0x1030n },
    { name: "$x", address: 0x1030n, type: 0 },
    { name: "elsewhere", address: 0x1040n, section: 0 },
  ],
};

describe("an ELF image", () => {
  describe.each([
    [64, true, 62, "x86-64"],
    [64, true, 183, "aarch64"],
    [64, true, 243, "riscv64"],
    [32, true, 40, "arm"],
    [64, false, 183, "aarch64"],
    [32, false, 40, "arm"],
    [32, true, 243, undefined],
    [64, true, 21, undefined],
  ] as const)("of %i bits, little-endian %s, machine %i", (bits, littleEndian, machine, architecture) => {
    const image = open({ ...plan, bits, littleEndian, machine });

    test("tells what it is for", () => expect([image.bits, image.littleEndian, image.machine, image.architecture]).toEqual([bits, littleEndian, machine, architecture]));

    test("gives bytes by address, zeros where the file has none, nothing outside", () => {
      expect(image.bytesAt(0x1004n, 4)).toEqual(Uint8Array.of(4, 5, 6, 7));
      expect(image.bytesAt(0x103en, 8)).toEqual(Uint8Array.of(62, 63, 0, 0, 0, 0, 0, 0));
      expect(image.bytesAt(0x104en, 8)).toEqual(Uint8Array.of(0, 0));
      expect(image.bytesAt(0x9001n, 15)).toEqual(Uint8Array.of(2, 3));
      for (const address of [0xfffn, 0x1050n, 0x9003n, 0n, 0xffffffffffffffffn]) expect(image.bytesAt(address, 4)).toEqual(new Uint8Array(0));
    });

    test("gives symbols by name and by address", () => {
      expect(image.symbolsNamed("start")).toEqual([{ name: "start", address: 0x1000n, size: 16n }]);
      expect(image.symbolsNamed("same").map(({ address }) => address)).toEqual([0x1010n, 0x1020n]);
      for (const name of ["elsewhere", "$x", "none", "", "__proto__"]) expect(image.symbolsNamed(name)).toEqual([]);
      expect(image.symbolAt(0x100fn)).toEqual({ symbol: { name: "start", address: 0x1000n, size: 16n }, offset: 15n });
      expect(image.symbolAt(0x1018n)).toBeUndefined();
      expect(image.symbolAt(0x1035n)).toMatchObject({ symbol: { name: "assembly" }, offset: 5n });
      expect(image.symbolAt(0xfffn)).toBeUndefined();
    });
  });

  test("is moved by its load offset", () => {
    const image = open(plan, 0xffffffff80000000n);
    expect(image.bytesAt(0xffffffff80001004n, 2)).toEqual(Uint8Array.of(4, 5));
    expect(image.bytesAt(0x1004n, 2)).toEqual(new Uint8Array(0));
    expect(image.symbolsNamed("start")[0]!.address).toBe(0xffffffff80001000n);
    expect(image.symbolAt(0xffffffff80001001n)).toMatchObject({ symbol: { name: "start" }, offset: 1n });
    expect(open(plan, -0x800n).bytesAt(0x800n, 1)).toEqual(Uint8Array.of(0));
  });

  test("has no Thumb bit in a function's address", () => {
    const image = open({ bits: 32, machine: 40, segments: plan.segments!, symbols: [{ name: "thumb", address: 0x1001n, size: 4n }] });
    expect(image.symbolsNamed("thumb")[0]!.address).toBe(0x1000n);
  });

  test.skipIf(process.platform !== "linux")("of this very program is read", () => {
    const image = ElfImage.open(process.execPath);
    const [main] = image.symbolsNamed("main");
    // A stripped Node has no main.
    if (main === undefined) return;
    expect(image.symbolAt(main.address)?.offset).toBe(0n);
    expect(image.bytesAt(main.address, 8)).toHaveLength(8);
  });
});

describe("what is no image is refused in one line", () => {
  const good = elfImage(plan);
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const bytes = good.slice();
    bytes.set(values, at);
    return bytes;
  };
  test.each([
    ["nothing", new Uint8Array(0), "is no ELF file (starts with nothing"],
    ["a compressed kernel", Uint8Array.from(Buffer.from("MZ".padEnd(64))), "is no ELF file (starts with 4d5a2020, expected 7f454c46); of a kernel give vmlinux"],
    ["a start", good.subarray(0, 9), "is cut off in its header"],
    ["a header cut off", good.subarray(0, 40), "its header would end at byte 0x40, and the file has 0x28 bytes"],
    ["an unknown class", changed(4, 3), "byte 4: expected class 1 (32 bits) or 2 (64 bits), got 3"],
    ["an unknown encoding", changed(5, 0), "byte 5: expected data encoding 1 or 2, got 0"],
    ["an object file", elfImage({ ...plan, type: 1 }), "is a relocatable object"],
    ["sections outside", changed(40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), "its section headers would end at byte 0x8"],
    ["sections of another size", changed(58, 1), "its section headers have 1 bytes each, expected 64"],
    ["segments of another size", changed(54, 1), "its program headers have 1 bytes each, expected 56"],
    ["a segment outside", changed(64 + 32, 0xff, 0xff, 0xff, 0xff, 0xff), "segment 0 would end at byte"],
    ["a segment larger in the file", changed(64 + 40, 1, 0), "segment 0 has 64 bytes in the file and only 1 in memory"],
    ["a file cut off", good.subarray(0, good.length - 1), "its section headers would end at byte"],
  ])("%s", (_, bytes, message) => {
    expect(() => new ElfImage(source(bytes))).toThrow(ElfError);
    expect(() => new ElfImage(source(bytes))).toThrow(`image: ${message}`);
  });

  test("a symbol table that names no names", () => {
    const bytes = good.slice();
    const sections = Number(new DataView(bytes.buffer).getBigUint64(40, true));
    bytes[sections + 64 + 40] = 9;
    expect(() => new ElfImage(source(bytes)).symbolsNamed("start")).toThrow("names section 9 for the names, and there are 3");
  });

  test("damage anywhere never gives another error", () => {
    for (let at = 0; at < good.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        let problem: unknown;
        try {
          const image = new ElfImage(source(changed(at, value)));
          image.bytesAt(0x1004n, 15);
          image.symbolsNamed("start");
          image.symbolAt(0x1004n);
        } catch (error) {
          problem = error;
        }
        const allowed = problem === undefined || (problem instanceof ElfError && /^image: [^\n]+$/.test(problem.message));
        expect({ at, value, problem, allowed }).toEqual({ at, value, problem, allowed: true });
      }
    }
  });

  test("a path that leads nowhere, or to a folder", () => {
    expect(() => ElfImage.open(join(folder, "none"))).toThrow("none: no such file or directory");
    expect(() => ElfImage.open(folder)).toThrow("is no regular file");
    writeFileSync(join(folder, "image"), good);
    expect(existsSync(join(folder, "image"))).toBe(true);
    expect(ElfImage.open(join(folder, "image")).bytesAt(0x1004n, 1)).toEqual(Uint8Array.of(4));
  });
});
