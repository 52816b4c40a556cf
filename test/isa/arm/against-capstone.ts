import { A32_TABLE, T32_NARROW_TABLE, T32_TABLE } from "../../../src/isa/arm/decode.ts";
import { ARM } from "../../../src/isa/arm/index.ts";
import { CPSR, D0 } from "../../../src/isa/arm/registers.ts";
import type { Instruction } from "../../../src/model/instruction.ts";
import type { Address, Operation, RegisterSlice } from "../../../src/model/operation.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { PROGRAM_COUNTER } from "../../../src/model/registers.ts";
import type { Disassembler } from "../../support/capstone.ts";
import { bytesOf } from "../../support/fault.ts";

const CONDITIONS = ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", ""];

const halfword = (value: number): string => [value & 0xff, (value >>> 8) & 0xff].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Words as instruction bytes: A32 little-endian words, T32 halfwords in order. */
export function bytesOfWord(word: number, set: "a32" | "t32", width: 16 | 32 = 32): string {
  if (width === 16) return halfword(word);
  return set === "a32" ? halfword(word) + halfword(word >>> 16) : halfword(word >>> 16) + halfword(word);
}

/** Mnemonics of instructions that touch memory. */
const MEMORY = /^(v?ldr|v?str|v?ldm|v?stm|f(ld|st)m|ldc|stc|lda|stl|ldrex|strex|swp|tb[bh]|rfe|srs|vld|vst|v?push|v?pop)/;

/**
 * Differences from capstone 5, each decided by the manual. `ours` is a form, a refusal's reason where that is the answer, or "" for an
 * unallocated word; `theirs` a mnemonic or "".
 */
const DIFFERENCES: readonly { readonly why: string; readonly covers: (ours: string, theirs: string, reason: string) => boolean }[] = [
  { why: "SWP and SWPB are Armv7's (DDI 0406, SWP, SWPB); capstone is asked for Armv8", covers: (ours, theirs) => ours.startsWith("SWP") && theirs === "" },
  { why: "LDC and STC of p14 take c5 only (DDI 0487 F5.1 and F6.1, LDC, STC): other registers are UNDEFINED", covers: (ours, theirs) => ours === "" && /^(ldc|stc)/.test(theirs) },
  { why: "other coprocessors are Armv7's; capstone is asked for Armv8", covers: (ours, theirs) => /^(LDC|STC)2?( |$)/.test(ours) && theirs === "" },
  { why: "UDF is permanently UNDEFINED (F5.1, UDF)", covers: (ours, theirs) => ours === "" && /^(udf|trap)/.test(theirs) },
  { why: "the M-profile Vector Extension is not in the mode of capstone used here", covers: (ours) => ours.endsWith(" MVE") },
  { why: "should-be bits are CONSTRAINED UNPREDICTABLE (F1.7): capstone calls some of them invalid", covers: (_, theirs, reason) => reason === "unpredictable" && theirs === "" },
  { why: "classes without memory accesses are not taken apart here", covers: (_, theirs, reason) => reason === "not-memory-access" && theirs === "" },
  { why: "TT, TTT, TTA, TTAT are M-profile's; to A-profile the word is STREX with Rt 15 (F6.1, STREX)", covers: (ours, theirs, reason) => ours === "STREX T1" && /^tta?t?$/.test(theirs) && reason === "unpredictable" },
  { why: "1111 1010 and 1111 1011 hold no Advanced SIMD instruction (F3.1, Data-processing (register), Multiply): capstone looks unallocated words up in its A32 table", covers: (ours, theirs) => ours === "" && theirs.startsWith("v") && !MEMORY.test(theirs) },
  { why: "AESE, SHA1C and their kin begin with 111x 1111 (F6.1): capstone's T32 table leaves bits 26:24 out", covers: (ours, theirs) => ours !== "Advanced SIMD data-processing" && /^(sha|aes)/.test(theirs) },
  { why: "RFE and SRS: capstone rejects should-be bits that are CONSTRAINED UNPREDICTABLE", covers: (ours, theirs) => /^(RFE|SRS)/.test(ours) && theirs === "" },
];

