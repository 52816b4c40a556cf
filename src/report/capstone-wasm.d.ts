/** What we use of capstone-wasm 1.0.3, whose package does not export its types. */
declare module "capstone-wasm" {
  export interface DisassembledInstruction {
    readonly size: number;
    readonly mnemonic: string;
    readonly opStr: string;
  }
  export class Capstone {
    constructor(arch: number, mode: number);
    /** Throws an Error where the first bytes are no instruction. */
    disasm(data: Uint8Array, options?: { readonly address?: number | bigint; readonly count?: number }): DisassembledInstruction[];
    close(): void;
  }
  export const Const: Readonly<Record<string, number>>;
  export function loadCapstone(): Promise<void>;
}
