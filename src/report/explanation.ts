import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import { Refusal } from "../model/refusal.ts";
import type { RegisterSet } from "../model/registers.ts";
import type { Explanation, KnownCall, ValidSyndrome } from "../replay/explain.ts";
import { adviceFor, shapeOf } from "./advice.ts";
import { accessLines } from "./describe.ts";
import type { Style } from "./style.ts";
import { hardwareSyndrome } from "./syndrome.ts";
import { count, plural } from "./tally.ts";

/** What the page is set with. */
export interface Page {
  readonly style: Style;
  /** Columns; lines of prose are broken there. */
  readonly width: number;
}

/** What explain knows besides the explanation. */
export interface ExplanationContext {
  readonly registers: RegisterSet;
  /** Assembly text of the instruction. */
  readonly assembly: string | undefined;
  /** Where the fault stands: `oops.txt, line 12`. */
  readonly where: string;
  /** The log's format in words, for imported faults. */
  readonly format: string | undefined;
  readonly syndrome: ValidSyndrome | undefined;
}

/** Accesses and hypercalls that are shown one by one. */
const SHOWN = 4;
const INDENT = "  ";

/** One page of plain words about one fault. */
export function explanationText(explanation: Explanation, context: ExplanationContext, page: Page): string {
  const parts: string[] = [heading(explanation, context, page)];
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0) parts.push([page.style("bold", title), ...lines].join("\n"));
  };
  section("What happened", happened(explanation, context, page));
  section("The instruction", instructionLines(explanation, context, page));
  section("Could a hypervisor do it?", whether(explanation, context, page));
  section("What a handler in the guest would do", handlerLines(explanation, page));
  section(`Its hypercalls (handler ${explanation.handler})`, hypercallLines(explanation, page));
  section("What to change in the source", adviceLines(explanation, context, page));
  section("What the log does not say", gapLines(explanation, page));
  return `${parts.join("\n\n")}\n`;
}

function heading({ imported, fault, instruction }: Explanation, { assembly }: ExplanationContext, { style }: Page): string {
  const symbol = typeof imported["symbol"] === "string" ? imported["symbol"] : undefined;
  const place = symbol ?? (imported["pc"] === "unknown" ? "an address that the log does not tell" : hexadecimal(fault.pc));
  return instruction === undefined ? `At ${place}` : `At ${place}: ${style("bold", assembly ?? instruction.mnemonic)}`;
}

function happened({ fault, imported, address, addressFrom, objection, exit }: Explanation, { where, format }: ExplanationContext, page: Page): string[] {
  const who = fault.mode === "user" ? "A user program" : "The kernel or firmware";
  if (exit !== undefined) return wrap(`${who} executed ${EXIT_KINDS[exit]}, which leaves to the hypervisor. (${where}${format === undefined ? "" : `: ${format}`})`, page);
  const verb = fault.write === undefined ? "accessed memory at" : fault.write ? "wrote to" : "read from";
  const at = address === undefined ? " an address that the log does not tell" : ` virtual address ${hexadecimal(address)}${addressFrom === "registers" ? " (computed from its registers)" : ""}`;
  const physical = fault.gpa === undefined ? "" : `, guest physical address ${hexadecimal(fault.gpa)}`;
  const lines = [`${who} ${verb}${at}${physical}, and the access ${TRAPPED.has(String(imported["format"])) ? "was trapped" : "failed"}. (${where}${format === undefined ? "" : `: ${format}`})`];
  const message = imported["message"];
  if (typeof message === "string") lines.push(`The message was: ${message}.`);
  const disagrees = imported["disagrees"];
  if (Array.isArray(disagrees)) for (const each of disagrees) lines.push(`Careful: ${String(each)}.`);
  if (isPageFault(fault, imported)) {
    lines.push("Careful: it was a page fault. The guest's own page tables have nothing for this address, and no hypervisor was asked. What follows holds if a device is meant to be there.");
  }
  const reason = fault.exitReason === undefined ? undefined : EXITS.get(fault.exitReason);
  if (reason !== undefined) lines.push(`Exit reason ${hexadecimal(fault.exitReason!)}: ${reason}.`);
  if (objection !== undefined) lines.push(`Careful: ${objection.detail}. What follows is what the instruction would do if its target were an emulated device.`);
  return lines.flatMap((line) => wrap(line, page));
}