const registerName = (register: number): string => {
  if (register === PROGRAM_COUNTER || register === 15) return "pc";
  return register === 13 ? "sp" : register === 14 ? "lr" : ARM.registers.name(register);
};
const dataName = ({ register, bit, width }: RegisterSlice): string => {
  if (register <= CPSR) return registerName(register);
  return width === 64 ? `d${register - D0}` : `s${2 * (register - D0) + bit / 32}`;
};

/** Capstone prints immediates above 9 in hexadecimal. */
const number = (value: bigint): string => {
  const magnitude = value < 0n ? -value : value;
  return `#${value < 0n ? "-" : ""}${magnitude > 9n ? `0x${magnitude.toString(16)}` : magnitude}`;
};

/** The registers that are loaded or stored, in order. */
function dataOf({ reads, computes, writes }: Operation): string[] {
  const loaded = reads.flatMap(({ to }) => (to[0] === undefined ? [] : [dataName(to[0])]));
  const copied = reads.length === 0 ? [] : computes.flatMap(({ to }) => to.map(dataName));
  const stored = writes.map(({ from }) => (from.kind === "register" ? dataName(from) : "pc"));
  return [...loaded, ...copied, ...stored];
}

function offsetText({ displacement, index }: Address): string {
  if (index === undefined) return displacement === 0n ? "" : number(displacement);
  const { kind, amount } = index.shift;
  const shift = kind === "rrx" ? ", rrx" : amount === 0 ? "" : `, ${kind} #${amount}`;
  return `${index.negative ? "-" : ""}${registerName(index.slice.register)}${shift}`;
}

function addressText(address: Address, update: Address | undefined): string {
  const base = registerName(address.base!);
  const offset = offsetText(address);
  const inside = offset === "" ? `[${base}]` : `[${base}, ${offset}]`;
  if (update === undefined) return inside;
  return offsetText(update) === offset ? `${inside}!` : `[${base}], ${offsetText(update)}`;
}

/** A structure's registers: whole, one lane, or all lanes. */
function structureText(kind: "structure" | "lane" | "all lanes", { reads, writes, addresses, updates, alignment }: Operation): string {
  const slices = [...reads.flatMap(({ to }) => to), ...writes.flatMap(({ from }) => (from.kind === "register" ? [from] : []))];
  const registers = [...new Set(slices.map(({ register }) => register))].toSorted((first, second) => first - second);
  const lane = kind === "structure" ? "" : kind === "lane" ? `[${slices[0]!.bit / slices[0]!.width}]` : "[]";
  const list = registers.map((register) => `d${register - D0}${lane}`).join(", ");
  const step = updates[0]?.value;
  const end = step === undefined ? "" : step.index === undefined ? "!" : `, ${registerName(step.index.slice.register)}`;
  return `{${list}}, [${registerName(addresses[0]!.base!)}${alignment === undefined ? "" : `:0x${(8 * alignment).toString(16)}`}]${end}`;
}

/** The instruction in capstone's assembly, for the kinds whose operands an operation holds whole. */
function assembly(kind: string, instruction: Instruction, operation: Operation, set: "a32" | "t32", bits: number): string | undefined {
  const condition = set === "a32" && typeof operation.condition === "number" ? CONDITIONS[operation.condition]! : "";
  const update = operation.updates[0]?.value;
  const stem = instruction.mnemonic;
  switch (kind) {
    case "single":
    case "double":
    case "vector single":
    case "ordered":
      if (operation.atomic === "exclusive-store") return undefined;
      return `${stem.replace(/\.(32|64)$/, "")}${condition} ${[...dataOf(operation), addressText(operation.addresses[0]!, update)].join(", ")}`;
    case "table branch":
      return `${stem} ${addressText(operation.addresses[0]!, undefined)}`;
    case "multiple":
    case "vector multiple":
      return `${stem.replace(/^(ldm|stm)ia/, "$1").replace("pop", "ldm").replace("push", "stmdb").replace(/\.(32|64)$/, "")}${condition} ${registerName(operation.addresses[0]!.base!)}${update === undefined ? "" : "!"}, {${dataOf(operation).join(", ")}}`;
    case "structure":
      return `${stem}.${8 << ((bits >>> 6) & 3)} ${structureText(kind, operation)}`;
    case "lane":
    case "all lanes":
      return `${stem} ${structureText(kind, operation)}`;
    default:
      return undefined;
  }
}

