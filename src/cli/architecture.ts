import { InvalidArgumentError, Option } from "commander";
import { ARCHITECTURES, type Architecture } from "../model/architecture.ts";
import { nearest } from "../replay/nearest.ts";

/** What others call them. */
const ALIASES: Readonly<Record<string, Architecture>> = { arm64: "aarch64", a64: "aarch64", amd64: "x86-64", x64: "x86-64", x86_64: "x86-64", arm32: "arm", armv7: "arm", rv64: "riscv64" };

/** The option `--arch`, which must be given. */
export function architectureOption(): Option {
  return new Option("--arch <arch>", ARCHITECTURES.join(", ")).argParser(parseArchitecture).makeOptionMandatory();
}

function parseArchitecture(word: string): Architecture {
  const found = ARCHITECTURES.find((each) => each === word);
  if (found !== undefined) return found;
  const near = ALIASES[word.toLowerCase()] ?? nearest(word, ARCHITECTURES);
  throw new InvalidArgumentError(`${near === undefined ? "" : `Did you mean ${near}? `}Known are ${ARCHITECTURES.join(", ")}.`);
}