/** Exit reasons that are seen in such logs: SDM volume 3, appendix C; AMD64 Architecture Programmer's Manual, volume 2, appendix C. */
const EXITS: ReadonlyMap<bigint, string> = new Map([
  [18n, "the guest called the hypervisor (VMCALL), which a confidential guest does in another way"],
  [28n, "the guest changed or read a control register (CR0, CR4 …) in a way that it may not"],
  [29n, "the guest accessed a debug register"],
  [36n, "MWAIT, which waits for a write to memory"],
  [39n, "MONITOR, which prepares MWAIT"],
  [48n, "an access to memory that the guest does not have: a device (EPT violation)"],
  [49n, "an access to memory with wrong page tables of the hypervisor (EPT misconfiguration)"],
  [54n, "WBINVD, which writes back the caches"],
  [0x400n, "an access to memory that the guest does not have: a device (nested page fault)"],
  [0x404n, "the guest accessed a page of its own that it has not accepted as encrypted yet (page not validated)"],
]);

const EXIT_KINDS: Readonly<Record<NonNullable<Explanation["exit"]>, string>> = {
  cpuid: "CPUID (which asks for the processor's features)",
  halt: "HLT (which waits for an interrupt)",
  msr: "RDMSR or WRMSR (model-specific registers)",
  port: "an instruction for an I/O port",
};

/** Formats that tell of accesses that a hypervisor or a tracer saw, not of crashes. */
const TRAPPED: ReadonlySet<string> = new Set(["kvm-x86", "kvm-arm64", "mmiotrace", "undefined"]);

/** Whether a crash was one of the guest's own page tables, as its exception told. */
function isPageFault({ syndrome, gva, write, exitReason }: Explanation["fault"], { format, cause }: Explanation["imported"]): boolean {
  if (format === "linux-riscv" || (format === "qemu-exceptions" && cause !== undefined)) return cause === "0xd" || cause === "0xf";
  if (TRAPPED.has(String(format)) || gva === undefined || (format === "xen" && syndrome !== undefined)) return false;
  // Fault status of translation, access flag and permission faults, DDI 0487 D24.2.40.
  if (syndrome !== undefined) return (syndrome & 0x3fn) >= 0x04n && (syndrome & 0x3fn) <= 0x0fn;
  return write !== undefined && exitReason === undefined;
}

function instructionLines({ instruction, undecoded, fault, needs, deduced, exit }: Explanation, { assembly, registers, syndrome }: ExplanationContext, page: Page): string[] {
  if (instruction === undefined) {
    const lines =
      fault.bytes.length === 0
        ? ["The log has no bytes of it. Give the image that was running with --elf FILE (vmlinux, or the firmware's ELF)."]
        : [`The bytes ${bytesToHexadecimal(fault.bytes)} are no instruction: ${undecoded?.detail ?? "unknown"}.`];
    if (syndrome !== undefined) {
      const { write, size, register, signExtend } = syndrome;
      lines.push(`The processor's report (the syndrome) describes it: it ${write ? "writes" : "reads"} ${plural(size, "byte")} ${write ? "from" : "into"} ${register}${signExtend ? ", sign-extended" : ""}.`);
    }
    return lines.flatMap((line) => wrap(line, page));
  }
  const bytes = (bytesToHexadecimal(fault.bytes.subarray(0, instruction.length)).match(/../g) ?? []).join(" ");
  const lines = [`${INDENT}${bytes}  ${page.style("bold", assembly ?? instruction.mnemonic)}`];
  const { operation } = instruction;
  if (operation instanceof Refusal && exit === undefined) lines.push(...wrap(`${capital(operation.detail)}.`, page));
  else if (!(operation instanceof Refusal)) for (const line of accessLines(operation, registers)) lines.push(`${INDENT}${line}`);
  const known = needs.flatMap(({ name, value }) => (value === undefined || name === deduced?.name ? [] : [`${name} = ${hexadecimal(value)}`]));
  if (known.length > 0) lines.push(...wrap(known.join(", "), page));
  if (deduced !== undefined) lines.push(...wrap(`${deduced.name} = ${hexadecimal(deduced.value)} (follows from the address)`, page));
  return lines;
}

