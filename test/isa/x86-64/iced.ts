// iced-x86 as a second decoder: what it says of an instruction, in the words of our own decoder, and where the two differ on purpose.
import {
  Decoder,
  DecoderOptions,
  type Instruction as IcedInstruction,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  OpKind,
  Register,
  type UsedMemory,
} from "iced-x86";
import type { Direction, Instruction } from "../../../src/model/instruction.ts";
import { PROGRAM_COUNTER } from "../../../src/model/registers.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { X86_64 } from "../../../src/isa/x86-64/index.ts";

/** What either decoder says of the bytes. */
export interface Verdict {
  readonly kind: "instruction" | "undefined" | "truncated";
  readonly length: number;
  readonly mnemonic: string;
  readonly access: Direction;
  /** Bytes read and written; undefined where registers tell how many. */
  readonly read: number | undefined;
  readonly written: number | undefined;
  /** Base, index and displacement of the memory operand, where there is one and the decoder says it. */
  readonly address?: string | undefined;
}

const NOTHING: Verdict = { kind: "undefined", length: 0, mnemonic: "", access: "none", read: 0, written: 0 };
const MNEMONICS = new Map(Object.entries(Mnemonic).map(([name, number]) => [number as number, name.toLowerCase()]));
const READS: ReadonlySet<OpAccess> = new Set([OpAccess.Read, OpAccess.CondRead, OpAccess.ReadWrite, OpAccess.ReadCondWrite]);
const WRITES: ReadonlySet<OpAccess> = new Set([OpAccess.Write, OpAccess.CondWrite, OpAccess.ReadWrite, OpAccess.ReadCondWrite]);
const factory = new InstructionInfoFactory();

function directionOf(reads: boolean, writes: boolean): Direction {
  return reads && writes ? "read-write" : reads ? "read" : writes ? "write" : "none";
}

const REGISTERS = new Map(Object.entries(Register).map(([name, number]) => [number as number, name.toLowerCase()]));

/** The 64-bit name of a base or index register. */
function registerName(register: Register): string {
  const name = REGISTERS.get(register)!;
  if (register === Register.None) return "";
  return /^r\d+d$/.test(name) ? name.slice(0, -1) : name.replace(/^e/, "r");
}

/** As the machine computes it with the instruction at address 0. */
function addressOf(instruction: IcedInstruction): string | undefined {
  const hasMemory = Array.from({ length: instruction.opCount }, (_, index) => instruction.opKind(index)).includes(OpKind.Memory);
  if (!hasMemory) return undefined;
  const { memoryBase, memoryIndex, memoryIndexScale, memoryDisplacement, memorySegment } = instruction;
  const index = memoryIndex === Register.None ? "" : `${registerName(memoryIndex)}*${memoryIndexScale}`;
  const segment = memorySegment === Register.FS ? "fs" : memorySegment === Register.GS ? "gs" : "";
  return [segment, registerName(memoryBase), index, BigInt.asUintN(64, memoryDisplacement)].join(" ");
}

/** iced-x86's verdict on the first instruction of `bytes`. */
export function icedVerdict(bytes: Uint8Array): Verdict {
  const decoder = new Decoder(64, bytes, DecoderOptions.MPX);
  const instruction = decoder.decode();
  try {
    if (instruction.isInvalid) return { ...NOTHING, kind: decoder.lastError === 2 ? "truncated" : "undefined" };
    const mnemonic = MNEMONICS.get(instruction.mnemonic)!;
    const info = factory.info(instruction);
    let read = 0;
    let written = 0;
    let reads = false;
    let writes = false;
    for (const memory of info.usedMemory() as UsedMemory[]) {
      const size = MemorySizeExt.size(memory.memorySize);
      const { access } = memory;
      if (READS.has(access)) {
        reads = true;
        read += size;
      }
      if (WRITES.has(access)) {
        writes = true;
        written += size;
      }
      memory.free();
    }
    info.free();
    const address = addressOf(instruction);
    return { kind: "instruction", length: instruction.length, mnemonic, access: directionOf(reads, writes), read, written, address };
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** Instructions whose first address is not their memory operand as the bytes have it. */
const OTHER_ADDRESS = /^(pop|xlatb|movdir64b|vp?gather\w+|vp?scatter\w+)$/;

function ourName(register: number): string {
  return register === PROGRAM_COUNTER ? "rip" : X86_64.registers.name(register);
}

function ourAddress({ mnemonic, operation }: Instruction): string | undefined {
  if (operation instanceof Refusal || OTHER_ADDRESS.test(mnemonic)) return undefined;
  const [address] = operation.addresses;
  if (address === undefined) return undefined;
  const index = address.index === undefined ? "" : `${ourName(address.index.slice.register)}*${1 << address.index.shift.amount}`;
  const segment = address.segment === undefined ? "" : ourName(address.segment).slice(0, 2);
  return [
    segment,
    address.base === undefined ? "" : ourName(address.base),
    index,
    BigInt.asUintN(address.width, address.displacement),
  ].join(" ");
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** Our decoder's verdict. */
export function ourVerdict(bytes: Uint8Array): Verdict & { readonly instruction?: Instruction; readonly halved: boolean } {
  const instruction = X86_64.decode(bytes, "x86-64");
  if (instruction instanceof Refusal) {
    const kind = instruction.reason === "truncated-instruction" ? "truncated" : "undefined";
    return { ...NOTHING, kind, mnemonic: instruction.detail, halved: false };
  }
  const { length, mnemonic, access, operation, sizes } = instruction;
  const common = { kind: "instruction", length, mnemonic, access, instruction, halved: false, address: ourAddress(instruction) } as const;
  if (sizes.includes(0)) return { ...common, read: undefined, written: undefined };
  if (!(operation instanceof Refusal)) {
    return { ...common, read: sum(operation.reads.map(({ size }) => size)), written: sum(operation.writes.map(({ size }) => size)) };
  }
  const total = sum(sizes);
  if (access === "read-write") return { ...common, read: total / 2, written: total / 2, halved: true };
  return { ...common, read: access === "read" ? total : 0, written: access === "write" ? total : 0 };
}
