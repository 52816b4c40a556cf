// Captures the traces of traces/ whose names begin with driver-qemu- and firmware-: builds the guests of test/guests/, starts each under
// QEMU and runs `trapline capture` on it. Prints every command, as a person would type it.
//
//   npm run build && npx jiti scripts/capture-traces.ts [FOLDER]
//
// Needs Debian's qemu-system-arm, -misc and -x86, qemu-efi-aarch64 and cross compilers (see .ci/run).
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build, compilerWords, freePort, GUESTS, start, stop } from "../test/guests/machine.ts";

const COMMAND = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
const folder = process.argv[2] ?? fileURLToPath(new URL("../traces", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "trapline-capture-"));

function say(words: readonly string[]): void {
  console.log(`$ ${words.map((word) => (/[^\w./:=,+-]/.test(word) ? `"${word}"` : word)).join(" ")}`);
}

async function record(machine: readonly string[], words: readonly string[], architecture: string, name: string): Promise<void> {
  const port = await freePort();
  const [emulator, ...options] = [...machine, "-display", "none", "-monitor", "none", "-serial", "null", "-S", "-gdb", `tcp::${port}`];
  say([emulator!, ...options]);
  const child = start(emulator!, options);
  await sleep(2000);
  mkdirSync(join(folder, architecture), { recursive: true });
  const capture = ["capture", "--gdb", `localhost:${port}`, ...words, "--truth", "-o", join(folder, architecture, `${name}.jsonl`)];
  say(["trapline", ...capture]);
  const { status } = spawnSync(process.execPath, [COMMAND, ...capture], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
  await stop(child);
}

const version = /version (\S+)/.exec(spawnSync("qemu-system-aarch64", ["--version"], { encoding: "utf8" }).stdout)?.[1];
const windowsOf = (windows: readonly string[]): string[] => windows.flatMap((window) => ["--window", window]);

for (const [name, { build: how, machine, windows, words }] of Object.entries(GUESTS)) {
  const elf = join(scratch, `${name}.elf`);
  say([how.compiler, ...compilerWords(how, elf)]);
  build(how, elf);
  const compiler = spawnSync(how.compiler, ["-dumpfullversion"], { encoding: "utf8" }).stdout.trim();
  const source = `QEMU ${version} TCG, ${machine.slice(1).join(" ")}: test/guests/driver.c, GCC ${[compiler, "-O2", ...how.options].join(" ")}`;
  const architecture = name === "a32" || name === "t32" ? "arm" : name;
  await record([...machine, "-kernel", elf], [...windowsOf(windows), ...words, "--elf", elf, "--until", "finished", "--source", source], architecture, name === "a32" || name === "t32" ? `driver-qemu-${name}` : "driver-qemu");
}
await record(
  ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-net", "none", "-bios", "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"],
  [...windowsOf(["0x9000000:0x9000000:0x1000", "0x9010000:0x9010000:0x1000"]), "--count", "120", "--source", `QEMU ${version} TCG, -M virt -cpu cortex-a72: EDK2 of Debian's qemu-efi-aarch64 as it boots`],
  "aarch64",
  "firmware-edk2",
);
