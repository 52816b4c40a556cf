import { describe, expect, it } from "vitest";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import type { Address } from "../../../src/model/operation.ts";
import { PROGRAM_COUNTER } from "../../../src/model/registers.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { bytesOf } from "../../support/fault.ts";

function decode(hex: string): Instruction {
  const instruction = X86_64.decode(bytesOf(hex), "x86-64");
  if (instruction instanceof Refusal) throw new Error(`${hex}: ${instruction.reason}: ${instruction.detail}`);
  return instruction;
}

function refusal(hex: string): Refusal {
  const result = X86_64.decode(bytesOf(hex), "x86-64");
  if (!(result instanceof Refusal)) throw new Error(`${hex} is ${result.form}`);
  return result;
}

function address(hex: string): Address {
  const { operation } = decode(hex);
  if (operation instanceof Refusal) throw new Error(`${hex}: ${operation.detail}`);
  return operation.addresses[0]!;
}

const register = (name: string): number => X86_64.registers.index(name);

describe("prefixes", () => {
  it("take any order, and the last of a group wins", () => {
    expect(decode("66 67 64 89 08").length).toBe(5);
    expect(decode("64 67 66 89 08")).toMatchObject({ sizes: [2] });
    expect(address("64 65 8b 00").segment).toBe(register("gs_base"));
    // DS, ES, SS and CS do nothing in 64-bit mode, and do not take FS away.
    expect(address("64 3e 8b 00").segment).toBe(register("fs_base"));
    expect(address("2e 36 3e 26 8b 00").segment).toBeUndefined();
    // Of F2 and F3 the last is the mandatory prefix.
    expect(decode("f2 f3 0f 10 00").mnemonic).toBe("movss");
    expect(decode("f3 f2 0f 10 00").mnemonic).toBe("movsd");
    expect(decode("66 f3 0f 10 00").mnemonic).toBe("movss");
    expect(decode("66 f2 0f 38 f1 00")).toMatchObject({ mnemonic: "crc32", sizes: [2] });
  });

  it("count REX only right before the opcode", () => {
    expect(decode("48 8b 00").sizes).toEqual([8]);
    expect(decode("48 66 8b 00").sizes).toEqual([2]);
    expect(decode("66 48 8b 00").sizes).toEqual([8]);
    expect(decode("48 40 8b 00").sizes).toEqual([4]);
  });

  it("ignore what an instruction has no use for", () => {
    expect(decode("f3 8b 00")).toMatchObject({ mnemonic: "mov", length: 3 });
    expect(decode("66 88 00").sizes).toEqual([1]);
  });
});

describe("ModRM, SIB and displacement", () => {
  it("take mod 0 with rm 101 as RIP-relative whatever REX.B says, from the end of the instruction", () => {
    expect(address("8b 05 10 00 00 00")).toMatchObject({ base: PROGRAM_COUNTER, displacement: 0x16n });
    expect(address("41 8b 05 10 00 00 00")).toMatchObject({ base: PROGRAM_COUNTER, displacement: 0x17n });
    // The immediate counts: c7 05 disp32 imm32 has ten bytes.
    expect(address("c7 05 10 00 00 00 01 00 00 00")).toMatchObject({ displacement: 0x1an });
    expect(address("c6 05 f0 ff ff ff 01")).toMatchObject({ displacement: -9n });
    expect(address("48 81 3d 00 00 00 00 01 00 00 00")).toMatchObject({ displacement: 11n });
  });

  it("take base 101 with mod 0 as no base, whatever REX.B says", () => {
    for (const hex of ["8b 04 25 00 10 00 00", "41 8b 04 25 00 10 00 00"]) {
      const found = address(hex);
      expect(found.base).toBeUndefined();
      expect(found.index).toBeUndefined();
      expect(found.displacement).toBe(0x1000n);
    }
    expect(address("41 8b 45 00").base).toBe(register("r13"));
  });

  it("take index 100 as none, and as R12 with REX.X", () => {
    expect(address("8b 04 24")).toEqual({ base: register("rsp"), displacement: 0n, width: 64 });
    expect(address("42 8b 04 24").index).toMatchObject({ slice: { register: register("r12") }, shift: { amount: 0 } });
    expect(address("8b 04 c8").index).toMatchObject({ slice: { register: register("rcx") }, shift: { amount: 3 } });
  });

  it("sign-extend displacements", () => {
    expect(address("8b 40 80").displacement).toBe(-128n);
    expect(address("8b 80 00 00 00 80").displacement).toBe(-0x8000_0000n);
  });

  it("cut addresses to 32 bits with 67, before the segment base is added", () => {
    expect(address("67 64 8b 00")).toMatchObject({ width: 32, segment: register("fs_base") });
    expect(address("67 a1 44 33 22 11")).toMatchObject({ width: 32, displacement: 0x1122_3344n });
    expect(address("a1 88 77 66 55 44 33 22 11").displacement).toBe(0x1122_3344_5566_7788n);
    expect(address("a1 88 77 66 55 44 33 22 f1").displacement).toBe(0xf122_3344_5566_7788n);
  });

  it("scale an 8-bit displacement of EVEX by the tuple type, or by the element that is broadcast", () => {
    // vmovups zmm0, [rax+1*64]; with ymm 32, with xmm 16
    expect(address("62 f1 7c 48 10 40 01").displacement).toBe(64n);
    expect(address("62 f1 7c 28 10 40 01").displacement).toBe(32n);
    expect(address("62 f1 7c 08 10 40 ff").displacement).toBe(-16n);
    // vmovss xmm0, [rax+1*4]; vpcompressd [rax+4], zmm0; vmovddup xmm0, [rax+8]
    expect(address("62 f1 7e 08 10 40 01").displacement).toBe(4n);
    expect(address("62 f2 7d 48 8b 40 01").displacement).toBe(4n);
    expect(address("62 f1 ff 08 12 40 01").displacement).toBe(8n);
    // A 32-bit displacement is not scaled.
    expect(address("62 f1 7c 48 10 80 01 00 00 00").displacement).toBe(1n);
    // Promoted by APX: not scaled. add [r16+1], eax
    expect(address("62 fc 7c 08 01 40 01")).toMatchObject({ displacement: 1n, base: register("r16") });
  });
});

