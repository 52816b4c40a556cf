import { type Command, InvalidArgumentError, Option } from "commander";
import { ARCHITECTURES, type Architecture } from "../model/architecture.ts";
import type { Window } from "../model/fault.ts";
import type { ImportChoices } from "../replay/import.ts";
import { UsageError } from "./terminal.ts";
import { collectWindow } from "./window-option.ts";

/** Options of every command that reads logs. */
export interface ImportOptions {
  readonly as?: string;
  readonly arch?: Architecture;
  readonly elf?: string;
  readonly loadOffset?: bigint;
  readonly window?: readonly Window[];
}

/** Adds {@link ImportOptions} to a command. */
export function addImportOptions(command: Command): Command {
  return command
    .option("--as <format>", "the log's format, instead of finding it")
    .addOption(new Option("--arch <arch>", "take the faults of this architecture only").choices(ARCHITECTURES))
    .option("--elf <file>", "image with the code (vmlinux, a firmware's ELF): supplies instruction bytes by address, addresses by symbol")
    .option("--load-offset <number>", "what to add to the image's addresses (KASLR, position-independent code)", parseNumber)
    .option("--window <gva:gpa:size>", "where the guest maps device memory; may be repeated", collectWindow);
}

/** The choices that the options make. */
export async function importChoices({ as, arch, elf, loadOffset, window }: ImportOptions): Promise<ImportChoices> {
  if (loadOffset !== undefined && elf === undefined) throw new UsageError("--load-offset moves the image of --elf, and there is none");
  const image = elf === undefined ? undefined : (await import("../elf/elf.ts")).ElfImage.open(elf, loadOffset);
  return { as, architecture: arch, image, windows: window };
}

function parseNumber(text: string): bigint {
  const [, sign, digits] = /^(-?)(0x[0-9a-f]{1,16}|\d{1,20})$/i.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError("Expected a number, e.g. 0x1e000000.");
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}