function whether({ instruction, instructionSet, imported, exit }: Explanation, { registers, syndrome }: ExplanationContext, page: Page): string[] {
  if (instruction === undefined || instructionSet === undefined) {
    if (syndrome !== undefined) return wrap("Yes: the processor's report is valid (ISV = 1). If the access failed all the same, no device answers at that address.", page);
    if (imported["format"] !== "kvm-arm64") return [];
    return wrap(
      "No. The processor reports an access to the hypervisor with a description (the syndrome) of its size and register, but only for plain loads and stores of one general-purpose register. For this one it gave none (ISV = 0), and KVM does not read instructions. Trace the event kvm:kvm_mmio_nisv or kvm:kvm_guest_fault to learn where it was.",
      page,
    );
  }
  if (exit !== undefined) {
    return wrap("An ordinary one yes. That of a confidential guest (TDX, SEV-ES, SEV-SNP) sees no registers: the guest gets an exception (#VE or #VC), and must hand over what is needed and nothing else.", page);
  }
  if (instruction.access === "none") return [];
  const known = hardwareSyndrome(instruction, instructionSet, registers);
  switch (instructionSet) {
    case "a64":
    case "a32":
    case "t32": {
      if (known === undefined) return [];
      const reason = known.why.replace(/: a hypervisor learns .*/, "");
      return wrap(
        known.complete
          ? "Yes: for this instruction the processor gives the hypervisor a full report (the syndrome, with ISV = 1: instruction syndrome valid). If the access failed all the same, no device answers at that address, or the page is not meant for devices."
          : `No. The processor reports an access to the hypervisor (the syndrome), and describes size and register for plain loads and stores of one general-purpose register only. It does not for this instruction (ISV = 0, instruction syndrome not valid): ${reason}. The hypervisor knows where, and not what. KVM then gives up: the guest gets an external abort, or the VMM stops with "kvm run failed".`,
        page,
      );
    }
    case "x86-64": {
      const linux = LINUX_MMIO.test(instruction.form);
      const lines = [
        "An ordinary one perhaps: the processor tells it the address and the direction of an access, not size and register, and it reads the instruction from the guest's memory. That of a confidential guest (TDX, SEV-ES, SEV-SNP) can read neither memory nor registers: the guest gets an exception (#VE or #VC) and must decode the instruction itself.",
        linux
          ? "Linux's handler for that knows mov, movzx and movsx between memory and one register or constant: this instruction is one of those."
          : "Linux's handler for that knows mov, movzx and movsx between memory and one register or constant: this instruction is none of those.",
      ];
      if (imported["format"] === "qemu-registers") lines.unshift("This one could not: KVM's emulator gave up on the instruction.");
      return lines.flatMap((line) => wrap(line, page));
    }
    case "rv64":
      return wrap(
        "Perhaps: the processor may hand the hypervisor a copy of the instruction (htinst); many write zero there, and the hypervisor reads the instruction from the guest's memory. KVM then emulates loads and stores of one integer register, and nothing else.",
        page,
      );
    default:
      return instructionSet satisfies never;
  }
}

