import type * as CapstoneWasm from "capstone-wasm";
import type { InstructionSet } from "../model/architecture.ts";
import type { Instruction } from "../model/instruction.ts";
import type { RegisterSet } from "../model/registers.ts";
import { riscv64Assembly } from "./riscv64-assembly.ts";

/**
 * Assembly text for people, by Capstone, or for RISC-V our own. It is not the decoder: where Capstone does not know an instruction, or
 * takes it to be of another length, the text is our mnemonic alone.
 */
export class Disassembler {
  readonly #library: typeof CapstoneWasm | undefined;
  readonly #settings: Settings | undefined;
  readonly #registers: RegisterSet;
  #handle: CapstoneWasm.Capstone | undefined;
  #used = 0;

  private constructor(library: typeof CapstoneWasm | undefined, settings: Settings | undefined, registers: RegisterSet) {
    this.#library = library;
    this.#settings = settings;
    this.#registers = registers;
  }

  /** Loads Capstone (some 2 MB of WebAssembly), where it knows the instruction set. */
  static async open(instructionSet: InstructionSet, registers: RegisterSet): Promise<Disassembler> {
    const settings = SETTINGS[instructionSet];
    if (settings === undefined) return new Disassembler(undefined, undefined, registers);
    const library = await import("capstone-wasm");
    await library.loadCapstone();
    return new Disassembler(library, settings, registers);
  }

  /** Text of a decoded instruction whose bytes start `bytes`. */
  text(instruction: Instruction, bytes: Uint8Array, address = 0n): string {
    if (this.#settings === undefined) return riscv64Assembly(instruction, this.#registers);
    return this.#disassemble(bytes.subarray(0, instruction.length), address) ?? instruction.mnemonic;
  }

  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }

  #disassemble(bytes: Uint8Array, address: bigint): string | undefined {
    if (this.#library === undefined) return undefined;
    if (this.#used++ % HANDLE_LIFETIME === 0) this.close();
    const { arch, mode } = this.#settings!;
    this.#handle ??= new this.#library.Capstone(this.#library.Const[arch]!, mode.reduce((sum, name) => sum | this.#library!.Const[name]!, 0));
    try {
      const [found] = this.#handle.disasm(bytes, { address, count: 1 });
      if (found === undefined || found.size !== bytes.length) return undefined;
      return found.opStr === "" ? found.mnemonic : `${found.mnemonic} ${found.opStr}`;
    } catch {
      // This is how Capstone says that it knows no such instruction.
      return undefined;
    }
  }
}

/** Instructions after which a handle is replaced: a handle in long use was seen to crash. */
const HANDLE_LIFETIME = 4000;

interface Settings {
  readonly arch: string;
  readonly mode: readonly string[];
}

/** Capstone's names for the instruction sets; this build of it knows no RISC-V. */
const SETTINGS: Readonly<Record<InstructionSet, Settings | undefined>> = {
  "x86-64": { arch: "CS_ARCH_X86", mode: ["CS_MODE_64"] },
  a64: { arch: "CS_ARCH_ARM64", mode: [] },
  a32: { arch: "CS_ARCH_ARM", mode: ["CS_MODE_ARM", "CS_MODE_V8"] },
  t32: { arch: "CS_ARCH_ARM", mode: ["CS_MODE_THUMB", "CS_MODE_V8"] },
  rv64: undefined,
};