describe("APX", () => {
  it("reads REX2 before maps 0 and 1, never as something else", () => {
    // mov [r31 + r30*2 + 8], r29d: M0 0, R4 X4 B4 1, W 0, R3 X3 B3 1
    const instruction = decode("d5 77 89 6c 77 08");
    expect(instruction).toMatchObject({ mnemonic: "mov", access: "write", sizes: [4], length: 6 });
    expect(address("d5 77 89 6c 77 08")).toMatchObject({
      base: 31,
      index: { slice: { register: 30 }, shift: { amount: 1 } },
      displacement: 8n,
    });
    expect(decode("d5 98 b6 00")).toMatchObject({ form: "MOVZX r64, r/m8 [REX.W + 0F B6 /r]" });
    // Byte registers 4–7 are SPL … DIL with REX2 too.
    expect(decode("d5 00 88 20").operation).toMatchObject({ writes: [{ from: { register: register("rsp"), bit: 0 } }] });
  });

  it("says which opcodes REX2 does not go with", () => {
    const undefinedOnes = [
      "d5 00 0f 00",
      "d5 00 48 89 00",
      "d5 00 74 00",
      "d5 00 e8 00 00 00 00",
      "d5 80 80 00 00 00 00",
      "d5 08 a1 00 00 00 00",
      "d5 80 ae 20",
      "48 d5 00 89 00",
    ];
    expect(undefinedOnes.filter((hex) => refusal(hex).reason !== "undefined-instruction")).toEqual([]);
    expect(decode("d5 00 a1 00 00 00 00 00 00 00 00")).toMatchObject({ mnemonic: "jmpabs", access: "none" });
  });

  it("reads the promoted map with its new data destination", () => {
    // add r16, [rax], rcx: ND 1, V the destination
    expect(decode("62 f4 fc 10 01 08").form).toBe("ADD r64, r/m64, r64 [EVEX.ND1.MAP4.o64 01 /r]");
    expect(decode("62 f4 fc 10 01 08")).toMatchObject({ access: "read", sizes: [8] });
    expect(decode("62 f4 7d 08 01 08")).toMatchObject({ access: "read-write", sizes: [2, 2] });
    // NF with ADC, which has none; a vvvv that no operand is in; L
    const undefinedOnes = ["62 f4 7c 0c 11 08", "62 f4 74 08 01 08", "62 f4 7c 28 01 08"];
    expect(undefinedOnes.filter((hex) => refusal(hex).reason !== "undefined-instruction")).toEqual([]);
  });
});