const PLAIN_NAMES: Readonly<Record<string, string>> = { sb: "r9", sl: "r10", fp: "r11", ip: "r12" };

/** Aliases as what they stand for, and zero offsets away: capstone prints them in several ways. */
function normalise(mnemonic: string, operands: string, ours: string): string {
  const plain = mnemonic.replace(/\.w$/, "");
  const text = `${plain} ${operands}`
    .replace(/#(-?)0x([0-9a-f])(?![0-9a-f])/g, (_, sign: string, digit: string) => number(BigInt(`0x${digit}`) * (sign ? -1n : 1n)))
    .replace(/\b(sb|sl|fp|ip)\b/g, (name) => PLAIN_NAMES[name]!)
    .replace(/, (#-?0|lsl #0)\]/, "]")
    .replace(/\], #-?0$/, "]!");
  const single = ours.startsWith("ldr") || ours.startsWith("str");
  return text
    .replace(/^pop(\w*) \{(\w+)\}$/, single ? "ldr$1 $2, [sp], #4" : "$&")
    .replace(/^push(\w*) \{(\w+)\}$/, single ? "str$1 $2, [sp, #-4]!" : "$&")
    .replace(/^pop(\w*) /, "ldm$1 sp!, ")
    .replace(/^push(\w*) /, "stmdb$1 sp!, ")
    .replace(/^vpop(\w*) /, "vldmia$1 sp!, ")
    .replace(/^vpush(\w*) /, "vstmdb$1 sp!, ");
}

/** What differs between our reading of a word and capstone's; undefined if nothing does, or the manual decides it for us. */
export function difference(word: number, set: "a32" | "t32", width: 16 | 32, capstone: Disassembler): string | undefined {
  const table = set === "a32" ? A32_TABLE : width === 16 ? T32_NARROW_TABLE : T32_TABLE;
  const bytes = bytesOf(bytesOfWord(word, set, width));
  const decoded = ARM.decode(bytes, set);
  const theirs = capstone.disassemble(bytes, 0x1000n);
  const row = table.find(word);
  const form = row?.form ?? "";
  const reason = decoded instanceof Refusal ? decoded.reason : decoded.operation instanceof Refusal ? decoded.operation.reason : "";
  if (DIFFERENCES.some(({ covers }) => covers(form, theirs?.mnemonic ?? "", reason))) return undefined;
  if (decoded instanceof Refusal || row === undefined) return theirs === undefined ? undefined : `nothing to us, ${theirs.mnemonic} ${theirs.operands} to capstone`;
  if (theirs === undefined) return `${form} to us, nothing to capstone`;
  if (reason === "not-memory-access") return MEMORY.test(theirs.mnemonic) ? `${form} to us, ${theirs.mnemonic} to capstone` : undefined;
  if (!MEMORY.test(theirs.mnemonic)) return `${form} to us, ${theirs.mnemonic} to capstone`;
  if (decoded.operation instanceof Refusal) return undefined;
  const mine = assembly(row.facts.kind, decoded, decoded.operation, set, word);
  const other = normalise(theirs.mnemonic, theirs.operands, decoded.mnemonic);
  return mine === undefined || mine === other ? undefined : `"${mine}" to us, "${other}" to capstone`;
}
