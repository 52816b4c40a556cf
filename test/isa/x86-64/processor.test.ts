// Vector instructions against a processor (named in the first line of the record), which test/oracles/x86-vectors.sh recorded.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { emulate } from "../../../src/emulate/emulate.ts";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { RegisterFile } from "../../../src/model/registers.ts";
import { bytesOf } from "../../support/fault.ts";

const DEVICE = 0x4000_0000n;
const ALL = 0xffff_ffff_ffff_ffffn;
/** FNV-1a, 64 bits. */
const OFFSET_BASIS = 0xcbf2_9ce4_8422_2325n;

function hash(bytes: Uint8Array): bigint {
  let value = OFFSET_BASIS;
  for (const byte of bytes) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100_0000_01b3n);
  return value;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function registerIndex(name: string): number {
  return X86_64.registers.index(name);
}

/** zmm0–zmm3, k1 and 512 bytes of memory, one behind the other, as x86-vectors.c makes them. */
function stateBefore(hex: string): Uint8Array {
  const bytes = new Uint8Array(4 * 64 + 8 + 512);
  const view = new DataView(bytes.buffer);
  let generator = hash(Buffer.from(hex));
  const next = (): bigint => {
    generator ^= BigInt.asUintN(64, generator << 13n);
    generator ^= generator >> 7n;
    generator ^= BigInt.asUintN(64, generator << 17n);
    return generator;
  };
  for (let offset = 0; offset < bytes.length; offset += 8) view.setBigUint64(offset, next(), true);
  const bits = indexBits(hex);
  const indices = bits === 0 ? 0 : 512 / bits;
  for (let index = 0; index < indices; index++) {
    const value = (next() % 280n) - 100n;
    if (bits === 32) view.setInt32(192 + 4 * index, Number(value), true);
    else view.setBigInt64(192 + 8 * index, value, true);
  }
  return bytes;
}

/** Bits of an index of a VSIB operand, or 0. */
function indexBits(hex: string): number {
  const decoded = X86_64.decode(bytesOf(hex), "x86-64");
  return decoded instanceof Refusal ? 0 : Number(/vm(32|64)/.exec(decoded.form)?.[1] ?? 0);
}

/** The state after the instruction: all its memory is device memory, so that every access is seen. */
function stateAfter(hex: string, before: Uint8Array): Uint8Array | Refusal {
  const registers = new RegisterFile(X86_64.registers);
  for (let number = 0; number < 4; number++)
    registers.capture(registerIndex(`zmm${number}`), littleEndian(before.subarray(64 * number, 64 * number + 64)));
  registers.capture(registerIndex("k1"), littleEndian(before.subarray(256, 264)));
  registers.capture(registerIndex("rax"), DEVICE + 128n);
  registers.capture(registerIndex("rdi"), DEVICE + 128n);
  const after = Uint8Array.from(before);
  const memory = after.subarray(264);
  const instruction = X86_64.decode(bytesOf(hex), "x86-64");
  if (instruction instanceof Refusal) return instruction;
  const fault = { pc: 0x1000n, bytes: bytesOf(hex), registers, mode: "kernel", memory: [], reads: [] } as const;
  const guest = { windows: [{ gva: DEVICE, gpa: DEVICE, size: 512n }] };
  const result = emulate(instruction, "x86-64", fault, guest, { atomics: "refuse", userMode: "refuse" }, ({ write, gpa, size, value }) => {
    const offset = Number(gpa - DEVICE);
    if (!write) return littleEndian(memory.subarray(offset, offset + size));
    for (let byte = 0; byte < size; byte++) memory[offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
    return 0n;
  });
  if (result instanceof Refusal) return result;
  for (const { register, value } of result.after.registers) {
    const name = X86_64.registers.name(register);
    const offset = name === "k1" ? 256 : 64 * Number(name.slice(3));
    for (let part = 0; part < (name === "k1" ? 1 : 8); part++)
      new DataView(after.buffer).setBigUint64(offset + 8 * part, (value >> BigInt(64 * part)) & ALL, true);
  }
  return after;
}

const recorded = readFileSync(new URL("../../oracles/x86-vectors.txt", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .map((line) => line.split(" ") as [string, string]);

describe("vector instructions as a processor executed them", () => {
  it("leave the same registers and memory behind", () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [hex, expected] of recorded) {
      const before = stateBefore(hex);
      const after = stateAfter(hex, before);
      // A mask that is all off makes no access: no such fault happens.
      if (after instanceof Refusal && after.detail.includes("no access at all")) continue;
      const found = after instanceof Refusal ? after.detail : hash(after).toString(16).padStart(16, "0");
      compared++;
      const decoded = X86_64.decode(bytesOf(hex), "x86-64");
      if (found !== expected)
        wrong.push(`${hex} ${decoded instanceof Refusal ? "undefined" : decoded.form}: ${found}, the processor ${expected}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(1_700);
  });
});