describe("undefined encodings", () => {
  it.for([
    ["LOCK on an instruction that it does not go with", "f0 8b 00"],
    ["LOCK on a register destination", "f0 01 c0"],
    ["LOCK on a load", "f0 03 00"],
    ["LOCK CMP", "f0 39 00"],
    ["LOCK BT", "f0 0f a3 00"],
    ["VEX after 66", "66 c5 f8 28 00"],
    ["VEX after F2", "f2 c5 f8 28 00"],
    ["VEX after F3", "f3 c5 f8 28 00"],
    ["VEX after LOCK", "f0 c5 f8 28 00"],
    ["VEX after REX", "48 c5 f8 28 00"],
    ["EVEX after 66", "66 62 f1 7c 48 10 00"],
    ["EVEX after REX", "41 62 f1 7c 48 10 00"],
    ["REX2 after REX", "41 d5 00 89 00"],
    ["XOP after REX", "48 8f e8 78 c0 00 01"],
    ["vvvv where there is no operand for it", "c5 f0 28 00"],
    ["VEX.L where the length is 128", "c5 fd 6e 00"],
    ["EVEX.L'L = 3", "62 f1 7c 68 10 00"],
    ["EVEX zeroing without mask", "62 f1 7c c8 10 00"],
    ["EVEX zeroing of a store", "62 f1 7c c9 11 00"],
    ["EVEX broadcast of a move", "62 f1 7c 58 10 00"],
    ["EVEX gather without mask", "62 f2 7d 48 90 04 08"],
    ["a gather whose index is its destination", "62 f2 7d 49 90 04 00"],
    ["a gather without SIB", "c4 e2 71 90 00"],
    ["PUSH ES", "06"],
    ["POP ES", "07"],
    ["DAA", "27"],
    ["AAS", "3f"],
    ["PUSHA", "60"],
    ["82 /0", "82 00 01"],
    ["INTO", "ce"],
    ["far CALL with a pointer", "9a 00 00 00 00 00 00"],
    ["SALC", "d6"],
    ["far JMP with a pointer", "ea 00 00 00 00 00 00"],
    ["MOV to CS", "8e 08"],
    ["MOV with a segment register 6", "8c 30"],
    ["C6 /1", "c6 08 00"],
    ["C7 /1", "c7 08 00 00 00 00"],
    ["FF /7", "ff 38"],
    ["FE /2", "fe 10"],
    ["UD0", "0f ff 00"],
    ["UD1", "0f b9 00"],
    ["UD2", "0f 0b"],
    ["MOVAPS with F3", "f3 0f 28 00"],
    ["LEA of a register", "8d c0"],
    ["an opcode that nothing has", "0f 04"],
    ["0F 38 of nothing", "0f 38 0c 00"],
    ["MOVBE of registers", "0f 38 f0 c0"],
    ["CMPXCHG8B of a register", "0f c7 c8"],
    ["PTWRITE with 66", "66 f3 0f ae 20"],
  ] as const)("%s", ([, hex]) => {
    expect(refusal(hex!).reason).toBe("undefined-instruction");
  });

  it("an instruction of more than 15 bytes, though the bytes are there", () => {
    const longest = `${"66".repeat(4)} 64 67 81 84 08 11 22 33 44 55 66`;
    expect(decode(longest).length).toBe(15);
    expect(refusal(`26 ${longest}`).reason).toBe("undefined-instruction");
    expect(refusal(`26 ${longest}`).detail).toContain("15 bytes");
    expect(refusal("66".repeat(15)).reason).toBe("undefined-instruction");
    expect(refusal(`${"66".repeat(14)}`).reason).toBe("truncated-instruction");
  });
});