/** Forms that Linux decodes, arch/x86/lib/insn-eval.c, insn_decode_mmio(). */
const LINUX_MMIO = /\[(?:88|89|8A|8B|C6|C7|0F B[67]|0F B[EF])\b/;

function handlerLines({ calls, refusal, countUnknown, instruction, exit }: Explanation, page: Page): string[] {
  if (calls === undefined) {
    if (refusal === undefined) return [];
    return wrap(`Refuse it (${refusal.reason}): ${refusal.detail}; ${refusal.advice}.`, page);
  }
  const atomic = instruction !== undefined && !(instruction.operation instanceof Refusal) && instruction.operation.atomic !== undefined;
  const shown = calls.length <= SHOWN ? calls : calls.slice(0, SHOWN - 1);
  const lines = shown.map((call) => `${INDENT}${callText(call)}`);
  if (shown.length < calls.length) lines.push(`${INDENT}… ${count(calls.length)} accesses in all`);
  if (calls.length === 0) lines.push(`${INDENT}${exit === undefined ? "no access" : "hand it to the host in one hypercall, and put the answer into the registers"}`);
  if (countUnknown) lines.push(...wrap("… and on, as often as the count register says, which the log does not tell.", page));
  if (atomic) lines.unshift(...wrap("Only if it is told to split atomic operations (--atomics split); by default it refuses them.", page));
  return lines;
}

function callText({ write, size, gva, gpa, value }: KnownCall): string {
  const at = gva === undefined ? (gpa === undefined ? "an unknown address" : `physical ${hexadecimal(gpa)}`) : hexadecimal(gva);
  const what = value === undefined ? (write ? "a value that is unknown" : "the device's value is unknown") : `value ${hexadecimal(value)}`;
  return `${write ? "write" : "read"} ${plural(size, "byte")} at ${at}, ${what}`;
}

function hypercallLines({ records }: Explanation, page: Page): string[] {
  if (records.length === 0) return [];
  const shown = records.length <= 2 ? records : records.slice(0, 1);
  const lines = shown.flatMap((record, index) => {
    const fields = Object.entries(record).flatMap(([key, value]) => fieldTexts(key, value));
    const [first = "", ...rest] = wrap(fields.join(", "), { ...page, width: page.width - 3 }).map((line) => line.replaceAll(TIED, " "));
    const number = records.length > 1 ? `${index + 1}. ` : "";
    return [`${INDENT}${number}${first.trimStart()}`, ...rest.map((line) => `${number === "" ? "" : "   "}${line}`)];
  });
  if (shown.some((record) => typeof record["host"] === "object")) lines.push(`${INDENT}(host.…: the part of it that the host of a confidential guest sees)`);
  if (shown.length < records.length) lines.push(`${INDENT}… one for each access, ${count(records.length)} in all`);
  return lines;
}

/** Stands for a space at which no line is broken. */
const TIED = "\u00a0";

function fieldTexts(key: string, value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.entries(value).flatMap(([inner, each]) => fieldTexts(`${key}.${inner}`, each));
  return [`${key}${TIED}=${TIED}${String(value)}`];
}

function adviceLines({ instruction, instructionSet }: Explanation, { registers }: ExplanationContext, page: Page): string[] {
  if (instruction === undefined || instructionSet === undefined || instruction.access === "none") return [];
  const { cause, remedies } = adviceFor(shapeOf(instruction, registers), instructionSet);
  return [...wrap(cause, page), ...remedies.flatMap((remedy) => bullet(remedy, page))];
}

function gapLines({ fault, imported, needs, instruction, calls }: Explanation, page: Page): string[] {
  const gaps: string[] = [];
  if (imported["pc"] === "unknown") {
    gaps.push(typeof imported["symbol"] === "string" ? "The address of the instruction: it has only the symbol. --elf FILE gives it." : "The address of the instruction.");
  }
  const missing = needs.filter(({ value }) => value === undefined).map(({ name }) => name);
  if (missing.length > 0) gaps.push(`The ${missing.length === 1 ? "register" : "registers"} ${missing.join(", ")}.`);
  if (instruction !== undefined && instruction.access !== "none" && fault.gpa === undefined && calls?.every(({ gpa }) => gpa !== undefined) !== true) gaps.push("The guest physical address, which a hypercall needs. --window GVA:GPA:SIZE gives it.");
  if (calls?.some(({ write, value }) => !write && value === undefined) === true) gaps.push("What the device would have answered.");
  return gaps.flatMap((gap) => bullet(gap, page));
}

function bullet(text: string, page: Page): string[] {
  const [first = "", ...rest] = wrap(text, { ...page, width: page.width - 2 });
  return [`${INDENT}- ${first.trimStart()}`, ...rest.map((line) => `  ${line}`)];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Breaks prose into indented lines. Words longer than a line stand alone. */
function wrap(text: string, { width }: Page): string[] {
  const lines: string[] = [];
  let line = INDENT.trimEnd();
  for (const word of text.split(/[ \n]+/)) {
    if (line !== "" && INDENT.length + line.length + 1 + word.length > width) {
      lines.push(`${INDENT}${line}`);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  if (line !== "") lines.push(`${INDENT}${line}`);
  return lines;
}
