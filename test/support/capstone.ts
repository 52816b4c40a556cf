import { Capstone, Const, loadCapstone } from "capstone-wasm";

/** A disassembler that answers undefined where capstone does not know the bytes. It is made anew from time to time: it leaks. */
export interface Disassembler {
  disassemble(bytes: Uint8Array, address: bigint): { readonly mnemonic: string; readonly operands: string; readonly size: number } | undefined;
  close(): void;
}

const CALLS_A_HANDLE = 5_000;

/** `architecture` and `mode` are names of capstone's constants, e.g. "CS_ARCH_ARM64" and "CS_MODE_LITTLE_ENDIAN". */
export async function openCapstone(architecture: string, ...modes: readonly string[]): Promise<Disassembler> {
  await loadCapstone();
  const constants = Const as unknown as Readonly<Record<string, number>>;
  const number = (name: string): number => {
    const value = constants[name];
    if (value === undefined) throw new Error(`capstone has no constant ${name}`);
    return value;
  };
  const open = (): Capstone => new Capstone(number(architecture), modes.reduce((sum, mode) => sum | number(mode), 0));
  let handle = open();
  let calls = 0;
  return {
    disassemble(bytes, address) {
      if (++calls % CALLS_A_HANDLE === 0) {
        handle.close();
        handle = open();
      }
      try {
        const [instruction] = handle.disasm(bytes, { address: Number(address), count: 1 });
        return instruction && { mnemonic: instruction.mnemonic, operands: instruction.opStr, size: instruction.size };
      } catch {
        return undefined;
      }
    },
    close: () => handle.close(),
  };
}