describe("truncated instructions", () => {
  it.for([
    ["", 1],
    ["48", 1],
    ["48 8b", 1],
    ["48 8b 80", 4],
    ["48 8b 44", 2],
    ["48 8b 04", 1],
    ["48 8b 84 08", 4],
    ["48 8b 80 00", 3],
    ["c7 00", 4],
    ["c7 80 00 00 00 00 01", 3],
    ["48 b8", 8],
    ["0f", 1],
    ["0f 38", 1],
    ["c5", 2],
    ["c4 e2", 2],
    ["62 f1", 3],
    ["62 f1 7c 48 10", 1],
    ["d5", 2],
    ["8f", 1],
    ["0f 0f 00", 1],
    ["a1 00", 7],
    ["c8", 3],
  ] as const)("%s needs at least %i more bytes", ([hex, more]) => {
    expect(refusal(hex)).toMatchObject({ reason: "truncated-instruction" });
    expect(refusal(hex).detail).toContain(`at least ${more} more`);
  });

  it("are never called something else than the whole instruction is", () => {
    const whole = [
      "48 8b 84 c8 10 32 54 76",
      "f0 48 81 84 c8 10 32 54 76 10 32 54 76",
      "62 f2 7d 49 90 44 88 10",
      "c4 e3 7d 19 44 88 10 01",
      "d5 77 89 6c 77 08",
    ];
    for (const bytes of whole.map(bytesOf)) {
      expect(X86_64.decode(bytes, "x86-64")).toMatchObject({ length: bytes.length });
      for (let length = 0; length < bytes.length; length++) {
        expect(X86_64.decode(bytes.subarray(0, length), "x86-64")).toMatchObject({ reason: "truncated-instruction" });
      }
    }
  });
});

describe("instructions that are only named", () => {
  it.for([
    ["0f 58 00", "addps", "read", [8, 8]],
    ["c5 fc 58 00", "vaddps", "read", [8, 8, 8, 8]],
    ["62 f1 7c 58 58 00", "vaddps", "read", [4]],
    ["62 f1 7c 49 58 00", "vaddps", "read", [0, 0, 0, 0, 0, 0, 0, 0]],
    ["c5 f8 c6 00 01", "vshufps", "read", [8, 8]],
    ["d9 00", "fld", "read", [4]],
    ["db 28", "fld", "read", [8, 2]],
    ["dd 18", "fstp", "write", [8]],
    ["0f 6f 00", "movq", "read", [8]],
    ["0f 7f 00", "movq", "write", [8]],
    ["8c 18", "mov", "write", [2]],
    ["0f 01 00", "sgdt", "write", [8, 2]],
    ["0f 01 10", "lgdt", "read", [8, 2]],
    ["0f ae 00", "fxsave", "write", Array.from({ length: 64 }, () => 8)],
    ["0f ae 20", "xsave", "read-write", [0, 0]],
    ["48 ff 28", "jmp", "read", [8, 2]],
    ["8f e8 78 c0 00 01", "vprotb", "read", [8, 8]],
    ["0f 0f 00 9e", "pfadd", "read", [8]],
    ["cf", "iretd", "read", [4, 4, 4, 4, 4]],
    ["6d", "insd", "write", [4]],
    ["f3 6e", "outsb", "read", [0]],
    ["f2 0f 38 f8 00", "enqcmd", "read-write", Array.from({ length: 16 }, () => 8)],
  ] as const)("%s is %s", ([hex, mnemonic, access, sizes]) => {
    const instruction = decode(hex);
    expect(instruction).toMatchObject({ mnemonic, access, length: bytesOf(hex).length });
    expect(instruction.sizes).toEqual(sizes);
    expect(instruction.operation).toMatchObject({ reason: "unsupported-instruction" });
  });

  it.for(["8b c0", "8d 00", "0f 18 00", "0f 1f 00", "f4", "0f a2", "0f 30", "c6 f8 00", "0f ae f8", "90", "c5 f8 77", "74 00", "0f 20 00"])(
    "%s touches no memory",
    (hex) => {
      expect(decode(hex)).toMatchObject({ access: "none", sizes: [], length: bytesOf(hex).length });
      expect(decode(hex).operation).toMatchObject({ reason: "not-memory-access" });
    },
  );

  it("say what they ask of the hypervisor", () => {
    expect(decode("0f a2").exit).toEqual({ kind: "cpuid" });
    expect(decode("f4").exit).toEqual({ kind: "halt" });
    expect(decode("0f 32").exit).toEqual({ kind: "msr-read" });
    expect(decode("0f 30").exit).toEqual({ kind: "msr-write" });
    expect(decode("e4 70").exit).toEqual({ kind: "port", write: false, size: 1, immediate: 0x70 });
    expect(decode("66 ef").exit).toEqual({ kind: "port", write: true, size: 2 });
    expect(decode("48 ed").exit).toEqual({ kind: "port", write: false, size: 4 });
    expect(decode("67 64 f3 6f").exit).toMatchObject({
      kind: "port",
      write: true,
      size: 4,
      string: {
        address: { base: register("rsi"), width: 32, segment: register("fs_base") },
        repeat: { counter: { register: register("rcx"), width: 32 } },
      },
    });
    expect(decode("8b 00").exit).toBeUndefined();
  });
});
