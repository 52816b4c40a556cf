// Builds the guests of this folder, and starts QEMU and gdbserver with them.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** The name of the first of these programs (or files, where there is a slash) that this system lacks; undefined: it has all. */
export function missingTool(...tools: readonly string[]): string | undefined {
  return tools.find((tool) => (tool.includes("/") ? !existsSync(tool) : spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0));
}

/** How a guest is compiled. */
export interface GuestBuild {
  readonly compiler: string;
  readonly sources: readonly string[];
  readonly options: readonly string[];
  /** Bare metal: where it is loaded. Without it it is a program for qemu-user and gdbserver. */
  readonly loadAddress?: string;
}

/** The compiler's arguments, in this folder. */
export function compilerWords({ sources, options, loadAddress }: GuestBuild, output: string): string[] {
  const words = ["-O2", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-Wl,--build-id=none", "-w", ...options];
  if (loadAddress !== undefined) words.push("-Wl,-T,guest.ld", `-Wl,--defsym=load_address=${loadAddress}`);
  return [...words, "-o", output, ...sources];
}

/** Compiles a guest at -O2 to `output`. */
export function build(how: GuestBuild, output: string): void {
  const { status, stderr } = spawnSync(how.compiler, compilerWords(how, output), { cwd: FOLDER, encoding: "utf8" });
  if (status !== 0) throw new Error(`${how.compiler} failed: ${stderr}`);
}

/** A TCP port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Programs that were started and must not outlive the tests. */
const running = new Set<ChildProcess>();

/** Starts a program; {@link stopAll} ends it. */
export function start(command: string, words: readonly string[]): ChildProcess {
  const child = spawn(command, words, { stdio: "ignore", cwd: join(FOLDER) });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Ends a program, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
}

export async function stopAll(): Promise<void> {
  for (const child of running) await stop(child);
}

/** Bare-metal guests: how they are compiled, on which machine they run, and where it has devices. */
export const GUESTS = {
  aarch64: {
    build: { compiler: "aarch64-linux-gnu-gcc", sources: ["start-aarch64.S", "driver.c"], options: [], loadAddress: "0x40080000" },
    machine: ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"],
    windows: ["0x9000000:0x9000000:0x1000", "0x9010000:0x9010000:0x1000", "0x8000000:0x8000000:0x1000"],
    words: [],
  },
  a32: {
    build: { compiler: "arm-linux-gnueabihf-gcc", sources: ["start-arm.S", "driver.c"], options: ["-marm", "-mcpu=cortex-a15", "-mfpu=neon"], loadAddress: "0x40010000" },
    machine: ["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15"],
    windows: ["0x9000000:0x9000000:0x1000", "0x9010000:0x9010000:0x1000", "0x8000000:0x8000000:0x1000"],
    words: [],
  },
  t32: {
    build: { compiler: "arm-linux-gnueabihf-gcc", sources: ["start-arm.S", "driver.c"], options: ["-mthumb", "-mcpu=cortex-a15", "-mfpu=neon"], loadAddress: "0x40010000" },
    machine: ["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15"],
    windows: ["0x9000000:0x9000000:0x1000", "0x9010000:0x9010000:0x1000", "0x8000000:0x8000000:0x1000"],
    words: [],
  },
  riscv64: {
    build: { compiler: "riscv64-linux-gnu-gcc", sources: ["start-riscv64.S", "driver.c"], options: ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany"], loadAddress: "0x80000000" },
    machine: ["qemu-system-riscv64", "-M", "virt", "-bios", "none"],
    windows: ["0x10000000:0x10000000:0x100", "0x101000:0x101000:0x1000", "0xc000000:0xc000000:0x400000"],
    words: [],
  },
  "x86-64": {
    build: { compiler: "x86_64-linux-gnu-gcc", sources: ["start-x86-64.S", "driver.c"], options: ["-mno-red-zone"], loadAddress: "0x100000" },
    machine: ["qemu-system-x86_64", "-M", "pc", "-m", "64"],
    windows: ["0xfee00000:0xfee00000:0x1000", "0xfec00000:0xfec00000:0x1000", "0xfed00000:0xfed00000:0x1000"],
    words: ["--step", "--stop-at", "drive"],
  },
} as const;
